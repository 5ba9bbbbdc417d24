"""Internet gateways, through botocore both ways."""

from typing import Any

from atoll.model.kinds import ElasticIp, NetworkInterface
from tests.support.expect import named, pages, refused, tag_specification
from tests.support.inprocess import ACCOUNT, InProcess


def make(ec2: Any, **params: Any) -> str:
    return str(ec2.create_internet_gateway(**params)["InternetGateway"]["InternetGatewayId"])


def make_vpc(ec2: Any) -> str:
    return str(ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])


def test_create_attach_detach_delete(ec2: Any) -> None:
    vpc = make_vpc(ec2)
    made = ec2.create_internet_gateway(TagSpecifications=tag_specification("internet-gateway", Name="door"))
    gateway = made["InternetGateway"]
    assert gateway["Attachments"] == []
    assert gateway["OwnerId"] == ACCOUNT
    assert gateway["Tags"] == [{"Key": "Name", "Value": "door"}]
    id_ = gateway["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=id_, VpcId=vpc)
    (found,) = ec2.describe_internet_gateways()["InternetGateways"]
    assert found == {**gateway, "Attachments": [{"State": "available", "VpcId": vpc}]}
    message = refused("DependencyViolation", ec2.delete_internet_gateway, InternetGatewayId=id_)
    assert message == f"The internetGateway '{id_}' has dependencies and cannot be deleted."
    ec2.detach_internet_gateway(InternetGatewayId=id_, VpcId=vpc)
    assert ec2.describe_internet_gateways()["InternetGateways"] == [gateway]
    ec2.delete_internet_gateway(InternetGatewayId=id_)
    assert ec2.describe_internet_gateways()["InternetGateways"] == []
    refused("InvalidInternetGatewayID.NotFound", ec2.delete_internet_gateway, InternetGatewayId=id_)


def test_one_gateway_a_vpc_and_one_vpc_a_gateway(ec2: Any) -> None:
    vpc, other = make_vpc(ec2), make_vpc(ec2)
    first, second = make(ec2), make(ec2)
    ec2.attach_internet_gateway(InternetGatewayId=first, VpcId=vpc)
    taken = f"resource {first} is already attached to network {vpc}"
    for gateway, network in ((second, vpc), (first, other), (first, vpc)):
        message = refused(
            "Resource.AlreadyAssociated", ec2.attach_internet_gateway, InternetGatewayId=gateway, VpcId=network
        )
        assert message == taken
    ec2.attach_internet_gateway(InternetGatewayId=second, VpcId=other)


def test_detach_needs_the_vpc_that_it_is_attached_to(ec2: Any) -> None:
    vpc, other, gateway = make_vpc(ec2), make_vpc(ec2), make(ec2)
    refused("Gateway.NotAttached", ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc)
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    refused("Gateway.NotAttached", ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId=other)
    refused("InvalidVpcID.NotFound", ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId="vpc-01234567")


def test_detach_is_refused_while_an_address_is_mapped(cloud: InProcess, ec2: Any) -> None:
    vpc, other, gateway = make_vpc(ec2), make_vpc(ec2), make(ec2)
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    home = cloud.draft().home

    def eni(network: str, public_ip: str | None) -> NetworkInterface:
        return NetworkInterface(
            id="eni-00000001",
            home=home,
            vpc=network,
            subnet="subnet-00000001",
            zone="us-east-1a",
            mac="02:00:00:00:00:01",
            groups=(),
            public_ip=public_ip,
        )

    elastic = ElasticIp(home=home, id="eipalloc-00000001", public_ip="198.18.0.2", interface="eni-00000001")
    free = ElasticIp(home=home, id="eipalloc-00000001", public_ip="198.18.0.2")
    for entities in ([eni(vpc, "198.18.0.1"), free], [eni(vpc, None), elastic]):
        cloud.put(*entities)
        message = refused("DependencyViolation", ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc)
        assert message == (
            f"Network {vpc} has some mapped public address(es). "
            "Please unmap those public address(es) before detaching the gateway."
        )
    cloud.put(eni(other, "198.18.0.1"), elastic)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)


def test_quota_and_dry_run(ec2: Any) -> None:
    refused("DryRunOperation", ec2.create_internet_gateway, DryRun=True)
    for _ in range(5):
        make(ec2)
    message = refused("InternetGatewayLimitExceeded", ec2.create_internet_gateway)
    assert message == "The maximum number of internet gateways has been reached."


def test_filters_and_pages(cloud: InProcess, ec2: Any) -> None:
    cloud.settings.limits["internet-gateways-per-region"] = 7
    vpc = make_vpc(ec2)
    ids = [make(ec2) for _ in range(7)]
    ec2.attach_internet_gateway(InternetGatewayId=ids[3], VpcId=vpc)
    filters = {
        "attachment.state": "available",
        "attachment.vpc-id": vpc,
        "internet-gateway-id": ids[3],
    }
    for name, value in filters.items():
        found = ec2.describe_internet_gateways(Filters=named(name, value))["InternetGateways"]
        assert [gateway["InternetGatewayId"] for gateway in found] == [ids[3]], name
        nothing = ec2.describe_internet_gateways(Filters=named(name, "other"))["InternetGateways"]
        assert nothing == [], name
    assert len(ec2.describe_internet_gateways(Filters=named("owner-id", ACCOUNT))["InternetGateways"]) == 7
    refused("InvalidParameterValue", ec2.describe_internet_gateways, Filters=named("vpc-id", vpc))
    assert pages(ec2.describe_internet_gateways, "InternetGateways", 5) == [5, 2]
    refused("InvalidInternetGatewayID.NotFound", ec2.describe_internet_gateways, InternetGatewayIds=["igw-01234567"])
