"""A cloud beside the rules' world: each call is put to both, and what they say and show is compared."""

from collections import Counter
from functools import cache
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from atoll.model.tx import Settings
from tests.machine import expected, seen
from tests.machine.names import DisagreementError, Names
from tests.machine.rules import OPERATIONS, RefusedError, World
from tests.machine.rules.world import QUOTAS
from tests.support.inprocess import InProcess
from tests.support.lab import settle

LIMITS = {
    "vpcs-per-region": QUOTAS["vpcs"],
    "ipv4-blocks-per-vpc": QUOTAS["blocks"],
    "subnets-per-vpc": QUOTAS["subnets"],
    "elastic-ips-per-region": QUOTAS["addresses"],
    "internet-gateways-per-region": QUOTAS["gateways"],
    "route-tables-per-vpc": QUOTAS["tables"],
    "routes-per-table": QUOTAS["routes"],
    "network-acls-per-vpc": QUOTAS["acls"],
    "network-acl-entries-per-direction": QUOTAS["entries"],
    "security-groups-per-region": QUOTAS["groups"],
    "rules-per-security-group": QUOTAS["rules"],
    "security-groups-per-interface": QUOTAS["groups_of_interface"],
    "interfaces-per-region": QUOTAS["interfaces"],
    "key-pairs-per-region": QUOTAS["keys"],
    "prefix-lists-per-region": QUOTAS["lists"],
}
CLIENT_EVERY = 50
"""One look in so many goes through the client, the others ask the handlers: reading XML takes most of the time."""

Outcome = tuple[str, str]
"""An operation, and the code that it was refused with, or "ok"."""


class Site:
    """One cloud and one world; `outcomes` counts what calls came to."""

    def __init__(self, cloud: InProcess, outcomes: Counter[Outcome]) -> None:
        self.cloud = cloud
        self.client: Any = cloud.client()
        self.world = World()
        self.names = Names(self.world.chosen)
        self.outcomes = outcomes
        self._looks = 0
        self._changed = True

    def call(self, operation: str, **asked: Any) -> None:
        """One call, to both."""
        answer, codes = None, set[str]()
        try:
            answer = OPERATIONS[operation](self.world, asked)
        except RefusedError as refused:
            codes = refused.codes
        before = dict(self.cloud.table.records)
        try:
            found = self._ask(operation, **self.names.translate(asked))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in codes:
                told = error.response["Error"]["Message"]
                raise DisagreementError(
                    f"{operation} {asked}: {codes or 'success'} expected, {code} ({told})"
                ) from None
            if self.cloud.table.records != before:
                raise DisagreementError(
                    f"{operation} {asked}: refused with {code}, and something has changed"
                ) from None
            self.outcomes[operation, code] += 1
            return
        if answer is None:
            raise DisagreementError(f"{operation} {asked}: {codes} expected, answered {found}")
        self.names.agree(answer, found, whole=False, at=f"{operation} {asked}")
        self.outcomes[operation, "ok"] += 1
        settle(self.cloud)
        self._changed = True

    def look(self) -> None:
        """What is described is what the rules say there is, and nothing else."""
        if not self._changed:
            return
        self._changed = False
        self._looks += 1
        ask = self.cloud.call if self._looks % CLIENT_EVERY else self._ask
        self.names.agree(expected.picture(self.world), seen.picture(ask), whole=True, at="described")

    def _ask(self, operation: str, **asked: Any) -> dict[str, Any]:
        answer: dict[str, Any] = getattr(self.client, _method(operation))(**asked)
        return answer


def settings() -> Settings:
    """Quotas that a few calls fill."""
    return Settings(default_vpc=False, limits=LIMITS)


@cache
def _method(operation: str) -> str:
    return str(xform_name(operation))
