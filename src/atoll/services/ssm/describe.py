"""DescribeParameters."""

from atoll.model.kinds import Parameter
from atoll.model.tx import Tx
from atoll.services.constraints import JSON, check_choice
from atoll.services.registry import Request, Response, operation
from atoll.services.ssm.filters import Filter, check_filters, passes
from atoll.services.ssm.names import arn, invalid, latest
from atoll.services.ssm.shapes import metadata_shape, page

KEYS = ("Path", "Name", "Type", "KeyId", "Label", "Tier", "DataType")
OLD_KEYS = ("Name", "Type", "KeyId")
"""Of Filters, which AWS keeps for old clients."""


@operation("DescribeParameters", "Filters ParameterFilters MaxResults NextToken", service="ssm")
def describe_parameters(tx: Tx, request: Request) -> Response:
    """The account's own, without their values."""
    if request.get("Filters") and request.get("ParameterFilters"):
        raise invalid("You can use either Filters or ParameterFilters in a single request.")
    filters = check_filters(request, KEYS, tags=True) + _old(request)
    own = (latest(tx, one) for one in tx.by(Parameter, "home", tx.home))
    found = sorted((one for one in own if passes(tx, one, filters)), key=lambda one: one.name)
    shown, more = page(found, request, 50)
    return {"Parameters": [metadata_shape(one) | {"ARN": arn(one)} for one in shown], **more}


def _old(request: Request) -> list[Filter]:
    found = []
    for one in request.get("Filters") or ():
        key = check_choice(JSON, "filters.1.member.key", one["Key"], OLD_KEYS)
        found.append(Filter(key, "BeginsWith" if key == "Name" else "Equals", one["Values"]))
    return found
