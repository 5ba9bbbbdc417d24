"""NAT gateways in the kernel: real packets out, nothing in, and what both passes meet on their way."""

import contextlib
import itertools
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import inet_aton

import pytest
from msgspec.structs import replace

from atoll.fabric.contract import FabricError
from atoll.fabric.kernel import names
from atoll.linux import conntrack, netns
from atoll.linux.netlink import ACK, Message, attribute, be32
from atoll.linux.netlink import table as attributes
from atoll.linux.nft import wire
from atoll.linux.packets import Listener, Ping, Reach, Stream, Tap, ipv4_frame, udp_payload
from atoll.packet import ICMP, TCP, UDP, Prefix
from atoll.plan.rows import INTERNET, Address, Deliver, Filter, Masquerade, Port, Segment, Site, ToLink, ToPort
from atoll.records import Table
from tests.kernel.fabric_lab import SILENCE, FabricLab, fabric_lab
from tests.unit.lagoon import CLIENT, IN, OUT, VPC, guest, host, nat, open_group, public, route, row, rule, world
from tests.witness.packets.frames import Packet, frame

pytestmark = pytest.mark.kernel

SERVER, NAT, EIP, DB = "203.0.113.80", "10.0.1.9", "198.18.0.9", "10.0.2.5"
_TIMEOUT, _NEW, _GET = 7, 1 << 8, 1 << 8 | 1
_HEADER = struct.pack(">BBH", 2, 0, 0)


def plan() -> Table:
    """db in the private subnet goes out by a NAT gateway in pub; web has a public address of its own."""
    return Table(
        [
            *world(),
            *open_group("sg-all"),
            *guest("web", "pub", "10.0.1.5", ["sg-all"]),
            *guest("db", "priv", DB, ["sg-all"]),
            *guest("db2", "priv", "10.0.2.6", ["sg-all"]),
            *nat("a", "pub", NAT, table="rtb-priv"),
            *host("client", CLIENT),
            *host("server", SERVER),
            *public("10.0.1.5", "198.18.0.7"),
            *public(NAT, EIP),
        ]
    )


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[FabricLab]:
    with fabric_lab(tmp_path / "world", plan()) as made:
        yield made


def inside(lab: FabricLab) -> Path:
    """The gateway's namespace."""
    path = lab.fabric.namespace("nat-a")
    assert path is not None
    return path


def left(lab: FabricLab) -> list[int]:
    """The seconds that the gateway gives its connections yet."""
    netlink = lab.fabric._world.forwarders["nat-a"].filter
    found = (attributes(payload[4:]) for payload in netlink.dump(_GET, _HEADER))
    return [int(struct.unpack(">I", one[_TIMEOUT])[0]) for one in found]


def pass_time(lab: FabricLab) -> None:
    """As if the gateway's connections had been silent for as long as it waits."""
    netlink = lab.fabric._world.forwarders["nat-a"].filter
    for one in list(conntrack.connections(netlink)):
        netlink.run([Message(_NEW, ACK, _HEADER + attribute(1 | 0x8000, one.tuple) + be32(_TIMEOUT, 0))])


def connected(lab: FabricLab, server: Listener, source: str = "db") -> tuple[Stream, Stream]:
    """Both ends of a connection through the gateway."""
    _, stream = lab.stream(source, SERVER, 80)
    accepted = server.accept()
    assert stream is not None
    assert accepted is not None
    return stream, accepted


def test_tcp_udp_and_echo_leave_with_the_gateways_address(lab: FabricLab) -> None:
    seen = lab.delivered("db", SERVER, 53, "server", source_port=30000)
    assert (seen.ip, seen.port) == (EIP, 30000)
    lab.udp("server", 53).send(b"answer", seen.ip, seen.port)
    answer = lab.udp("db", 30000).receive()
    assert answer is not None
    assert (answer.data, answer.ip, answer.port) == (b"answer", SERVER, 53)
    with Listener(lab.node("server"), SERVER, 80) as server:
        reach, stream = lab.stream("db", SERVER, 80)
        assert reach is Reach.CONNECTED
        accepted = server.accept()
        assert accepted is not None
        assert stream is not None
        with accepted, stream:
            assert accepted.peer == EIP
            accepted.send(b"hello")
            assert stream.receive() == b"hello"
    assert lab.pings("db", DB, SERVER)
    assert lab.fabric.observe() == []


