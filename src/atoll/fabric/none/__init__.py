"""The fabric that builds nothing: it remembers the rows, for tests and machines without the kernel's features."""

from pathlib import Path

from atoll.records import Delta, Table


class NoFabric:
    """See atoll.fabric.contract.Fabric."""

    def __init__(self) -> None:
        self.rows = Table()

    def start(self, delta: Delta) -> None:
        """Nothing is ever left by an earlier one."""
        self.apply(delta)

    def apply(self, delta: Delta) -> None:
        """Remember it."""
        self.rows.apply(delta)

    def reap(self) -> bool:
        """Nothing waits."""
        return False

    def observe(self) -> list[str]:
        """There is nothing that could differ."""
        return []

    def repair(self) -> None:
        """There is nothing to heal."""

    def namespace(self, node: str) -> Path | None:
        """No software runs anywhere."""
        del node
        return None

    def router(self, domain: str) -> Path | None:
        """Nothing listens anywhere."""
        del domain
        return None

    def port_behind(self, domain: str, interface: int) -> str | None:
        """No packet comes from anywhere."""
        del domain, interface
        return None

    def held(self, translator: str) -> frozenset[str]:
        """There are no connections."""
        del translator
        return frozenset()

    def dump(self) -> str:
        """The rows, one a line."""
        return "".join(f"{' '.join(key)} {record}\n" for key, record in sorted(self.rows.records.items()))

    def close(self) -> None:
        """Forget everything."""
        self.rows = Table()
