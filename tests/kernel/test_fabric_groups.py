"""Security groups with real packets: union of rules, both ends, references, tracked and untracked connections."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from atoll.linux.packets import Listener, Reach
from atoll.packet import ICMP, TCP, UDP, Prefix
from atoll.plan.rows import Filter, InSet, Member, Rule, SentBy, Wearing
from atoll.records import Table
from tests.kernel.fabric_lab import FabricLab, fabric_lab
from tests.unit.lagoon import IN, OUT, group, guest, row, rule, world

pytestmark = pytest.mark.kernel

OPEN_TO_ALL = "0.0.0.0/0"


def plan() -> Table:
    """a, b and c in subnet pub: c's group has rules of its own; everybody may send."""
    return Table(
        [
            *world(),
            group("sg-a"),
            group("sg-c"),
            group("sg-free"),
            rule("a-out", "sg-a", OUT),
            rule("a-ping", "sg-a", IN, "10.0.1.0/24", ICMP, icmp=(8, -1)),
            rule("c-out", "sg-c", OUT, "10.0.0.0/16", UDP),
            rule("c-53", "sg-c", IN, "10.0.1.0/24", UDP, (53, 53)),
            rule("c-80", "sg-c", IN, "10.0.1.5/32", TCP, (80, 81)),
            rule("c-canary", "sg-c", IN, "10.0.1.0/24", UDP, (9, 9)),
            rule("free-out", "sg-free", OUT),
            *guest("a", "pub", "10.0.1.5", ["sg-a"]),
            *guest("b", "pub", "10.0.1.6", ["sg-a", "sg-free"]),
            *guest("c", "pub", "10.0.1.7", ["sg-c"]),
            *guest("d", "priv", "10.0.2.7", ["sg-c"]),
        ]
    )


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[FabricLab]:
    with fabric_lab(tmp_path / "world", plan()) as made:
        yield made


def test_a_rule_lets_its_port_pass_and_no_other(lab: FabricLab) -> None:
    seen = lab.delivered("a", "10.0.1.7", 53, "c")
    assert seen.ip == "10.0.1.5"
    lab.dropped("a", "10.0.1.7", 54, "c", canary=("a", "10.0.1.7", 9))
    lab.dropped("a", "10.0.1.7", 52, "c", canary=("a", "10.0.1.7", 9))
    assert lab.fabric.observe() == []


def test_rules_are_effective_when_apply_returns(lab: FabricLab) -> None:
    opened = rule("c-7", "sg-c", IN, "10.0.1.5/32", UDP, (7, 7))
    for _ in range(20):
        lab.dropped("a", "10.0.1.7", 7, "c", canary=("b", "10.0.1.7", 9))
        lab.put(opened)
        lab.delivered("a", "10.0.1.7", 7, "c")
        lab.new_connection("a")
        lab.put(without=[opened])


def test_overlapping_rules_come_and_go_in_any_order(lab: FabricLab) -> None:
    wide = rule("c-wide", "sg-c", IN, "10.0.0.0/8", UDP, (1, 1000))
    narrow = rule("c-narrow", "sg-c", IN, "10.0.1.6/32", UDP, (700, 1200))
    lab.put(wide, narrow)
    lab.delivered("a", "10.0.1.7", 800, "c")
    lab.delivered("b", "10.0.1.7", 1100, "c")
    lab.dropped("a", "10.0.1.7", 1100, "c", canary=("b", "10.0.1.7", 9))
    lab.put(without=[wide])
    lab.delivered("b", "10.0.1.7", 801, "c")
    lab.dropped("a", "10.0.1.7", 801, "c", canary=("b", "10.0.1.7", 9))
    assert lab.fabric.observe() == []


def test_refused_is_not_silent(lab: FabricLab) -> None:
    with Listener(lab.node("c"), "10.0.1.7", 80) as server:
        assert lab.tcp("a", "10.0.1.7", 80) is Reach.CONNECTED
        accepted = server.accept()
        assert accepted is not None
        accepted.close()
        assert lab.tcp("b", "10.0.1.7", 80) is Reach.SILENT
    assert lab.tcp("a", "10.0.1.7", 81) is Reach.REFUSED
    assert lab.tcp("a", "10.0.1.7", 82) is Reach.SILENT


