"""Instances described: reservations, status, filters, console."""

from typing import Any

import pytest

from atoll.model.machines import Event
from atoll.model.tx import Facts, Tx
from atoll.services import registry
from tests.support.expect import filters, named, pages, refused, tag_specification
from tests.support.inprocess import ACCOUNT, REGION
from tests.support.lab import Lab


def ids(lab: Lab, **params: Any) -> list[str]:
    answer = lab.ec2.describe_instances(**params)
    return [one["InstanceId"] for reservation in answer["Reservations"] for one in reservation["Instances"]]


def test_each_call_is_a_reservation(lab: Lab) -> None:
    launched = [lab.launch() for _ in range(2)]
    reservations = lab.ec2.describe_instances()["Reservations"]
    assert [one["Instances"][0]["InstanceId"] for one in reservations] == launched
    assert len({one["ReservationId"] for one in reservations}) == 2
    assert all(one["OwnerId"] == ACCOUNT for one in reservations)


def test_errors_and_pages(lab: Lab) -> None:
    launched = [lab.launch() for _ in range(6)]
    describe = lab.ec2.describe_instances
    assert pages(describe, "Reservations", 5) == [5, 1]
    message = refused("InvalidInstanceID.NotFound", describe, InstanceIds=["i-0123456789abcdef0"])
    assert message == "The instance ID 'i-0123456789abcdef0' does not exist"
    refused("InvalidInstanceID.Malformed", describe, InstanceIds=["i-1"])
    refused("InvalidParameterCombination", describe, InstanceIds=launched[:1], MaxResults=5)
    refused("InvalidParameterValue", describe, MaxResults=4)
    refused("InvalidParameterValue", describe, Filters=filters(colour="red"))
    refused("DryRunOperation", describe, DryRun=True)


def test_every_filter_finds_the_one_and_not_the_other(lab: Lab) -> None:
    lab.ec2.modify_vpc_attribute(VpcId=lab.vpc, EnableDnsHostnames={"Value": True})
    lab.ec2.create_key_pair(KeyName="mine", KeyType="ed25519")
    group = lab.group("web")
    debian = lab.ec2.describe_images(Filters=filters(name="debian-12-amd64-*"))["Images"][0]["ImageId"]
    one = lab.launch(
        InstanceType="t3.small",
        ImageId=debian,
        KeyName="mine",
        SecurityGroupIds=[group],
        Monitoring={"Enabled": True},
        ClientToken="once",
        TagSpecifications=[
            *tag_specification("instance", Name="one"),
            *tag_specification("network-interface", Role="eth0"),
        ],
    )
    allocation, public = lab.elastic_ip()
    association = lab.ec2.associate_address(AllocationId=allocation, InstanceId=one)["AssociationId"]
    lab.cloud.now += 60
    other = lab.launch(SubnetId=lab.other_zone)
    lab.ec2.stop_instances(InstanceIds=[other])
    lab.settle()
    shown = lab.instance(one)
    (eth0,) = shown["NetworkInterfaces"]
    reservation = lab.ec2.describe_instances(InstanceIds=[one])["Reservations"][0]["ReservationId"]
    wanted = {
        "availability-zone": "us-east-1a",
        "availability-zone-id": "use1-az6",
        "boot-mode": "uefi-preferred",
        "client-token": "once",
        "current-instance-boot-mode": "uefi",
        "dns-name": shown["PublicDnsName"],
        "image-id": debian,
        "instance-id": one,
        "instance-state-code": "16",
        "instance-state-name": "running",
        "instance-type": "t3.small",
        "instance.group-id": group,
        "instance.group-name": "web",
        "ip-address": public,
        "key-name": "mine",
        "launch-time": "2023-11-14T22:13:20.000Z",
        "monitoring-state": "enabled",
        "network-interface.addresses.association.allocation-id": allocation,
        "network-interface.addresses.association.ip-owner-id": ACCOUNT,
        "network-interface.addresses.association.public-ip": public,
        "network-interface.addresses.private-ip-address": shown["PrivateIpAddress"],
        "network-interface.association.association-id": association,
        "network-interface.association.public-ip": public,
        "network-interface.attachment.instance-id": one,
        "network-interface.group-id": group,
        "network-interface.group-name": "web",
        "network-interface.mac-address": eth0["MacAddress"],
        "network-interface.network-interface-id": eth0["NetworkInterfaceId"],
        "network-interface.private-dns-name": shown["PrivateDnsName"],
        "network-interface.subnet-id": lab.subnet,
        "network-interface.tag-key": "Role",
        "network-interface.tag-value": "eth0",
        "private-dns-name": shown["PrivateDnsName"],
        "private-ip-address": shown["PrivateIpAddress"],
        "reservation-id": reservation,
        "subnet-id": lab.subnet,
        "tag:Name": "one",
    }
    for name, value in wanted.items():
        assert ids(lab, Filters=named(name, value)) == [one], name
    everything = {
        "architecture": "x86_64",
        "hypervisor": "xen",
        "launch-index": "0",
        "network-interface.attachment.device-index": "0",
        "network-interface.status": "in-use",
        "network-interface.vpc-id": lab.vpc,
        "owner-id": ACCOUNT,
        "platform-details": "Linux/UNIX",
        "private-dns-name-options.hostname-type": "ip-name",
        "root-device-name": "/dev/xvda",
        "root-device-type": "ebs",
        "source-dest-check": "true",
        "tenancy": "default",
        "usage-operation": "RunInstances",
        "virtualization-type": "hvm",
        "vpc-id": lab.vpc,
    }
    for name, value in everything.items():
        assert ids(lab, Filters=named(name, value)) == [one, other], name
        assert ids(lab, Filters=named(name, "nothing-like-it")) == [], name
    assert ids(lab, Filters=named("state-reason-code", "Client.UserInitiatedShutdown")) == [other]
    assert ids(lab, Filters=named("instance-lifecycle", "*")) == []


