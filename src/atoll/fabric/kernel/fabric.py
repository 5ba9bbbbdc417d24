"""The kernel fabric: the plan in network namespaces, nftables and routes of this machine."""

from pathlib import Path

from atoll.fabric.contract import FabricError, SuspectError
from atoll.fabric.kernel import reading
from atoll.fabric.kernel.derivation import Objects
from atoll.fabric.kernel.enforce import Enforcer
from atoll.fabric.kernel.objects import Namespace, Trunk
from atoll.fabric.kernel.reaper import Reaper
from atoll.fabric.kernel.routers import World
from atoll.fabric.kernel.support import refuse_unsupported
from atoll.records import Delta, Record, Table, inverse


class KernelFabric:
    """See atoll.fabric.contract.Fabric. `folder`: an empty directory in a mount namespace that is ours alone."""

    def __init__(self, folder: Path) -> None:
        self._objects = Objects()
        self._world = World(folder)
        self._reaper = Reaper(self._world)
        self.applied = Table()

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
            enforcer.run()
        except (OSError, OverflowError, ValueError, KeyError) as error:
            self._undo(enforcer.done, error)
            raise FabricError(f"the kernel refused the change, which was undone: {error}") from error

    def _undo(self, done: Delta, error: Exception) -> None:
        try:
            Enforcer(self._world, self._reaper, inverse(done)).run()
        except (OSError, OverflowError, ValueError, KeyError) as second:
            message = f"the kernel refused the change ({error}), and undoing it as well ({second})"
            raise SuspectError(message, _domains(done)) from error

    def reap(self) -> None:
        """See Fabric."""
        self._reaper.reap()

    def observe(self) -> list[str]:
        """See Fabric: "missing element ...", "extra route ...", "different chain ...". """
        found = list(reading.differences(self._observers()))
        for name, path in self._world.nodes.items():
            if not path.exists():
                found.append(f"missing namespace {name}")
        return sorted(found)

    def repair(self) -> None:
        """See Fabric. Rebuilds the routers that differ, from nothing: their connections end, their guests stay."""
        broken = [one for one in self._observers() if next(reading.differences([one]), None)]
        for observer in broken:
            self._rebuild(observer.domain)
        left = self.observe()
        if left:
            raise FabricError(f"repair left {len(left)} differences: {left[0]}")

    def _rebuild(self, domain: str) -> None:
        """Take a router's objects out of the kernel with its namespace, then apply them again."""
        self._reaper.reap()
        mine = {key: record for key, record in self.applied.records.items() if domain in _homes(record)}
        self._world.remove_router(domain)
        for record in mine.values():
            if isinstance(record, Trunk):
                other = self._world.routers.get(record.a if record.b == domain else record.b)
                if other:
                    self._reaper.queue(record)
        self._reaper.reap()
        self._enforce({key: (None, record) for key, record in mine.items()})

    def namespace(self, node: str) -> Path | None:
        """See Fabric."""
        return self._world.nodes.get(node)

    def router(self, domain: str) -> Path | None:
        """The namespace of a domain's router, for traces and tests."""
        router = self._world.routers.get(domain)
        return router.path if router else None

    def dump(self) -> str:
        """See Fabric."""
        lines = [f"namespace {name}" for name in [*self._world.nodes, *self._world.routers]]
        return "\n".join(sorted([*lines, *reading.lines(self._observers())])) + "\n"

    def close(self) -> None:
        """See Fabric."""
        self._world.close()
        self.applied = Table()
        self._objects = Objects()
        self._reaper = Reaper(self._world)

    def _observers(self) -> list[reading.Observer]:
        return reading.observers(self._world, self.applied, self._reaper)


def _homes(record: Record) -> tuple[str, ...]:
    """The domains whose router holds an object."""
    if isinstance(record, Trunk):
        return (record.a, record.b)
    if isinstance(record, Namespace):
        return (record.id.removeprefix("router-"),) if record.router else ()
    return (getattr(record, "domain", ""),)


def _domains(delta: Delta) -> frozenset[str]:
    return frozenset(home for pair in delta.values() for record in pair if record for home in _homes(record) if home)
