"""aws_nat_gateway and the routes by it, call by call.

hashicorp/terraform-provider-aws, internal/service/ec2/: vpc_nat_gateway.go@04088eaa5494, find.go@00a35305dc1b.
"""

from typing import Any

from tests.first_hour.account import Account, only
from tests.support.expect import named, refused, tag_specification


def gateway_of(account: Account, gateway: str) -> dict[str, Any]:
    """findNATGatewayByID."""
    return dict(only(account.ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"]))


def test_a_public_one_with_another_address_and_back(account: Account) -> None:
    """Each wait of the provider ends at its first look: create, associate, disassociate, delete."""
    ec2, vpc = account.ec2, account.vpc()
    account.gateway(vpc)
    subnet = account.subnet(vpc)
    first, second = (ec2.allocate_address(Domain="vpc")["AllocationId"] for _ in range(2))
    made = ec2.create_nat_gateway(
        AllocationId=first,
        ClientToken="terraform-20260101000000000000000001",
        ConnectivityType="public",
        SubnetId=subnet,
        TagSpecifications=tag_specification("natgateway", Name="out"),
    )["NatGateway"]["NatGatewayId"]
    shown = gateway_of(account, made)
    assert (shown["State"], shown["ConnectivityType"], shown["SubnetId"]) == ("available", "public", subnet)
    primary = only(shown["NatGatewayAddresses"])
    assert primary["IsPrimary"]
    assert {"AllocationId", "AssociationId", "NetworkInterfaceId", "PrivateIp", "PublicIp"} <= primary.keys()
    ec2.associate_nat_gateway_address(NatGatewayId=made, AllocationIds=[second])
    added = gateway_of(account, made)["NatGatewayAddresses"][1]
    assert (added["AllocationId"], added["Status"]) == (second, "succeeded")
    ec2.disassociate_nat_gateway_address(NatGatewayId=made, AssociationIds=[added["AssociationId"]])
    assert len(gateway_of(account, made)["NatGatewayAddresses"]) == 1
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=made)
    routes = only(ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"])["Routes"]
    assert [one["NatGatewayId"] for one in routes if one.get("State") == "active" and "NatGatewayId" in one] == [made]
    ec2.delete_nat_gateway(NatGatewayId=made)
    assert gateway_of(account, made)["State"] == "deleted", "which the provider takes for not found"
    refused("NatGatewayNotFound", ec2.delete_nat_gateway, NatGatewayId="nat-0123456789abcdef0")
    for allocation in (first, second):
        ec2.release_address(AllocationId=allocation)
    ec2.delete_subnet(SubnetId=subnet)


def test_one_that_fails_says_why(account: Account) -> None:
    """The provider's wait shows FailureCode and FailureMessage."""
    ec2, vpc = account.ec2, account.vpc()
    subnet, allocation = account.subnet(vpc), ec2.allocate_address(Domain="vpc")["AllocationId"]
    made = ec2.create_nat_gateway(AllocationId=allocation, SubnetId=subnet)["NatGateway"]["NatGatewayId"]
    shown = gateway_of(account, made)
    assert (shown["State"], shown["FailureCode"]) == ("failed", "Gateway.NotAttached")
    assert vpc in shown["FailureMessage"]


def test_private_addresses_of_a_private_one(account: Account) -> None:
    ec2, subnet = account.ec2, account.subnet(account.vpc())
    made = ec2.create_nat_gateway(ConnectivityType="private", SubnetId=subnet, SecondaryPrivateIpAddressCount=1)
    gateway = made["NatGateway"]["NatGatewayId"]
    ec2.assign_private_nat_gateway_address(NatGatewayId=gateway, PrivateIpAddresses=["10.0.1.77"])
    held = gateway_of(account, gateway)["NatGatewayAddresses"]
    assert [one["Status"] for one in held] == ["succeeded"] * 3
    ec2.unassign_private_nat_gateway_address(NatGatewayId=gateway, PrivateIpAddresses=["10.0.1.77"])
    assert "10.0.1.77" not in [one["PrivateIp"] for one in gateway_of(account, gateway)["NatGatewayAddresses"]]
    found = ec2.describe_nat_gateways(Filter=named("state", "available"))["NatGateways"]
    assert [one["NatGatewayId"] for one in found] == [gateway]
