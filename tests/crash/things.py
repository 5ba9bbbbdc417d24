"""What one client knows from acknowledged answers alone: its things, by names of its own choosing.

So what a call that was never answered has made can be told apart, whole or not at all: `change` says what the call
makes of the things, and everything in it is the client's choice.
"""

import random
from collections.abc import Callable
from typing import NamedTuple

IMAGE = "ami-12c6146b"
Key = tuple[str, ...]
Things = dict[Key, tuple[str, ...]]
"""("eni", name) → (subnet, group, attached to, addresses ...): see each step of the shadow."""

GONE = "gone"
"""What a route leads to whose target is no more, and where a target group is whose VPC is no more."""

OWNED = frozenset({"rule", "tag", "route", "entry", "association", "acl of", "node", "listener", "target", "attribute"})
"""Kinds of things that belong to others: the second word of the key is whose they are."""

OF_ELB = frozenset({"balancer", "targets"})
"""Kinds whose tags are not EC2's."""


class Step(NamedTuple):
    """A call: `ids` in its parameters are names in braces.

    `makes`: a name, and where its id is in the answer. `settles`: what it begins ends later; the client waits for it.
    """

    action: str
    params: dict[str, str]
    change: Callable[[Things], Things]
    makes: tuple[str, str] = ("", "")
    settles: bool = False
    service: str = "ec2"

    def after(self, things: Things) -> Things:
        """The things once it is done."""
        return pruned(self.change(things))


class Known:
    """One client's things, and how it names new ones."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.things: Things = {}
        self._count = 0

    def names(self, kind: str) -> list[str]:
        """All of that kind."""
        return [key[1] for key in self.things if key[0] == kind]

    def in_vpc(self, kind: str, vpc: str) -> list[str]:
        """All of a kind whose first value is its VPC."""
        return [name for name in self.names(kind) if self.things[kind, name][0] == vpc]

    def vpc_of(self, kind: str, name: str) -> str:
        """Of what is in a subnet."""
        return self.things["subnet", self.things[kind, name][0]][0]

    def zone_of(self, subnet: str) -> str:
        """The zone that a subnet is made in."""
        return zone(self.things["subnet", subnet][1])

    def open_vpcs(self) -> set[str]:
        """Those with an internet gateway."""
        return {value[0] for key, value in self.things.items() if key[0] == "gateway" and value[0]}

    def new(self, kind: str) -> str:
        """A name that nothing has or had."""
        self._count += 1
        return f"{kind}-{self._count}"

    def free_ip(self, block: str) -> str:
        """An address of a /24, perhaps a taken one."""
        return block.replace(".0/24", f".{self.rng.randrange(10, 250)}")


def zone(block: str) -> str:
    """Of a /24: every other one is in the second zone."""
    return ("us-east-1a", "us-east-1b")[int(block.split(".")[2]) % 2]


def delete(kind: str, name: str, word: str, parameter: str = "") -> Step:
    """DeleteWORD of one thing."""
    return Step(f"Delete{word}", {parameter or f"{word}Id": f"{{{name}}}"}, without((kind, name)))


def put(key: Key, *value: str) -> Callable[[Things], Things]:
    """One thing more, or other than it was."""
    return lambda things: {**things, key: value}


def without(*keys: Key) -> Callable[[Things], Things]:
    """These are no more."""
    return lambda things: {key: value for key, value in things.items() if key not in keys}


def freed(which: Callable[[tuple[str, ...]], bool]) -> Callable[[Things], Things]:
    """Elastic IPs whose association ends with something else."""

    def change(things: Things) -> Things:
        return {key: ("", "") if key[0] == "address" and which(value) else value for key, value in things.items()}

    return change


def pruned(things: Things) -> Things:
    """What goes with others is gone with them; who was held by them is free; a route stays, and leads nowhere."""
    there = {key[1] for key in things if key[0] not in OWNED}
    return {key: _freed(key[0], value, there) for key, value in things.items() if _stays(key, there)}


def _stays(key: Key, there: set[str]) -> bool:
    """Whether that whose it is is there, and, of a target, the instance too."""
    return key[0] not in OWNED or (key[1] in there and (key[0] != "target" or key[2] in there))


def _freed(kind: str, value: tuple[str, ...], there: set[str]) -> tuple[str, ...]:
    if kind == "route" and value[0] not in there:
        return (GONE,)
    if kind == "targets" and value[0] not in there:
        return (GONE, *value[1:])
    if kind == "address" and value[0] not in there:
        return ("", "")
    if kind == "eni" and value[2] not in there:
        return (*value[:2], "", *value[3:])
    return value
