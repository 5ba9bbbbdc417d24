"""Placement groups: records that RunInstances checks by."""

from typing import Any

import pytest

from tests.support.expect import filters, named, refused, tag_specification
from tests.support.inprocess import ACCOUNT, REGION
from tests.support.lab import Lab


def group(lab: Lab, name: str, **params: Any) -> dict[str, Any]:
    return dict(lab.ec2.create_placement_group(GroupName=name, **params)["PlacementGroup"])


def test_create_and_describe(lab: Lab) -> None:
    tags = tag_specification("placement-group", Name="x")
    made = group(lab, "near", Strategy="cluster", TagSpecifications=tags)
    assert made == {
        "GroupArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:placement-group/near",
        "GroupId": made["GroupId"],
        "GroupName": "near",
        "State": "available",
        "Strategy": "cluster",
        "Tags": [{"Key": "Name", "Value": "x"}],
    }
    assert group(lab, "far", Strategy="spread")["SpreadLevel"] == "rack"
    parted = group(lab, "parts", Strategy="partition")
    assert parted["PartitionCount"] == 2
    assert group(lab, "more", Strategy="partition", PartitionCount=7)["PartitionCount"] == 7
    describe = lab.ec2.describe_placement_groups
    assert describe(GroupNames=["near"])["PlacementGroups"] == [made]
    assert describe(GroupIds=[parted["GroupId"]])["PlacementGroups"] == [parted]
    assert len(describe()["PlacementGroups"]) == 4
    for wanted in (filters(strategy="cluster"), filters(group_name="n?ar"), named("tag:Name", "x")):
        assert describe(Filters=wanted)["PlacementGroups"] == [made]


@pytest.mark.parametrize(
    ("code", "params"),
    [
        ("MissingParameter", {"GroupName": None}),
        ("InvalidParameterValue", {"GroupName": "x" * 256}),
        ("InvalidPlacementGroup.Duplicate", {"GroupName": "taken"}),
        ("InvalidParameterValue", {"Strategy": "nowhere"}),
        ("InvalidParameterCombination", {"PartitionCount": 2}),
        ("InvalidParameterValue", {"Strategy": "partition", "PartitionCount": 8}),
        ("InvalidParameterCombination", {"SpreadLevel": "rack"}),
        ("InvalidParameterValue", {"Strategy": "spread", "SpreadLevel": "host"}),
        ("UnsupportedOperation", {"ParentGroupId": "pg-0123456789abcdef0"}),
        ("DryRunOperation", {"DryRun": True}),
    ],
)
def test_refused_groups(lab: Lab, code: str, params: dict[str, Any]) -> None:
    group(lab, "taken")
    asked = {"GroupName": "new", **params}
    refused(code, lab.ec2.create_placement_group, **{name: value for name, value in asked.items() if value is not None})
    assert len(lab.ec2.describe_placement_groups()["PlacementGroups"]) == 1


def test_the_quota(lab: Lab) -> None:
    lab.cloud.settings.limits["placement-groups-per-region"] = 1
    group(lab, "first")
    refused("PlacementGroupLimitExceeded", lab.ec2.create_placement_group, GroupName="second")


def test_an_instance_in_a_group(lab: Lab) -> None:
    made = group(lab, "near")
    instance = lab.launch(InstanceType="m5.large", Placement={"GroupName": "near"})
    placement = lab.instance(instance)["Placement"]
    assert (placement["GroupName"], placement["GroupId"]) == ("near", made["GroupId"])
    describe = lab.ec2.describe_instances
    assert len(describe(Filters=named("placement-group-name", "near"))["Reservations"]) == 1
    assert describe(Filters=named("placement-group-name", "far"))["Reservations"] == []
    refused("InvalidPlacementGroup.InUse", lab.ec2.delete_placement_group, GroupName="near")
    lab.ec2.terminate_instances(InstanceIds=[instance])
    lab.settle()
    lab.ec2.delete_placement_group(GroupName="near")
    refused("InvalidPlacementGroup.Unknown", lab.ec2.delete_placement_group, GroupName="near")
    refused("InvalidPlacementGroup.Unknown", lab.ec2.describe_placement_groups, GroupNames=["near"])
    refused("InvalidPlacementGroup.Unknown", lab.ec2.describe_placement_groups, GroupIds=["pg-0123456789abcdef0"])
    refused("InvalidPlacementGroupId.Malformed", lab.ec2.describe_placement_groups, GroupIds=["near"])


