"""Form-urlencoded requests: bytes to pairs, pairs to a tree of names.

    Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1   ->   {"Filter": {"1": {"Name": "vpc-id", "Value": {"1": "vpc-1"}}}}

A list index is a key like any other here, so an absurd one costs nothing.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from atoll.protocol.errors import AwsError
from atoll.protocol.refusals import clip

Pair = tuple[str, str]
Node = str | dict[str, "Node"]
Tree = dict[str, Node]

MAX_DEPTH = 32
"""Names between dots; the deepest input in the models has fewer than 20."""

MAX_PAIRS = 50_000
"""The longest request that AWS takes has 200 filters of 200 values each."""

MAX_NODES = 100_000
"""Names that hold other names, in one request: what they cost in memory is the server's, not the client's."""

_BAD_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})").search


def malformed(why: str) -> AwsError:
    """The request is not form data at all.  Codes as in AWS's list of common errors."""
    return AwsError("MalformedQueryString", f"The query string contains a syntax error: {why}")


def contradictory(why: str) -> AwsError:
    """Form data whose names contradict each other."""
    return AwsError("InvalidQueryParameter", f"The AWS query string does not adhere to AWS standards: {why}")


def decode(data: bytes) -> list[Pair]:
    """The pairs of a form body or a query string, in order, percent-decoded as UTF-8.

    AwsError `MalformedQueryString` for what is not UTF-8 or has a broken percent escape.
    """
    if data.count(b"&") >= MAX_PAIRS:
        raise malformed(f"it has more than {MAX_PAIRS} parameters")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise malformed("it is not UTF-8") from None
    pairs = []
    for piece in text.split("&"):
        if piece:
            name, _, value = piece.partition("=")
            pairs.append((_unquote(name), _unquote(value)))
    return pairs


def _unquote(text: str) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    if _BAD_PERCENT(text):
        raise malformed(f"bad percent escape in {clip(text)!r}")
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise malformed(f"{clip(text)!r} is not UTF-8") from None


def tree(pairs: Iterable[Pair]) -> Tree:
    """The pairs by their dotted names.

    AwsError `InvalidQueryParameter` where a name comes twice, is both a value and a prefix of others, or
    has more than MAX_DEPTH parts.
    """
    root: Tree = {}
    room = MAX_NODES
    for name, value in pairs:
        parts = name.split(".")
        if len(parts) > MAX_DEPTH:
            raise contradictory(f"{clip(name)} has more than {MAX_DEPTH} parts")
        node = root
        for part in parts[:-1]:
            below = node.get(part)
            if below is None:
                fresh: Tree = {}
                node[part] = node = fresh
                room -= 1
            elif isinstance(below, str):
                raise contradictory(f"{clip(name)} and a prefix of it are both given")
            else:
                node = below
        if parts[-1] in node:
            raise contradictory(f"{clip(name)} is given more than once")
        node[parts[-1]] = value
        if room < 0:
            raise contradictory(f"it has more than {MAX_NODES} names that hold others")
    return root
