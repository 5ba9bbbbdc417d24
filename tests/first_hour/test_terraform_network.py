"""aws_vpc, aws_subnet, aws_internet_gateway, aws_route_table, aws_route, aws_network_acl and prefix lists.

hashicorp/terraform-provider-aws, internal/service/ec2/: vpc_.go@00081ce41cc6, vpc_subnet.go@00cda125a19d,
vpc_internet_gateway.go@08923b68b5ad, vpc_route_table.go@022092419b7c, vpc_route.go@0128541e0711,
vpc_route_table_association.go@0be71beb458a, vpc_network_acl.go@0620f2a6a126, find.go@00a35305dc1b.
"""

from typing import Any

import pytest

from tests.first_hour.account import OTHER_ZONE, ZONE, Account, only
from tests.support.expect import named, refused, tag_specification

EVERYWHERE = "0.0.0.0/0"


def table_of(account: Account, table: str) -> dict[str, Any]:
    """findRouteTableByID."""
    return dict(only(account.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]))


def route(account: Account, table: str, destination: str = EVERYWHERE) -> dict[str, Any]:
    """findRouteByIPv4Destination."""
    found = [one for one in table_of(account, table)["Routes"] if one.get("DestinationCidrBlock") == destination]
    return dict(only(found))


def test_a_vpc_from_create_to_destroy(account: Account) -> None:
    """pending -> available; attributes changed one by one and read back; three reads of what belongs to it."""
    ec2 = account.ec2
    made = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tag_specification("vpc", Name="main"))["Vpc"]
    vpc = made["VpcId"]
    assert made["State"] == "pending"
    assert only(ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"])["State"] == "available"
    for name, value in {
        "EnableDnsHostnames": True,
        "EnableDnsSupport": False,
        "EnableNetworkAddressUsageMetrics": True,
    }.items():
        ec2.modify_vpc_attribute(VpcId=vpc, **{name: {"Value": value}})
        shown = ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name[0].lower() + name[1:])
        assert shown[name]["Value"] is value
    shown = only(ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"])
    assert (shown["CidrBlock"], shown["InstanceTenancy"], shown["OwnerId"]) == ("10.0.0.0/16", "default", account.id)
    assert shown["DhcpOptionsId"].startswith("dopt-")
    assert shown["Ipv6CidrBlockAssociationSet"] == [], "anything in it would be read as an IPv6 block"
    assert shown["Tags"] == [{"Key": "Name", "Value": "main"}]
    of_it = named("vpc-id", vpc)
    only(ec2.describe_network_acls(Filters=[*named("default", "true"), *of_it])["NetworkAcls"])
    only(ec2.describe_route_tables(Filters=[*named("association.main", "true"), *of_it])["RouteTables"])
    only(ec2.describe_security_groups(Filters=[*named("group-name", "default"), *of_it])["SecurityGroups"])
    ec2.delete_vpc(VpcId=vpc)
    refused("InvalidVpcID.NotFound", ec2.describe_vpcs, VpcIds=[vpc])
    refused("InvalidVpcID.NotFound", ec2.delete_vpc, VpcId=vpc)


def test_a_secondary_block(account: Account) -> None:
    """aws_vpc_ipv4_cidr_block_association: found by the filter on its association, gone when the filter finds none."""
    ec2, vpc = account.ec2, account.vpc()
    made = ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.1.0.0/16")["CidrBlockAssociation"]
    assert made["CidrBlockState"]["State"] == "associating"
    asked = named("cidr-block-association.association-id", made["AssociationId"])
    found = only(ec2.describe_vpcs(Filters=asked)["Vpcs"])["CidrBlockAssociationSet"]
    states = {one["AssociationId"]: one["CidrBlockState"]["State"] for one in found}
    assert states[made["AssociationId"]] == "associated"
    ec2.disassociate_vpc_cidr_block(AssociationId=made["AssociationId"])
    assert ec2.describe_vpcs(Filters=asked)["Vpcs"] == []


@pytest.mark.parametrize("by", ["AvailabilityZone", "AvailabilityZoneId"])
def test_a_subnet_from_create_to_destroy(account: Account, by: str) -> None:
    """Waits for available; each attribute a call of its own, then read until it is as wanted; destroy as of a group."""
    ec2, vpc = account.ec2, account.vpc()
    place = {"AvailabilityZone": ZONE, "AvailabilityZoneId": "use1-az6"}
    made = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", **{by: place[by]})["Subnet"]
    subnet = made["SubnetId"]

    def shown() -> dict[str, Any]:
        return dict(only(ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]))

    first = shown()
    assert first["State"] == "available"
    assert {name: first[name] for name in place} == place
    assert first["SubnetArn"] == f"arn:aws:ec2:us-east-1:{account.id}:subnet/{subnet}"
    assert (first["OwnerId"], first["Ipv6CidrBlockAssociationSet"]) == (account.id, [])
    for name, value in {
        "MapPublicIpOnLaunch": True,
        "AssignIpv6AddressOnCreation": False,
        "EnableDns64": False,
    }.items():
        ec2.modify_subnet_attribute(SubnetId=subnet, **{name: {"Value": value}})
        assert shown()[name] is value
    ec2.modify_subnet_attribute(SubnetId=subnet, EnableResourceNameDnsARecordOnLaunch={"Value": True})
    ec2.modify_subnet_attribute(SubnetId=subnet, PrivateDnsHostnameTypeOnLaunch="resource-name")
    assert shown()["PrivateDnsNameOptionsOnLaunch"] == {
        "HostnameType": "resource-name",
        "EnableResourceNameDnsARecord": True,
        "EnableResourceNameDnsAAAARecord": False,
    }
    interface = account.interface(subnet)
    lambdas = [*named("subnet-id", subnet), *named("description", "AWS Lambda VPC ENI*")]
    assert ec2.describe_network_interfaces(Filters=lambdas)["NetworkInterfaces"] == []
    refused("DependencyViolation", ec2.delete_subnet, SubnetId=subnet)
    # then dissociateGuardDutyVPCEndpoints looks for endpoints before the delete is tried again
    endpoints = [
        *named("vpc-id", vpc),
        *named("service-name", "com.amazonaws.*.guardduty-data"),
        *named("tag:GuardDutyManaged", "true"),
    ]
    assert ec2.describe_vpc_endpoints(Filters=endpoints)["VpcEndpoints"] == []
    ec2.delete_network_interface(NetworkInterfaceId=interface)
    ec2.delete_subnet(SubnetId=subnet)
    refused("InvalidSubnetID.NotFound", ec2.describe_subnets, SubnetIds=[subnet])
    refused("InvalidSubnetID.NotFound", ec2.delete_subnet, SubnetId=subnet)


