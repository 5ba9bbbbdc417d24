"""Balancers in the kernel: real packets through a load balancer's node, and what they meet on their way."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from atoll.agents.health import FAILED, PASSED, TIMED_OUT, Answer, ask
from atoll.fabric.kernel import names
from atoll.linux import conntrack, netns, rtnl
from atoll.linux.netlink import ROUTE, Netlink
from atoll.linux.nft import wire
from atoll.linux.packets import Listener, Reach, Stream, call_in
from atoll.packet import TCP, UDP, Prefix
from atoll.plan.rows import (
    Backend,
    Deliver,
    Filter,
    Frontend,
    Hash,
    Node,
    Port,
    Probe,
    Route,
    Rule,
    Segment,
    SentBy,
    Site,
    ToLink,
    ToPort,
    Wearing,
)
from atoll.plan.services import METADATA
from atoll.records import Table
from tests.kernel.fabric_lab import FabricLab, fabric_lab
from tests.support import silence
from tests.unit.lagoon import CLIENT, IN, OUT, VPC, guest, host, nat, nlb, open_group, public, route, row, rule, world

pytestmark = pytest.mark.kernel

NODE, EIP = "10.0.1.20", "198.18.0.20"
NAT, NAT_EIP = "10.0.1.9", "198.18.0.9"
API, API2 = "10.0.2.8", "10.0.2.9"
SERVER = "203.0.113.80"


def plan() -> Table:
    """Servers in the private subnet, whose way out is a NAT gateway; a balancer in the public one, for TCP and UDP."""
    return Table(
        [
            *world(),
            *open_group("sg-all"),
            *guest("web", "pub", "10.0.1.5", ["sg-all"]),
            *guest("api", "priv", API, ["sg-all"]),
            *guest("api2", "priv", API2, ["sg-all"]),
            *nlb("a", "pub", NODE, API),
            Frontend(id="f-udp", node="lb-a", protocol=UDP, port=53, idle=120),
            Backend(frontend="f-udp", address=API, port=5353),
            *nat("a", "pub", NAT, table="rtb-priv"),
            *host("client", CLIENT),
            *host("server", SERVER),
            *public(NODE, EIP),
            *public(NAT, NAT_EIP),
        ]
    )


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[FabricLab]:
    with fabric_lab(tmp_path / "world", plan()) as made:
        yield made


def connected(lab: FabricLab, server: Listener, source: str = "client", ip: str = EIP) -> tuple[Stream, Stream]:
    """Both ends of a connection through the balancer."""
    reach, stream = lab.stream(source, ip, 80)
    accepted = server.accept()
    assert reach is Reach.CONNECTED
    assert stream is not None
    assert accepted is not None
    return stream, accepted


def talks(stream: Stream, accepted: Stream) -> None:
    """Bytes go both ways."""
    stream.send(b"question")
    assert accepted.receive() == b"question"
    accepted.send(b"answer")
    assert stream.receive() == b"answer"


def backend(address: str = API, *, eligible: bool = True, cut: bool = False) -> Backend:
    return Backend(frontend="f-a", address=address, port=8080, eligible=eligible, cut=cut)


def test_tcp_arrives_with_the_clients_address_and_returns_past_the_nat_gateway(lab: FabricLab) -> None:
    with Listener(lab.node("api"), API, 8080) as server:
        stream, accepted = connected(lab, server)
        with stream, accepted:
            assert accepted.peer == CLIENT
            talks(stream, accepted)
    assert lab.fabric.held("nat-a") == frozenset()
    assert lab.fabric.observe() == []


def test_udp_too(lab: FabricLab) -> None:
    lab.udp("api", 5353)
    lab.udp("client", 30000).send(b"question", EIP, 53)
    asked = lab.udp("api", 5353).receive()
    assert asked is not None
    assert (asked.ip, asked.port, asked.data) == (CLIENT, 30000, b"question")
    lab.udp("api", 5353).send(b"answer", asked.ip, asked.port)
    answer = lab.udp("client", 30000).receive()
    assert answer is not None
    assert (answer.ip, answer.port, answer.data) == (EIP, 53, b"answer")


def test_the_servers_own_way_out_is_as_it_was(lab: FabricLab) -> None:
    with Listener(lab.node("api"), API, 8080) as server:
        stream, accepted = connected(lab, server)
        with stream, accepted:
            assert lab.delivered("api", SERVER, 53, "server").ip == NAT_EIP
            talks(stream, accepted)


@pytest.mark.parametrize("client", ["web", "far", "api2"])
def test_clients_inside(lab: FabricLab, client: str) -> None:
    """In the node's subnet, in another one, and beside the server: the answer passes the node all the same."""
    far = Segment(id="far", domain=VPC, site="az-b", prefix=Prefix.parse("10.0.4.0/24"), table="rtb-priv")
    lab.put(far, *guest("far", "far", "10.0.4.5", ["sg-all"], site="az-b"))
    with Listener(lab.node("api"), API, 8080) as server:
        stream, accepted = connected(lab, server, client, NODE)
        with stream, accepted:
            assert accepted.peer == {"web": "10.0.1.5", "far": "10.0.4.5", "api2": API2}[client]
            talks(stream, accepted)


