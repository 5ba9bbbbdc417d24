"""Checks of parameters that several families share."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from atoll.model.names import arn as arn
from atoll.packet import Prefix
from atoll.protocol import AwsError
from atoll.services.registry import Request


def missing(parameter: str) -> AwsError:
    """AWS's error for a parameter that must be there."""
    return AwsError("MissingParameter", f"The request must contain the parameter {parameter}")


def invalid(value: object, parameter: str, why: str) -> AwsError:
    """AWS's usual form of a refused value."""
    return AwsError("InvalidParameterValue", f"Value ({value}) for parameter {parameter} is invalid. {why}")


def unbuilt(what: str) -> AwsError:
    """AWS honours this, Atoll does not (yet)."""
    return AwsError("UnsupportedOperation", f"{what} is not built in Atoll: see docs/coverage.md for what is.")


def refuse_true(request: Request, *names: str) -> None:
    """Flags that clients send as false by habit: false is the truth here, true is not built."""
    for name in names:
        if request.get(name):
            raise unbuilt(f"{name}=true")


def refuse_members(given: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """Refuse members of a nested structure that the handler would ignore."""
    for name in given:
        if name not in known:
            raise unbuilt(f"The parameter {where}.{name}")


def exactly_one(request: Request, names: Iterable[str]) -> str:
    """The one parameter of those that the request names; the others would contradict it."""
    named = [name for name in names if request.get(name) is not None]
    if not named:
        raise AwsError("MissingParameter", f"The request must contain exactly one of: {', '.join(map(wire, names))}")
    if len(named) > 1:
        raise AwsError(
            "InvalidParameterCombination",
            f"The parameter {wire(named[0])} cannot be used with the parameter {wire(named[1])}",
        )
    return named[0]


def wire(name: str) -> str:
    """A member's name as AWS's messages write it: first letter in lower case."""
    return name[0].lower() + name[1:]


def attribute(request: Request, name: str) -> bool:
    """The value of an AttributeBooleanValue parameter."""
    value = request[name].get("Value")
    if value is None:
        raise missing(f"{name}.Value")
    return bool(value)


def block(text: str, family: int = 4) -> Prefix | None:
    """A CIDR block, host bits cleared (fact 2); None if it is none of that family."""
    if "/" not in text:
        return None
    try:
        prefix = Prefix.parse(text)
    except ValueError:
        return None
    return prefix if prefix.family == family else None


def ipv4_block(text: str, parameter: str) -> Prefix:
    """A CIDR block for a parameter (fact 6)."""
    prefix = block(text)
    if prefix is None:
        raise invalid(text, parameter, "This is not a valid CIDR block.")
    return prefix


def default_dhcp_options(home: str) -> str:
    """The id of the region's default DHCP options set: one per home, for ever (fact 153)."""
    return "dopt-" + hashlib.sha256(f"dhcp-options/{home}".encode()).hexdigest()[:17]
