"""RunInstances (facts 48, 50, 71)."""

import base64
from typing import Any

import pytest

from atoll.model.kinds import Instance, Subnet, Vpc, VpcBlock
from atoll.packet import Prefix
from tests.support.expect import refused, tag_specification
from tests.support.inprocess import ACCOUNT, InProcess
from tests.support.lab import Lab


def run(lab: Lab, **params: Any) -> dict[str, Any]:
    return dict(lab.ec2.run_instances(**{"ImageId": lab.image, "MinCount": 1, "MaxCount": 1, **params}))


def test_the_answer_is_what_describe_says(lab: Lab) -> None:
    group = lab.group("web")
    reservation = run(
        lab,
        SubnetId=lab.subnet,
        PrivateIpAddress="10.0.1.50",
        SecurityGroupIds=[group],
        InstanceType="t2.micro",
        TagSpecifications=[
            *tag_specification("instance", Name="web"),
            *tag_specification("network-interface", Name="eth0"),
        ],
    )
    assert reservation["OwnerId"] == ACCOUNT
    assert reservation["Groups"] == []
    (instance,) = reservation["Instances"]
    assert lab.instance(instance["InstanceId"]) == instance
    assert instance["State"] == {"Code": 0, "Name": "pending"}
    assert instance["StateReason"] == {"Code": "pending", "Message": "pending"}
    assert instance["PrivateDnsName"] == "ip-10-0-1-50.ec2.internal"
    assert instance["Tags"] == [{"Key": "Name", "Value": "web"}]
    assert (instance["VpcId"], instance["SubnetId"]) == (lab.vpc, lab.subnet)
    assert instance["SecurityGroups"] == [{"GroupId": group, "GroupName": "web"}]
    assert instance["RootDeviceType"] == "ebs"
    (root,) = instance["BlockDeviceMappings"]
    assert root["DeviceName"] == instance["RootDeviceName"] == "/dev/xvda"
    assert instance["SourceDestCheck"] is True
    assert instance["Placement"]["AvailabilityZone"] == "us-east-1a"
    (eth0,) = instance["NetworkInterfaces"]
    assert eth0["PrivateIpAddress"] == "10.0.1.50"
    assert eth0["Attachment"]["DeviceIndex"] == 0
    assert eth0["Attachment"]["DeleteOnTermination"] is True
    assert lab.eni(eth0["NetworkInterfaceId"])["TagSet"] == [{"Key": "Name", "Value": "eth0"}]


def test_defaults(lab: Lab) -> None:
    (instance,) = run(lab, SubnetId=lab.subnet)["Instances"]
    assert instance["InstanceType"] == "m1.small"
    assert [one["GroupName"] for one in instance["SecurityGroups"]] == ["default"]
    assert "PublicIpAddress" not in instance
    assert "KeyName" not in instance
    assert instance["Monitoring"] == {"State": "disabled"}
    assert instance["EbsOptimized"] is False


def test_options_are_kept(lab: Lab) -> None:
    lab.ec2.create_key_pair(KeyName="mine", KeyType="ed25519")
    id_ = lab.launch(
        InstanceType="m5.large",
        KeyName="mine",
        UserData="#!/bin/sh\necho hello\n",
        Monitoring={"Enabled": True},
        EbsOptimized=True,
        DisableApiTermination=True,
        DisableApiStop=True,
        InstanceInitiatedShutdownBehavior="terminate",
        PrivateDnsNameOptions={"HostnameType": "resource-name", "EnableResourceNameDnsARecord": True},
        Placement={"AvailabilityZone": "us-east-1a", "Tenancy": "default"},
    )
    instance = lab.instance(id_)
    assert instance["KeyName"] == "mine"
    assert instance["Monitoring"] == {"State": "enabled"}
    assert instance["EbsOptimized"] is True
    assert instance["PrivateDnsName"] == f"{id_}.ec2.internal"
    assert instance["PrivateDnsNameOptions"]["HostnameType"] == "resource-name"
    record = lab.cloud.table.get(Instance, id_)
    assert record is not None
    assert record.user_data == b"#!/bin/sh\necho hello\n"
    assert (record.shutdown_behavior, record.disable_api_stop, record.disable_api_termination) == (
        "terminate",
        True,
        True,
    )


