"""Choosing address blocks (pure): VPCs that never overlap, subnets with room for their hosts and for growth.

AWS's bounds: blocks of VPCs and subnets are /16 to /28, and five addresses of each subnet are AWS's own.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from atoll.packet import Prefix

LARGEST, SMALLEST = 16, 28
RESERVED = 5
"""Network, router, DNS, one for the future, broadcast."""

PRIVATE = tuple(map(Prefix.parse, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
"""Where blocks are taken from, in this order (RFC 1918)."""

SERVICES = Prefix.parse("172.17.0.0/16")
"""Some of AWS's services use it inside instances (VPC user guide, "VPC CIDR blocks"): never proposed."""


class NoRoomError(ValueError):
    """What was asked for cannot be had; the message says what to ask for instead."""


class Tier(NamedTuple):
    """Hosts of one kind: a subnet in each zone. `hosts`: how many there are in one zone today."""

    name: str
    hosts: int


class Subnet(NamedTuple):
    """A subnet: which tier's, in which zone (0 is the first)."""

    tier: Tier
    zone: int
    block: Prefix

    @property
    def usable(self) -> int:
        """Addresses that are left when AWS has taken its own."""
        return self.block.size - RESERVED


class Network(NamedTuple):
    """A VPC with its subnets, which leave a part of it free."""

    block: Prefix
    subnets: tuple[Subnet, ...]

    @property
    def free(self) -> int:
        """Addresses for further subnets."""
        return self.block.size - sum(one.block.size for one in self.subnets)


class Named(NamedTuple):
    """A block that is there already, and whose it is."""

    name: str
    block: Prefix


def propose(
    vpcs: int, zones: int, tiers: Sequence[Tier], growth: float = 2, avoid: Iterable[Prefix] = ()
) -> list[Network]:
    """The VPCs, each with a subnet for each tier in each zone; lowest addresses first. NoRoomError when there are none.

    A subnet has room for `growth` times its hosts, a VPC for `growth` times its subnets.
    """
    if min(vpcs, zones, len(tiers)) < 1 or growth < 1 or any(tier.hosts < 1 for tier in tiers):
        raise NoRoomError("Ask for at least one VPC, one zone and one host, and for growth of at least 1.")
    lengths = [subnet_length(tier, growth) for tier in tiers]
    length = _vpc_length(sum(zones << (32 - one) for one in lengths), growth)
    taken = [*avoid, SERVICES]
    found = []
    for block in _free(length, taken):
        found.append(Network(block, tuple(_divide(block, zones, list(zip(tiers, lengths, strict=True))))))
        if len(found) == vpcs:
            return found
    raise NoRoomError(f"There are only {len(found)} free blocks of /{length} in {', '.join(map(str, PRIVATE))}.")


def subnet_length(tier: Tier, growth: float) -> int:
    """Mask of the smallest subnet with room for the tier's hosts, its growth and AWS's five addresses."""
    needed = math.ceil(tier.hosts * growth) + RESERVED
    length = 32 - (needed - 1).bit_length()
    if length < LARGEST:
        raise NoRoomError(
            f"{tier.name} needs {needed} addresses in each zone, and AWS's largest subnet, a /16, has 65,536."
        )
    return min(length, SMALLEST)


def overlaps(blocks: Sequence[Named]) -> list[tuple[Named, Named]]:
    """Pairs of blocks of different owners that share addresses, in the order given."""
    return [
        (one, other)
        for place, one in enumerate(blocks)
        for other in blocks[place + 1 :]
        if one.name != other.name and one.block.overlaps(other.block)
    ]


def _vpc_length(needed: int, growth: float) -> int:
    length = 32 - (math.ceil(needed * growth) - 1).bit_length()
    if length < LARGEST:
        raise NoRoomError(
            f"The subnets of one VPC need {math.ceil(needed * growth)} addresses with their growth, and AWS's largest "
            "block, a /16, has 65,536. Ask for fewer zones or hosts, for more VPCs, or for less --growth."
        )
    return min(length, SMALLEST)


def _free(length: int, taken: Sequence[Prefix]) -> Iterator[Prefix]:
    """Blocks of that length that share no address with the taken ones."""
    size = 1 << (32 - length)
    for pool in PRIVATE:
        base = pool.base
        while base <= pool.last:
            block = Prefix.of(4, base, length)
            hit = next((one for one in taken if one.overlaps(block)), None)
            if hit is None:
                yield block
                base += size
            else:
                # The next multiple of the size behind it: a small block in the way costs one step, a large one too.
                base = max(base + size, (hit.last // size + 1) * size)


def _divide(block: Prefix, zones: int, tiers: list[tuple[Tier, int]]) -> Iterator[Subnet]:
    """Larger subnets first: then each lies on a multiple of its own size without a gap."""
    base = block.base
    for tier, length in sorted(tiers, key=lambda one: one[1]):
        for zone in range(zones):
            yield Subnet(tier, zone, Prefix.of(4, base, length))
            base += 1 << (32 - length)
