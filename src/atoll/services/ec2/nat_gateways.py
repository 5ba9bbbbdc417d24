"""NAT gateways (facts 83-92): create, delete, describe. What follows from a call comes in nat_gateway_states.py."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from atoll.model.kinds import ElasticIp, NatGateway, NatGatewayAddress, Subnet
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.ec2 import addressing
from atoll.services.ec2.checks import invalid, missing, unbuilt
from atoll.services.ec2.describe import Filters, candidates, describe
from atoll.services.ec2.lookup import need
from atoll.services.ec2.tags import on_creation, tags_of
from atoll.services.registry import Request, Response, operation

PUBLIC, PRIVATE = "public", "private"


@operation(
    "CreateNatGateway",
    "AvailabilityMode AllocationId ClientToken SubnetId TagSpecifications ConnectivityType PrivateIpAddress "
    "SecondaryAllocationIds SecondaryPrivateIpAddresses SecondaryPrivateIpAddressCount",
)
def create_nat_gateway(tx: Tx, request: Request) -> Response:
    """A pending gateway. What its subnet and its addresses are like is looked at later, and may fail it (fact 90)."""
    if (request.get("AvailabilityMode") or "zonal") != "zonal":
        raise unbuilt(f"AvailabilityMode={request['AvailabilityMode']}")
    connectivity = request.get("ConnectivityType") or PUBLIC
    if connectivity not in (PUBLIC, PRIVATE):
        raise invalid(connectivity, "connectivityType", f"Expecting {PUBLIC} or {PRIVATE}.")
    if not request.get("SubnetId"):
        raise missing("subnetId")
    subnet = need(tx, Subnet, request["SubnetId"])
    asked = _asked(tx, request, subnet, connectivity)
    place = f"{tx.home}/{subnet.zone}"
    most = tx.limit("nat-gateways-per-zone")
    if tx.count(NatGateway, "place", place) >= most:
        raise AwsError(
            "NatGatewayLimitExceeded", f"Performing this operation would exceed the limit of {most} NAT gateways"
        )
    gateway = NatGateway(
        home=tx.home,
        id=tx.new_id("nat"),
        tags=on_creation(tx, request, "natgateway"),
        vpc=subnet.vpc,
        subnet=subnet.id,
        zone=subnet.zone,
        connectivity=connectivity,
        created=tx.time,
        due=tx.now,
    )
    tx.put(gateway)
    for slot, (allocation, ip) in enumerate(asked):
        tx.put(new_address(tx, gateway, slot, allocation, ip))
    answer: Response = {"NatGateway": shown(tx, gateway)}
    return answer | ({"ClientToken": request["ClientToken"]} if request.get("ClientToken") else {})


def new_address(tx: Tx, gateway: NatGateway, slot: int, allocation: str | None, ip: str) -> NatGatewayAddress:
    """An address that the gateway is to get; `ip` is empty where it may be any."""
    return NatGatewayAddress(
        home=gateway.home,
        gateway=gateway.id,
        slot=str(slot),
        allocation=allocation,
        private_ip=ip,
        status="associating" if allocation else "assigning",
        due=tx.now,
    )


def _asked(tx: Tx, request: Request, subnet: Subnet, connectivity: str) -> list[tuple[str | None, str]]:
    """Elastic IP and private address of each slot, the primary one first; checked as far as AWS does at once."""
    ips = [claimed(tx, subnet, ip) for ip in request.get("SecondaryPrivateIpAddresses") or ()]
    primary = claimed(tx, subnet, request["PrivateIpAddress"]) if request.get("PrivateIpAddress") else ""
    if len({primary, *ips}) < 1 + len(ips):
        raise AwsError("InvalidParameterValue", "A private IP address is named more than once.")
    count = request.get("SecondaryPrivateIpAddressCount")
    if connectivity == PUBLIC:
        if not request.get("AllocationId"):
            raise missing("AllocationId")
        if count is not None:
            raise AwsError(
                "InvalidParameterCombination",
                "The parameter secondaryPrivateIpAddressCount is for private NAT gateways alone.",
            )
        allocations = [request["AllocationId"], *(request.get("SecondaryAllocationIds") or ())]
        _refuse_repeated(allocations)
        return [(allocations[0], primary), *paired(tx, allocations[1:], ips, before=1)]
    for name in ("AllocationId", "SecondaryAllocationIds"):
        if request.get(name):
            raise AwsError(
                "InvalidParameterCombination", f"The parameter {name} cannot be used with a private NAT gateway."
            )
    return [(None, primary), *chosen(tx, ips, count, before=1)]


def paired(tx: Tx, allocations: Sequence[str], ips: Sequence[str], *, before: int) -> list[tuple[str | None, str]]:
    """Elastic IPs with the private addresses that are named for them, if any are. `before`: how many there are."""
    if ips and len(ips) != len(allocations):
        raise AwsError(
            "InvalidParameterCombination", "Name as many private IP addresses as allocation IDs, or none of them."
        )
    _refuse_repeated(allocations)
    for allocation in allocations:
        need(tx, ElasticIp, allocation)
    _check_number(tx, "elastic-ips-per-nat-gateway", before + len(allocations))
    return [(one, ips[number] if ips else "") for number, one in enumerate(allocations)]


def _refuse_repeated(allocations: Sequence[str]) -> None:
    if len(set(allocations)) != len(allocations):
        raise AwsError("InvalidParameterValue", "An allocation ID is named more than once.")


def chosen(tx: Tx, ips: Sequence[str], count: int | None, *, before: int) -> list[tuple[str | None, str]]:
    """Private addresses, by name or as many as are asked for."""
    if ips and count is not None:
        raise AwsError(
            "InvalidParameterCombination", "You may name private IP addresses or say how many, but not both."
        )
    if count is not None and count < 1:
        raise invalid(count, "privateIpAddressCount", "Expecting a positive number.")
    found: list[tuple[str | None, str]] = [(None, ip) for ip in ips or [""] * (count or 0)]
    _check_number(tx, "private-ips-per-nat-gateway", before + len(found))
    return found


def _check_number(tx: Tx, quota: str, count: int) -> None:
    if count > tx.limit(quota):
        raise AwsError(
            "PrivateIpAddressLimitExceeded" if quota.startswith("private") else "AddressLimitExceeded",
            f"A NAT gateway can have {tx.limit(quota)} of these addresses.",
        )


def claimed(tx: Tx, subnet: Subnet, ip: str) -> str:
    """The private address that a user named, if it can be had now."""
    return addressing.claim_ip(tx, subnet, ip)


@operation("DeleteNatGateway", "NatGatewayId")
def delete_nat_gateway(tx: Tx, request: Request) -> Response:
    """It stops working at once; routes to it stay, as blackholes, and its Elastic IPs stay allocated (fact 91)."""
    gateway = need(tx, NatGateway, request["NatGatewayId"])
    if gateway.state in ("pending", "available"):
        tx.put(replace(gateway, state="deleting", due=tx.now))
    return {"NatGatewayId": gateway.id}


FILTERS: Filters[NatGateway] = {
    "nat-gateway-id": lambda _tx, gateway: [gateway.id],
    "state": lambda _tx, gateway: [gateway.state],
    "subnet-id": lambda _tx, gateway: [gateway.subnet],
    "vpc-id": lambda _tx, gateway: [gateway.vpc],
}


@operation("DescribeNatGateways", "NatGatewayIds Filter MaxResults NextToken")
def describe_nat_gateways(tx: Tx, request: Request) -> Response:
    """Those that failed or were deleted stay for an hour (fact 89)."""
    asked = {**request, "Filters": request.get("Filter")}
    indexed = {"nat-gateway-id": "id", "vpc-id": "vpc", "subnet-id": "subnet"}
    found = candidates(tx, NatGateway, asked, "NatGatewayIds", indexed)
    return describe(tx, asked, found, FILTERS, "NatGateways", shown)


def addresses_of(tx: Tx, gateway: NatGateway) -> list[NatGatewayAddress]:
    """Its addresses, the primary one first."""
    return sorted(tx.by(NatGatewayAddress, "gateway", gateway.id), key=lambda one: int(one.slot))


def shown(tx: Tx, gateway: NatGateway) -> dict[str, Any]:
    """As Describe shows it."""
    failed = {"FailureCode": gateway.failure_code, "FailureMessage": gateway.failure_message}
    return {
        "AvailabilityMode": "zonal",
        "ConnectivityType": gateway.connectivity,
        "CreateTime": gateway.created,
        **({"DeleteTime": gateway.deleted} if gateway.deleted else {}),
        **(failed if gateway.failure_code else {}),
        "NatGatewayAddresses": [shown_address(tx, gateway, one) for one in addresses_of(tx, gateway)],
        "NatGatewayId": gateway.id,
        "State": gateway.state,
        "SubnetId": gateway.subnet,
        "Tags": tags_of(gateway),
        "VpcId": gateway.vpc,
    }


def shown_address(tx: Tx, gateway: NatGateway, one: NatGatewayAddress) -> dict[str, Any]:
    """A NatGatewayAddress of the API. It has no private address before the gateway has an ENI."""
    elastic = tx.get(ElasticIp, one.allocation) if one.allocation else None
    has = gateway.interface is not None and bool(one.private_ip)
    return {
        "AllocationId": one.allocation,
        "AssociationId": one.association_id,
        "FailureMessage": one.failure_message or None,
        "IsPrimary": one.primary,
        "NetworkInterfaceId": gateway.interface if has else None,
        "PrivateIp": one.private_ip if has else None,
        "PublicIp": elastic.public_ip if elastic and one.association_id else None,
        "Status": one.status,
    }
