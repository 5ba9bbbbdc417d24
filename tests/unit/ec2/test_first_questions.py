"""What clients ask of any account before they do anything: its attributes, its DHCP options, its credit options."""

import pytest

from tests.support.expect import named, refused
from tests.support.inprocess import ACCOUNT, InProcess
from tests.support.lab import Lab


def test_account_attributes(cloud: InProcess) -> None:
    describe = cloud.client().describe_account_attributes
    shown = {one["AttributeName"]: one["AttributeValues"] for one in describe()["AccountAttributes"]}
    assert shown == {
        "supported-platforms": [{"AttributeValue": "VPC"}],
        "default-vpc": [{"AttributeValue": "none"}],
        "max-instances": [{"AttributeValue": "20"}],
        "max-elastic-ips": [{"AttributeValue": "5"}],
        "vpc-max-elastic-ips": [{"AttributeValue": "5"}],
        "vpc-max-security-groups-per-interface": [{"AttributeValue": "5"}],
    }
    (one,) = describe(AttributeNames=["default-vpc"])["AccountAttributes"]
    assert one["AttributeName"] == "default-vpc"
    refused("InvalidParameterValue", describe, AttributeNames=["colour"])


@pytest.mark.parametrize(
    ("region", "zone"), [("us-east-1", "ec2.internal"), ("eu-west-1", "eu-west-1.compute.internal")]
)
def test_the_default_dhcp_options(cloud: InProcess, region: str, zone: str) -> None:
    ec2 = cloud.client(region=region)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]
    describe = ec2.describe_dhcp_options
    (shown,) = describe(DhcpOptionsIds=[vpc["DhcpOptionsId"]])["DhcpOptions"]
    assert shown == {
        "OwnerId": ACCOUNT,
        "Tags": [],
        "DhcpOptionsId": vpc["DhcpOptionsId"],
        "DhcpConfigurations": [
            {"Key": "domain-name", "Values": [{"Value": zone}]},
            {"Key": "domain-name-servers", "Values": [{"Value": "AmazonProvidedDNS"}]},
        ],
    }
    for name, value in {
        "dhcp-options-id": vpc["DhcpOptionsId"],
        "key": "domain-name",
        "owner-id": ACCOUNT,
        "value": "Amazon*",
    }.items():
        assert describe(Filters=named(name, value))["DhcpOptions"] == [shown], name
        assert describe(Filters=named(name, "other"))["DhcpOptions"] == [], name
    assert describe(Filters=named("tag:Name", "x"))["DhcpOptions"] == []
    refused("InvalidDhcpOptionID.NotFound", describe, DhcpOptionsIds=["dopt-0123456789abcdef0"])
    refused("InvalidParameterValue", describe, Filters=named("colour", "red"))


def test_credit_options(lab: Lab) -> None:
    two, three, fixed = (lab.launch(InstanceType=name) for name in ("t2.micro", "t3.micro", "m5.large"))
    describe = lab.ec2.describe_instance_credit_specifications

    def options(**asked: object) -> dict[str, str]:
        return {one["InstanceId"]: one["CpuCredits"] for one in describe(**asked)["InstanceCreditSpecifications"]}

    assert options(InstanceIds=[two, three, fixed]) == {two: "standard", three: "unlimited", fixed: "standard"}
    assert options() == {three: "unlimited"}
    assert options(Filters=named("instance-id", two)) == {}
    assert options(Filters=named("instance-id", three)) == {three: "unlimited"}
    refused("InvalidInstanceID.NotFound", describe, InstanceIds=["i-0123456789abcdef0"])
    refused("InvalidParameterValue", describe, Filters=named("colour", "red"))


def test_no_address_has_a_name_of_its_own(lab: Lab) -> None:
    allocation, _ = lab.elastic_ip()
    describe = lab.ec2.describe_addresses_attribute
    assert describe(AllocationIds=[allocation], Attribute="domain-name")["Addresses"] == []
    refused("InvalidAllocationID.NotFound", describe, AllocationIds=["eipalloc-0123456789abcdef0"])
    refused("InvalidParameterValue", describe, Attribute="colour")