def test_icmp_has_types(lab: FabricLab) -> None:
    assert lab.pings("b", "10.0.1.6", "10.0.1.5")
    assert not lab.pings("a", "10.0.1.5", "10.0.1.7")
    lab.put(rule("c-ping", "sg-c", IN, OPEN_TO_ALL, ICMP, icmp=(8, 0)))
    assert lab.pings("a", "10.0.1.5", "10.0.1.7")
    lab.put(rule("c-ping", "sg-c", IN, OPEN_TO_ALL, ICMP, icmp=(0, -1)))
    assert not lab.pings("b", "10.0.1.6", "10.0.1.7")


def test_the_sender_is_asked_as_well(lab: FabricLab) -> None:
    lab.put(rule("a-all-in", "sg-a", IN))
    with Listener(lab.node("a"), "10.0.1.5", 80):
        assert lab.tcp("b", "10.0.1.5", 80) is Reach.CONNECTED
        assert lab.tcp("c", "10.0.1.5", 80) is Reach.SILENT
    lab.delivered("c", "10.0.1.5", 80, "a")


def test_a_reference_asks_what_the_sender_wears(lab: FabricLab) -> None:
    lab.put(rule("c-ref", "sg-c", IN, SentBy("sg-free"), UDP, (5000, 5001)))
    lab.delivered("b", "10.0.1.7", 5000, "c")
    lab.dropped("a", "10.0.1.7", 5000, "c", canary=("b", "10.0.1.7", 5001))
    lab.put(Wearing(port="eni-a", slot=1, filter="sg-free"))
    lab.delivered("a", "10.0.1.7", 5000, "c")
    lab.put(without=[row(lab.plan, Wearing, "eni-a", "1")])
    lab.dropped("a", "10.0.1.7", 5001, "c", canary=("b", "10.0.1.7", 5001), source_port=4444)
    assert lab.fabric.observe() == []


def test_an_outward_reference_asks_what_the_receiver_wears(lab: FabricLab) -> None:
    lab.put(
        group("sg-out"),
        rule("out-ref", "sg-out", OUT, SentBy("sg-c"), UDP),
        *guest("e", "pub", "10.0.1.8", ["sg-out"]),
        rule("a-all-in", "sg-a", IN),
    )
    lab.delivered("e", "10.0.1.7", 53, "c")
    lab.dropped("e", "10.0.1.5", 53, "a", canary=("b", "10.0.1.5", 53))


def test_a_prefix_list_is_its_members(lab: FabricLab) -> None:
    lab.put(rule("c-list", "sg-c", IN, InSet("pl-1"), UDP, (600, 600)))
    lab.dropped("a", "10.0.1.7", 600, "c", canary=("a", "10.0.1.7", 9), source_port=4000)
    lab.put(Member(set="pl-1", prefix=Prefix.parse("10.0.1.5/32")))
    lab.delivered("a", "10.0.1.7", 600, "c")
    lab.dropped("b", "10.0.1.7", 600, "c", canary=("a", "10.0.1.7", 9))


def test_a_tracked_connection_outlives_its_rule_and_an_untracked_one_does_not(lab: FabricLab) -> None:
    tracked = rule("f-22", "sg-free", IN, "10.0.1.5/32", UDP, (22, 22))
    free = rule("f-80", "sg-free", IN, OPEN_TO_ALL, UDP, (80, 80))
    canary = rule("f-9", "sg-free", IN, "10.0.1.7/32", UDP, (9, 9))
    lab.put(tracked, free, canary)
    lab.delivered("a", "10.0.1.6", 22, "b", source_port=1022)
    lab.delivered("a", "10.0.1.6", 80, "b", source_port=1080)
    lab.put(without=[tracked, free])
    lab.delivered("a", "10.0.1.6", 22, "b", source_port=1022)
    lab.dropped("a", "10.0.1.6", 22, "b", canary=("c", "10.0.1.6", 9), source_port=1023)
    lab.dropped("a", "10.0.1.6", 80, "b", canary=("c", "10.0.1.6", 9), source_port=1080)
    lab.put(free)
    lab.delivered("a", "10.0.1.6", 80, "b", source_port=1080)


