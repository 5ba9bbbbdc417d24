"""LabelParameterVersion."""

import re

from msgspec.structs import replace

from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.registry import Request, Response, operation
from atoll.services.ssm.names import Named, find, invalid, named, need_parameter, versions

LABEL = re.compile(r"(?![0-9]|aws|ssm)[a-zA-Z0-9_.-]{1,100}", re.ASCII | re.IGNORECASE)
MOST_LABELS = 10


@operation("LabelParameterVersion", "Name ParameterVersion Labels", service="ssm")
def label_parameter_version(tx: Tx, request: Request) -> Response:
    """A label is on one version at a time; labels of a wrong form are named, not refused."""
    wanted = named(tx, request["Name"])
    if wanted.selector:
        raise invalid("Name the version with ParameterVersion.")
    parameter = need_parameter(tx, wanted.name)
    number = request.get("ParameterVersion")
    number = parameter.latest if number is None else number
    labels = dict.fromkeys(request["Labels"])
    good = [label for label in labels if LABEL.fullmatch(label)]
    target = find(tx, Named(wanted.name, f":{number}"))
    for other in versions(tx, wanted.name):
        if other.version != target.version and set(good) & set(other.labels):
            tx.put(replace(other, labels=tuple(label for label in other.labels if label not in labels)))
    kept = tuple(dict.fromkeys([*target.labels, *good]))
    if len(kept) > MOST_LABELS:
        raise AwsError(
            "ParameterVersionLabelLimitExceeded", f"A version of a parameter can have at most {MOST_LABELS} labels."
        )
    tx.put(replace(target, labels=kept))
    return {"InvalidLabels": [label for label in labels if label not in good], "ParameterVersion": number}
