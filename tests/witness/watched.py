"""A fabric that tells what was asked of it: the plan's changes, in order."""

from pathlib import Path

from atoll.fabric.contract import Fabric
from atoll.records import Delta


class Watched:
    """See atoll.fabric.contract.Fabric. `deltas`: everything that was applied, in order."""

    def __init__(self, real: Fabric) -> None:
        self.real = real
        self.deltas: list[Delta] = []
        self._taken = 0

    def start(self, delta: Delta) -> None:
        """Start the real one, and remember with what."""
        self.real.start(delta)
        self.deltas.append(delta)

    def apply(self, delta: Delta) -> None:
        """Apply it for real, and remember it."""
        self.real.apply(delta)
        self.deltas.append(delta)

    def take(self) -> list[Delta]:
        """What was applied since the last call."""
        taken = self.deltas[self._taken :]
        self._taken = len(self.deltas)
        return taken

    def reap(self) -> bool:
        """The real one's."""
        return self.real.reap()

    def observe(self) -> list[str]:
        """The real one's."""
        return self.real.observe()

    def repair(self) -> None:
        """The real one's."""
        self.real.repair()

    def namespace(self, node: str) -> Path | None:
        """The real one's."""
        return self.real.namespace(node)

    def router(self, domain: str) -> Path | None:
        """The real one's."""
        return self.real.router(domain)

    def port_behind(self, domain: str, interface: int) -> str | None:
        """The real one's."""
        return self.real.port_behind(domain, interface)

    def held(self, translator: str) -> frozenset[str]:
        """The real one's."""
        return self.real.held(translator)

    def dump(self) -> str:
        """The real one's."""
        return self.real.dump()

    def close(self) -> None:
        """The real one's."""
        self.real.close()
