"""What a route may lead to (facts 102, 103, 105, 109, 110, 112): from the parameters of a request to a target."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from atoll.model.kinds import (
    Instance,
    InternetGateway,
    NatGateway,
    NetworkInterface,
    RouteTable,
    RouteTableAssociation,
    Subnet,
    Vpc,
    VpcRoute,
)
from atoll.model.machines import POWERED
from atoll.model.tx import Tx
from atoll.packet import Prefix
from atoll.protocol import AwsError
from atoll.services.ec2.checks import exactly_one
from atoll.services.ec2.lookup import need, need_unmanaged
from atoll.services.registry import Request

UNKNOWN: Mapping[str, tuple[str, str]] = {
    "TransitGatewayId": ("InvalidTransitGatewayID.NotFound", "transitGateway ID"),
    "VpcPeeringConnectionId": ("InvalidVpcPeeringConnectionID.NotFound", "vpcPeeringConnection ID"),
    "EgressOnlyInternetGatewayId": ("InvalidGatewayID.NotFound", "eigw ID"),
    "VpcEndpointId": ("InvalidVpcEndpointId.NotFound", "vpcEndpoint ID"),
    "CarrierGatewayId": ("InvalidCarrierGatewayID.NotFound", "carrierGateway ID"),
    "LocalGatewayId": ("InvalidLocalGatewayID.NotFound", "localGateway ID"),
    "CoreNetworkArn": ("InvalidCoreNetworkArn.NotFound", "core network ARN"),
    "OdbNetworkArn": ("InvalidOdbNetworkArn.NotFound", "ODB network ARN"),
}
"""Kinds of targets that nothing here can make yet: whatever is named does not exist."""

TARGETS = ("GatewayId", "InstanceId", "NetworkInterfaceId", "NatGatewayId", *UNKNOWN)


ROUTABLE = frozenset({"pending", "available"})
"""States of a NAT gateway in which a route to it is active (fact 91)."""


class Target(NamedTuple):
    """Where a route leads: an internet gateway, a NAT gateway, or an ENI, which may have been named by its instance."""

    id: str
    instance: str | None = None

    @property
    def is_gateway(self) -> bool:
        """Whether it leads out of the VPC."""
        return self.id.startswith("igw-")

    @property
    def is_nat(self) -> bool:
        """Whether it leads to a NAT gateway."""
        return self.id.startswith("nat-")


def state(tx: Tx, route: VpcRoute) -> str:
    """ "active", or "blackhole" while its target cannot forward: detached, deleted, or not powered (fact 102)."""
    gateway = tx.get(InternetGateway, route.target)
    if gateway is not None:
        table = tx.get(RouteTable, route.route_table)
        return "active" if table is not None and gateway.vpc == table.vpc else "blackhole"
    nat = tx.get(NatGateway, route.target)
    if nat is not None:
        return "active" if nat.state in ROUTABLE else "blackhole"
    interface = tx.get(NetworkInterface, route.target)
    instance = tx.get(Instance, interface.instance) if interface is not None and interface.instance else None
    return "active" if instance is not None and instance.state in POWERED else "blackhole"


def target_of(tx: Tx, table: RouteTable, request: Request) -> Target:
    """The one target that a request names: there, and in the table's VPC."""
    name = exactly_one(request, TARGETS)
    if name in UNKNOWN:
        code, noun = UNKNOWN[name]
        raise AwsError(code, f"The {noun} '{request[name]}' does not exist")
    find: Mapping[str, Callable[[Tx, str], tuple[Target, str, str | None]]] = {
        "GatewayId": _gateway,
        "InstanceId": _instance,
        "NetworkInterfaceId": _interface,
        "NatGatewayId": _nat_gateway,
    }
    target, noun, vpc = find[name](tx, request[name])
    if vpc != table.vpc:
        raise AwsError(
            "InvalidParameterValue", f"route table {table.id} and {noun} {target.id} belong to different networks"
        )
    return target


