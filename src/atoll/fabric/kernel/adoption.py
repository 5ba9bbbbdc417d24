"""Taking up what an earlier server left: its namespaces, the numbers behind its names, its interfaces.

The plan says what there must be (`applied`); what agrees with it is left as it is, so connections go on. After this,
`repair` finds and sets right the rest: what the earlier server had begun and not committed, or not begun to undo.
"""

from collections.abc import Iterable

from atoll.fabric.kernel import memory
from atoll.fabric.kernel.enforce import Enforcer
from atoll.fabric.kernel.objects import Namespace, Number, Trunk, Veth
from atoll.fabric.kernel.reaper import Reaper
from atoll.fabric.kernel.routers import World
from atoll.linux import rtnl
from atoll.records import Record, Table


def take_up(world: World, reaper: Reaper, applied: Table) -> None:
    """Know everything again that is there."""
    records = list(applied.records.values())
    missing = world.take_up(one for one in records if isinstance(one, Namespace))
    Enforcer(world, reaper, {one.key: (None, one) for one in missing}).run()
    _number(world, records)
    for router in world.routers.values():
        for link in rtnl.links(router.route):
            if link.alias:
                router.know(link)
        memory.look(router)


def _number(world: World, records: Iterable[Record]) -> None:
    """Every name in use has a number, the one it had if it had one; all others are free again."""
    wanted: dict[str, set[tuple[str, str]]] = {domain: set() for domain in world.routers}
    for record in records:
        match record:
            case Number():
                wanted[record.domain].add((record.sort, record.name))
            case Veth():
                wanted[record.domain].add(("interface", record.name))
            case Trunk():
                for domain in (record.a, record.b):
                    wanted[domain].add(("interface", record.name))
    for domain, router in world.routers.items():
        router.numbers.keep(wanted[domain])
        for sort, name in sorted(wanted[domain]):
            router.numbers.take(sort, name)
