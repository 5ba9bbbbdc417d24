"""The credit option of burstable instances: a record, since nothing here counts credits."""

from msgspec.structs import replace

from atoll.model.kinds import CreditDefault, Instance
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2.checks import invalid, missing
from atoll.services.ec2.describe import Filters, candidates, describe, no_pages_with_ids
from atoll.services.ec2.instance_types import description
from atoll.services.ec2.lookup import need
from atoll.services.registry import Request, Response, operation

STANDARD, UNLIMITED = OPTIONS = ("standard", "unlimited")
FAMILIES = {"t2": STANDARD, "t3": UNLIMITED, "t3a": UNLIMITED, "t4g": UNLIMITED}
"""What the burstable families start as [EC2UG burstable-performance-instances]."""

FILTERS: Filters[Instance] = {"instance-id": lambda _tx, instance: [instance.id]}


def check_credits(type_: str, credits: str | None) -> str | None:  # noqa: A002 - AWS's word
    """RunInstances' CpuCredits: an option, for types that have credits."""
    if credits is None:
        return None
    _check_option(credits)
    if not _burstable(type_):
        raise AwsError(
            "InvalidParameterCombination", f"The CreditSpecification parameter is not supported for {type_} instances."
        )
    return credits


def _check_option(credits: str) -> None:  # noqa: A002 - AWS's word
    if credits not in OPTIONS:
        raise invalid(credits, "cpuCredits", f"Expecting {' or '.join(OPTIONS)}.")


def _burstable(type_: str) -> bool:
    return bool(description(type_)["BurstablePerformanceSupported"])


def _default(tx: Tx, family: str) -> str:
    chosen = tx.get(CreditDefault, tx.home, family)
    return chosen.credits if chosen else FAMILIES.get(family, STANDARD)


def credits_at_launch(tx: Tx, type_: str, asked: str | None) -> str | None:
    """The option that an instance keeps for life: later defaults do not change it."""
    family, _, _ = type_.partition(".")
    return check_credits(type_, asked) or (_default(tx, family) if _burstable(type_) else None)


def _option(instance: Instance) -> str:
    family, _, _ = instance.type.partition(".")
    return instance.credits or FAMILIES.get(family, STANDARD)


def _shown(_tx: Tx, instance: Instance) -> Response:
    return {"InstanceId": instance.id, "CpuCredits": _option(instance)}


@operation("DescribeInstanceCreditSpecifications", "InstanceIds Filters MaxResults NextToken")
def describe_instance_credit_specifications(tx: Tx, request: Request) -> Response:
    """Of the instances that are named, burstable or not; else of those that are unlimited [BC]."""
    no_pages_with_ids(request, "InstanceIds")
    found = candidates(tx, Instance, request, "InstanceIds", {"instance-id": "id"})
    if not request.get("InstanceIds"):
        found = [instance for instance in found if _option(instance) == UNLIMITED]
    return describe(tx, request, found, FILTERS, "InstanceCreditSpecifications", _shown)


@operation("ModifyInstanceCreditSpecification", "InstanceCreditSpecifications ClientToken")
def modify_instance_credit_specification(tx: Tx, request: Request) -> Response:
    """Each instance on its own: what is refused for one is done for the others."""
    done: list[Response] = []
    refused: list[Response] = []
    for one in request["InstanceCreditSpecifications"]:
        id_, wanted = one.get("InstanceId") or "", one.get("CpuCredits")
        if wanted is None:
            raise missing("CpuCredits")
        _check_option(wanted)
        try:
            _modify(tx, id_, wanted)
            done.append({"InstanceId": id_})
        except AwsError as error:
            refused.append({"InstanceId": id_, "Error": {"Code": error.code, "Message": error.message}})
    return {
        "SuccessfulInstanceCreditSpecifications": done,
        "UnsuccessfulInstanceCreditSpecifications": refused,
    }


def _modify(tx: Tx, id_: str, wanted: str) -> None:
    instance = need(tx, Instance, id_)
    if instance.state in ("shutting-down", "terminated"):
        raise AwsError("IncorrectInstanceState", f"The instance '{id_}' is {instance.state}.")
    if not _burstable(instance.type):
        raise AwsError(
            "InstanceCreditSpecification.NotSupported",
            f"The instance '{id_}' does not support CPU credits: its type is {instance.type}.",
        )
    tx.put(replace(instance, credits=wanted))


def _family(request: Request) -> str:
    family: str = request["InstanceFamily"]
    if family not in FAMILIES:
        raise invalid(family, "instanceFamily", f"Expecting one of {', '.join(FAMILIES)}.")
    return family


@operation("GetDefaultCreditSpecification", "InstanceFamily")
def get_default_credit_specification(tx: Tx, request: Request) -> Response:
    """What instances of a burstable family start as."""
    family = _family(request)
    return {"InstanceFamilyCreditSpecification": {"InstanceFamily": family, "CpuCredits": _default(tx, family)}}


@operation("ModifyDefaultCreditSpecification", "InstanceFamily CpuCredits")
def modify_default_credit_specification(tx: Tx, request: Request) -> Response:
    """For instances launched from now on."""
    family, wanted = _family(request), request["CpuCredits"]
    _check_option(wanted)
    tx.put(CreditDefault(home=tx.home, family=family, credits=wanted))
    return {"InstanceFamilyCreditSpecification": {"InstanceFamily": family, "CpuCredits": wanted}}
