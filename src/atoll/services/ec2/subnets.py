"""Subnets and their addresses (facts 1-7, 20, 23; the five reserved addresses of section 1)."""

import msgspec

from atoll.model.kinds import (
    CidrReservation,
    NetworkAclAssociation,
    NetworkInterface,
    RouteTableAssociation,
    Subnet,
    Vpc,
)
from atoll.model.regions import REGIONS, Zone
from atoll.model.tx import Tx
from atoll.packet import Prefix
from atoll.protocol import AwsError
from atoll.services.ec2 import addressing, network_acls
from atoll.services.ec2.checks import arn, attribute, exactly_one, invalid, ipv4_block, unbuilt
from atoll.services.ec2.describe import Filters, candidates, describe, text
from atoll.services.ec2.lookup import need
from atoll.services.ec2.tags import on_creation, tags_if_any
from atoll.services.registry import Request, Response, operation

allocate_ip = addressing.allocate_ip
claim_ip = addressing.claim_ip

HOSTNAME_TYPES = ("ip-name", "resource-name")


@operation("CreateSubnet", "VpcId CidrBlock AvailabilityZone AvailabilityZoneId Ipv6Native TagSpecifications")
def create_subnet(tx: Tx, request: Request) -> Response:
    """A subnet in one zone; it gets the VPC's default ACL and follows the main route table."""
    vpc = need(tx, Vpc, request["VpcId"])
    if request.get("Ipv6Native"):
        raise _without_ipv6_block(request)
    if not request.get("CidrBlock"):
        raise AwsError("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
    zone = zone_named(tx, request)
    prefix = _free_block(tx, vpc, request["CidrBlock"])
    check_quota(tx, vpc)
    subnet = Subnet(
        id=tx.new_id("subnet"),
        home=tx.home,
        vpc=vpc.id,
        zone=zone.name,
        prefix=prefix,
        tags=on_creation(tx, request, "subnet"),
    )
    add(tx, subnet)
    return {"Subnet": shown(tx, subnet)}


def _without_ipv6_block(request: Request) -> AwsError:
    """AWS's error for an IPv6-only subnet that names no IPv6 block; here none can be named (fact 18)."""
    if request.get("CidrBlock"):
        return AwsError(
            "InvalidParameterCombination",
            "When specifying ipv4 parameters, cidrBlock or ipv4IpamPoolId, you cannot set ipv6Native to true.",
        )
    return AwsError("MissingParameter", "Either 'ipv6CidrBlock' or 'ipv6IpamPoolId' should be provided.")


def check_quota(tx: Tx, vpc: Vpc) -> None:
    """One subnet more may be made in the VPC."""
    if tx.count(Subnet, "vpc", vpc.id) >= tx.limit("subnets-per-vpc"):
        raise AwsError("SubnetLimitExceeded", "The maximum number of subnets has been reached.")


def add(tx: Tx, subnet: Subnet) -> None:
    """Put a new subnet with its association."""
    tx.put(subnet)
    network_acls.associate_default(tx, subnet)


def _free_block(tx: Tx, vpc: Vpc, named: str) -> Prefix:
    """The block, if it is a subnet's size, inside the VPC and not taken (facts 4, 5)."""
    prefix = ipv4_block(named, "cidrBlock")
    if not 16 <= prefix.length <= 28 or not any(block.prefix.covers(prefix) for block in vpc.blocks):
        raise AwsError("InvalidSubnet.Range", f"The CIDR '{named}' is invalid.")
    if any(other.prefix.overlaps(prefix) for other in tx.by(Subnet, "vpc", vpc.id)):
        raise AwsError("InvalidSubnet.Conflict", f"The CIDR '{named}' conflicts with another subnet")
    return prefix


def zone_named(tx: Tx, request: Request) -> Zone:
    """The zone by name or id (fact 7); the region's first where none is named."""
    zones = REGIONS[tx.region].zones
    name, id_ = request.get("AvailabilityZone"), request.get("AvailabilityZoneId")
    if name and id_:
        raise AwsError(
            "InvalidParameterCombination",
            "The parameter availabilityZone cannot be used with the parameter availabilityZoneId",
        )
    for zone in zones:
        if zone.name == name or zone.id == id_ or not (name or id_):
            return zone
    known = ", ".join(zone.name if name else zone.id for zone in zones)
    raise invalid(
        name or id_,
        "availabilityZone" if name else "availabilityZoneId",
        f"Subnets can currently only be created in the following availability zones: {known}.",
    )


@operation("DeleteSubnet", "SubnetId")
def delete_subnet(tx: Tx, request: Request) -> Response:
    """Refused while an ENI is in it (fact 28)."""
    subnet = need(tx, Subnet, request["SubnetId"])
    if tx.count(NetworkInterface, "subnet", subnet.id):
        raise AwsError("DependencyViolation", f"The subnet '{subnet.id}' has dependencies and cannot be deleted.")
    for kind in (RouteTableAssociation, NetworkAclAssociation, CidrReservation):
        for belonging in tx.by(kind, "subnet", subnet.id):
            tx.delete(belonging)
    tx.delete(subnet)
    return {}


FLAGS = {"MapPublicIpOnLaunch": "map_public_ip", "EnableResourceNameDnsARecordOnLaunch": "resource_name_dns_a"}
ALWAYS_OFF = (
    "AssignIpv6AddressOnCreation", "DisableLniAtDeviceIndex", "EnableDns64", "EnableResourceNameDnsAAAARecordOnLaunch",
    "MapCustomerOwnedIpOnLaunch",
)  # fmt: skip
"""What needs IPv6 or an Outpost: false is the truth here, true is not built."""

HOSTNAME_TYPE = "PrivateDnsHostnameTypeOnLaunch"


@operation("ModifySubnetAttribute", " ".join(("SubnetId", *FLAGS, *ALWAYS_OFF, HOSTNAME_TYPE)))
def modify_subnet_attribute(tx: Tx, request: Request) -> Response:
    """One attribute a call."""
    name = exactly_one(request, (*FLAGS, *ALWAYS_OFF, HOSTNAME_TYPE))
    subnet = need(tx, Subnet, request["SubnetId"])
    if name == HOSTNAME_TYPE:
        hostname_type = request[name]
        if hostname_type not in HOSTNAME_TYPES:
            raise invalid(hostname_type, "privateDnsHostnameTypeOnLaunch", "Specify ip-name or resource-name.")
        tx.put(msgspec.structs.replace(subnet, hostname_type=hostname_type))
    elif name in FLAGS:
        tx.put(msgspec.structs.replace(subnet, **{FLAGS[name]: attribute(request, name)}))
    elif attribute(request, name):
        raise unbuilt(f"{name}=true")
    return {}


def zone_id(subnet: Subnet) -> str:
    """The id of its zone: use1-az6."""
    return next(zone.id for zone in REGIONS[subnet.region].zones if zone.name == subnet.zone)


FILTERS: Filters[Subnet] = {
    "availability-zone": lambda _tx, subnet: [subnet.zone],
    "availability-zone-id": lambda _tx, subnet: [zone_id(subnet)],
    "available-ip-address-count": lambda tx, subnet: [str(addressing.available(tx, subnet))],
    "cidr-block": lambda _tx, subnet: [str(subnet.prefix)],
    "customer-owned-ipv4-pool": lambda _tx, _subnet: [],
    "default-for-az": lambda _tx, subnet: [text(subnet.default_for_az)],
    "enable-dns64": lambda _tx, _subnet: ["false"],
    "enable-lni-at-device-index": lambda _tx, _subnet: [],
    "ipv6-cidr-block-association.association-id": lambda _tx, _subnet: [],
    "ipv6-cidr-block-association.ipv6-cidr-block": lambda _tx, _subnet: [],
    "ipv6-cidr-block-association.state": lambda _tx, _subnet: [],
    "ipv6-native": lambda _tx, _subnet: ["false"],
    "map-customer-owned-ip-on-launch": lambda _tx, _subnet: ["false"],
    "map-public-ip-on-launch": lambda _tx, subnet: [text(subnet.map_public_ip)],
    "outpost-arn": lambda _tx, _subnet: [],
    "owner-id": lambda _tx, subnet: [subnet.account],
    "private-dns-name-options-on-launch.enable-resource-name-dns-a-record": lambda _tx, subnet: [
        text(subnet.resource_name_dns_a)
    ],
    "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record": lambda _tx, _subnet: ["false"],
    "private-dns-name-options-on-launch.hostname-type": lambda _tx, subnet: [subnet.hostname_type],
    "state": lambda _tx, subnet: [subnet.state],
    "subnet-arn": lambda _tx, subnet: [arn(subnet, subnet.id)],
    "subnet-id": lambda _tx, subnet: [subnet.id],
    "vpc-id": lambda _tx, subnet: [subnet.vpc],
}
ALIASES = {
    "availabilityZone": "availability-zone",
    "availabilityZoneId": "availability-zone-id",
    "cidr": "cidr-block",
    "cidrBlock": "cidr-block",
    "defaultForAz": "default-for-az",
}
FILTERS = {**FILTERS, **{alias: FILTERS[name] for alias, name in ALIASES.items()}}


@operation("DescribeSubnets", "SubnetIds Filters MaxResults NextToken")
def describe_subnets(tx: Tx, request: Request) -> Response:
    """The subnets of this region."""
    found = candidates(tx, Subnet, request, "SubnetIds", {"subnet-id": "id", "vpc-id": "vpc"})
    return describe(tx, request, found, FILTERS, "Subnets", _described)


def _described(tx: Tx, subnet: Subnet) -> Response:
    return shown(tx, subnet) | {"BlockPublicAccessStates": {"InternetGatewayBlockMode": "off"}}


def shown(tx: Tx, subnet: Subnet) -> Response:
    """As CreateSubnet shows it (fact 20)."""
    return {
        "AvailabilityZoneId": zone_id(subnet),
        "MapCustomerOwnedIpOnLaunch": False,
        "OwnerId": subnet.account,
        "AssignIpv6AddressOnCreation": False,
        "Ipv6CidrBlockAssociationSet": [],
        "Tags": tags_if_any(subnet),
        "SubnetArn": arn(subnet, subnet.id),
        "EnableDns64": False,
        "Ipv6Native": False,
        "PrivateDnsNameOptionsOnLaunch": {
            "HostnameType": subnet.hostname_type,
            "EnableResourceNameDnsARecord": subnet.resource_name_dns_a,
            "EnableResourceNameDnsAAAARecord": False,
        },
        "SubnetId": subnet.id,
        "State": subnet.state,
        "VpcId": subnet.vpc,
        "CidrBlock": str(subnet.prefix),
        "AvailableIpAddressCount": addressing.available(tx, subnet),
        "AvailabilityZone": subnet.zone,
        "DefaultForAz": subnet.default_for_az,
        "MapPublicIpOnLaunch": subnet.map_public_ip,
    }
