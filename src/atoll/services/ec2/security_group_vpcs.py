"""Security groups that may be worn in further VPCs of their account (fact 132), and which groups a VPC may use."""

from atoll.model.kinds import NetworkInterface, SecurityGroup, SecurityGroupRule, SecurityGroupVpcAssociation, Vpc
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.ec2.describe import Filters, candidates, describe
from atoll.services.ec2.lookup import need
from atoll.services.ec2.tags import tags_of
from atoll.services.registry import Request, Response, operation


@operation("AssociateSecurityGroupVpc", "GroupId VpcId")
def associate_security_group_vpc(tx: Tx, request: Request) -> Response:
    """The group may be worn in that VPC as well; there its references mean who wears the group there."""
    group, vpc = need(tx, SecurityGroup, request["GroupId"]), need(tx, Vpc, request["VpcId"])
    if group.name == "default":
        raise AwsError("InvalidParameterValue", f"The default security group {group.id} stays in its own VPC.")
    if vpc.is_default:
        raise AwsError("InvalidParameterValue", f"A security group cannot be associated with the default VPC {vpc.id}.")
    if group.vpc == vpc.id or tx.get(SecurityGroupVpcAssociation, group.id, vpc.id) is not None:
        raise AwsError("Resource.AlreadyAssociated", f"resource {group.id} is already associated with {vpc.id}")
    tx.put(SecurityGroupVpcAssociation(home=tx.home, group=group.id, vpc=vpc.id))
    return {"State": "associating"}


@operation("DisassociateSecurityGroupVpc", "GroupId VpcId")
def disassociate_security_group_vpc(tx: Tx, request: Request) -> Response:
    """Refused while an ENI wears it there, or a group there refers to it."""
    group, vpc = need(tx, SecurityGroup, request["GroupId"]), need(tx, Vpc, request["VpcId"])
    association = tx.get(SecurityGroupVpcAssociation, group.id, vpc.id)
    if association is None:
        raise AwsError("InvalidAssociationID.NotFound", f"The {group.id} is not associated with {vpc.id}")
    wearing = tx.by(NetworkInterface, "groups", group.id)
    referring = (tx.get(SecurityGroup, rule.owner) for rule in tx.by(SecurityGroupRule, "peer_group", group.id))
    if any(one.vpc == vpc.id for one in wearing) or any(one is not None and one.vpc == vpc.id for one in referring):
        raise AwsError("DependencyViolation", f"resource {group.id} has a dependent object")
    tx.delete(association)
    return {"State": "disassociating"}


FILTERS: Filters[SecurityGroupVpcAssociation] = {
    "group-id": lambda _tx, one: [one.group],
    "group-owner-id": lambda _tx, one: [one.account],
    "state": lambda _tx, _one: ["associated"],
    "vpc-id": lambda _tx, one: [one.vpc],
    "vpc-owner-id": lambda _tx, one: [one.account],
}


@operation("DescribeSecurityGroupVpcAssociations", "Filters MaxResults NextToken")
def describe_security_group_vpc_associations(tx: Tx, request: Request) -> Response:
    """The associations of this region."""
    indexed = {"group-id": "group", "vpc-id": "vpc"}
    found = candidates(tx, SecurityGroupVpcAssociation, request, "", indexed)
    return describe(tx, request, found, FILTERS, "SecurityGroupVpcAssociations", _shown)


def _shown(_tx: Tx, one: SecurityGroupVpcAssociation) -> Response:
    return {
        "GroupId": one.group,
        "VpcId": one.vpc,
        "VpcOwnerId": one.account,
        "State": "associated",
        "GroupOwnerId": one.account,
    }


FOR_VPC: Filters[SecurityGroup] = {
    "description": lambda _tx, group: [group.description],
    "group-id": lambda _tx, group: [group.id],
    "group-name": lambda _tx, group: [group.name],
    "owner-id": lambda _tx, group: [group.account],
    "primary-vpc-id": lambda _tx, group: [group.vpc],
}


@operation("GetSecurityGroupsForVpc", "VpcId Filters MaxResults NextToken")
def get_security_groups_for_vpc(tx: Tx, request: Request) -> Response:
    """The groups that ENIs of a VPC may wear: its own and those associated with it."""
    vpc = need(tx, Vpc, request["VpcId"])
    beside = (tx.get(SecurityGroup, one.group) for one in tx.by(SecurityGroupVpcAssociation, "vpc", vpc.id))
    found = [*tx.by(SecurityGroup, "vpc", vpc.id), *(group for group in beside if group is not None)]
    return describe(tx, request, found, FOR_VPC, "SecurityGroupForVpcs", _shown_for_vpc)


def _shown_for_vpc(_tx: Tx, group: SecurityGroup) -> Response:
    return {
        "Description": group.description,
        "GroupName": group.name,
        "OwnerId": group.account,
        "GroupId": group.id,
        "Tags": tags_of(group),
        "PrimaryVpcId": group.vpc,
    }
