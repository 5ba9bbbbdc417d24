"""Answers: an operation's result, or an error, to XML as AWS writes it (JSON services: `json_answers`).

One closure a shape, compiled when an operation first answers; each returns the whole element's text.  A result
is what boto3 would show, as Python values by member name, written in the result's own order.  None is left
out; an empty list is an empty element, which clients read as an empty list.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from atoll.protocol.errors import AwsError
from atoll.protocol.json_answers import answer_json, content_type, error_json
from atoll.protocol.markup import FORMATTERS, MisfitError, escape, expected
from atoll.protocol.service import Service
from atoll.protocol.shapes import Kind, ListOf, MapOf, Scalar, Structure

Inner = Callable[[Any], str]
"""A value to what stands inside its element."""

CONTENT_TYPE = "text/xml;charset=UTF-8"
JSON = ("json", "rest-json")
"""Protocols whose answers are JSON."""
_PROLOGUE = '<?xml version="1.0" encoding="UTF-8"?>\n'
_USUAL_ERROR = 400


def headers(request_id: str, service: Service | None = None) -> dict[str, str]:
    """The headers that go with every answer of a service; XML's without one."""
    told = content_type(service) if service is not None and service.protocol in JSON else CONTENT_TYPE
    return {"content-type": told, "x-amzn-requestid": request_id}


def serialise(service: Service, operation: str, result: Mapping[str, Any], request_id: str) -> bytes:
    """The body of an answer.

    TypeError, naming the place, for a result that does not fit the operation's output: a handler's mistake.
    """
    try:
        if service.protocol in JSON:
            return answer_json(service, operation, result)
        inside = _compiled(service, operation)(result)
    except MisfitError as misfit:
        where = ".".join([operation, *misfit.trail[::-1]])
        raise TypeError(f"{where}: {misfit.problem}") from None
    return _ENVELOPES[service.protocol](service, operation, inside, escape(request_id)).encode()


def serialise_error(service: Service, error: AwsError, request_id: str) -> tuple[int, bytes]:
    """The status and body of an error; where the error has the usual 400, the model's status for its code."""
    status = error.status
    if status == _USUAL_ERROR:
        status = service.meta.errors.get(error.code, status)
    if service.protocol in JSON:
        return status, error_json(error)
    return status, error_body(service.protocol, error, request_id, service.namespace)


def error_body(protocol: str, error: AwsError, request_id: str, namespace: str = "") -> bytes:
    """An error's envelope [aws-behaviour 246, 255]."""
    code, message, request = escape(error.code), escape(error.message), escape(request_id)
    if protocol == "ec2":
        text = (
            f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
            f"<RequestID>{request}</RequestID></Response>"
        )
    else:
        fault = "Sender" if error.status < 500 else "Receiver"
        xmlns = f' xmlns="{namespace}"' if namespace else ""
        text = (
            f"<ErrorResponse{xmlns}><Error><Type>{fault}</Type><Code>{code}</Code>"
            f"<Message>{message}</Message></Error><RequestId>{request}</RequestId></ErrorResponse>"
        )
    return (_PROLOGUE + text).encode()


def _ec2_envelope(service: Service, operation: str, inside: str, request_id: str) -> str:
    """Request id first, then the members [aws-behaviour 245]; an operation without output says "return true"."""
    if service.operation(operation).output is None:
        inside = "<return>true</return>"
    return (
        f'{_PROLOGUE}<{operation}Response xmlns="{service.namespace}"><requestId>{request_id}</requestId>'
        f"{inside}</{operation}Response>"
    )


def _query_envelope(service: Service, operation: str, inside: str, request_id: str) -> str:
    """Members inside the result wrapper, metadata beside it; no wrapper for an operation without output."""
    wrapper = service.operation(operation).result_wrapper
    wrapped = f"<{wrapper}>{inside}</{wrapper}>" if wrapper else inside
    return (
        f'{_PROLOGUE}<{operation}Response xmlns="{service.namespace}">{wrapped}'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
    )


_ENVELOPES = {"ec2": _ec2_envelope, "query": _query_envelope}


@cache
def _compiled(service: Service, operation: str) -> Inner:
    return _structure(service, service.output(operation))


def _inner(service: Service, shape_name: str) -> Inner:
    match service.shape(shape_name):
        case Structure() as shape:
            return _structure(service, shape)
        case ListOf() as shape:
            return _list(service, shape)
        case MapOf() as shape:
            return _map(service, shape)
        case Scalar(kind=kind):
            return _scalar(kind)


def _scalar(kind: Kind) -> Inner:
    return FORMATTERS[kind]


def _structure(service: Service, shape: Structure) -> Inner:
    members = {
        member: (f"<{tag}>", _inner(service, ref.shape), f"</{tag}>")
        for member, ref in shape.members.items()
        for tag in (ref.location_name or member,)
    }

    def write_structure(value: Any) -> str:
        if type(value) is not dict and not isinstance(value, Mapping):  # the second question is a slow one
            raise expected("a mapping", value)
        pieces = []
        for name, below in value.items():
            known = members.get(name)
            if known is None:
                raise MisfitError(f"the shape has no member {name!r}")
            if below is None:
                continue
            before, write, after = known
            try:
                pieces.append(f"{before}{write(below)}{after}")
            except MisfitError as misfit:
                misfit.trail.append(name)
                raise
        return "".join(pieces)

    return write_structure


def _list(service: Service, shape: ListOf) -> Inner:
    tag = shape.member.location_name or ("item" if service.protocol == "ec2" else "member")
    before, between, after = f"<{tag}>", f"</{tag}><{tag}>", f"</{tag}>"
    write = _inner(service, shape.member.shape)

    def write_list(value: Any) -> str:
        if not isinstance(value, list | tuple):
            raise expected("a list", value)
        if not value:
            return ""
        try:
            return before + between.join([write(element) for element in value]) + after
        except MisfitError as misfit:
            misfit.trail.append("[]")
            raise

    return write_list


def _map(service: Service, shape: MapOf) -> Inner:
    key_tag, value_tag = shape.key.location_name or "key", shape.value.location_name or "value"
    write_key, write_value = _inner(service, shape.key.shape), _inner(service, shape.value.shape)

    def write_map(value: Any) -> str:
        if not isinstance(value, Mapping):
            raise expected("a mapping", value)
        return "".join(
            f"<entry><{key_tag}>{write_key(key)}</{key_tag}><{value_tag}>{write_value(below)}</{value_tag}></entry>"
            for key, below in value.items()
        )

    return write_map
