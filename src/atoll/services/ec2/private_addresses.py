"""Secondary private addresses: assign and unassign."""

from msgspec.structs import replace

from atoll.model.kinds import Instance, NetworkInterface, PrivateAddress, Subnet
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2 import prefixes, subnets
from atoll.services.ec2.instance_types import MOST_ADDRESSES, limits
from atoll.services.ec2.interface_making import give_address, unbind
from atoll.services.ec2.lookup import need_unmanaged
from atoll.services.ec2.public_addresses import addresses_of, elastic_ip_of
from atoll.services.registry import Request, Response, operation


@operation(
    "AssignPrivateIpAddresses",
    "NetworkInterfaceId PrivateIpAddresses SecondaryPrivateIpAddressCount AllowReassignment Ipv4Prefixes "
    "Ipv4PrefixCount",
)
def assign_private_ip_addresses(tx: Tx, request: Request) -> Response:
    """By name or by number; all or nothing (fact 53)."""
    interface = need_unmanaged(tx, request["NetworkInterfaceId"])
    blocks, block_count = prefixes.asked_prefixes(request)
    if blocks or block_count:
        return _delegate(tx, interface, blocks, block_count)
    named, count = list(dict.fromkeys(request.get("PrivateIpAddresses") or ())), _count(request)
    if bool(named) == bool(count):
        raise AwsError(
            "InvalidParameterCombination",
            "Exactly one of privateIpAddresses and secondaryPrivateIpAddressCount must be specified, or of "
            "ipv4Prefixes and ipv4PrefixCount.",
        )
    held = addresses_of(tx, interface.id)
    added = [ip for ip in named if ip not in {address.ip for address in held}]
    check_limit(tx, interface, prefixes.slots_of(tx, interface.id) + len(added) + count)
    subnet = _subnet(tx, interface)
    slot = prefixes.next_slot(tx, interface.id)
    assigned = [
        _take_over(tx, interface, subnet, ip, slot + offset, allowed=bool(request.get("AllowReassignment")))
        for offset, ip in enumerate(added)
    ]
    for offset in range(count):
        ip = subnets.allocate_ip(tx, subnet)
        give_address(tx, interface, ip, slot + offset)
        assigned.append(ip)
    return {
        "NetworkInterfaceId": interface.id,
        "AssignedPrivateIpAddresses": [{"PrivateIpAddress": ip} for ip in assigned or named],
        "AssignedIpv4Prefixes": [],
    }


def _delegate(tx: Tx, interface: NetworkInterface, named: list[str], count: int) -> Response:
    """Blocks of addresses instead (fact 55)."""
    instance = tx.get(Instance, interface.instance) if interface.instance else None
    if instance is not None:
        prefixes.check_nitro(instance.type)
    check_limit(tx, interface, prefixes.slots_of(tx, interface.id) + len(named) + count)
    slot = prefixes.next_slot(tx, interface.id)
    given = prefixes.delegate(tx, interface, _subnet(tx, interface), named, count, slot)
    return {
        "NetworkInterfaceId": interface.id,
        "AssignedPrivateIpAddresses": [],
        "AssignedIpv4Prefixes": [{"Ipv4Prefix": block} for block in given],
    }


def _count(request: Request) -> int:
    count: int = request.get("SecondaryPrivateIpAddressCount") or 0
    if count < 0:
        raise AwsError(
            "InvalidParameterValue", f"Value ({count}) for parameter secondaryPrivateIpAddressCount is invalid."
        )
    return count


def check_limit(tx: Tx, interface: NetworkInterface, count: int) -> None:
    """Whether the ENI may have so many private addresses: its instance's type says, or the largest type."""
    instance = tx.get(Instance, interface.instance) if interface.instance else None
    if count > (limits(instance.type).addresses if instance else MOST_ADDRESSES):
        raise limit_exceeded(interface.id)


def limit_exceeded(interface: str) -> AwsError:
    """More addresses than the type allows on one ENI."""
    return AwsError("PrivateIpAddressLimitExceeded", f"{interface}: Number of private addresses will exceed limit.")


def _subnet(tx: Tx, interface: NetworkInterface) -> Subnet:
    subnet = tx.get(Subnet, interface.subnet)
    assert subnet is not None  # a subnet with an ENI cannot be deleted
    return subnet


def _take_over(tx: Tx, interface: NetworkInterface, subnet: Subnet, ip: str, slot: int, *, allowed: bool) -> str:
    """Give the ENI a named address; one of another ENI moves, with its Elastic IP, if `allowed`."""
    owned = tx.get(PrivateAddress, subnet.id, ip)
    if owned is None:
        free = subnets.claim_ip(tx, subnet, ip)
        give_address(tx, interface, free, slot)
        return free
    if owned.prefix:
        raise AwsError(
            "InvalidParameterValue", f"[{ip}] is in the prefix {owned.prefix} of network interface {owned.interface}."
        )
    if not allowed or owned.primary:
        raise AwsError(
            "Resource.AlreadyAssigned" if owned.primary is False else "InvalidParameterValue",
            f"[{ip}] have already been assigned to network interface {owned.interface}, but cannot be reassigned "
            + ("since it is a primary address" if owned.primary else "because move is not allowed"),
        )
    give_address(tx, interface, ip, slot)
    elastic = elastic_ip_of(tx, owned.interface, ip)
    if elastic is not None:
        tx.put(replace(elastic, interface=interface.id))
    return ip


@operation("UnassignPrivateIpAddresses", "NetworkInterfaceId PrivateIpAddresses Ipv4Prefixes")
def unassign_private_ip_addresses(tx: Tx, request: Request) -> Response:
    """Their Elastic IPs lose their associations; the primary address stays for life (facts 53, 54)."""
    interface = need_unmanaged(tx, request["NetworkInterfaceId"])
    named = list(dict.fromkeys(request.get("PrivateIpAddresses") or ()))
    blocks = request.get("Ipv4Prefixes") or ()
    if not named and not blocks:
        raise AwsError("MissingParameter", "The request must contain the parameter privateIpAddress")
    prefixes.take_back(tx, interface, blocks)
    held = {address.ip: address for address in addresses_of(tx, interface.id)}
    unknown = [ip for ip in named if ip not in held]
    if unknown:
        raise AwsError(
            "InvalidParameterValue",
            f"Some of the specified addresses are not assigned to interface {interface.id}: {', '.join(unknown)}",
        )
    if interface.primary_ip in named:
        raise AwsError(
            "InvalidParameterValue",
            f"The primary IP address of an interface cannot be unassigned: {interface.primary_ip}",
        )
    for ip in named:
        elastic = elastic_ip_of(tx, interface.id, ip)
        if elastic is not None:
            unbind(tx, elastic)
        tx.delete(held[ip])
    return {}
