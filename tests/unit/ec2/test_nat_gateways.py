"""NAT gateways through boto3: states, failures that show later, deletion, routes, addresses, and what is not theirs."""

from typing import Any

import pytest

from atoll.model.tx import Settings
from tests.support.expect import named, pages, refused, tag_specification
from tests.support.inprocess import ACCOUNT, InProcess
from tests.support.lab import Lab, look


class Nat:
    """A VPC with an internet gateway, and NAT gateways in it."""

    def __init__(self, cloud: InProcess) -> None:
        self.cloud = cloud
        self.lab = Lab(cloud)
        self.ec2 = self.lab.ec2

    def create(self, **params: Any) -> str:
        """A NAT gateway, whatever becomes of it."""
        asked = {"SubnetId": self.lab.subnet, **params}
        return str(self.ec2.create_nat_gateway(**asked)["NatGateway"]["NatGatewayId"])

    def public(self, **params: Any) -> tuple[str, str]:
        """An available public one, and its Elastic IP's allocation."""
        allocation, _ = self.lab.elastic_ip()
        gateway = self.create(AllocationId=allocation, **params)
        look(self.cloud)
        assert self.shown(gateway)["State"] == "available"
        return gateway, allocation

    def private(self, **params: Any) -> str:
        """An available private one."""
        gateway = self.create(ConnectivityType="private", **params)
        look(self.cloud)
        assert self.shown(gateway)["State"] == "available"
        return gateway

    def shown(self, gateway: str) -> dict[str, Any]:
        """As it is described."""
        (found,) = self.ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"]
        return dict(found)

    def addresses(self, gateway: str) -> list[dict[str, Any]]:
        """Its addresses, the primary one first."""
        return list(self.shown(gateway)["NatGatewayAddresses"])

    def failed(self, **params: Any) -> tuple[str, str]:
        """Code and message of one that fails."""
        gateway = self.create(**params)
        assert self.shown(gateway)["State"] == "pending"
        look(self.cloud)
        shown = self.shown(gateway)
        assert shown["State"] == "failed"
        assert [one["Status"] for one in shown["NatGatewayAddresses"]] == ["failed"] * len(shown["NatGatewayAddresses"])
        return shown["FailureCode"], shown["FailureMessage"]


@pytest.fixture
def nat(cloud: InProcess) -> Nat:
    return Nat(cloud)


def test_a_public_one_is_pending_and_then_available(nat: Nat) -> None:
    allocation, ip = nat.lab.elastic_ip()
    tags = tag_specification("natgateway", Name="out")
    made = nat.ec2.create_nat_gateway(
        SubnetId=nat.lab.subnet, AllocationId=allocation, ClientToken="t-1", TagSpecifications=tags
    )
    assert made["ClientToken"] == "t-1"
    pending = made["NatGateway"]
    assert pending["State"] == "pending"
    assert pending["NatGatewayAddresses"] == [{"AllocationId": allocation, "IsPrimary": True, "Status": "associating"}]
    look(nat.cloud)
    shown = nat.shown(pending["NatGatewayId"])
    assert {name: shown[name] for name in ("State", "ConnectivityType", "SubnetId", "VpcId", "AvailabilityMode")} == {
        "State": "available",
        "ConnectivityType": "public",
        "SubnetId": nat.lab.subnet,
        "VpcId": nat.lab.vpc,
        "AvailabilityMode": "zonal",
    }
    assert shown["Tags"] == [{"Key": "Name", "Value": "out"}]
    assert shown["CreateTime"] == pending["CreateTime"]
    assert "FailureCode" not in shown
    assert "DeleteTime" not in shown
    (address,) = shown["NatGatewayAddresses"]
    elastic = nat.lab.address(allocation)
    assert address == {
        "AllocationId": allocation,
        "AssociationId": elastic["AssociationId"],
        "IsPrimary": True,
        "NetworkInterfaceId": elastic["NetworkInterfaceId"],
        "PrivateIp": elastic["PrivateIpAddress"],
        "PublicIp": ip,
        "Status": "succeeded",
    }


