"""aws_instance: what it sends to launch, and each of its reads.

hashicorp/terraform-provider-aws@0015dfcd06d5 internal/service/ec2/ec2_instance.go (resourceInstanceCreate, -Read,
readBlockDevices, readSecurityGroups), find.go@00a35305dc1b, status.go@011a8eed43ed.
"""

import base64
import hashlib
from typing import Any

import pytest

from tests.first_hour.account import ZONE, Account, only
from tests.support.expect import named, refused, tag_specification
from tests.support.profiles import make_profile

SCRIPT = b"#!/bin/bash\nyum install -y httpd\n"


def as_provider(account: Account, subnet: str, group: str, **more: Any) -> dict[str, Any]:
    """RunInstancesInput as buildInstanceOpts fills it for a t3 in a subnet: much of it empty, and sent all the same."""
    return {
        "ClientToken": f"terraform-{subnet}",
        "CreditSpecification": {"CpuCredits": "unlimited"},
        "DisableApiTermination": False,
        "EbsOptimized": False,
        "HibernationOptions": {"Configured": False},
        "ImageId": account.image,
        "InstanceType": "t3.micro",
        "MaxCount": 1,
        "MinCount": 1,
        "Monitoring": {"Enabled": False},
        "NetworkInterfaces": [
            {"DeviceIndex": 0, "SubnetId": subnet, "Groups": [group], "AssociatePublicIpAddress": True}
        ],
        "Placement": {"AvailabilityZone": ""},
        "TagSpecifications": tag_specification("instance", Name="web") + tag_specification("volume", Name="root"),
        "UserData": SCRIPT.decode(),  # the Go SDK sends what it is given, boto3 encodes it: the same on the wire
        **more,
    }


@pytest.fixture
def instance(account: Account) -> str:
    """An instance, launched as the provider does."""
    ec2, vpc = account.ec2, account.vpc()
    account.gateway(vpc)
    asked = as_provider(account, account.subnet(vpc), account.group(vpc))
    id_ = str(only(ec2.run_instances(**asked)["Instances"])["InstanceId"])
    ec2.get_waiter("instance_running").wait(InstanceIds=[id_])
    return id_


def test_the_same_token_is_the_same_instance(account: Account) -> None:
    """A time-out of RunInstances is answered by sending it again with its ClientToken."""
    ec2, vpc = account.ec2, account.vpc()
    asked = as_provider(account, account.subnet(vpc), account.group(vpc))
    first, second = (only(ec2.run_instances(**asked)["Instances"])["InstanceId"] for _ in range(2))
    assert first == second
    account.terminate(first)


def test_a_profile_that_is_not_there_yet(account: Account) -> None:
    """The provider tries again for two minutes at both messages; the read gives the name back
    (InstanceProfileARNToName)."""
    ec2, vpc, iam = account.ec2, account.vpc(), account.client("iam")
    asked = as_provider(account, account.subnet(vpc), account.group(vpc), IamInstanceProfile={"Name": "web"})
    assert "Invalid IAM Instance Profile" in refused("InvalidParameterValue", ec2.run_instances, **asked)
    made = make_profile(iam, "web")
    iam.remove_role_from_instance_profile(InstanceProfileName="web", RoleName="web")
    assert " has no associated IAM Roles" in refused("InvalidParameterValue", ec2.run_instances, **asked)
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")
    instance = only(ec2.run_instances(**asked)["Instances"])["InstanceId"]
    arn = account.instance(instance)["IamInstanceProfile"]["Arn"]
    assert arn == made["Arn"] == f"arn:aws:iam::{account.id}:instance-profile/web"
    account.terminate(instance)


def test_the_root_device_is_looked_up_before_the_launch(account: Account) -> None:
    """FetchRootDeviceName: the image's RootDeviceName must be among its mappings, or the first mapping is taken."""
    image = only(account.ec2.describe_images(ImageIds=[account.image])["Images"])
    assert image["RootDeviceType"] == "ebs"
    assert image["RootDeviceName"] in [one["DeviceName"] for one in image["BlockDeviceMappings"]]


