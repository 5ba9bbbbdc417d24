"""Where instances are in a network that is one machine."""

from tests.support.expect import filters, pages, refused
from tests.support.lab import Lab


def test_every_instance_has_a_zone_and_no_network_nodes(lab: Lab) -> None:
    lab.ec2.create_placement_group(GroupName="near")
    alone, near = lab.launch(), lab.launch(InstanceType="m5.large", Placement={"GroupName": "near"})
    gone = lab.launch()
    lab.ec2.terminate_instances(InstanceIds=[gone])
    lab.settle()
    shown = {one["InstanceId"]: one for one in lab.ec2.describe_instance_topology()["Instances"]}
    assert set(shown) == {alone, near}
    assert shown[near] == {
        "InstanceId": near,
        "InstanceType": "m5.large",
        "GroupName": "near",
        "NetworkNodes": [],
        "AvailabilityZone": "us-east-1a",
        "ZoneId": "use1-az6",
    }
    assert "GroupName" not in shown[alone]


def test_some_of_them(lab: Lab) -> None:
    lab.ec2.create_placement_group(GroupName="near")
    alone, near = lab.launch(), lab.launch(InstanceType="m5.large", Placement={"GroupName": "near"})
    describe = lab.ec2.describe_instance_topology

    def ids(**asked: object) -> list[str]:
        return [one["InstanceId"] for one in describe(**asked)["Instances"]]

    assert ids(InstanceIds=[alone]) == [alone]
    assert ids(GroupNames=["near"]) == [near]
    for name, value in {"instance_type": "m5*", "availability_zone": "us-east-1a", "zone_id": "use1-az6"}.items():
        assert near in ids(Filters=filters(**{name: value})), name
        assert ids(Filters=filters(**{name: "other"})) == [], name
    assert ids(Filters=filters(instance_type="m5*")) == [near]
    assert pages(describe, "Instances", 1) == [1, 1]
    refused("InvalidInstanceID.NotFound", describe, InstanceIds=["i-0123456789abcdef0"])
    refused("InvalidPlacementGroup.Unknown", describe, GroupNames=["far"])
    refused("InvalidParameterCombination", describe, InstanceIds=[alone], MaxResults=5)
    refused("InvalidParameterValue", describe, Filters=filters(colour="red"))
    refused("InvalidParameterValue", describe, MaxResults=101)
    refused("InvalidParameterValue", describe, GroupNames=[f"g{number}" for number in range(101)])


def test_twenty_a_page_unless_more_are_asked_for(lab: Lab) -> None:
    lab.ec2.run_instances(ImageId=lab.image, MinCount=21, MaxCount=21, SubnetId=lab.subnet, InstanceType="t2.micro")
    first = lab.ec2.describe_instance_topology()
    assert len(first["Instances"]) == 20
    assert len(lab.ec2.describe_instance_topology(NextToken=first["NextToken"])["Instances"]) == 1
