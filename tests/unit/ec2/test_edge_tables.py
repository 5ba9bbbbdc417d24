"""Route tables of gateways, and routes to prefix lists and IPv6 blocks, through botocore both ways."""

from typing import Any

import pytest

from tests.support.expect import named, refused
from tests.support.inprocess import InProcess
from tests.unit.ec2.test_route_tables import Network

INSIDE = "10.0.1.0/24"


@pytest.fixture
def net(cloud: InProcess, ec2: Any) -> Network:
    return Network(cloud, ec2)


def associations(net: Network) -> list[dict[str, Any]]:
    (found,) = net.ec2.describe_route_tables(RouteTableIds=[net.table])["RouteTables"]
    return list(found["Associations"])


def test_a_gateway_gets_a_table(net: Network, ec2: Any) -> None:
    both = {"RouteTableId": net.table, "GatewayId": net.gateway}
    refused("DryRunOperation", ec2.associate_route_table, **both, DryRun=True)
    answer = ec2.associate_route_table(**both)
    assert answer["AssociationState"] == {"State": "associated"}
    assert associations(net) == [
        {
            "Main": False,
            "RouteTableAssociationId": answer["AssociationId"],
            "RouteTableId": net.table,
            "GatewayId": net.gateway,
            "AssociationState": {"State": "associated"},
        }
    ]
    assert ec2.associate_route_table(**both)["AssociationId"] == answer["AssociationId"]
    found = ec2.describe_route_tables(Filters=named("association.gateway-id", net.gateway))["RouteTables"]
    assert [table["RouteTableId"] for table in found] == [net.table]
    refused("DependencyViolation", ec2.delete_route_table, RouteTableId=net.table)
    ec2.disassociate_route_table(AssociationId=answer["AssociationId"])
    assert associations(net) == []


def test_what_a_gateway_s_association_refuses(net: Network, cloud: InProcess, ec2: Any) -> None:
    associate = ec2.associate_route_table
    refused("InvalidGatewayID.NotFound", associate, RouteTableId=net.table, GatewayId="igw-01234567")
    refused("InvalidGatewayID.NotFound", associate, RouteTableId=net.table, GatewayId="vgw-01234567")
    other = Network(cloud, ec2)
    assert refused("InvalidParameterValue", associate, RouteTableId=net.table, GatewayId=other.gateway) == (
        f"route table {net.table} and network gateway {other.gateway} belong to different networks"
    )
    refused("InvalidParameterValue", associate, RouteTableId=net.main, GatewayId=net.gateway)
    first = associate(RouteTableId=net.table, GatewayId=net.gateway)["AssociationId"]
    second = ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    refused("Resource.AlreadyAssociated", associate, RouteTableId=second, GatewayId=net.gateway)
    replace = ec2.replace_route_table_association
    refused("InvalidParameterValue", replace, AssociationId=net.main_association, RouteTableId=net.table)
    refused("InvalidParameterValue", replace, AssociationId=first, RouteTableId=net.main)
    replace(AssociationId=first, RouteTableId=second)
    assert associations(net) == []


def test_what_an_edge_table_may_hold(net: Network, ec2: Any) -> None:
    _, interface = net.instance()
    people = ec2.create_managed_prefix_list(PrefixListName="p", MaxEntries=1, AddressFamily="IPv4")
    to_list = {"RouteTableId": net.table, "DestinationPrefixListId": people["PrefixList"]["PrefixListId"]}
    association = ec2.associate_route_table(RouteTableId=net.table, GatewayId=net.gateway)["AssociationId"]
    refused("InvalidParameterValue", net.create_route, GatewayId=net.gateway)
    refused("InvalidParameterValue", net.create_route, destination="198.51.100.0/24", NetworkInterfaceId=interface)
    refused("InvalidParameterValue", net.create_route, destination="10.0.1.0/25", NetworkInterfaceId=interface)
    refused("InvalidParameterValue", ec2.create_route, NetworkInterfaceId=interface, **to_list)
    net.create_route(INSIDE, NetworkInterfaceId=interface)
    ec2.replace_route(RouteTableId=net.table, DestinationCidrBlock="10.0.0.0/16", NetworkInterfaceId=interface)
    assert {route["NetworkInterfaceId"] for route in net.routes()} == {interface}
    ec2.disassociate_route_table(AssociationId=association)
    net.create_route(GatewayId=net.gateway)
    refused("InvalidParameterValue", ec2.associate_route_table, RouteTableId=net.table, GatewayId=net.gateway)


