"""What the kernel holds, counted against the plan: the dump is read here by nothing of the fabric's."""

import itertools
from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import NamedTuple

import pytest

from atoll.plan.rows import Address, In, Mapping, Route, Rule
from tests.kernel.fabric_lab import FabricLab, fabric_lab
from tests.unit.lagoon import lab as lagoon

pytestmark = pytest.mark.kernel

PLAN = lagoon()
EVERY_ADDRESS = (0, 2**32 - 1)


class Box(NamedTuple):
    """Packets that a rule, or an element, lets pass: ranges of the peer's address, the protocol and the port."""

    addresses: tuple[int, int]
    protocols: tuple[int, int]
    ports: tuple[int, int]

    def holds(self, point: tuple[int, ...]) -> bool:
        return all(low <= number <= high for (low, high), number in zip(self, point, strict=True))

    def points(self) -> Iterator[tuple[int, ...]]:
        """Its corners and its middle."""
        yield from itertools.product(*self)
        yield tuple((low + high) // 2 for low, high in self)


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[list[str]]:
    lab: FabricLab
    with fabric_lab(tmp_path / "world", PLAN) as lab:
        yield lab.fabric.dump().splitlines()


def test_each_address_is_there_once(lines: list[str]) -> None:
    for row in PLAN.all(Address):
        own = [line for line in lines if line.startswith(f"element {row.domain} own ") and line.endswith(f" {row.ip}")]
        assert len(own) == 1, row
        device = own[0].split()[3]
        assert f"kernel-route {row.domain}  {row.ip}/32 0 unicast {device}" in lines
        assert sum(line.startswith(f"neighbour {row.domain} {device} {row.ip} ") for line in lines) == 1
    assert sum(line.split(" ")[::2][:2] == ["element", "own"] for line in lines) == len(list(PLAN.all(Address)))


def test_each_route_is_there_once_and_no_other(lines: list[str]) -> None:
    found = Counter[tuple[str, ...]]()
    for line in lines:
        kind, domain, *rest = line.split(" ")
        if kind == "kernel-route" and rest[0] and rest[2] == "0":  # the last resort of a table has another metric
            found[(domain, rest[0], rest[1])] += 1
    assert found == Counter((row.domain, row.table, str(row.prefix)) for row in PLAN.all(Route))


def test_each_mapping_is_there_both_ways(lines: list[str]) -> None:
    for row in PLAN.all(Mapping):
        assert sum(line.endswith(f" {row.inside} : {row.outside}") for line in lines if " remap " in line) == 1
        assert sum(line.endswith(f" {row.outside} : {row.inside}") for line in lines if " unmap " in line) == 1


def test_elements_of_groups_let_pass_what_their_rules_say_and_nothing_else(lines: list[str]) -> None:
    rules = list(PLAN.all(Rule))
    assert {row.filter for row in rules} == {"sg-web", "sg-db"}
    for filter_, direction in itertools.product({row.filter for row in rules}, {row.direction for row in rules}):
        said = [_of_rule(row) for row in rules if (row.filter, row.direction) == (filter_, direction)]
        held = list(_of_elements(lines, f"{filter_}/{direction.value}4"))
        assert said
        assert held
        for box in said:
            for point in box.points():
                assert any(one.holds(point) for one in held), f"{filter_} {direction}: {point} of {box} is lost"
        for box in held:
            for point in box.points():
                assert any(one.holds(point) for one in said), f"{filter_} {direction}: {point} of {box} is too many"


def _of_rule(row: Rule) -> Box:
    match = row.match
    assert isinstance(match.peer, In)
    first = match.peer.prefix.low
    last = first + 2 ** (32 - match.peer.prefix.length) - 1
    protocols = (0, 255) if match.protocol is None else (match.protocol, match.protocol)
    return Box((first, last), protocols, (match.ports.low, match.ports.high))


def _of_elements(lines: list[str], sets: str) -> Iterator[Box]:
    for line in lines:
        words = line.split(" ")
        if words[0] == "element" and words[2] in (sets, f"{sets}-open", f"{sets}-other"):
            *addresses, protocols, ports = words[3:]
            yield Box(_addresses(addresses[0]) if addresses else EVERY_ADDRESS, _numbers(protocols), _numbers(ports))


def _addresses(said: str) -> tuple[int, int]:
    low, high = (int(IPv4Address(one)) for one in said.split("-"))
    return low, high


def _numbers(said: str) -> tuple[int, int]:
    low, high = map(int, said.split("-"))
    return low, high
