"""Requests of the REST-JSON protocol: method and path name the operation; path, query string and body hold its input.

As in `parse_json`, nothing is invented and nothing ignored.
"""

import re
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from atoll.protocol.call import Call
from atoll.protocol.errors import AwsError
from atoll.protocol.json_requests import read_body
from atoll.protocol.refusals import RefusalError, unknown_action, worded
from atoll.protocol.service import Service
from atoll.protocol.shapes import Route, Scalar

_NUMBER = re.compile(r"-?[0-9]{1,18}", re.ASCII)


def parse_rest(service: Service, method: str, path: str, query: bytes, body: bytes) -> Call:
    """Read a request; `path` as it was sent, percent-encoded.

    AwsError: UnknownOperationException (404), and those of `parse_json`.
    """
    for operation, route in service.meta.routes.items():
        found = _pattern(route.path).fullmatch(path) if route.method == method else None
        if found is not None:
            try:
                words = {name: _decoded(name, text) for name, text in found.groupdict().items()}
                elsewhere = _elsewhere(service, operation, route, words, query)
                return Call(operation, read_body(service, operation, body, elsewhere))
            except RefusalError as refusal:
                raise worded("rest-json", refusal) from None
    raise unknown_action("rest-json", f"{method} {path}", "")


def _decoded(name: str, text: str) -> str:
    """Without its percents, which must make UTF-8."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise RefusalError("value", name, value="Bytes that are not UTF-8", expected="a String") from None


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))


def _elsewhere(service: Service, operation: str, route: Route, words: dict[str, str], query: bytes) -> dict[str, Any]:
    """What stands in path and query string, by its name there; only what is to stand there may."""
    members = service.input(operation).members
    kinds = {service.request_name(name, members[name]): members[name].shape for name in route.places}
    try:
        given = parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise RefusalError("value", value="Bytes that are not UTF-8", expected="a String") from None
    found: dict[str, Any] = {}
    for name, text in [*words.items(), *given]:
        if name not in kinds or name in found:
            raise RefusalError("unknown", name)
        found[name] = _value(service, kinds[name], name, text)
    return found


def _value(service: Service, shape_name: str, name: str, text: str) -> Any:
    """Text as its shape has it: the reader of JSON looks at the rest."""
    shape = service.shape(shape_name)
    if not isinstance(shape, Scalar) or shape.kind != "integer":
        return text
    if _NUMBER.fullmatch(text) is None:
        raise RefusalError("value", name, value="STRING_VALUE", expected="an Integer")
    return int(text)


def answers_with(service: Service, operation: str) -> int:
    """The status of an answer that is no error."""
    route = service.meta.routes.get(operation)
    return route.status if route is not None else 200


def check_method(service: Service, method: str) -> None:
    """MethodNotAllowed for what no operation of the service is called with."""
    allowed = sorted({route.method for route in service.meta.routes.values()}) or ["GET", "POST"]
    if method not in allowed:
        told = " or ".join(filter(None, [", ".join(allowed[:-1]), allowed[-1]]))
        raise AwsError("MethodNotAllowed", f"The specified method is not allowed: use {told}.", 405)