def test_its_interface_is_aws_own(nat: Nat) -> None:
    gateway, allocation = nat.public(PrivateIpAddress="10.0.1.77")
    (address,) = nat.addresses(gateway)
    eni = nat.lab.eni(address["NetworkInterfaceId"])
    assert (eni["InterfaceType"], eni["Description"]) == ("nat_gateway", f"Interface for NAT Gateway {gateway}")
    assert (eni["RequesterManaged"], eni["SourceDestCheck"], eni["Status"]) == (True, False, "in-use")
    assert (eni["Groups"], eni["PrivateIpAddress"], eni["OwnerId"]) == ([], "10.0.1.77", ACCOUNT)
    assert eni["Attachment"]["InstanceOwnerId"] == eni["RequesterId"] == "amazon-aws"
    assert eni["Attachment"]["AttachmentId"].startswith("ela-attach-")
    assert "InstanceId" not in eni["Attachment"]
    assert eni["Association"]["AllocationId"] == allocation
    found = nat.ec2.describe_network_interfaces(Filters=named("interface-type", "nat_gateway"))["NetworkInterfaces"]
    assert [one["NetworkInterfaceId"] for one in found] == [eni["NetworkInterfaceId"]]


def test_nobody_else_changes_its_interface_or_takes_its_address(nat: Nat) -> None:
    gateway, allocation = nat.public()
    (address,) = nat.addresses(gateway)
    eni, ec2 = {"NetworkInterfaceId": address["NetworkInterfaceId"]}, nat.ec2
    other, _ = nat.lab.elastic_ip()
    instance = nat.lab.launch()
    before = nat.lab.eni(id_=eni["NetworkInterfaceId"])
    refused("AuthFailure", ec2.modify_network_interface_attribute, Description={"Value": "mine"}, **eni)
    refused("AuthFailure", ec2.modify_network_interface_attribute, SourceDestCheck={"Value": True}, **eni)
    refused("AuthFailure", ec2.reset_network_interface_attribute, SourceDestCheck="true", **eni)
    refused("AuthFailure", ec2.attach_network_interface, InstanceId=instance, DeviceIndex=1, **eni)
    refused("AuthFailure", ec2.assign_private_ip_addresses, SecondaryPrivateIpAddressCount=1, **eni)
    refused("AuthFailure", ec2.unassign_private_ip_addresses, PrivateIpAddresses=[address["PrivateIp"]], **eni)
    refused("AuthFailure", ec2.associate_address, AllocationId=other, **eni)
    refused("AuthFailure", ec2.associate_address, AllocationId=allocation, InstanceId=instance)
    refused("AuthFailure", ec2.disassociate_address, AssociationId=address["AssociationId"])
    permission = {"AwsAccountId": "210987654321", "Permission": "INSTANCE-ATTACH"}
    refused("AuthFailure", ec2.create_network_interface_permission, **permission, **eni)
    refused("InvalidParameterValue", ec2.delete_network_interface, **eni)
    refused("InvalidIPAddress.InUse", ec2.release_address, AllocationId=allocation)
    table = ec2.create_route_table(VpcId=nat.lab.vpc)["RouteTable"]["RouteTableId"]
    refused("AuthFailure", ec2.create_route, RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **eni)
    assert nat.lab.eni(eni["NetworkInterfaceId"]) == before


