"""`atoll check`: what is wrong with a design, a kind of finding a file. What packets can do is proved over all of them,
and never guessed from the text of rules.
"""

from collections.abc import Callable, Iterable, Iterator

from atoll.model.regions import known_region
from atoll.records import Table
from atoll.review.checks import (
    balancers,
    cut_replies,
    dead_rules,
    default_vpc,
    idle_addresses,
    not_private,
    one_nat,
    open_database,
    overlaps,
    stale_groups,
)
from atoll.review.checks.design import Design
from atoll.review.checks.finding import Finding, Severity

__all__ = ["KINDS", "Finding", "check"]

KINDS: dict[str, Callable[[Design], Iterator[Finding]]] = {
    open_database.KIND: open_database.find,
    not_private.KIND: not_private.find,
    balancers.NO_WAY: balancers.no_way,
    balancers.ONE_ZONE: balancers.one_zone,
    one_nat.KIND: one_nat.find,
    cut_replies.KIND: cut_replies.find,
    dead_rules.KIND: dead_rules.find,
    default_vpc.KIND: default_vpc.find,
    overlaps.KIND: overlaps.find,
    stale_groups.KIND: stale_groups.find,
    idle_addresses.KIND: idle_addresses.find,
}
"""All kinds of findings, the worst first."""


def check(model: Table, plan: Table, region: str | None = None, kinds: Iterable[str] = ()) -> list[Finding]:
    """The findings, the worst first. `region`: about that one alone; `kinds`: of these alone.

    LookupError where there is no such region or kind.
    """
    known_region(region)
    wanted = list(kinds) or list(KINDS)
    for kind in wanted:
        if kind not in KINDS:
            raise LookupError(f"There is no kind of finding {kind!r}. Kinds: {', '.join(KINDS)}")
    design = Design(model, plan, region)
    found = [one for kind in KINDS if kind in wanted for one in KINDS[kind](design)]
    return sorted(found, key=lambda one: list(Severity).index(one.severity))
