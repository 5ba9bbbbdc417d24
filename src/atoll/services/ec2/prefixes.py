"""Prefix delegation: blocks of sixteen addresses that an ENI has as a whole (fact 55).

A block is sixteen private addresses that name it, so that what asks for an address, the wire included, finds each of
them; in the limits of a type it counts as one.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from atoll.model.kinds import CidrReservation, NetworkInterface, PrivateAddress, Subnet
from atoll.model.tx import Tx
from atoll.packet import Prefix
from atoll.protocol.errors import AwsError
from atoll.services.ec2.addressing import RESERVED_FIRST, RESERVED_LAST, is_free
from atoll.services.ec2.checks import invalid
from atoll.services.ec2.instance_types import is_nitro
from atoll.services.registry import Request

LENGTH = 28
SIZE = 16


def asked_prefixes(request: Request) -> tuple[list[str], int]:
    """The blocks by name, and how many more to choose; one of the two, and no other addresses [BC]."""
    named = [one.get("Ipv4Prefix") if isinstance(one, dict) else one for one in request.get("Ipv4Prefixes") or ()]
    count = request.get("Ipv4PrefixCount")
    if count is not None and count < 0:
        raise invalid(count, "ipv4PrefixCount", "Expecting a number that is not negative.")
    if named and count is not None:
        raise AwsError(
            "InvalidParameterCombination", "The parameter ipv4PrefixCount cannot be used with the parameter ipv4Prefix"
        )
    others = [name for name in ("PrivateIpAddresses", "SecondaryPrivateIpAddressCount") if request.get(name)]
    if others and (named or count):
        words = "ipv4Prefix" if named else "ipv4PrefixCount"
        other = others[0][0].lower() + others[0][1:]
        raise AwsError(
            "InvalidParameterCombination", f"The parameter {words} cannot be used with the parameter {other}"
        )
    if any(not one for one in named):
        raise AwsError("MissingParameter", "The request must contain the parameter Ipv4Prefix")
    return [str(one) for one in named], count or 0


def check_nitro(type_: str) -> None:
    """Only Nitro types have prefixes (fact 55)."""
    if not is_nitro(type_):
        raise AwsError(
            "InvalidParameterCombination",
            f"IPv4 prefixes are not supported by the instance type {type_}: choose one built on the Nitro System.",
        )


def delegate(
    tx: Tx, interface: NetworkInterface, subnet: Subnet, named: Sequence[str], count: int, slot: int
) -> list[str]:
    """Give the ENI blocks, each under one slot from `slot` on; their names."""
    given: list[str] = []
    for number in range(len(named) + count):
        block = _claim(tx, subnet, named[number]) if number < len(named) else _allocate(tx, subnet)
        for offset in range(SIZE):
            tx.put(
                PrivateAddress(
                    home=interface.home,
                    subnet=subnet.id,
                    vpc=subnet.vpc,
                    ip=block.address(offset),
                    interface=interface.id,
                    primary=False,
                    slot=slot + number,
                    prefix=str(block),
                )
            )
        given.append(str(block))
    return given


def _offsets(subnet: Subnet) -> range:
    """Where blocks begin that hold none of the subnet's reserved addresses."""
    first = -(-RESERVED_FIRST // SIZE) * SIZE
    return range(first, subnet.prefix.size - SIZE - RESERVED_LAST + 1, SIZE)


def _blocks(subnet: Subnet, start: int) -> Iterator[Prefix]:
    """All of them, beginning at the start-th."""
    offsets = _offsets(subnet)
    for step in range(len(offsets)):
        yield Prefix.of(4, subnet.prefix.base + offsets[(start + step) % len(offsets)], LENGTH)


def _all_free(tx: Tx, subnet: Subnet, block: Prefix) -> bool:
    return all(is_free(tx, subnet, block.address(offset)) for offset in range(SIZE))


def _allocate(tx: Tx, subnet: Subnet) -> Prefix:
    """A free block: of what is reserved for prefixes, else of what is not reserved [EC2UG ec2-prefix-eni].

    The search begins at a random one.
    """
    reserved = tx.by(CidrReservation, "subnet", subnet.id)
    for_prefixes = [one.prefix for one in reserved if one.use == "prefix"]
    start = tx.pick(max(1, len(_offsets(subnet))))
    inside = (block for block in _blocks(subnet, start) if any(one.covers(block) for one in for_prefixes))
    outside = (block for block in _blocks(subnet, start) if not any(one.prefix.overlaps(block) for one in reserved))
    wanted = chain(inside if for_prefixes else (), outside)
    found = next((block for block in wanted if _all_free(tx, subnet, block)), None)
    if found is not None:
        return found
    raise AwsError(
        "InsufficientCidrBlocks",
        "The specified subnet does not have enough free cidr blocks to satisfy the request.",
    )


def _claim(tx: Tx, subnet: Subnet, text: str) -> Prefix:
    """The block that a user named, if it can be had."""
    try:
        block = Prefix.parse(text)
    except ValueError:
        block = None
    if block is None or block.family != 4 or block.length != LENGTH or str(block) != text:
        raise invalid(
            text, "ipv4Prefix", f"Expecting a block of the length /{LENGTH} that begins where such blocks do."
        )
    if not subnet.prefix.covers(block):
        raise AwsError("InvalidParameterValue", f"Prefix {text} does not fall within the subnet's address range")
    if block.base - subnet.prefix.base not in _offsets(subnet):
        raise AwsError("InvalidParameterValue", f"Prefix {text} is in subnet's reserved address range")
    if not _all_free(tx, subnet, block):
        raise AwsError("InvalidIPAddress.InUse", f"Addresses of the specified prefix {text} are already in use.")
    return block


def prefixes_of(tx: Tx, interface: str) -> list[str]:
    """The ENI's blocks, in the order in which it got them."""
    delegated = [address for address in tx.by(PrivateAddress, "interface", interface) if address.prefix]
    return list(dict.fromkeys(address.prefix for address in sorted(delegated, key=lambda one: one.slot)))


def slots_of(tx: Tx, interface: str) -> int:
    """How many of its type's addresses an ENI uses up: a block counts as one."""
    return len({address.slot for address in tx.by(PrivateAddress, "interface", interface)})


def next_slot(tx: Tx, interface: str) -> int:
    """The slot after all that the ENI has."""
    return 1 + max(address.slot for address in tx.by(PrivateAddress, "interface", interface))


def take_back(tx: Tx, interface: NetworkInterface, blocks: Iterable[str]) -> None:
    """Unassign blocks; InvalidParameterValue for one that the ENI does not have."""
    named = list(dict.fromkeys(blocks))
    unknown = [block for block in named if block not in prefixes_of(tx, interface.id)]
    if unknown:
        raise AwsError(
            "InvalidParameterValue",
            f"Some of the specified prefixes are not assigned to interface {interface.id}: {', '.join(unknown)}",
        )
    for address in tx.by(PrivateAddress, "interface", interface.id):
        if address.prefix in named:
            tx.delete(address)