def test_every_part_of_the_instance_that_is_read(account: Account, instance: str) -> None:
    shown = account.instance(instance)
    assert shown["State"]["Name"] == "running"
    assert shown["Placement"]["AvailabilityZone"] == ZONE
    assert (shown["Placement"]["Tenancy"], shown["Placement"]["GroupName"]) == ("default", "")
    assert not {"HostId", "HostResourceGroupArn", "PartitionNumber"} & set(shown["Placement"])
    assert shown["CpuOptions"] == {"CoreCount": 1, "ThreadsPerCore": 2}
    assert shown["HibernationOptions"] == {"Configured": False}
    assert shown["EnclaveOptions"] == {"Enabled": False}
    assert shown["MaintenanceOptions"]["AutoRecovery"] == "default"
    metadata = shown["MetadataOptions"]
    assert (metadata["State"], metadata["HttpEndpoint"], metadata["InstanceMetadataTags"]) == (
        "applied",
        "enabled",
        "disabled",
    )
    assert (metadata["HttpTokens"], metadata["HttpPutResponseHopLimit"]) == ("required", 2), "what this image asks for"
    assert shown["PrivateDnsNameOptions"] == {
        "HostnameType": "ip-name",
        "EnableResourceNameDnsARecord": False,
        "EnableResourceNameDnsAAAARecord": False,
    }
    assert (shown["ImageId"], shown["InstanceType"]) == (account.image, "t3.micro")
    assert "KeyName" not in shown
    assert "OutpostArn" not in shown
    assert "IamInstanceProfile" not in shown
    assert shown["PrivateDnsName"].endswith(".ec2.internal")
    assert (shown["EbsOptimized"], shown["SourceDestCheck"]) == (False, True)
    assert shown["Monitoring"]["State"] == "disabled"
    assert shown["CapacityReservationSpecification"] == {"CapacityReservationPreference": "open"}
    assert shown["Tags"] == [{"Key": "Name", "Value": "web"}]


def test_its_interfaces_are_read_with_attachment_and_addresses(account: Account, instance: str) -> None:
    """The one with DeviceIndex 0 is the primary; its Association says whether it has a public address."""
    shown = account.instance(instance)
    interface = only(shown["NetworkInterfaces"])
    attachment = interface["Attachment"]
    assert (attachment["DeviceIndex"], attachment["NetworkCardIndex"]) == (0, 0)
    assert (attachment["DeleteOnTermination"], attachment["Status"]) == (True, "attached")
    assert interface["Association"]["PublicIp"] == shown["PublicIpAddress"]
    address = only(interface["PrivateIpAddresses"])
    assert (address["Primary"], address["PrivateIpAddress"]) == (True, shown["PrivateIpAddress"])
    assert (interface["SubnetId"], interface["SourceDestCheck"]) == (shown["SubnetId"], True)
    assert interface["Ipv6Addresses"] == []


def test_groups_are_read_by_id_outside_the_default_vpc(account: Account, instance: str) -> None:
    shown = account.instance(instance)
    vpc = only(account.ec2.describe_vpcs(VpcIds=[shown["VpcId"]])["Vpcs"])
    assert vpc["IsDefault"] is False
    group = only(shown["SecurityGroups"])
    assert group["GroupName"] == "web"
    assert group["GroupId"].startswith("sg-")


def test_an_instance_without_a_subnet_is_in_the_default_vpc(account: Account) -> None:
    """readSecurityGroups keeps names there; the provider sends no network interface in that case."""
    instance = account.launch(Placement={"AvailabilityZone": ""}, Monitoring={"Enabled": False})
    shown = account.instance(instance)
    assert only(account.ec2.describe_vpcs(VpcIds=[shown["VpcId"]])["Vpcs"])["IsDefault"] is True
    assert only(shown["SecurityGroups"])["GroupName"] == "default"
    account.terminate(instance)


def test_the_root_volume_is_read(account: Account, instance: str) -> None:
    """readBlockDevicesFromInstance: all fields of DescribeVolumes that it dereferences; tags by volume_tags' way."""
    ec2, shown = account.ec2, account.instance(instance)
    mapping = only(shown["BlockDeviceMappings"])
    assert mapping["DeviceName"] == shown["RootDeviceName"], "else the provider has no root_block_device"
    assert mapping["Ebs"]["DeleteOnTermination"] is True
    volume = only(ec2.describe_volumes(VolumeIds=[mapping["Ebs"]["VolumeId"]])["Volumes"])
    assert (volume["VolumeType"], volume["Size"], volume["Iops"], volume["Throughput"]) == ("gp3", 8, 3000, 125)
    assert volume["Encrypted"] is False
    assert "KmsKeyId" not in volume
    assert volume["SnapshotId"].startswith("snap-")
    assert volume["Tags"] == [{"Key": "Name", "Value": "root"}]
    found = only(ec2.describe_volumes(Filters=named("attachment.instance-id", instance))["Volumes"])
    assert found["VolumeId"] == volume["VolumeId"]
    tags = ec2.describe_tags(Filters=named("resource-id", volume["VolumeId"]))["Tags"]
    assert [(one["Key"], one["Value"]) for one in tags] == [("Name", "root")]


