"""Small numbers behind names: segments, classes, groups, route tables, interfaces of one router."""

import heapq

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


class Numbers:
    """Interned numbers of one router. The lowest free one is taken, so they stay small; each has one name."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = dict(FIXED)
        self._next = dict(FIRST)
        self._free: dict[str, list[int]] = {}

    def take(self, sort: str, name: str) -> int:
        """The number of that name, a new one if it has none. OverflowError when there are none left."""
        known = self._numbers.get((sort, name))
        if known is not None:
            return known
        free = self._free.get(sort)
        number = heapq.heappop(free) if free else self._next.get(sort, 1)
        if number > LIMITS[sort]:
            raise OverflowError(f"no number left for {sort} {name}")
        self._next[sort] = max(self._next.get(sort, 1), number + 1)
        self._numbers[sort, name] = number
        return number

    def give_back(self, sort: str, name: str) -> None:
        """The name needs its number no longer."""
        number = self._numbers.pop((sort, name), None)
        if number is not None:
            heapq.heappush(self._free.setdefault(sort, []), number)

    def get(self, sort: str, name: str) -> int:
        """The number of a name that has one; KeyError else."""
        return self._numbers[sort, name]

    def resolve(self, number: Number) -> bytes:
        """As it lies in a register: a segment in the upper half, where interface groups have it."""
        return host32(self.get(number.kind, number.name) << _SHIFT.get(number.kind, 0))