def test_an_internet_gateway_from_create_to_destroy(account: Account) -> None:
    """The attachment is waited for by its state `available`; detached means no attachments at all."""
    ec2, vpc = account.ec2, account.vpc()
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]

    def attachments() -> list[Any]:
        found = only(ec2.describe_internet_gateways(InternetGatewayIds=[gateway])["InternetGateways"])
        assert found["OwnerId"] == account.id
        return list(found["Attachments"])

    assert attachments() == []
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    assert attachments() == [{"State": "available", "VpcId": vpc}]
    refused("DependencyViolation", ec2.delete_internet_gateway, InternetGatewayId=gateway)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    refused("Gateway.NotAttached", ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc)
    assert attachments() == []
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    refused("InvalidInternetGatewayID.NotFound", ec2.describe_internet_gateways, InternetGatewayIds=[gateway])
    refused("InvalidInternetGatewayID.NotFound", ec2.delete_internet_gateway, InternetGatewayId=gateway)


def test_a_route_table_with_routes_and_a_subnet(account: Account) -> None:
    """Routes are waited for by being there; a change is ReplaceRoute; destroy disassociates first."""
    ec2, vpc = account.ec2, account.vpc()
    gateway, subnet = account.gateway(vpc), account.subnet(vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=EVERYWHERE, GatewayId=gateway)
    found = route(account, table)
    assert (found["GatewayId"], found["Origin"], found["State"]) == (gateway, "CreateRoute", "active")
    interface = account.interface(subnet)
    ec2.replace_route(RouteTableId=table, DestinationCidrBlock=EVERYWHERE, NetworkInterfaceId=interface)
    found = route(account, table)
    assert found["NetworkInterfaceId"] == interface
    assert "GatewayId" not in found, "two targets of one route would be a change at every plan"
    shown = table_of(account, table)
    assert (shown["OwnerId"], shown["PropagatingVgws"], shown["VpcId"]) == (account.id, [], vpc)
    association = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
    asked = named("association.route-table-association-id", association)
    by_id = only(only(ec2.describe_route_tables(Filters=asked)["RouteTables"])["Associations"])
    assert by_id["AssociationState"]["State"] == "associated"
    assert (by_id["SubnetId"], by_id["RouteTableId"], by_id["Main"]) == (subnet, table, False)
    ec2.disassociate_route_table(AssociationId=association)
    assert ec2.describe_route_tables(Filters=asked)["RouteTables"] == []
    refused("InvalidAssociationID.NotFound", ec2.disassociate_route_table, AssociationId=association)
    ec2.delete_route_table(RouteTableId=table)
    refused("InvalidRouteTableID.NotFound", ec2.describe_route_tables, RouteTableIds=[table])
    refused("InvalidRouteTableID.NotFound", ec2.delete_route_table, RouteTableId=table)


def test_an_association_is_moved_to_another_table(account: Account) -> None:
    """resourceRouteTableAssociationUpdate: NewAssociationId becomes the resource's id."""
    ec2, vpc = account.ec2, account.vpc()
    subnet = account.subnet(vpc)
    one, two = (ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2))
    old = ec2.associate_route_table(RouteTableId=one, SubnetId=subnet)["AssociationId"]
    new = ec2.replace_route_table_association(AssociationId=old, RouteTableId=two)["NewAssociationId"]
    asked = named("association.route-table-association-id", new)
    assert only(ec2.describe_route_tables(Filters=asked)["RouteTables"])["RouteTableId"] == two


