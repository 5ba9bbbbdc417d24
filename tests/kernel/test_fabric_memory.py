"""What a router remembers of connections that have passed, and that it never answers what it would not answer anew."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from atoll.fabric.contract import FabricError, SuspectError
from atoll.fabric.kernel import edition, names
from atoll.fabric.kernel.enforce import Enforcer
from atoll.fabric.kernel.routers import Router
from atoll.linux import conntrack, netns
from atoll.linux.conntrack import Connection
from atoll.linux.netlink import Message
from atoll.linux.nft import wire
from atoll.linux.packets import Listener, Reach, Stream
from atoll.packet import ICMP, TCP, UDP, Prefix
from atoll.plan.rows import Deliver, Direction, Filter, Port, Rule, Segment, ToPort
from atoll.records import Table
from tests.kernel.fabric_lab import FabricLab, fabric_lab
from tests.unit.lagoon import IN, OUT, VPC, change, guest, open_group, route, row, rule, world

pytestmark = pytest.mark.kernel

LEFT, RIGHT = "10.0.5.5", "10.0.6.5"
SHUT = rule("shut", "acl", IN, "10.0.5.0/24", TCP, allow=False, order=50)


def segment(name: str, prefix: str, fence: str | None = None) -> Segment:
    return Segment(id=name, domain=VPC, site="az-a", prefix=Prefix.parse(prefix), table=f"rtb-{name}", fence=fence)


def plan() -> Table:
    """a on the left, c on the right behind a fence that lets everything pass; groups let everything pass."""
    return Table(
        [
            *world(),
            *open_group("sg-all"),
            Filter(id="acl", domain=VPC, ordered=True),
            rule("acl-in", "acl", IN, order=100),
            rule("acl-out", "acl", OUT, order=100),
            segment("left", "10.0.5.0/24"),
            segment("right", "10.0.6.0/24", "acl"),
            route("rtb-left", "10.0.0.0/16", Deliver()),
            route("rtb-right", "10.0.0.0/16", Deliver()),
            *guest("a", "left", LEFT, ["sg-all"]),
            *guest("c", "right", RIGHT, ["sg-all"]),
        ]
    )


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[FabricLab]:
    with fabric_lab(tmp_path / "world", plan()) as made:
        yield made


def router(lab: FabricLab) -> Router:
    return lab.fabric._world.routers[VPC]


def noted(lab: FabricLab, port: int = 80) -> list[tuple[int, int]]:
    """(edition, notes) in the marks of the connections to that port of c's."""
    found = [one for one in conntrack.connections(router(lab).filter) if one.destination == RIGHT and _to(one, port)]
    notes = names.WENT | names.CAME
    return [((one.mark & names.MEMORY) >> names.EDITION_SHIFT, one.mark & notes) for one in found]


def _to(connection: Connection, port: int) -> bool:
    return port.to_bytes(2, "big") in connection.tuple


@contextlib.contextmanager
def talking(lab: FabricLab) -> Iterator[tuple[Stream, Stream]]:
    """A connection from a to c over which something was said both ways."""
    with Listener(lab.node("c"), RIGHT, 80) as server:
        _, stream = lab.stream("a", RIGHT, 80)
        accepted = server.accept()
        assert stream is not None
        assert accepted is not None
        with stream, accepted:
            assert heard(stream, accepted, b"question")
            assert heard(accepted, stream, b"answer")
            yield stream, accepted


def heard(sender: Stream, receiver: Stream, data: bytes, seconds: float = 2.0) -> bool:
    sender.send(data)
    return receiver.receive(seconds) == data


def lost(lab: FabricLab, sender: Stream, receiver: Stream) -> bool:
    """Bytes that do not arrive, proved by an echo that does after them."""
    sender.send(b"late")
    assert lab.pings("a", LEFT, RIGHT, 2.0)
    return receiver.receive(0) is None


def ask_nobody(lab: FabricLab) -> None:
    """Somebody empties the chains that judge: only what is remembered passes from now on."""
    router(lab).filtering([wire.flush_chain("ends")])


def test_who_has_passed_is_not_asked_again_and_who_is_new_is(lab: FabricLab) -> None:
    with talking(lab) as (stream, accepted):
        assert noted(lab) == [(router(lab).numbers.edition, names.WENT | names.CAME)]
        ask_nobody(lab)
        assert heard(stream, accepted, b"more")
        assert heard(accepted, stream, b"and back")
        assert lab.tcp("a", RIGHT, 81) is Reach.SILENT