def test_a_neighbour_of_the_server_whose_table_leads_the_own_segment_elsewhere(lab: FabricLab) -> None:
    """Inside a segment no table is asked, for answers neither: only those to others are in a zone of a leg."""
    box = guest("box", "pub", "10.0.1.6", ["sg-all"])
    off = [replace(one, guard=False) if isinstance(one, Port) else one for one in box]
    lab.put(*off, route("rtb-priv", "10.0.2.0/24", ToPort("eni-box")))
    with Listener(lab.node("api"), API, 8080) as server:
        for client in ("api2", "web"):
            stream, accepted = connected(lab, server, client, NODE)
            with stream, accepted:
                talks(stream, accepted)


def test_a_server_that_calls_itself_through_it_hears_nothing(lab: FabricLab) -> None:
    with Listener(lab.node("api"), API, 8080):
        assert lab.tcp("api", NODE, 80) is Reach.SILENT
        assert lab.tcp("web", NODE, 80) is Reach.CONNECTED


def test_where_the_source_is_not_kept(lab: FabricLab) -> None:
    lab.put(replace(row(lab.plan, Frontend, "f-a"), keep=False))
    with Listener(lab.node("api"), API, 8080) as server:
        for source, ip in (("client", EIP), ("api", NODE)):  # itself too: it sees the node
            stream, accepted = connected(lab, server, source, ip)
            with stream, accepted:
                assert accepted.peer == NODE
                talks(stream, accepted)
    assert lab.fabric.observe() == []


@pytest.mark.parametrize("keep", [True, False])
def test_the_servers_table_leads_to_a_middlebox(lab: FabricLab, keep: bool) -> None:
    """Answers to a client's address find the node all the same; what is addressed to the node goes where it is led."""
    box = guest("box", "pub", "10.0.1.6", ["sg-all"])
    off = [replace(one, guard=False) if isinstance(one, Port) else one for one in box]
    away = [route("rtb-priv", f"{ip}/32", ToPort("eni-box")) for ip in (NODE, CLIENT)]
    lab.put(*off, *away, replace(row(lab.plan, Frontend, "f-a"), keep=keep))
    with Listener(lab.node("api"), API, 8080):
        assert lab.tcp("client", EIP, 80) is (Reach.CONNECTED if keep else Reach.SILENT)


def test_connections_live_on_whatever_becomes_of_the_servers_way_out(lab: FabricLab) -> None:
    """Their answers go back to the node, so nothing about them changes when the NAT gateway goes, and comes back."""
    away = row(lab.plan, Route, "rtb-priv", "0.0.0.0/0")
    lab.udp("api", 5353)
    changes: list[Callable[[], object]] = [lambda: None, lambda: lab.put(without=[away]), lambda: lab.put(away)]
    with Listener(lab.node("api"), API, 8080) as server, contextlib.ExitStack() as held:
        opened: list[tuple[Stream, Stream]] = []
        for change in changes:
            change()
            stream, accepted = connected(lab, server)
            opened.append((held.enter_context(stream), held.enter_context(accepted)))
            for pair in opened:
                talks(*pair)
    assert lab.fabric.held("nat-a") == frozenset()
    assert lab.fabric.observe() == []


