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
from tests.support.sound_calls import ALONE, calls

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
        ImportKeyPair.KeyName ModifyManagedPrefixList.PrefixListName ModifyNetworkInterfaceAttribute.Description.Value
        ModifyInstanceAttribute.UserData.Value RunInstances.UserData""",
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
