"""Ranges of transport ports."""

from typing import NamedTuple


class PortRange(NamedTuple):
    """Ports from `low` to `high`, both included."""

    low: int
    high: int

    def holds(self, port: int) -> bool:
        """Whether the port lies inside."""
        return self.low <= port <= self.high

    def __str__(self) -> str:
        return str(self.low) if self.low == self.high else f"{self.low}-{self.high}"


ALL_PORTS = PortRange(0, 65535)
