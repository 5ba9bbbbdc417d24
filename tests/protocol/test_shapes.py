"""The data files are what the installed botocore says, for the operations that Atoll is built on.

botocore is pinned loosely and grows every week, so only these are compared.
"""

from typing import Any

import pytest

from atoll.protocol import Service, load
from atoll.protocol.shapes import ListOf, MapOf, Member, Operation, Scalar, Shape, Structure, pack, unpack
from tools import make_shapes

REFRESH = "the data differs from the installed botocore: run `python tools/make_shapes.py` and read the diff"

BUILT = {
    "ec2": """
        AllocateAddress AssignPrivateIpAddresses AssociateAddress AssociateRouteTable AttachInternetGateway
        AttachNetworkInterface AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress CreateInternetGateway
        CreateKeyPair CreateNetworkInterface CreateRoute CreateRouteTable CreateSecurityGroup CreateSubnet CreateTags
        CreateVpc DeleteInternetGateway DeleteKeyPair DeleteNetworkInterface DeleteRoute DeleteRouteTable
        DeleteSecurityGroup DeleteSubnet DeleteTags DeleteVpc DescribeAddresses DescribeAvailabilityZones
        DescribeImages DescribeInstanceTypes DescribeInstances DescribeInternetGateways DescribeKeyPairs
        DescribeNetworkInterfaces DescribeRouteTables DescribeSecurityGroupRules DescribeSecurityGroups
        DescribeSubnets DescribeTags DescribeVpcs DetachInternetGateway DetachNetworkInterface DisassociateAddress
        DisassociateRouteTable GetConsoleOutput ImportKeyPair ModifyNetworkInterfaceAttribute ModifySubnetAttribute
        ModifyVpcAttribute ReleaseAddress ReplaceRoute ReplaceRouteTableAssociation RevokeSecurityGroupEgress
        RevokeSecurityGroupIngress RunInstances StartInstances StopInstances TerminateInstances
        UnassignPrivateIpAddresses
    """,
    "sts": "AssumeRole AssumeRoleWithWebIdentity GetAccessKeyInfo GetCallerIdentity GetSessionToken",
    "iam": """
        AddRoleToInstanceProfile AttachRolePolicy CreateInstanceProfile CreatePolicy CreateRole DeleteInstanceProfile
        DeletePolicy DeleteRole DeleteRolePolicy DetachRolePolicy GetInstanceProfile GetPolicy GetPolicyVersion GetRole
        GetRolePolicy GetUser ListAttachedRolePolicies ListInstanceProfiles ListInstanceProfilesForRole ListPolicies
        ListPolicyVersions ListRolePolicies ListRoles ListRoleTags PutRolePolicy RemoveRoleFromInstanceProfile TagRole
        UntagRole UpdateAssumeRolePolicy UpdateRole
    """,
    "ssm": """
        AddTagsToResource DeleteParameter DeleteParameters DescribeParameters GetParameter GetParameterHistory
        GetParameters GetParametersByPath LabelParameterVersion ListTagsForResource PutParameter RemoveTagsFromResource
    """,
    "elbv2": "DescribeLoadBalancers DescribeListeners DescribeTargetGroups DescribeTargetHealth",
    "cloudformation": "DescribeStacks",
    "arc-zonal-shift": """
        CancelZonalShift GetManagedResource ListAutoshifts ListManagedResources ListZonalShifts StartZonalShift
        UpdateZonalShift
    """,
}


def outline(shapes: dict[str, Shape] | Service, member: Member) -> Any:
    """A member with everything below it, by value: shapes' names may change, their content may not.

    None of the operations above has a shape that holds itself."""
    shape = shapes.shape(member.shape) if isinstance(shapes, Service) else shapes[member.shape]
    names = (member.location_name, member.query_name)
    match shape:
        case Structure(members=members, required=required):
            return names, {name: outline(shapes, below) for name, below in members.items()}, set(required)
        case ListOf(member=below):
            return names, "list", outline(shapes, below)
        case MapOf(key=key, value=below):
            return names, "map", outline(shapes, key), outline(shapes, below)
        case Scalar():
            return names, shape.kind, set(shape.enum), shape.minimum, shape.maximum


def whole(shapes: dict[str, Shape] | Service, operation: Operation) -> Any:
    sides = [None if name is None else outline(shapes, Member(name)) for name in (operation.input, operation.output)]
    return sides, operation.result_wrapper


@pytest.mark.parametrize("service", BUILT)
def test_built_operations_are_those_of_the_installed_botocore(service: str) -> None:
    ours = load(service)
    meta, operations, shapes = make_shapes.slim(service)
    assert (ours.meta.namespace, ours.meta.api_version) == (meta.namespace, meta.api_version), REFRESH
    for name in BUILT[service].split():
        assert whole(ours, ours.operation(name)) == whole(shapes, operations[name]), f"{service} {name}: {REFRESH}"


def test_every_service_that_the_tool_makes_is_here() -> None:
    assert {load(name).meta.name for name in make_shapes.SERVICES} == set(make_shapes.SERVICES) == set(BUILT)


def test_a_file_opens_as_what_was_packed() -> None:
    meta, operations, shapes = make_shapes.slim("sts")
    data = pack(meta, operations, shapes)
    again = Service(unpack(data))
    assert again.meta == meta
    assert {name: again.operation(name) for name in again.operations} == operations
    assert {name: again.shape(name) for name in shapes} == shapes
    backwards = pack(meta, dict(reversed(operations.items())), dict(reversed(shapes.items())))
    assert backwards == data


def test_what_the_protocol_code_does_not_know_stops_the_tool() -> None:
    for said in ({"type": "list", "member": {"shape": "A"}, "flattened": True}, {"type": "document"}):
        with pytest.raises(SystemExit, match="does not know"):
            make_shapes._shape("A", said, {"A": said})
    recursive = {"A": Structure({"a": Member("A")})}
    with pytest.raises(SystemExit, match="recursive"):
        make_shapes._used(["A"], dict(recursive))