@pytest.mark.parametrize("keep", [True, False])
def test_the_balancers_table_leads_to_the_server_through_a_nat_gateway(lab: FabricLab, keep: bool) -> None:
    """The server sees the gateway, and whoever asked from inside hears the answer from the balancer."""
    lab.put(*nat("b", "priv", "10.0.2.20"), route("rtb-pub", f"{API}/32", ToPort("eni-nat-b")))
    lab.put(replace(row(lab.plan, Frontend, "f-a"), keep=keep))
    with Listener(lab.node("api"), API, 8080) as server:
        stream, accepted = connected(lab, server, "web", NODE)
        with stream, accepted:
            assert accepted.peer == "10.0.2.20"
            talks(stream, accepted)
    assert lab.fabric.held("nat-b") != frozenset()


def test_what_no_listener_takes_is_silent_and_a_closed_server_refuses(lab: FabricLab) -> None:
    assert lab.tcp("client", EIP, 81) is Reach.SILENT
    assert not lab.pings("client", CLIENT, EIP)
    assert lab.tcp("client", EIP, 80) is Reach.REFUSED  # the server's own reset, through the node
    lab.put(backend(eligible=False))
    assert lab.tcp("client", EIP, 80) is Reach.SILENT


def test_new_connections_avoid_what_is_not_eligible_and_old_ones_stay(lab: FabricLab) -> None:
    with Listener(lab.node("api"), API, 8080) as server, Listener(lab.node("api2"), API2, 8080) as other:
        stream, accepted = connected(lab, server)
        with stream, accepted:
            lab.put(backend(eligible=False), backend(API2))
            for _ in range(16):
                new, taken = connected(lab, other)
                with new, taken:
                    assert taken.peer == CLIENT
            talks(stream, accepted)
            lab.put(without=[row(lab.plan, Backend, "f-a", API, "8080")])
            talks(stream, accepted)


def test_flows_are_spread_and_a_source_stays(lab: FabricLab) -> None:
    lab.put(backend(API2))
    with Listener(lab.node("api"), API, 8080) as one, Listener(lab.node("api2"), API2, 8080) as two:

        def counts(number: int) -> tuple[int, int]:
            streams = [lab.stream("client", EIP, 80)[1] for _ in range(number)]
            got = []
            for listener in (one, two):
                accepted = 0
                while taken := listener.accept(0.2):
                    taken.close()
                    accepted += 1
                got.append(accepted)
            for stream in streams:
                assert stream is not None
                stream.close()
            return got[0], got[1]

        first, second = counts(64)
        assert first + second == 64
        assert min(first, second) > 8  # each is chosen with probability 1/2: fewer happen once in 10^10
        lab.put(replace(row(lab.plan, Frontend, "f-a"), hash=Hash.SOURCE))
        assert sorted(counts(32)) == [0, 32]


def test_a_cut_backend_resets_its_connections_and_no_others(lab: FabricLab) -> None:
    lab.put(backend(API2))
    with Listener(lab.node("api"), API, 8080) as server, Listener(lab.node("api2"), API2, 8080) as other:
        lab.put(backend(API2, eligible=False))
        stream, accepted = connected(lab, server)
        lab.put(backend(eligible=False), backend(API2))
        second, kept = connected(lab, other)
        with stream, accepted, second, kept:
            lab.put(backend(eligible=False, cut=True))
            stream.send(b"more")
            with pytest.raises(ConnectionResetError):
                stream.receive()
            accepted.send(b"more")
            with pytest.raises(ConnectionResetError):
                accepted.receive()
            talks(second, kept)


