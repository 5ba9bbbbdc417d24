"""Start, stop, reboot, terminate, and what a guest's events do to the cloud's records (facts 72, 258-260)."""

from typing import Any

import pytest

from atoll.model.kinds import Instance, PublicAddress
from atoll.model.machines import EFFECTS as DEMANDS
from atoll.model.machines import Effect, Event, step
from tests.support.expect import refused
from tests.support.lab import Lab


def state(lab: Lab, instance: str) -> str:
    return str(lab.instance(instance)["State"]["Name"])


def record(lab: Lab, instance: str) -> Instance:
    found = lab.cloud.table.get(Instance, instance)
    assert found is not None
    return found


def test_stop_and_start(lab: Lab) -> None:
    instance = lab.launch()
    answer = lab.ec2.stop_instances(InstanceIds=[instance])["StoppingInstances"]
    assert answer == [
        {
            "InstanceId": instance,
            "CurrentState": {"Code": 64, "Name": "stopping"},
            "PreviousState": {"Code": 16, "Name": "running"},
        }
    ]
    lab.settle()
    shown = lab.instance(instance)
    assert shown["State"] == {"Code": 80, "Name": "stopped"}
    assert shown["StateTransitionReason"] == "User initiated (2023-11-14 22:13:20 GMT)"
    assert shown["StateReason"] == {
        "Code": "Client.UserInitiatedShutdown",
        "Message": "Client.UserInitiatedShutdown: User initiated shutdown",
    }
    lab.cloud.now += 100
    (started,) = lab.ec2.start_instances(InstanceIds=[instance])["StartingInstances"]
    assert (started["PreviousState"]["Name"], started["CurrentState"]["Name"]) == ("stopped", "pending")
    lab.settle()
    shown = lab.instance(instance)
    assert shown["State"] == {"Code": 16, "Name": "running"}
    assert shown["StateTransitionReason"] == ""
    assert "StateReason" not in shown
    assert shown["LaunchTime"].timestamp() == lab.cloud.now
    assert record(lab, instance).boot == 2


def test_what_is_there_already_stays(lab: Lab) -> None:
    instance = lab.launch()
    (started,) = lab.ec2.start_instances(InstanceIds=[instance])["StartingInstances"]
    assert started["PreviousState"] == started["CurrentState"] == {"Code": 16, "Name": "running"}
    assert record(lab, instance).boot == 1
    lab.ec2.stop_instances(InstanceIds=[instance])
    before = record(lab, instance)
    lab.ec2.stop_instances(InstanceIds=[instance], Force=True)
    assert record(lab, instance) == before


def test_states_from_which_nothing_leads(lab: Lab) -> None:
    ec2, instance, running = lab.ec2, lab.launch(), lab.launch()
    ec2.stop_instances(InstanceIds=[instance])
    refused("IncorrectInstanceState", ec2.start_instances, InstanceIds=[instance])
    refused("IncorrectInstanceState", ec2.reboot_instances, InstanceIds=[instance])
    ec2.terminate_instances(InstanceIds=[instance])
    message = refused("IncorrectInstanceState", ec2.stop_instances, InstanceIds=[running, instance])
    assert message == f"The instance '{instance}' is not in a state from which it can be stopped."
    assert state(lab, running) == "running"
    lab.settle()
    (again,) = ec2.terminate_instances(InstanceIds=[instance])["TerminatingInstances"]
    assert again["CurrentState"]["Name"] == again["PreviousState"]["Name"] == "terminated"


@pytest.mark.parametrize("operation", ["start_instances", "stop_instances", "reboot_instances", "terminate_instances"])
def test_unknown_and_dry(lab: Lab, operation: str) -> None:
    instance = lab.launch()
    call = getattr(lab.ec2, operation)
    refused("InvalidInstanceID.NotFound", call, InstanceIds=[instance, "i-0123456789abcdef0"])
    refused("InvalidInstanceID.Malformed", call, InstanceIds=["cheese"])
    before = record(lab, instance)
    refused("DryRunOperation", call, InstanceIds=[instance], DryRun=True)
    assert record(lab, instance) == before