def gateway(tx: Tx, id: str) -> InternetGateway:  # noqa: A002 - AWS's word
    """The gateway of that id, as calls about routing say it; there are no others than internet gateways yet."""
    found = tx.own(InternetGateway, id)
    if found is None:
        raise AwsError("InvalidGatewayID.NotFound", f"The gateway ID '{id}' does not exist")
    return found


def _gateway(tx: Tx, id: str) -> tuple[Target, str, str | None]:  # noqa: A002 - AWS's word
    return Target(id), "network gateway", gateway(tx, id).vpc


def _instance(tx: Tx, id: str) -> tuple[Target, str, str | None]:  # noqa: A002 - AWS's word
    """The instance's one ENI (fact 110)."""
    instance = need(tx, Instance, id)
    interfaces = tx.by(NetworkInterface, "instance", instance.id)
    if not interfaces:
        raise AwsError("IncorrectInstanceState", f"The instance '{id}' has no network interface to route to.")
    if len(interfaces) > 1:
        raise AwsError(
            "InvalidInstanceID",
            f"There are multiple interfaces attached to instance '{id}'. "
            "Please specify an interface ID for the operation instead.",
        )
    return Target(interfaces[0].id, id), "interface", interfaces[0].vpc


def _interface(tx: Tx, id: str) -> tuple[Target, str, str | None]:  # noqa: A002 - AWS's word
    interface = need_unmanaged(tx, id)
    return Target(id), "interface", interface.vpc


def _nat_gateway(tx: Tx, id: str) -> tuple[Target, str, str | None]:  # noqa: A002 - AWS's word
    """One that works or is about to; what is failed or deleted is nothing to route to."""
    found = tx.own(NatGateway, id)
    if found is None or found.state not in ROUTABLE:
        raise AwsError("InvalidNatGatewayID.NotFound", f"The natGateway ID '{id}' does not exist")
    return Target(id), "nat gateway", found.vpc


def blocks(tx: Tx, table: RouteTable) -> list[Prefix]:
    """The destinations of the table's local routes (fact 16)."""
    vpc = tx.get(Vpc, table.vpc)
    assert vpc is not None, table.vpc
    return [block.prefix for block in vpc.blocks]


def check_inside(tx: Tx, table: RouteTable, destination: Prefix, target: Target) -> None:
    """Inside the VPC a route may only lead to an ENI or a NAT gateway, and for a whole subnet at a time (fact 105)."""
    own = blocks(tx, table)
    if not any(block.covers(destination) for block in own):
        return
    if target.is_gateway:
        raise AwsError(
            "InvalidParameterValue",
            f"The destination CIDR block {destination} is equal to or more specific than one of this VPC's CIDR "
            "blocks. This route can target only an interface or an instance.",
        )
    if not _is_whole(tx, table, destination):
        raise AwsError("InvalidParameterValue", "Route destination doesn't match any subnet CIDR blocks.")


def _is_whole(tx: Tx, table: RouteTable, destination: Prefix) -> bool:
    """Whether it is a block of the VPC or of one of its subnets."""
    return destination in blocks(tx, table) or any(
        subnet.prefix == destination for subnet in tx.by(Subnet, "vpc", table.vpc)
    )


def check_edge(tx: Tx, table: RouteTable, destination: Prefix | None, target: Target) -> None:
    """What a gateway's table may hold: whole blocks of the VPC or its subnets, to ENIs, no prefix lists (fact 112)."""
    if target.is_gateway or target.is_nat or destination is None or not _is_whole(tx, table, destination):
        raise AwsError(
            "InvalidParameterValue",
            f"The route table {table.id} serves a gateway: its routes can lead only to network interfaces, and only "
            "to the whole CIDR block of the VPC or of one of its subnets.",
        )


def is_edge(associations: Iterable[RouteTableAssociation]) -> bool:
    """Whether a gateway uses the table."""
    return any(one.gateway is not None for one in associations)