def led_back(lab: FabricLab) -> list[int]:
    """Of each connection in the VPC's router whose answers a balancer gets: the number of the table to it."""
    marks = [one.mark & names.RETURN_BITS for one in conntrack.connections(lab.fabric._world.routers[VPC].filter)]
    return [mark for mark in marks if mark]


def test_a_balancer_that_goes_takes_its_connections_along(lab: FabricLab) -> None:
    with Listener(lab.node("api"), API, 8080) as server:
        stream, accepted = connected(lab, server)
        with stream, accepted:
            gone = [*nlb("a", "pub", NODE, API), *public(NODE, EIP)]
            gone += [row(lab.plan, Frontend, "f-udp"), row(lab.plan, Backend, "f-udp", API, "5353")]
            assert len(led_back(lab)) == 1
            lab.put(without=gone)
            assert led_back(lab) == []
            lab.reap()
            accepted.send(b"into nothing")
            assert lab.delivered("api", SERVER, 53, "server").ip == NAT_EIP
            assert lab.fabric.observe() == []


def in_groups(lab: FabricLab) -> tuple[Rule, ...]:
    """The balancer and its server in groups of their own; the rules that let its connections pass, none to spare."""
    into = rule("sgr-lb-in", "sg-lb", IN, "203.0.113.0/24", TCP, (80, 80))
    out = rule("sgr-lb-out", "sg-lb", OUT, "10.0.2.0/24", TCP, (8080, 8080))
    taken = rule("sgr-api", "sg-api", IN, SentBy("sg-lb"), TCP, (8080, 8080))
    api = guest("api", "priv", API, ["sg-api"])
    lab.put(Filter(id="sg-lb", domain=VPC), Filter(id="sg-api", domain=VPC), into, out, taken, *api)
    lab.put(replace(row(lab.plan, Port, "eni-lb-a"), filtered=True), Wearing(port="eni-lb-a", slot=0, filter="sg-lb"))
    return into, out, taken


def test_its_groups_judge_both_passes_and_are_its_senders(lab: FabricLab) -> None:
    rules = in_groups(lab)
    with Listener(lab.node("api"), API, 8080) as server:
        stream, accepted = connected(lab, server)
        with stream, accepted:
            assert accepted.peer == CLIENT
            for one in rules:
                lab.put(without=[one])
                assert lab.tcp("client", EIP, 80) is Reach.SILENT, one.id
                talks(stream, accepted)
                lab.put(one)
                assert lab.tcp("client", EIP, 80) is Reach.CONNECTED
        assert lab.tcp("web", API, 8080) is Reach.SILENT  # nobody else wears that group
    assert lab.fabric.observe() == []


def test_what_goes_through_it_is_always_tracked(lab: FabricLab) -> None:
    """Rules open to the world both ways leave what goes past it untracked, and cut it when they go."""
    wide = [rule("wide-in", "sg-wide", IN), rule("wide-out", "sg-wide", OUT)]
    lab.put(Filter(id="sg-wide", domain=VPC), *wide, *guest("api", "priv", API, ["sg-wide"]))
    with Listener(lab.node("api"), API, 8080) as server:
        stream, accepted = connected(lab, server)
        lab.delivered("web", API, 53, "api", source_port=30000)
        with stream, accepted:
            lab.put(without=wide)
            talks(stream, accepted)
            assert lab.tcp("client", EIP, 80) is Reach.SILENT
    lab.put(rule("narrow", "sg-wide", IN, "10.0.1.0/24", UDP, (54, 54)))
    lab.dropped("web", API, 53, "api", canary=("web", API, 54), source_port=30000)


