"""What the rules of all families are written with: refusals, and the table of operations with their error codes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Any, TypeVar

from tests.machine.rules.world import World

Asked = Mapping[str, Any]
"""A call's parameters, in AWS's words."""

Answer = dict[str, Any]
"""What the answer must hold, in AWS's words; it may hold more. Ids that AWS chooses are tokens (see World.new)."""

T = TypeVar("T")


class RefusedError(Exception):
    """The call changes nothing, and its error code is one of these."""

    def __init__(self, codes: set[str]) -> None:
        super().__init__(", ".join(sorted(codes)))
        self.codes = codes


class Why:
    """The rules that a call breaks, collected before any of them is told."""

    def __init__(self) -> None:
        self.codes: set[str] = set()

    def when(self, broken: bool, code: str) -> bool:
        """One rule; answers whether it is broken."""
        if broken:
            self.codes.add(code)
        return broken

    def find(self, things: Mapping[str, T], id_: str, code: str) -> T | None:
        """What has that id; nothing, and the call is refused, if there is none."""
        found = things.get(id_)
        self.when(found is None, code)
        return found

    def network(self, text: str, code: str = "InvalidParameterValue") -> IPv4Network | None:
        """The block that the text says. AWS clears host bits (fact 2)."""
        try:
            return IPv4Network(text if "/" in text else "", strict=False)
        except ValueError:
            self.when(True, code)
            return None

    def network6(self, text: str, code: str = "InvalidParameterValue") -> IPv6Network | None:
        """The same of IPv6."""
        try:
            return IPv6Network(text if "/" in text else "", strict=False)
        except ValueError:
            self.when(True, code)
            return None

    def stop(self) -> None:
        """Refuse the call if it breaks any rule."""
        if self.codes:
            raise RefusedError(self.codes)


@dataclass(frozen=True)
class Operation:
    """How AWS answers one operation, and each code that it may refuse it with."""

    decide: Callable[[World, Asked], Answer]
    codes: frozenset[str]

    def __call__(self, world: World, asked: Asked) -> Answer:
        try:
            return self.decide(world, asked)
        except RefusedError as refused:
            if not refused.codes <= self.codes:
                raise AssertionError(f"not in the table: {refused.codes - self.codes}") from None
            raise


OPERATIONS: dict[str, Operation] = {}

Decide = Callable[[World, Asked], Answer]


def operation(name: str, *codes: str) -> Callable[[Decide], Decide]:
    """Register how AWS answers an operation, and every code that it may refuse it with."""

    def register(decide: Decide) -> Decide:
        OPERATIONS[name] = Operation(decide, frozenset(codes))
        return decide

    return register
