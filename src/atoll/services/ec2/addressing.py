"""Which addresses of a subnet are free (section 1: five are reserved, the rest go to ENIs)."""

from collections.abc import Collection

from atoll.model.kinds import CidrReservation, PrivateAddress, Subnet
from atoll.model.tx import Tx
from atoll.packet import ip_number
from atoll.protocol import AwsError
from atoll.services.ec2.checks import invalid

RESERVED_FIRST = 4
RESERVED_LAST = 1
GUESSES = 32
"""Random tries before a search: in a subnet that is 90% full, one address in 30 needs the search."""


def capacity(subnet: Subnet) -> int:
    """How many addresses ENIs can have: all but the first four and the last."""
    return subnet.prefix.size - RESERVED_FIRST - RESERVED_LAST


def available(tx: Tx, subnet: Subnet) -> int:
    """AvailableIpAddressCount; addresses of stopped instances stay counted as used."""
    return capacity(subnet) - tx.count(PrivateAddress, "subnet", subnet.id)


def assignable(tx: Tx, subnet: Subnet) -> int:
    """How many addresses can be given automatically: the available ones in no CIDR reservation."""
    reserved = tx.by(CidrReservation, "subnet", subnet.id)
    if not reserved:
        return available(tx, subnet)
    held = (one.ip for one in tx.by(PrivateAddress, "subnet", subnet.id))
    outside = (ip for ip in held if not any(one.prefix.holds(ip) for one in reserved))
    return sum(map(len, _open_ranges(tx, subnet))) - sum(1 for _ in outside)


def is_free(tx: Tx, subnet: Subnet, ip: str) -> bool:
    """Whether no ENI has the address."""
    return tx.get(PrivateAddress, subnet.id, ip) is None


def allocate_ip(tx: Tx, subnet: Subnet, *, but: Collection[str] = ()) -> str:
    """A free address of the subnet in no CIDR reservation, chosen at random; the caller puts the PrivateAddress.

    `but`: addresses that somebody is about to get. O(1) expected; a search from a random place only where the subnet
    is all but full.
    """
    ranges = _open_ranges(tx, subnet)
    room = sum(map(len, ranges))
    if available(tx, subnet) <= 0 or not room:
        raise _full(subnet)
    for _ in range(GUESSES):
        ip = subnet.prefix.address(_offset(ranges, tx.pick(room)))
        if ip not in but and is_free(tx, subnet, ip):
            return ip
    start = tx.pick(room)
    everywhere = (subnet.prefix.address(_offset(ranges, (start + step) % room)) for step in range(room))
    found = next((ip for ip in everywhere if ip not in but and is_free(tx, subnet, ip)), None)
    if found is None:
        raise _full(subnet)
    return found


def _full(subnet: Subnet) -> AwsError:
    return AwsError(
        "InsufficientFreeAddressesInSubnet",
        f"There are not enough free addresses in subnet '{subnet.id}' to satisfy the requested number of instances.",
    )


def _open_ranges(tx: Tx, subnet: Subnet) -> list[range]:
    """The offsets that automatic addresses may have, between the subnet's CIDR reservations, which do not overlap."""
    reserved = sorted(
        (one.prefix.base - subnet.prefix.base, one.prefix.size) for one in tx.by(CidrReservation, "subnet", subnet.id)
    )
    last = subnet.prefix.size - RESERVED_LAST
    starts = [RESERVED_FIRST, *(max(RESERVED_FIRST, start + size) for start, size in reserved)]
    ends = [*(min(start, last) for start, _ in reserved), last]
    return [range(start, end) for start, end in zip(starts, ends, strict=True) if start < end]


def _offset(ranges: list[range], number: int) -> int:
    """The number-th of all offsets in the ranges."""
    for one in ranges:
        if number < len(one):
            return one[number]
        number -= len(one)
    raise IndexError(number)


def claim_ip(tx: Tx, subnet: Subnet, ip: str) -> str:
    """The address that a user named, in canonical form, if it can be had; the caller puts the PrivateAddress."""
    try:
        family, number = ip_number(ip)
    except ValueError:
        family, number = 0, 0
    if family != 4:
        raise invalid(ip, "privateIpAddress", "Must be a valid IPv4 address.")
    if not subnet.prefix.holds(ip):
        raise AwsError("InvalidParameterValue", f"Address {ip} does not fall within the subnet's address range")
    offset = number - subnet.prefix.base
    if offset < RESERVED_FIRST or offset >= subnet.prefix.size - RESERVED_LAST:
        raise AwsError("InvalidParameterValue", f"Address {ip} is in subnet's reserved address range")
    if not is_free(tx, subnet, ip):
        raise AwsError("InvalidIPAddress.InUse", f"The specified address {ip} is already in use.")
    return ip