def test_fences_judge_both_passes(lab: FabricLab) -> None:
    everything = [rule("n-in", "acl", IN, order=200), rule("n-out", "acl", OUT, order=200)]
    lab.put(Filter(id="acl", domain=VPC, ordered=True), *everything)
    lab.put(replace(row(lab.plan, Segment, "pub"), fence="acl"))
    with Listener(lab.node("api"), API, 8080):
        assert lab.tcp("client", EIP, 80) is Reach.CONNECTED
        for number, shut in enumerate(
            (
                rule("shut", "acl", IN, f"{CLIENT}/32", TCP, (80, 80), allow=False, order=100),  # to the node
                rule("shut", "acl", OUT, "10.0.2.0/24", TCP, (8080, 8080), allow=False, order=100),  # to the server
                rule("shut", "acl", IN, "10.0.2.0/24", TCP, allow=False, order=100),  # its answer, to the node
                rule("shut", "acl", OUT, f"{CLIENT}/32", TCP, allow=False, order=100),  # the answer, to the client
            )
        ):
            lab.put(shut)
            assert lab.tcp("client", EIP, 80) is Reach.SILENT, number
            lab.put(without=[shut])
            assert lab.tcp("client", EIP, 80) is Reach.CONNECTED, number


def test_whatever_the_servers_table_says(lab: FabricLab) -> None:
    """Also when it leads to an internet gateway or nowhere: answers know their way by the connection."""
    table = [route("rtb-api", "10.0.0.0/16", Deliver()), replace(row(lab.plan, Segment, "priv"), table="rtb-api")]
    for more in ([route("rtb-api", "0.0.0.0/0", ToLink("igw"))], []):
        lab.put(*table, *more)
        with Listener(lab.node("api"), API, 8080) as server:
            stream, accepted = connected(lab, server)
            with stream, accepted:
                talks(stream, accepted)
        lab.put(without=[one for one in lab.plan.all(Route) if one.table == "rtb-api" and one in more])


def test_an_unknown_flow_is_reset_and_a_dark_site_is_silent(lab: FabricLab) -> None:
    with Listener(lab.node("api"), API, 8080) as server:
        stream, accepted = connected(lab, server)
        with stream, accepted:
            lab.put(Site(id="az-a", up=False))
            assert lab.tcp("client", EIP, 80) is Reach.SILENT
            lab.put(Site(id="az-a"))
            talks(stream, accepted)
            dark = replace(row(lab.plan, Node, "lb-a"), powered=False)
            lab.put(dark)
            assert lab.tcp("client", EIP, 80) is Reach.SILENT


def checks(lab: FabricLab, serve: Callable[[], None] | None = None, **fields: Any) -> Answer:
    """One health check from the node, while the test plays the server."""
    path = lab.fabric.namespace("lb-a")
    assert path is not None
    probe = Probe(**{"id": "t", "node": "lb-a", "address": API, "port": 8080, "timeout": 10, **fields})
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(lambda: asyncio.run(ask(path, probe)))
        if serve is not None:
            serve()
        return asked.result()


def test_checks_come_from_the_nodes_address_and_meet_what_packets_meet(lab: FabricLab) -> None:
    assert checks(lab) == FAILED  # nobody listens
    with Listener(lab.node("api"), API, 8080) as server:
        assert checks(lab) == PASSED
        accepted = server.accept()
        assert accepted is not None
        with accepted:
            assert accepted.peer == NODE
        shut = rule("narrow", "sg-api", IN, f"{CLIENT}/32", TCP, (8080, 8080))
        lab.put(Filter(id="sg-api", domain=VPC), shut, *guest("api", "priv", API, ["sg-api"]))
        assert checks(lab, timeout=1) == TIMED_OUT
        lab.put(rule("checks", "sg-api", IN, f"{NODE}/32", TCP, (8080, 8080)))
        assert checks(lab) == PASSED
        lab.put(Filter(id="sg-lb", domain=VPC), replace(row(lab.plan, Port, "eni-lb-a"), filtered=True))
        lab.put(Wearing(port="eni-lb-a", slot=0, filter="sg-lb"))
        assert checks(lab, timeout=1) == TIMED_OUT  # its own group's way out is asked,
        lab.put(rule("lb-out", "sg-lb", OUT, "10.0.2.0/24", TCP, (8080, 8080)))
        assert checks(lab) == PASSED  # and not its way in


