"""How long the kernel tracks a silent connection: as long as the ends that track it say, by its own clock."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from atoll.fabric.kernel.names import CLOSED
from atoll.linux.netlink import Netlink
from atoll.linux.nft import wire
from atoll.linux.packets import Listener, Reach, Stream
from atoll.packet import ICMP, TCP, UDP
from atoll.plan.rows import Idle, Port, Rule
from atoll.records import Table
from tests.kernel.fabric_lab import SILENCE, FabricLab, fabric_lab
from tests.support import silence
from tests.unit.lagoon import CLIENT, IN, OUT, VPC, guest, host, open_group, public, row, rule, world

pytestmark = pytest.mark.kernel

ONE, TWO, WIDE, PUBLIC = "10.0.1.5", "10.0.1.6", "10.0.1.7", "198.18.0.7"


def plan() -> Table:
    """one and two track what they say to one another; wide has an untracked pair of rules."""
    groups = [
        rule("sgr-in", "sg-narrow", IN, f"{ONE}/32"),
        rule("sgr-wide", "sg-narrow", IN, f"{WIDE}/32"),
        rule("sgr-client", "sg-narrow", IN, f"{CLIENT}/32"),
        rule("sgr-out", "sg-narrow", OUT, "10.0.0.0/8"),
    ]
    return Table(
        [
            *world(),
            *open_group("sg-wide"),
            *[one for one in open_group("sg-narrow") if not isinstance(one, Rule)],
            *groups,
            *guest("one", "pub", ONE, ["sg-narrow"]),
            *guest("two", "pub", TWO, ["sg-narrow"]),
            *guest("wide", "pub", WIDE, ["sg-wide"]),
            *host("client", CLIENT),
            *public(ONE, PUBLIC),
        ]
    )


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[FabricLab]:
    with fabric_lab(tmp_path / "world", plan()) as made:
        yield made


def idle(lab: FabricLab, **times: Idle) -> None:
    """The ports of these guests get these times."""
    ports = (row(lab.plan, Port, f"eni-{name}") for name in times)
    lab.put(*(replace(port, idle=times[port.id.removeprefix("eni-")]) for port in ports))


def netlink(lab: FabricLab) -> Netlink:
    return lab.fabric._world.routers[VPC].filter


def left(lab: FabricLab, protocol: int) -> int:
    """The seconds that the one connection of that protocol has yet; the kernel rounds down."""
    (found,) = (one.seconds for one in silence.left(netlink(lab)) if one.protocol == protocol)
    return found


def gives(lab: FabricLab, protocol: int, seconds: int) -> bool:
    return seconds - 2 <= left(lab, protocol) <= seconds


def talk(
    lab: FabricLab, held: contextlib.ExitStack, source: str, ip: str, at: str, own: str = ""
) -> tuple[Stream, Stream]:
    """A TCP connection over which something was said: the client's end of it and the server's."""
    listener = held.enter_context(Listener(lab.node(at), own or ip, 80))
    reach, stream = lab.stream(source, ip, 80)
    assert reach is Reach.CONNECTED
    assert stream is not None
    accepted = listener.accept()
    assert accepted is not None
    held.enter_context(stream)
    held.enter_context(accepted)
    stream.send(b"x")
    assert accepted.receive() == b"x"
    return stream, accepted


def ask(lab: FabricLab, source: str, ip: str, at: str) -> None:
    """A datagram that nobody answers."""
    lab.delivered(source, ip, 53, at, source_port=30000)


def answer(lab: FabricLab, source: str, at: str, address: str) -> None:
    """The answer to it."""
    lab.udp(at, 53).send(b"answer", address, 30000)
    assert lab.udp(source, 30000).receive() is not None


def test_the_usual_times_are_those_of_aws(lab: FabricLab) -> None:
    with contextlib.ExitStack() as held:
        talk(lab, held, "one", TWO, "two")
        assert gives(lab, TCP, 432_000)
    ask(lab, "one", TWO, "two")
    assert gives(lab, UDP, 30)
    assert lab.pings("one", ONE, TWO)
    assert gives(lab, ICMP, 600)
    assert (lab.fabric.observe(), "idle" in lab.fabric.dump()) == ([], False)


@pytest.mark.parametrize("slow", ["one", "two"])
def test_the_shorter_of_both_ends_counts(lab: FabricLab, slow: str) -> None:
    fast = {"one": "two", "two": "one"}[slow]
    idle(lab, **{slow: Idle(tcp=600, udp=60), fast: Idle(tcp=60, udp=60)})
    with contextlib.ExitStack() as held:
        talk(lab, held, "one", TWO, "two")
        assert gives(lab, TCP, 60)
    ask(lab, "one", TWO, "two")
    assert gives(lab, UDP, 60)
    assert lab.fabric.observe() == []


def test_an_end_with_the_usual_times_counts_as_well(lab: FabricLab) -> None:
    idle(lab, one=Idle(udp=60, stream=60))
    ask(lab, "one", TWO, "two")
    assert gives(lab, UDP, 30), "two has the usual 30"
    answer(lab, "one", "two", ONE)
    assert gives(lab, UDP, 30), "one question and one answer are no stream"


def test_the_other_side_of_a_gateway_is_no_end(lab: FabricLab) -> None:
    idle(lab, one=Idle(tcp=70, udp=60))
    with contextlib.ExitStack() as held:
        talk(lab, held, "client", PUBLIC, "one", ONE)
        assert gives(lab, TCP, 70)
    lab.delivered("client", PUBLIC, 53, "one")
    assert gives(lab, UDP, 60)


def test_an_end_that_does_not_track_the_connection_does_not_count(lab: FabricLab) -> None:
    wide = [rule("wide-in", "sg-wide", IN), rule("wide-out", "sg-wide", OUT)]
    lab.put(*wide)
    idle(lab, wide=Idle(tcp=60), one=Idle(tcp=90))
    with contextlib.ExitStack() as held:
        talk(lab, held, "one", WIDE, "wide")
        assert gives(lab, TCP, 90)


def test_what_was_silent_too_long_meets_the_rules_again(lab: FabricLab) -> None:
    idle(lab, two=Idle(tcp=60))
    opening = row(lab.plan, Rule, "sgr-in")
    with contextlib.ExitStack() as held:
        stream, accepted = talk(lab, held, "one", TWO, "two")
        lab.put(without=[opening])
        for part in (b"a", b"b"):
            silence.pass_time(netlink(lab), 50)
            stream.send(part)
            assert accepted.receive() == part, "tracked, and each packet begins its silence anew"
        silence.pass_time(netlink(lab), 61)
        stream.send(b"c")
        assert accepted.receive(SILENCE) is None


def test_a_flow_of_datagrams_is_forgotten_after_its_time(lab: FabricLab) -> None:
    idle(lab, one=Idle(udp=60), two=Idle(udp=60))
    ask(lab, "one", TWO, "two")
    lab.put(without=[row(lab.plan, Rule, "sgr-in")])
    silence.pass_time(netlink(lab), 45)
    ask(lab, "one", TWO, "two")
    silence.pass_time(netlink(lab), 61)
    lab.dropped("one", TWO, 53, "two", canary=("wide", TWO, 53), source_port=30000)


def test_times_come_and_go_and_the_connections_live(lab: FabricLab) -> None:
    before = lab.fabric.dump()
    idle(lab, one=Idle(60, 60, 60), two=Idle(60, 30, 170))
    with contextlib.ExitStack() as held:
        stream, accepted = talk(lab, held, "one", TWO, "two")
        ask(lab, "one", TWO, "two")
        assert gives(lab, UDP, 30)
        assert "timeout vpc-1 udp-30-60" in lab.fabric.dump(), "the shorter of both, which neither has"
        assert lab.fabric.observe() == []
        idle(lab, one=Idle(), two=Idle())
        assert lab.fabric.dump() == before
        stream.send(b"y")
        assert accepted.receive() == b"y"


def test_times_that_somebody_took_away_are_seen_and_come_back(lab: FabricLab) -> None:
    idle(lab, one=Idle(tcp=60))
    wire.transaction(netlink(lab), [wire.flush_chain("idle"), wire.delete_timeout("tcp-60")])
    assert "missing timeout vpc-1 tcp-60" in lab.fabric.observe()
    lab.fabric.repair()
    assert lab.fabric.observe() == []
    with contextlib.ExitStack() as held:
        talk(lab, held, "one", TWO, "two")
        assert gives(lab, TCP, 60)


def test_a_port_that_nothing_filters_tracks_nothing_whatever_its_times(lab: FabricLab) -> None:
    bare = guest("bare", "pub", "10.0.1.66")
    lab.put(*(replace(one, idle=Idle(tcp=60)) if isinstance(one, Port) else one for one in bare))
    assert lab.fabric.observe() == []
    lab.put(without=[row(lab.plan, type(one), *one.key[1:]) for one in bare])
    assert lab.fabric.observe() == []


def test_what_both_ends_have_closed_is_soon_forgotten(lab: FabricLab) -> None:
    """A table of 262,144 is not filled by 2,200 short connections a second; one that is open keeps its time."""
    with contextlib.ExitStack() as held:
        ends = talk(lab, held, "one", TWO, "two")
        assert left(lab, TCP) > CLOSED
        for end in ends:
            end.close()
        until = time.monotonic() + 5  # the last packet is under way
        while left(lab, TCP) > CLOSED:
            assert time.monotonic() < until
