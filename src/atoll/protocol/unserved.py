"""The answer to a client of a service that Atoll does not have."""

from collections.abc import Mapping

import msgspec

from atoll.protocol.errors import AwsError
from atoll.protocol.refusals import clip
from atoll.protocol.serialise import error_body, headers

_JSON = frozenset({"application/x-amz-json-1.0", "application/x-amz-json-1.1", "application/json"})


class Answer(msgspec.Struct, frozen=True):
    """A whole HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


def unknown_service_error(signing_name: str, request_headers: Mapping[str, str], request_id: str) -> Answer:
    """A 400, so that nobody retries, in the protocol of that client as far as its request shows it.

    `request_headers` has lower-case names.  A JSON content type gets JSON; anything else the query
    protocol's XML.  The code is also in x-amzn-errortype, where clients of REST protocols look for it.
    """
    error = AwsError("InvalidAction", f"Atoll does not serve the service {clip(signing_name)!r}: see docs/coverage.md")
    told = headers(request_id) | {"x-amzn-errortype": error.code}
    media_type = request_headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _JSON:
        return Answer(error.status, told, error_body("query", error, request_id))
    body = msgspec.json.encode({"__type": error.code, "message": error.message})
    return Answer(error.status, told | {"content-type": media_type}, body)
