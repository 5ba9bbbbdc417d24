"""Prefix lists with real packets: a rule names a set, and its members may change under the rule."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from atoll.linux.packets import Listener, Reach
from atoll.packet import TCP, UDP, Prefix
from atoll.plan.rows import InSet, Member, Port, ToPort
from atoll.records import Table
from tests.kernel.fabric_lab import FabricLab, fabric_lab
from tests.unit.lagoon import IN, OUT, change, group, guest, lab, route, row, rule

pytestmark = pytest.mark.kernel


def member(prefix: str) -> Member:
    return Member(set="pl", prefix=Prefix.parse(prefix))


def plan() -> Table:
    """Guests a and b in pub; s takes UDP and TCP from who is on the list."""
    return change(
        lab(),
        group("sg-list"),
        rule("udp", "sg-list", IN, InSet("pl"), UDP),
        rule("tcp", "sg-list", IN, InSet("pl"), TCP),
        group("sg-out"),
        rule("out", "sg-out", OUT),
        *guest("a", "pub", "10.0.1.30", ["sg-out"]),
        *guest("b", "pub", "10.0.1.31", ["sg-out"]),
        *guest("s", "priv", "10.0.2.30", ["sg-list"]),
        member("10.0.1.31/32"),
    )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[FabricLab]:
    with fabric_lab(tmp_path / "world", plan()) as made:
        yield made


def test_a_list_s_members_decide_and_a_change_is_effective_at_once(world: FabricLab) -> None:
    world.dropped("a", "10.0.2.30", 53, "s", canary=("b", "10.0.2.30", 53))
    world.put(member("10.0.1.30/32"))
    world.delivered("a", "10.0.2.30", 54, "s")
    world.put(without=[member("10.0.1.30/32")])
    world.new_connection("a")
    world.dropped("a", "10.0.2.30", 55, "s", canary=("b", "10.0.2.30", 55))
    world.put(member("10.0.1.0/24"), member("10.0.0.0/8"), member("2001:db8::/32"))
    world.delivered("a", "10.0.2.30", 56, "s")
    assert world.fabric.observe() == []


def test_a_tracked_connection_outlives_the_entry_that_let_it_in(world: FabricLab) -> None:
    with Listener(world.node("s"), "10.0.2.30", 80) as server:
        reach, stream = world.stream("b", "10.0.2.30", 80)
        assert reach is Reach.CONNECTED
        accepted = server.accept()
        assert stream is not None
        assert accepted is not None
        with stream, accepted:
            world.put(without=[member("10.0.1.31/32")])
            stream.send(b"still here")
            assert accepted.receive() == b"still here"
            assert world.tcp("b", "10.0.2.30", 80) is Reach.SILENT


def test_a_list_of_everything_is_no_rule_open_to_the_world(world: FabricLab) -> None:
    """Tracked, though the way back is open to the world: law 5 asks for a rule, and a list is none."""
    world.put(member("0.0.0.0/0"), rule("out-all", "sg-list", OUT))
    world.delivered("a", "10.0.2.30", 53, "s", source_port=4000)
    world.put(without=[member("0.0.0.0/0")])
    world.delivered("a", "10.0.2.30", 53, "s", source_port=4000)


def test_what_comes_in_through_the_very_interface_that_it_is_for_is_answered(world: FabricLab) -> None:
    """An edge table may lead a subnet through one of its own interfaces: for that one's address it is no middlebox."""
    unguarded = replace(row(world.plan, Port, "eni-web"), guard=False)
    world.put(unguarded, route("igw-in", "10.0.1.0/24", ToPort("eni-web")))
    with Listener(world.node("web"), "10.0.1.5", 80):
        assert world.tcp("client", "198.18.0.7", 80) is Reach.CONNECTED
    assert world.fabric.observe() == []
