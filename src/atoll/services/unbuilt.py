"""Operations that AWS has and Atoll has not built.

A change is refused. A read of things that nothing here can create answers the true empty set; an id that it is asked
for does not exist (design: errors tell the truth to clients that retry).
"""

import re

from atoll.protocol import AwsError, Service
from atoll.services.registry import Request, Response

ODD_CODES = {
    "NatGatewayIds": "NatGatewayNotFound",
    "DhcpOptionsIds": "InvalidDhcpOptionID.NotFound",
    "PrefixListIds": "InvalidPrefixListId.NotFound",
    "FlowLogIds": "InvalidFlowLogId.NotFound",
    "SnapshotIds": "InvalidSnapshot.NotFound",
    "VolumeIds": "InvalidVolume.NotFound",
    "VpcEndpointIds": "InvalidVpcEndpointId.NotFound",
}
"""Where AWS's code is not Invalid<Kind>ID.NotFound (fact 252)."""


def answer_unbuilt(service: Service, operation: str, request: Request) -> Response:
    """The answer to a known but unbuilt operation; raises AwsError for changes and for ids."""
    lists = service.output_lists(operation)
    if not operation.startswith("Describe") or not lists:
        raise AwsError(
            "InvalidAction",
            f"The action {operation} is not valid for this web service. "
            "Atoll knows it but has not built it: see docs/coverage.md",
        )
    if request.get("DryRun"):
        raise AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
    for name, value in request.items():
        if name.endswith("Ids") and value:
            raise not_found(name, value[0])
    return {name: [] for name in lists}


def not_found(parameter: str, id: str) -> AwsError:  # noqa: A002 - AWS's word
    """AWS's error for an id of a kind of which there is none."""
    kind = parameter.removesuffix("Ids")
    code = ODD_CODES.get(parameter, f"Invalid{kind}ID.NotFound")
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).lower()
    return AwsError(code, f"The {words} ID '{id}' does not exist")
