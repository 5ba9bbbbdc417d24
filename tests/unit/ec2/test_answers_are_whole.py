"""Every read that is built, asked in an account with one of everything: do its answers fit botocore's shapes, and do
they carry what AWS always returns?

That no answer has a member or a type that its shape lacks is the serialiser's and botocore's check; here are the
values of enumerations, members that a shape requires, and ALWAYS: by the name of the shape, the members without which
AWS was not seen to answer. Its sources: the facts' recordings, AWS's examples of the same calls, and outputs in public
repositories. BEFORE names what an answer may leave out while a thing is on its way or has ended.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.model import Shape

from atoll.services.registry import OPERATIONS
from tests.support.everything import Everything
from tests.support.inprocess import InProcess

MODEL = botocore.session.Session().get_service_model("ec2")
READS = sorted(name for service, name in OPERATIONS if service == "ec2" and name.startswith(("Describe", "Get")))

NOTHING = {
    "DescribeSecurityGroupReferences": "there are no peerings",
    "DescribeStaleSecurityGroups": "there are no peerings",
}
"""Reads whose list is empty even here, and why."""

ALWAYS = {
    "Vpc": "OwnerId InstanceTenancy CidrBlockAssociationSet IsDefault BlockPublicAccessStates VpcId State CidrBlock "
    "DhcpOptionsId",
    "VpcCidrBlockAssociation": "AssociationId CidrBlock CidrBlockState",
    "Subnet": "AvailabilityZoneId MapCustomerOwnedIpOnLaunch OwnerId AssignIpv6AddressOnCreation "
    "Ipv6CidrBlockAssociationSet SubnetArn EnableDns64 Ipv6Native PrivateDnsNameOptionsOnLaunch "
    "BlockPublicAccessStates SubnetId State VpcId CidrBlock AvailableIpAddressCount AvailabilityZone DefaultForAz "
    "MapPublicIpOnLaunch",
    "SubnetCidrReservation": "SubnetCidrReservationId SubnetId Cidr ReservationType OwnerId",
    "DhcpOptions": "OwnerId Tags DhcpOptionsId DhcpConfigurations",
    "DhcpConfiguration": "Key Values",
    "InternetGateway": "Attachments InternetGatewayId OwnerId Tags",
    "InternetGatewayAttachment": "State VpcId",
    "RouteTable": "Associations PropagatingVgws RouteTableId Routes Tags VpcId OwnerId",
    "Route": "Origin State",
    "RouteTableAssociation": "Main RouteTableAssociationId RouteTableId AssociationState",
    "SecurityGroup": "GroupId IpPermissionsEgress VpcId SecurityGroupArn OwnerId GroupName Description IpPermissions",
    "IpPermission": "IpProtocol UserIdGroupPairs IpRanges Ipv6Ranges PrefixListIds",
    "UserIdGroupPair": "UserId GroupId",
    "SecurityGroupRule": "SecurityGroupRuleId GroupId GroupOwnerId IsEgress IpProtocol FromPort ToPort Tags "
    "SecurityGroupRuleArn",
    "SecurityGroupVpcAssociation": "GroupId VpcId VpcOwnerId State GroupOwnerId",
    "SecurityGroupForVpc": "Description GroupName OwnerId GroupId Tags PrimaryVpcId",
    "NetworkAcl": "Associations Entries IsDefault NetworkAclId Tags VpcId OwnerId",
    "NetworkAclEntry": "Egress Protocol RuleAction RuleNumber",
    "NetworkAclAssociation": "NetworkAclAssociationId NetworkAclId SubnetId",
    "ManagedPrefixList": "PrefixListId AddressFamily State PrefixListArn PrefixListName OwnerId",
    "PrefixList": "Cidrs PrefixListId PrefixListName",
    "PrefixListEntry": "Cidr",
    "PrefixListAssociation": "ResourceId ResourceOwner",
    "NetworkInterface": "AvailabilityZone Description Groups InterfaceType Ipv6Addresses MacAddress NetworkInterfaceId "
    "Operator OwnerId PrivateIpAddress PrivateIpAddresses RequesterManaged SourceDestCheck Status SubnetId TagSet "
    "VpcId",
    "NetworkInterfaceAttachment": "AttachTime AttachmentId DeleteOnTermination DeviceIndex NetworkCardIndex InstanceId "
    "InstanceOwnerId Status",
    "NetworkInterfaceAssociation": "IpOwnerId PublicDnsName PublicIp",
    "NetworkInterfacePrivateIpAddress": "Primary PrivateIpAddress",
    "NetworkInterfacePermission": "NetworkInterfacePermissionId NetworkInterfaceId AwsAccountId Permission "
    "PermissionState",
    "Address": "AllocationId Domain PublicIpv4Pool NetworkBorderGroup PublicIp",
    "AddressAttribute": "PublicIp AllocationId PtrRecord",
    "AddressTransfer": "PublicIp AllocationId TransferAccountId TransferOfferExpirationTimestamp AddressTransferStatus",
    "Reservation": "ReservationId OwnerId Groups Instances",
    "Instance": "Architecture BlockDeviceMappings ClientToken EbsOptimized EnaSupport Hypervisor NetworkInterfaces "
    "RootDeviceName RootDeviceType SecurityGroups VirtualizationType CpuOptions CapacityReservationSpecification "
    "HibernationOptions MetadataOptions EnclaveOptions PlatformDetails UsageOperation UsageOperationUpdateTime "
    "PrivateDnsNameOptions MaintenanceOptions CurrentInstanceBootMode NetworkPerformanceOptions Operator InstanceId "
    "ImageId State PrivateDnsName PublicDnsName StateTransitionReason AmiLaunchIndex ProductCodes InstanceType "
    "LaunchTime Placement Monitoring",
    "InstanceNetworkInterface": "Attachment Description Groups Ipv6Addresses MacAddress NetworkInterfaceId OwnerId "
    "PrivateIpAddress PrivateIpAddresses SourceDestCheck Status SubnetId VpcId InterfaceType Operator",
    "InstanceNetworkInterfaceAttachment": "AttachTime AttachmentId DeleteOnTermination DeviceIndex Status "
    "NetworkCardIndex",
    "InstancePrivateIpAddress": "Primary PrivateIpAddress",
    "EbsInstanceBlockDevice": "AttachTime DeleteOnTermination Status VolumeId",
    "InstanceMetadataOptionsResponse": "State HttpTokens HttpPutResponseHopLimit HttpEndpoint HttpProtocolIpv6 "
    "InstanceMetadataTags",
    "Placement": "GroupName Tenancy AvailabilityZone",
    "InstanceStatus": "AvailabilityZone AvailabilityZoneId Operator InstanceId InstanceState InstanceStatus "
    "SystemStatus",
    "InstanceImageMetadata": "InstanceId InstanceType LaunchTime AvailabilityZone ZoneId State OwnerId",
    "InstanceTopology": "InstanceId InstanceType AvailabilityZone ZoneId",
    "InstanceCreditSpecification": "InstanceId CpuCredits",
    "Volume": "VolumeType MultiAttachEnabled Operator VolumeId Size SnapshotId AvailabilityZone State CreateTime "
    "Attachments Encrypted",
    "VolumeAttachment": "DeleteOnTermination VolumeId InstanceId Device State AttachTime",
    "VolumeStatusItem": "Actions AvailabilityZone Events VolumeId VolumeStatus",
    "VolumeModification": "VolumeId ModificationState TargetSize TargetVolumeType OriginalSize OriginalVolumeType "
    "Progress StartTime",
    "Image": "PlatformDetails UsageOperation BlockDeviceMappings EnaSupport Hypervisor Name RootDeviceName "
    "RootDeviceType VirtualizationType ImageId ImageLocation State OwnerId CreationDate Public Architecture ImageType",
    "EbsBlockDevice": "DeleteOnTermination SnapshotId VolumeSize VolumeType Encrypted",
    "Snapshot": "Description Encrypted OwnerId Progress SnapshotId StartTime State StorageTier VolumeId VolumeSize",
    "KeyPairInfo": "KeyPairId KeyType Tags CreateTime KeyName KeyFingerprint PublicKey",
    "LaunchTemplate": "LaunchTemplateId LaunchTemplateName CreateTime CreatedBy DefaultVersionNumber "
    "LatestVersionNumber Operator",
    "LaunchTemplateVersion": "LaunchTemplateId LaunchTemplateName VersionNumber CreateTime CreatedBy DefaultVersion "
    "LaunchTemplateData Operator",
    "PlacementGroup": "GroupName State Strategy GroupId GroupArn",
    "IamInstanceProfileAssociation": "AssociationId InstanceId IamInstanceProfile State",
    "IamInstanceProfile": "Arn Id",
    "TagDescription": "Key ResourceId ResourceType Value",
    "AvailabilityZone": "OptInStatus Messages RegionName ZoneName ZoneId GroupName NetworkBorderGroup ZoneType State",
    "Region": "OptInStatus RegionName Endpoint",
    "InstanceTypeInfo": "InstanceType CurrentGeneration FreeTierEligible SupportedUsageClasses "
    "SupportedRootDeviceTypes SupportedVirtualizationTypes BareMetal ProcessorInfo VCpuInfo MemoryInfo "
    "InstanceStorageSupported EbsInfo NetworkInfo PlacementGroupInfo HibernationSupported "
    "BurstablePerformanceSupported DedicatedHostsSupported AutoRecoverySupported SupportedBootModes",
    "InstanceTypeOffering": "InstanceType LocationType Location",
    "AccountAttribute": "AttributeName AttributeValues",
    "IdFormat": "Resource UseLongIds",
    "NetworkInsightsPath": "NetworkInsightsPathId NetworkInsightsPathArn CreatedDate Source SourceArn Protocol Tags",
    "NetworkInsightsAnalysis": "NetworkInsightsAnalysisId NetworkInsightsAnalysisArn NetworkInsightsPathId StartDate "
    "Status NetworkPathFound Tags",
    "NetworkInsightsAccessScope": "NetworkInsightsAccessScopeId NetworkInsightsAccessScopeArn CreatedDate UpdatedDate",
    "NetworkInsightsAccessScopeContent": "NetworkInsightsAccessScopeId MatchPaths ExcludePaths",
    "NetworkInsightsAccessScopeAnalysis": "NetworkInsightsAccessScopeAnalysisId NetworkInsightsAccessScopeAnalysisArn "
    "NetworkInsightsAccessScopeId Status StartDate FindingsFound Tags",
    "AccessScopeAnalysisFinding": "NetworkInsightsAccessScopeAnalysisId NetworkInsightsAccessScopeId FindingComponents",
    "PathComponent": "SequenceNumber Component",
    "AnalysisComponent": "Id Arn",
    "AnalysisAclRule": "Cidr Egress Protocol RuleAction RuleNumber",
    "AnalysisSecurityGroupRule": "Direction Protocol",
    "AnalysisRouteTableRoute": "Origin State",
    "Explanation": "ExplanationCode",
    "Tag": "Key Value",
    "GroupIdentifier": "GroupId GroupName",
    "InstanceState": "Code Name",
    "OperatorResponse": "Managed",
}

BEFORE = {
    "Instance": ("State", "Name", {"terminated": {"SecurityGroups"}}),
}
"""Members that may be missing in a state."""

WORDS_OF_AWS = {
    ("Image", "Platform"): {"windows"},
    ("InternetGatewayAttachment", "State"): {"available"},  # fact 77
}
"""Values that AWS answers and botocore's model does not list."""


