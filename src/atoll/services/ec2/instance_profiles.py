"""IAM instance profiles of instances: one of those that the iam service has."""

import hashlib
from collections.abc import Mapping
from typing import Any

from atoll.model.kinds import Instance, InstanceProfile, ProfileAssociation
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2 import paths
from atoll.services.ec2.checks import invalid, missing, refuse_members
from atoll.services.ec2.describe import candidates, describe
from atoll.services.ec2.lookup import need
from atoll.services.iam.instance_profiles import find_profile, profile_arn
from atoll.services.registry import Request, Response, operation

ENDED = frozenset({"shutting-down", "terminated"})


def wanted_profile(tx: Tx, given: Mapping[str, Any]) -> InstanceProfile | None:
    """What an IamInstanceProfile parameter means; None where it names nothing.

    InvalidParameterValue for a profile that the account has not, or without a role in it: clients know both messages,
    and try again while IAM's news are on their way to EC2 (terraform-provider-aws, service/ec2/ec2_instance.go).
    """
    refuse_members(given, ("Arn", "Name"), "IamInstanceProfile")
    arn, name = given.get("Arn"), given.get("Name")
    if arn and name:
        raise AwsError(
            "InvalidParameterCombination",
            "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'",
        )
    if not (arn or name):
        return None
    found = find_profile(tx, name=name, by_arn=arn)
    if found is None and arn:
        raise invalid(arn, "iamInstanceProfile.arn", "Invalid IAM Instance Profile ARN")
    if found is None:
        raise invalid(name, "iamInstanceProfile.name", "Invalid IAM Instance Profile name")
    if found.role is None:
        raise AwsError(
            "InvalidParameterValue", f'IAM Instance Profile "{profile_arn(found)}" has no associated IAM Roles'
        )
    return found


def profile_shape(association: ProfileAssociation) -> dict[str, str]:
    """An IamInstanceProfile of the API."""
    made_of_arn = "AIPA" + hashlib.sha256(association.arn.encode()).hexdigest()[:17].upper()
    return {"Arn": association.arn, "Id": association.profile or made_of_arn}


def profile_of(tx: Tx, instance: Instance) -> ProfileAssociation | None:
    """The instance's association, if it has a profile."""
    return tx.only(ProfileAssociation, "instance", instance.id)


def associate(tx: Tx, instance: Instance, profile: InstanceProfile) -> ProfileAssociation:
    """Give the instance the profile."""
    association = ProfileAssociation(
        home=instance.home,
        id=tx.new_id("iip-assoc"),
        instance=instance.id,
        arn=profile_arn(profile),
        profile=profile.id,
        time=tx.time,
    )
    tx.put(association)
    return association


def end(tx: Tx, instance: Instance) -> None:
    """The instance is terminated: its association is gone."""
    association = profile_of(tx, instance)
    if association is not None:
        tx.delete(association)


def association_shape(_tx: Tx, association: ProfileAssociation, state: str = "associated") -> dict[str, Any]:
    """An IamInstanceProfileAssociation of the API."""
    return {
        "AssociationId": association.id,
        "IamInstanceProfile": profile_shape(association),
        "InstanceId": association.instance,
        "State": state,
        "Timestamp": association.time,
    }


def _asked(tx: Tx, request: Request) -> InstanceProfile:
    profile = wanted_profile(tx, request["IamInstanceProfile"])
    if profile is None:
        raise missing("IamInstanceProfile")
    return profile


@operation("AssociateIamInstanceProfile", "IamInstanceProfile InstanceId")
def associate_iam_instance_profile(tx: Tx, request: Request) -> Response:
    """An instance has at most one."""
    profile, instance = _asked(tx, request), need(tx, Instance, request["InstanceId"])
    if instance.state in ENDED:
        raise AwsError("IncorrectInstanceState", f"The instance '{instance.id}' is not in the 'running' state.")
    if profile_of(tx, instance) is not None:
        raise AwsError("IncorrectState", f"There is an existing association for instance {instance.id}")
    made = associate(tx, instance, profile)
    return {"IamInstanceProfileAssociation": association_shape(tx, made, "associating")}


FILTERS = paths.filters(association_shape, {"instance-id": "InstanceId", "state": "State"})


@operation("DescribeIamInstanceProfileAssociations", "AssociationIds Filters MaxResults NextToken")
def describe_iam_instance_profile_associations(tx: Tx, request: Request) -> Response:
    """Those that stand: what is ended is not described any more."""
    found = candidates(tx, ProfileAssociation, request, "AssociationIds", {"instance-id": "instance"})
    return describe(tx, request, found, FILTERS, "IamInstanceProfileAssociations", association_shape)


@operation("DisassociateIamInstanceProfile", "AssociationId")
def disassociate_iam_instance_profile(tx: Tx, request: Request) -> Response:
    """The instance has no profile any more."""
    association = need(tx, ProfileAssociation, request["AssociationId"])
    tx.delete(association)
    return {"IamInstanceProfileAssociation": association_shape(tx, association, "disassociating")}


@operation("ReplaceIamInstanceProfileAssociation", "IamInstanceProfile AssociationId")
def replace_iam_instance_profile_association(tx: Tx, request: Request) -> Response:
    """Another profile under another association id."""
    profile, before = _asked(tx, request), need(tx, ProfileAssociation, request["AssociationId"])
    instance = need(tx, Instance, before.instance)
    tx.delete(before)
    after = associate(tx, instance, profile)
    return {"IamInstanceProfileAssociation": association_shape(tx, after, "associating")}
