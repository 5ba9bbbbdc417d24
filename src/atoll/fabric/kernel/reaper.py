"""Removals that take long wait here; what they carried has been cut already.

A pair of interfaces alone takes the kernel some 20 ms, many of one router at once hardly more (docs/kernel.md), so they
go by the batch.
"""

from collections.abc import Iterable
from itertools import islice

from atoll.fabric.kernel.objects import Namespace, Trunk, Veth
from atoll.fabric.kernel.routers import World
from atoll.linux import rtnl
from atoll.records import Record

BATCH = 32
"""How many pairs of one router, or namespaces, one `reap` removes: what it holds up waits some 40 ms at most."""

DEAD = 0xFFFF_FFFF
"""The interface group of pairs that are removed together; no segment has its upper half (numbers.LIMITS)."""

_ROUTER = "router-"
_Seat = tuple[str, int]


class Reaper:
    """The queue of removals, and the ways to be done with one early. Nothing walks through what waits."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._pairs: dict[str, dict[str, Veth | Trunk]] = {}  # by domain, by interface name; first come, first served
        self._seats: dict[_Seat, Veth] = {}  # by node and index
        self._namespaces: dict[str, Namespace] = {}

    def queue(self, record: Veth | Trunk | Namespace) -> None:
        """A pair or a namespace that nothing uses any more."""
        if isinstance(record, Namespace):
            self._namespaces[record.id] = record
            return
        self._pairs.setdefault(_home(record), {})[record.name] = record
        if isinstance(record, Veth):
            self._seats[record.node, record.index] = record

    def revive(self, record: Veth | Trunk) -> bool:
        """Take the very same pair back, if it still waits and was made to the end."""
        waiting = self._pairs.get(_home(record), {}).get(record.name)
        if waiting is None or not _same_pair(waiting, record):
            return False
        if any(record.name not in self._world.routers[domain].whole for domain in _routers(record)):
            return False
        self._forget(waiting)
        return True

    def settle_device(self, record: Veth | Trunk) -> None:
        """Remove now what holds the names that this pair needs: in the routers, or in the guest."""
        for waiting in [pairs[record.name] for pairs in self._pairs.values() if record.name in pairs]:
            self._remove([waiting])
        seated = self._seats.get((record.node, record.index)) if isinstance(record, Veth) else None
        if seated:
            self._remove([seated])

    def settle_namespace(self, name: str) -> None:
        """Remove now a namespace whose name is needed again."""
        found = self._namespaces.get(name)
        if found:
            domain = name.removeprefix(_ROUTER) if found.router else ""
            for pairs in list(self._pairs.values()):
                doomed = [one for one in pairs.values() if _ends_in(one, found.id, domain)]
                if doomed:
                    self._remove(doomed)
            self._end([found])

    def reap(self) -> bool:
        """Remove one batch: pairs of one router, or namespaces when no pairs are left, since pairs need theirs.

        True while more waits. What the kernel refuses is raised, and tried again after all the others.
        """
        pairs = next(iter(self._pairs.values()), None)
        if pairs:
            self._remove(list(islice(pairs.values(), BATCH)))
        else:
            self._end(list(islice(self._namespaces.values(), BATCH)))
        return bool(self._pairs or self._namespaces)

    def waiting(self) -> list[Record]:
        """What is still there though nothing uses it."""
        return [*(one for pairs in self._pairs.values() for one in pairs.values()), *self._namespaces.values()]

    def waiting_namespaces(self) -> set[str]:
        """Namespaces that are still there though nothing uses them."""
        return set(self._namespaces)

    def _remove(self, pairs: list[Veth | Trunk]) -> None:
        """Pairs of one home."""
        for record in pairs:
            self._forget(record)
        try:
            self._unlink(pairs)
        except BaseException:
            for record in pairs:
                self.queue(record)
            home = _home(pairs[0])
            self._pairs[home] = self._pairs.pop(home)
            raise

    def _unlink(self, pairs: Iterable[Veth | Trunk]) -> None:
        by_router: dict[str, list[str]] = {}
        for record in pairs:
            for domain in _routers(record):
                by_router.setdefault(domain, []).append(record.name)
        for domain, found in by_router.items():
            router = self._world.routers.get(domain)
            if router:
                router.routing(rtnl.delete_links(found, DEAD) if len(found) > 1 else [rtnl.delete_link(found[0])])
                for name in found:
                    router.forget(name)

    def _forget(self, record: Veth | Trunk) -> None:
        home = self._pairs[_home(record)]
        del home[record.name]
        if not home:
            del self._pairs[_home(record)]
        if isinstance(record, Veth) and self._seats.get((record.node, record.index)) is record:
            del self._seats[record.node, record.index]

    def _end(self, namespaces: list[Namespace]) -> None:
        for record in namespaces:
            del self._namespaces[record.id]
            try:
                self._world.remove(record)
            except BaseException:
                self.queue(record)
                raise


def _home(record: Veth | Trunk) -> str:
    """The domain with whose pairs it is removed."""
    return record.a if isinstance(record, Trunk) else record.domain


def _routers(record: Veth | Trunk) -> tuple[str, ...]:
    return (record.a, record.b) if isinstance(record, Trunk) else (record.domain,)


def _ends_in(record: Record, node: str, domain: str) -> bool:
    if isinstance(record, Veth):
        return node == record.node or domain == record.domain
    return isinstance(record, Trunk) and domain in (record.a, record.b)


def _same_pair(waiting: Record, record: Veth | Trunk) -> bool:
    if isinstance(waiting, Veth) and isinstance(record, Veth):
        fields = ("domain", "name", "index", "mac", "mtu", "node")
        return all(getattr(waiting, field) == getattr(record, field) for field in fields)
    return waiting == record
