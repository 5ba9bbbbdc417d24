"""What becomes of NAT gateways and of their addresses, by the engine's clock (facts 89-91).

pending: available or failed; deleting: deleted; failed and deleted: forgotten after an hour. Of an available one:
addresses that come, and those that have drained.
"""

from collections.abc import Callable, Container, Mapping, Sequence

from msgspec.structs import replace

from atoll.model.kinds import (
    ElasticIp,
    InternetGateway,
    NatGateway,
    NatGatewayAddress,
    NetworkInterface,
    PrivateAddress,
    Subnet,
)
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.ec2 import addressing
from atoll.services.ec2.address_associations import bind
from atoll.services.ec2.interface_making import check_quota, end_interface, free_mac, give_address, unbind
from atoll.services.ec2.nat_gateways import PUBLIC, addresses_of

STAYS = 3600.0
"""Seconds for which a failed or deleted gateway is still described (fact 89)."""

DRAIN_LOOK = 5.0
"""Seconds between looks at the connections of an address that drains."""

COMING = ("associating", "assigning")
GOING = ("disassociating", "unassigning")


def on_due(tx: Tx, gateway_id: str, held: Container[str] = ()) -> None:
    """The engine's entry: the gateway's time has come. Nothing happens when it has been there already.

    `held`: its private addresses that connections have.
    """
    gateway = tx.get(NatGateway, gateway_id)
    if gateway is None or gateway.due is None or gateway.due > tx.now:
        return
    if gateway.state == "available":
        _settle(tx, gateway, held)
    else:
        STEPS[gateway.state](tx, gateway)


def _open(tx: Tx, gateway: NatGateway) -> None:
    """Available, if its subnet and its Elastic IPs are as they must be; else failed, with AWS's reason."""
    addresses = addresses_of(tx, gateway)
    try:
        subnet = _subnet(tx, gateway)
        check_quota(tx)
        _check(tx, gateway, subnet, addresses)
        named = [address.private_ip for address in addresses]
        primary_ip = named[0] or addressing.allocate_ip(tx, subnet, but=named)
    except AwsError as error:
        _fail(tx, gateway, error)
        return
    interface = NetworkInterface(
        home=gateway.home,
        id=tx.new_id("eni"),
        nat_gateway=gateway.id,
        vpc=gateway.vpc,
        subnet=gateway.subnet,
        zone=gateway.zone,
        mac=free_mac(tx),
        groups=(),
        description=f"Interface for NAT Gateway {gateway.id}",
        source_dest_check=False,
        status="in-use",
        primary_ip=primary_ip,
    )
    tx.put(interface)
    tx.put(replace(gateway, state="available", interface=interface.id, due=None))
    for address in addresses:
        _give(tx, interface, subnet, replace(address, private_ip=primary_ip) if address.primary else address)


def _subnet(tx: Tx, gateway: NatGateway) -> Subnet:
    subnet = tx.get(Subnet, gateway.subnet)
    if subnet is None:
        raise AwsError(
            "InvalidSubnetID.NotFound",
            f"The specified subnet {gateway.subnet} does not exist or could not be found.",
        )
    return subnet


def _check(tx: Tx, gateway: NatGateway, subnet: Subnet, coming: Sequence[NatGatewayAddress]) -> None:
    """What may be wrong with addresses that a gateway is to get (fact 90)."""
    if gateway.connectivity == PUBLIC and not tx.count(InternetGateway, "vpc", gateway.vpc):
        raise AwsError("Gateway.NotAttached", f"Network {gateway.vpc} has no Internet gateway attached")
    for address in coming:
        _check_elastic(tx, address)
        if address.private_ip and not addressing.is_free(tx, subnet, address.private_ip):
            raise AwsError("InvalidIPAddress.InUse", f"The specified address {address.private_ip} is already in use.")
    named = sum(bool(address.private_ip) for address in coming)
    if addressing.assignable(tx, subnet) < len(coming) - named or addressing.available(tx, subnet) < len(coming):
        raise AwsError(
            "InsufficientFreeAddressesInSubnet", "Subnet has insufficient free addresses to create this NAT gateway"
        )