def test_partitions_are_filled_evenly(lab: Lab) -> None:
    made = group(lab, "parts", Strategy="partition", PartitionCount=3)
    launched = [lab.launch(InstanceType="t3.micro", Placement={"GroupId": made["GroupId"]}) for _ in range(3)]
    numbers = [lab.instance(one)["Placement"]["PartitionNumber"] for one in launched]
    assert numbers == [1, 2, 3]
    chosen = lab.launch(InstanceType="t3.micro", Placement={"GroupName": "parts", "PartitionNumber": 2})
    assert lab.instance(chosen)["Placement"]["PartitionNumber"] == 2
    both = {"GroupName": "parts", "PartitionNumber": 4}
    refused("InvalidParameterValue", lab.launch_pending, InstanceType="t3.micro", Placement=both)


def test_what_a_group_refuses(lab: Lab) -> None:
    near, far = group(lab, "near"), group(lab, "far", Strategy="spread")
    launch = lab.launch_pending
    told = refused("InvalidParameterCombination", launch, InstanceType="t3.micro", Placement={"GroupName": "near"})
    assert told.startswith("Cluster placement groups are not supported by the 't3.micro' instance type.")
    refused("InvalidPlacementGroup.Unknown", launch, Placement={"GroupName": "nowhere"})
    both = {"GroupName": "near", "GroupId": near["GroupId"]}
    refused("InvalidParameterCombination", launch, InstanceType="m5.large", Placement=both)
    refused("InvalidParameterCombination", launch, Placement={"PartitionNumber": 1})
    launch(InstanceType="m5.large", Placement={"GroupName": "near"})
    elsewhere = {"SubnetId": lab.other_zone, "InstanceType": "m5.large", "Placement": {"GroupName": "near"}}
    refused("InvalidParameterCombination", launch, **elsewhere)
    spread = {"InstanceType": "t3.micro", "Placement": {"GroupId": far["GroupId"]}}
    launch(MinCount=7, MaxCount=7, **spread)
    refused("InsufficientInstanceCapacity", launch, **spread)
    launch(SubnetId=lab.other_zone, **spread)


def test_a_stopped_instance_changes_its_group(lab: Lab) -> None:
    group(lab, "near")
    instance = lab.launch(InstanceType="m5.large")
    modify = lab.ec2.modify_instance_placement
    refused("IncorrectInstanceState", modify, InstanceId=instance, GroupName="near")
    lab.ec2.stop_instances(InstanceIds=[instance])
    lab.settle()
    assert modify(InstanceId=instance, GroupName="near")["Return"] is True
    assert lab.instance(instance)["Placement"]["GroupName"] == "near"
    modify(InstanceId=instance, GroupName="")
    assert lab.instance(instance)["Placement"]["GroupName"] == ""
    modify(InstanceId=instance, Tenancy="default")
    refused("InvalidTenancy", modify, InstanceId=instance, Tenancy="dedicated")
    refused("InvalidTenancy", modify, InstanceId=instance, Tenancy="host")
    refused("UnsupportedOperation", modify, InstanceId=instance, Affinity="host")
    refused("UnsupportedOperation", modify, InstanceId=instance, HostId="h-0123456789abcdef0")
    refused("MissingParameter", modify, InstanceId=instance)
    refused("InvalidPlacementGroup.Unknown", modify, InstanceId=instance, GroupName="nowhere")


def test_what_stops_gives_its_room_away(lab: Lab) -> None:
    lab.ec2.create_placement_group(GroupName="apart", Strategy="spread")
    placed = {"InstanceType": "m5.large", "Placement": {"GroupName": "apart"}}
    first, second = lab.launch(**placed), lab.launch(**placed)
    lab.ec2.stop_instances(InstanceIds=[first, second])
    lab.settle()
    others = [lab.launch(**placed) for _ in range(6)]
    start = lab.ec2.start_instances
    refused("InsufficientInstanceCapacity", start, InstanceIds=[first, second])
    start(InstanceIds=[first])
    lab.settle()
    refused("InsufficientInstanceCapacity", start, InstanceIds=[second])
    lab.ec2.terminate_instances(InstanceIds=others[:1])
    lab.settle()
    start(InstanceIds=[second])


def test_the_type_of_what_is_in_a_group(lab: Lab) -> None:
    group(lab, "near")
    instance = lab.launch(InstanceType="m5.large", Placement={"GroupName": "near"})
    lab.ec2.stop_instances(InstanceIds=[instance])
    lab.settle()
    modify = lab.ec2.modify_instance_attribute
    refused("InvalidParameterCombination", modify, InstanceId=instance, InstanceType={"Value": "t3.micro"})
    modify(InstanceId=instance, InstanceType={"Value": "m5.xlarge"})
    assert lab.instance(instance)["InstanceType"] == "m5.xlarge"