@pytest.mark.parametrize("flag", ["Force", "SkipOsShutdown"])
def test_force_is_told_to_the_guest(lab: Lab, flag: str) -> None:
    first, second = lab.launch(), lab.launch()
    lab.ec2.stop_instances(InstanceIds=[first], **{flag: True})
    assert record(lab, first).forced
    lab.settle()
    lab.ec2.start_instances(InstanceIds=[first])
    assert not record(lab, first).forced
    lab.ec2.terminate_instances(InstanceIds=[second], **{flag: True})
    assert record(lab, second).forced


def test_hibernation(lab: Lab) -> None:
    instance = lab.launch()
    refused("UnsupportedHibernationConfiguration", lab.ec2.stop_instances, InstanceIds=[instance], Hibernate=True)
    lab.ec2.stop_instances(InstanceIds=[instance], Hibernate=False)


def test_protection(lab: Lab) -> None:
    instance = lab.launch(DisableApiTermination=True, DisableApiStop=True)
    message = refused("OperationNotPermitted", lab.ec2.terminate_instances, InstanceIds=[instance])
    assert "'disableApiTermination'" in message
    assert "'disableApiStop'" in refused("OperationNotPermitted", lab.ec2.stop_instances, InstanceIds=[instance])
    lab.ec2.modify_instance_attribute(InstanceId=instance, DisableApiTermination={"Value": False})
    lab.ec2.terminate_instances(InstanceIds=[instance])
    assert state(lab, instance) == "shutting-down"


def test_reboot_keeps_the_state_and_the_addresses(lab: Lab) -> None:
    instance = lab.launch(SubnetId=lab.make_subnet("10.0.5.0/24", public=True))
    before = lab.instance(instance)
    lab.ec2.reboot_instances(InstanceIds=[instance])
    assert lab.instance(instance) == before
    assert DEMANDS[record(lab, instance).state] is Effect.REBOOT
    assert record(lab, instance).boot == 2
    lab.settle()
    assert record(lab, instance).state == "running"
    assert lab.instance(instance) == before


def test_the_automatic_address_changes_and_the_elastic_one_stays(lab: Lab) -> None:
    public = lab.make_subnet("10.0.5.0/24", public=True)
    first, second = lab.launch(SubnetId=public), lab.launch(SubnetId=public)
    allocation, elastic = lab.elastic_ip()
    lab.ec2.associate_address(AllocationId=allocation, InstanceId=second)
    automatic = lab.instance(first)["PublicIpAddress"]
    private = lab.instance(first)["PrivateIpAddress"]
    lab.ec2.stop_instances(InstanceIds=[first, second])
    assert "PublicIpAddress" not in lab.instance(first)
    assert lab.cloud.table.get(PublicAddress, automatic) is None
    assert lab.instance(second)["PublicIpAddress"] == elastic
    lab.settle()
    lab.ec2.start_instances(InstanceIds=[first, second])
    lab.settle()
    assert lab.instance(first)["PublicIpAddress"] not in (automatic, elastic)
    assert lab.instance(first)["PrivateIpAddress"] == private
    assert lab.instance(second)["PublicIpAddress"] == elastic


def test_an_elastic_ip_that_leaves_a_stopped_instance_brings_no_automatic_one(lab: Lab) -> None:
    instance = lab.launch(SubnetId=lab.make_subnet("10.0.5.0/24", public=True))
    allocation, _ = lab.elastic_ip()
    association = lab.ec2.associate_address(AllocationId=allocation, InstanceId=instance)["AssociationId"]
    lab.ec2.stop_instances(InstanceIds=[instance])
    lab.settle()
    lab.ec2.disassociate_address(AssociationId=association)
    assert "PublicIpAddress" not in lab.instance(instance)
    lab.ec2.start_instances(InstanceIds=[instance])
    assert lab.instance(instance)["PublicIpAddress"]


