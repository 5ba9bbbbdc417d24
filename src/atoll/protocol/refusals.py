"""How a request that does not fit is refused: the parser says what is wrong, a table says it in AWS's words.

Each protocol words the same mistake differently. Sources: moto issue 112 (MissingParameter), appoxy/aws issue 32
(UnknownParameter), boto issue 1282 (InvalidAction of EC2), aws-cli issue 37 (InvalidAction of query services),
aws-sdk-ruby pull 2575 (the form of a bad value in EC2), boto issues 217 and 1513 (MalformedInput), the
ValidationError sentence of CloudFormation and ELBv2. Query services are said to ignore names that they do not know;
we refuse them, because nothing is accepted and ignored.
"""

from collections.abc import Callable
from typing import Literal

from atoll.protocol.errors import AwsError
from atoll.protocol.shapes import Protocol

Reason = Literal["unknown", "missing", "simple", "value"]

_LONGEST = 200


class RefusalError(Exception):
    """Raised inside the parser; `trail` gathers the name's parts from the inside out."""

    def __init__(self, reason: Reason, *trail: str, value: str = "", expected: str = "") -> None:
        super().__init__(reason)
        self.reason: Reason = reason
        self.trail = list(trail)
        self.value = value
        self.expected = expected

    @property
    def parts(self) -> list[str]:
        """The parts of the name, outermost first."""
        return self.trail[::-1]


def clip(text: str) -> str:
    """Text from a request, short enough to be repeated in a message."""
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _dotted(parts: list[str]) -> str:
    return clip(".".join(parts))


def _constraint_path(parts: list[str]) -> str:
    """`Tags.member.1.Key` as validation messages write it: `tags.1.member.key`."""
    path = [_lower_first(part) for part in parts]
    for at in range(len(path) - 1):
        if path[at] == "member" and path[at + 1].isdecimal():
            path[at], path[at + 1] = path[at + 1], path[at]
    return clip(".".join(path))


def _unknown(code: str) -> Callable[[RefusalError], AwsError]:
    return lambda r: AwsError(code, f"The parameter {_dotted(r.parts)} is not recognized")


def _ec2_missing(r: RefusalError) -> AwsError:
    return AwsError("MissingParameter", f"The request must contain the parameter {_dotted(r.parts)}")


def _ec2_value(r: RefusalError) -> AwsError:
    name = _lower_first(_dotted(r.parts))
    return AwsError(
        "InvalidParameterValue",
        f"Value ({clip(r.value)}) for parameter {name} is invalid. Expecting {r.expected}.",
    )


def _query_missing(r: RefusalError) -> AwsError:
    where = _constraint_path(r.parts)
    return AwsError(
        "ValidationError",
        f"1 validation error detected: Value null at '{where}' failed to satisfy constraint: Member must not be null",
    )


def _query_simple(r: RefusalError) -> AwsError:
    return AwsError("MalformedInput", f"Unexpected complex element termination at {_dotted(r.parts)}")


def _query_value(r: RefusalError) -> AwsError:
    return AwsError("MalformedInput", f"Value '{clip(r.value)}' at {_dotted(r.parts)} is not {r.expected}")


def _json_missing(r: RefusalError) -> AwsError:
    return AwsError("ValidationException", _query_missing(r).message)


def _json_value(r: RefusalError) -> AwsError:
    return AwsError("SerializationException", f"{clip(r.value)} can not be converted to {r.expected}")


_WORDS: dict[tuple[Protocol, Reason], Callable[[RefusalError], AwsError]] = {
    ("ec2", "unknown"): _unknown("UnknownParameter"),
    ("ec2", "simple"): _unknown("UnknownParameter"),
    ("ec2", "missing"): _ec2_missing,
    ("ec2", "value"): _ec2_value,
    ("query", "unknown"): _unknown("ValidationError"),
    ("query", "simple"): _query_simple,
    ("query", "missing"): _query_missing,
    ("query", "value"): _query_value,
    ("json", "unknown"): _unknown("ValidationException"),
    ("json", "simple"): _json_value,
    ("json", "missing"): _json_missing,
    ("json", "value"): _json_value,
}
_WORDS |= {("rest-json", reason): words for (protocol, reason), words in _WORDS.items() if protocol == "json"}


def worded(protocol: Protocol, refusal: RefusalError) -> AwsError:
    """The refusal as that protocol's services say it."""
    return _WORDS[protocol, refusal.reason](refusal)


def no_action() -> AwsError:
    """Neither the body nor the query string names an action."""
    return AwsError("MissingAction", "The request is missing an action or a required parameter.")


_CLASSIC_LOAD_BALANCERS = "2012-06-01"
"""The version of another service at the address, and under the signing name, of elbv2."""


def unknown_action(protocol: Protocol, action: str, version: str) -> AwsError:
    """The service has no such operation."""
    if protocol == "ec2":
        return AwsError("InvalidAction", f"The action {clip(action)} is not valid for this web service.")
    if protocol == "json":
        return AwsError("UnknownOperationException", f"The target {clip(action)!r} names no operation.")
    if protocol == "rest-json":
        return AwsError("UnknownOperationException", f"{clip(action)!r} names no operation.", 404)
    return _other_version(action, version)


def wrong_version(protocol: Protocol, action: str, version: str) -> AwsError:
    """The request names no version, or one that the service does not have."""
    if protocol == "query":
        return _other_version(action, version)
    if not version:
        return AwsError("MissingParameter", "The request must contain the parameter Version")
    return AwsError("NoSuchVersion", f"The requested version ({clip(version)}) does not exist")


def _other_version(action: str, version: str) -> AwsError:
    asked = clip(version) or "NO_VERSION_SPECIFIED"
    told = f"Could not find operation {clip(action)} for version {asked}"
    if version == _CLASSIC_LOAD_BALANCERS:
        told += ". Atoll does not serve Classic Load Balancers: see docs/coverage.md"
    return AwsError("InvalidAction", told)
