"""Sets of DHCP options; the default one is in test_first_questions."""

from typing import Any

import pytest

from tests.support.expect import named, pages, refused, tag_specification
from tests.support.inprocess import ACCOUNT, InProcess

UNKNOWN = "dopt-0123456789abcdef0"


def configuration(**options: str | list[str]) -> list[dict[str, Any]]:
    """Options by name, with `_` for `-`."""
    return [
        {"Key": name.replace("_", "-"), "Values": values if isinstance(values, list) else [values]}
        for name, values in options.items()
    ]


def make(ec2: Any, **options: str | list[str]) -> str:
    asked = configuration(**(options or {"domain_name": "lagoon.example"}))
    return str(ec2.create_dhcp_options(DhcpConfigurations=asked)["DhcpOptions"]["DhcpOptionsId"])


def of(ec2: Any, vpc: str) -> str:
    return str(ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["DhcpOptionsId"])


def test_create_and_describe(ec2: Any) -> None:
    asked = configuration(
        domain_name="lagoon.example",
        domain_name_servers=["10.0.0.2, 10.0.0.3", "2001:db8::53"],
        ntp_servers="10.0.0.4",
        netbios_name_servers=["10.0.0.5"],
        netbios_node_type="2",
        ipv6_address_preferred_lease_time="1000",
    )
    made = ec2.create_dhcp_options(
        DhcpConfigurations=asked, TagSpecifications=tag_specification("dhcp-options", Name="lagoon")
    )["DhcpOptions"]
    assert made["OwnerId"] == ACCOUNT
    assert made["Tags"] == [{"Key": "Name", "Value": "lagoon"}]
    assert {one["Key"]: [value["Value"] for value in one["Values"]] for one in made["DhcpConfigurations"]} == {
        "domain-name": ["lagoon.example"],
        "domain-name-servers": ["10.0.0.2", "10.0.0.3", "2001:db8::53"],
        "ntp-servers": ["10.0.0.4"],
        "netbios-name-servers": ["10.0.0.5"],
        "netbios-node-type": ["2"],
        "ipv6-address-preferred-lease-time": ["1000"],
    }
    assert ec2.describe_dhcp_options(DhcpOptionsIds=[made["DhcpOptionsId"]])["DhcpOptions"] == [made]
    assert len(ec2.describe_dhcp_options()["DhcpOptions"]) == 2


@pytest.mark.parametrize(
    "options",
    [
        {"colour": "blue"},
        {"domain_name": []},
        {"domain_name": ["a.example", "b.example"]},
        {"domain_name_servers": "dns.example"},
        {"domain_name_servers": [f"10.0.0.{last}" for last in range(5)]},
        {"domain_name_servers": [f"2001:db8::{last}" for last in range(5)]},
        {"ntp_servers": "AmazonProvidedDNS"},
        {"netbios_name_servers": "2001:db8::1"},
        {"netbios_node_type": "3"},
        {"ipv6_address_preferred_lease_time": "139"},
        {"ipv6_address_preferred_lease_time": "2147483648"},
        {"ipv6_address_preferred_lease_time": "soon"},
    ],
)
def test_options_that_are_none(ec2: Any, options: dict[str, Any]) -> None:
    refused("InvalidParameterValue", ec2.create_dhcp_options, DhcpConfigurations=configuration(**options))


def test_what_create_refuses(cloud: InProcess, ec2: Any) -> None:
    before = cloud.entities()
    create = ec2.create_dhcp_options
    refused("MissingParameter", create)
    refused("MissingParameter", create, DhcpConfigurations=[])
    refused("InvalidParameterValue", create, DhcpConfigurations=[{"Values": ["x"]}])
    refused("InvalidParameterValue", create, DhcpConfigurations=configuration(domain_name="a.example") * 2)
    good = {"DhcpConfigurations": configuration(domain_name="a.example")}
    refused("InvalidParameterValue", create, TagSpecifications=tag_specification("vpc", a="b"), **good)
    refused("DryRunOperation", create, DryRun=True, **good)
    assert cloud.entities() == before
    create(DhcpConfigurations=configuration(domain_name_servers="AmazonProvidedDNS"))


def test_a_vpc_takes_another_set_or_none(ec2: Any, vpc: str) -> None:
    first = of(ec2, vpc)
    options = make(ec2)
    ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=vpc)
    assert of(ec2, vpc) == options
    assert len(ec2.describe_vpcs(Filters=named("dhcp-options-id", options))["Vpcs"]) == 1
    message = refused("DependencyViolation", ec2.delete_dhcp_options, DhcpOptionsId=options)
    assert message == f"The dhcpOptions '{options}' has dependencies and cannot be deleted."
    ec2.associate_dhcp_options(DhcpOptionsId="default", VpcId=vpc)
    assert of(ec2, vpc) == "default"
    ec2.delete_dhcp_options(DhcpOptionsId=options)
    refused("InvalidDhcpOptionID.NotFound", ec2.describe_dhcp_options, DhcpOptionsIds=[options])
    ec2.associate_dhcp_options(DhcpOptionsId=first, VpcId=vpc)
    assert of(ec2, vpc) == first


def test_the_regions_own_set_stays(ec2: Any, vpc: str) -> None:
    first = of(ec2, vpc)
    ec2.delete_vpc(VpcId=vpc)
    refused("DependencyViolation", ec2.delete_dhcp_options, DhcpOptionsId=first)
    ec2.create_tags(Resources=[first], Tags=[{"Key": "Name", "Value": "first"}])
    (shown,) = ec2.describe_dhcp_options(Filters=named("tag:Name", "f*"))["DhcpOptions"]
    assert shown["DhcpOptionsId"] == first


@pytest.mark.parametrize("operation", ["delete_dhcp_options", "associate_dhcp_options"])
def test_ids_that_are_none(cloud: InProcess, ec2: Any, vpc: str, operation: str) -> None:
    options = make(ec2)
    more = {"VpcId": vpc} if operation.startswith("associate") else {}
    call = getattr(ec2, operation)
    message = refused("InvalidDhcpOptionID.NotFound", call, DhcpOptionsId=UNKNOWN, **more)
    assert message == f"The dhcpOption ID '{UNKNOWN}' does not exist"
    refused("InvalidDhcpOptionsId.Malformed", call, DhcpOptionsId="dopt-x", **more)
    other = cloud.client(region="eu-west-1")
    theirs = other.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    more = {"VpcId": theirs} if more else {}
    refused("InvalidDhcpOptionID.NotFound", getattr(other, operation), DhcpOptionsId=options, **more)


def test_associate_needs_a_vpc(ec2: Any) -> None:
    options = make(ec2)
    refused("InvalidVpcID.NotFound", ec2.associate_dhcp_options, DhcpOptionsId=options, VpcId="vpc-01234567")


def test_filters_and_pages(ec2: Any) -> None:
    ids = [make(ec2, domain_name=f"n{number}.example") for number in range(11)]
    find = ec2.describe_dhcp_options
    for name, value in {"dhcp-options-id": ids[3], "value": "n3.*"}.items():
        assert [one["DhcpOptionsId"] for one in find(Filters=named(name, value))["DhcpOptions"]] == [ids[3]]
    assert len(find(Filters=named("key", "domain-name-s*"))["DhcpOptions"]) == 1
    assert len(find(Filters=named("owner-id", ACCOUNT))["DhcpOptions"]) == 12
    assert pages(find, "DhcpOptions", 5) == [5, 5, 2]
    refused("InvalidParameterCombination", find, DhcpOptionsIds=ids, MaxResults=5)
