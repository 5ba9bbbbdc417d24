"""Which private address an Elastic IP is on: associate and disassociate (facts 61-67)."""

from msgspec.structs import replace

from atoll.model.kinds import ElasticIp, Instance, InternetGateway, NetworkInterface, PrivateAddress
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2 import public_addresses
from atoll.services.ec2.interface_making import unbind
from atoll.services.ec2.lookup import NOT_YOURS, need, need_unmanaged
from atoll.services.ec2.public_addresses import elastic_ip_of
from atoll.services.registry import Request, Response, operation

ENDING = frozenset({"shutting-down", "terminated"})


@operation(
    "AssociateAddress", "AllocationId InstanceId PublicIp NetworkInterfaceId PrivateIpAddress AllowReassociation"
)
def associate_address(tx: Tx, request: Request) -> Response:
    """Moves the address unless that is forbidden; repeating the call changes nothing (facts 62, 63)."""
    elastic = _elastic(tx, request)
    interface = _target(tx, request)
    _refuse_managed(tx, elastic)
    address = _address(tx, interface, request.get("PrivateIpAddress"))
    if not tx.count(InternetGateway, "vpc", interface.vpc):
        raise AwsError("Gateway.NotAttached", f"Network {interface.vpc} is not attached to any internet gateway")
    if elastic.association_id and (elastic.interface, elastic.private_ip) == (interface.id, address.ip):
        return {"AssociationId": elastic.association_id}
    if elastic.association_id and request.get("AllowReassociation") is False:
        raise AwsError(
            "Resource.AlreadyAssociated",
            f"resource {elastic.id} is already associated with associate-id {elastic.association_id}",
        )
    return {"AssociationId": bind(tx, elastic, interface, address)}


def bind(tx: Tx, elastic: ElasticIp, interface: NetworkInterface, address: PrivateAddress) -> str:
    """Put the Elastic IP on the address. What was there before stays allocated; where it was loses it."""
    before = elastic_ip_of(tx, interface.id, address.ip)
    if before is not None:
        unbind(tx, before)
    association = tx.new_id("eipassoc")
    tx.put(
        replace(
            elastic,
            association_id=association,
            last_association_id=elastic.association_id or elastic.last_association_id,
            interface=interface.id,
            private_ip=address.ip,
        )
    )
    if address.primary:
        public_addresses.release(tx, interface)
    _grant_again(tx, elastic)
    return association


def _grant_again(tx: Tx, left: ElasticIp) -> None:
    """Where an Elastic IP has left a primary address, an automatic one may come back (fact 72).

    `left`: the Elastic IP as it was before.
    """
    interface = tx.get(NetworkInterface, left.interface) if left.interface else None
    if interface is not None and interface.primary_ip == left.private_ip:
        public_addresses.grant(tx, interface)


def _elastic(tx: Tx, request: Request) -> ElasticIp:
    if request.get("AllocationId") and request.get("PublicIp"):
        raise AwsError("InvalidParameterCombination", "You may specify public IP or allocation id, but not both.")
    if request.get("PublicIp"):
        raise AwsError(
            "InvalidParameterCombination", "You must specify an allocation id when mapping an address to a VPC instance"
        )
    if not request.get("AllocationId"):
        raise AwsError("MissingParameter", "Either public IP or allocation id must be specified")
    return need(tx, ElasticIp, request["AllocationId"])


def _target(tx: Tx, request: Request) -> NetworkInterface:
    """The ENI, named itself or by its instance. A pending instance will do: it is pending for a moment only."""
    if request.get("InstanceId") and request.get("NetworkInterfaceId"):
        raise AwsError(
            "InvalidParameterCombination", "You may specify instance ID or network interface ID, but not both."
        )
    if request.get("NetworkInterfaceId"):
        return need_unmanaged(tx, request["NetworkInterfaceId"])
    if not request.get("InstanceId"):
        raise AwsError("MissingParameter", "Either instance ID or network interface ID must be specified")
    instance = need(tx, Instance, request["InstanceId"])
    if instance.state in ENDING:
        raise AwsError(
            "InvalidInstanceID",
            f"The {instance.state} instance '{instance.id}' is not in a valid state for this operation.",
        )
    return sole_interface(tx, instance)


def sole_interface(tx: Tx, instance: Instance) -> NetworkInterface:
    """The instance's ENI, if it has exactly one (fact 52)."""
    interfaces = tx.by(NetworkInterface, "instance", instance.id)
    if len(interfaces) != 1:
        raise AwsError(
            "InvalidInstanceID",
            f"There are multiple interfaces attached to instance '{instance.id}'. "
            "Please specify an interface ID for the operation instead.",
        )
    return interfaces[0]


def _refuse_managed(tx: Tx, elastic: ElasticIp) -> None:
    """An Elastic IP of what a service manages is moved and taken by that service alone."""
    holder = tx.get(NetworkInterface, elastic.interface) if elastic.interface else None
    if holder is not None and holder.managed:
        raise NOT_YOURS


def _address(tx: Tx, interface: NetworkInterface, named: str | None) -> PrivateAddress:
    address = tx.get(PrivateAddress, interface.subnet, named or interface.primary_ip)
    if address is None or address.interface != interface.id or address.prefix:
        raise AwsError(
            "InvalidParameterValue",
            f"The private IP address {named} is not assigned to network interface {interface.id}.",
        )
    return address


@operation("DisassociateAddress", "AssociationId PublicIp")
def disassociate_address(tx: Tx, request: Request) -> Response:
    """By association id; the address stays allocated (fact 67)."""
    named = public_addresses.by_id(
        request, "AssociationId", "association id", "unmapping an address from a VPC instance"
    )
    elastic = tx.only(ElasticIp, "association_id", named)
    if elastic is None or elastic.home != tx.home:
        ended = tx.only(ElasticIp, "last_association_id", named)
        if ended is not None and ended.home == tx.home:
            return {}
        raise AwsError("InvalidAssociationID.NotFound", f"The association ID '{named}' does not exist")
    _refuse_managed(tx, elastic)
    unbind(tx, elastic)
    _grant_again(tx, elastic)
    return {}
