"""aws_instance: each change that the provider makes in place, with what it waits for afterwards.

hashicorp/terraform-provider-aws@0015dfcd06d5 internal/service/ec2/ec2_instance.go (resourceInstanceUpdate),
status.go@011a8eed43ed.
"""

import pytest

from tests.first_hour.account import Account, only
from tests.support.expect import named, refused
from tests.support.profiles import make_profile


@pytest.fixture
def instance(account: Account) -> str:
    """A t3.micro in a VPC of its own."""
    return account.launch(SubnetId=account.subnet(account.vpc()))


def root(account: Account, instance: str) -> tuple[str, str]:
    """Its root device and volume."""
    mapping = only(account.instance(instance)["BlockDeviceMappings"])
    return mapping["DeviceName"], mapping["Ebs"]["VolumeId"]


def test_another_type_is_a_stop_a_change_and_a_start(account: Account, instance: str) -> None:
    """modifyInstanceAttributeWithStopStart; while it runs the change is IncorrectInstanceState."""
    ec2 = account.ec2
    change = {"InstanceId": instance, "InstanceType": {"Value": "t3.small"}}
    refused("IncorrectInstanceState", ec2.modify_instance_attribute, **change)
    ec2.stop_instances(InstanceIds=[instance])
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[instance])
    ec2.modify_instance_attribute(**change)
    ec2.modify_instance_attribute(InstanceId=instance, UserData={"Value": b"#!/bin/sh\n"})
    ec2.start_instances(InstanceIds=[instance])
    ec2.get_waiter("instance_running").wait(InstanceIds=[instance])
    assert account.instance(instance)["InstanceType"] == "t3.small"
    told = ec2.describe_instance_attribute(InstanceId=instance, Attribute="userData")
    assert told["UserData"]["Value"] == "IyEvYmluL3NoCg=="


def test_a_profile_comes_changes_and_goes(account: Account, instance: str) -> None:
    """By the association found through instance-id; waited for by the name in the instance's own ARN."""
    ec2, iam = account.ec2, account.client("iam")
    for name in ("one", "two"):
        make_profile(iam, name)
    asked = named("instance-id", instance)
    find = ec2.describe_iam_instance_profile_associations
    assert find(Filters=asked)["IamInstanceProfileAssociations"] == []
    ec2.associate_iam_instance_profile(InstanceId=instance, IamInstanceProfile={"Name": "one"})
    association = only(find(Filters=asked)["IamInstanceProfileAssociations"])["AssociationId"]
    assert account.instance(instance)["IamInstanceProfile"]["Arn"].endswith("/one")
    ec2.replace_iam_instance_profile_association(AssociationId=association, IamInstanceProfile={"Name": "two"})
    assert account.instance(instance)["IamInstanceProfile"]["Arn"].endswith("/two")
    association = only(find(Filters=asked)["IamInstanceProfileAssociations"])["AssociationId"]
    ec2.disassociate_iam_instance_profile(AssociationId=association)
    assert "IamInstanceProfile" not in account.instance(instance)


def test_groups_and_addresses_are_those_of_the_primary_interface(account: Account, instance: str) -> None:
    shown = account.instance(instance)
    interface = only(shown["NetworkInterfaces"])["NetworkInterfaceId"]
    group = account.group(shown["VpcId"])
    ec2 = account.ec2
    ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=[group])
    ec2.assign_private_ip_addresses(NetworkInterfaceId=interface, PrivateIpAddresses=["10.0.1.77"])
    ec2.modify_instance_attribute(InstanceId=instance, SourceDestCheck={"Value": False})
    shown = account.instance(instance)
    assert only(shown["SecurityGroups"])["GroupId"] == group
    addresses = only(shown["NetworkInterfaces"])["PrivateIpAddresses"]
    assert [one["PrivateIpAddress"] for one in addresses if not one["Primary"]] == ["10.0.1.77"]
    assert shown["SourceDestCheck"] is False


def test_protections_and_shutdown_behavior(account: Account, instance: str) -> None:
    ec2 = account.ec2
    for member, value in {
        "DisableApiStop": True,
        "DisableApiTermination": True,
        "InstanceInitiatedShutdownBehavior": "terminate",
    }.items():
        ec2.modify_instance_attribute(InstanceId=instance, **{member: {"Value": value}})
        attribute = member[0].lower() + member[1:]
        shown = ec2.describe_instance_attribute(InstanceId=instance, Attribute=attribute)
        assert shown[member]["Value"] == value


