"""Operations that AWS has and Atoll has not built.

They are refused, but for reads of things that nothing here can create: the true answer is that there are none, and
that an id which is asked for does not exist (design: errors tell the truth to clients that retry).
"""

import re
from typing import Any

from atoll.protocol import AwsError, Service, unknown_service
from atoll.services.ec2.describe import sift
from atoll.services.elbv2_reads import READS, answer_empty
from atoll.services.empty_reads import EMPTY, MADE_HERE
from atoll.services.refusal_reasons import NO_CLASSIC, REASONS
from atoll.services.registry import Request, Response
from atoll.services.served import SERVED

ODD_CODES = {
    "PrefixList": "InvalidPrefixListId.NotFound",
    "FlowLog": "InvalidFlowLogId.NotFound",
    "Snapshot": "InvalidSnapshot.NotFound",
    "VpcEndpoint": "InvalidVpcEndpointId.NotFound",
}
"""Where AWS's code is not Invalid<Kind>ID.NotFound (fact 252)."""

NAMED = re.compile(r"(?P<kind>\w+?)(Id|Ids|IdSet|(?<=Name)s?)\Z")
"""Parameters that name things: by id, or by name."""


def answer_unbuilt(service: Service, operation: str, request: Request) -> Response:
    """The answer to a known but unbuilt operation; raises AwsError for all but truthfully empty reads."""
    if service.name == "elbv2" and operation in READS:
        return answer_empty(service, operation, request)
    if service.name == "ec2" and operation in NO_CLASSIC:
        raise AwsError("UnsupportedOperation", "The functionality you requested is not available in this region.")
    if service.name not in SERVED:
        raise unknown_service(service.name)
    if service.name != "ec2" or operation not in EMPTY:
        told = f"The action {operation} is not valid for this web service. "
        told += "Atoll knows it but has not built it: see docs/coverage.md"
        why = REASONS.get(operation) if service.name == "ec2" else None
        raise AwsError("InvalidAction", f"{told}. {why}" if why else told)
    for name, value in request.items():
        _refuse_named(operation, name, value)
    sift((), {"Filters": request.get("Filters") or request.get("Filter")}, lambda _name: True, lambda _one, _name: ())
    if request.get("NextToken"):
        raise AwsError("InvalidNextToken", "The token is not valid.")
    if request.get("DryRun"):
        raise AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
    return {name: [] for name in service.output_lists(operation)}


def _refuse_named(operation: str, name: str, value: Any) -> None:
    """Refuse a parameter that names things, of which there are none."""
    found = NAMED.match(name)
    if found is None or not value:
        return
    if name in MADE_HERE:
        raise AwsError(
            "UnsupportedOperation",
            f"The parameter {name} of {operation} is not built in Atoll. "
            "Leave it out, or see docs/coverage.md for what is.",
        )
    raise not_found(found["kind"], value if isinstance(value, str) else value[0])


def not_found(kind: str, id: str) -> AwsError:  # noqa: A002 - AWS's word
    """AWS's error for an id of a kind of which there is none."""
    code = ODD_CODES.get(kind, f"Invalid{kind}ID.NotFound")
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).lower()
    noun = words if kind.endswith("Name") else f"{words} ID"
    return AwsError(code, f"The {noun} '{id}' does not exist")