def test_a_terminated_instance_is_found_by_state_and_not_by_subnet(lab: Lab) -> None:
    instance = lab.launch()
    lab.ec2.terminate_instances(InstanceIds=[instance])
    lab.settle()
    assert ids(lab, Filters=filters(instance_state_name="terminated")) == [instance]
    for name, value in {"subnet-id": lab.subnet, "vpc-id": lab.vpc}.items():
        assert ids(lab, Filters=named(name, value)) == []


def test_status(lab: Lab) -> None:
    running, stopped = lab.launch(), lab.launch()
    lab.ec2.stop_instances(InstanceIds=[stopped])
    lab.settle()
    describe = lab.ec2.describe_instance_status
    (shown,) = describe()["InstanceStatuses"]
    check = {"Status": "ok", "Details": [{"Name": "reachability", "Status": "passed"}]}
    assert shown == {
        "AvailabilityZone": "us-east-1a",
        "AvailabilityZoneId": "use1-az6",
        "Events": [],
        "InstanceId": running,
        "InstanceState": {"Code": 16, "Name": "running"},
        "InstanceStatus": check,
        "Operator": {"Managed": False},
        "SystemStatus": check,
    }
    both = describe(IncludeAllInstances=True)["InstanceStatuses"]
    assert [one["InstanceStatus"]["Status"] for one in both] == ["ok", "not-applicable"]
    assert describe(InstanceIds=[stopped])["InstanceStatuses"] == []
    for name, value in {
        "instance-state-name": "stopped",
        "instance-state-code": "80",
        "instance-status.status": "not-applicable",
        "system-status.status": "not-applicable",
    }.items():
        found = describe(IncludeAllInstances=True, Filters=named(name, value))["InstanceStatuses"]
        assert [one["InstanceId"] for one in found] == [stopped], name
    passed = describe(IncludeAllInstances=True, Filters=named("instance-status.reachability", "passed"))
    assert [one["InstanceId"] for one in passed["InstanceStatuses"]] == [running]
    assert describe(Filters=named("event.code", "*"))["InstanceStatuses"] == []
    refused("InvalidInstanceID.NotFound", describe, InstanceIds=["i-0123456789abcdef0"])
    refused("InvalidParameterValue", describe, Filters=filters(colour="red"))


def test_waiters_finish(lab: Lab) -> None:
    instance = lab.launch_pending()
    lab.ec2.get_waiter("instance_exists").wait(InstanceIds=[instance])
    lab.event(instance, Event.STARTED)
    lab.ec2.get_waiter("instance_running").wait(InstanceIds=[instance])
    lab.ec2.get_waiter("instance_status_ok").wait(InstanceIds=[instance])
    lab.ec2.get_waiter("system_status_ok").wait(InstanceIds=[instance])
    lab.ec2.stop_instances(InstanceIds=[instance])
    lab.event(instance, Event.STOPPED)
    lab.ec2.get_waiter("instance_stopped").wait(InstanceIds=[instance])
    lab.ec2.terminate_instances(InstanceIds=[instance])
    lab.event(instance, Event.GONE)
    lab.ec2.get_waiter("instance_terminated").wait(InstanceIds=[instance])


