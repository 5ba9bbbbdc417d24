"""Reading the kernel back: every object of our namespaces as a line, compared with what was applied.

Objects are found by what they are in the kernel (key bytes, table numbers), and written with their names, so two
worlds with other numbers and the same behaviour give the same text.
"""

from collections.abc import Hashable, Iterator, Mapping
from typing import NamedTuple

from atoll.fabric.kernel import encode, names
from atoll.fabric.kernel.objects import (
    Chain,
    Element,
    Namespace,
    Neighbour,
    Number,
    Route,
    RouterAddress,
    Set,
    TableRule,
    Timeout,
    Trunk,
    Veth,
)
from atoll.fabric.kernel.reaper import Reaper
from atoll.fabric.kernel.routers import Router, World
from atoll.fabric.kernel.sets import DYNAMIC
from atoll.linux import rtnl
from atoll.linux.nft import wire
from atoll.records import Record, Table

_KERNEL_RULES = (0, 32766, 32767)


class Item(NamedTuple):
    """One thing: `place` tells it from every other, `value` is what it must be, `line` says it in words."""

    place: tuple[Hashable, ...]
    value: Hashable
    line: str


Items = dict[tuple[Hashable, ...], Item]


class Observer:
    """The two sides of one router: what was applied and what is there. Of a node that forwards, its filters alone."""

    def __init__(
        self,
        domain: str,
        router: Router,
        applied: Mapping[str, list[Record]],
        reaper: Reaper,
        *,
        forwarder: bool = False,
    ) -> None:
        self.domain = domain
        self.forwarder = forwarder
        self.router = router
        self.applied = applied
        self.waiting = {record.name for record in reaper.waiting() if isinstance(record, Veth | Trunk)}

    def expected(self) -> Items:
        """What was applied, as the kernel must show it."""
        return {item.place: item for record in self.applied.get(self.domain, []) for item in self._expect(record)}

    def found(self) -> Items:
        """What the kernel shows."""
        beside = [] if self.forwarder else [*self._links(), *self._routing()]
        items = [*beside, *self._filtering()]
        return {item.place: item for item in items}

    def _expect(self, record: Record) -> Iterator[Item]:
        """Routing and links; the rest in `_expect_filtering`."""
        numbers = self.router.numbers
        match record:
            case Veth():
                yield Item(("link", record.name), encode.veth(record, numbers), line(record))
            case Trunk():
                yield Item(("link", record.name), encode.trunk(record, self.domain, numbers), line(record))
            case Route():
                route = encode.route(record, numbers)
                yield Item(("route", route.table, route.prefix, route.metric), route, line(record))
            case TableRule():
                rule = encode.table_rule(record, numbers)
                yield Item(("table-rule", rule.priority), rule, line(record))
            case Neighbour():
                neighbour = encode.neighbour(record, numbers)
                yield Item(("neighbour", neighbour.link, neighbour.ip), neighbour, line(record))
            case RouterAddress():
                yield Item(("address", record.ip), encode.router_address(record), line(record))
            case _:
                yield from self._expect_filtering(record)

    def _expect_filtering(self, record: Record) -> Iterator[Item]:
        numbers = self.router.numbers
        match record:
            case Chain():
                yield Item(("chain", record.name), record.hook, line(record))
                for index, rule in enumerate(encode.rules(record, numbers)):
                    words = " ".join(map(str, record.rules[index]))
                    yield Item(("rule", record.name, index), rule, f"{line(record)} rule {index}: {words}")
            case Set():
                yield Item(("set", record.name), "", line(record))
            case Timeout():
                yield Item(("timeout", record.name), record.times, line(record))
            case Element():
                element = encode.element(record, numbers)
                yield Item(("element", record.set, element.key, element.last), element.data, line(record))

    def _links(self) -> Iterator[Item]:
        for link in rtnl.links(self.router.route):
            if link.name != "lo" and link.name not in self.waiting:
                yield Item(("link", link.name), link, f"link {self.domain} {link.name} {link.alias}")

    def _routing(self) -> Iterator[Item]:
        netlink = self.router.route
        for route in rtnl.routes(netlink):
            yield Item(("route", route.table, route.prefix, route.metric), route, f"route {self.domain} {route}")
        for rule in rtnl.rules(netlink):
            if rule.priority not in _KERNEL_RULES:
                yield Item(("table-rule", rule.priority), rule, f"table-rule {self.domain} {rule}")
        for one in rtnl.neighbours(netlink):
            yield Item(("neighbour", one.link, one.ip), one, f"neighbour {self.domain} {one}")
        for address in rtnl.addresses(netlink):
            if not address.ip.startswith("127."):
                yield Item(("address", address.ip), address, f"router-address {self.domain} {address.ip}")

    def _filtering(self) -> Iterator[Item]:
        netlink = self.router.filter
        ours = (wire.IPV4, wire.TABLE)
        tables = set(wire.tables(netlink))
        for _, name in sorted(tables - {ours}):
            yield Item(("nft-table", name), "", f"nft-table {self.domain} {name}")
        if ours not in tables:
            return  # whoever made the namespace ended before it made the table
        for chain, hook in wire.chains(netlink):
            yield Item(("chain", chain), hook, f"chain {self.domain} {chain}")
        counts: dict[str, int] = {}
        for chain, rule in wire.rules(netlink):
            index = counts.get(chain, 0)
            counts[chain] = index + 1
            yield Item(("rule", chain, index), rule, f"chain {self.domain} {chain} rule {index}")
        for name, times in wire.timeouts(netlink):
            yield Item(("timeout", name), times, f"timeout {self.domain} {name}")
        for name in list(wire.sets(netlink)):
            yield Item(("set", name), "", f"set {self.domain} {name}")
            for element in wire.elements(netlink, name) if name not in DYNAMIC else ():
                words = f"element {self.domain} {name} {element.key.hex()} {element.last.hex()}"
                yield Item(("element", name, element.key, element.last), element.data, words)