def _check_elastic(tx: Tx, address: NatGatewayAddress) -> None:
    if address.allocation is None:
        return
    elastic = tx.get(ElasticIp, address.allocation)
    if elastic is None or elastic.home != address.home:
        raise AwsError(
            "InvalidAllocationID.NotFound",
            f"Elastic IP address {address.allocation} could not be associated with this NAT gateway",
        )
    if elastic.association_id is not None:
        raise AwsError("Resource.AlreadyAssociated", f"Elastic IP address {elastic.id} is already associated")


def _fail(tx: Tx, gateway: NatGateway, error: AwsError) -> None:
    tx.put(
        replace(
            gateway,
            state="failed",
            failure_code=error.code,
            failure_message=error.message,
            deleted=tx.time,
            due=tx.now + STAYS,
        )
    )
    for address in addresses_of(tx, gateway):
        tx.put(replace(address, status="failed", failure_message=error.message, due=None))


def _give(tx: Tx, interface: NetworkInterface, subnet: Subnet, address: NatGatewayAddress) -> None:
    """The address becomes the ENI's, and its Elastic IP the address's."""
    ip = address.private_ip or addressing.allocate_ip(tx, subnet)
    give_address(tx, interface, ip, int(address.slot))
    association = None
    elastic = tx.get(ElasticIp, address.allocation) if address.allocation else None
    held = tx.get(PrivateAddress, subnet.id, ip)
    if elastic is not None and held is not None:
        association = bind(tx, elastic, interface, held)
    tx.put(replace(address, private_ip=ip, association_id=association, status="succeeded", due=None))


def _end(tx: Tx, gateway: NatGateway) -> None:
    """Deleted: its ENI is gone, its Elastic IPs are free; it is described for a while yet."""
    interface = tx.get(NetworkInterface, gateway.interface) if gateway.interface else None
    if interface is not None:
        end_interface(tx, interface)
    tx.put(replace(gateway, state="deleted", deleted=tx.time, due=tx.now + STAYS))


def _forget(tx: Tx, gateway: NatGateway) -> None:
    for address in addresses_of(tx, gateway):
        tx.delete(address)
    tx.delete(gateway)


def _settle(tx: Tx, gateway: NatGateway, held: Container[str]) -> None:
    """Addresses of an available gateway: those that come, and those that have drained."""
    interface = tx.get(NetworkInterface, gateway.interface) if gateway.interface else None
    assert interface is not None, gateway
    subnet = _subnet(tx, gateway)
    for address in addresses_of(tx, gateway):
        if address.due is None or address.due > tx.now:
            continue
        if address.status in COMING:
            _come(tx, gateway, interface, subnet, address)
        elif address.status in GOING:
            _drain(tx, interface, address, held)
        else:
            tx.delete(address)  # one that failed has been described long enough
    plan_next(tx, gateway)


def _come(tx: Tx, gateway: NatGateway, interface: NetworkInterface, subnet: Subnet, address: NatGatewayAddress) -> None:
    try:
        _check(tx, gateway, subnet, [address])
    except AwsError as error:
        tx.put(replace(address, status="failed", failure_message=error.message, due=tx.now + STAYS))
        return
    _give(tx, interface, subnet, address)


def _drain(tx: Tx, interface: NetworkInterface, address: NatGatewayAddress, held: Container[str]) -> None:
    """It leaves when no connection has it any more, or when its time is over."""
    if address.until is not None and address.until > tx.now and address.private_ip in held:
        tx.put(replace(address, due=min(address.until, tx.now + DRAIN_LOOK)))
    else:
        _take(tx, interface, address)


def _take(tx: Tx, interface: NetworkInterface, address: NatGatewayAddress) -> None:
    """The address leaves the gateway; its Elastic IP stays allocated."""
    elastic = tx.get(ElasticIp, address.allocation) if address.allocation else None
    if elastic is not None and elastic.interface == interface.id:
        unbind(tx, elastic)
    held = tx.get(PrivateAddress, interface.subnet, address.private_ip)
    if held is not None and held.interface == interface.id:
        tx.delete(held)
    tx.delete(address)


def plan_next(tx: Tx, gateway: NatGateway) -> None:
    """Note when one of its addresses is due next."""
    times = [one.due for one in addresses_of(tx, gateway) if one.due is not None]
    tx.put(replace(gateway, due=min(times, default=None)))


# Of one that is available, addresses come and go (`_settle`).
STEPS: Mapping[str, Callable[[Tx, NatGateway], None]] = {
    "pending": _open,
    "deleting": _end,
    "failed": _forget,
    "deleted": _forget,
}
