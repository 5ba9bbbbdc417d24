"""Reads of Elastic Load Balancing v2 of which nothing can be made: the true answer is that there is none.

What is named does not exist (codes: botocore; texts: fact 170).
"""

from collections.abc import Mapping

from atoll.protocol import AwsError, Service
from atoll.services.registry import Request, Response

TRUST_STORE = ("TrustStoreNotFound", "One or more trust stores not found")

READS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "DescribeTrustStores": {"TrustStoreArns": TRUST_STORE, "Names": TRUST_STORE},
}
"""What each takes that names things, and how it says that there is no such thing."""


def answer_empty(service: Service, operation: str, request: Request) -> Response:
    """The answer to a read of READS; AwsError for what is named."""
    for name, (code, message) in READS[operation].items():
        if request.get(name):
            raise AwsError(code, message)
    if request.get("Marker"):
        raise AwsError("ValidationError", "Invalid marker")
    if not 1 <= request.get("PageSize", 1) <= 400:
        raise AwsError(
            "ValidationError",
            f"1 validation error detected: Value '{request['PageSize']}' at 'pageSize' failed to satisfy constraint: "
            "Member must have value between 1 and 400",
        )
    return {name: [] for name in service.output_lists(operation)}
