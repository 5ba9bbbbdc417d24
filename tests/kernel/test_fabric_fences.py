"""Network ACLs with real packets: ordered, stateless, at the border of a subnet only."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from atoll.linux.packets import Listener, Reach
from atoll.packet import ICMP, TCP, UDP, Prefix
from atoll.plan.rows import Filter, Rule, Segment
from atoll.records import Table
from tests.kernel.fabric_lab import FabricLab, fabric_lab
from tests.unit.lagoon import IN, OUT, VPC, group, guest, row, rule, world

pytestmark = pytest.mark.kernel

EPHEMERAL = (1024, 65535)


def acl(name: str) -> Filter:
    return Filter(id=name, domain=VPC, ordered=True)


def fenced(name: str, prefix: str) -> Segment:
    return Segment(id=name, domain=VPC, site="az-a", prefix=Prefix.parse(prefix), table="rtb-priv", fence=f"acl-{name}")


def plan() -> Table:
    """Subnets left and right, each with its own fence that lets everything pass; groups let everything pass."""
    rows = [
        *world(),
        group("sg-all"),
        rule("all-in", "sg-all", IN),
        rule("all-out", "sg-all", OUT),
        fenced("left", "10.0.5.0/24"),
        fenced("right", "10.0.6.0/24"),
        *guest("a", "left", "10.0.5.5", ["sg-all"]),
        *guest("b", "left", "10.0.5.6", ["sg-all"]),
        *guest("c", "right", "10.0.6.5", ["sg-all"]),
    ]
    for name in ("acl-left", "acl-right"):
        rows += [
            acl(name),
            rule(f"{name}-in", name, IN, order=100),
            rule(f"{name}-out", name, OUT, order=100),
        ]
    return Table(rows)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[FabricLab]:
    with fabric_lab(tmp_path / "world", plan()) as made:
        yield made


def test_a_fence_that_lets_everything_pass_is_not_asked(lab: FabricLab) -> None:
    asked = ("element vpc-1 leaving", "element vpc-1 entering")
    assert not [line for line in lab.fabric.dump().splitlines() if line.startswith(asked)]
    lab.delivered("a", "10.0.6.5", 53, "c")


def test_the_first_rule_that_matches_decides(lab: FabricLab) -> None:
    lab.put(
        rule("r-90", "acl-right", IN, "10.0.5.5/32", UDP, (53, 60), allow=False, order=90),
        rule("r-80", "acl-right", IN, "10.0.5.0/24", UDP, (55, 55), order=80),
    )
    lab.dropped("a", "10.0.6.5", 53, "c", canary=("b", "10.0.6.5", 53))
    lab.dropped("a", "10.0.6.5", 60, "c", canary=("b", "10.0.6.5", 60))
    lab.delivered("a", "10.0.6.5", 55, "c")
    lab.delivered("a", "10.0.6.5", 61, "c")
    assert lab.fabric.observe() == []


def test_leaving_is_judged_as_entering_is(lab: FabricLab) -> None:
    lab.put(rule("l-50", "acl-left", OUT, "10.0.6.5/32", UDP, (53, 53), allow=False, order=50))
    lab.dropped("a", "10.0.6.5", 53, "c", canary=("a", "10.0.6.5", 54))


def test_replies_are_judged_too(lab: FabricLab) -> None:
    lab.put(
        rule("r-10", "acl-right", OUT, "10.0.5.0/24", TCP, EPHEMERAL, allow=False, order=10),
    )
    with Listener(lab.node("c"), "10.0.6.5", 80):
        assert lab.tcp("a", "10.0.6.5", 80) is Reach.SILENT
        lab.put(rule("r-10", "acl-right", OUT, "10.0.5.0/24", TCP, (80, 80), allow=False, order=10))
        assert lab.tcp("a", "10.0.6.5", 80) is Reach.CONNECTED


def test_a_change_cuts_a_tracked_connection_at_once(lab: FabricLab) -> None:
    with Listener(lab.node("c"), "10.0.6.5", 80) as server:
        _, stream = lab.stream("a", "10.0.6.5", 80)
        accepted = server.accept()
        assert stream is not None
        assert accepted is not None
        with stream, accepted:
            stream.send(b"one")
            assert accepted.receive() == b"one"
            lab.put(rule("r-10", "acl-right", IN, "10.0.5.5/32", TCP, allow=False, order=10))
            stream.send(b"two")
            lab.delivered("a", "10.0.6.5", 53, "c")
            assert accepted.receive(0) is None
            lab.put(without=[row(lab.plan, Rule, "r-10")])
            assert accepted.receive(5) == b"two"


def test_no_rule_is_a_refusal_and_never_inside_the_segment(lab: FabricLab) -> None:
    gone = [row(lab.plan, Rule, f"acl-left-{way}") for way in ("in", "out")]
    lab.put(without=gone)
    lab.dropped("c", "10.0.5.5", 53, "a", canary=("b", "10.0.5.5", 53))
    lab.put(*gone)
    lab.delivered("c", "10.0.5.5", 53, "a")


def test_icmp_types_and_codes(lab: FabricLab) -> None:
    lab.put(
        rule("r-10", "acl-right", IN, "0.0.0.0/0", ICMP, icmp=(8, -1), allow=False, order=10),
    )
    assert not lab.pings("a", "10.0.5.5", "10.0.6.5")
    assert lab.pings("c", "10.0.6.5", "10.0.5.5")
    lab.put(rule("r-10", "acl-right", IN, "0.0.0.0/0", ICMP, icmp=(0, 0), allow=False, order=10))
    assert lab.pings("a", "10.0.5.5", "10.0.6.5")
    assert not lab.pings("c", "10.0.6.5", "10.0.5.5")


def test_another_fence_for_a_segment(lab: FabricLab) -> None:
    lab.put(acl("acl-new"), rule("new-out", "acl-new", OUT, order=1))
    left = fenced("left", "10.0.5.0/24")
    lab.put(replace(left, fence="acl-new"))
    lab.dropped("c", "10.0.5.5", 53, "a", canary=("b", "10.0.5.5", 53))
    lab.delivered("a", "10.0.6.5", 53, "c")
    lab.put(left)
    lab.delivered("c", "10.0.5.5", 53, "a")
    assert lab.fabric.observe() == []