def test_failures_show_later(nat: Nat) -> None:
    allocation, _ = nat.lab.elastic_ip()
    taken, _ = nat.lab.elastic_ip()
    nat.ec2.associate_address(AllocationId=taken, NetworkInterfaceId=nat.lab.interface())
    assert nat.failed(AllocationId=taken) == (
        "Resource.AlreadyAssociated",
        f"Elastic IP address {taken} is already associated",
    )
    assert nat.ec2.describe_addresses(AllocationIds=[taken])["Addresses"][0]["AssociationId"]
    small = nat.lab.make_subnet("10.0.9.0/28")
    for _ in range(11):
        nat.lab.interface(small)
    assert nat.failed(AllocationId=allocation, SubnetId=small) == (
        "InsufficientFreeAddressesInSubnet",
        "Subnet has insufficient free addresses to create this NAT gateway",
    )
    gone, _ = nat.lab.elastic_ip()
    gateway = nat.create(AllocationId=gone)
    nat.ec2.release_address(AllocationId=gone)
    look(nat.cloud)
    assert nat.shown(gateway)["FailureCode"] == "InvalidAllocationID.NotFound"
    vanished = nat.lab.make_subnet("10.0.8.0/24")
    gateway = nat.create(AllocationId=allocation, SubnetId=vanished)
    nat.ec2.delete_subnet(SubnetId=vanished)
    look(nat.cloud)
    assert nat.shown(gateway)["FailureCode"] == "InvalidSubnetID.NotFound"
    gateway = nat.create(AllocationId=allocation, PrivateIpAddress="10.0.1.50")
    nat.lab.interface(PrivateIpAddress="10.0.1.50")
    look(nat.cloud)
    assert nat.shown(gateway)["FailureCode"] == "InvalidIPAddress.InUse"
    assert "AssociationId" not in nat.lab.address(allocation)
    enis = nat.ec2.describe_network_interfaces(Filters=named("interface-type", "nat_gateway"))["NetworkInterfaces"]
    assert enis == []


