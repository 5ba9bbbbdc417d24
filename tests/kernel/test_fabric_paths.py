"""Where packets go: segments, tables, the internet gateway, source and destination check, middleboxes, path MTU."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from atoll.linux import conntrack, netns
from atoll.linux.netlink import NETFILTER, Netlink
from atoll.linux.packets import Listener, Reach, Tap, ipv4_frame, udp_payload
from atoll.packet import TCP, UDP, Prefix
from atoll.plan.rows import (
    Deliver,
    Domain,
    DomainKind,
    Drop,
    Filter,
    Link,
    Mapping,
    Node,
    Port,
    Route,
    Segment,
    ToLink,
    ToPort,
)
from atoll.records import Table
from tests.kernel.fabric_lab import FabricLab, fabric_lab
from tests.unit.lagoon import CLIENT, IN, OUT, VPC, group, guest, host, open_group, public, route, row, rule, world

pytestmark = pytest.mark.kernel

CANARY = 9


def plan() -> Table:
    """web and app in public subnets with public addresses, db in the private one; everything allowed."""
    return Table(
        [
            *world(),
            *open_group("sg-all"),
            *guest("web", "pub", "10.0.1.5", ["sg-all"]),
            *guest("app", "pub-b", "10.0.3.5", ["sg-all"], site="az-b"),
            *guest("db", "priv", "10.0.2.5", ["sg-all"]),
            *host("client", CLIENT),
            *host("server", "203.0.113.80"),
            *public("10.0.1.5", "198.18.0.7"),
            *public("10.0.3.5", "198.18.0.8"),
        ]
    )


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[FabricLab]:
    with fabric_lab(tmp_path / "world", plan()) as made:
        yield made


def hosts_small(lab: FabricLab) -> None:
    """The internet has packets of 1500 bytes."""
    ports = (row(lab.plan, Port, f"eni-{name}") for name in ("client", "server"))
    lab.put(*(msgspec.structs.replace(port, mtu=1500) for port in ports))


def test_from_the_internet_the_clients_address_is_kept(lab: FabricLab) -> None:
    seen = lab.delivered("client", "198.18.0.7", 53, "web")
    assert seen.ip == CLIENT
    lab.udp("web", 53).send(b"answer", seen.ip, seen.port)
    answer = lab.udp("client").receive()
    assert answer is not None
    assert (answer.ip, answer.port) == ("198.18.0.7", 53)
    with Listener(lab.node("web"), "10.0.1.5", 80) as server:
        reach, stream = lab.stream("client", "198.18.0.7", 80)
        assert reach is Reach.CONNECTED
        accepted = server.accept()
        assert accepted is not None
        assert stream is not None
        with accepted, stream:
            assert accepted.peer == CLIENT
    assert lab.pings("client", CLIENT, "198.18.0.7")
    assert lab.fabric.observe() == []


def test_to_the_internet_the_mapping_gives_the_address(lab: FabricLab) -> None:
    assert lab.delivered("web", "203.0.113.80", 53, "server").ip == "198.18.0.7"
    assert lab.pings("web", "10.0.1.5", "203.0.113.80")
    assert lab.tcp("web", "203.0.113.80", 80) is Reach.REFUSED


def test_without_a_mapping_there_is_no_way_out(lab: FabricLab) -> None:
    lab.put(*guest("plain", "pub", "10.0.1.6", ["sg-all"]))
    lab.dropped("plain", "203.0.113.80", 53, "server", canary=("web", "203.0.113.80", 53))
    assert lab.tcp("plain", "203.0.113.80", 80) is Reach.SILENT
    lab.delivered("plain", "10.0.1.5", 53, "web")


def test_private_addresses_do_not_answer_from_outside(lab: FabricLab) -> None:
    forced = [
        Route(table="internet", domain="internet", prefix=Prefix.parse("10.0.0.0/8"), via=ToLink("igw")),
    ]
    lab.put(*forced)
    lab.dropped("client", "10.0.1.5", 53, "web", canary=("client", "198.18.0.7", 53))
    lab.dropped("client", "10.0.2.5", 53, "db", canary=("web", "10.0.2.5", 53))


def test_one_public_address_to_another_leaves_and_comes_back(lab: FabricLab) -> None:
    assert lab.delivered("web", "198.18.0.8", 53, "app").ip == "198.18.0.7"
    assert lab.delivered("web", "198.18.0.7", 53, "web").ip == "198.18.0.7"


def test_the_way_in_needs_no_route_back_but_the_answer_does(lab: FabricLab) -> None:
    lab.put(*public("10.0.2.5", "198.18.0.9"))
    seen = lab.delivered("client", "198.18.0.9", 53, "db")
    lab.udp("db", 53).send(b"lost", seen.ip, seen.port)
    lab.delivered("web", "203.0.113.10", CANARY, "client")
    assert lab.udp("client").waiting() == []
    assert lab.tcp("client", "198.18.0.9", 80) is Reach.SILENT


def test_the_longest_prefix_wins_and_a_black_hole_is_silent(lab: FabricLab) -> None:
    hole = route("rtb-pub", "203.0.113.80/32", Drop())
    lab.put(hole)
    lab.dropped("web", "203.0.113.80", 53, "server", canary=("client", "203.0.113.80", 53))
    lab.delivered("web", CLIENT, 53, "client")
    lab.put(without=[hole])
    lab.delivered("web", "203.0.113.80", 53, "server")


def test_a_route_inside_the_vpc_may_be_a_black_hole_but_never_inside_a_subnet(lab: FabricLab) -> None:
    lab.put(
        route("rtb-pub", "10.0.2.0/24", Drop()),
        route("rtb-pub", "10.0.1.0/25", Drop()),
        *guest("near", "pub", "10.0.1.6", ["sg-all"]),
    )
    lab.put(*guest("db2", "priv", "10.0.2.6", ["sg-all"]))
    lab.dropped("web", "10.0.2.5", 53, "db", canary=("db2", "10.0.2.5", 53))
    lab.delivered("web", "10.0.1.6", 53, "near")


def test_two_networks_of_the_same_addresses_live_side_by_side(lab: FabricLab) -> None:
    twin = [
        Domain(id="vpc-2", kind=DomainKind.VPC),
        Segment(id="pub2", domain="vpc-2", site="az-a", prefix=Prefix.parse("10.0.1.0/24"), table="rtb2"),
        route("rtb2", "10.0.0.0/16", Deliver(), "vpc-2"),
        Filter(id="sg-2", domain="vpc-2"),
        rule("in-2", "sg-2", IN),
        rule("out-2", "sg-2", OUT),
        *guest("web2", "pub2", "10.0.1.5", ["sg-2"], domain="vpc-2"),
        *guest("peer2", "pub2", "10.0.1.6", ["sg-2"], domain="vpc-2"),
    ]
    lab.put(*twin, *guest("peer", "pub", "10.0.1.6", ["sg-all"]))
    lab.dropped("peer2", "10.0.1.5", 53, "web", canary=("peer", "10.0.1.5", 53))
    lab.dropped("peer", "10.0.1.5", 53, "web2", canary=("peer2", "10.0.1.5", 53))
    assert lab.fabric.observe() == []


def test_a_forged_source_is_dropped_while_the_check_is_on(lab: FabricLab) -> None:
    for guard, arrives in ((True, False), (False, True)):
        lab.put(msgspec.structs.replace(row(lab.plan, Port, "eni-web"), guard=guard))
        receiver = lab.udp("db", 53)
        with Tap(lab.node("web"), "eth0") as tap:
            macs = (row(lab.plan, Port, "eni-web").mac, "02:a7:01:00:00:01")
            tap.send(ipv4_frame(macs, ("10.0.9.9", "10.0.2.5"), UDP, udp_payload(1000, 53, b"forged")))
        tag = lab.send("web", "10.0.2.5", 53)
        seen = [receiver.receive() for _ in range(2 if arrives else 1)]
        assert [one.data for one in seen if one] == ([b"forged"] if arrives else []) + [tag]


def test_a_route_to_a_guarded_port_delivers_only_its_own_addresses(lab: FabricLab) -> None:
    lab.put(route("rtb-pub", "10.0.2.0/24", ToPort("eni-app")), *guest("db2", "priv", "10.0.2.6", ["sg-all"]))
    with Tap(lab.node("app"), "eth0") as tap:
        lab.send("web", "10.0.2.5", 53)
        lab.delivered("web", "10.0.3.5", 53, "app")
        seen = [frame for frame in tap.frames(0) if frame[30:34] == bytes([10, 0, 2, 5])]
    assert seen == []
    lab.delivered("db2", "10.0.2.5", 53, "db")


def middlebox(lab: FabricLab) -> None:
    """box forwards between web's and db's subnets, both ways."""
    lab.put(
        Segment(id="mid", domain=VPC, site="az-a", prefix=Prefix.parse("10.0.4.0/24"), table="rtb-mid"),
        route("rtb-mid", "10.0.0.0/16", Deliver()),
        group("sg-box"),
        rule("box-in", "sg-box", IN),
        rule("box-out", "sg-box", OUT, "0.0.0.0/1"),
        *guest("box", "mid", "10.0.4.5", ["sg-box"], guard=False),
        route("rtb-pub", "10.0.2.0/24", ToPort("eni-box")),
        route("rtb-priv", "10.0.1.0/24", ToPort("eni-box")),
        *guest("db2", "priv", "10.0.2.6", ["sg-all"]),
    )
    netns.call(lab.node("box"), lambda: netns.set_sysctls({"ipv4/ip_forward": "1"}))


def test_through_a_middlebox_both_ways_each_leg_asks_its_own_rules(lab: FabricLab) -> None:
    middlebox(lab)
    with Listener(lab.node("db"), "10.0.2.5", 80) as server, Tap(lab.node("box"), "eth0") as tap:
        reach, stream = lab.stream("web", "10.0.2.5", 80)
        assert reach is Reach.CONNECTED
        accepted = server.accept()
        assert stream is not None
        assert accepted is not None
        with stream, accepted:
            stream.send(b"ask")
            assert accepted.receive() == b"ask"
            accepted.send(b"answer")
            assert stream.receive() == b"answer"
        assert tap.find(lambda frame: frame[26:30] == bytes([10, 0, 2, 5]), 0.5) is not None
    lab.delivered("web", "10.0.2.5", 53, "db")
    lab.put(rule("box-in", "sg-box", IN, protocol=TCP))
    lab.dropped("web", "10.0.2.5", 54, "db", canary=("db2", "10.0.2.5", 54))
    lab.put(rule("box-in", "sg-box", IN), rule("box-out", "sg-box", OUT, protocol=TCP))
    lab.dropped("web", "10.0.2.5", 55, "db", canary=("db2", "10.0.2.5", 55))
    assert lab.fabric.observe() == []


def test_a_middlebox_that_ends_connections_itself_is_an_ordinary_guest(lab: FabricLab) -> None:
    middlebox(lab)
    with Listener(lab.node("box"), "10.0.4.5", 80) as server:
        reach, stream = lab.stream("web", "10.0.4.5", 80)
        assert reach is Reach.CONNECTED
        accepted = server.accept()
        assert stream is not None
        assert accepted is not None
        stream.close()
        accepted.close()


def test_an_edge_table_leads_what_comes_in_through_a_middlebox(lab: FabricLab) -> None:
    middlebox(lab)
    lab.put(
        route("igw-in", "10.0.1.0/24", ToPort("eni-box")),
        route("rtb-mid", "0.0.0.0/0", ToLink("igw")),
        route("rtb-pub", "0.0.0.0/0", ToPort("eni-box")),
    )
    with Listener(lab.node("web"), "10.0.1.5", 80) as server, Tap(lab.node("box"), "eth0") as tap:
        reach, stream = lab.stream("client", "198.18.0.7", 80)
        assert reach is Reach.CONNECTED
        accepted = server.accept()
        assert stream is not None
        assert accepted is not None
        with stream, accepted:
            assert accepted.peer == CLIENT
            accepted.send(b"answer")
            assert stream.receive() == b"answer"
        assert tap.find(lambda frame: frame[30:34] == bytes([10, 0, 1, 5]), 0.5) is not None


def test_a_route_to_a_dead_port_is_a_black_hole(lab: FabricLab) -> None:
    middlebox(lab)
    lab.delivered("web", "10.0.2.5", 53, "db")
    lab.put(msgspec.structs.replace(row(lab.plan, Node, "i-box"), powered=False))
    lab.dropped("web", "10.0.2.5", 54, "db", canary=("db2", "10.0.2.5", 54))


def test_peered_networks_have_no_transit_and_no_senders(lab: FabricLab) -> None:
    lab.put(
        Domain(id="vpc-2", kind=DomainKind.VPC),
        Segment(id="far", domain="vpc-2", site="az-a", prefix=Prefix.parse("10.1.1.0/24"), table="rtb2"),
        Link(id="pcx", a=VPC, b="vpc-2", arrive_a="pcx-a", arrive_b="pcx-b", mtu=8500),
        route("pcx-a", "10.0.0.0/16", Deliver()),
        route("pcx-b", "10.1.0.0/16", Deliver(), "vpc-2"),
        route("rtb2", "10.1.0.0/16", Deliver(), "vpc-2"),
        route("rtb2", "0.0.0.0/0", ToLink("pcx"), "vpc-2"),
        route("rtb-pub", "10.1.0.0/16", ToLink("pcx")),
        Filter(id="sg-2", domain="vpc-2"),
        rule("in-2", "sg-2", IN),
        rule("out-2", "sg-2", OUT),
        *guest("far", "far", "10.1.1.5", ["sg-2"], domain="vpc-2"),
    )
    assert lab.delivered("web", "10.1.1.5", 53, "far").ip == "10.0.1.5"
    lab.delivered("far", "10.0.1.5", 53, "web")
    lab.dropped("far", "203.0.113.80", 53, "server", canary=("web", "203.0.113.80", 53))
    lab.dropped("db", "10.1.1.5", 53, "far", canary=("web", "10.1.1.5", 53))
    assert lab.fabric.observe() == []


def test_a_one_way_link_is_opened_from_its_side_only(lab: FabricLab) -> None:
    igw = row(lab.plan, Link, "igw")
    lab.put(msgspec.structs.replace(igw, from_a=True))
    seen = lab.delivered("web", "203.0.113.80", 53, "server")
    lab.udp("server", 53).send(b"answer", seen.ip, seen.port)
    assert lab.udp("web").receive() is not None
    lab.dropped("client", "198.18.0.7", 53, "web", canary=("db", "10.0.1.5", 53))


def test_large_packets_inside_and_path_mtu_to_the_internet(lab: FabricLab) -> None:
    hosts_small(lab)
    big = b"x" * 8900
    sender, receiver = lab.udp("web"), lab.udp("db", 53)
    sender.dont_fragment()
    sender.send(big, "10.0.2.5", 53)
    arrived = receiver.receive()
    assert arrived is not None
    assert len(arrived.data) == len(big)
    outside = lab.udp("server", 53)
    sender.send(big, "203.0.113.80", 53)
    sender.send(b"small", "203.0.113.80", 53)
    small = outside.receive()
    assert small is not None
    assert small.data == b"small"
    assert sender.path_mtu("203.0.113.80", 53) == 1500
    with Listener(lab.node("web"), "10.0.1.5", 80) as server:
        _, stream = lab.stream("client", "198.18.0.7", 80)
        accepted = server.accept()
        assert stream is not None
        assert accepted is not None
        with stream, accepted:
            accepted.send(b"y" * 60_000)
            got = b""
            while len(got) < 60_000 and (part := stream.receive()):
                got += part
            assert len(got) == 60_000


def tracked(lab: FabricLab) -> list[tuple[str, str]]:
    path = lab.fabric.router(VPC)
    assert path is not None
    with netns.call(path, lambda: Netlink(NETFILTER)) as netlink:
        return sorted((one.destination, one.answer_destination) for one in conntrack.connections(netlink))


def test_a_mapping_that_moves_kills_the_old_connections(lab: FabricLab) -> None:
    with Listener(lab.node("web"), "10.0.1.5", 80) as server:
        _, stream = lab.stream("client", "198.18.0.7", 80)
        accepted = server.accept()
        assert stream is not None
        assert accepted is not None
        with stream, accepted:
            moved = Mapping(link="igw", inside="10.0.2.5", outside="198.18.0.7")
            lab.delivered("db", "10.0.3.5", 99, "app")
            before = tracked(lab)
            lab.put(moved, without=[row(lab.plan, Mapping, "igw", "10.0.1.5")])
            assert ("198.18.0.7", CLIENT) in before
            assert tracked(lab) == [one for one in before if "198.18.0.7" not in one]
            assert tracked(lab)
            stream.send(b"to the old one")
            lab.delivered("client", "198.18.0.7", 53, "db")
            lab.delivered("db", "10.0.1.5", 53, "web")
            assert accepted.receive(0) is None
            back = Mapping(link="igw", inside="10.0.1.5", outside="198.18.0.7")
            lab.put(back, without=[moved])
            lab.delivered("client", "198.18.0.7", 54, "web")
            assert accepted.receive(0) is None
