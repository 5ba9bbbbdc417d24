"""IAM instance profiles of instances: which one an instance is said to have.

Nothing here asks whether the profile exists; the iam service keeps those.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from atoll.model.kinds import Instance, ProfileAssociation
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2 import paths
from atoll.services.ec2.checks import invalid, missing, refuse_members
from atoll.services.ec2.describe import candidates, describe
from atoll.services.ec2.lookup import need
from atoll.services.registry import Request, Response, operation

ARN = re.compile(r"arn:aws[\w-]*:iam::\d{12}:instance-profile/(?:[\x21-\x7e]+/)?[\w+=,.@-]{1,128}\Z")
NAME = re.compile(r"[\w+=,.@-]{1,128}\Z")
ENDED = frozenset({"shutting-down", "terminated"})


def profile_arn(tx: Tx, given: Mapping[str, Any]) -> str | None:
    """The ARN that an IamInstanceProfile parameter means; None where it names nothing."""
    refuse_members(given, ("Arn", "Name"), "IamInstanceProfile")
    arn, name = given.get("Arn"), given.get("Name")
    if arn and name:
        raise AwsError(
            "InvalidParameterCombination",
            "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'",
        )
    if arn and not ARN.match(arn):
        raise invalid(arn, "iamInstanceProfile.arn", "Invalid IAM Instance Profile ARN")
    if name and not NAME.match(name):
        raise invalid(name, "iamInstanceProfile.name", "Invalid IAM Instance Profile name")
    if arn:
        return str(arn)
    return f"arn:aws:iam::{tx.account}:instance-profile/{name}" if name else None


def profile_id(arn: str) -> str:
    """The profile's unique id, made from its ARN: AIPA and 17 letters and digits."""
    return "AIPA" + hashlib.sha256(arn.encode()).hexdigest()[:17].upper()


def profile_shape(arn: str) -> dict[str, str]:
    """An IamInstanceProfile of the API."""
    return {"Arn": arn, "Id": profile_id(arn)}


def profile_of(tx: Tx, instance: Instance) -> ProfileAssociation | None:
    """The instance's association, if it has a profile."""
    return tx.only(ProfileAssociation, "instance", instance.id)


def associate(tx: Tx, instance: Instance, arn: str) -> ProfileAssociation:
    """Give the instance the profile."""
    association = ProfileAssociation(
        home=instance.home, id=tx.new_id("iip-assoc"), instance=instance.id, arn=arn, time=tx.time
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
        "IamInstanceProfile": profile_shape(association.arn),
        "InstanceId": association.instance,
        "State": state,
        "Timestamp": association.time,
    }


def _asked(tx: Tx, request: Request) -> str:
    arn = profile_arn(tx, request["IamInstanceProfile"])
    if arn is None:
        raise missing("IamInstanceProfile")
    return arn


@operation("AssociateIamInstanceProfile", "IamInstanceProfile InstanceId")
def associate_iam_instance_profile(tx: Tx, request: Request) -> Response:
    """An instance has at most one."""
    arn, instance = _asked(tx, request), need(tx, Instance, request["InstanceId"])
    if instance.state in ENDED:
        raise AwsError("IncorrectInstanceState", f"The instance '{instance.id}' is not in the 'running' state.")
    if profile_of(tx, instance) is not None:
        raise AwsError("IncorrectState", f"There is an existing association for instance {instance.id}")
    made = associate(tx, instance, arn)
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
    arn, before = _asked(tx, request), need(tx, ProfileAssociation, request["AssociationId"])
    tx.delete(before)
    after = replace(before, id=tx.new_id("iip-assoc"), arn=arn, time=tx.time)
    tx.put(after)
    return {"IamInstanceProfileAssociation": association_shape(tx, after, "associating")}