def test_without_an_internet_gateway_a_public_one_fails(cloud: InProcess) -> None:
    lab = Lab(cloud, gateway=False)
    allocation, _ = lab.elastic_ip()
    made = lab.ec2.create_nat_gateway(SubnetId=lab.subnet, AllocationId=allocation)["NatGateway"]["NatGatewayId"]
    private = lab.ec2.create_nat_gateway(SubnetId=lab.subnet, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
    look(cloud)
    shown = {one["NatGatewayId"]: one for one in lab.ec2.describe_nat_gateways()["NatGateways"]}
    assert shown[made]["FailureCode"] == "Gateway.NotAttached"
    assert shown[made]["FailureMessage"] == f"Network {lab.vpc} has no Internet gateway attached"
    assert shown[private]["State"] == "available"


def test_what_is_refused_at_once(nat: Nat) -> None:
    create, allocation = nat.ec2.create_nat_gateway, nat.lab.elastic_ip()[0]
    here, mine = {"SubnetId": nat.lab.subnet}, {"AllocationId": allocation}
    refused("MissingParameter", create, **here)
    refused("MissingParameter", create, **mine)
    refused("InvalidSubnetID.NotFound", create, SubnetId="subnet-0123456789abcdef0", **mine)
    refused("InvalidParameterValue", create, ConnectivityType="both", **here, **mine)
    refused("InvalidParameterCombination", create, ConnectivityType="private", **here, **mine)
    refused("InvalidParameterCombination", create, SecondaryPrivateIpAddressCount=1, **here, **mine)
    refused("InvalidParameterValue", create, PrivateIpAddress="10.0.2.9", **here, **mine)
    refused("InvalidParameterValue", create, PrivateIpAddress="10.0.1.3", **here, **mine)
    refused("InvalidParameterValue", create, SecondaryPrivateIpAddressCount=0, ConnectivityType="private", **here)
    twice = {"PrivateIpAddress": "10.0.1.9", "SecondaryPrivateIpAddresses": ["10.0.1.9"]}
    refused("InvalidParameterValue", create, ConnectivityType="private", **twice, **here)
    unknown = {"SecondaryAllocationIds": ["eipalloc-0123456789abcdef0"]}
    refused("InvalidAllocationID.NotFound", create, **unknown, **here, **mine)
    two = {"SecondaryAllocationIds": [nat.lab.elastic_ip()[0] for _ in range(2)]}
    refused("AddressLimitExceeded", create, **two, **here, **mine)
    refused("DryRunOperation", create, DryRun=True, **here, **mine)
    zones = [{"AvailabilityZone": "us-east-1a", "AllocationIds": [allocation]}]
    regional = {"VpcId": nat.lab.vpc, "AvailabilityZoneAddresses": zones, "AvailabilityMode": "regional"}
    for name, value in regional.items():
        assert name in refused("UnsupportedOperation", create, **{name: value}, **here, **mine)
    assert nat.ec2.describe_nat_gateways()["NatGateways"] == []


def test_five_in_a_zone(nat: Nat) -> None:
    made = [nat.create(ConnectivityType="private") for _ in range(5)]
    said = refused("NatGatewayLimitExceeded", nat.create, ConnectivityType="private")
    assert said == "Performing this operation would exceed the limit of 5 NAT gateways"
    nat.create(ConnectivityType="private", SubnetId=nat.lab.other_zone)
    nat.ec2.delete_nat_gateway(NatGatewayId=made[0])
    refused("NatGatewayLimitExceeded", nat.create, ConnectivityType="private")
    look(nat.cloud)
    nat.create(ConnectivityType="private")


def test_the_same_token_is_the_same_gateway(nat: Nat) -> None:
    allocation, _ = nat.lab.elastic_ip()
    one = nat.create(AllocationId=allocation, ClientToken="once")
    assert nat.create(AllocationId=allocation, ClientToken="once") == one
    refused("IdempotentParameterMismatch", nat.create, ConnectivityType="private", ClientToken="once")


def test_routes_to_it_and_what_becomes_of_them(nat: Nat) -> None:
    gateway, allocation = nat.public()
    ec2, vpc = nat.ec2, nat.lab.vpc
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=gateway)
    inside = {"RouteTableId": table, "DestinationCidrBlock": "10.0.2.0/24"}
    ec2.create_route(NatGatewayId=gateway, **inside)

    def route() -> dict[str, Any]:
        (found,) = ec2.describe_route_tables(Filters=named("route.nat-gateway-id", gateway))["RouteTables"]
        return dict(next(one for one in found["Routes"] if one["DestinationCidrBlock"] == "0.0.0.0/0"))

    assert route() == {
        "DestinationCidrBlock": "0.0.0.0/0",
        "NatGatewayId": gateway,
        "Origin": "CreateRoute",
        "State": "active",
    }
    other = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    far = ec2.create_route_table(VpcId=other)["RouteTable"]["RouteTableId"]
    everything = {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": gateway}
    said = refused("InvalidParameterValue", ec2.create_route, RouteTableId=far, **everything)
    assert said == f"route table {far} and nat gateway {gateway} belong to different networks"
    edge = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=edge, GatewayId=nat.lab.gateway)
    refused("InvalidParameterValue", ec2.create_route, **{**inside, "RouteTableId": edge}, NatGatewayId=gateway)

    assert ec2.delete_nat_gateway(NatGatewayId=gateway)["NatGatewayId"] == gateway
    assert (nat.shown(gateway)["State"], route()["State"]) == ("deleting", "blackhole")
    look(nat.cloud)
    assert (nat.shown(gateway)["State"], route()["State"]) == ("deleted", "blackhole")
    assert "AssociationId" not in nat.lab.address(allocation)
    assert nat.shown(gateway)["DeleteTime"]
    refused("InvalidNatGatewayID.NotFound", ec2.replace_route, RouteTableId=table, **everything)
    again, _ = nat.public()
    ec2.replace_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=again)
    (shown,) = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    states = {one["DestinationCidrBlock"]: one["State"] for one in shown["Routes"]}
    assert states == {"10.0.0.0/16": "active", "0.0.0.0/0": "active", "10.0.2.0/24": "blackhole"}


