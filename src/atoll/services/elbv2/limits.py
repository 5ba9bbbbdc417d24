"""DescribeAccountLimits: the quotas that hold here (fact 175). Of what is not built there is no limit to tell."""

from atoll.model.tx import Tx
from atoll.services.elbv2.common import page
from atoll.services.registry import Request, Response, operation

LIMITS = {
    "target-groups": "target-groups-per-region",
    "targets-per-target-group": "targets-per-target-group",
    "network-load-balancers": "network-load-balancers-per-region",
    "listeners-per-network-load-balancer": "listeners-per-network-load-balancer",
}
"""AWS's names of limits [BC Limit], and of which quota each is."""


@operation("DescribeAccountLimits", "Marker PageSize", service="elbv2")
def describe_account_limits(tx: Tx, request: Request) -> Response:
    """Those of network load balancers."""
    some, more = page([{"Name": name, "Max": str(tx.limit(quota))} for name, quota in LIMITS.items()], request)
    return {"Limits": some, **more}
