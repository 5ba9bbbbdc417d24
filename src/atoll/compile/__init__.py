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
    sites,
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
    *sites.PASSES,
)


def compiler(constants: Iterable[Row] = ()) -> Derivation:
    """A compiler that has compiled nothing yet. `constants`: those of the plan that it works for (see below)."""
    return Derivation(PASSES, constants)


def constants(
    zones: Iterable[str], internet_prefix: str = internet.DEFAULT_PREFIX, *, uplink: bool = False
) -> list[Row]:
    """The rows that are always there: the zones, the internet and its uplink if it has one, AWS's lists and names."""
    return [
        *(Site(id=zone) for zone in zones),
        *internet.constants(internet_prefix, uplink=uplink),
        *prefix_lists.constants(),
        *names.constants(),
    ]
