"""What Describe calls show, in the form of `expected.py`. A handler's answer has None where nothing is sent."""

from collections.abc import Callable
from typing import Any

from tests.machine.expected import ACCOUNT, Picture

Describe = Callable[..., dict[str, Any]]
"""An operation's name and its parameters."""


def picture(ask: Describe) -> Picture:
    """Every kind of thing, by id."""
    groups = ask("DescribeSecurityGroups")["SecurityGroups"]
    rules = ask("DescribeSecurityGroupRules")["SecurityGroupRules"]
    reservations = ask("DescribeInstances")["Reservations"]
    vpcs, subnets = ask("DescribeVpcs")["Vpcs"], ask("DescribeSubnets")["Subnets"]
    return {
        "vpcs": {one["VpcId"]: _vpc(ask, one) for one in vpcs},
        "subnets": {one["SubnetId"]: _only(one, *_SUBNET) for one in subnets},
        "gateways": {
            one["InternetGatewayId"]: [[held["VpcId"], held["State"]] for held in one["Attachments"]]
            for one in ask("DescribeInternetGateways")["InternetGateways"]
        },
        "tables": {one["RouteTableId"]: _table(one) for one in ask("DescribeRouteTables")["RouteTables"]},
        "acls": {one["NetworkAclId"]: _acl(one) for one in ask("DescribeNetworkAcls")["NetworkAcls"]},
        "groups": {one["GroupId"]: _group(one, rules) for one in groups},
        "interfaces": {
            one["NetworkInterfaceId"]: _interface(one) for one in ask("DescribeNetworkInterfaces")["NetworkInterfaces"]
        },
        "addresses": {one["AllocationId"]: _only(one, *_ADDRESS) for one in ask("DescribeAddresses")["Addresses"]},
        "instances": {one["InstanceId"]: _instance(one) for held in reservations for one in held["Instances"]},
        "options": {one["DhcpOptionsId"]: _options(one) for one in ask("DescribeDhcpOptions")["DhcpOptions"]},
        "reservations": _reservations(ask, subnets),
        "keys": {one["KeyPairId"]: one["KeyName"] for one in ask("DescribeKeyPairs")["KeyPairs"]},
        "volumes": {one["VolumeId"]: _volume(one) for one in ask("DescribeVolumes")["Volumes"]},
        "lists": _lists(ask),
        "tags": _tags(ask("DescribeTags")["Tags"]),
    }


_SUBNET = ("VpcId", "CidrBlock", "AvailabilityZone", "AvailableIpAddressCount", "MapPublicIpOnLaunch", "State")
_ADDRESS = ("PublicIp", "Domain", "AssociationId", "NetworkInterfaceId", "PrivateIpAddress", "InstanceId")


def _only(one: dict[str, Any], *names: str) -> Picture:
    return {name: one.get(name) for name in names}


def _vpc(ask: Describe, one: dict[str, Any]) -> Picture:
    shown = _only(one, "CidrBlock", "State", "IsDefault", "DhcpOptionsId")
    shown["blocks"] = {
        held["AssociationId"]: [held["CidrBlock"], held["CidrBlockState"]["State"]]
        for held in one["CidrBlockAssociationSet"]
    }
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        asked = name[0].lower() + name[1:]
        shown[name] = ask("DescribeVpcAttribute", VpcId=one["VpcId"], Attribute=asked)[name]["Value"]
    return shown


def _table(one: dict[str, Any]) -> Picture:
    associations = {
        held["RouteTableAssociationId"]: [held["Main"], held.get("SubnetId"), held.get("GatewayId")]
        for held in one["Associations"]
    }
    shown = ("GatewayId", "NetworkInterfaceId", "InstanceId", "State", "Origin")
    routes = {
        each.get("DestinationCidrBlock") or each["DestinationIpv6CidrBlock"]: _only(each, *shown)
        for each in one["Routes"]
    }
    return {"VpcId": one["VpcId"], "associations": associations, "routes": routes}


def _acl(one: dict[str, Any]) -> Picture:
    return {
        "VpcId": one["VpcId"],
        "IsDefault": one["IsDefault"],
        "entries": {
            f"{'out' if each['Egress'] else 'in'} {each['RuleNumber']}": _entry(each) for each in one["Entries"]
        },
        "associations": {each["NetworkAclAssociationId"]: each["SubnetId"] for each in one["Associations"]},
    }


def _entry(one: dict[str, Any]) -> list[Any]:
    ports, icmp = one.get("PortRange"), one.get("IcmpTypeCode")
    told = [one["Protocol"], one["RuleAction"], one.get("CidrBlock") or one["Ipv6CidrBlock"]]
    return [*told, [ports["From"], ports["To"]] if ports else [], [icmp["Type"], icmp["Code"]] if icmp else []]