@pytest.fixture(scope="module")
def everything() -> Everything:
    return Everything(InProcess())


def asked(everything: Everything, operation: str) -> list[dict[str, Any]]:
    """The answers of a read to its questions."""
    call = getattr(everything.ec2, xform_name(operation))
    return [call(**params) for params in everything.questions().get(operation, [{}])]


def values(shape: Any, value: Any, owner: str = "", name: str = "") -> Iterator[tuple[Shape, Any, str, str]]:
    """Every value in an answer with its shape, the structure that it is in, and its name there."""
    yield shape, value, owner, name
    if shape.type_name == "list":
        for element in value:
            yield from values(shape.member, element, owner, name)
    elif shape.type_name == "structure":
        for member, inner in value.items():
            if member in shape.members:
                yield from values(shape.members[member], inner, shape.name, member)


def within(answer: dict[str, Any], operation: str) -> Iterator[tuple[Any, Any, str, str]]:
    told = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    return values(MODEL.operation_model(operation).output_shape, told)


@pytest.mark.parametrize("operation", READS)
def test_enumerations_and_required_members(everything: Everything, operation: str) -> None:
    for answer in asked(everything, operation):
        for shape, value, owner, name in within(answer, operation):
            allowed = WORDS_OF_AWS.get((owner, name)) or set(getattr(shape, "enum", ()))
            assert not allowed or value in allowed, (owner, name, value)
            if shape.type_name == "structure":
                assert set(shape.required_members) <= set(value), (shape.name, value)


