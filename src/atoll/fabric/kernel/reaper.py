"""Removals that take long (20 ms a pair of interfaces) wait here; what they carried has been cut already."""

from atoll.fabric.kernel.objects import Namespace, Trunk, Veth
from atoll.fabric.kernel.routers import World
from atoll.linux import rtnl
from atoll.records import Record

_ROUTER = "router-"


class Reaper:
    """The queue of removals, and the ways to be done with one early."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._waiting: list[Record] = []

    def queue(self, record: Record) -> None:
        """A pair or a namespace that nothing uses any more."""
        self._waiting.append(record)

    def revive(self, record: Veth | Trunk) -> bool:
        """Take the very same pair back, if it still waits."""
        for waiting in self._waiting:
            if waiting.key == record.key and _same_pair(waiting, record):
                self._waiting.remove(waiting)
                return True
        return False

    def settle_device(self, veth: Veth) -> None:
        """Remove now what holds the names that this pair needs: in the router, or in the guest."""
        for waiting in list(self._waiting):
            if isinstance(waiting, Veth) and (
                waiting.name == veth.name or (waiting.node, waiting.index) == (veth.node, veth.index)
            ):
                self._remove(waiting)

    def settle_namespace(self, name: str) -> None:
        """Remove now a namespace whose name is needed again."""
        found = next((one for one in self._waiting if isinstance(one, Namespace) and one.id == name), None)
        if found:
            domain = name.removeprefix(_ROUTER) if found.router else ""
            for waiting in [one for one in self._waiting if _ends_in(one, found.id, domain)]:
                self._remove(waiting)
            self._remove(found)

    def reap(self) -> None:
        """Remove everything that waits: pairs first, they need their namespaces."""
        for waiting in sorted(self._waiting, key=lambda record: isinstance(record, Namespace)):
            self._remove(waiting)

    def waiting(self) -> list[Record]:
        """What is still there though nothing uses it."""
        return list(self._waiting)

    def waiting_namespaces(self) -> set[str]:
        """Namespaces that are still there though nothing uses them."""
        return {one.id for one in self._waiting if isinstance(one, Namespace)}

    def _remove(self, record: Record) -> None:
        if isinstance(record, Veth):
            self._unlink(record.domain, record.name)
        elif isinstance(record, Trunk):
            self._unlink(record.a, record.name)
            self._unlink(record.b, record.name)
        elif isinstance(record, Namespace):
            if record.router:
                self._world.remove_router(record.id.removeprefix(_ROUTER))
            else:
                self._world.remove_node(record.id)
        self._waiting.remove(record)

    def _unlink(self, domain: str, name: str) -> None:
        router = self._world.routers.get(domain)
        if router:
            router.routing([rtnl.delete_link(name)])
            router.numbers.give_back("interface", name)


def _ends_in(record: Record, node: str, domain: str) -> bool:
    if isinstance(record, Veth):
        return node == record.node or domain == record.domain
    return isinstance(record, Trunk) and domain in (record.a, record.b)


def _same_pair(waiting: Record, record: Veth | Trunk) -> bool:
    if isinstance(waiting, Veth) and isinstance(record, Veth):
        fields = ("domain", "name", "index", "mac", "mtu", "node")
        return all(getattr(waiting, field) == getattr(record, field) for field in fields)
    return waiting == record