def test_several_instances(lab: Lab) -> None:
    instances = run(lab, SubnetId=lab.subnet, MinCount=2, MaxCount=3)["Instances"]
    assert [one["AmiLaunchIndex"] for one in instances] == [0, 1, 2]
    assert len({one["PrivateIpAddress"] for one in instances}) == 3
    (reservation,) = lab.ec2.describe_instances()["Reservations"]
    assert len(reservation["Instances"]) == 3


def test_as_many_as_fit(lab: Lab) -> None:
    tiny = lab.make_subnet("10.0.3.0/28")  # eleven addresses
    assert len(run(lab, SubnetId=tiny, MinCount=2, MaxCount=20)["Instances"]) == 11
    refused(
        "InsufficientFreeAddressesInSubnet",
        lab.ec2.run_instances,
        ImageId=lab.image,
        SubnetId=tiny,
        MinCount=1,
        MaxCount=2,
    )


def test_a_new_interface_with_everything(lab: Lab) -> None:
    group = lab.group("web")
    id_ = lab.launch(
        NetworkInterfaces=[
            {
                "DeviceIndex": 0,
                "SubnetId": lab.subnet,
                "Description": "primary",
                "Groups": [group],
                "PrivateIpAddresses": [
                    {"PrivateIpAddress": "10.0.1.60", "Primary": True},
                    {"PrivateIpAddress": "10.0.1.61"},
                ],
                "AssociatePublicIpAddress": True,
                "DeleteOnTermination": False,
            }
        ]
    )
    (eth0,) = lab.instance(id_)["NetworkInterfaces"]
    assert eth0["Description"] == "primary"
    assert [one["PrivateIpAddress"] for one in eth0["PrivateIpAddresses"]] == ["10.0.1.60", "10.0.1.61"]
    assert eth0["Attachment"]["DeleteOnTermination"] is False
    assert [one["GroupId"] for one in eth0["Groups"]] == [group]
    assert eth0["Association"]["IpOwnerId"] == "amazon"
    assert "AllocationId" not in eth0["Association"]
    assert lab.instance(id_)["PublicIpAddress"] == eth0["Association"]["PublicIp"]


def test_a_subnets_flag_is_overridden_by_the_parameter(lab: Lab) -> None:
    public = lab.make_subnet("10.0.5.0/24", public=True)
    assert lab.instance(lab.launch(SubnetId=public))["PublicIpAddress"]
    given: dict[str, Any] = {"DeviceIndex": 0, "SubnetId": public}
    assert lab.instance(lab.launch(NetworkInterfaces=[given]))["PublicIpAddress"]
    without = lab.launch(NetworkInterfaces=[given | {"AssociatePublicIpAddress": False}])
    assert "PublicIpAddress" not in lab.instance(without)


def test_existing_and_new_interfaces_together(lab: Lab) -> None:
    public = lab.make_subnet("10.0.5.0/24", public=True)
    existing = lab.interface(public, Description="mine")
    id_ = lab.launch(
        NetworkInterfaces=[
            {"DeviceIndex": 1, "SubnetId": lab.subnet},
            {"DeviceIndex": 0, "NetworkInterfaceId": existing},
        ]
    )
    eth0, eth1 = lab.instance(id_)["NetworkInterfaces"]
    assert eth0["NetworkInterfaceId"] == existing
    assert (eth0["Attachment"]["DeleteOnTermination"], eth1["Attachment"]["DeleteOnTermination"]) == (False, True)
    assert lab.instance(id_)["SubnetId"] == public
    assert "PublicIpAddress" not in lab.instance(id_)  # several ENIs: none


