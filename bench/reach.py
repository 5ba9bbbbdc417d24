"""Proof: all pairs in every VPC, one question, one rule changed to the new answer, what the internet reaches.

`python -m bench.reach [VPCs]`: 100 unless said otherwise, each with 100 ENIs in 4 subnets, 50 groups of 20 rules and an
ACL of 8 entries a subnet; "odd ports": every rule of every group has a range of its own. Times are of the processor:
one thread computes, and nothing waits.
"""

import random
import resource
import statistics
import sys
import time
from collections.abc import Iterator

import numpy as np

from atoll.analyze.between import Asked, Sender, Target, between, public
from atoll.analyze.internet import ANYONE, addresses, with_anyone
from atoll.analyze.matrix import Matrix
from atoll.analyze.reach import Box, reach
from atoll.analyze.reach.flows import SERVICES, place
from atoll.analyze.reach.spans import single
from atoll.packet import TCP, UDP, Prefix, ip_number, ip_text
from atoll.plan.rows import (
    INTERNET,
    Address,
    Deliver,
    Direction,
    Domain,
    DomainKind,
    Filter,
    In,
    Link,
    Mapping,
    Node,
    NodeKind,
    Port,
    Route,
    Row,
    Rule,
    Segment,
    SentBy,
    Site,
    ToLink,
    Wearing,
)
from atoll.records import Table
from tests.unit.lagoon import rule

ENIS, SUBNETS, GROUPS, RULES, ENTRIES, WORN = 100, 4, 50, 20, 8, 2
USUAL = ((22, 22), (80, 80), (443, 443), (5432, 5432), (3306, 3306), (8000, 8080), (1024, 65535), (53, 53))
QUESTIONS = 500


def build(vpcs: int, *, odd: bool, seed: int = 1) -> Table:
    chance = random.Random(seed)
    return Table([*_internet(), *(row for number in range(vpcs) for row in _vpc(chance, number, odd=odd))])


def _internet() -> Iterator[Row]:
    block = Prefix.parse("203.0.113.0/24")
    yield from (Site(id="az-a"), Site(id=INTERNET), Domain(id=INTERNET, kind=DomainKind.INTERNET))
    yield Segment(id=INTERNET, domain=INTERNET, site=INTERNET, prefix=block, table=INTERNET)
    yield Route(table=INTERNET, domain=INTERNET, prefix=block, via=Deliver())


def _vpc(chance: random.Random, number: int, *, odd: bool) -> Iterator[Row]:
    vpc, gateway, whole = f"vpc-{number}", f"igw-{number}", Prefix.parse("10.0.0.0/16")
    yield Domain(id=vpc, kind=DomainKind.VPC)
    yield Link(id=gateway, a=vpc, b=INTERNET, arrive_a=f"in-{number}", arrive_b=INTERNET, mapped=True)
    for table in (f"rtb-{number}", f"in-{number}"):
        yield Route(table=table, domain=vpc, prefix=whole, via=Deliver())
    yield Route(table=f"rtb-{number}", domain=vpc, prefix=Prefix.everything(), via=ToLink(gateway))
    for subnet in range(SUBNETS):
        name, acl = f"{vpc}/{subnet}", f"acl-{number}-{subnet}"
        yield Segment(
            id=name,
            domain=vpc,
            site="az-a",
            prefix=Prefix.parse(f"10.0.{subnet}.0/24"),
            table=f"rtb-{number}",
            fence=acl,
        )
        yield Filter(id=acl, domain=vpc, ordered=True)
        for entry in range(ENTRIES):
            way = (Direction.IN, Direction.OUT)[entry % 2]
            peer = f"10.0.{chance.randrange(SUBNETS)}.0/24" if entry < 4 else "0.0.0.0/0"
            allow = entry >= 4 or chance.random() < 0.5
            ports = USUAL[entry] if entry < 4 else (0, 65535)
            yield rule(f"{acl}-{entry}", acl, way, peer, TCP if entry < 4 else None, ports, allow=allow, order=entry)
    for group in range(GROUPS):
        yield from _group(chance, vpc, f"sg-{number}-{group}", number, odd=odd)
    for eni in range(ENIS):
        yield from _eni(chance, vpc, number, eni, gateway)


def _group(chance: random.Random, vpc: str, name: str, number: int, *, odd: bool) -> Iterator[Row]:
    yield Filter(id=name, domain=vpc)
    yield rule(f"{name}-out", name, Direction.OUT)
    for index in range(RULES - 1):
        low = chance.randrange(65000)
        ports = (low, low + chance.randrange(500)) if odd else chance.choice(USUAL)
        peers = (
            SentBy(f"sg-{number}-{chance.randrange(GROUPS)}"),
            In(Prefix.parse(f"10.0.{chance.randrange(4)}.0/24")),
        )
        peer = chance.choice((*peers, *peers, In(Prefix.everything())))
        yield rule(f"{name}-{index}", name, Direction.IN, peer, chance.choice((TCP, TCP, UDP)), ports)


