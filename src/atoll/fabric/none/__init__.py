"""No network: remembers the rows, for machines where namespaces may not be made and for tests of what stands above."""

from pathlib import Path

from atoll.fabric.contract import FabricError
from atoll.plan.dump import dump
from atoll.records import Delta, Table


class NoneFabric:
    """The contract over a table of rows. Refuses a delta that does not start from what it has."""

    def __init__(self) -> None:
        self.rows = Table()

    def apply(self, delta: Delta) -> None:
        """See Fabric."""
        strangers = [key for key, (old, _) in delta.items() if self.rows.find(key) != old]
        if strangers:
            raise FabricError(f"the delta starts from another plan: {strangers[0]} is not as it says")
        self.rows.apply(delta)

    def reap(self) -> None:
        """See Fabric; nothing is slow here."""

    def observe(self) -> list[str]:
        """See Fabric; there is no second truth to differ from."""
        return []

    def repair(self) -> None:
        """See Fabric."""

    def namespace(self, node: str) -> Path | None:  # noqa: ARG002 - the contract's signature
        """See Fabric: nothing runs here."""
        return None

    def dump(self) -> str:
        """See Fabric."""
        return dump(self.rows)

    def close(self) -> None:
        """See Fabric."""
        self.rows = Table()
