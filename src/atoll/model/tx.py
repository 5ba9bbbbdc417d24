"""The draft that one call writes: an overlay on the model, with the call's clock, identity and randomness."""

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

from atoll.model import quotas
from atoll.model.entity import Entity
from atoll.packet import Prefix
from atoll.records import Overlay, Table

E = TypeVar("E", bound=Entity)


class Settings:
    """What an operator chose for this Atoll: pools, quotas, and whether regions come with a default VPC."""

    def __init__(
        self,
        public_pool: str = "198.18.0.0/16",
        limits: Mapping[str, int] | None = None,
        *,
        default_vpc: bool = True,
    ) -> None:
        self.default_vpc = default_vpc
        self.public_pool = Prefix.parse(public_pool)
        self.limits = {**quotas.DEFAULTS, **(limits or {})}
        groups, rules = (self.limits[name] for name in quotas.MULTIPLIED)
        if groups * rules > quotas.MOST_RULES_OF_AN_INTERFACE:
            raise ValueError(
                f"{' x '.join(quotas.MULTIPLIED)} is {groups} x {rules}; AWS allows "
                f"{quotas.MOST_RULES_OF_AN_INTERFACE}: lower one of them."
            )


class Facts(NamedTuple):
    """What only the running world knows, for calls that ask it. Reads alone; each must answer at once."""

    console: Callable[[str], bytes] = lambda _instance: b""
    """An instance's console output so far: its last 64 KiB; empty if it never ran."""


NO_FACTS = Facts()


class Tx(Overlay):
    """Handlers read and write here, and have no other clock and no other randomness.

    `now` is seconds since the epoch; `account` and `region` say whose call it is.
    """

    def __init__(
        self,
        base: Table,
        *,
        now: float,
        account: str,
        region: str,
        rng: random.Random,
        settings: Settings,
        facts: Facts = NO_FACTS,
    ) -> None:
        super().__init__(base)
        self.now = now
        self.account = account
        self.region = region
        self.settings = settings
        self.facts = facts
        self.access_key = ""  # what the call was signed with; empty for one that comes from inside
        self.prepared: Mapping[str, Any] = {}  # what the operation's `prepare` made of this request
        self._rng = rng

    @property
    def home(self) -> str:
        """Where this call's things live: "account/region"."""
        return f"{self.account}/{self.region}"

    @property
    def time(self) -> datetime:
        """`now` as AWS shows it: UTC, whole seconds."""
        return datetime.fromtimestamp(int(self.now), UTC)

    def new_id(self, prefix: str) -> str:
        """A fresh id: prefix, dash, 17 hexadecimal digits (fact 251)."""
        return f"{prefix}-{self._rng.getrandbits(68):017x}"

    def new_mac(self) -> str:
        """A locally administered unicast MAC; 02 as EC2's often are (fact 57)."""
        return "02:" + ":".join(f"{self._rng.getrandbits(8):02x}" for _ in range(5))

    def pick(self, bound: int) -> int:
        """A random number below `bound`: where a search for a free address starts."""
        return self._rng.randrange(bound)

    def mine(self, kind: type[E]) -> list[E]:
        """This home's entities of a kind."""
        return self.by(kind, "home", self.home)

    def own(self, kind: type[E], id: str) -> E | None:  # noqa: A002 - AWS's word
        """The entity, if it exists and belongs to this account and region."""
        entity = self.get(kind, id)
        return entity if entity is not None and entity.home == self.home else None

    def only(self, kind: type[E], field: str, value: object) -> E | None:
        """The one entity under an index value, or None."""
        found = self.by(kind, field, value)
        return found[0] if found else None

    def limit(self, name: str) -> int:
        """A quota of this home."""
        return self.settings.limits[name]