def _group(one: dict[str, Any], rules: list[dict[str, Any]]) -> Picture:
    shown = _only(one, "GroupName", "Description", "VpcId")
    own = [each for each in rules if each["GroupId"] == one["GroupId"]]
    shown["rules"] = {each["SecurityGroupRuleId"]: _rule(each) for each in own}
    for name in ("IpPermissions", "IpPermissionsEgress"):
        shown[name] = {_said(each): _sources(each) for each in one[name]}
    return shown


def _rule(one: dict[str, Any]) -> list[Any]:
    group = (one.get("ReferencedGroupInfo") or {}).get("GroupId")
    block = one.get("CidrIpv4") or one.get("CidrIpv6")
    told = [one["IsEgress"], one["IpProtocol"], [one["FromPort"], one["ToPort"]]]
    return [*told, block, group, one.get("PrefixListId")]


def _said(permission: dict[str, Any]) -> str:
    ports = [permission[name] for name in ("FromPort", "ToPort") if permission.get(name) is not None]
    return f"{permission['IpProtocol']} {ports}"


def _sources(permission: dict[str, Any]) -> Picture:
    blocks = {each["CidrIp"]: "block" for each in permission["IpRanges"]}
    blocks |= {each["CidrIpv6"]: "block" for each in permission["Ipv6Ranges"]}
    blocks |= {each["PrefixListId"]: "list" for each in permission["PrefixListIds"]}
    return {**blocks, **{each["GroupId"]: each["UserId"] for each in permission["UserIdGroupPairs"]}}


_INTERFACE = (
    "SubnetId",
    "VpcId",
    "AvailabilityZone",
    "Status",
    "Description",
    "SourceDestCheck",
    "InterfaceType",
    "PrivateIpAddress",
)


def _interface(one: dict[str, Any]) -> Picture:
    held = one.get("Attachment")
    names = ("AttachmentId", "InstanceId", "DeviceIndex", "DeleteOnTermination", "Status")
    return {
        **_only(one, *_INTERFACE),
        "groups": {each["GroupId"]: each["GroupName"] for each in one["Groups"]},
        "attachment": [held[name] for name in names] if held else None,
        "addresses": {each["PrivateIpAddress"]: _address(each) for each in one["PrivateIpAddresses"]},
    }


def _address(one: dict[str, Any]) -> list[Any]:
    held = one.get("Association") or {}
    return [one["Primary"], *(held.get(name) for name in ("PublicIp", "AllocationId", "AssociationId"))]


def _instance(one: dict[str, Any]) -> Picture:
    return {
        "State": [one["State"]["Code"], one["State"]["Name"]],
        **{name: one.get(name) or None for name in ("PrivateIpAddress", "PublicIpAddress", "SubnetId", "KeyName")},
        "interfaces": {
            each["NetworkInterfaceId"]: each["Attachment"]["DeviceIndex"] for each in one["NetworkInterfaces"]
        },
    }


def _options(one: dict[str, Any]) -> Picture:
    return {each["Key"]: [value["Value"] for value in each["Values"]] for each in one["DhcpConfigurations"]}


def _reservations(ask: Describe, subnets: list[dict[str, Any]]) -> Picture:
    """They are asked for subnet by subnet."""
    found: Picture = {}
    for subnet in subnets:
        for one in ask("GetSubnetCidrReservations", SubnetId=subnet["SubnetId"])["SubnetIpv4CidrReservations"]:
            found[one["SubnetCidrReservationId"]] = [one["SubnetId"], one["Cidr"], one["ReservationType"]]
    return found


def _volume(one: dict[str, Any]) -> list[Any]:
    held = [[each["InstanceId"], each["Device"], each["DeleteOnTermination"]] for each in one["Attachments"]]
    return [one["State"], *(held[0] if held else [])]


def _lists(ask: Describe) -> Picture:
    """Those of the account's own; entries are asked for list by list."""
    found: Picture = {}
    mine = [{"Name": "owner-id", "Values": [ACCOUNT]}]
    for one in ask("DescribeManagedPrefixLists", Filters=mine)["PrefixLists"]:
        shown = _only(one, "PrefixListName", "MaxEntries", "Version", "State")
        entries = ask("GetManagedPrefixListEntries", PrefixListId=one["PrefixListId"])["Entries"]
        found[one["PrefixListId"]] = {**shown, "entries": {each["Cidr"]: True for each in entries}}
    return found


def _tags(found: list[dict[str, Any]]) -> Picture:
    shown: Picture = {}
    for one in found:
        shown.setdefault(one["ResourceId"], {})[one["Key"]] = one["Value"]
    return shown
