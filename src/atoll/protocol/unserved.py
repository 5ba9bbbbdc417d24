"""The answer to a client of a service that Atoll does not have, in the protocol that this client reads."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

from atoll.protocol.errors import AwsError
from atoll.protocol.json_answers import error_json
from atoll.protocol.markup import escape
from atoll.protocol.refusals import clip
from atoll.protocol.serialise import error_body, headers

_JSON = frozenset({"application/x-amz-json-1.0", "application/x-amz-json-1.1", "application/json"})
_CBOR = "application/cbor"
_S3 = frozenset({"s3", "s3express", "s3-object-lambda", "s3-outposts"})
"""Their errors have no envelope."""


class Answer(msgspec.Struct, frozen=True):
    """A whole HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


def unknown_service(signing_name: str) -> AwsError:
    """What a client of a service is told of which nothing is built."""
    return AwsError("InvalidAction", f"Atoll does not serve the service {clip(signing_name)!r}: see docs/coverage.md")


def unknown_service_error(signing_name: str, request_headers: Mapping[str, str], request_id: str) -> Answer:
    """A 400, so that nobody retries, in the protocol of that client as its request or its service shows it.

    `request_headers` has lower-case names.  The code is also in x-amzn-errortype, where clients of REST protocols
    look for it.
    """
    error = unknown_service(signing_name)
    told = headers(request_id) | {"x-amzn-errortype": error.code}
    media_type = request_headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == _CBOR or "rpc-v2-cbor" in request_headers.get("smithy-protocol", ""):
        told |= {"content-type": _CBOR, "smithy-protocol": "rpc-v2-cbor"}
        return Answer(error.status, told, _cbor({"__type": error.code, "message": error.message}))
    if media_type in _JSON:
        return Answer(error.status, told | {"content-type": media_type}, error_json(error))
    if signing_name in _rest_json() and not media_type.endswith("x-www-form-urlencoded"):
        return Answer(error.status, told | {"content-type": "application/json"}, error_json(error))
    if signing_name in _S3:
        text = (
            f"<Error><Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
            f"<RequestId>{escape(request_id)}</RequestId></Error>"
        )
        return Answer(error.status, told | {"x-amz-request-id": request_id}, text.encode())
    return Answer(error.status, told, error_body("query", error, request_id))


@cache
def _rest_json() -> frozenset[str]:
    data = Path(__file__).with_name("data") / "rest-json.json"
    return msgspec.json.decode(data.read_bytes(), type=frozenset[str])


def _cbor(texts: Mapping[str, str]) -> bytes:
    """A map of short texts in CBOR (RFC 8949): major type 5, then texts (major type 3) of a 16-bit length."""
    words = [word.encode() for pair in texts.items() for word in pair]
    return bytes([0xA0 | len(texts)]) + b"".join(b"\x79" + len(word).to_bytes(2, "big") + word for word in words)
