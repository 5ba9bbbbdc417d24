"""What an ENI looks like in answers, and the filters on it."""

from typing import Any

from atoll.model import names
from atoll.model.kinds import ElasticIp, NetworkInterface, PrivateAddress, SecurityGroup, Vpc
from atoll.model.regions import REGIONS
from atoll.model.tx import Tx
from atoll.services.ec2 import paths
from atoll.services.ec2.connection_tracking import times_of
from atoll.services.ec2.prefixes import prefixes_of
from atoll.services.ec2.public_addresses import addresses_of, elastic_ip_of
from atoll.services.ec2.tags import tags_of

Shape = dict[str, Any]
OWNER = "amazon-aws"
"""Who owns what the ENIs of NAT gateways and of load balancers are attached to."""


def interface_shape(tx: Tx, interface: NetworkInterface) -> Shape:
    """A NetworkInterface of the API."""
    addresses = addresses_of(tx, interface.id)
    named = has_names(tx, interface)
    shown = [address_shape(tx, interface, address, named=named) for address in addresses]
    shape: Shape = {
        "AvailabilityZone": interface.zone,
        "AvailabilityZoneId": zone_id(interface.region, interface.zone),
        "Description": interface.description,
        "Groups": groups_shape(tx, interface.groups),
        "InterfaceType": _type(interface),
        "Ipv6Addresses": [],
        "MacAddress": interface.mac,
        "NetworkInterfaceId": interface.id,
        "OwnerId": interface.account,
        "PrivateIpAddress": interface.primary_ip,
        "PrivateIpAddresses": shown,
        "RequesterManaged": interface.managed,
        "Operator": {"Managed": False},
        "SourceDestCheck": interface.source_dest_check,
        "Status": interface.status,
        "SubnetId": interface.subnet,
        "TagSet": tags_of(interface),
        "VpcId": interface.vpc,
    }
    times = times_of(interface.tracking)
    if times:
        shape["ConnectionTrackingConfiguration"] = times
    blocks = prefixes_of(tx, interface.id)
    if blocks:
        shape["Ipv4Prefixes"] = [{"Ipv4Prefix": block} for block in blocks]
    if named:
        shape["PrivateDnsName"] = names.private_name(interface.region, interface.primary_ip)
    if interface.managed:
        shape["RequesterId"] = OWNER if interface.nat_gateway else "amazon-elb"
    if interface.attachment is not None or interface.managed:
        shape["Attachment"] = attachment_shape(interface)
    primary = next((one for one in shown if one["Primary"]), {})
    if "Association" in primary:
        shape["Association"] = primary["Association"]
    return shape


def _type(interface: NetworkInterface) -> str:
    """InterfaceType: whose it is."""
    if interface.load_balancer is not None:
        return "network_load_balancer"
    return "nat_gateway" if interface.nat_gateway is not None else "interface"


def zone_id(region: str, name: str) -> str:
    """The id of a zone: use1-az6 of us-east-1a."""
    return next((zone.id for zone in REGIONS[region].zones if zone.name == name), "")


def attachment_shape(interface: NetworkInterface) -> Shape:
    """Where the ENI is attached; empty if nowhere. A service's is attached to something of AWS's own, with no name."""
    if interface.managed:
        return {
            "AttachmentId": f"ela-attach-{interface.id.removeprefix('eni-')}",
            "DeleteOnTermination": False,
            "DeviceIndex": 1,
            "NetworkCardIndex": 0,
            "InstanceOwnerId": OWNER,
            "Status": "attached",
        }
    attachment = interface.attachment
    if attachment is None:
        return {}
    return {
        "AttachTime": attachment.time,
        "AttachmentId": attachment.id,
        "DeleteOnTermination": attachment.delete_on_termination,
        "DeviceIndex": attachment.index,
        "NetworkCardIndex": 0,
        "InstanceId": attachment.instance,
        "InstanceOwnerId": attachment.owner or interface.account,
        "Status": attachment.status,
    }


def has_names(tx: Tx, interface: NetworkInterface) -> bool:
    """Whether the VPC gives names to addresses: an ENI of one that does not shows none."""
    vpc = tx.get(Vpc, interface.vpc)
    return vpc is not None and vpc.named