def test_deletion_holds_nothing_back_and_is_repeatable(nat: Nat) -> None:
    gateway, allocation = nat.public()
    ec2, lab = nat.ec2, nat.lab
    refused("DependencyViolation", ec2.delete_subnet, SubnetId=lab.subnet)
    refused("DependencyViolation", ec2.delete_vpc, VpcId=lab.vpc)
    refused("DependencyViolation", ec2.detach_internet_gateway, InternetGatewayId=lab.gateway, VpcId=lab.vpc)
    for _ in range(2):
        ec2.delete_nat_gateway(NatGatewayId=gateway)
    refused("DependencyViolation", ec2.delete_subnet, SubnetId=lab.subnet)
    look(nat.cloud)
    ec2.delete_nat_gateway(NatGatewayId=gateway)
    assert nat.shown(gateway)["State"] == "deleted"
    ec2.release_address(AllocationId=allocation)
    ec2.detach_internet_gateway(InternetGatewayId=lab.gateway, VpcId=lab.vpc)
    ec2.delete_subnet(SubnetId=lab.subnet)
    nat.cloud.now += 3599
    look(nat.cloud)
    assert nat.shown(gateway)["State"] == "deleted"
    nat.cloud.now += 1
    look(nat.cloud)
    refused("NatGatewayNotFound", ec2.describe_nat_gateways, NatGatewayIds=[gateway])
    assert not [key for key in nat.cloud.table.records if key[0].startswith("nat")]


def test_one_that_is_deleted_before_it_was_anything(nat: Nat) -> None:
    allocation, _ = nat.lab.elastic_ip()
    gateway = nat.create(AllocationId=allocation)
    nat.ec2.delete_nat_gateway(NatGatewayId=gateway)
    look(nat.cloud)
    assert nat.shown(gateway)["State"] == "deleted"
    assert "AssociationId" not in nat.lab.address(allocation)


def test_describing(nat: Nat, cloud: InProcess) -> None:
    ec2 = nat.ec2
    first, _ = nat.public(TagSpecifications=tag_specification("natgateway", Name="a"))
    second = nat.private(SubnetId=nat.lab.other_zone)
    third = nat.create(ConnectivityType="private")
    told = refused("NatGatewayNotFound", ec2.describe_nat_gateways, NatGatewayIds=["nat-0123456789abcdef0"])
    assert told == "The Nat Gateway nat-0123456789abcdef0 was not found"
    refused("NatGatewayMalformed", ec2.describe_nat_gateways, NatGatewayIds=["nat-xyz"])
    refused("NatGatewayNotFound", ec2.delete_nat_gateway, NatGatewayId="nat-0123456789abcdef0")
    for name, value, found in (
        ("state", "available", [first, second]),
        ("state", "pending", [third]),
        ("subnet-id", nat.lab.other_zone, [second]),
        ("vpc-id", nat.lab.vpc, [first, second, third]),
        ("nat-gateway-id", first, [first]),
        ("tag:Name", "a", [first]),
        ("vpc-id", "vpc-0", []),
    ):
        shown = ec2.describe_nat_gateways(Filter=named(name, value))["NatGateways"]
        assert sorted(one["NatGatewayId"] for one in shown) == sorted(found), (name, value)
    refused("InvalidParameterValue", ec2.describe_nat_gateways, Filter=named("colour", "blue"))
    refused("InvalidParameterValue", ec2.describe_nat_gateways, MaxResults=4)
    for _ in range(4):
        nat.create(ConnectivityType="private", SubnetId=nat.lab.other_zone)
    assert pages(ec2.describe_nat_gateways, "NatGateways", 5) == [5, 2]
    assert cloud.client(account="210987654321").describe_nat_gateways()["NatGateways"] == []
    ec2.create_tags(Resources=[first], Tags=[{"Key": "Team", "Value": "x"}])
    (tag,) = ec2.describe_tags(Filters=[*named("resource-id", first), *named("key", "Team")])["Tags"]
    assert (tag["ResourceType"], tag["Value"]) == ("natgateway", "x")


