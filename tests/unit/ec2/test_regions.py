"""Regions and zones, through botocore both ways; botocore's own endpoint data is the oracle for names."""

import re
from typing import Any

import botocore.session
import pytest

from atoll.model.regions import REGIONS
from tests.support.expect import named, refused
from tests.support.inprocess import InProcess


def test_all_commercial_regions_are_there(ec2: Any) -> None:
    session = botocore.session.Session()
    found = ec2.describe_regions()["Regions"]
    assert sorted(one["RegionName"] for one in found) == sorted(session.get_available_regions("ec2"))
    assert found == ec2.describe_regions(AllRegions=True)["Regions"]
    assert {one["Endpoint"] for one in found} == {f"ec2.{one['RegionName']}.amazonaws.com" for one in found}
    statuses = {one["RegionName"]: one["OptInStatus"] for one in found}
    assert (statuses["us-east-1"], statuses["af-south-1"]) == ("opt-in-not-required", "opted-in")


def test_descriptions_are_botocore_s() -> None:
    data = botocore.session.Session().get_component("data_loader").load_data("endpoints")
    described = {name: one["description"] for name, one in data["partitions"][0]["regions"].items()}
    assert {region.name: region.description for region in REGIONS.values()} == {
        name: described[name] for name in REGIONS
    }


def test_zones_are_well_formed() -> None:
    for region in REGIONS.values():
        assert len({zone.id for zone in region.zones}) == len(region.zones) >= 2
        for zone in region.zones:
            assert re.fullmatch(re.escape(region.name) + "[a-f]", zone.name)
            assert re.fullmatch(r"[a-z]{2,5}[1-7]-az[1-6]", zone.id)


def test_regions_by_name_and_filter(ec2: Any) -> None:
    (one,) = ec2.describe_regions(RegionNames=["eu-west-1"])["Regions"]
    assert one["RegionName"] == "eu-west-1"
    refused("InvalidParameterValue", ec2.describe_regions, RegionNames=["eu-west-1", "eu-west-9"])
    for name, value, count in (
        ("region-name", "us-*", 4),
        ("endpoint", "ec2.us-east-1.amazonaws.com", 1),
        ("opt-in-status", "opt-in-not-required", 17),
    ):
        assert len(ec2.describe_regions(Filters=named(name, value))["Regions"]) == count
        assert ec2.describe_regions(Filters=named(name, "other"))["Regions"] == []
    for name in ("zone-name", "tag:Name"):
        refused("InvalidParameterValue", ec2.describe_regions, Filters=named(name, "x"))
    refused("DryRunOperation", ec2.describe_regions, DryRun=True)


def test_zones_of_the_region(cloud: InProcess, ec2: Any) -> None:
    zones = ec2.describe_availability_zones()["AvailabilityZones"]
    assert [zone["ZoneName"][-1] for zone in zones] == list("abcdef")
    assert zones[0] == {
        "ZoneName": "us-east-1a",
        "ZoneId": "use1-az6",
        "RegionName": "us-east-1",
        "GroupName": "us-east-1-zg-1",
        "GroupLongName": "US East (N. Virginia) 1",
        "NetworkBorderGroup": "us-east-1",
        "OptInStatus": "opt-in-not-required",
        "State": "available",
        "ZoneType": "availability-zone",
        "Messages": [],
    }
    tokyo = cloud.client(region="ap-northeast-1").describe_availability_zones(AllAvailabilityZones=True)
    assert [zone["ZoneName"][-1] for zone in tokyo["AvailabilityZones"]] == list("acd")


@pytest.mark.parametrize(
    ("name", "value", "count"),
    [
        ("zone-name", "us-east-1b", 1),
        ("zone-id", "use1-az1", 1),
        ("region-name", "us-east-1", 6),
        ("state", "available", 6),
        ("zone-type", "availability-zone", 6),
        ("opt-in-status", "opt-in-not-required", 6),
        ("group-name", "us-east-1-zg-1", 6),
        ("group-long-name", "US East*", 6),
        ("message", "*", 0),
        ("parent-zone-id", "*", 0),
    ],
)
def test_filters_of_zones(ec2: Any, name: str, value: str, count: int) -> None:
    assert len(ec2.describe_availability_zones(Filters=named(name, value))["AvailabilityZones"]) == count
    assert ec2.describe_availability_zones(Filters=named(name, "other"))["AvailabilityZones"] == []


def test_zones_by_name_and_id(ec2: Any) -> None:
    (one,) = ec2.describe_availability_zones(ZoneNames=["us-east-1c"])["AvailabilityZones"]
    (same,) = ec2.describe_availability_zones(ZoneIds=["use1-az2"])["AvailabilityZones"]
    assert one == same
    message = refused("InvalidParameterValue", ec2.describe_availability_zones, ZoneNames=["us-east-1z"])
    assert message == "Invalid availability zone: [us-east-1z]"
    refused("InvalidParameterValue", ec2.describe_availability_zones, ZoneIds=["use1-az9"])
    refused("InvalidParameterValue", ec2.describe_availability_zones, Filters=named("colour", "blue"))


def test_there_are_no_zones_to_opt_in_to(ec2: Any) -> None:
    modify = ec2.modify_availability_zone_group
    own = refused("InvalidParameterValue", modify, GroupName="us-east-1-zg-1", OptInStatus="opted-in")
    assert "opt-in-not-required" in own
    refused("InvalidParameterValue", modify, GroupName="us-east-1-bos-1", OptInStatus="opted-in")
    refused("InvalidParameterValue", modify, GroupName="us-east-1-bos-1", OptInStatus="not-opted-in")
    refused("MissingParameter", modify, GroupName="us-east-1-bos-1")
