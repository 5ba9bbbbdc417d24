"""From plan rows to kernel objects: pure passes, a file a concept."""

from atoll.fabric.kernel.passes import balancers, fences, groups, idle, links, ports, routes, segments, translators
from atoll.records import Pass

PASSES: tuple[Pass, ...] = (
    *segments.PASSES,
    *ports.PASSES,
    *routes.PASSES,
    *links.PASSES,
    *groups.PASSES,
    *fences.PASSES,
    *translators.PASSES,
    *idle.PASSES,
    *balancers.PASSES,
)
