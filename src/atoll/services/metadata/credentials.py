"""What an instance may be: its profile, and temporary keys of the role in it.

Keys are made from the secret, the instance, the role and the hour, so that the same are told until new ones are due and
nothing has to be kept. sts knows whose they are once the session is written, which is when they are first told.
"""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from atoll.model.kinds import Instance, InstanceProfile, Role, Session
from atoll.model.tx import Tx
from atoll.protocol.access_keys import RANDOM_BITS, issue
from atoll.services.ec2.instance_profiles import profile_of, profile_shape
from atoll.services.identity import digest, global_home

RENEWED = 3600
LIFE = timedelta(hours=6)


class Profile(NamedTuple):
    """An instance's profile: when it got it, what it is called, and the role in it, if iam (still) knows both."""

    since: datetime
    arn: str
    id: str
    found: bool
    role: Role | None

    @property
    def account(self) -> str:
        """Whose profile it is."""
        return self.arn.split(":")[4]


def profile(tx: Tx, instance: Instance) -> Profile | None:
    """None for an instance without one."""
    association = profile_of(tx, instance)
    if association is None:
        return None
    home = global_home(association.arn.split(":")[4])
    known = tx.get(InstanceProfile, home, association.arn.rpartition("/")[2].lower())
    role = tx.get(Role, home, known.role.lower()) if known is not None and known.role is not None else None
    shape = profile_shape(association)
    return Profile(association.time, shape["Arn"], shape["Id"], known is not None, role)


def info(mine: Profile) -> str:
    """The text at iam/info."""
    return spaced(
        {
            "Code": "Success" if mine.found else "InstanceProfileNotFound",
            "LastUpdated": moment(mine.since),
            "InstanceProfileArn": mine.arn,
            "InstanceProfileId": mine.id,
        }
    )


class Credentials(NamedTuple):
    """Keys, and the session that they are of."""

    text: str
    session: Session


def credentials(secret: bytes, instance: Instance, role: Role, now: float) -> Credentials:
    """Those of this hour: what is told is good for five hours at least."""
    start = datetime.fromtimestamp(int(now) - int(now) % RENEWED, UTC)
    seed = f"{instance.id} {role.id} {start.timestamp():.0f}"
    token = b64encode(_noise(secret, f"session {seed}", 240)).decode()
    number = int.from_bytes(_noise(secret, f"number {seed}", 4), "big") % (1 << RANDOM_BITS)
    key = issue(role.account, number)
    session = Session(
        home=role.home,
        id=key,
        arn=f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{instance.id}",
        user=f"{role.id}:{instance.id}",
        expires=start + LIFE,
        token=digest(token),
    )
    told = {
        "Code": "Success",
        "LastUpdated": moment(start),
        "Type": "AWS-HMAC",
        "AccessKeyId": key,
        "SecretAccessKey": b64encode(_noise(secret, f"secret {seed}", 30)).decode(),
        "Token": token,
        "Expiration": moment(session.expires),
    }
    return Credentials(spaced(told), session)


def moment(time: datetime) -> str:
    """2023-11-14T22:00:00Z."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def spaced(shape: Mapping[str, Any]) -> str:
    """JSON as the service writes it."""
    return json.dumps(shape, indent=2, separators=(",", " : "))


def _noise(secret: bytes, seed: str, size: int) -> bytes:
    blocks = (hmac.digest(secret, f"{seed} {block}".encode(), hashlib.sha256) for block in range(-(-size // 32)))
    return b"".join(blocks)[:size]