def test_an_elastic_ip_on_an_existing_interface_is_the_instances(lab: Lab) -> None:
    eni = lab.interface()
    allocation, public = lab.elastic_ip()
    lab.ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=eni)
    id_ = lab.launch(NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": eni}])
    assert lab.instance(id_)["PublicIpAddress"] == public


NIC = {"DeviceIndex": 0, "SubnetId": "SUBNET"}


@pytest.mark.parametrize(
    ("code", "params"),
    [
        ("MissingParameter", {"ImageId": None}),
        ("InvalidAMIID.NotFound", {"ImageId": "ami-0123456789abcdef0"}),
        ("InvalidAMIID.Malformed", {"ImageId": "cheese"}),
        ("InvalidParameterValue", {"InstanceType": "t2.tiny"}),
        ("InvalidParameterValue", {"InstanceType": "t4g.micro"}),  # another architecture
        ("InvalidParameterValue", {"MinCount": 0}),
        ("InvalidParameterValue", {"MinCount": 3, "MaxCount": 2}),
        ("InvalidKeyPair.NotFound", {"KeyName": "nobodys"}),
        ("InvalidParameterValue", {"UserData": "x" * 16385}),
        ("InvalidParameterValue", {"InstanceInitiatedShutdownBehavior": "explode"}),
        ("InvalidParameterCombination", {"EbsOptimized": True, "InstanceType": "t2.micro"}),
        ("InvalidSubnetID.NotFound", {"SubnetId": "subnet-0123456789abcdef0"}),
        ("InvalidParameterValue", {"PrivateIpAddress": "10.0.9.9"}),
        ("InvalidParameterValue", {"PrivateIpAddress": "10.0.1.1"}),
        ("InvalidParameterCombination", {"PrivateIpAddress": "10.0.1.9", "SubnetId": None}),
        ("InvalidParameterCombination", {"PrivateIpAddress": "10.0.1.9", "MaxCount": 2}),
        ("InvalidParameterCombination", {"SecurityGroups": ["default"]}),
        ("InvalidGroup.NotFound", {"SecurityGroupIds": ["sg-0123456789abcdef0"]}),
        ("InvalidParameterValue", {"Placement": {"AvailabilityZone": "us-east-1b"}}),
        ("VPCIdNotSpecified", {"SubnetId": None}),
        ("InvalidParameterCombination", {"NetworkInterfaces": [NIC]}),
        ("InvalidParameterValue", {"SubnetId": None, "NetworkInterfaces": [{"SubnetId": "SUBNET"}]}),
        ("InvalidParameterCombination", {"SubnetId": None, "NetworkInterfaces": [NIC | {"DeviceIndex": 1}]}),
        ("InvalidParameterValue", {"SubnetId": None, "NetworkInterfaces": [NIC, NIC]}),
        (
            "InvalidParameterCombination",
            {
                "SubnetId": None,
                "NetworkInterfaces": [NIC | {"AssociatePublicIpAddress": True}, NIC | {"DeviceIndex": 1}],
            },
        ),
        (
            "InvalidParameterCombination",
            {"SubnetId": None, "MaxCount": 2, "NetworkInterfaces": [NIC | {"PrivateIpAddress": "10.0.1.9"}]},
        ),
        (
            "AttachmentLimitExceeded",
            {
                "SubnetId": None,
                "InstanceType": "t2.micro",
                "NetworkInterfaces": [NIC | {"DeviceIndex": index} for index in range(3)],
            },
        ),
        (
            "InvalidInterface.IpAddressLimitExceeded",
            {
                "SubnetId": None,
                "InstanceType": "t2.micro",
                "NetworkInterfaces": [NIC | {"SecondaryPrivateIpAddressCount": 2}],
            },
        ),
        (
            "InvalidParameterCombination",
            {"SubnetId": None, "NetworkInterfaces": [NIC, {"DeviceIndex": 1, "SubnetId": "OTHER"}]},
        ),
        ("InvalidParameterCombination", {"SubnetId": None, "NetworkInterfaces": [NIC | {"NetworkInterfaceId": "ENI"}]}),
        (
            "InvalidParameterCombination",
            {
                "SubnetId": None,
                "NetworkInterfaces": [{"DeviceIndex": 0, "NetworkInterfaceId": "ENI", "DeleteOnTermination": True}],
            },
        ),
        (
            "InvalidParameterCombination",
            {
                "SubnetId": None,
                "NetworkInterfaces": [
                    {"DeviceIndex": 0, "NetworkInterfaceId": "ENI", "AssociatePublicIpAddress": True}
                ],
            },
        ),
        (
            "InvalidParameterCombination",
            {"SubnetId": None, "MaxCount": 2, "NetworkInterfaces": [{"DeviceIndex": 0, "NetworkInterfaceId": "ENI"}]},
        ),
        (
            "InvalidParameterValue",
            {
                "SubnetId": None,
                "InstanceType": "t2.micro",
                "NetworkInterfaces": [
                    {"DeviceIndex": 0, "NetworkInterfaceId": "ENI"},
                    {"DeviceIndex": 1, "NetworkInterfaceId": "ENI"},
                ],
            },
        ),
        (
            "InvalidNetworkInterface.InUse",
            {"SubnetId": None, "NetworkInterfaces": [{"DeviceIndex": 0, "NetworkInterfaceId": "TAKEN"}]},
        ),
        (
            "InvalidNetworkInterfaceID.NotFound",
            {
                "SubnetId": None,
                "NetworkInterfaces": [{"DeviceIndex": 0, "NetworkInterfaceId": "eni-0123456789abcdef0"}],
            },
        ),
        ("InvalidParameterValue", {"TagSpecifications": tag_specification("vpc", Name="x")}),
        ("UnsupportedOperation", {"TagSpecifications": tag_specification("spot-instances-request", Name="x")}),
        ("UnsupportedOperation", {"Ipv6AddressCount": 1}),
        ("UnsupportedOperation", {"SubnetId": None, "NetworkInterfaces": [NIC | {"Ipv6AddressCount": 1}]}),
        ("UnsupportedOperation", {"SubnetId": None, "NetworkInterfaces": [NIC | {"InterfaceType": "efa"}]}),
        (
            "InvalidParameterValue",
            {"SubnetId": None, "NetworkInterfaces": [NIC | {"ConnectionTrackingSpecification": {"UdpTimeout": 99}}]},
        ),
        ("UnsupportedOperation", {"SubnetId": None, "NetworkInterfaces": [NIC | {"NetworkCardIndex": 1}]}),
        ("UnsupportedOperation", {"Placement": {"Tenancy": "host"}}),
        ("InvalidParameterValue", {"Placement": {"Tenancy": "shared"}}),
        ("UnsupportedOperation", {"Placement": {"HostId": "h-1"}}),
        ("UnsupportedOperation", {"PrivateDnsNameOptions": {"EnableResourceNameDnsAAAARecord": True}}),
        ("InvalidParameterValue", {"PrivateDnsNameOptions": {"HostnameType": "cheese"}}),
        ("DryRunOperation", {"DryRun": True}),
    ],
)
def test_refused_launches_leave_nothing(lab: Lab, code: str, params: dict[str, Any]) -> None:
    named = {
        "SUBNET": lab.subnet,
        "OTHER": lab.other_zone,
        "ENI": lab.interface(),
        "TAKEN": lab.primary(lab.launch()),
    }
    given = {"ImageId": lab.image, "MinCount": 1, "MaxCount": 1, "SubnetId": lab.subnet, **params}
    if "MinCount" in params and "MaxCount" not in params:
        given["MaxCount"] = 1
    asked = {name: value for name, value in given.items() if value is not None}
    asked["NetworkInterfaces"] = [
        {key: named.get(str(value), value) for key, value in one.items()} for one in asked.get("NetworkInterfaces", ())
    ]
    before = dict(lab.cloud.table.records)
    refused(code, lab.ec2.run_instances, **asked)
    assert lab.cloud.table.records == before


def test_a_sixth_group(lab: Lab) -> None:
    groups = [lab.group(f"g{number}") for number in range(6)]
    refused(
        "SecurityGroupsPerInstanceLimitExceeded",
        lab.ec2.run_instances,
        ImageId=lab.image,
        MinCount=1,
        MaxCount=1,
        SubnetId=lab.subnet,
        SecurityGroupIds=groups,
    )


def test_user_data_that_is_no_base64(lab: Lab) -> None:
    with pytest.raises(Exception, match=r"InvalidUserData.Malformed"):  # boto3 would encode it
        lab.cloud.call("RunInstances", ImageId=lab.image, MinCount=1, MaxCount=1, SubnetId=lab.subnet, UserData="%%%")


def test_the_client_token(lab: Lab) -> None:
    asked: dict[str, Any] = {"SubnetId": lab.subnet, "ClientToken": "once"}
    (first,) = run(lab, **asked)["Instances"]
    assert first["ClientToken"] == "once"
    lab.settle()
    (again,) = run(lab, **asked)["Instances"]
    assert again["InstanceId"] == first["InstanceId"]
    assert again["State"]["Name"] == "running"
    refused(
        "IdempotentParameterMismatch",
        lab.ec2.run_instances,
        ImageId=lab.image,
        MinCount=1,
        MaxCount=2,
        **asked,
    )
    lab.ec2.terminate_instances(InstanceIds=[first["InstanceId"]])
    lab.settle()
    refused("IdempotentInstanceTerminated", lab.ec2.run_instances, ImageId=lab.image, MinCount=1, MaxCount=1, **asked)


@pytest.fixture
def default_vpc(lab: Lab) -> str:
    """A default VPC, as far as a launch looks."""
    home = f"{ACCOUNT}/us-east-1"
    vpc = lab.ec2.create_vpc(CidrBlock="172.31.0.0/16")["Vpc"]["VpcId"]
    record = lab.cloud.table.get(Vpc, vpc)
    assert record is not None
    block = VpcBlock(association_id="vpc-cidr-assoc-1", prefix=Prefix.parse("172.31.0.0/16"))
    lab.cloud.put(
        Vpc(home=home, id=vpc, blocks=(block,), is_default=True, dns_hostnames=True),
        *(
            Subnet(
                home=home,
                id=f"subnet-0000000000000000{number}",
                vpc=vpc,
                zone=f"us-east-1{zone}",
                prefix=Prefix.parse(f"172.31.{number * 16}.0/20"),
                map_public_ip=True,
                default_for_az=True,
            )
            for number, zone in enumerate("ba")
        ),
    )
    return str(vpc)


def test_without_a_subnet_the_default_vpc_serves(lab: Lab, default_vpc: str) -> None:
    (first,) = run(lab, SecurityGroups=["default"])["Instances"]
    assert (first["VpcId"], first["Placement"]["AvailabilityZone"]) == (default_vpc, "us-east-1a")
    assert first["PublicIpAddress"]
    public = first["PublicIpAddress"].replace(".", "-")
    assert first["PublicDnsName"] == f"ec2-{public}.compute-1.amazonaws.com"
    (second,) = run(lab, Placement={"AvailabilityZone": "us-east-1b"})["Instances"]
    assert second["Placement"]["AvailabilityZone"] == "us-east-1b"
    launch = lab.ec2.run_instances
    given: dict[str, Any] = {"ImageId": lab.image, "MinCount": 1, "MaxCount": 1}
    refused("InvalidParameterValue", launch, Placement={"AvailabilityZone": "us-east-9z"}, **given)
    refused("MissingInput", launch, Placement={"AvailabilityZone": "us-east-1c"}, **given)
    refused("InvalidGroup.NotFound", launch, SecurityGroups=["cheese"], **given)


def test_a_launch_costs_what_it_launches(cloud: InProcess) -> None:
    lab = Lab(cloud)
    run(lab, SubnetId=lab.subnet)
    few = _written(lab)
    run(lab, SubnetId=lab.subnet, MinCount=100, MaxCount=100)
    assert _written(lab) == few


def _written(lab: Lab) -> int:
    """How many records one more launch writes."""
    tx = lab.cloud.draft()
    from atoll.services import registry

    encoded = base64.b64encode(b"#!/bin/sh").decode()
    request = {"ImageId": lab.image, "MinCount": 1, "MaxCount": 1, "SubnetId": lab.subnet, "UserData": encoded}
    registry.answer(tx, "ec2", "RunInstances", request)
    return len(tx.delta())


def test_one_launch_has_a_limit(cloud: InProcess, ec2: Any, vpc: str) -> None:
    """Each instance is a guest on this machine: MaxCount=2147483647 would be as many as there are addresses."""
    cloud.settings.limits["instances-per-launch"] = 3
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    launch = {"ImageId": "ami-12c6146b", "SubnetId": subnet, "InstanceType": "t3.micro"}
    assert len(ec2.run_instances(MinCount=1, MaxCount=2_147_483_647, **launch)["Instances"]) == 3
    refused("InstanceLimitExceeded", ec2.run_instances, MinCount=4, MaxCount=4, **launch)
