"""Small numbers behind names: segments, classes, groups, route tables, interfaces of one router.

The kernel shows numbers alone, so whoever takes over a router needs to know what they stand for: a ledger remembers it,
written before a number is used.
"""

import heapq
import os
from collections.abc import Container
from pathlib import Path

from atoll.fabric.kernel import names
from atoll.linux.nft.expr import Number, host32

LIMITS = {"segment": 0xFFFE, "class": 0xFFFF, "group": 0xFFFF_FFFF, "table": names.TABLE_BITS, "interface": 0x7FFFFFFF}
FIXED = {
    ("class", names.LINK_CLASS): 0,
    ("class", names.UNFILTERED): 1,
    ("interface", names.LOOPBACK): 1,
    ("group", names.END): 0,
    ("group", names.UNFILTERED): 1,
}
FIRST = {"class": 2, "group": 2, "interface": 1000}
_SHIFT = {"segment": 16}
_EDITION = ("edition", "bound")
_RESERVED = 256
"""So many editions are written down at once."""


class Ledger:
    """A file of lines "+ SORT NUMBER NAME" and "- SORT NUMBER NAME", in the order in which they happened.

    It lies in the world's own memory and ends with it, so nothing needs to be synced. It is written anew when most of
    it is history.
    """

    SLACK = 4096
    """Lines of history that are never worth the trouble."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._lines = 0

    def read(self) -> dict[tuple[str, str], int]:
        """Which name has which number."""
        found: dict[tuple[str, str], int] = {}
        lines = self._path.read_text().splitlines()
        self._lines = len(lines)
        for line in lines:
            sign, sort, number, name = line.split(" ", 3)
            if sign == "+":
                found[sort, name] = int(number)
            else:
                found.pop((sort, name), None)
        return found

    def write(self, sign: str, sort: str, number: int, name: str, live: dict[tuple[str, str], int]) -> None:
        """Remember one step; `live` is what it leads to."""
        if self._lines > self.SLACK + 2 * len(live):
            self._renew(live)
        else:
            os.write(self._fd, f"{sign} {sort} {number} {name}\n".encode())
            self._lines += 1

    def _renew(self, live: dict[tuple[str, str], int]) -> None:
        draft = self._path.with_suffix(".draft")
        draft.write_text("".join(f"+ {sort} {number} {name}\n" for (sort, name), number in live.items()))
        os.close(self._fd)
        os.rename(draft, self._path)
        self._fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self._lines = len(live)

    def close(self) -> None:
        """Let go of the file; whoever takes over reads it."""
        os.close(self._fd)


class Numbers:
    """Interned numbers of one router. The lowest free one is taken, so they stay small; each has one name."""

    def __init__(self, ledger: Ledger | None = None) -> None:
        self._ledger = ledger
        self._numbers: dict[tuple[str, str], int] = dict(FIXED)
        self._next = dict(FIRST)
        self._free: dict[str, list[int]] = {}
        for (sort, name), number in ledger.read().items() if ledger else ():
            self._know(sort, name, number)
        self.edition = self.last_edition = self._numbers.get(_EDITION, 1)
        for sort, following in self._next.items():
            taken = {number for (one, _), number in self._numbers.items() if one == sort}
            self._free[sort] = [number for number in range(FIRST.get(sort, 1), following) if number not in taken]

    def take(self, sort: str, name: str) -> int:
        """The number of that name, a new one if it has none. OverflowError when there are none left."""
        known = self._numbers.get((sort, name))
        if known is not None:
            return known
        free = self._free.get(sort)
        number = heapq.heappop(free) if free else self._next.get(sort, 1)
        if number > LIMITS[sort]:
            raise OverflowError(f"no number left for {sort} {name}")
        self._know(sort, name, number)
        if self._ledger:
            self._ledger.write("+", sort, number, name, self._numbers)
        return number

    def _know(self, sort: str, name: str, number: int) -> None:
        self._numbers[sort, name] = number
        if sort != _EDITION[0]:
            self._next[sort] = max(self._next.get(sort, 1), number + 1)

    def give_back(self, sort: str, name: str) -> None:
        """The name needs its number no longer."""
        number = self._numbers.pop((sort, name), None)
        if number is not None:
            heapq.heappush(self._free.setdefault(sort, []), number)
            if self._ledger:
                self._ledger.write("-", sort, number, name, self._numbers)

    def keep(self, names: Container[tuple[str, str]]) -> None:
        """Give back every number but those of these (sort, name)."""
        fixed = {*FIXED, _EDITION}
        for sort, name in [known for known in self._numbers if known not in fixed and known not in names]:
            self.give_back(sort, name)

    def get(self, sort: str, name: str) -> int:
        """The number of a name that has one; KeyError else."""
        return self._numbers[sort, name]

    def renew_edition(self, number: int) -> None:
        """From now on it is that one. The ledger has a bound on them: whoever takes over begins there."""
        self.edition = self.last_edition = number
        if number == 1 or number >= self._numbers.get(_EDITION, 0):
            bound = min(number + _RESERVED, names.EDITIONS)
            self._know(*_EDITION, bound)
            if self._ledger:
                sort, name = _EDITION
                self._ledger.write("+", sort, bound, name, self._numbers)

    def resolve(self, number: Number) -> bytes:
        """As it lies in a register: a segment in the upper half, where interface groups have it; the edition over the
        bits that its name says.
        """
        if number.kind == _EDITION[0]:
            return host32(self.edition << names.EDITION_SHIFT | int(number.name))
        return host32(self.get(number.kind, number.name) << _SHIFT.get(number.kind, 0))