def test_waiters_finish(nat: Nat, monkeypatch: pytest.MonkeyPatch) -> None:
    def pause(_seconds: float) -> None:
        look(nat.cloud)

    monkeypatch.setattr("botocore.waiter.time.sleep", pause)
    gateway = nat.create(AllocationId=nat.lab.elastic_ip()[0])
    nat.ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[gateway])
    assert nat.shown(gateway)["State"] == "available"
    nat.ec2.delete_nat_gateway(NatGatewayId=gateway)
    nat.ec2.get_waiter("nat_gateway_deleted").wait(NatGatewayIds=[gateway])
    assert nat.shown(gateway)["State"] == "deleted"


def test_more_elastic_ips(nat: Nat) -> None:
    gateway, _ = nat.public()
    ec2, (more, ip) = nat.ec2, nat.lab.elastic_ip()
    answer = ec2.associate_nat_gateway_address(NatGatewayId=gateway, AllocationIds=[more])
    assert answer["NatGatewayId"] == gateway
    assert answer["NatGatewayAddresses"] == [{"AllocationId": more, "IsPrimary": False, "Status": "associating"}]
    look(nat.cloud)
    first, second = nat.addresses(gateway)
    assert (second["Status"], second["PublicIp"], second["IsPrimary"]) == ("succeeded", ip, False)
    assert second["NetworkInterfaceId"] == first["NetworkInterfaceId"]
    assert len(nat.lab.eni(first["NetworkInterfaceId"])["PrivateIpAddresses"]) == 2
    leave = ec2.disassociate_nat_gateway_address
    refused("InvalidParameterValue", leave, NatGatewayId=gateway, AssociationIds=[first["AssociationId"]])
    refused("InvalidAssociationID.NotFound", leave, NatGatewayId=gateway, AssociationIds=["eipassoc-0"])
    mine = {"NatGatewayId": gateway, "AssociationIds": [second["AssociationId"]]}
    for seconds in (0, 4001):
        refused("InvalidParameterValue", leave, MaxDrainDurationSeconds=seconds, **mine)
    assert leave(**mine)["NatGatewayAddresses"][0]["Status"] == "disassociating"
    refused("IncorrectState", leave, **mine)
    for later in (0, 345, 4.9):  # while a connection has it
        nat.cloud.now += later
        look(nat.cloud, second["PrivateIp"])
        assert [one["Status"] for one in nat.addresses(gateway)] == ["succeeded", "disassociating"]
    assert "AssociationId" in nat.lab.address(more)
    nat.cloud.now += 0.1
    look(nat.cloud, second["PrivateIp"])
    assert [one["Status"] for one in nat.addresses(gateway)] == ["succeeded"]
    assert "AssociationId" not in nat.lab.address(more)
    assert len(nat.lab.eni(first["NetworkInterfaceId"])["PrivateIpAddresses"]) == 1


def test_an_elastic_ip_that_cannot_be_had_fails_alone(nat: Nat) -> None:
    gateway, _ = nat.public()
    taken, _ = nat.lab.elastic_ip()
    nat.ec2.associate_address(AllocationId=taken, NetworkInterfaceId=nat.lab.interface())
    nat.ec2.associate_nat_gateway_address(NatGatewayId=gateway, AllocationIds=[taken])
    look(nat.cloud)
    assert nat.shown(gateway)["State"] == "available"
    failed = nat.addresses(gateway)[1]
    assert (failed["Status"], failed["FailureMessage"]) == (
        "failed",
        f"Elastic IP address {taken} is already associated",
    )
    nat.cloud.now += 3600
    look(nat.cloud)
    assert len(nat.addresses(gateway)) == 1


