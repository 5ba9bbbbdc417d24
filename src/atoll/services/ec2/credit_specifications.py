"""The credit option of burstable instances: their types' defaults, since no call here chooses another."""

from atoll.model.kinds import Instance
from atoll.model.tx import Tx
from atoll.services.ec2.describe import Filters, candidates, describe, no_pages_with_ids
from atoll.services.registry import Request, Response, operation

UNLIMITED = frozenset({"t3", "t3a", "t4g"})
"""The families that start as unlimited; T2 starts as standard [EC2UG burstable-performance-instances]."""

FILTERS: Filters[Instance] = {"instance-id": lambda _tx, instance: [instance.id]}


def _option(instance: Instance) -> str:
    family, _, _ = instance.type.partition(".")
    return "unlimited" if family in UNLIMITED else "standard"


def _shown(_tx: Tx, instance: Instance) -> Response:
    return {"InstanceId": instance.id, "CpuCredits": _option(instance)}


@operation("DescribeInstanceCreditSpecifications", "InstanceIds Filters MaxResults NextToken")
def describe_instance_credit_specifications(tx: Tx, request: Request) -> Response:
    """Of the instances that are named, burstable or not; else of those that are unlimited [BC]."""
    no_pages_with_ids(request, "InstanceIds")
    found = candidates(tx, Instance, request, "InstanceIds", {"instance-id": "id"})
    if not request.get("InstanceIds"):
        found = [instance for instance in found if _option(instance) == "unlimited"]
    return describe(tx, request, found, FILTERS, "InstanceCreditSpecifications", _shown)
