"""Nothing is accepted and ignored: each leaf of each parameter gets a value without sense, and the call is refused.

An otherwise sound call of each operation is asked again and again, with one leaf more: a text "bogus", the number -7,
true. ACCEPTED names those that are taken all the same, and why. Handlers decide as ever; DryRun, where there is one,
keeps the account as it was. Data of launch templates is kept as it comes and refused at the launch, and is left out.
"""

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.model import Shape

from tests.support.everything import Everything
from tests.support.inprocess import InProcess

MODEL = botocore.session.Session().get_service_model("ec2")
NONSENSE: dict[str, Any] = {
    "string": "bogus",
    "integer": -7,
    "long": -7,
    "boolean": True,
    "blob": b"x",
    "timestamp": 0,
    "double": -1.0,
    "float": -1.0,
}
COMMON = {"ClientToken", "DryRun", "Filters", "LaunchTemplateData", "TagSpecifications"}
"""Parameters with tests of their own."""

ACCEPTED = {
    "a free text, or a name that one may choose": """
        CreateKeyPair.KeyName CreateLaunchTemplate.LaunchTemplateName CreateLaunchTemplate.VersionDescription
        CreateLaunchTemplateVersion.VersionDescription CreateManagedPrefixList.PrefixListName
        CreateNetworkInterface.Description CreatePlacementGroup.GroupName CreateSecurityGroup.Description
        CreateSecurityGroup.GroupName CreateSubnetCidrReservation.Description
        ModifyManagedPrefixList.PrefixListName ModifyNetworkInterfaceAttribute.Description.Value
        ModifyInstanceAttribute.UserData.Value RunInstances.UserData""",
    "whether a profile exists is not asked": """
        AssociateIamInstanceProfile.IamInstanceProfile.Name RunInstances.IamInstanceProfile.Name""",
    "true has sense": """
        AssignPrivateIpAddresses.AllowReassignment AssociateAddress.AllowReassociation
        CreateLaunchTemplateVersion.ResolveAlias CreateNetworkAclEntry.Egress
        ModifyInstanceAttribute.DisableApiStop.Value ModifyInstanceAttribute.DisableApiTermination.Value
        ModifyInstanceAttribute.EbsOptimized.Value ModifyInstanceAttribute.SourceDestCheck.Value
        ModifyNetworkInterfaceAttribute.AssociatePublicIpAddress ModifyNetworkInterfaceAttribute.SourceDestCheck.Value
        ModifyPrivateDnsNameOptions.EnableResourceNameDnsARecord
        ModifySubnetAttribute.EnableResourceNameDnsARecordOnLaunch.Value
        ModifySubnetAttribute.MapPublicIpOnLaunch.Value ModifyVolumeAttribute.AutoEnableIO.Value
        ModifyVpcAttribute.EnableDnsHostnames.Value ModifyVpcAttribute.EnableDnsSupport.Value
        ModifyVpcAttribute.EnableNetworkAddressUsageMetrics.Value RunInstances.DisableApiStop
        RunInstances.DisableApiTermination RunInstances.EbsOptimized RunInstances.Monitoring.Enabled
        RunInstances.PrivateDnsNameOptions.EnableResourceNameDnsARecord StopInstances.Force
        StopInstances.SkipOsShutdown TerminateInstances.Force TerminateInstances.SkipOsShutdown""",
    "AWS ignores them for protocol -1 (fact 145)": """
        CreateNetworkAclEntry.IcmpTypeCode.Code CreateNetworkAclEntry.IcmpTypeCode.Type
        CreateNetworkAclEntry.PortRange.From CreateNetworkAclEntry.PortRange.To
        ReplaceNetworkAclEntry.IcmpTypeCode.Code ReplaceNetworkAclEntry.IcmpTypeCode.Type
        ReplaceNetworkAclEntry.PortRange.From ReplaceNetworkAclEntry.PortRange.To""",
    "the answer tells what was not deleted": "DeleteLaunchTemplateVersions.Versions.[]",
}


