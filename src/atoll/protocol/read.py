"""A request of any protocol to the call that it makes."""

from collections.abc import Mapping

from atoll.protocol.call import Call
from atoll.protocol.json_requests import parse_json
from atoll.protocol.parse import parse
from atoll.protocol.rest_requests import parse_rest
from atoll.protocol.service import Service


def read(
    service: Service, headers: Mapping[str, str], query: bytes, body: bytes, *, method: str = "POST", path: str = "/"
) -> Call:
    """What is asked; `headers` has lower-case names, `path` is as it was sent.  AwsError: see `parse`, `parse_json` and
    `parse_rest`.

    Forms may stand in the query string, in the body, or in both.
    """
    if service.protocol == "rest-json":
        return parse_rest(service, method, path, query, body)
    if service.protocol == "json":
        return parse_json(service, headers.get("x-amz-target", ""), body)
    return parse(service, b"&".join(part for part in (query, body) if part))
