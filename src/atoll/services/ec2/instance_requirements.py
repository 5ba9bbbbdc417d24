"""GetInstanceTypesFromInstanceRequirements: which types have the attributes that are asked for.

Each attribute is one line of a table (instance_requirement_tables.py): how a type's description answers for it.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2.checks import invalid, missing, refuse_members, wire
from atoll.services.ec2.describe import answer, page
from atoll.services.ec2.instance_requirement_tables import (
    KINDS,
    NEEDS,
    NUMBERS,
    USUAL,
    VALUES,
    WORDS,
    Type,
    local_storage,
)
from atoll.services.ec2.instance_types import description, names
from atoll.services.ec2.wildcards import matcher
from atoll.services.registry import Request, Response, operation

WHERE = "InstanceRequirements"
CHOICES = ("included", "required", "excluded")
ARCHITECTURES = ("i386", "x86_64", "arm64", "x86_64_mac", "arm64_mac")
VIRTUALIZATIONS = ("hvm", "paravirtual")

Test = Callable[[Type], bool]


def _check_values(asked: Mapping[str, Any]) -> None:
    for name, known in VALUES.items():
        for value in asked.get(name) or ():
            if value not in known:
                raise invalid(value, wire(name), f"Expecting {', '.join(known)}.")
    for name in KINDS:
        if asked.get(name) not in (None, *CHOICES):
            raise invalid(asked[name], wire(name), f"Expecting {', '.join(CHOICES)}.")


def _range(name: str, asked: Mapping[str, Any]) -> Test:
    least, most = asked.get("Min"), asked.get("Max")
    if least is not None and most is not None and least > most:
        raise invalid(most, f"{WHERE}.{name}.Max", f"It is less than Min, {least}.")
    value = NUMBERS[name]
    return lambda type_: (least is None or value(type_) >= least) and (most is None or value(type_) <= most)


def _any_of(read: Callable[[Type], set[str]], wanted: Iterable[str]) -> Test:
    chosen = frozenset(wanted)
    return lambda type_: not chosen.isdisjoint(read(type_))


def _kind(read: Test, choice: str) -> Test:
    return lambda type_: choice == "included" or read(type_) == (choice == "required")


def _needed(can: Test, wanted: bool) -> Test:
    return lambda type_: not wanted or can(type_)


def _disks(wanted: Iterable[str]) -> Test:
    """Of types that have local storage at all: whether there must be some, LocalStorage says."""
    chosen = frozenset(wanted)
    return lambda type_: all(disk["Type"] in chosen for disk in local_storage(type_).get("Disks", ()))


def _named(patterns: Iterable[str], *, wanted: bool) -> Test:
    matches = matcher(patterns)
    return lambda type_: matches([type_["InstanceType"]]) == wanted


PATTERN = re.compile(r"[a-zA-Z0-9.*-]{1,30}\Z")
MOST_PATTERNS = 400
"""How types may be named, and how often [BC]; the dash is of names like u-6tb1.metal."""


def _check_patterns(asked: Mapping[str, Any]) -> None:
    for name in ("AllowedInstanceTypes", "ExcludedInstanceTypes"):
        named = asked.get(name) or ()
        if len(named) > MOST_PATTERNS:
            raise AwsError("InvalidParameterValue", f"At most {MOST_PATTERNS} of {name} can be named.")
        for one in named:
            if not PATTERN.match(one):
                raise invalid(one, wire(name), "Expecting an instance type, or a pattern with *.")


def _check(asked: Mapping[str, Any]) -> None:
    refuse_members(asked, TESTS, WHERE)
    _check_values(asked)
    _check_patterns(asked)
    for name in ("VCpuCount", "MemoryMiB"):
        if (asked.get(name) or {}).get("Min") is None:
            raise missing(f"{WHERE}.{name}.Min")
    if asked.get("AllowedInstanceTypes") and asked.get("ExcludedInstanceTypes"):
        raise AwsError(
            "InvalidParameterCombination",
            "The parameter allowedInstanceTypes cannot be used with the parameter excludedInstanceTypes",
        )


TESTS: dict[str, Callable[[Any], Test]] = {
    **{name: partial(_range, name) for name in NUMBERS},
    **{name: partial(_any_of, read) for name, read in WORDS.items()},
    **{name: partial(_kind, has) for name, has in KINDS.items()},
    **{name: partial(_needed, can) for name, can in NEEDS.items()},
    "LocalStorageTypes": _disks,
    "AllowedInstanceTypes": partial(_named, wanted=True),
    "ExcludedInstanceTypes": partial(_named, wanted=False),
}
"""What makes of an attribute's value the test of a type."""


def tests(asked: Mapping[str, Any]) -> list[Test]:
    """What InstanceRequirements ask of a type, one by one; AWS's error for what cannot be asked."""
    _check(asked)
    given = {name: value for name, value in asked.items() if value not in (None, [], {})}
    return [TESTS[name](value) for name, value in {**USUAL, **given}.items()]


def _checked(request: Request, name: str, known: tuple[str, ...]) -> list[str]:
    asked: list[str] = request[name]
    if not asked:
        raise missing(name)
    for value in asked:
        if value not in known:
            raise invalid(value, wire(name), f"Expecting {', '.join(known)}.")
    return asked


@operation(
    "GetInstanceTypesFromInstanceRequirements",
    "ArchitectureTypes VirtualizationTypes InstanceRequirements MaxResults NextToken",
)
def get_instance_types_from_instance_requirements(_tx: Tx, request: Request) -> Response:
    """By attributes alone: capacity and prices are not looked at, on AWS neither."""
    architectures = _checked(request, "ArchitectureTypes", ARCHITECTURES)
    virtualizations = _checked(request, "VirtualizationTypes", VIRTUALIZATIONS)
    wanted = [
        _any_of(lambda type_: set(type_["ProcessorInfo"]["SupportedArchitectures"]), architectures),
        _any_of(lambda type_: set(type_["SupportedVirtualizationTypes"]), virtualizations),
        *tests(request[WHERE]),
    ]
    found = [name for name in names() if all(test(description(name)) for test in wanted)]
    shown, token = page(found, {"MaxResults": 1000, **request}, least=1)
    return answer("InstanceTypes", ({"InstanceType": name} for name in shown), token)
