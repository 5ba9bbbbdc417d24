"""The thin shell: a delta of kernel objects, step by step into the kernel.

Steps, each for all routers: build what nothing uses yet; close routes; one nft transaction a router; open routes and
move interfaces to their classes; clean up what nothing uses any more. What takes long is queued for `reap`.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar, cast

from atoll.fabric.kernel import batch, edition, encode, guests, memory
from atoll.fabric.kernel.forget import forget
from atoll.fabric.kernel.objects import (
    Chain,
    Element,
    GuestAddress,
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
from atoll.fabric.kernel.routers import World
from atoll.linux import rtnl
from atoll.linux.netlink import Message
from atoll.linux.rtnl import Kind
from atoll.records import Delta, Record

R = TypeVar("R", bound=Record)
_ROUTER = "router-"


class Enforcer:
    """One delta under way. `done` is what has been acknowledged, or may have been: what has to be undone."""

    def __init__(self, world: World, reaper: Reaper, delta: Delta) -> None:
        self.world = world
        self.reaper = reaper
        self.delta = delta
        self.done: Delta = {}
        self._by_kind: dict[str, list[tuple[Record | None, Record | None]]] = {}
        for key, pair in delta.items():
            self._by_kind.setdefault(key[0], []).append(pair)
        self._dead: set[str] = set()  # routers and forwarding nodes that go, and with them everything in them
        ending = [old for old, _ in self._gone(Namespace)]
        self._dead = {old.id.removeprefix(_ROUTER) for old in ending if old.router}
        self._dead |= {old.id for old in ending if old.forwards}
        self._ending = {old.id for old in ending if not old.router}  # nodes that go: nobody reads their side again
        self._new_tables = {new.key[1:] for _, new in self._fresh(TableRule)}
        self._dead_tables = {old.key[1:] for old, _ in self._gone(TableRule)}

    def run(self) -> None:
        """All steps. On an error the caller undoes `done`."""
        self._namespaces()
        self._numbers()
        self._build()
        self._close()
        self._filter()
        self._open()
        self._clean()

    def _pairs(self, kind: type[R]) -> Iterator[tuple[R | None, R | None]]:
        return (pair for pair in self._every(kind) if getattr(pair[0] or pair[1], "domain", "") not in self._dead)

    def _every(self, kind: type[R]) -> Iterator[tuple[R | None, R | None]]:
        """Also those of routers that go."""
        for old, new in self._by_kind.get(kind.KIND, ()):
            yield cast("R | None", old), cast("R | None", new)

    def _fresh(self, kind: type[R]) -> Iterator[tuple[None, R]]:
        return ((None, new) for old, new in self._pairs(kind) if old is None and new is not None)

    def _gone(self, kind: type[R]) -> Iterator[tuple[R, None]]:
        return ((old, None) for old, new in self._pairs(kind) if new is None and old is not None)

    def _changed(self, kind: type[R]) -> Iterator[tuple[R, R]]:
        return ((old, new) for old, new in self._pairs(kind) if old is not None and new is not None)

    def _doing(self, records: Iterable[tuple[Record | None, Record | None]]) -> None:
        """Write down before doing: these steps are harmless to undo twice."""
        for old, new in records:
            key = (old or new).key  # type: ignore[union-attr]
            self.done[key] = (old, new)

    def _namespaces(self) -> None:
        for pair in self._fresh(Namespace):
            namespace = pair[1]
            self.reaper.settle_namespace(namespace.id)
            if namespace.router:
                self.world.add_router(namespace.id.removeprefix(_ROUTER))
            else:
                self.world.add_node(namespace.id, forwards=namespace.forwards)
            self._doing([pair])

    def _numbers(self) -> None:
        for pair in self._fresh(Number):
            number = pair[1]
            self.world.routers[number.domain].numbers.take(number.sort, number.name)
            self._doing([pair])

    def _build(self) -> None:
        """What nothing uses yet: pairs of interfaces, gateway addresses, new tables with their routes."""
        for trunk in self._fresh(Trunk):
            self._doing([trunk])
            self._make_trunk(trunk[1])
        for old, new in self._pairs(Veth):
            if new and (old is None or _another(old, new)):
                self._doing([(old, new)])
                if old:
                    self.reaper.queue(old)  # at once, so that undoing can revive it
                self._make_veth(new)
        addresses = list(self._fresh(RouterAddress))
        rules = list(self._fresh(TableRule))
        routes = [pair for pair in self._fresh(Route) if pair[1].key[1:3] in self._new_tables]
        self._doing([*addresses, *rules, *routes])
        self._routing([*addresses, *routes, *rules])

    def _make_trunk(self, trunk: Trunk) -> None:
        if self.reaper.revive(trunk):
            for domain in (trunk.a, trunk.b):
                router = self.world.routers[domain]
                router.routing([rtnl.set_group(router.numbers.get("interface", trunk.name), 0)])
            return
        self.reaper.settle_device(trunk)
        ends = []
        for domain in (trunk.a, trunk.b):
            numbers = self.world.routers[domain].numbers
            numbers.take("interface", trunk.name)
            ends.append(encode.trunk(trunk, domain, numbers))
        descriptor = guests.open_descriptor(self.world.routers[trunk.b].path)
        try:
            self.world.routers[trunk.a].routing([rtnl.veth(ends[0], ends[1], descriptor)])
        finally:
            os.close(descriptor)
        sides = [(self.world.routers[domain], end) for domain, end in zip((trunk.a, trunk.b), ends, strict=True)]
        for router, end in sides:
            router.routing([rtnl.set_up(end.number)])
        for router, end in sides:
            router.routing([rtnl.activated(end.number)])
        for router, end in sides:
            router.finish(end)

    def _make_veth(self, veth: Veth) -> None:
        router = self.world.routers[veth.domain]
        if self.reaper.revive(veth):
            link = encode.veth(veth, router.numbers)
            router.routing([rtnl.set_group(link.number, link.group)])
            return
        self.reaper.settle_device(veth)
        router.numbers.take("interface", veth.name)
        link = encode.veth(veth, router.numbers)
        descriptor = guests.open_descriptor(self.world.nodes[veth.node])
        try:
            pair = rtnl.veth(link, encode.guest_link(veth), descriptor)
            router.routing([pair, rtnl.set_up(link.number), rtnl.no_proxy_delay(link.number)])
        finally:
            os.close(descriptor)
        guests.raise_link(self.world.nodes[veth.node], veth.index)
        router.routing([rtnl.activated(link.number)])
        router.finish(link)

    def _close(self) -> None:
        """Routes that go or become black holes, before anything opens."""
        closing = [
            (old, new)
            for old, new in self._pairs(Route)
            if old and (new is None or new.kind is Kind.BLACKHOLE) and old.key[1:3] not in self._dead_tables
        ]
        self._doing(closing)
        self._routing(closing)

    def _filter(self) -> None:
        """One transaction a router: it closes and opens at once."""
        by_router: dict[str, list[batch.Entry]] = {}
        for kind in (Element, Set, Timeout, Chain):
            for old, new in self._pairs(kind):
                if not batch.is_late(old, new):
                    by_router.setdefault(getattr(old or new, "domain", ""), []).append((old, new))
        self._transact(by_router)
        forget(self.world, self._pairs(Element))

    def _transact(self, by_router: dict[str, list[batch.Entry]]) -> None:
        """A refused transaction changed nothing, so what it holds is written down afterwards."""
        for domain, entries in by_router.items():
            router = self.world.filter_of(domain)
            made = batch.messages(entries, router.numbers)
            memory.transact(router, made, suspended=domain in self.world.suspended)
            router.remembers |= any(isinstance(new, Chain) and new.name == edition.RECALL for _, new in entries)
            self._doing(entries)

    def _open(self) -> None:
        """Interfaces join their classes; routes and neighbours come; guests learn their addresses."""
        neighbours = [(old, new) for old, new in self._pairs(Neighbour) if new]
        routes = [(old, new) for old, new in self._pairs(Route) if new and not self._was_set(old, new)]
        changed = [(old, new) for old, new in self._changed(Veth) if not _another(old, new)]
        trunks = list(self._changed(Trunk))
        self._doing([*neighbours, *routes, *changed, *trunks])
        for old_trunk, trunk in trunks:
            self._change_trunk(old_trunk, trunk)
        for old, new in changed:
            self._change_veth(old, new)
        self._routing([*neighbours, *routes])
        self._guests()

    def _was_set(self, old: Route | None, new: Route) -> bool:
        in_new_table = old is None and new.key[1:3] in self._new_tables
        return in_new_table or (old is not None and new.kind is Kind.BLACKHOLE)

    def _change_veth(self, old: Veth, new: Veth) -> None:
        router = self.world.routers[new.domain]
        link = encode.veth(new, router.numbers)
        router.routing([rtnl.set_group(link.number, link.group)])
        if (old.mac, old.mtu) != (new.mac, new.mtu):
            router.routing([rtnl.set_mtu(link.number, new.mtu)])
            mac = new.mac if new.mac != old.mac else ""
            guests.change_link(self.world.nodes[new.node], new.index, new.mtu, mac)

    def _change_trunk(self, old: Trunk, new: Trunk) -> None:
        if (old.a, old.b) != (new.a, new.b):
            raise ValueError(f"link {new.id} cannot be moved to other domains")
        for domain in (new.a, new.b):
            router = self.world.routers[domain]
            router.routing([rtnl.set_mtu(router.numbers.get("interface", new.name), new.mtu)])

    def _guests(self) -> None:
        """Also for pairs that leave: the guest must not answer through what is no longer its own."""
        pairs = list(self._every(GuestAddress))
        self._doing(pairs)
        cleared: dict[str, list[GuestAddress]] = {}
        wanted: dict[str, list[GuestAddress]] = {}
        for old, new in pairs:
            moved = old and (new is None or (old.node, old.port, old.index) != (new.node, new.port, new.index))
            if old and moved and old.node not in self._ending:
                cleared.setdefault(old.node, []).append(old)
            if new and new.powered:
                wanted.setdefault(new.node, []).append(new)
        for node, addresses in cleared.items():
            self.world.take_from(node, addresses)
        for node, addresses in wanted.items():
            self.world.give(node, addresses)

    def _clean(self) -> None:
        """What nothing uses any more."""
        late = [(old, new) for old, new in self._pairs(Element) if batch.is_late(old, new)]
        gone_sets = {(old.domain, old.name) for old, _ in self._gone(Set)}
        by_router: dict[str, list[batch.Entry]] = {}
        for old, new in late:
            if old and (old.domain, old.set) not in gone_sets:
                by_router.setdefault(old.domain, []).append((old, new))
        self._transact(by_router)
        unused: list[tuple[encode.Routing, None]] = [
            *self._gone(TableRule),
            *(pair for pair in self._gone(Route) if pair[0].key[1:3] in self._dead_tables),
            *self._gone(Neighbour),
            *self._gone(RouterAddress),
        ]
        self._doing(unused)
        self._routing(unused)
        self._retire()

    def _retire(self) -> None:
        """Nothing here can fail: names are given back, slow removals are queued."""
        for number, _ in self._gone(Number):
            self.world.routers[number.domain].numbers.give_back(number.sort, number.name)
        for trunk, _ in self._gone(Trunk):
            self.reaper.queue(trunk)
        for veth, _ in self._gone(Veth):
            self.reaper.queue(veth)
        for namespace, _ in self._gone(Namespace):
            self.reaper.queue(namespace)
        for key, pair in self.delta.items():
            self.done.setdefault(key, pair)

    def _routing(self, pairs: Sequence[tuple[encode.Routing | None, encode.Routing | None]]) -> None:
        """Set what is new, remove what is gone: one send a router, in the order given."""
        by_router: dict[str, list[Message]] = {}
        for old, new in pairs:
            record = new or old
            assert record is not None
            numbers = self.world.routers[record.domain].numbers
            message = encode.setting(record, numbers) if new else encode.removal(record, numbers)
            by_router.setdefault(record.domain, []).append(message)
        for domain, messages in by_router.items():
            self.world.routers[domain].routing(messages)


def _another(old: Veth, new: Veth) -> bool:
    """Whether the new one cannot be the old pair with other settings."""
    return (old.domain, old.name, old.index) != (new.domain, new.name, new.index)
