"""Reads of Elastic Load Balancing v2, of which nothing can be made yet: the true answer is that there is none.

What is named does not exist (codes: botocore; texts: fact 170). What AWS itself always has (security policies, limits)
is not answered here: an empty answer would be untrue.
"""

from collections.abc import Mapping

from atoll.protocol import AwsError, Service
from atoll.services.registry import Request, Response

LOAD_BALANCER = ("LoadBalancerNotFound", "One or more load balancers not found")
TARGET_GROUP = ("TargetGroupNotFound", "One or more target groups not found")
LISTENER = ("ListenerNotFound", "One or more listeners not found")
RULE = ("RuleNotFound", "One or more rules not found")
TRUST_STORE = ("TrustStoreNotFound", "One or more trust stores not found")

READS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "DescribeListenerAttributes": {"ListenerArn": LISTENER},
    "DescribeListenerCertificates": {"ListenerArn": LISTENER},
    "DescribeListeners": {"ListenerArns": LISTENER, "LoadBalancerArn": LOAD_BALANCER},
    "DescribeLoadBalancerAttributes": {"LoadBalancerArn": LOAD_BALANCER},
    "DescribeLoadBalancers": {"LoadBalancerArns": LOAD_BALANCER, "Names": LOAD_BALANCER},
    "DescribeRules": {"RuleArns": RULE, "ListenerArn": LISTENER},
    "DescribeTargetGroupAttributes": {"TargetGroupArn": TARGET_GROUP},
    "DescribeTargetGroups": {"TargetGroupArns": TARGET_GROUP, "Names": TARGET_GROUP, "LoadBalancerArn": LOAD_BALANCER},
    "DescribeTargetHealth": {"TargetGroupArn": TARGET_GROUP},
    "DescribeTrustStores": {"TrustStoreArns": TRUST_STORE, "Names": TRUST_STORE},
}
"""What each takes that names things, and how it says that there is no such thing."""

WITHOUT = {
    "DescribeListeners": "You must specify either listener ARNs or a load balancer ARN",
    "DescribeRules": "You must specify either listener rule ARNs or a listener ARN",
}
"""Reads that list nothing unless something is named."""


def answer_empty(service: Service, operation: str, request: Request) -> Response:
    """The answer to a read of READS; AwsError for what is named."""
    for name, (code, message) in READS[operation].items():
        if request.get(name):
            raise AwsError(code, message)
    if operation in WITHOUT:
        raise AwsError("ValidationError", WITHOUT[operation])
    if request.get("Marker"):
        raise AwsError("ValidationError", "Invalid marker")
    if not 1 <= request.get("PageSize", 1) <= 400:
        raise AwsError(
            "ValidationError",
            f"1 validation error detected: Value '{request['PageSize']}' at 'pageSize' failed to satisfy constraint: "
            "Member must have value between 1 and 400",
        )
    return {name: [] for name in service.output_lists(operation)}
