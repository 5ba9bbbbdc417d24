"""Claims: what is expected beside what was seen."""

import sys
import time
from typing import NamedTuple


class Claim(NamedTuple):
    """One row of the table."""

    text: str
    expected: str
    seen: str

    @property
    def holds(self) -> bool:
        """Whether what was seen is what was expected."""
        return self.expected == self.seen


class Claims:
    """The rows so far; each is also shown as it comes, so that one sees where a long demo is."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.rows: list[Claim] = []
        self.events: list[tuple[float, str]] = []  # seconds since the start, and what happened
        self._start = time.monotonic()

    def add(self, text: str, expected: str, seen: str) -> None:
        """One more claim, tried."""
        claim = Claim(text, expected, seen)
        self.rows.append(claim)
        mark = "holds" if claim.holds else "FAILS"
        print(f"  {self.now():5.1f} s  {mark}  {text}", file=sys.stderr, flush=True)

    def now(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start

    def event(self, text: str, at: float | None = None) -> None:
        """Something that happens, now or at that time; for the time line."""
        self.events.append((self.now() if at is None else at, text))

    @property
    def hold(self) -> bool:
        """Whether all hold; no claim at all is no proof."""
        return bool(self.rows) and all(claim.holds for claim in self.rows)

    def show(self) -> None:
        """The table, and the time line where there is one."""
        from rich.console import Console
        from rich.table import Table

        table = Table(title=self.title, title_justify="left", show_lines=False)
        for heading in ("", "claim", "expected", "seen"):
            table.add_column(heading, overflow="fold")
        for claim in self.rows:
            mark = "[green]ok[/]" if claim.holds else "[bold red]NO[/]"
            table.add_row(mark, claim.text, claim.expected, claim.seen)
        console = Console()
        if not console.is_terminal:
            console = Console(width=140)
        console.print(table)
        if self.events:
            console.print("Time line")
            for at, text in sorted(self.events):
                console.print(f"  {at:5.1f} s  {text}", highlight=False)
