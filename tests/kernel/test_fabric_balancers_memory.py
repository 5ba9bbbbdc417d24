"""What a router remembers of the legs to a balancer's node and from it, and that a change cuts at once all the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from atoll.fabric.kernel import names
from atoll.linux import conntrack
from atoll.linux.nft import wire
from atoll.linux.packets import Listener
from atoll.packet import TCP, UDP, Prefix
from atoll.plan.rows import (
    Direction,
    Filter,
    Segment,
)
from tests.kernel.fabric_lab import FabricLab, fabric_lab
from tests.kernel.test_fabric_balancers import API, NODE, connected, plan, talks
from tests.unit.lagoon import CLIENT, IN, OUT, VPC, guest, row, rule

pytestmark = pytest.mark.kernel


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[FabricLab]:
    with fabric_lab(tmp_path / "world", plan()) as made:
        yield made


def fence_round_the_node(lab: FabricLab) -> None:
    """One that lets everything pass."""
    everything = [rule("n-in", "acl", IN, order=200), rule("n-out", "acl", OUT, order=200)]
    lab.put(Filter(id="acl", domain=VPC, ordered=True), *everything)
    lab.put(replace(row(lab.plan, Segment, "pub"), fence="acl"))


def notes(lab: FabricLab, receiver: str) -> list[bool]:
    """Of each TCP connection of the client's with that address: whether both directions are remembered, in force."""
    router = lab.fabric._world.routers[VPC]
    both = router.numbers.edition << names.EDITION_SHIFT | names.WENT | names.CAME
    found = [
        one for one in conntrack.connections(router.filter) if (one.source, one.answer_source) == (CLIENT, receiver)
    ]
    return [one.mark & names.MEMORY == both for one in found if one.protocol == TCP]


def test_the_way_to_the_node_is_remembered_and_what_it_sends_on_is_not(lab: FabricLab) -> None:
    with Listener(lab.node("api"), API, 8080) as server:
        stream, accepted = connected(lab, server)
        with stream, accepted:
            talks(stream, accepted)
            assert (notes(lab, NODE), notes(lab, API)) == ([True], [False])
            ask_nobody = [wire.flush_chain("ends")]
            lab.fabric._world.routers[VPC].filtering(ask_nobody)
            stream.send(b"as far as the node")
            assert accepted.receive(0.3) is None
            lab.fabric.repair()
            assert accepted.receive(20) == b"as far as the node"


@pytest.mark.parametrize("direction", [IN, OUT])
def test_a_fence_cuts_the_way_to_the_node_at_once(lab: FabricLab, direction: Direction) -> None:
    shut = rule("shut", "acl", direction, f"{CLIENT}/32", TCP, allow=False, order=100)
    fence_round_the_node(lab)
    with Listener(lab.node("api"), API, 8080) as server:
        stream, accepted = connected(lab, server)
        with stream, accepted:
            talks(stream, accepted)
            assert notes(lab, NODE) == [True]
            speaker, listener = (stream, accepted) if direction is IN else (accepted, stream)
            lab.put(shut)
            speaker.send(b"late")
            lab.delivered("web", API, 5353, "api")  # behind it, if it arrives
            assert listener.receive(0) is None
            lab.put(without=[shut])
            assert listener.receive(20) == b"late"


def test_what_it_sends_on_in_a_connection_of_somebody_elses_is_judged(lab: FabricLab) -> None:
    """One port of a client's speaks with the server past the node, and is remembered; then through the node."""
    far = Segment(id="far", domain=VPC, site="az-b", prefix=Prefix.parse("10.0.4.0/24"), table="rtb-priv")
    lab.put(far, *guest("far", "far", "10.0.4.5", ["sg-all"], site="az-b"))
    fence_round_the_node(lab)
    shut = rule("shut", "acl", OUT, "10.0.2.0/24", UDP, (5353, 5353), allow=False, order=100)
    lab.put(shut)
    server = lab.udp("api", 5353)
    for _ in range(2):
        assert lab.delivered("far", API, 5353, "api", source_port=30000).port == 30000
        lab.delivered("api", "10.0.4.5", 30000, "far", source_port=5353)
    lab.send("far", NODE, 53, source_port=30000)
    lab.delivered("far", API, 5353, "api")
    assert server.waiting() == []
    lab.put(without=[shut])
    told = lab.send("far", NODE, 53, source_port=30000)
    arrived = server.receive()
    assert arrived is not None
    assert (arrived.ip, arrived.port, arrived.data) == ("10.0.4.5", 30000, told)