def line(record: Record) -> str:
    """A record in words: its key, then what else the kernel knows of it."""
    head = " ".join(record.key)
    match record:
        case Element():
            return f"{head} : {record.value}" if record.value else head
        case Route():
            return " ".join(filter(None, (head, record.kind.name.lower(), record.via, record.device)))
        case Veth():
            return f"{head} {record.node} {record.name} mtu {record.mtu} in {record.segment} wears {record.wears}"
        case Trunk():
            return f"{head} {record.a} {record.b} {record.name} mtu {record.mtu}"
        case Neighbour():
            return f"{head} {record.mac}"
        case Chain(hook=hook):
            return f"{head} {hook}" if hook else head
        case Set():
            return f"{head} {record.shape}"
    return head


def equal(expected: Item, found: Item) -> bool:
    """Whether the kernel shows what was applied; it adds attributes of its own to rules, verdicts and times."""
    if isinstance(expected.value, wire.Timeout) and isinstance(found.value, wire.Timeout):
        return expected.value.is_part_of(found.value)
    if isinstance(expected.value, bytes) and isinstance(found.value, bytes):
        return wire.contains(found.value, expected.value)
    return expected.value == found.value


def by_domain(applied: Table) -> dict[str, list[Record]]:
    """Applied objects by the router that holds them; a trunk is in two."""
    found: dict[str, list[Record]] = {}
    for record in applied.records.values():
        domains = (record.a, record.b) if isinstance(record, Trunk) else (getattr(record, "domain", ""),)
        if not isinstance(record, Number):
            for domain in domains:
                found.setdefault(domain, []).append(record)
    return found


def differences(observers: list[Observer]) -> Iterator[str]:
    """One line for each thing that is missing, different or too many."""
    for observer in observers:
        expected, found = observer.expected(), observer.found()
        for place, item in expected.items():
            if place not in found:
                yield f"missing {item.line}"
            elif not equal(item, found[place]):
                yield f"different {item.line}: {found[place].value!r}"
        for place, item in found.items():
            if place not in expected:
                yield f"extra {item.line}"


def lines(observers: list[Observer]) -> Iterator[str]:
    """Everything that is there, in the words of what was applied where it is that."""
    for observer in observers:
        expected = observer.expected()
        for place, item in observer.found().items():
            known = expected.get(place)
            yield known.line if known and equal(known, item) else f"{item.line}: {item.value!r}"


def extra_namespaces(world: World, applied: Table, reaper: Reaper) -> list[Namespace]:
    """Namespaces that neither were applied nor wait to be removed: a change broke off and could not be undone."""
    routers = [Namespace(id=names.router(domain), router=True) for domain in world.routers]
    made = [*routers, *(Namespace(id=node, router=False) for node in world.nodes)]
    waiting = reaper.waiting_namespaces()
    return [one for one in made if one.key not in applied.records and one.id not in waiting]


def observers(world: World, applied: Table, reaper: Reaper) -> list[Observer]:
    """One for each router and each node that forwards."""
    grouped = by_domain(applied)
    waiting = reaper.waiting_namespaces()
    routers = [
        Observer(domain, router, grouped, reaper)
        for domain, router in sorted(world.routers.items())
        if names.router(domain) not in waiting
    ]
    forwarders = [
        Observer(node, router, grouped, reaper, forwarder=True)
        for node, router in sorted(world.forwarders.items())
        if node not in waiting
    ]
    return routers + forwarders