@pytest.mark.parametrize(
    ("attribute", "member", "value"),
    [
        ("instanceInitiatedShutdownBehavior", "InstanceInitiatedShutdownBehavior", "stop"),
        ("disableApiStop", "DisableApiStop", False),
        ("disableApiTermination", "DisableApiTermination", False),
        ("userData", "UserData", base64.b64encode(SCRIPT).decode()),
        ("instanceType", "InstanceType", "t3.micro"),
        ("sourceDestCheck", "SourceDestCheck", True),
        ("ebsOptimized", "EbsOptimized", False),
        ("rootDeviceName", "RootDeviceName", "/dev/xvda"),
    ],
)
def test_attributes_are_read_one_by_one(
    account: Account, instance: str, attribute: str, member: str, value: object
) -> None:
    """The first four are read at every refresh, the others by older providers and other tools."""
    answer = account.ec2.describe_instance_attribute(InstanceId=instance, Attribute=attribute)
    assert (answer["InstanceId"], answer[member]["Value"]) == (instance, value)


def test_user_data_comes_back_to_the_byte(account: Account, instance: str) -> None:
    """userDataHashSum: the state holds the SHA-1 of what is decoded; another byte would replace the instance."""
    answer = account.ec2.describe_instance_attribute(InstanceId=instance, Attribute="userData")
    told = base64.b64decode(answer["UserData"]["Value"])
    assert hashlib.sha1(told).hexdigest() == hashlib.sha1(SCRIPT).hexdigest()


def test_its_type_and_credits_are_read(account: Account, instance: str) -> None:
    """Only a burstable type is asked for its credits."""
    ec2 = account.ec2
    types = ec2.describe_instance_types(InstanceTypes=["t3.micro"])["InstanceTypes"]
    assert only(types)["BurstablePerformanceSupported"] is True
    credits_ = ec2.describe_instance_credit_specifications(InstanceIds=[instance])["InstanceCreditSpecifications"]
    assert only(credits_) == {"InstanceId": instance, "CpuCredits": "unlimited"}
    fixed = ec2.describe_instance_types(InstanceTypes=["m5.large"])["InstanceTypes"]
    assert only(fixed)["BurstablePerformanceSupported"] is False


def test_no_launch_template_is_no_tag(account: Account, instance: str) -> None:
    asked = [*named("resource-id", instance), *named("key", "aws:ec2launchtemplate:id")]
    assert account.ec2.describe_tags(Filters=asked)["Tags"] == []


def test_get_password_data(account: Account, instance: str) -> None:
    """getInstancePasswordData asks for 15 minutes while it is blank, which it stays for Linux on AWS as well; of a
    Windows image it must not, since no guest here has a password: the first answer is an error."""
    ec2 = account.ec2
    assert ec2.get_password_data(InstanceId=instance)["PasswordData"] == ""
    windows = account.launch(ImageId="ami-12c6146b")
    told = refused("UnsupportedOperation", ec2.get_password_data, InstanceId=windows)
    assert windows in told
    refused("InvalidInstanceID.NotFound", ec2.get_password_data, InstanceId="i-0123456789abcdef0")
    account.terminate(windows)


def test_the_state_resource_asks_for_the_status(account: Account, instance: str) -> None:
    """aws_ec2_instance_state: DescribeInstanceStatus with IncludeAllInstances, in every state."""
    ec2 = account.ec2
    ask = {"InstanceIds": [instance], "IncludeAllInstances": True}
    assert only(ec2.describe_instance_status(**ask)["InstanceStatuses"])["InstanceState"]["Name"] == "running"
    ec2.stop_instances(InstanceIds=[instance])
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[instance])
    assert only(ec2.describe_instance_status(**ask)["InstanceStatuses"])["InstanceState"]["Name"] == "stopped"
    account.terminate(instance)
    assert only(ec2.describe_instance_status(**ask)["InstanceStatuses"])["InstanceState"]["Name"] == "terminated"


def test_destroy_takes_protection_away_first(account: Account, instance: str) -> None:
    """resourceInstanceDelete: attribute, terminate, waits for `terminated`; an id that is not there is as good."""
    ec2 = account.ec2
    ec2.modify_instance_attribute(InstanceId=instance, DisableApiTermination={"Value": True})
    refused("OperationNotPermitted", ec2.terminate_instances, InstanceIds=[instance])
    ec2.modify_instance_attribute(InstanceId=instance, DisableApiTermination={"Value": False})
    account.terminate(instance)
    assert account.instance(instance)["State"]["Name"] == "terminated"
    refused("InvalidInstanceID.NotFound", ec2.terminate_instances, InstanceIds=["i-0123456789abcdef0"])
