"""What EC2's calls say while a zone has failed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from atoll.model import outages
from atoll.model.tx import Settings
from tests.support.expect import named, refused
from tests.support.inprocess import START, InProcess
from tests.support.lab import Lab

DOWN = "us-east-1a"


def cut(cloud: InProcess) -> None:
    tx = cloud.draft("atoll", "000000000000")
    assert outages.cut(tx, DOWN)
    cloud.commit(tx.delta())


def restore(cloud: InProcess) -> None:
    tx = cloud.draft("atoll", "000000000000")
    assert outages.restore(tx, DOWN)
    cloud.commit(tx.delta())


def status(lab: Lab, instance: str) -> dict[str, Any]:
    (found,) = lab.ec2.describe_instance_status(InstanceIds=[instance], IncludeAllInstances=True)["InstanceStatuses"]
    return {name: found.get(name) for name in ("SystemStatus", "InstanceStatus", "AttachedEbsStatus")}


def test_what_runs_there_is_impaired_since_then_and_still_described(lab: Lab) -> None:
    here, beside = lab.launch(InstanceType="t3.micro"), lab.launch(SubnetId=lab.other_zone)
    well = status(lab, here)
    lab.cloud.now += 60
    cut(lab.cloud)
    since = datetime.fromtimestamp(START + 60, UTC)
    told = {"Status": "impaired", "Details": [{"Name": "reachability", "Status": "failed", "ImpairedSince": since}]}
    assert status(lab, here) == {"SystemStatus": told, "InstanceStatus": told, "AttachedEbsStatus": told}
    assert status(lab, beside)["SystemStatus"] == well["SystemStatus"]
    found = lab.ec2.describe_instance_status(Filters=named("instance-status.status", "impaired"))["InstanceStatuses"]
    assert [one["InstanceId"] for one in found] == [here]
    assert lab.instance(here)["State"]["Name"] == "running"
    zones = lab.ec2.describe_availability_zones()["AvailabilityZones"]
    assert {one["State"] for one in zones} == {"available"}
    restore(lab.cloud)
    assert status(lab, here) == well


def test_what_begins_to_run_there_later_is_impaired_from_its_launch(lab: Lab) -> None:
    instance = lab.launch_pending()
    lab.cloud.now -= 60
    cut(lab.cloud)
    lab.cloud.now += 60
    lab.settle()
    (detail,) = status(lab, instance)["SystemStatus"]["Details"]
    assert detail["ImpairedSince"] - datetime.fromtimestamp(START - 60, UTC) == timedelta(seconds=60)


def test_nothing_is_launched_there_and_the_answer_says_where_else(lab: Lab) -> None:
    cut(lab.cloud)
    told = refused("InsufficientInstanceCapacity", lab.launch, InstanceType="t3.micro")
    assert told == (
        "We currently do not have sufficient t3.micro capacity in the Availability Zone you requested (us-east-1a). "
        "Our system will be working on provisioning additional capacity. You can currently get t3.micro capacity by "
        "not specifying an Availability Zone in your request or choosing us-east-1b, us-east-1c, us-east-1d, "
        "us-east-1e, us-east-1f."
    )
    assert not lab.ec2.describe_instances()["Reservations"]
    lab.launch(SubnetId=lab.other_zone)
    restore(lab.cloud)
    lab.launch()


def test_clients_are_told_that_a_retry_may_help(lab: Lab) -> None:
    cut(lab.cloud)
    with pytest.raises(ClientError) as caught:
        lab.launch()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


def test_nothing_is_started_there(lab: Lab) -> None:
    here, beside = lab.launch(), lab.launch(SubnetId=lab.other_zone)
    lab.ec2.stop_instances(InstanceIds=[here, beside])
    lab.settle()
    cut(lab.cloud)
    start = lab.ec2.start_instances
    assert refused("InsufficientInstanceCapacity", start, InstanceIds=[beside, here]) == "Insufficient capacity."
    assert lab.instance(beside)["State"]["Name"] == "stopped", "all of them or none"
    start(InstanceIds=[beside])
    restore(lab.cloud)
    start(InstanceIds=[here])


def test_who_names_no_zone_gets_one_that_is_well() -> None:
    cloud = InProcess(settings=Settings(default_vpc=True))
    lab = Lab(cloud, gateway=False)
    asked = {"ImageId": lab.image, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}

    def zone(**more: Any) -> str:
        return str(lab.ec2.run_instances(**asked, **more)["Instances"][0]["Placement"]["AvailabilityZone"])

    assert zone() == DOWN
    cut(cloud)
    assert zone() == "us-east-1b"
    refused("InsufficientInstanceCapacity", zone, Placement={"AvailabilityZone": DOWN})
