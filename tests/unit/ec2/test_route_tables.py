"""Route tables, their associations and routes, through botocore both ways."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from atoll.model.kinds import Attachment, Instance, NetworkInterface
from tests.support.expect import named, pages, refused, tag_specification
from tests.support.inprocess import ACCOUNT, InProcess


@dataclass
class Network:
    """A VPC 10.0.0.0/16 with a subnet 10.0.1.0/24, an attached gateway and a table of its own."""

    cloud: InProcess
    ec2: Any

    def __post_init__(self) -> None:
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnet = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        self.gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        self.table = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        (main,) = self.ec2.describe_route_tables(
            Filters=[*named("vpc-id", self.vpc), *named("association.main", "true")]
        )["RouteTables"]
        self.main = main["RouteTableId"]
        self.main_association = main["Associations"][0]["RouteTableAssociationId"]

    def routes(self, table: str | None = None) -> list[dict[str, Any]]:
        (found,) = self.ec2.describe_route_tables(RouteTableIds=[table or self.table])["RouteTables"]
        return list(found["Routes"])

    def create_route(self, destination: str = "0.0.0.0/0", **target: str) -> Any:
        return self.ec2.create_route(RouteTableId=self.table, DestinationCidrBlock=destination, **target)

    def instance(self, number: int = 1, state: str = "running", interfaces: int = 1) -> tuple[str, str]:
        """An instance with ENIs; the ids of it and of its first ENI."""
        id_ = f"i-{number:08x}"
        home = self.cloud.draft().home
        when = datetime(2024, 1, 1, tzinfo=UTC)
        shared = {"home": home, "vpc": self.vpc, "subnet": self.subnet, "zone": "us-east-1a"}
        self.cloud.put(
            Instance(
                id=id_,
                image="ami-1",
                type="t2.micro",
                reservation="r-1",
                launch_index=0,
                launched=when,
                state=state,
                **shared,
            )
        )
        for index in range(interfaces):
            attached = Attachment(
                id=f"eni-attach-{index:08x}", instance=id_, index=index, time=when, delete_on_termination=True
            )
            self.cloud.put(
                NetworkInterface(
                    id=f"eni-{number:04x}{index:04x}",
                    mac=f"02:00:00:00:{number:02x}:{index:02x}",
                    groups=(),
                    attachment=attached,
                    **shared,
                )
            )
        return id_, f"eni-{number:04x}0000"


@pytest.fixture
def net(cloud: InProcess, ec2: Any) -> Network:
    return Network(cloud, ec2)


LOCAL = {
    "DestinationCidrBlock": "10.0.0.0/16",
    "GatewayId": "local",
    "Origin": "CreateRouteTable",
    "State": "active",
}


def test_create_and_delete_a_table(net: Network, ec2: Any) -> None:
    tags = tag_specification("route-table", Name="public")
    answer = ec2.create_route_table(VpcId=net.vpc, TagSpecifications=tags, ClientToken="one")
    table = answer["RouteTable"]
    assert answer["ClientToken"] == "one"
    assert table["Routes"] == [LOCAL]
    assert (table["Associations"], table["PropagatingVgws"]) == ([], [])
    assert (table["VpcId"], table["OwnerId"]) == (net.vpc, ACCOUNT)
    assert table["Tags"] == [{"Key": "Name", "Value": "public"}]
    again = ec2.create_route_table(VpcId=net.vpc, TagSpecifications=tags, ClientToken="one")
    assert again["RouteTable"]["RouteTableId"] == table["RouteTableId"]
    ec2.delete_route_table(RouteTableId=table["RouteTableId"])
    message = refused("InvalidRouteTableID.NotFound", ec2.delete_route_table, RouteTableId=table["RouteTableId"])
    assert message == f"The routeTable ID '{table['RouteTableId']}' does not exist"


def test_the_main_table_cannot_be_deleted_until_another_takes_its_place(net: Network, ec2: Any) -> None:
    message = refused("DependencyViolation", ec2.delete_route_table, RouteTableId=net.main)
    assert message == f"The routeTable '{net.main}' has dependencies and cannot be deleted."
    refused("InvalidParameterValue", ec2.disassociate_route_table, AssociationId=net.main_association)
    answer = ec2.replace_route_table_association(AssociationId=net.main_association, RouteTableId=net.table)
    assert answer["AssociationState"] == {"State": "associated"}
    assert answer["NewAssociationId"] != net.main_association
    ec2.delete_route_table(RouteTableId=net.main)
    refused("DependencyViolation", ec2.delete_route_table, RouteTableId=net.table)
    (table,) = ec2.describe_route_tables()["RouteTables"]
    assert table["Associations"] == [
        {
            "Main": True,
            "RouteTableAssociationId": answer["NewAssociationId"],
            "RouteTableId": net.table,
            "AssociationState": {"State": "associated"},
        }
    ]
    refused("InvalidAssociationID.NotFound", ec2.disassociate_route_table, AssociationId=net.main_association)


def test_associations_of_subnets(net: Network, ec2: Any) -> None:
    first = ec2.associate_route_table(RouteTableId=net.table, SubnetId=net.subnet)
    assert first["AssociationState"] == {"State": "associated"}
    again = ec2.associate_route_table(RouteTableId=net.table, SubnetId=net.subnet)
    assert again["AssociationId"] == first["AssociationId"]
    message = refused(
        "Resource.AlreadyAssociated", ec2.associate_route_table, RouteTableId=net.main, SubnetId=net.subnet
    )
    assert message == (f"the specified association for route table {net.main} conflicts with an existing association")
    refused("DependencyViolation", ec2.delete_route_table, RouteTableId=net.table)
    moved = ec2.replace_route_table_association(AssociationId=first["AssociationId"], RouteTableId=net.main)
    ec2.delete_route_table(RouteTableId=net.table)
    (table,) = ec2.describe_route_tables(Filters=named("association.subnet-id", net.subnet))["RouteTables"]
    assert table["RouteTableId"] == net.main
    ec2.disassociate_route_table(AssociationId=moved["NewAssociationId"])
    assert ec2.describe_route_tables(Filters=named("association.subnet-id", net.subnet))["RouteTables"] == []


def test_what_associations_refuse(net: Network, cloud: InProcess, ec2: Any) -> None:
    other = Network(cloud, ec2)
    associate, replace = ec2.associate_route_table, ec2.replace_route_table_association
    message = refused("InvalidParameterValue", associate, RouteTableId=net.table, SubnetId=other.subnet)
    assert "belong to different networks" in message
    refused("InvalidParameterValue", replace, AssociationId=net.main_association, RouteTableId=other.table)
    refused("MissingParameter", associate, RouteTableId=net.table)
    refused(
        "InvalidParameterCombination", associate, RouteTableId=net.table, GatewayId=net.gateway, SubnetId=net.subnet
    )
    refused("UnsupportedOperation", associate, RouteTableId=net.table, PublicIpv4Pool="pool")
    refused("InvalidSubnetID.NotFound", associate, RouteTableId=net.table, SubnetId="subnet-01234567")
    refused("DryRunOperation", associate, RouteTableId=net.table, SubnetId=net.subnet, DryRun=True)
    assert ec2.describe_route_tables(RouteTableIds=[net.table])["RouteTables"][0]["Associations"] == []


def test_quotas(net: Network, cloud: InProcess, ec2: Any) -> None:
    cloud.settings.limits["route-tables-per-vpc"] = 2
    refused("RouteTableLimitExceeded", ec2.create_route_table, VpcId=net.vpc)
    cloud.settings.limits["routes-per-table"] = 1
    net.create_route(GatewayId=net.gateway)
    refused("RouteLimitExceeded", net.create_route, destination="192.0.2.0/24", GatewayId=net.gateway)


def test_a_local_route_counts_in_no_quota_whatever_its_target(net: Network, cloud: InProcess, ec2: Any) -> None:
    _, interface = net.instance()
    cloud.settings.limits["routes-per-table"] = 1
    ec2.replace_route(RouteTableId=net.table, DestinationCidrBlock="10.0.0.0/16", NetworkInterfaceId=interface)
    net.create_route(GatewayId=net.gateway)


def test_a_route_to_a_gateway(net: Network, ec2: Any) -> None:
    assert net.create_route("0.0.0.1/0", GatewayId=net.gateway)["Return"] is True
    default = {
        "DestinationCidrBlock": "0.0.0.0/0",
        "GatewayId": net.gateway,
        "Origin": "CreateRoute",
        "State": "active",
    }
    assert net.routes() == [LOCAL, default]
    ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)
    assert net.routes() == [LOCAL, {**default, "State": "blackhole"}]
    ec2.delete_internet_gateway(InternetGatewayId=net.gateway)
    assert net.routes() == [LOCAL, {**default, "State": "blackhole"}]
    ec2.delete_route(RouteTableId=net.table, DestinationCidrBlock="0.0.0.0/0")
    assert net.routes() == [LOCAL]


@pytest.mark.parametrize(("state", "shown"), [("running", "active"), ("stopped", "blackhole")])
def test_a_route_to_an_instance(net: Network, state: str, shown: str) -> None:
    instance, interface = net.instance(state=state)
    wanted = {
        "DestinationCidrBlock": "0.0.0.0/0",
        "InstanceId": instance,
        "InstanceOwnerId": ACCOUNT,
        "NetworkInterfaceId": interface,
        "Origin": "CreateRoute",
        "State": shown,
    }
    net.create_route(InstanceId=instance)
    assert net.routes()[1] == wanted
    net.ec2.delete_route(RouteTableId=net.table, DestinationCidrBlock="0.0.0.0/0")
    net.create_route(NetworkInterfaceId=interface)
    assert net.routes()[1] == wanted


def test_a_route_whose_instance_is_gone(net: Network, cloud: InProcess) -> None:
    instance, interface = net.instance()
    net.create_route(InstanceId=instance)
    gone = cloud.table.find(("network-interface", interface))
    cloud.table.apply({("network-interface", interface): (gone, None)})
    assert (net.routes()[1]["State"], net.routes()[1]["InstanceId"]) == ("blackhole", instance)


def test_an_instance_with_several_enis_is_ambiguous(net: Network) -> None:
    instance, interface = net.instance(interfaces=2)
    message = refused("InvalidInstanceID", net.create_route, InstanceId=instance)
    assert instance in message
    net.create_route(NetworkInterfaceId=interface)
    bare, _ = net.instance(number=2, interfaces=0)
    refused("IncorrectInstanceState", net.create_route, destination="192.0.2.0/24", InstanceId=bare)


def test_what_create_route_refuses(net: Network, cloud: InProcess, ec2: Any) -> None:
    other = Network(cloud, ec2)
    _, interface = other.instance()
    target = {"GatewayId": net.gateway}
    refused("InvalidParameterValue", net.create_route, destination="10.0.0.0", **target)
    refused("MissingParameter", ec2.create_route, RouteTableId=net.table, **target)
    refused("MissingParameter", net.create_route)
    refused("InvalidParameterCombination", net.create_route, InstanceId="i-01234567", **target)
    assert refused("InvalidParameterValue", net.create_route, GatewayId=other.gateway) == (
        f"route table {net.table} and network gateway {other.gateway} belong to different networks"
    )
    refused("InvalidParameterValue", net.create_route, NetworkInterfaceId=interface)
    assert refused("InvalidGatewayID.NotFound", net.create_route, GatewayId="igw-01234567") == (
        "The gateway ID 'igw-01234567' does not exist"
    )
    refused("InvalidInstanceID.NotFound", net.create_route, InstanceId="i-01234567")
    refused("InvalidNetworkInterfaceID.NotFound", net.create_route, NetworkInterfaceId="eni-01234567")
    refused(
        "InvalidRouteTableID.NotFound",
        ec2.create_route,
        RouteTableId="rtb-01234567",
        DestinationCidrBlock="0.0.0.0/0",
        **target,
    )
    refused("InvalidParameterValue", net.create_route, destination="169.254.168.0/24", **target)
    refused("DryRunOperation", net.create_route, DryRun=True, **target)
    assert net.routes() == [LOCAL]
    net.create_route(**target)
    assert refused("RouteAlreadyExists", net.create_route, **target) == (
        "The route identified by 0.0.0.0/0 already exists."
    )


UNKNOWN = {
    ("NatGatewayId", "nat-01234567"): "InvalidNatGatewayID.NotFound",
    ("TransitGatewayId", "tgw-01234567"): "InvalidTransitGatewayID.NotFound",
    ("VpcPeeringConnectionId", "pcx-01234567"): "InvalidVpcPeeringConnectionID.NotFound",
    ("EgressOnlyInternetGatewayId", "eigw-01234567"): "InvalidGatewayID.NotFound",
    ("VpcEndpointId", "vpce-01234567"): "InvalidVpcEndpointId.NotFound",
    ("CarrierGatewayId", "cagw-01234567"): "InvalidCarrierGatewayID.NotFound",
    ("LocalGatewayId", "lgw-01234567"): "InvalidLocalGatewayID.NotFound",
    ("CoreNetworkArn", "arn:aws:networkmanager::1:core-network/c"): "InvalidCoreNetworkArn.NotFound",
    ("OdbNetworkArn", "arn:aws:odb:us-east-1:1:odb-network/o"): "InvalidOdbNetworkArn.NotFound",
    ("GatewayId", "vgw-01234567"): "InvalidGatewayID.NotFound",
    ("GatewayId", "vpce-01234567"): "InvalidGatewayID.NotFound",
}


@pytest.mark.parametrize(("target", "code"), UNKNOWN.items())
def test_targets_of_kinds_of_which_there_are_none(net: Network, target: tuple[str, str], code: str) -> None:
    name, value = target
    assert f"'{value}' does not exist" in refused(code, net.create_route, **{name: value})
    where = {"RouteTableId": net.table, "DestinationCidrBlock": "10.0.0.0/16"}
    refused(code, net.ec2.replace_route, **where, **{name: value})


def test_routes_are_learned_from_no_gateway(net: Network, ec2: Any) -> None:
    for call in (ec2.enable_vgw_route_propagation, ec2.disable_vgw_route_propagation):
        refused("InvalidGatewayID.NotFound", call, RouteTableId=net.table, GatewayId="vgw-01234567")
        refused("InvalidParameterValue", call, RouteTableId=net.table, GatewayId=net.gateway)
        refused("InvalidRouteTableID.NotFound", call, RouteTableId="rtb-01234567", GatewayId=net.gateway)


def test_routes_inside_the_vpc(net: Network) -> None:
    _, interface = net.instance()
    message = refused("InvalidParameterValue", net.create_route, destination="10.0.1.0/24", GatewayId=net.gateway)
    assert message == (
        "The destination CIDR block 10.0.1.0/24 is equal to or more specific than one of this VPC's CIDR blocks. "
        "This route can target only an interface or an instance."
    )
    refused("InvalidParameterValue", net.create_route, destination="10.0.2.0/24", NetworkInterfaceId=interface)
    refused("RouteAlreadyExists", net.create_route, destination="10.0.0.0/16", NetworkInterfaceId=interface)
    net.create_route("10.0.1.0/24", NetworkInterfaceId=interface)
    net.create_route("10.0.0.0/8", GatewayId=net.gateway)
    assert [route["DestinationCidrBlock"] for route in net.routes()] == ["10.0.0.0/16", "10.0.1.0/24", "10.0.0.0/8"]


def test_replace(net: Network, ec2: Any) -> None:
    _, interface = net.instance()
    where = {"RouteTableId": net.table, "DestinationCidrBlock": "0.0.0.0/0"}
    assert refused("InvalidParameterValue", ec2.replace_route, GatewayId=net.gateway, **where) == (
        "There is no route defined for '0.0.0.0/0' in the route table. Use CreateRoute instead."
    )
    net.create_route(GatewayId=net.gateway)
    ec2.replace_route(NetworkInterfaceId=interface, **where)
    assert net.routes()[1]["NetworkInterfaceId"] == interface
    assert "GatewayId" not in net.routes()[1]
    refused("InvalidParameterValue", ec2.replace_route, LocalTarget=True, **where)


def test_a_local_route_s_target_is_replaced_and_restored(net: Network, ec2: Any) -> None:
    _, interface = net.instance()
    where = {"RouteTableId": net.table, "DestinationCidrBlock": "10.0.0.0/16"}
    refused("InvalidParameterValue", ec2.replace_route, GatewayId=net.gateway, **where)
    ec2.replace_route(NetworkInterfaceId=interface, **where)
    (route,) = net.routes()
    assert (route["NetworkInterfaceId"], route["Origin"]) == (interface, "CreateRouteTable")
    refused("InvalidParameterValue", ec2.delete_route, **where)
    refused("InvalidParameterCombination", ec2.replace_route, LocalTarget=True, NetworkInterfaceId=interface, **where)
    ec2.replace_route(LocalTarget=True, **where)
    assert net.routes() == [LOCAL]
    ec2.replace_route(NetworkInterfaceId=interface, **where)
    ec2.replace_route(GatewayId="local", **where)
    assert net.routes() == [LOCAL]


def test_what_delete_route_refuses(net: Network, ec2: Any) -> None:
    where = {"RouteTableId": net.table}
    assert refused("InvalidParameterValue", ec2.delete_route, DestinationCidrBlock="10.0.0.0/16", **where) == (
        f"cannot remove local route 10.0.0.0/16 in route table {net.table}"
    )
    assert refused("InvalidRoute.NotFound", ec2.delete_route, DestinationCidrBlock="0.0.0.0/0", **where) == (
        f"no route with destination-cidr-block 0.0.0.0/0 in route table {net.table}"
    )
    refused("MissingParameter", ec2.delete_route, **where)


def test_filters(net: Network, ec2: Any) -> None:
    instance, _ = net.instance(state="stopped")
    net.create_route(GatewayId=net.gateway)
    net.create_route("192.0.2.0/24", InstanceId=instance)
    association = ec2.associate_route_table(RouteTableId=net.table, SubnetId=net.subnet)["AssociationId"]
    only_mine = {
        "association.route-table-association-id": association,
        "association.route-table-id": net.table,
        "association.subnet-id": net.subnet,
        "association.main": "false",
        "route-table-id": net.table,
        "route.destination-cidr-block": "0.0.0.0/0",
        "route.gateway-id": net.gateway,
        "route.instance-id": instance,
        "route.origin": "CreateRoute",
        "route.state": "blackhole",
    }
    for name, value in only_mine.items():
        found = ec2.describe_route_tables(Filters=named(name, value))["RouteTables"]
        assert [table["RouteTableId"] for table in found] == [net.table], name
        assert ec2.describe_route_tables(Filters=named(name, "other"))["RouteTables"] == [], name
    for name, value in {"vpc-id": net.vpc, "owner-id": ACCOUNT, "route.gateway-id": "local"}.items():
        assert len(ec2.describe_route_tables(Filters=named(name, value))["RouteTables"]) == 2, name
    for name in ("route.nat-gateway-id", "association.gateway-id", "route.vpc-peering-connection-id"):
        assert ec2.describe_route_tables(Filters=named(name, "*"))["RouteTables"] == [], name
    refused("InvalidParameterValue", ec2.describe_route_tables, Filters=named("route.colour", "blue"))


def test_pages(net: Network, ec2: Any) -> None:
    for _ in range(4):
        ec2.create_route_table(VpcId=net.vpc)
    assert pages(ec2.describe_route_tables, "RouteTables", 5) == [5, 1]
    refused("InvalidParameterValue", ec2.describe_route_tables, MaxResults=101)