def groups_shape(tx: Tx, groups: tuple[str, ...]) -> list[Shape]:
    """Security groups as answers name them."""
    found = [(group, tx.get(SecurityGroup, group)) for group in groups]
    return [{"GroupId": id_, "GroupName": group.name if group else ""} for id_, group in found]


def address_shape(tx: Tx, interface: NetworkInterface, address: PrivateAddress, *, named: bool) -> Shape:
    """One private address with what is associated to it."""
    shape: Shape = {"Primary": address.primary, "PrivateIpAddress": address.ip}
    if named:
        shape["PrivateDnsName"] = names.private_name(interface.region, address.ip)
    association = association_shape(tx, interface, address, named=named)
    if association:
        shape["Association"] = association
    return shape


def association_shape(tx: Tx, interface: NetworkInterface, address: PrivateAddress, *, named: bool) -> Shape:
    """The public side of a private address: an Elastic IP, the automatic address, or nothing."""
    elastic = elastic_ip_of(tx, interface.id, address.ip)
    public = elastic.public_ip if elastic else interface.public_ip if address.primary else None
    if public is None:
        return {}
    return {
        **(_elastic(elastic) if elastic else {"IpOwnerId": "amazon"}),
        "PublicDnsName": names.public_name(interface.region, public) if named else "",
        "PublicIp": public,
    }


def _elastic(elastic: ElasticIp) -> Shape:
    return {
        "AllocationId": elastic.id,
        "AssociationId": elastic.association_id,
        "IpOwnerId": elastic.account,
    }


FILTERS = paths.filters(
    interface_shape,
    {
        "association.allocation-id": "PrivateIpAddresses.Association.AllocationId",
        "association.association-id": "PrivateIpAddresses.Association.AssociationId",
        "association.ip-owner-id": "PrivateIpAddresses.Association.IpOwnerId",
        "association.public-ip": "PrivateIpAddresses.Association.PublicIp",
        "association.public-dns-name": "PrivateIpAddresses.Association.PublicDnsName",
        "addresses.association.owner-id": "PrivateIpAddresses.Association.IpOwnerId",
        "addresses.association.public-ip": "PrivateIpAddresses.Association.PublicIp",
        "addresses.primary": "PrivateIpAddresses.Primary",
        "addresses.private-ip-address": "PrivateIpAddresses.PrivateIpAddress",
        "attachment.attach-time": "Attachment.AttachTime",
        "attachment.attachment-id": "Attachment.AttachmentId",
        "attachment.delete-on-termination": "Attachment.DeleteOnTermination",
        "attachment.device-index": "Attachment.DeviceIndex",
        "attachment.instance-id": "Attachment.InstanceId",
        "attachment.instance-owner-id": "Attachment.InstanceOwnerId",
        "attachment.status": "Attachment.Status",
        "availability-zone": "AvailabilityZone",
        "availability-zone-id": "AvailabilityZoneId",
        "description": "Description",
        "group-id": "Groups.GroupId",
        "group-name": "Groups.GroupName",
        "interface-type": "InterfaceType",
        "ipv4-prefixes.ipv4-prefix": "Ipv4Prefixes.Ipv4Prefix",
        "ipv6-addresses.ipv6-address": "Ipv6Addresses.Ipv6Address",
        "mac-address": "MacAddress",
        "network-interface-id": "NetworkInterfaceId",
        "operator.managed": "Operator.Managed",
        "operator.principal": "Operator.Principal",
        "owner-id": "OwnerId",
        "private-dns-name": "PrivateDnsName",
        "private-ip-address": "PrivateIpAddress",
        "requester-id": "RequesterId",
        "requester-managed": "RequesterManaged",
        "source-dest-check": "SourceDestCheck",
        "status": "Status",
        "subnet-id": "SubnetId",
        "vpc-id": "VpcId",
    },
)

INDEXED = {
    "network-interface-id": "id",
    "vpc-id": "vpc",
    "subnet-id": "subnet",
    "group-id": "groups",
    "attachment.instance-id": "instance",
    "attachment.attachment-id": "attachment_id",
    "mac-address": "mac",
}
"""Filters whose exact values are found without looking at other ENIs."""