LARGE = bytes(20_000)
"""No packet of the VPC's is as large: it travels in fragments."""


def test_fragments_of_udp_pass_and_no_others(lab: FabricLab) -> None:
    with Ping(lab.node("db"), DB) as private, Ping(lab.node("web"), "10.0.1.5") as past_it:
        assert private.ping(SERVER)
        assert past_it.ping(SERVER, data=LARGE)
        assert not private.ping(SERVER, SILENCE, LARGE)
        assert private.ping("10.0.1.5", data=LARGE)  # its own router takes them all
    receiver, sender = lab.udp("server", 53), lab.udp("db")
    sender.send(LARGE, SERVER, 53)
    arrived = receiver.receive()
    assert arrived is not None
    assert (arrived.ip, arrived.data) == (EIP, LARGE)
    receiver.send(LARGE, arrived.ip, arrived.port)
    answer = sender.receive()
    assert answer is not None
    assert answer.data == LARGE


@pytest.mark.parametrize("cuts", [[(0, 20)], [(0, 8), (8, 20)]], ids=["whole", "in fragments"])
def test_a_connection_that_begins_in_fragments_is_not_heard_of(lab: FabricLab, cuts: list[tuple[int, int]]) -> None:
    macs = (row(lab.plan, Port, "eni-db").mac, names.ROUTER_MAC)
    syn = frame(Packet(1, TCP, DB, 30_000, SERVER, 80), *macs)[34:]
    with Tap(lab.node("server")) as server, Tap(lab.node("db"), "eth0") as db:
        for start, end in cuts:
            more = 0x2000 if end < len(syn) else 0
            db.send(ipv4_frame(macs, (DB, SERVER), TCP, syn[start:end], more | start // 8))
        heard = server.find(lambda one: one[26:34] == inet_aton(EIP) + inet_aton(SERVER), SILENCE)
    assert (heard is not None) == (len(cuts) == 1)


def test_the_internets_router_tracks_nothing(lab: FabricLab) -> None:
    lab.delivered("db", SERVER, 53, "server")
    lab.delivered("client", "198.18.0.7", 53, "web")
    routers = lab.fabric._world.routers
    assert len(list(conntrack.connections(routers[VPC].filter))) == 3
    assert list(conntrack.connections(routers[INTERNET].filter)) == []


def test_nothing_comes_in(lab: FabricLab) -> None:
    assert lab.tcp("client", EIP, 80) is Reach.SILENT
    assert not lab.pings("client", CLIENT, EIP)
    seen = lab.delivered("db", SERVER, 53, "server", source_port=30000)
    lab.udp("client").send(b"stranger", EIP, seen.port)  # not who was asked
    lab.udp("server", 53).send(b"answer", EIP, seen.port)
    answer = lab.udp("db", 30000).receive()
    assert answer is not None
    assert answer.data == b"answer"
    assert lab.udp("db", 30000).waiting() == []


def test_it_answers_nobody_inside_either(lab: FabricLab) -> None:
    assert not lab.pings("db", DB, NAT)
    assert lab.tcp("db", NAT, 80) is Reach.SILENT


def test_other_subnets_and_zones_may_use_it(lab: FabricLab) -> None:
    far = Segment(id="far", domain=VPC, site="az-b", prefix=Prefix.parse("10.0.4.0/24"), table="rtb-priv")
    lab.put(far, *guest("far", "far", "10.0.4.5", ["sg-all"], site="az-b"))
    assert lab.delivered("far", SERVER, 53, "server").ip == EIP
    assert lab.pings("far", "10.0.4.5", SERVER)


def test_its_own_subnet_may_lead_to_it_but_then_nothing_leads_out(lab: FabricLab) -> None:
    lab.put(replace(row(lab.plan, Segment, "pub"), table="rtb-priv"))
    assert not lab.pings("db", DB, SERVER)
    lab.put(route("rtb-priv", f"{SERVER}/32", ToLink("igw")))
    lab.put(route("rtb-db", "0.0.0.0/0", ToPort("eni-nat-a")), route("rtb-db", "10.0.0.0/16", Deliver()))
    lab.put(replace(row(lab.plan, Segment, "priv"), table="rtb-db"))
    assert lab.pings("db", DB, SERVER)


def test_a_connection_that_takes_another_way_is_translated_as_that_way_does(lab: FabricLab) -> None:
    lab.put(*public(DB, "198.18.0.5"))
    through, past = route("rtb-priv", "0.0.0.0/0", ToPort("eni-nat-a")), route("rtb-priv", "0.0.0.0/0", ToLink("igw"))
    for way, public_ip in ((through, EIP), (past, "198.18.0.5"), (through, EIP)):
        lab.put(way)
        seen = lab.delivered("db", SERVER, 53, "server", source_port=30000)
        assert seen.ip == public_ip
        lab.udp("server", 53).send(b"answer", seen.ip, seen.port)
        answer = lab.udp("db", 30000).receive()
        assert answer is not None
        assert answer.ip == SERVER


def test_behind_a_middlebox(lab: FabricLab) -> None:
    """db goes out by a middlebox in a subnet of its own, and that by the gateway; both ways, or one way only."""
    mid = Segment(id="mid", domain=VPC, site="az-a", prefix=Prefix.parse("10.0.5.0/24"), table="rtb-mid")
    lab.put(mid, *guest("box", "mid", "10.0.5.5", ["sg-all"], guard=False))
    lab.put(route("rtb-mid", "10.0.0.0/16", Deliver()), route("rtb-mid", "0.0.0.0/0", ToPort("eni-nat-a")))
    lab.put(route("rtb-priv", "0.0.0.0/0", ToPort("eni-box")))
    netns.call(lab.node("box"), lambda: netns.set_sysctls({"ipv4/ip_forward": "1"}))
    assert lab.delivered("db", SERVER, 53, "server").ip == EIP
    assert lab.pings("db", DB, SERVER)
    lab.put(route("rtb-pub", "10.0.2.0/24", ToPort("eni-box")))
    assert lab.pings("db", DB, SERVER)
    with Listener(lab.node("server"), SERVER, 80) as server:
        stream, accepted = connected(lab, server)
        with stream, accepted:
            assert accepted.peer == EIP
            stream.send(b"through both")
            assert accepted.receive() == b"through both"


def test_fences_judge_both_passes(lab: FabricLab) -> None:
    everything = [rule("n-in", "acl", IN, order=200), rule("n-out", "acl", OUT, order=200)]
    fenced = replace(row(lab.plan, Segment, "pub"), fence="acl")
    lab.put(Filter(id="acl", domain=VPC, ordered=True), *everything, fenced)
    assert lab.pings("db", DB, SERVER)
    for number, shut in enumerate(
        (
            rule("shut", "acl", IN, "10.0.2.0/24", ICMP, allow=False, order=100),  # from the private subnet
            rule("shut", "acl", OUT, SERVER, ICMP, allow=False, order=100),  # out to the server
            rule("shut", "acl", IN, SERVER, ICMP, allow=False, order=100),  # its answer, coming in
            rule("shut", "acl", OUT, "10.0.2.0/24", ICMP, allow=False, order=100),  # its answer, going on
        )
    ):
        lab.put(shut)
        assert not lab.pings("db", DB, SERVER), number
        lab.put(without=[shut])
        assert lab.pings("db", DB, SERVER), number


def test_silence_for_as_long_as_it_waits_ends_a_connection_with_a_reset(lab: FabricLab) -> None:
    with Listener(lab.node("server"), SERVER, 80) as server:
        stream, accepted = connected(lab, server)
        with stream, accepted:
            stream.send(b"before")
            assert accepted.receive() == b"before"
            (seconds,) = left(lab)
            assert names.IDLE - 30 < seconds <= names.IDLE
            pass_time(lab)
            stream.send(b"after")
            with pytest.raises(ConnectionResetError):
                stream.receive()
            assert accepted.receive(0) is None  # the other end hears nothing
        assert lab.tcp("db", SERVER, 80) is Reach.CONNECTED


def test_udp_and_echo_are_kept_as_long(lab: FabricLab) -> None:
    lab.delivered("db", SERVER, 53, "server")
    assert lab.pings("db", DB, SERVER)
    assert len(left(lab)) == 2
    assert all(names.IDLE - 30 < seconds <= names.IDLE for seconds in left(lab))


def test_what_outside_goes_on_with_after_that_is_lost(lab: FabricLab) -> None:
    with Listener(lab.node("server"), SERVER, 80) as server, Tap(lab.node("db")) as tap:
        stream, accepted = connected(lab, server)
        with stream, accepted:
            pass_time(lab)
            accepted.send(b"too late")
            assert lab.pings("db", DB, SERVER)  # the canary
            assert stream.receive(0) is None
            assert tap.find(lambda frame: b"too late" in frame, 0) is None


def test_two_senders_with_the_same_port_get_different_ones(lab: FabricLab) -> None:
    one = lab.delivered("db", SERVER, 53, "server", source_port=30000)
    other = lab.delivered("db2", SERVER, 53, "server", source_port=30000)
    assert (one.ip, other.ip, one.port) == (EIP, EIP, 30000)
    assert other.port != 30000
    assert 1024 <= other.port <= 65535
    lab.udp("server", 53).send(b"to the second", other.ip, other.port)
    answer = lab.udp("db2", 30000).receive()
    assert answer is not None
    assert answer.data == b"to the second"
    assert lab.udp("db", 30000).waiting() == []


def test_a_port_is_used_again_for_another_destination_and_when_it_is_free(lab: FabricLab) -> None:
    for source, ip, receiver in (("db", SERVER, "server"), ("db2", CLIENT, "client")):
        seen = lab.delivered(source, ip, 53, receiver, source_port=30000)
        assert (seen.ip, seen.port) == (EIP, 30000)
    assert lab.delivered("db2", SERVER, 53, "server", source_port=30000).port != 30000
    pass_time(lab)
    assert lab.delivered("db2", SERVER, 53, "server", source_port=30000).port == 30000


def test_low_ports_become_high_ones(lab: FabricLab) -> None:
    seen = lab.delivered("db", SERVER, 53, "server", source_port=123)
    assert 1024 <= seen.port <= 65535


def flood(lab: FabricLab, source: str, ip: str, ports: range, destination: str = SERVER, port: int = 53) -> None:
    """Datagrams from all of these ports, as fast as they can be written."""
    macs = (row(lab.plan, Port, f"eni-{source}").mac, names.ROUTER_MAC)
    head = ipv4_frame(macs, (ip, destination), UDP, udp_payload(0, port, b"flood"))
    with Tap(lab.node(source), "eth0") as tap:
        for own in ports:
            tap.send(head[:34] + own.to_bytes(2, "big") + head[36:])


def test_so_many_connections_to_one_destination_and_no_more(lab: FabricLab) -> None:
    few = replace(row(lab.plan, Masquerade, "nat-a", NAT), per_destination=200)
    lab.put(few)
    receiver = lab.udp("server", 53)
    flood(lab, "db", DB, range(20000, 20220))
    assert lab.delivered("db", "203.0.113.10", 53, "client").ip == EIP  # another destination: free, and a canary
    assert len(receiver.waiting()) == 200
    flood(lab, "db", DB, range(20000, 20200))  # those that are known go on
    lab.delivered("db", SERVER, 54, "server")  # another port is another destination
    assert len(receiver.waiting()) == 200
    pass_time(lab)
    lab.delivered("db", SERVER, 53, "server")


def test_several_addresses_share_the_connections(lab: FabricLab) -> None:
    lab.put(*nat("a", "pub", NAT, "10.0.1.10", table="rtb-priv"), *public("10.0.1.10", "198.18.0.10"))
    seen = {lab.delivered("db", SERVER, 53, "server", source_port=own).ip for own in range(30000, 30032)}
    assert seen == {EIP, "198.18.0.10"}
    assert lab.fabric.held("nat-a") == {NAT, "10.0.1.10"}
    assert lab.fabric.held("nat-z") == frozenset()
    # One drains: what has it keeps it, new connections get the other.
    lab.put(without=[row(lab.plan, Masquerade, "nat-a", "10.0.1.10")])
    again = {lab.delivered("db", SERVER, 53, "server", source_port=own).ip for own in range(30000, 30032)}
    assert again == seen
    fresh = {lab.delivered("db", SERVER, 53, "server", source_port=own).ip for own in range(31000, 31016)}
    assert fresh == {EIP}
    gone = [row(lab.plan, Address, VPC, "10.0.1.10"), *public("10.0.1.10", "198.18.0.10")]
    lab.put(without=gone)
    assert lab.fabric.held("nat-a") == {NAT}
    assert {lab.delivered("db", SERVER, 53, "server", source_port=own).ip for own in range(30000, 30032)} == {EIP}
    assert lab.fabric.observe() == []


def test_who_has_no_address_of_the_domain_is_not_served(lab: FabricLab) -> None:
    lab.put(replace(row(lab.plan, Port, "eni-db"), guard=False))
    macs = (row(lab.plan, Port, "eni-db").mac, names.ROUTER_MAC)
    receiver = lab.udp("server", 53)
    with Tap(lab.node("db"), "eth0") as tap:
        for ip in ("10.0.2.99", "198.51.100.7", "10.0.2.1", "10.0.2.6"):
            tap.send(ipv4_frame(macs, (ip, SERVER), UDP, udp_payload(4000, 53, ip.encode())))
    lab.delivered("web", SERVER, 54, "server")
    assert [one.data for one in receiver.waiting()] == [b"10.0.2.6"]


def test_without_a_public_address_it_leads_nowhere_outside_but_on_inside(lab: FabricLab) -> None:
    lab.put(without=public(NAT, EIP))
    assert lab.tcp("db", SERVER, 80) is Reach.SILENT
    lab.dropped("db", SERVER, 53, "server", canary=("web", SERVER, 53))


def test_a_gateway_that_goes_takes_its_connections_along(lab: FabricLab) -> None:
    before = lab.fabric.dump()
    gone = nat("a", "pub", NAT, table="rtb-priv") + public(NAT, EIP)
    with Listener(lab.node("server"), SERVER, 80) as server:
        stream, accepted = connected(lab, server)
        with stream, accepted:
            lab.put(without=gone)
            stream.send(b"lost")
            lab.dropped("db", SERVER, 53, "server", canary=("web", SERVER, 53))
            assert accepted.receive(0) is None
    lab.reap()
    assert lab.fabric.observe() == []
    assert "nat-a" not in lab.fabric.dump()
    lab.put(*gone)
    assert lab.fabric.dump() == before
    assert lab.delivered("db", SERVER, 53, "server").ip == EIP


def test_a_gateway_goes_and_comes_back_under_load(lab: FabricLab) -> None:
    """Once its removal is acknowledged nothing leaves, while others go on sending and asking to connect."""
    gone = nat("a", "pub", NAT, table="rtb-priv") + public(NAT, EIP)
    receiver = lab.udp("server", 53)
    with Listener(lab.node("server"), SERVER, 80) as server, load(lab) as sent:
        stream, accepted = connected(lab, server)
        with stream, accepted:
            assert receiver.receive() is not None
            lab.put(without=gone)
            sent(200)  # what was under way has arrived
            receiver.waiting()
            sent(200)
            assert lab.delivered("web", SERVER, 54, "server").ip == "198.18.0.7"
            assert receiver.waiting() == []
            stream.send(b"lost")
            assert lab.tcp("db2", SERVER, 80) is Reach.SILENT
            assert accepted.receive(0) is None
            lab.put(*gone)
            arrived = receiver.receive()
            assert arrived is not None
            assert arrived.ip == EIP
            assert lab.tcp("db2", SERVER, 80) is Reach.CONNECTED
    lab.reap()
    assert lab.fabric.observe() == []


@contextlib.contextmanager
def load(lab: FabricLab) -> Iterator[Callable[[int], None]]:
    """Datagrams from db, one after another, each a connection. Yields what waits until so many more were sent."""
    progress = threading.Condition()
    count, over = 0, threading.Event()

    def sending() -> None:
        nonlocal count
        for own in itertools.cycle(range(20_000, 30_000)):
            if over.is_set():
                return
            flood(lab, "db", DB, range(own, own + 1))
            with progress:
                count += 1
                progress.notify_all()

    def sent(more: int) -> None:
        with progress:
            target = count + more
            assert progress.wait_for(lambda: count >= target, 30)

    thread = threading.Thread(target=sending)
    thread.start()
    try:
        yield sent
    finally:
        over.set()
        thread.join()


def test_its_zone_may_be_down(lab: FabricLab) -> None:
    lab.put(*guest("app", "pub-b", "10.0.3.5", ["sg-all"], site="az-b"))
    down = replace(row(lab.plan, Site, "az-a"), up=False)
    lab.put(replace(row(lab.plan, Segment, "pub-b"), table="rtb-priv"))
    assert lab.delivered("app", SERVER, 53, "server").ip == EIP
    lab.put(down)
    lab.dropped("app", SERVER, 53, "server", canary=("client", SERVER, 53))


def test_what_somebody_changes_inside_is_seen_and_put_right(lab: FabricLab) -> None:
    lab.delivered("db", SERVER, 53, "server", source_port=30000)
    translator = lab.fabric._world.forwarders["nat-a"]
    translator.filtering([wire.flush_chain("translate")])
    assert any("chain nat-a translate" in line for line in lab.fabric.observe())
    lab.fabric.repair()
    assert lab.fabric.observe() == []
    assert lab.delivered("db", SERVER, 53, "server", source_port=30001).ip == EIP


def test_another_server_takes_it_up_with_its_connections(lab: FabricLab) -> None:
    with Listener(lab.node("server"), SERVER, 80) as server:
        stream, accepted = connected(lab, server)
        with stream, accepted:
            before = lab.fabric.dump()
            lab.another_server()
            assert lab.fabric.observe() == []
            assert lab.fabric.dump() == before
            stream.send(b"still there")
            assert accepted.receive() == b"still there"


def test_another_idle_time_is_refused(lab: FabricLab) -> None:
    with pytest.raises(FabricError, match="350 seconds"):
        lab.put(replace(row(lab.plan, Masquerade, "nat-a", NAT), idle=60))


def test_what_goes_through_it_is_always_tracked(lab: FabricLab) -> None:
    """Rules open to the world both ways leave what goes past it untracked, and cut it when they go."""
    wide = [rule("wide-in", "sg-wide", IN), rule("wide-out", "sg-wide", OUT)]
    lab.put(Filter(id="sg-wide", domain=VPC), *wide, *guest("wide", "priv", "10.0.2.9", ["sg-wide"]))
    for ip, at in ((SERVER, "server"), ("10.0.1.5", "web")):
        lab.delivered("wide", ip, 53, at, source_port=30000)
    lab.put(without=wide)
    lab.delivered("wide", SERVER, 53, "server", source_port=30000)
    lab.dropped("wide", "10.0.1.5", 53, "web", canary=("db", "10.0.1.5", 53), source_port=30000)
    lab.dropped("wide", SERVER, 53, "server", canary=("db", SERVER, 53), source_port=30001)