def test_routes_that_the_provider_knows_the_errors_of(account: Account) -> None:
    """vpc_route.go: a local route cannot be made, nor removed; both are told by code and by text."""
    ec2, vpc = account.ec2, account.vpc()
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    told = refused(
        "InvalidGatewayID.NotFound",
        ec2.create_route,
        RouteTableId=table,
        DestinationCidrBlock="10.9.0.0/16",
        GatewayId="local",
    )
    assert "The gateway ID 'local' does not exist" in told
    told = refused("InvalidParameterValue", ec2.delete_route, RouteTableId=table, DestinationCidrBlock="10.0.0.0/16")
    assert "cannot remove local route" in told
    refused("InvalidRoute.NotFound", ec2.delete_route, RouteTableId=table, DestinationCidrBlock=EVERYWHERE)


def test_a_network_acl_takes_over_a_subnet_and_gives_it_back(account: Account) -> None:
    """networkACLAssociationCreate and -Delete: the association is found by its subnet, and replaced."""
    ec2, vpc = account.ec2, account.vpc()
    subnet = account.subnet(vpc, zone=OTHER_ZONE)
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    asked = named("association.subnet-id", subnet)

    def association() -> dict[str, Any]:
        owner = only(ec2.describe_network_acls(Filters=asked)["NetworkAcls"])
        return dict(only([one for one in owner["Associations"] if one["SubnetId"] == subnet]))

    first = association()
    moved = ec2.replace_network_acl_association(AssociationId=first["NetworkAclAssociationId"], NetworkAclId=acl)
    assert association() == {
        "NetworkAclAssociationId": moved["NewAssociationId"],
        "NetworkAclId": acl,
        "SubnetId": subnet,
    }
    refused("DependencyViolation", ec2.delete_network_acl, NetworkAclId=acl)
    ec2.replace_network_acl_association(AssociationId=moved["NewAssociationId"], NetworkAclId=first["NetworkAclId"])
    ec2.delete_network_acl(NetworkAclId=acl)
    refused("InvalidNetworkAclID.NotFound", ec2.describe_network_acls, NetworkAclIds=[acl])
    refused("InvalidNetworkAclID.NotFound", ec2.delete_network_acl, NetworkAclId=acl)


def test_a_managed_prefix_list_from_create_to_destroy(account: Account) -> None:
    """vpc_managed_prefix_list.go@007fe432912e: waited for by its state; gone is InvalidPrefixListID.NotFound in the
    operations on managed lists, and InvalidPrefixListId.NotFound in DescribePrefixLists (find.go)."""
    ec2 = account.ec2
    made = ec2.create_managed_prefix_list(
        PrefixListName="office", AddressFamily="IPv4", MaxEntries=2, Entries=[{"Cidr": "192.0.2.0/24"}]
    )["PrefixList"]
    name = made["PrefixListId"]
    assert made["State"] == "create-in-progress"
    shown = only(ec2.describe_managed_prefix_lists(PrefixListIds=[name])["PrefixLists"])
    assert (shown["State"], shown["Version"], shown["MaxEntries"]) == ("create-complete", 1, 2)
    assert shown["PrefixListArn"].endswith(f"prefix-list/{name}")
    entry = only(ec2.get_managed_prefix_list_entries(PrefixListId=name)["Entries"])
    assert entry["Cidr"] == "192.0.2.0/24"
    change = {"PrefixListId": name, "PrefixListName": "office"}  # the name goes along, changed or not
    ec2.modify_managed_prefix_list(**change, CurrentVersion=1, RemoveEntries=[{"Cidr": "192.0.2.0/24"}])
    shown = only(ec2.describe_managed_prefix_lists(PrefixListIds=[name])["PrefixLists"])
    assert (shown["State"], shown["Version"]) == ("modify-complete", 2)
    described = {"Cidr": "192.0.2.0/24", "Description": "a new description is a removal, then an addition"}
    ec2.modify_managed_prefix_list(**change, CurrentVersion=2, AddEntries=[described])
    ec2.modify_managed_prefix_list(PrefixListId=name, MaxEntries=3)
    shown = only(ec2.describe_managed_prefix_lists(PrefixListIds=[name])["PrefixLists"])
    assert (shown["State"], shown["MaxEntries"]) == ("modify-complete", 3)
    assert ec2.get_managed_prefix_list_entries(PrefixListId=name)["Entries"] == [described]
    ec2.delete_managed_prefix_list(PrefixListId=name)
    refused("InvalidPrefixListID.NotFound", ec2.describe_managed_prefix_lists, PrefixListIds=[name])
    refused("InvalidPrefixListID.NotFound", ec2.get_managed_prefix_list_entries, PrefixListId=name)
    refused("InvalidPrefixListId.NotFound", ec2.describe_prefix_lists, PrefixListIds=[name])