def calls(here: Everything) -> dict[str, dict[str, Any]]:
    """A sound call of each operation that changes something, as far as it goes without the leaf to be tried."""
    ec2 = here.ec2
    (acl,) = ec2.describe_network_acls(Filters=[{"Name": "default", "Values": ["false"]}])["NetworkAcls"]
    (halted,) = ec2.describe_instances(Filters=[{"Name": "instance-state-name", "Values": ["stopped"]}])["Reservations"]
    stopped = {"InstanceId": halted["Instances"][0]["InstanceId"]}
    eni = here.interface()
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [here.vpc]}])["RouteTables"]
    main, table = sorted(tables, key=lambda one: not any(link["Main"] for link in one["Associations"]))
    (free,) = [one for one in ec2.describe_addresses()["Addresses"] if "AssociationId" not in one]
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [here.web]}])
    rule = {"IpProtocol": "tcp", "FromPort": 5, "ToPort": 5}
    permission = {"GroupId": here.web, "IpPermissions": [{**rule, "IpRanges": [{"CidrIp": "192.0.2.1/32"}]}]}
    entry = {
        "NetworkAclId": acl["NetworkAclId"],
        "Protocol": "-1",
        "Egress": False,
        "CidrBlock": "0.0.0.0/0",
        "RuleAction": "allow",
    }
    modified = {
        "SecurityGroupRuleId": rules["SecurityGroupRules"][0]["SecurityGroupRuleId"],
        "SecurityGroupRule": {**rule, "CidrIpv4": "192.0.2.1/32"},
    }
    vpc, allocation = {"VpcId": here.vpc}, {"AllocationId": free["AllocationId"]}
    data, target = {"InstanceType": "t3.micro"}, {"GatewayId": here.gateway}
    all_, http, anywhere = {"IpProtocol": "-1"}, {"FromPort": 80, "ToPort": 80}, {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    return {
        "AllocateAddress": {},
        "AssignPrivateIpAddresses": {"NetworkInterfaceId": eni, "SecondaryPrivateIpAddressCount": 1},
        "AssociateAddress": {**allocation, "NetworkInterfaceId": eni},
        "AssociateDhcpOptions": {**vpc, "DhcpOptionsId": "default"},
        "AssociateIamInstanceProfile": {**stopped, "IamInstanceProfile": {}},
        "AssociateRouteTable": {"RouteTableId": table["RouteTableId"], "SubnetId": here.other_zone},
        "AssociateVpcCidrBlock": {**vpc, "CidrBlock": "10.2.0.0/16"},
        "AttachNetworkInterface": {**stopped, "DeviceIndex": 1, "NetworkInterfaceId": eni},
        "AuthorizeSecurityGroupEgress": permission,
        "AuthorizeSecurityGroupIngress": permission,
        "CreateDhcpOptions": {"DhcpConfigurations": [{"Key": "ntp-servers", "Values": ["10.0.0.9"]}]},
        "CreateKeyPair": {"KeyName": "another", "KeyType": "ed25519"},
        "CreateLaunchTemplate": {"LaunchTemplateName": "another", "LaunchTemplateData": data},
        "CreateLaunchTemplateVersion": {"LaunchTemplateId": here.template, "LaunchTemplateData": data},
        "CreateManagedPrefixList": {"PrefixListName": "another", "MaxEntries": 5, "AddressFamily": "IPv4"},
        "CreateNetworkAcl": vpc,
        "CreateNetworkAclEntry": {**entry, "RuleNumber": 50},
        "CreateNetworkInterface": {"SubnetId": here.subnet},
        "CreateNetworkInterfacePermission": {
            "NetworkInterfaceId": eni,
            "AwsAccountId": "111122223333",
            "Permission": "INSTANCE-ATTACH",
        },
        "CreatePlacementGroup": {"GroupName": "another", "Strategy": "spread"},
        "CreateRoute": {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": "198.51.100.0/24", **target},
        "CreateRouteTable": vpc,
        "CreateSecurityGroup": {**vpc, "GroupName": "another", "Description": "d"},
        "CreateSubnet": {**vpc, "CidrBlock": "10.0.99.0/24"},
        "CreateSubnetCidrReservation": {
            "SubnetId": here.subnet,
            "Cidr": "10.0.1.128/28",
            "ReservationType": "prefix",
        },
        "CreateVpc": {"CidrBlock": "10.77.0.0/16"},
        "DeleteLaunchTemplateVersions": {"LaunchTemplateId": here.template, "Versions": ["1"]},
        "EnableAddressTransfer": {**allocation, "TransferAccountId": "999988887777"},
        "ModifyAddressAttribute": {**allocation, "DomainName": "www.example.com"},
        "ModifyDefaultCreditSpecification": {"InstanceFamily": "t3", "CpuCredits": "standard"},
        "ModifyInstanceAttribute": {**stopped, "Value": "true"},
        "ModifyInstanceCapacityReservationAttributes": {**stopped, "CapacityReservationSpecification": {}},
        "ModifyInstanceCpuOptions": {**stopped, "CoreCount": 1, "ThreadsPerCore": 1},
        "ModifyInstanceCreditSpecification": {
            "InstanceCreditSpecifications": [{"InstanceId": here.instance_id, "CpuCredits": "standard"}]
        },
        "ModifyInstanceMaintenanceOptions": stopped,
        "ModifyInstanceMetadataDefaults": {},
        "ModifyInstanceMetadataOptions": {**stopped, "HttpTokens": "required"},
        "ModifyInstancePlacement": {**stopped, "Tenancy": "default"},
        "ModifyLaunchTemplate": {"LaunchTemplateId": here.template, "DefaultVersion": "1"},
        "ModifyManagedPrefixList": {"PrefixListId": here.list, "MaxEntries": 6},
        "ModifyNetworkInterfaceAttribute": {"NetworkInterfaceId": eni},
        "ModifyPrivateDnsNameOptions": stopped,
        "ModifySecurityGroupRules": {"GroupId": here.web, "SecurityGroupRules": [modified]},
        "ModifySubnetAttribute": {"SubnetId": here.subnet},
        "ModifyVolume": {"VolumeId": here.volume, "Size": 30},
        "ModifyVolumeAttribute": {"VolumeId": here.volume},
        "ModifyVpcAttribute": vpc,
        "ModifyVpcTenancy": {**vpc, "InstanceTenancy": "default"},
        "MonitorInstances": {"InstanceIds": [here.instance_id]},
        "ReplaceNetworkAclEntry": {**entry, "RuleNumber": 1},
        "ReplaceRoute": {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": "0.0.0.0/0", **target},
        "ReplaceRouteTableAssociation": {
            "RouteTableId": table["RouteTableId"],
            "AssociationId": main["Associations"][0]["RouteTableAssociationId"],
        },
        "ResetAddressAttribute": allocation,
        "ResetInstanceAttribute": stopped,
        "RevokeSecurityGroupEgress": {"GroupId": here.web, "IpPermissions": [{**all_, **anywhere}]},
        "RevokeSecurityGroupIngress": {"GroupId": here.web, "IpPermissions": [{**rule, **http, **anywhere}]},
        "RunInstances": {
            "ImageId": here.image,
            "MinCount": 1,
            "MaxCount": 1,
            "InstanceType": "t3.micro",
            "SubnetId": here.subnet,
        },
        "StartInstances": {"InstanceIds": [stopped["InstanceId"]]},
        "StopInstances": {"InstanceIds": [here.instance_id]},
        "TerminateInstances": {"InstanceIds": [here.instance_id]},
        "UnassignPrivateIpAddresses": {"NetworkInterfaceId": here.eni_id},
        "UpdateSecurityGroupRuleDescriptionsIngress": {"GroupId": here.web},
    }


def leaves(shape: Any, within: frozenset[str] = frozenset()) -> Iterator[tuple[str, Any]]:
    """Each leaf below a parameter: its path, and a value of the parameter with that leaf alone."""
    if shape.type_name == "structure":
        members: dict[str, Shape] = {} if shape.name in within else shape.members
        for name, member in members.items():
            for path, value in leaves(member, within | {shape.name}):
                yield f".{name}{path}", {name: value}
    elif shape.type_name == "list":
        for path, value in leaves(shape.member, within):
            yield f".[]{path}", [value]
    else:
        yield "", NONSENSE[shape.type_name]


def over(below: Any, above: Any) -> Any:
    """A parameter with one leaf more."""
    if isinstance(below, dict) and isinstance(above, dict):
        return below | {name: over(below.get(name), value) for name, value in above.items()}
    return above


def accepts(call: Any, params: dict[str, Any]) -> bool:
    try:
        call(**params)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        assert code != "InternalFailure", params
        return bool(code == "DryRunOperation")
    return True


ALONE = {
    "AssociateIamInstanceProfile",
    "ModifyInstanceAttribute",
    "ModifyInstanceCapacityReservationAttributes",
    "ModifyNetworkInterfaceAttribute",
    "ModifySubnetAttribute",
    "ModifyVolumeAttribute",
    "ModifyVpcAttribute",
    "ResetAddressAttribute",
    "ResetInstanceAttribute",
    "UnassignPrivateIpAddresses",
    "UpdateSecurityGroupRuleDescriptionsIngress",
}
"""Operations that want one thing a call: the leaf is it."""


def dry_run(operation: str) -> dict[str, bool]:
    members: Any = MODEL.operation_model(operation).input_shape
    return {"DryRun": True} if "DryRun" in members.members else {}


@pytest.fixture
def everything() -> Everything:
    return Everything(InProcess())


def test_what_has_no_sense_is_refused(everything: Everything) -> None:
    accepted = set()
    for operation, params in calls(everything).items():
        members: Any = MODEL.operation_model(operation).input_shape
        call = getattr(everything.ec2, xform_name(operation))
        for name, shape in members.members.items():
            for path, value in leaves(shape) if name not in COMMON else ():
                if accepts(call, over(params, {name: value}) | dry_run(operation)):
                    accepted.add(f"{operation}.{name}{path}")
    assert accepted == {name for names in ACCEPTED.values() for name in names.split()}


def test_the_calls_are_sound(everything: Everything) -> None:
    for operation, params in calls(everything).items():
        call = getattr(everything.ec2, xform_name(operation))
        assert accepts(call, params | dry_run(operation)) != (operation in ALONE), operation