def test_monitoring_recovery_and_credits(account: Account, instance: str) -> None:
    """Monitoring `enabled` or `pending` is true to the provider; recovery and credits are read until they are so."""
    ec2 = account.ec2
    ec2.monitor_instances(InstanceIds=[instance])
    assert account.instance(instance)["Monitoring"]["State"] == "enabled"
    ec2.unmonitor_instances(InstanceIds=[instance])
    assert account.instance(instance)["Monitoring"]["State"] == "disabled"
    ec2.modify_instance_maintenance_options(InstanceId=instance, AutoRecovery="disabled")
    assert account.instance(instance)["MaintenanceOptions"]["AutoRecovery"] == "disabled"
    wanted = {"InstanceId": instance, "CpuCredits": "standard"}
    done = ec2.modify_instance_credit_specification(InstanceCreditSpecifications=[wanted])
    assert done["UnsuccessfulInstanceCreditSpecifications"] == []
    found = ec2.describe_instance_credit_specifications(InstanceIds=[instance])
    assert only(found["InstanceCreditSpecifications"])["CpuCredits"] == "standard"


def test_metadata_options_are_waited_for(account: Account, instance: str) -> None:
    """WaitInstanceMetadataOptionsApplied: the state `applied`; tags of the metadata go along in the same call."""
    account.ec2.modify_instance_metadata_options(
        InstanceId=instance,
        HttpEndpoint="enabled",
        HttpPutResponseHopLimit=1,
        HttpTokens="optional",
        InstanceMetadataTags="enabled",
    )
    shown = account.instance(instance)["MetadataOptions"]
    assert shown["State"] == "applied"
    assert (shown["HttpTokens"], shown["HttpPutResponseHopLimit"]) == ("optional", 1)
    assert shown["InstanceMetadataTags"] == "enabled"


def test_the_root_volume_grows(account: Account, instance: str) -> None:
    """ModifyVolume, then DescribeVolumesModifications until `optimizing` or `completed`."""
    ec2, (_, volume) = account.ec2, root(account, instance)
    ec2.modify_volume(VolumeId=volume, Size=30, VolumeType="gp3", Iops=4000, Throughput=250)
    state = only(ec2.describe_volumes_modifications(VolumeIds=[volume])["VolumesModifications"])
    assert state["ModificationState"] in ("optimizing", "completed")
    shown = only(ec2.describe_volumes(VolumeIds=[volume])["Volumes"])
    assert (shown["Size"], shown["Iops"], shown["Throughput"]) == (30, 4000, 250)


def test_the_root_volume_outlives_its_instance_if_asked_to(account: Account, instance: str) -> None:
    """delete_on_termination is an attribute of the instance's mapping, read back from there."""
    ec2, (device, volume) = account.ec2, root(account, instance)
    ec2.modify_instance_attribute(
        InstanceId=instance, BlockDeviceMappings=[{"DeviceName": device, "Ebs": {"DeleteOnTermination": False}}]
    )
    assert only(account.instance(instance)["BlockDeviceMappings"])["Ebs"]["DeleteOnTermination"] is False
    account.terminate(instance)
    assert only(ec2.describe_volumes(VolumeIds=[volume])["Volumes"])["State"] == "available"
    ec2.delete_volume(VolumeId=volume)
    refused("InvalidVolume.NotFound", ec2.describe_volumes, VolumeIds=[volume])


def test_volume_tags_are_a_call_for_each_volume(account: Account, instance: str) -> None:
    """UpdateTags: the old ones are deleted by key and value, then the new ones created."""
    ec2, (_, volume) = account.ec2, root(account, instance)
    ec2.create_tags(Resources=[volume], Tags=[{"Key": "Stage", "Value": "a"}])
    ec2.delete_tags(Resources=[volume], Tags=[{"Key": "Stage", "Value": "a"}])
    ec2.create_tags(Resources=[volume], Tags=[{"Key": "Stage", "Value": "b"}])
    tags = ec2.describe_tags(Filters=named("resource-id", volume))["Tags"]
    assert [(one["Key"], one["Value"]) for one in tags] == [("Stage", "b")]


def test_capacity_and_names_of_a_stopped_instance(account: Account, instance: str) -> None:
    ec2 = account.ec2
    ec2.stop_instances(InstanceIds=[instance])
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[instance])
    ec2.modify_instance_capacity_reservation_attributes(
        InstanceId=instance, CapacityReservationSpecification={"CapacityReservationPreference": "none"}
    )
    ec2.modify_private_dns_name_options(
        InstanceId=instance, PrivateDnsHostnameType="resource-name", EnableResourceNameDnsARecord=True
    )
    shown = account.instance(instance)
    assert shown["CapacityReservationSpecification"]["CapacityReservationPreference"] == "none"
    assert shown["PrivateDnsNameOptions"]["HostnameType"] == "resource-name"
    assert shown["PrivateDnsNameOptions"]["EnableResourceNameDnsARecord"] is True