def test_secondary_addresses_from_the_start(cloud: InProcess) -> None:
    nat = Nat(InProcess(settings=Settings(limits={"elastic-ips-per-nat-gateway": 8}, default_vpc=False)))
    more = [nat.lab.elastic_ip()[0] for _ in range(2)]
    gateway, first = nat.public(SecondaryAllocationIds=more, SecondaryPrivateIpAddresses=["10.0.1.21", "10.0.1.22"])
    assert [one["AllocationId"] for one in nat.addresses(gateway)] == [first, *more]
    assert [one["PrivateIp"] for one in nat.addresses(gateway)][1:] == ["10.0.1.21", "10.0.1.22"]
    assert [one["IsPrimary"] for one in nat.addresses(gateway)] == [True, False, False]


def test_no_elastic_ip_is_given_twice(nat: Nat) -> None:
    allocation, _ = nat.lab.elastic_ip()
    twice = {"AllocationId": allocation, "SecondaryAllocationIds": [allocation]}
    refused("InvalidParameterValue", nat.create, **twice)


def test_the_primary_address_is_none_that_is_named_for_another(nat: Nat) -> None:
    """Of eleven addresses seven are named: one of the others is drawn, however often."""
    for number in range(50, 55):
        subnet = nat.ec2.create_subnet(VpcId=nat.lab.vpc, CidrBlock=f"10.0.{number}.0/28")["Subnet"]["SubnetId"]
        taken = [f"10.0.{number}.{host}" for host in range(4, 11)]
        gateway = nat.private(SubnetId=subnet, SecondaryPrivateIpAddresses=taken)
        primary, *others = (one["PrivateIp"] for one in nat.addresses(gateway))
        assert others == taken
        assert primary not in taken


def test_private_addresses_come_and_go(nat: Nat) -> None:
    gateway = nat.private(SecondaryPrivateIpAddresses=["10.0.1.30"])
    ec2, mine = nat.ec2, {"NatGatewayId": gateway}
    for one in nat.addresses(gateway):
        assert not one.keys() & {"AllocationId", "PublicIp", "AssociationId"}
    refused("MissingParameter", ec2.assign_private_nat_gateway_address, **mine)
    both = {"PrivateIpAddresses": ["10.0.1.31"], "PrivateIpAddressCount": 1}
    refused("InvalidParameterCombination", ec2.assign_private_nat_gateway_address, **both, **mine)
    refused("PrivateIpAddressLimitExceeded", ec2.assign_private_nat_gateway_address, PrivateIpAddressCount=7, **mine)
    refused("InvalidParameterValue", ec2.associate_nat_gateway_address, AllocationIds=["eipalloc-1"], **mine)
    answer = ec2.assign_private_nat_gateway_address(PrivateIpAddressCount=2, **mine)
    assert [one["Status"] for one in answer["NatGatewayAddresses"]] == ["assigning"] * 2
    look(nat.cloud)
    held = [one["PrivateIp"] for one in nat.addresses(gateway)]
    assert len(set(held)) == 4
    leave = ec2.unassign_private_nat_gateway_address
    refused("InvalidParameterValue", leave, PrivateIpAddresses=["10.0.1.99"], **mine)
    refused("InvalidParameterValue", leave, PrivateIpAddresses=held[:1], **mine)
    answer = leave(PrivateIpAddresses=["10.0.1.30"], MaxDrainDurationSeconds=10, **mine)
    assert answer["NatGatewayAddresses"][0]["Status"] == "unassigning"
    look(nat.cloud, "10.0.1.30")
    assert "10.0.1.30" in [one["PrivateIp"] for one in nat.addresses(gateway)]
    nat.cloud.now += 5  # the next look; nobody has it any more
    look(nat.cloud, held[0])
    assert "10.0.1.30" not in [one["PrivateIp"] for one in nat.addresses(gateway)]
    nat.lab.interface(PrivateIpAddress="10.0.1.30")
    public, _ = nat.public()
    assign = ec2.assign_private_nat_gateway_address
    refused("InvalidParameterValue", assign, NatGatewayId=public, PrivateIpAddressCount=1)
    ec2.delete_nat_gateway(NatGatewayId=public)
    refused("IncorrectState", ec2.associate_nat_gateway_address, NatGatewayId=public, AllocationIds=["eipalloc-1"])
