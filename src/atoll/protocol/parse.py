"""Requests: form data to an operation and its parameters, exactly as a boto3 user would pass them.

One closure a shape, compiled when an operation is first called.  A closure takes the node of the form's
tree and returns the value, or raises RefusalError; each structure adds its part of the name on the way out, so a
request that fits pays nothing for the message of one that does not.

Nothing is invented: what the request leaves out is not in the parameters.  Enums and bounds are not checked
here, since each operation words those refusals in its own way (`enum_values` and `limits` give them).
"""

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from atoll.protocol.call import Call, Params
from atoll.protocol.form import Node, Pair, Tree, decode, tree
from atoll.protocol.refusals import RefusalError, no_action, unknown_action, worded, wrong_version
from atoll.protocol.service import Service
from atoll.protocol.shapes import Kind, ListOf, MapOf, Scalar, Structure
from atoll.protocol.values import PARSERS

Parser = Callable[[Node], Any]

GLOBAL_NAMES = frozenset({
    "Action", "Version", "AWSAccessKeyId", "Expires", "SecurityToken", "Signature", "SignatureMethod",
    "SignatureVersion", "Timestamp",
})  # fmt: skip
"""Names of the request itself; with the X-Amz-* names of a presigned address they are nobody's parameters."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_INDEX = re.compile(r"[1-9][0-9]{0,4}").fullmatch


def parse(service: Service, request: bytes | Iterable[Pair]) -> Call:
    """Read a form body, a query string, or pairs that are already percent-decoded.

    AwsError: MalformedQueryString, InvalidQueryParameter (the form itself); MissingAction, InvalidAction,
    NoSuchVersion (what is asked); and what `refusals` lists for parameters that are unknown, missing or of the
    wrong type.
    """
    asked = tree(decode(request) if isinstance(request, bytes) else request)
    operation = _operation(service, asked)
    for name in [name for name in asked if name in GLOBAL_NAMES or name.startswith("X-Amz-")]:
        del asked[name]
    try:
        return Call(operation, _compiled(service, operation)(asked))
    except RefusalError as refusal:
        raise worded(service.protocol, refusal) from None


def _operation(service: Service, asked: Tree) -> str:
    """The operation that Action and Version name.

    EC2 keeps all its versions alive and we answer each with the newest; query services have one."""
    action, version = asked.get("Action"), asked.get("Version", "")
    if not action or not isinstance(action, str):
        raise no_action()
    if not isinstance(version, str):
        version = ""
    if action not in service.operations:
        raise unknown_action(service.protocol, action, version)
    known = _DATE(version) if service.protocol == "ec2" else version == service.meta.api_version
    if not known:
        raise wrong_version(service.protocol, action, version)
    return action


@cache
def _compiled(service: Service, operation: str) -> Parser:
    return _structure(service, service.input(operation))


def _parser(service: Service, shape_name: str) -> Parser:
    match service.shape(shape_name):
        case Structure() as shape:
            return _structure(service, shape)
        case ListOf() as shape:
            return _list(service, shape)
        case MapOf() as shape:
            return _map(service, shape)
        case Scalar(kind=kind):
            return _scalar(kind)


def _first_leaf(node: Node) -> list[str]:
    """The name of the first value under a node, innermost part first."""
    trail: list[str] = []
    while not isinstance(node, str):
        part, node = next(iter(node.items()))
        trail.append(part)
    return trail[::-1]


@cache
def _scalar(kind: Kind) -> Parser:
    parse_text = PARSERS[kind]

    def parse_scalar(node: Node) -> Any:
        if isinstance(node, str):
            return parse_text(node)
        raise RefusalError("unknown", *_first_leaf(node))

    return parse_scalar


def _structure(service: Service, shape: Structure) -> Parser:
    names = {member: service.request_name(member, ref) for member, ref in shape.members.items()}
    members = {names[m]: (m, _parser(service, ref.shape)) for m, ref in shape.members.items()}
    required = [(member, names[member]) for member in shape.required]

    def parse_structure(node: Node) -> Params:
        if isinstance(node, str):
            raise RefusalError("simple")
        params: Params = {}
        for name, below in node.items():
            known = members.get(name)
            if known is None:
                raise RefusalError("unknown", name)
            try:
                params[known[0]] = known[1](below)
            except RefusalError as refusal:
                refusal.trail.append(name)
                raise
        for member, name in required:
            if member not in params:
                raise RefusalError("missing", name)
        return params

    return parse_structure


def _elements(parse_element: Parser) -> Callable[[Node], list[Any]]:
    """Elements by their index; gaps close up."""

    def parse_elements(node: Node) -> list[Any]:
        if isinstance(node, str):
            raise RefusalError("simple")
        for index in node:
            if not _INDEX(index):
                raise RefusalError("unknown", index)
        values = []
        for index in sorted(node, key=int) if len(node) > 1 else node:
            try:
                values.append(parse_element(node[index]))
            except RefusalError as refusal:
                refusal.trail.append(index)
                raise
        return values

    return parse_elements


def _wrapped(wrapper: str, parse_inner: Parser) -> Parser:
    """What stands under one fixed name: `Tags.member.1`; an empty value is an empty list."""

    def parse_wrapped(node: Node) -> Any:
        if node == "":
            return parse_inner({})
        if isinstance(node, str):
            raise RefusalError("simple")
        for name in node:
            if name != wrapper:
                raise RefusalError("unknown", name)
        try:
            return parse_inner(node[wrapper])
        except RefusalError as refusal:
            refusal.trail.append(wrapper)
            raise

    return parse_wrapped


def _list(service: Service, shape: ListOf) -> Parser:
    elements = _elements(_parser(service, shape.member.shape))
    if service.protocol == "ec2":
        return elements
    return _wrapped(shape.member.location_name or "member", elements)


def _map(service: Service, shape: MapOf) -> Parser:
    """`Prefix.entry.N.key` and `.value`; only query services have maps."""
    key, value = shape.key.location_name or "key", shape.value.location_name or "value"
    pair = Structure({key: shape.key, value: shape.value}, required=(key, value))
    entries = _wrapped("entry", _elements(_structure(service, pair)))

    def parse_map(node: Node) -> dict[Any, Any]:
        pairs = entries(node)
        parsed = {entry[key]: entry[value] for entry in pairs}
        if len(parsed) < len(pairs):
            raise RefusalError(
                "value", value=", ".join(str(entry[key]) for entry in pairs), expected="keys that differ"
            )
        return parsed

    return parse_map