def test_a_node_reaches_what_its_vpc_answers_whatever_rules_say_until_it_is_cut_off(lab: FabricLab) -> None:
    """How a node is heard of: neither its group, its subnet's fence nor its table is asked; its zone and wire are."""
    beat: dict[str, Any] = {"address": METADATA.ip, "port": METADATA.port, "timeout": 1}
    router, node = lab.fabric.router(VPC), lab.fabric.namespace("lb-a")
    assert router is not None
    assert node is not None
    site, segment = Site(id="az-a"), row(lab.plan, Segment, "pub")
    shut = Filter(id="acl-shut", domain=VPC, ordered=True)
    groupless = replace(row(lab.plan, Port, "eni-lb-a"), filtered=True)
    lab.put(shut, groupless, replace(segment, fence=shut.id, table="rtb-nowhere"))
    with Listener(router, METADATA.ip, METADATA.port), netns.call(node, lambda: Netlink(ROUTE)) as netlink:
        assert lab.tcp("client", EIP, 80) is Reach.SILENT
        assert checks(lab, **beat) == PASSED
        lab.put(replace(site, up=False))
        assert checks(lab, **beat) == TIMED_OUT
        lab.put(site)
        assert checks(lab, **beat) == PASSED
        eth0 = {link.name: link for link in rtnl.links(netlink)}["eth0"]
        netlink.run([rtnl.change_link(eth0._replace(up=False))])
        assert checks(lab, **beat) == FAILED


def test_checks_by_http(lab: FabricLab) -> None:
    with Listener(lab.node("api"), API, 8080) as server:

        def serve(answer: bytes) -> Callable[[], None]:
            def once() -> None:
                accepted = server.accept()
                assert accepted is not None
                with accepted:
                    heard.append(accepted.receive() or b"")
                    accepted.send(answer)

            return once

        heard: list[bytes] = []
        http: dict[str, Any] = {"protocol": "http", "path": "/ok", "codes": "200-399"}
        assert checks(lab, serve(b"HTTP/1.1 200 OK\r\n\r\n"), **http) == PASSED
        assert heard[0].startswith(b"GET /ok HTTP/1.1\r\nHost: 10.0.1.20:8080\r\nUser-Agent: ELB-HealthChecker/2.0\r\n")
        wrong = checks(lab, serve(b"HTTP/1.1 503 Sorry\r\n\r\n"), **http)
        assert wrong == (False, "Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]")
        assert checks(lab, serve(b"SSH-2.0-x\r\n"), **http) == FAILED
        assert checks(lab, serve(b""), **http) == FAILED
        assert checks(lab, serve(b"no TLS here"), **{**http, "protocol": "https"}) == FAILED
        assert checks(lab, timeout=1, **http) == TIMED_OUT  # taken by the kernel, answered by nobody


SPOILT = (
    b"HTTP/1.1 " + b"2" * 100_000,  # a head without an end
    b"HTTP/1.1 " + b"2" * 60_000 + b"\r\n\r\n",  # a number without an end
    b"HTTP/1.1\r\n\r\n",
    bytes(range(256)) * 16,
)


def test_a_server_that_answers_its_check_with_rubbish_only_fails_it(lab: FabricLab) -> None:
    for protocol in ("http", "https"):
        for answer in SPOILT:
            with Listener(lab.node("api"), API, 8080) as server:

                def once(server: Listener = server, answer: bytes = answer) -> None:
                    accepted = server.accept()
                    assert accepted is not None
                    with accepted, contextlib.suppress(OSError):  # who asks may have heard enough
                        accepted.send(answer)

                assert checks(lab, once, protocol=protocol, path="/", codes="200-499") == FAILED


def left(lab: FabricLab, protocol: int) -> int:
    """The seconds that the node gives its newest connection of that protocol yet."""
    return max(one.seconds for one in silence.left(inside(lab)) if one.protocol == protocol)


