"""The kernel fabric: the plan in network namespaces, nftables and routes of this machine."""

from pathlib import Path

from atoll.fabric.contract import FabricError, SuspectError
from atoll.fabric.kernel import adoption, memory, names, reading, repair
from atoll.fabric.kernel.derivation import Objects
from atoll.fabric.kernel.enforce import Enforcer
from atoll.fabric.kernel.objects import GuestAddress, Namespace, Trunk
from atoll.fabric.kernel.reaper import Reaper
from atoll.fabric.kernel.routers import World
from atoll.fabric.kernel.support import refuse_unsupported
from atoll.linux import conntrack
from atoll.records import Delta, Record, Table, inverse


class KernelFabric:
    """See atoll.fabric.contract.Fabric. `folder`: an empty directory in a mount namespace that is ours alone."""

    def __init__(self, folder: Path) -> None:
        self._objects = Objects()
        self._world = World(folder)
        self._reaper = Reaper(self._world)
        self.applied = Table()

    def start(self, delta: Delta) -> None:
        """See Fabric."""
        if self._world.is_empty():
            self.apply(delta)
            return
        refuse_unsupported(delta)
        objects, step = self._objects.derive(delta)
        step.accept()
        self.applied.apply(objects)
        try:
            adoption.take_up(self._world, self._reaper, self.applied)
            self.repair()
            self._world.settle_guests(one for one in self.applied.records.values() if isinstance(one, GuestAddress))
        except OSError as error:
            raise FabricError(f"what an earlier server left could not be taken up: {_said(error)}") from error

    def apply(self, delta: Delta) -> None:
        """See Fabric. Raises FabricError with nothing changed when the plan asks for what this fabric lacks."""
        refuse_unsupported(delta)
        objects, step = self._objects.derive(delta)
        try:
            self._enforce(objects)
        except BaseException:
            step.drop()
            raise
        step.accept()
        self.applied.apply(objects)

    def _enforce(self, objects: Delta) -> None:
        enforcer = Enforcer(self._world, self._reaper, objects)
        try:
            memory.suspend(self._world, objects)
            enforcer.run()
            memory.resume(self._world)
        except Exception as error:  # an error of ours leaves a kernel half changed just as the kernel's own does
            self._undo(enforcer.done, error)
            raise FabricError(f"the kernel refused the change, which was undone: {_said(error)}") from error

    def _undo(self, done: Delta, error: Exception) -> None:
        back = inverse(done)
        try:
            memory.suspend(self._world, back)
            Enforcer(self._world, self._reaper, back).run()
            memory.resume(self._world)
        except Exception as second:
            message = f"the kernel refused the change ({_said(error)}), and undoing it as well ({_said(second)})"
            raise SuspectError(message, _domains(done)) from error

    def reap(self) -> bool:
        """See Fabric."""
        return self._reaper.reap()

    def observe(self) -> list[str]:
        """See Fabric: "missing element ...", "extra route ...", "different chain ..."."""
        found = list(reading.differences(self._observers()))
        found += [f"missing namespace {name}" for name, path in self._world.nodes.items() if not path.exists()]
        extra = reading.extra_namespaces(self._world, self.applied, self._reaper)
        found += [f"extra namespace {record.id}" for record in extra]
        return sorted(found)

    def repair(self) -> None:
        """See Fabric. Connections and guests live on."""
        try:
            while self._reaper.reap():
                pass
            repair.end_extra_namespaces(self._world, self.applied, self._reaper)
            missing = [pair for one in self._observers() for pair in repair.heal_links(one, self.applied)]
            repair.make_links(missing, self._world, self.applied, self._reaper)
            for observer in self._observers():
                repair.heal_routing(observer)
                repair.heal_filtering(observer)
            for router in self._world.routers.values():
                memory.look(router)  # what was wrong may have been remembered
            self._world.suspended.clear()
        except Exception as error:
            raise FabricError(f"the kernel refused the repair: {_said(error)}") from error
        left = self.observe()
        if left:
            raise FabricError(f"repair left {len(left)} differences: {left[0]}")

    def namespace(self, node: str) -> Path | None:
        """See Fabric."""
        return self._world.nodes.get(node)

    def held(self, translator: str) -> frozenset[str]:
        """See Fabric."""
        inside = self._world.forwarders.get(translator)
        try:
            found = list(conntrack.connections(inside.filter)) if inside else []
        except OSError as error:
            raise FabricError(f"the connections of {translator} could not be read: {_said(error)}") from error
        return frozenset(one.answer_destination for one in found)

    def router(self, domain: str) -> Path | None:
        """See Fabric."""
        router = self._world.routers.get(domain)
        return router.path if router else None

    def port_behind(self, domain: str, interface: int) -> str | None:
        """See Fabric."""
        router = self._world.routers.get(domain)
        return router.behind.get(interface) if router else None

    def dump(self) -> str:
        """See Fabric."""
        there = {*self._world.nodes, *map(names.router, self._world.routers)} - self._reaper.waiting_namespaces()
        lines = [f"namespace {name}" for name in there]
        return "".join(f"{line}\n" for line in sorted([*lines, *reading.lines(self._observers())]))

    def close(self) -> None:
        """See Fabric."""
        self._world.close()
        self.applied = Table()
        self._objects = Objects()
        self._reaper = Reaper(self._world)

    def _observers(self) -> list[reading.Observer]:
        return reading.observers(self._world, self.applied, self._reaper)


def _said(error: Exception) -> str:
    """The kernel's words as they are; an error of ours by its kind, for its words alone may be none."""
    return str(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"


def _homes(record: Record) -> tuple[str, ...]:
    """The domains whose router holds an object."""
    if isinstance(record, Trunk):
        return (record.a, record.b)
    if isinstance(record, Namespace):
        return (record.id.removeprefix("router-"),) if record.router else ()
    return (getattr(record, "domain", ""),)


def _domains(delta: Delta) -> frozenset[str]:
    return frozenset(home for pair in delta.values() for record in pair if record for home in _homes(record) if home)