def test_terminate_deletes_what_goes_with_it_and_frees_the_rest(lab: Lab) -> None:
    instance = lab.launch()
    eth0, kept = lab.primary(instance), lab.interface()
    lab.ec2.attach_network_interface(NetworkInterfaceId=kept, InstanceId=instance, DeviceIndex=1)
    (first, _), (second, _) = lab.elastic_ip(), lab.elastic_ip()
    lab.ec2.associate_address(AllocationId=first, NetworkInterfaceId=eth0)
    lab.ec2.associate_address(AllocationId=second, NetworkInterfaceId=kept)
    lab.ec2.terminate_instances(InstanceIds=[instance])
    assert lab.eni(eth0)["Status"] == "in-use"
    lab.settle()
    refused("InvalidNetworkInterfaceID.NotFound", lab.ec2.describe_network_interfaces, NetworkInterfaceIds=[eth0])
    assert lab.eni(kept)["Status"] == "available"
    assert "AssociationId" not in lab.address(first)
    assert lab.address(second)["NetworkInterfaceId"] == kept
    shown = lab.instance(instance)
    assert shown["State"] == {"Code": 48, "Name": "terminated"}
    assert shown["NetworkInterfaces"] == shown["SecurityGroups"] == []
    assert not {"VpcId", "SubnetId", "PrivateIpAddress", "PublicIpAddress"} & set(shown)
    assert shown["PrivateDnsName"] == ""


def test_a_terminated_instance_is_described_for_an_hour(lab: Lab) -> None:
    instance = lab.launch()
    lab.ec2.terminate_instances(InstanceIds=[instance])
    lab.settle()
    assert record(lab, instance).timed
    lab.cloud.now += 3599
    lab.event(instance, Event.TIMER)
    assert state(lab, instance) == "terminated"
    lab.cloud.now += 1
    lab.event(instance, Event.TIMER)
    refused("InvalidInstanceID.NotFound", lab.ec2.describe_instances, InstanceIds=[instance])
    lab.event(instance, Event.TIMER, boot=1)


def test_the_vpc_can_be_deleted_once_the_instance_is_terminated(lab: Lab) -> None:
    instance = lab.launch()
    lab.ec2.terminate_instances(InstanceIds=[instance])
    refused("DependencyViolation", lab.ec2.delete_subnet, SubnetId=lab.subnet)
    lab.settle()
    lab.ec2.delete_subnet(SubnetId=lab.subnet)
    assert state(lab, instance) == "terminated"


def test_a_guest_that_ends_by_itself_is_stopped(lab: Lab) -> None:
    instance = lab.launch(SubnetId=lab.make_subnet("10.0.5.0/24", public=True))
    lab.event(instance, Event.EXITED)
    assert state(lab, instance) == "stopping"
    assert "PublicIpAddress" not in lab.instance(instance)
    lab.settle()
    shown = lab.instance(instance)
    assert shown["State"]["Name"] == "stopped"
    assert shown["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"


def test_a_guest_that_cannot_start_is_stopped_and_says_why(lab: Lab) -> None:
    instance = lab.launch_pending()
    lab.event(instance, Event.FAILED)
    assert state(lab, instance) == "stopping"
    lab.event(instance, Event.STOPPED)
    shown = lab.instance(instance)
    assert (shown["State"]["Name"], shown["StateReason"]["Code"]) == ("stopped", "Server.InternalError")


def test_or_terminated_if_it_was_launched_so(lab: Lab) -> None:
    instance = lab.launch(InstanceInitiatedShutdownBehavior="terminate", DisableApiTermination=True)
    lab.event(instance, Event.EXITED)
    assert state(lab, instance) == "shutting-down"
    lab.settle()
    assert state(lab, instance) == "terminated"


def test_events_of_an_earlier_boot_and_of_nobody_say_nothing(lab: Lab) -> None:
    instance = lab.launch()
    lab.ec2.stop_instances(InstanceIds=[instance])
    lab.settle()
    lab.ec2.start_instances(InstanceIds=[instance])
    before = dict(lab.cloud.table.records)
    lab.event(instance, Event.STARTED, boot=1)
    lab.event(instance, Event.GONE)
    lab.event("i-0123456789abcdef0", Event.STARTED, boot=1)
    assert lab.cloud.table.records == before


@pytest.mark.parametrize("ends", ["stop", "terminate"])
def test_an_exit_leads_where_the_instance_says(ends: str, lab: Lab) -> None:
    instance = record(lab, lab.launch(InstanceInitiatedShutdownBehavior=ends))
    after: Any = step(instance, Event.EXITED)
    assert after.state == {"stop": "stopping", "terminate": "shutting-down"}[ends]
    assert step(after, Event.STARTED) is None
