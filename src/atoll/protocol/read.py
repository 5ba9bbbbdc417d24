"""A request of any protocol to the call that it makes."""

from collections.abc import Mapping

from atoll.protocol.call import Call
from atoll.protocol.json_requests import parse_json
from atoll.protocol.parse import parse
from atoll.protocol.service import Service


def read(service: Service, headers: Mapping[str, str], query: bytes, body: bytes) -> Call:
    """What is asked; `headers` has lower-case names.  AwsError: see `parse` and `parse_json`.

    Forms may stand in the query string, in the body, or in both.
    """
    if service.protocol == "json":
        return parse_json(service, headers.get("x-amz-target", ""), body)
    return parse(service, b"&".join(part for part in (query, body) if part))
