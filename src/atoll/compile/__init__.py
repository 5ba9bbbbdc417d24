"""From the model to the plan: one concept a file, each pass a pure function of what it reads.

`PASSES` is the whole compiler; `constants` are the rows that no entity makes. See records/derive.py for how a change
finds the passes that it concerns.
"""

from collections.abc import Iterable

from atoll.compile import (
    filters,
    gateways,
    instances,
    interfaces,
    internet,
    load_balancer_names,
    load_balancers,
    names,
    nat_gateways,
    prefix_lists,
    routes,
    subnets,
    vpcs,
)
from atoll.plan.rows import Row, Site
from atoll.records import Derivation, Pass

PASSES: tuple[Pass, ...] = (
    *vpcs.PASSES,
    *subnets.PASSES,
    *routes.PASSES,
    *gateways.PASSES,
    *filters.PASSES,
    *prefix_lists.PASSES,
    *interfaces.PASSES,
    *instances.PASSES,
    *nat_gateways.PASSES,
    *load_balancers.PASSES,
    *load_balancer_names.PASSES,
    *internet.PASSES,
    *names.PASSES,
)


def compiler() -> Derivation:
    """A compiler that has compiled nothing yet."""
    return Derivation(PASSES)


def constants(
    zones: Iterable[str], internet_prefix: str = internet.DEFAULT_PREFIX, *, uplink: bool = False
) -> list[Row]:
    """The rows that are always there: the zones, the internet and its uplink if it has one, AWS's lists and names."""
    sites = (Site(id=zone) for zone in zones)
    return [*sites, *internet.constants(internet_prefix, uplink=uplink), *prefix_lists.constants(), *names.constants()]