def test_any_change_has_everybody_asked_again(lab: FabricLab) -> None:
    with talking(lab) as (stream, accepted):
        (before,) = noted(lab)
        ask_nobody(lab)
        lab.put(rule("new", "sg-all", IN, "192.0.2.0/24", UDP))
        assert router(lab).numbers.edition > before[0]
        assert lab.tcp("a", RIGHT, 81) is Reach.SILENT
        stream.send(b"lost")
        assert accepted.receive(0) is None
        lab.fabric.repair()
        assert accepted.receive(20) == b"lost"  # sent again


@pytest.mark.parametrize("direction", [IN, OUT])
def test_a_fence_cuts_what_is_remembered_and_lets_it_go_on(lab: FabricLab, direction: Direction) -> None:
    shut = rule("shut", "acl", direction, "10.0.5.0/24", TCP, allow=False, order=50)
    with talking(lab) as (stream, accepted):
        lab.put(shut)
        speaker, listener = (stream, accepted) if direction is IN else (accepted, stream)
        assert lost(lab, speaker, listener)
        lab.put(without=[shut])
        assert listener.receive(20) == b"late"


def test_a_route_that_changes_suspends_it_until_all_is_done(lab: FabricLab, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    real: Callable[[Enforcer], None] = Enforcer._open

    def watched(self: Enforcer) -> None:
        rules = [chain for chain, _ in wire.rules(router(lab).filter)]
        seen.append(edition.RECALL in rules)
        real(self)

    monkeypatch.setattr(Enforcer, "_open", watched)
    with talking(lab) as (stream, accepted):
        (before,) = noted(lab)
        lab.put(route("rtb-left", "10.9.0.0/16", ToPort("eni-c")))
        assert seen == [False]
        assert router(lab).numbers.edition > before[0]
        assert lab.fabric.observe() == []
        assert heard(stream, accepted, b"still there")


def test_an_error_about_a_connection_is_judged_by_itself(lab: FabricLab) -> None:
    """A closed port's error belongs to a connection that is remembered, and the fence lets no ICMP out."""
    with contextlib.closing(lab.udp("c", 53)) as service:
        asker = lab.udp("a", 40_000)
        asker.send(b"one", RIGHT, 53)
        assert service.receive() is not None
        service.send(b"two", LEFT, 40_000)
        assert asker.receive() is not None
        asker.send(b"three", RIGHT, 53)
        assert service.receive() is not None
        assert noted(lab, 53) == [(router(lab).numbers.edition, names.WENT | names.CAME)]
    no_icmp = rule("shut", "acl", OUT, "0.0.0.0/0", ICMP, allow=False, order=50)
    lab.put(no_icmp)
    before = errors(lab)
    asker.send(b"nobody", RIGHT, 53)
    assert not lab.pings("a", LEFT, RIGHT)
    assert errors(lab) == before
    lab.put(without=[no_icmp])
    asker.send(b"nobody", RIGHT, 53)
    assert lab.pings("a", LEFT, RIGHT, 2.0)
    assert errors(lab) == before + 1


def errors(lab: FabricLab) -> int:
    """How many errors a's kernel has been told."""
    lines = netns.call(lab.node("a"), lambda: Path("/proc/thread-self/net/snmp").read_text()).splitlines()
    head, values = (line.split() for line in lines if line.startswith("Icmp: "))
    return int(values[head.index("InDestUnreachs")])


def test_legs_of_a_middlebox_are_judged_one_by_one(lab: FabricLab) -> None:
    lab.put(
        *guest("box", "pub", "10.0.1.9", ["sg-all"], guard=False),
        route("rtb-left", "10.0.6.0/24", ToPort("eni-box")),
        route("rtb-right", "10.0.5.0/24", ToPort("eni-box")),
    )
    netns.call(lab.node("box"), lambda: netns.set_sysctls({"ipv4/ip_forward": "1"}))
    with talking(lab) as (stream, accepted):
        assert noted(lab) == [(0, 0), (0, 0)]
        lab.put(SHUT)
        assert lost(lab, stream, accepted)


def test_an_end_that_forgets_is_asked_again(lab: FabricLab) -> None:
    """A tracked connection outlives its rule, but not the absence of its port."""
    only = [row(lab.plan, Rule, name) for name in ("all-in", "all-in-2")]
    lab.put(rule("ping", "sg-all", IN, protocol=ICMP))
    with talking(lab) as (stream, accepted):
        lab.put(without=only)
        assert heard(stream, accepted, b"still there")
        lab.put(replace(row(lab.plan, Port, "eni-c"), up=False))
        lab.put(replace(row(lab.plan, Port, "eni-c"), up=True))
        assert lost(lab, stream, accepted)


def test_what_passed_while_something_was_wrong_is_forgotten_with_the_repair(lab: FabricLab) -> None:
    lab.put(SHUT)
    router(lab).filtering([wire.flush_chain("acl/in"), wire.flush_chain("acl/out")])  # somebody opens the fence
    with talking(lab) as (stream, accepted):
        assert noted(lab) == [(router(lab).numbers.edition, names.WENT | names.CAME)]
        lab.fabric.repair()
        assert lost(lab, stream, accepted)
        assert lab.tcp("a", RIGHT, 81) is Reach.SILENT


def test_when_the_numbers_are_used_up_no_old_note_counts(lab: FabricLab) -> None:
    with talking(lab) as (stream, accepted):
        numbers = router(lab).numbers
        old = numbers.edition
        numbers.renew_edition(names.EDITIONS - 1)
        lab.put(SHUT)
        assert numbers.edition == names.EDITIONS
        assert lost(lab, stream, accepted)
        assert noted(lab) == [(old, names.WENT | names.CAME)]
        lab.put(rule("new", "sg-all", IN, "192.0.2.0/24", UDP))
        assert numbers.edition == 2
        assert all(notes == 0 for _, notes in noted(lab))
        assert lab.fabric.observe() == []
        lab.put(without=[SHUT])
        assert accepted.receive(20) == b"late"


def test_a_refused_change_leaves_the_edition_as_it_was(lab: FabricLab, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Router.filtering
    failing = iter([True])

    def refused(self: Router, messages: list[object]) -> None:
        if next(failing, False):
            raise OSError("no memory")
        real(self, messages)  # type: ignore[arg-type]

    monkeypatch.setattr(Router, "filtering", refused)
    with talking(lab) as (stream, accepted):
        with pytest.raises(FabricError, match="undone"):
            lab.put(SHUT)
        assert lab.fabric.observe() == []
        assert heard(stream, accepted, b"more")
        lab.put(SHUT)
        assert lost(lab, stream, accepted)


def test_nothing_stays_suspended_after_a_change_that_broke_off(lab: FabricLab, monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[[Enforcer], None] = Enforcer._open
    failing = iter([True])

    def broken(self: Enforcer) -> None:
        real(self)
        if next(failing, False):
            raise TypeError("broken")

    monkeypatch.setattr(Enforcer, "_open", broken)
    with pytest.raises(FabricError, match="undone"):
        lab.put(route("rtb-left", "10.9.0.0/16", ToPort("eni-c")))
    assert lab.fabric.observe() == []
    with talking(lab):
        assert noted(lab) == [(router(lab).numbers.edition, names.WENT | names.CAME)]


def test_a_suspect_router_remembers_nothing_until_it_is_repaired(
    lab: FabricLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Enforcer) -> None:
        raise TypeError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(Enforcer, "_open", broken)
        with pytest.raises(SuspectError):
            lab.put(route("rtb-left", "10.9.0.0/16", ToPort("eni-c")))
    with talking(lab):
        assert [notes for _, notes in noted(lab)] == [0]
        lab.fabric.repair()
        assert lab.fabric.observe() == []
    with talking(lab):
        assert noted(lab)[-1] == (router(lab).numbers.edition, names.WENT | names.CAME)


@pytest.mark.parametrize("whole", [True, False])
def test_another_server_has_a_later_edition(lab: FabricLab, monkeypatch: pytest.MonkeyPatch, whole: bool) -> None:
    """Of a router that is as it should be no table is made anew, and one without its table remembers again."""
    made: list[Message] = []
    real = wire.new_table

    def counted() -> Message:
        made.append(real())
        return made[-1]

    monkeypatch.setattr(wire, "new_table", counted)
    with talking(lab) as (stream, accepted):
        before = router(lab).numbers.edition
        if not whole:
            tables = [wire.delete_table(family, name) for family, name in wire.tables(router(lab).filter)]
            router(lab).filtering(tables)
        lab.another_server()
        assert (made == []) is whole
        assert router(lab).numbers.edition > before
        assert lab.fabric.observe() == []
        assert heard(stream, accepted, b"still there")
        assert heard(accepted, stream, b"both ways")
        (noted_now,) = noted(lab)
        assert noted_now == (router(lab).numbers.edition, names.WENT | names.CAME)
        lab.put(SHUT)
        assert lost(lab, stream, accepted)


def test_the_plan_is_not_told_apart_by_editions(lab: FabricLab) -> None:
    before = lab.fabric.dump()
    lab.become(change(lab.plan, SHUT))
    lab.become(plan())
    assert lab.fabric.dump() == before
