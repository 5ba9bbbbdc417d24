"""Making a router equal to what was applied, whatever happened to it. Connections and guests live on.

Links first, since routes and neighbours vanish with them; then routing, difference by difference; then the whole
nft table anew in one transaction, if anything in it differs.
"""

from collections.abc import Hashable, Iterable, Iterator

from atoll.fabric.kernel import batch
from atoll.fabric.kernel.enforce import Enforcer
from atoll.fabric.kernel.objects import Chain, Element, GuestAddress, Set, Timeout, Trunk, Veth
from atoll.fabric.kernel.reading import Item, Items, Observer, equal, extra_namespaces
from atoll.fabric.kernel.reaper import DEAD, Reaper
from atoll.fabric.kernel.routers import Router, World
from atoll.linux import rtnl
from atoll.linux.netlink import Message
from atoll.linux.nft import wire
from atoll.records import Delta, Record, Table

FILTERING = ("chain", "rule", "set", "timeout", "element", "nft-table")


def end_extra_namespaces(world: World, applied: Table, reaper: Reaper) -> None:
    """What a change that broke off has left: with all that is in it."""
    for record in extra_namespaces(world, applied, reaper):
        world.remove(record)


def heal_links(observer: Observer, applied: Table) -> list[Record]:
    """Remove links that are too many or were never finished, correct the others; the pairs that are missing then."""
    expected, found = observer.expected(), observer.found()
    missing: list[Record] = []
    wrong: list[str] = []
    for place, item in expected.items():
        if place[0] != "link" or (place in found and equal(item, found[place])):
            continue
        wanted, there = item.value, found[place].value if place in found else None
        if isinstance(wanted, rtnl.Link) and isinstance(there, rtnl.Link):
            if (wanted.number, wanted.alias) == (there.number, there.alias):
                observer.router.routing([rtnl.change_link(wanted)])
                continue
            wrong.append(wanted.name)
        missing += _pair_named(applied, str(place[1]))
    wrong += [str(place[1]) for place in found if place[0] == "link" and place not in expected]
    if wrong:
        observer.router.routing(rtnl.delete_links(wrong, DEAD))
    return missing


def make_links(missing: list[Record], world: World, applied: Table, reaper: Reaper) -> None:
    """Make pairs, once no router has a link any more whose number they need."""
    delta: Delta = {record.key: (None, record) for record in [*missing, *_guest_sides(applied, missing)]}
    Enforcer(world, reaper, delta).run()


def _pair_named(applied: Table, name: str) -> list[Record]:
    return [one for one in applied.records.values() if isinstance(one, Veth | Trunk) and one.name == name]


def _guest_sides(applied: Table, pairs: Iterable[Record]) -> list[Record]:
    ports = {one.port for one in pairs if isinstance(one, Veth)}
    return [one for one in applied.records.values() if isinstance(one, GuestAddress) and one.port in ports]


def heal_routing(observer: Observer) -> None:
    """Put routes, policy rules, neighbours and addresses right, one by one."""
    expected, found = observer.expected(), observer.found()
    removals = [item for place, item in found.items() if not _right(expected, found, place)]
    additions = [item for place, item in expected.items() if not _right(expected, found, place)]
    observer.router.routing([message for item in removals for message in _delete(item)])
    observer.router.routing([message for item in additions for message in _set(item)])


def _right(expected: Items, found: Items, place: tuple[Hashable, ...]) -> bool:
    return place in expected and place in found and equal(expected[place], found[place])


def _set(item: Item) -> Iterator[Message]:
    match item.value:
        case rtnl.Route():
            yield rtnl.set_route(item.value)
        case rtnl.Rule():
            yield rtnl.add_rule(item.value)
        case rtnl.Neighbour():
            yield rtnl.set_neighbour(item.value)
        case rtnl.Address():
            yield rtnl.add_address(item.value)


def _delete(item: Item) -> Iterator[Message]:
    match item.value:
        case rtnl.Route():
            yield rtnl.delete_route(item.value)
        case rtnl.Rule():
            yield rtnl.delete_rule(item.value)
        case rtnl.Neighbour():
            yield rtnl.delete_neighbour(item.value)
        case rtnl.Address():
            yield rtnl.delete_address(item.value)


def heal_filtering(observer: Observer) -> None:
    """Replace the whole table in one transaction when anything in it differs; other tables go."""
    expected, found = observer.expected(), observer.found()
    places = [place for place in {**expected, **found} if place[0] in FILTERING]
    if all(_right(expected, found, place) for place in places):
        return
    router: Router = observer.router
    tables = [wire.delete_table(family, name) for family, name in wire.tables(router.filter)]
    mine: list[batch.Entry] = [
        (None, record)
        for record in observer.applied.get(observer.domain, [])
        if isinstance(record, Chain | Set | Timeout | Element)
    ]
    router.filtering([*tables, wire.new_table(), *batch.messages(mine, router.numbers)])
