"""Instance types: the real limits (fact 60)."""

import pytest

from atoll.services.ec2.instance_types import MOST_ADDRESSES, description, limits
from tests.support.expect import filters, named, pages, refused
from tests.support.lab import Lab

LIMITS = {
    "t2.micro": (2, 2),
    "t3.micro": (2, 2),
    "t3a.small": (2, 4),
    "t3.small": (3, 4),
    "m5.large": (3, 10),
    "c5.xlarge": (4, 15),
    "m5.24xlarge": (15, 50),
    "p4d.24xlarge": (60, 50),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits_are_awss(name: str) -> None:
    assert limits(name) == LIMITS[name]


def test_the_answer_is_awss(lab: Lab) -> None:
    (micro,) = lab.ec2.describe_instance_types(InstanceTypes=["t2.micro"])["InstanceTypes"]
    assert micro == description("t2.micro")
    assert micro["VCpuInfo"]["DefaultVCpus"] == 1
    assert micro["MemoryInfo"]["SizeInMiB"] == 1024
    assert micro["NetworkInfo"]["NetworkPerformance"] == "Low to Moderate"
    assert micro["ProcessorInfo"]["SupportedArchitectures"] == ["i386", "x86_64"]


def test_no_type_allows_more_addresses_than_the_cap_for_interfaces_on_their_own(lab: Lab) -> None:
    names = [
        one["InstanceType"]
        for page in lab.ec2.get_paginator("describe_instance_types").paginate()
        for one in page["InstanceTypes"]
    ]
    assert len(names) == len(set(names)) > 1000
    assert max(limits(name).addresses for name in names) == MOST_ADDRESSES


def test_pages_and_errors(lab: Lab) -> None:
    describe = lab.ec2.describe_instance_types
    assert len(describe()["InstanceTypes"]) == 100
    sizes = pages(describe, "InstanceTypes", 5, Filters=named("instance-type", "t2.*"))
    assert sizes == [5, 2]
    message = refused("InvalidInstanceType", describe, InstanceTypes=["t2.micro", "t2.tiny"])
    assert message == "The following supplied instance types do not exist: [t2.tiny]"
    refused("InvalidParameterValue", describe, MaxResults=101)
    refused("InvalidParameterCombination", describe, MaxResults=5, InstanceTypes=["t2.micro"])
    refused("InvalidParameterValue", describe, Filters=filters(colour="red"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bare-metal", "false"),
        ("burstable-performance-supported", "true"),
        ("current-generation", "true"),
        ("hypervisor", "xen"),
        ("memory-info.size-in-mib", "1024"),
        ("network-info.ipv4-addresses-per-interface", "2"),
        ("network-info.maximum-network-interfaces", "2"),
        ("processor-info.supported-architecture", "x86_64"),
        ("processor-info.sustained-clock-speed-in-ghz", "2.5"),
        ("supported-usage-class", "spot"),
        ("vcpu-info.default-vcpus", "1"),
    ],
)
def test_filters_look_into_the_answer(lab: Lab, name: str, value: str) -> None:
    describe = lab.ec2.describe_instance_types

    def found(wanted: str) -> list[str]:
        asked = [*named("instance-type", "t2.micro"), *named(name, wanted)]
        return [one["InstanceType"] for one in describe(Filters=asked)["InstanceTypes"]]

    assert found(value) == ["t2.micro"]
    assert found("nothing-like-it") == []


def test_offerings(lab: Lab) -> None:
    offerings = lab.ec2.describe_instance_type_offerings
    one = filters(instance_type="t2.micro")
    assert offerings(Filters=one)["InstanceTypeOfferings"] == [
        {"InstanceType": "t2.micro", "LocationType": "region", "Location": "us-east-1"}
    ]
    zones = offerings(LocationType="availability-zone", Filters=one)["InstanceTypeOfferings"]
    assert [zone["Location"] for zone in zones] == [f"us-east-1{letter}" for letter in "abcdef"]
    ids = offerings(LocationType="availability-zone-id", Filters=[*one, *filters(location="use1-az6")])
    assert [zone["Location"] for zone in ids["InstanceTypeOfferings"]] == ["use1-az6"]
    assert offerings(LocationType="outpost")["InstanceTypeOfferings"] == []
    refused("InvalidParameterValue", offerings, LocationType="moon")
    assert len(offerings(MaxResults=1000)["InstanceTypeOfferings"]) == 1000