def inside(lab: FabricLab) -> Netlink:
    """A socket in the node's namespace."""
    return lab.fabric._world.forwarders["lb-a"].filter


def test_silence_for_as_long_as_the_listener_says_ends_a_connection_with_a_reset(lab: FabricLab) -> None:
    lab.udp("api", 5353)
    lab.udp("client", 30000).send(b"question", EIP, 53)
    assert lab.udp("api", 5353).receive() is not None
    assert 110 < left(lab, UDP) <= 120
    with Listener(lab.node("api"), API, 8080) as server:
        for seconds in (350, 60):
            lab.put(replace(row(lab.plan, Frontend, "f-a"), idle=seconds))
            stream, accepted = connected(lab, server)
            with stream, accepted:
                silence.pass_time(inside(lab), seconds - 20)
                talks(stream, accepted)
                assert seconds - 10 < left(lab, TCP) <= seconds
                silence.pass_time(inside(lab), seconds)
                for end in (stream, accepted):
                    end.send(b"after")
                    with pytest.raises(ConnectionResetError):
                        end.receive()
        assert lab.fabric.observe() == []
        lab.put(replace(row(lab.plan, Frontend, "f-a"), idle=350))
        assert lab.fabric.observe() == []


def test_what_somebody_changes_inside_is_seen_and_put_right(lab: FabricLab) -> None:
    lab.put(replace(row(lab.plan, Frontend, "f-a"), idle=60))
    with Listener(lab.node("api"), API, 8080) as server:
        stream, accepted = connected(lab, server)
        with stream, accepted:
            lab.fabric._world.forwarders["lb-a"].filtering([wire.flush_chain("balance")])
            assert any("chain lb-a balance" in line for line in lab.fabric.observe())
            lab.fabric.repair()
            assert lab.fabric.observe() == []
            talks(stream, accepted)
        assert lab.tcp("client", EIP, 80) is Reach.CONNECTED


def test_another_server_takes_it_up_with_its_connections(lab: FabricLab) -> None:
    with Listener(lab.node("api"), API, 8080) as server:
        stream, accepted = connected(lab, server)
        with stream, accepted:
            before = lab.fabric.dump()
            lab.another_server()
            assert lab.fabric.observe() == []
            assert lab.fabric.dump() == before
            talks(stream, accepted)


def test_a_balancer_comes_and_goes_without_a_trace(lab: FabricLab) -> None:
    before = lab.fabric.dump()
    more = [*nlb("b", "pub-b", "10.0.3.20", API, API2, site="az-b"), *public("10.0.3.20", "198.18.0.21")]
    lab.put(*more)
    with Listener(lab.node("api"), API, 8080), Listener(lab.node("api2"), API2, 8080):
        assert lab.tcp("client", "198.18.0.21", 80) is Reach.CONNECTED
    lab.put(without=more)
    lab.reap()
    assert lab.fabric.observe() == []
    assert lab.fabric.dump() == before


def test_nothing_listens_in_a_node(lab: FabricLab) -> None:
    path = lab.fabric.namespace("lb-a")
    assert path is not None
    tables = call_in(path, lambda: [Path("/proc/thread-self/net", name).read_text() for name in ("tcp", "udp", "raw")])
    assert [len(text.splitlines()) for text in tables] == [1, 1, 1], "the heads alone"


def test_big_packets_and_errors_find_their_way(lab: FabricLab) -> None:
    """60 kB over links of 9001 and 1500 bytes; a closed port's error reaches the client that asked by UDP."""
    with Listener(lab.node("api"), API, 8080) as server:
        stream, accepted = connected(lab, server)
        with stream, accepted:
            sent = bytes(60_000)
            accepted.send(sent)
            got = b""
            while len(got) < len(sent) and (more := stream.receive()):
                got += more
            assert got == sent
    asking = call_in(lab.node("client"), lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    with asking:
        asking.settimeout(2)
        asking.connect((EIP, 53))
        asking.send(b"anybody?")
        with pytest.raises(ConnectionRefusedError):
            asking.recv(100)