def test_an_untracked_connections_replies_need_the_open_rule(lab: FabricLab) -> None:
    """Law 5: each packet in its own direction. The replies of an untracked connection leave by the outward rules."""
    lab.put(
        group("sg-narrow"),
        rule("n-in", "sg-narrow", IN, "10.0.1.0/24", UDP),
        rule("n-out", "sg-narrow", OUT, "10.0.1.0/24", UDP),
        *guest("n", "pub", "10.0.1.8", ["sg-narrow"]),
        rule("f-80", "sg-free", IN, OPEN_TO_ALL, UDP, (80, 80)),
    )
    lab.put(without=[row(lab.plan, Wearing, "eni-b", "0")])
    asked = lab.delivered("n", "10.0.1.6", 80, "b", source_port=1080)
    lab.udp("b", 80).send(b"answer", asked.ip, asked.port)
    assert lab.udp("n", 1080).receive() is not None
    lab.put(
        rule("f-7", "sg-free", OUT, "10.0.1.8/32", UDP, (7, 7)),
        without=[row(lab.plan, Rule, "free-out")],
    )
    lab.udp("b", 80).send(b"lost", asked.ip, asked.port)
    lab.delivered("b", "10.0.1.8", 7, "n")
    assert lab.udp("n", 1080).waiting() == []
    lab.delivered("n", "10.0.1.6", 80, "b", source_port=1080)


def test_icmp_is_always_tracked(lab: FabricLab) -> None:
    ping = rule("f-ping", "sg-free", IN, OPEN_TO_ALL, ICMP)
    lab.put(ping, without=[row(lab.plan, Wearing, "eni-b", "0")])
    lab.put(rule("free-out", "sg-free", OUT, "10.9.9.9/32", UDP))
    assert lab.pings("a", "10.0.1.5", "10.0.1.6")


def test_a_group_without_rules_lets_nothing_pass(lab: FabricLab) -> None:
    empty = Filter(id="sg-none", domain="vpc-1")
    lab.put(empty, Wearing(port="eni-c", slot=0, filter="sg-none"))
    lab.udp("c", 53)
    lab.send("a", "10.0.1.7", 53)  # the first that arrives below must be another one
    lab.put(Wearing(port="eni-c", slot=0, filter="sg-c"))
    lab.delivered("a", "10.0.1.7", 53, "c")


def test_many_groups_are_a_union(lab: FabricLab) -> None:
    names = [f"sg-{number}" for number in range(15)]
    lab.put(
        *map(group, names),
        *(rule(f"r-{name}", name, IN, "10.0.1.0/24", UDP, (100 + n, 100 + n)) for n, name in enumerate(names)),
        *guest("m", "pub", "10.0.1.9", names),
    )
    for number in (0, 7, 14):
        lab.delivered("a", "10.0.1.9", 100 + number, "m")
    lab.dropped("a", "10.0.1.9", 115, "m", canary=("a", "10.0.1.9", 114))


def test_answers_never_start_tracking_and_the_openers_next_packet_does(lab: FabricLab) -> None:
    """Untracked while open to the world both ways; tracked from the opener's next packet on when that is over."""
    free = rule("f-80", "sg-free", IN, OPEN_TO_ALL, UDP, (80, 80))
    narrow = rule("f-80-a", "sg-free", IN, "10.0.1.5/32", UDP, (80, 80))
    canary = rule("f-9", "sg-free", IN, "10.0.1.7/32", UDP, (9, 9))
    lab.put(free, canary)
    asked = lab.delivered("a", "10.0.1.6", 80, "b", source_port=1080)
    lab.udp("b", 80).send(b"answer", asked.ip, asked.port)
    assert lab.udp("a", 1080).receive() is not None
    lab.put(narrow, without=[free])
    lab.put(without=[narrow])
    lab.dropped("a", "10.0.1.6", 80, "b", canary=("c", "10.0.1.6", 9), source_port=1080)
    lab.put(narrow)
    lab.delivered("a", "10.0.1.6", 80, "b", source_port=1080)
    lab.put(without=[narrow])
    lab.delivered("a", "10.0.1.6", 80, "b", source_port=1080)


def test_a_packet_that_is_not_delivered_leaves_nothing_behind(lab: FabricLab) -> None:
    """The opener's end passes a packet that the receiver's end refuses: its own rule is asked again next time."""
    free, out = rule("f-80", "sg-free", IN, OPEN_TO_ALL, UDP, (80, 80)), row(lab.plan, Rule, "a-out")
    canary = rule("f-9", "sg-free", IN, "10.0.1.7/32", UDP, (9, 9))
    lab.put(free, canary, rule("a-in", "sg-a", IN), without=[row(lab.plan, Wearing, "eni-b", "0")])
    lab.delivered("a", "10.0.1.6", 80, "b", source_port=1080)
    lab.put(without=[free])
    lab.dropped("a", "10.0.1.6", 80, "b", canary=("c", "10.0.1.6", 9), source_port=1080)
    lab.put(free, without=[out])
    lab.dropped("a", "10.0.1.6", 80, "b", canary=("c", "10.0.1.6", 9), source_port=1080)
