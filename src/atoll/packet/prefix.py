"""IP prefixes. A single address is plain canonical text ("10.0.0.5"); a prefix is its numbers."""

import ipaddress
from functools import lru_cache
from typing import Self

import msgspec

BITS = {4: 32, 6: 128}


@lru_cache(maxsize=65536)
def ip_number(text: str) -> tuple[int, int]:
    """(family, number) of an address written as text; ValueError when it is none."""
    address = ipaddress.ip_address(text)
    return address.version, int(address)


def ip_text(family: int, number: int) -> str:
    """The canonical text of an address."""
    return str(ipaddress.IPv4Address(number) if family == 4 else ipaddress.IPv6Address(number))


LOW = (1 << 64) - 1


class Prefix(msgspec.Struct, frozen=True, order=True):
    """A block of addresses: its first address, and its mask in bits.

    `high` and `low` are the address's two halves of 64 bits: msgpack has no larger numbers.
    """

    family: int
    high: int
    low: int
    length: int

    @classmethod
    def of(cls, family: int, base: int, length: int) -> Self:
        """From its first address as a number."""
        return cls(family, base >> 64, base & LOW, length)

    @classmethod
    def parse(cls, text: str) -> Self:
        """From "10.0.0.0/16" or a single address; host bits are cleared, as AWS does. ValueError when it is none."""
        network = ipaddress.ip_network(text, strict=False)
        return cls.of(network.version, int(network.network_address), network.prefixlen)

    @classmethod
    def everything(cls, family: int = 4) -> Self:
        """0.0.0.0/0 or ::/0."""
        return cls(family, 0, 0, 0)

    def __str__(self) -> str:
        return f"{ip_text(self.family, self.base)}/{self.length}"

    @property
    def base(self) -> int:
        """Its first address as a number."""
        return self.high << 64 | self.low

    @property
    def size(self) -> int:
        """How many addresses it holds."""
        return 1 << (BITS[self.family] - self.length)

    @property
    def last(self) -> int:
        """Its last address as a number."""
        return self.base + self.size - 1

    def holds(self, ip: str) -> bool:
        """Whether the address lies inside."""
        family, number = ip_number(ip)
        return family == self.family and self.base <= number <= self.last

    def covers(self, other: "Prefix") -> bool:
        """Whether the other prefix lies wholly inside."""
        return self.family == other.family and self.base <= other.base and other.last <= self.last

    def overlaps(self, other: "Prefix") -> bool:
        """Whether the two share an address."""
        return self.covers(other) or other.covers(self)

    def address(self, offset: int) -> str:
        """The address at an offset from the start, as text."""
        return ip_text(self.family, self.base + offset)