def test_a_gateway_that_is_detached_has_no_table(net: Network, ec2: Any) -> None:
    ec2.associate_route_table(RouteTableId=net.table, GatewayId=net.gateway)
    ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)
    assert associations(net) == []
    refused("InvalidParameterValue", ec2.associate_route_table, RouteTableId=net.table, GatewayId=net.gateway)


@pytest.fixture
def people(ec2: Any) -> str:
    made = ec2.create_managed_prefix_list(
        PrefixListName="p", MaxEntries=2, AddressFamily="IPv4", Entries=[{"Cidr": "198.51.100.0/24"}]
    )
    return str(made["PrefixList"]["PrefixListId"])


def test_a_route_to_a_prefix_list(net: Network, ec2: Any, people: str) -> None:
    where = {"RouteTableId": net.table, "DestinationPrefixListId": people}
    refused("InvalidParameterValue", ec2.replace_route, GatewayId=net.gateway, **where)
    ec2.create_route(GatewayId=net.gateway, **where)
    shown = {"DestinationPrefixListId": people, "Origin": "CreateRoute", "State": "active"}
    assert net.routes()[1] == {**shown, "GatewayId": net.gateway}
    assert refused("RouteAlreadyExists", ec2.create_route, GatewayId=net.gateway, **where) == (
        f"The route identified by {people} already exists."
    )
    found = ec2.describe_route_tables(Filters=named("route.destination-prefix-list-id", people))["RouteTables"]
    assert [table["RouteTableId"] for table in found] == [net.table]
    _, interface = net.instance(state="stopped")
    ec2.replace_route(NetworkInterfaceId=interface, **where)
    assert net.routes()[1]["State"] == "blackhole"
    ec2.delete_route(**where)
    assert refused("InvalidRoute.NotFound", ec2.delete_route, **where) == (
        f"no route with destination-prefix-list-id {people} in route table {net.table}"
    )
    nowhere = {**where, "DestinationPrefixListId": "pl-01234567"}
    refused("InvalidPrefixListId.NotFound", ec2.create_route, GatewayId=net.gateway, **nowhere)


def test_a_route_to_an_ipv6_block(net: Network, cloud: InProcess, ec2: Any) -> None:
    where = {"RouteTableId": net.table, "DestinationIpv6CidrBlock": "2001:DB8::/32"}
    ec2.create_route(GatewayId=net.gateway, **where)
    assert net.routes()[1] == {
        "DestinationIpv6CidrBlock": "2001:db8::/32",
        "GatewayId": net.gateway,
        "Origin": "CreateRoute",
        "State": "active",
    }
    found = ec2.describe_route_tables(Filters=named("route.destination-ipv6-cidr-block", "2001:*"))["RouteTables"]
    assert [table["RouteTableId"] for table in found] == [net.table]
    cloud.settings.limits["routes-per-table"] = 1
    net.create_route(GatewayId=net.gateway)
    more = {"RouteTableId": net.table, "GatewayId": net.gateway}
    refused("RouteLimitExceeded", ec2.create_route, DestinationIpv6CidrBlock="::/0", **more)
    for bad in ("10.0.0.0/8", "2001:db8::", "fd00:ec2::/64"):
        refused("InvalidParameterValue", ec2.create_route, DestinationIpv6CidrBlock=bad, **more)
    refused("InvalidParameterCombination", net.create_route, GatewayId=net.gateway, DestinationIpv6CidrBlock="::/0")
    ec2.delete_route(**where)
    assert refused("InvalidRoute.NotFound", ec2.delete_route, **where) == (
        f"no route with destination-ipv6-cidr-block 2001:db8::/32 in route table {net.table}"
    )
