"""Requests of the JSON protocols (AWS JSON 1.0 and 1.1): the target names the operation, the body is its input.

As in `parse`, nothing is invented and nothing ignored; null is a member that is left out.  Shapes of JSON services may
hold themselves, so the reader of a shape is found when it is first needed.
"""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NoReturn

from atoll.protocol.call import Call
from atoll.protocol.errors import AwsError
from atoll.protocol.json_values import READERS, unfit
from atoll.protocol.refusals import RefusalError, unknown_action, worded
from atoll.protocol.service import Service
from atoll.protocol.shapes import ListOf, MapOf, Scalar, Structure

Reader = Callable[[Any], Any]

MAX_BYTES = 1 << 20
"""JSON that is small on the wire can be forty times as large in memory; AWS's own limits are lower still."""


def parse_json(service: Service, target: str, body: bytes) -> Call:
    """Read a body by the operation that the header X-Amz-Target names.

    AwsError: UnknownOperationException, SerializationException (not JSON, or of other types), ValidationException
    (unknown or missing members).
    """
    prefix, _, operation = target.rpartition(".")
    if prefix != service.meta.target_prefix or operation not in service.operations:
        raise unknown_action("json", target, "")
    try:
        return Call(operation, read_body(service, operation, body))
    except RefusalError as refusal:
        raise worded("json", refusal) from None


def read_body(
    service: Service, operation: str, body: bytes, elsewhere: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The operation's input as a body has it. `elsewhere`: what the request has said in other places, by its names
    there.  RefusalError for what does not fit, AwsError for what is not JSON.
    """
    try:
        said = _decoded(body)
        if elsewhere:
            if not isinstance(said, dict):
                raise unfit(said, "a structure")
            twice = sorted(set(said) & set(elsewhere))
            if twice:
                raise RefusalError("unknown", twice[0])
            said = {**said, **elsewhere}
        return _structure(service, service.input(operation))(said)
    except RecursionError:
        raise _broken("it is nested too deeply") from None


def _broken(why: str) -> AwsError:
    return AwsError("SerializationException", f"The body is not JSON that can be read: {why}")


def _decoded(body: bytes) -> Any:
    if not body:
        return {}
    if len(body) > MAX_BYTES:
        raise AwsError("RequestEntityTooLarge", f"The request is larger than {MAX_BYTES} bytes.", 413)
    try:
        return json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_constant)
    except UnicodeDecodeError:
        raise _broken("it is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise _broken(f"{error.msg} at character {error.pos}") from None
    except ValueError:  # Python's own limit on digits
        raise _broken("a number has too many digits") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _broken("a name is given more than once in one object")
    return found


def _constant(name: str) -> NoReturn:
    raise _broken(f"{name} is no JSON")


@cache
def _reader(service: Service, shape_name: str) -> Reader:
    match service.shape(shape_name):
        case Structure() as shape:
            return _structure(service, shape)
        case ListOf() as shape:
            return _list(service, shape)
        case MapOf() as shape:
            return _map(service, shape)
        case Scalar(kind=kind):
            return READERS[kind]


def _structure(service: Service, shape: Structure) -> Callable[[Any], dict[str, Any]]:
    names = {service.request_name(member, ref): (member, ref.shape) for member, ref in shape.members.items()}
    required = [(member, service.request_name(member, shape.members[member])) for member in shape.required]

    def read_structure(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise unfit(value, "a structure")
        params = {}
        for name, below in value.items():
            if name not in names:
                raise RefusalError("unknown", name)
            if below is None:
                continue
            member, below_shape = names[name]
            params[member] = _named(name, _reader(service, below_shape), below)
        for member, name in required:
            if member not in params:
                raise RefusalError("missing", name)
        return params

    return read_structure


def _named(name: str, read: Reader, value: Any) -> Any:
    """A value that stands under a name, which a refusal is to tell."""
    try:
        return read(value)
    except RefusalError as refusal:
        refusal.trail.append(name)
        raise


def _list(service: Service, shape: ListOf) -> Reader:
    def read_list(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise unfit(value, "a list")
        read = _reader(service, shape.member.shape)
        return [_named(str(number), read, one) for number, one in enumerate(value, 1)]

    return read_list


def _map(service: Service, shape: MapOf) -> Reader:
    def read_map(value: Any) -> dict[Any, Any]:
        if not isinstance(value, dict):
            raise unfit(value, "a map")
        read_key, read = _reader(service, shape.key.shape), _reader(service, shape.value.shape)
        return {read_key(key): _named(key, read, below) for key, below in value.items()}

    return read_map
