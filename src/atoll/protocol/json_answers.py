"""Answers of the JSON protocols: an operation's result, or an error, as JSON.  None is left out, as in XML."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from atoll.protocol.errors import AwsError
from atoll.protocol.json_values import WRITERS
from atoll.protocol.markup import MisfitError, expected
from atoll.protocol.service import Service
from atoll.protocol.shapes import ListOf, MapOf, Scalar, Structure

Writer = Callable[[Any], Any]


def content_type(service: Service) -> str:
    """The media type of the service's version of the protocol."""
    if service.protocol == "rest-json":
        return "application/json"
    return f"application/x-amz-json-{service.meta.json_version}"


def answer_json(service: Service, operation: str, result: Mapping[str, Any]) -> bytes:
    """The body of an answer; MisfitError for a result that does not fit the operation's output."""
    return encode(_structure(service, service.output(operation))(result))


def error_json(error: AwsError) -> bytes:
    """An error's body: clients read the code from __type."""
    return encode({"__type": error.code, "message": error.message, **error.details})


def encode(value: Any) -> bytes:
    """JSON in ASCII alone, so that any text at all can be told."""
    return json.dumps(value, separators=(",", ":")).encode()


@cache
def _writer(service: Service, shape_name: str) -> Writer:
    match service.shape(shape_name):
        case Structure() as shape:
            return _structure(service, shape)
        case ListOf() as shape:
            return _list(service, shape)
        case MapOf() as shape:
            return _map(service, shape)
        case Scalar(kind=kind):
            return WRITERS[kind]


def _named(name: str, write: Writer, value: Any) -> Any:
    try:
        return write(value)
    except MisfitError as misfit:
        misfit.trail.append(name)
        raise


def _structure(service: Service, shape: Structure) -> Writer:
    def write_structure(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise expected("a mapping", value)
        written = {}
        for name, below in value.items():
            ref = shape.members.get(name)
            if ref is None:
                raise MisfitError(f"the shape has no member {name!r}")
            if below is not None:
                written[ref.location_name or name] = _named(name, _writer(service, ref.shape), below)
        return written

    return write_structure


def _list(service: Service, shape: ListOf) -> Writer:
    def write_list(value: Any) -> list[Any]:
        if not isinstance(value, list | tuple):
            raise expected("a list", value)
        write = _writer(service, shape.member.shape)
        return [_named("[]", write, one) for one in value]

    return write_list


def _map(service: Service, shape: MapOf) -> Writer:
    def write_map(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise expected("a mapping", value)
        write = _writer(service, shape.value.shape)
        return {key: _named(key, write, below) for key, below in value.items()}

    return write_map