def _eni(chance: random.Random, vpc: str, number: int, eni: int, gateway: str) -> Iterator[Row]:
    name, subnet = f"eni-{number}-{eni}", eni % SUBNETS
    ip, outside = f"10.0.{subnet}.{eni // SUBNETS + 4}", ip_text(4, ip_number("198.18.0.0")[1] + number * ENIS + eni)
    yield Node(id=f"i-{number}-{eni}", site="az-a", kind=NodeKind.GUEST)
    yield Port(id=name, segment=f"{vpc}/{subnet}", mac="02:00:00:00:00:00", node=f"i-{number}-{eni}", index=0)
    yield Address(domain=vpc, ip=ip, port=name, primary=True)
    for slot, group in enumerate(chance.sample(range(GROUPS), WORN)):
        yield Wearing(port=name, slot=slot, filter=f"sg-{number}-{group}")
    yield Mapping(link=gateway, inside=ip, outside=outside)
    yield Route(table=INTERNET, domain=INTERNET, prefix=Prefix.parse(outside), via=ToLink(gateway))


def a_pair(chance: random.Random, vpcs: int) -> tuple[int, int, str, Box]:
    """A VPC, and two ENIs in it: the number of the VPC and of the second, the port of the first, all flows between."""
    number, (one, other) = chance.randrange(vpcs), chance.sample(range(ENIS), 2)
    source, asked = (single(place(f"10.0.{eni % SUBNETS}.{eni // SUBNETS + 4}")) for eni in (one, other))
    return number, other, f"eni-{number}-{one}", Box(source, asked, SERVICES)


def all_pairs(plan: Table, vpcs: int) -> tuple[float, int, int]:
    """Seconds, pairs, and between how many of them something arrives."""
    start = time.process_time()
    pairs = opened = 0
    for number in range(vpcs):
        matrix = Matrix(plan, f"vpc-{number}")
        assert matrix.leads.all()
        pairs += len(matrix.addresses) ** 2
        sizes = matrix.sizes
        opened += int(sizes @ matrix.arrives.any(axis=2) @ sizes)
    return time.process_time() - start, pairs, opened


def questions(plan: Table, vpcs: int) -> list[float]:
    """Seconds for each of some questions about all services between two ENIs of a VPC."""
    chance = random.Random(2)
    found = []
    for _ in range(QUESTIONS):
        _, _, port, box = a_pair(chance, vpcs)
        start = time.process_time()
        reach(plan, port, [box])
        found.append(time.process_time() - start)
    return found


def changes(plan: Table, vpcs: int) -> list[float]:
    """Seconds from one more rule in a group to the new answer for an ENI that wears it."""
    chance = random.Random(3)
    found = []
    for index in range(QUESTIONS):
        number, other, port, box = a_pair(chance, vpcs)
        group = plan.by(Wearing, "port", f"eni-{number}-{other}")[0].filter
        new = rule(f"new-{index}", group, Direction.IN, "10.0.0.0/16", TCP, (index, index))
        start = time.process_time()
        plan.apply({new.key: (None, new)})
        reach(plan, port, [box])
        found.append(time.process_time() - start)
        plan.apply({new.key: (new, None)})
    return found


def exposure(plan: Table, vpcs: int) -> tuple[float, int]:
    """Seconds, and to how many ENIs the internet has a way in, asked of one VPC in ten."""
    start = time.process_time()
    whole = with_anyone(plan)
    internet = addresses(whole)
    asked = [f"eni-{number}-{eni}" for number in range(0, vpcs, 10) for eni in range(ENIS)]
    found = (
        between(whole, Sender(ANYONE, internet), Target(name, public(whole, name), frozenset({name})), Asked())
        for name in asked
    )
    opened = sum(bool(one.open) for one in found)
    return time.process_time() - start, opened


def spread(seconds: list[float]) -> str:
    return f"p50 {statistics.median(seconds) * 1e3:.2f} ms, p99 {np.percentile(seconds, 99) * 1e3:.2f} ms"


def main(vpcs: int) -> None:
    for odd in (False, True):
        plan = build(vpcs, odd=odd)
        rules = sum(1 for _ in plan.all(Rule))
        print(f"{'odd' if odd else 'usual'} ports: {vpcs} VPCs, {vpcs * ENIS} ENIs, {rules} rules, {len(plan)} rows")
        seconds, pairs, opened = all_pairs(plan, vpcs)
        print(f"  all pairs in each VPC, all services, both ways: {pairs} in {seconds:.2f} s ({opened} not shut)")
        print(f"  one question: {spread(questions(plan, vpcs))}")
        print(f"  one more rule, to the new answer: {spread(changes(plan, vpcs))}")
        seconds, opened = exposure(plan, vpcs)
        print(f"  the internet to each ENI of one VPC in ten: {seconds:.2f} s, {opened} reached")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
