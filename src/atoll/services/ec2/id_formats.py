"""Whether ids are long (17 digits): all are (fact 251). On AWS one could choose until 2018; old clients still ask."""

import re
from collections.abc import Iterable

from atoll.model.tx import Tx
from atoll.services.ec2.checks import invalid
from atoll.services.ec2.describe import answer, page
from atoll.services.registry import Request, Response, operation

RESOURCES = (
    "bundle", "conversion-task", "customer-gateway", "dhcp-options", "elastic-ip-allocation", "elastic-ip-association",
    "export-task", "flow-log", "image", "import-task", "instance", "internet-gateway", "network-acl",
    "network-acl-association", "network-interface", "network-interface-attachment", "prefix-list", "reservation",
    "route-table", "route-table-association", "security-group", "snapshot", "subnet", "subnet-cidr-block-association",
    "volume", "vpc", "vpc-cidr-block-association", "vpc-endpoint", "vpc-peering-connection", "vpn-connection",
    "vpn-gateway",
)  # fmt: skip
"""The types that the choice was about [BC DescribeIdFormat]."""

PRINCIPAL = re.compile(r"arn:aws:iam::(?P<account>\d{12}):(root|all|(user|role)/.+)\Z")


def _statuses(named: Iterable[str] | None = None) -> list[Response]:
    for one in named or ():
        if one not in RESOURCES:
            raise invalid(one, "resource", "There is no choice of ids for this type.")
    return [{"Resource": one, "UseLongIds": True} for one in RESOURCES if not named or one in named]


def _one(request: Request) -> list[str] | None:
    return [request["Resource"]] if request.get("Resource") else None


@operation("DescribeIdFormat", "Resource")
def describe_id_format(_tx: Tx, request: Request) -> Response:
    """Of all types, or of one."""
    return {"Statuses": _statuses(_one(request))}


@operation("DescribeAggregateIdFormat")
def describe_aggregate_id_format(_tx: Tx, _request: Request) -> Response:
    """Everybody's."""
    return {"UseLongIdsAggregated": True, "Statuses": _statuses()}


@operation("DescribeIdentityIdFormat", "Resource PrincipalArn")
def describe_identity_id_format(tx: Tx, request: Request) -> Response:
    """Of a user or a role of this account, or of its root."""
    arn = request["PrincipalArn"]
    principal = PRINCIPAL.match(arn)
    if principal is None or principal["account"] != tx.account:
        raise invalid(arn, "principalArn", "Expecting the ARN of this account's root, or of a user or role of it.")
    return {"Statuses": _statuses(_one(request))}


@operation("DescribePrincipalIdFormat", "Resources MaxResults NextToken")
def describe_principal_id_format(tx: Tx, request: Request) -> Response:
    """Of the root user: nobody else has chosen otherwise."""
    root = {"Arn": f"arn:aws:iam::{tx.account}:root", "Statuses": _statuses(request.get("Resources"))}
    shown, token = page([root], request, least=1)
    return answer("Principals", shown, token)