def test_the_console_is_read_from_the_running_world(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = lab.launch()
    assert lab.ec2.get_console_output(InstanceId=instance)["Output"] == ""

    def draft(region: str = REGION, account: str = ACCOUNT) -> Tx:
        cloud = lab.cloud
        facts = Facts(console=lambda id_: f"{id_}: \xe9 booted\n".encode())
        return Tx(
            cloud.table,
            now=cloud.now,
            account=account,
            region=region,
            rng=cloud.rng,
            settings=cloud.settings,
            facts=facts,
        )

    monkeypatch.setattr(lab.cloud, "draft", draft)
    refused("UnsupportedOperation", lab.ec2.get_console_output, InstanceId=instance, Latest=True)
    answer = lab.ec2.get_console_output(InstanceId=instance)
    assert answer["Output"] == f"{instance}: \xe9 booted\n"
    assert answer["Timestamp"].timestamp() == lab.cloud.now
    refused("InvalidInstanceID.NotFound", lab.ec2.get_console_output, InstanceId="i-0123456789abcdef0")
    nitro = lab.launch(InstanceType="t3.micro")
    assert lab.ec2.get_console_output(InstanceId=nitro, Latest=True)["Output"] == f"{nitro}: \xe9 booted\n"
    lab.ec2.terminate_instances(InstanceIds=[instance])
    lab.settle()
    refused("IncorrectInstanceState", lab.ec2.get_console_output, InstanceId=instance)


def test_every_operation_of_this_family_is_registered() -> None:
    built = {name for service, name in registry.OPERATIONS if service == "ec2"}
    assert {
        "AllocateAddress", "AssignPrivateIpAddresses", "AssociateAddress", "AttachNetworkInterface", "CreateKeyPair",
        "CreateNetworkInterface", "DeleteKeyPair", "DeleteNetworkInterface", "DescribeAddresses", "DescribeImages",
        "DescribeInstanceAttribute", "DescribeInstanceStatus", "DescribeInstanceTypeOfferings",
        "DescribeInstanceTypes", "DescribeInstances", "DescribeKeyPairs", "DescribeNetworkInterfaceAttribute",
        "DescribeNetworkInterfaces", "DetachNetworkInterface", "DisassociateAddress", "GetConsoleOutput",
        "ImportKeyPair", "ModifyInstanceAttribute", "ModifyNetworkInterfaceAttribute", "RebootInstances",
        "ReleaseAddress", "ResetInstanceAttribute", "ResetNetworkInterfaceAttribute", "RunInstances",
        "StartInstances", "StopInstances", "TerminateInstances", "UnassignPrivateIpAddresses",
    } <= built  # fmt: skip


def test_volumes_are_looked_at_of_nitro_instances_alone(lab: Lab) -> None:
    nitro, xen = lab.launch(InstanceType="t3.micro"), lab.launch(InstanceType="t2.micro")
    describe = lab.ec2.describe_instance_status
    shown = {one["InstanceId"]: one for one in describe()["InstanceStatuses"]}
    assert shown[nitro]["AttachedEbsStatus"] == shown[nitro]["SystemStatus"]
    assert "AttachedEbsStatus" not in shown[xen]
    found = describe(Filters=named("attached-ebs-status.status", "ok"))["InstanceStatuses"]
    assert [one["InstanceId"] for one in found] == [nitro]
    lab.ec2.stop_instances(InstanceIds=[nitro])
    lab.settle()
    (stopped,) = describe(InstanceIds=[nitro], IncludeAllInstances=True)["InstanceStatuses"]
    assert stopped["AttachedEbsStatus"] == {"Status": "not-applicable"}


def test_a_hundred_statuses_a_call(lab: Lab) -> None:
    instance = lab.launch()
    describe = lab.ec2.describe_instance_status
    assert len(describe(InstanceIds=[instance] * 100)["InstanceStatuses"]) == 1
    refused("InvalidParameterValue", describe, InstanceIds=[instance] * 101)