@pytest.mark.parametrize("operation", READS)
def test_there_is_something_to_look_at(everything: Everything, operation: str) -> None:
    output = MODEL.operation_model(operation).output_shape
    lists = {name for name, shape in output.members.items() if shape.type_name == "list"}
    shown = {name for answer in asked(everything, operation) for name in lists if answer.get(name)}
    if operation in NOTHING:
        assert not shown
    elif operation.startswith("Describe") and not operation.endswith("Attribute") and lists:
        assert shown


def lacking(shape: Any, value: dict[str, Any]) -> set[str]:
    missing = set(ALWAYS.get(shape.name, "").split()) - set(value)
    if missing and shape.name in BEFORE:
        member, inner, allowed = BEFORE[shape.name]
        missing -= allowed.get(value[member][inner], set())
    return missing


def test_what_aws_always_returns(everything: Everything) -> None:
    seen: set[str] = set()
    missing: dict[str, set[str]] = defaultdict(set)
    for operation in READS:
        for answer in asked(everything, operation):
            for shape, value, _, _ in within(answer, operation):
                if shape.type_name == "structure":
                    seen.add(shape.name)
                    missing[shape.name] |= lacking(shape, value)
    assert {name: members for name, members in missing.items() if members} == {}
    assert set(ALWAYS) <= seen, "a shape that no answer shows"


def test_the_table_names_members_of_the_shapes() -> None:
    for name, members in ALWAYS.items():
        assert set(members.split()) <= set(MODEL.shape_for(name).members), name
