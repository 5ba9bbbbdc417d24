"""What a fabric is: something that takes deltas of the plan and makes packets obey them."""

from pathlib import Path
from typing import Protocol

from atoll.records import Delta


class FabricError(Exception):
    """A delta could not be applied and what was done of it was undone; the message says why and what to do."""


class SuspectError(FabricError):
    """Undoing failed too: these domains may differ from the plan until `repair` has healed them."""

    def __init__(self, message: str, domains: frozenset[str]) -> None:
        super().__init__(message)
        self.domains = domains


class Fabric(Protocol):
    """Blocking calls, made by one thread only (the engine's worker)."""

    def start(self, delta: Delta) -> None:
        """Make packets obey a whole plan, a delta from nothing. Called once, before anything else.

        What an earlier fabric has left in the same place is taken up: what agrees with the plan stays as it is, with
        its connections, and only the rest is changed. Raises FabricError.
        """
        ...

    def apply(self, delta: Delta) -> None:
        """Make packets obey the delta; when it returns they do.

        Closes before it opens. All or nothing: on failure the inverse is applied and FabricError raised, or
        SuspectError when that fails as well. What takes long and cuts nothing (removing links, namespaces) may wait
        for `reap`.
        """
        ...

    def reap(self) -> bool:
        """Do some of the slow part of removals, at most some 40 ms of it; True while more waits.

        Called between calls, never inside one.
        """
        ...

    def observe(self) -> list[str]:
        """Read the real thing and compare it with what was applied: one line a difference, none when they agree.

        For start, after a failure, and for audits; walks everything, so never for a call.
        """
        ...

    def repair(self) -> None:
        """Make the real thing equal to what was applied. Raises FabricError when it cannot."""
        ...

    def namespace(self, node: str) -> Path | None:
        """The path of the network namespace in which that node's software runs; None where there is none."""
        ...

    def router(self, domain: str) -> Path | None:
        """The path of the network namespace in which that domain itself listens; None where there is none."""
        ...

    def port_behind(self, domain: str, interface: int) -> str | None:
        """The port from which packets come in by that interface of the domain's router. At once, from any thread."""
        ...

    def held(self, translator: str) -> frozenset[str]:
        """The addresses of that translator that connections have which it knows. Raises FabricError."""
        ...

    def dump(self) -> str:
        """The real state as stable text (no counters, no handles): equal texts mean equal behaviour."""
        ...

    def close(self) -> None:
        """Remove everything that this fabric made."""
        ...
