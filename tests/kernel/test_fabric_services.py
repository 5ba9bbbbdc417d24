"""What a VPC's domain answers itself, at link-local addresses: which packets get there, and whose they are."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from atoll.linux import arrival, netns, rtnl
from atoll.linux.netlink import ROUTE, Message, Netlink
from atoll.linux.packets import Listener, Reach, Tap, Udp
from atoll.packet import Prefix
from atoll.plan.rows import Domain, DomainKind, Node, Port, Route, Segment, Site, ToLink, Wearing
from atoll.plan.services import DNS, METADATA, PACKETS_A_SECOND, RESOLVER
from atoll.records import Table
from tests.kernel.fabric_lab import FabricLab, fabric_lab
from tests.unit.lagoon import CLIENT, VPC, guest, host, public, resolvers, row, world

pytestmark = pytest.mark.kernel

IP, TCP_PORT = METADATA.ip, METADATA.port


def plan() -> Table:
    """web and app wear a group without rules: nothing at all is allowed."""
    return Table(
        [
            *world(),
            *resolvers(),
            *guest("web", "pub", "10.0.1.5", ["sg-none"]),
            *guest("app", "priv", "10.0.2.5", ["sg-none"]),
            *host("client", CLIENT),
            *public("10.0.1.5", "198.18.0.7"),
        ]
    )


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[FabricLab]:
    with fabric_lab(tmp_path / "world", plan()) as made:
        yield made


@contextmanager
def served(lab: FabricLab, domain: str = VPC, port: int = TCP_PORT) -> Iterator[Listener]:
    """A listener of that domain's own."""
    path = lab.fabric.router(domain)
    assert path is not None
    with Listener(path, IP, port) as listener:
        arrival.note(listener.socket)
        yield listener


def whose(lab: FabricLab, listener: Listener, domain: str = VPC) -> str | None:
    """The port from which the next connection comes."""
    accepted = listener.accept()
    assert accepted is not None
    with accepted:
        return lab.fabric.port_behind(domain, arrival.interface(accepted.socket))


def change(lab: FabricLab, name: str, *messages: Message) -> None:
    """What a guest does to its own side."""
    with netns.call(lab.node(name), lambda: Netlink(ROUTE)) as netlink:
        netlink.run(messages)


def test_no_group_and_no_route_is_asked_and_the_port_is_known(lab: FabricLab) -> None:
    with served(lab) as listener:
        for name, ip in (("web", "10.0.1.5"), ("app", "10.0.2.5")):
            reach, stream = lab.stream(name, IP, TCP_PORT)
            assert reach is Reach.CONNECTED
            assert stream is not None
            with stream:
                assert stream.socket.getsockname()[0] == ip
                assert whose(lab, listener) == f"eni-{name}"
    assert lab.fabric.observe() == []


def test_nothing_else_of_the_router_is_reached(lab: FabricLab) -> None:
    router = lab.fabric.router(VPC)
    assert router is not None
    with served(lab), served(lab, port=4566), Listener(router, "10.0.1.1", 80), Udp(router, IP, 80) as datagrams:
        assert lab.tcp("web", IP, 4566) is Reach.SILENT
        assert lab.tcp("web", "10.0.1.1", TCP_PORT) is Reach.SILENT
        lab.send("web", IP, TCP_PORT)
        assert not lab.pings("web", "10.0.1.5", IP)
        assert lab.tcp("web", IP, TCP_PORT) is Reach.CONNECTED
        assert datagrams.waiting() == []


def test_a_router_believes_no_guest(lab: FabricLab) -> None:
    """Neither redirects nor source routes, whatever the host does: a new namespace has its settings."""
    router = lab.fabric.router(VPC)
    assert router is not None
    names = [f"{whose}/accept_{what}" for whose in ("all", "default") for what in ("redirects", "source_route")]
    found = netns.call(router, lambda: [Path("/proc/sys/net/ipv4/conf", name).read_text() for name in names])
    assert found == ["0\n"] * 4


def test_the_guest_has_a_link_local_route_of_its_own(lab: FabricLab) -> None:
    change(lab, "web", rtnl.delete_route(rtnl.Route("0.0.0.0/0", via="10.0.1.1"))._replace(forgive=()))
    with served(lab) as listener:
        assert lab.tcp("web", IP, TCP_PORT) is Reach.CONNECTED
        assert whose(lab, listener) == "eni-web"


def test_the_internet_reaches_nothing(lab: FabricLab) -> None:
    """Not even where a packet for that address comes over the gateway."""
    forced = Route(table="internet", domain="internet", prefix=Prefix.parse(f"{IP}/32"), via=ToLink("igw"))
    with served(lab):
        lab.put(forced)
        assert lab.tcp("client", IP, TCP_PORT) is Reach.SILENT
        assert lab.tcp("web", IP, TCP_PORT) is Reach.CONNECTED


def test_who_sends_with_anothers_address_is_no_other(lab: FabricLab) -> None:
    """With its check off a port may send with any source: the answer goes to who has that address."""
    with served(lab) as listener, Tap(lab.node("app"), "eth0") as tap:
        lab.put(msgspec.structs.replace(row(lab.plan, Port, "eni-web"), guard=False))
        change(lab, "web", rtnl.add_address(rtnl.Address(1, "10.0.2.5", 32)))
        assert lab.tcp("web", IP, TCP_PORT, source_ip="10.0.2.5") is Reach.SILENT
        assert tap.find(lambda frame: frame[26:30] == socket.inet_aton(IP))
        assert lab.tcp("web", IP, TCP_PORT) is Reach.CONNECTED
        assert whose(lab, listener) == "eni-web"


def test_two_domains_with_the_same_addresses_are_told_apart(lab: FabricLab) -> None:
    segment = msgspec.structs.replace(row(lab.plan, Segment, "pub"), id="pub-2", domain="vpc-2", fence=None)
    others = [one for one in guest("twin", "pub-2", "10.0.1.5", []) if not isinstance(one, Wearing)]
    others = [msgspec.structs.replace(one, domain="vpc-2") if hasattr(one, "domain") else one for one in others]
    lab.put(Domain(id="vpc-2", kind=DomainKind.VPC), segment, *others)
    with served(lab) as first, served(lab, "vpc-2") as second:
        for name, listener, domain in (("web", first, VPC), ("twin", second, "vpc-2")):
            assert lab.tcp(name, IP, TCP_PORT) is Reach.CONNECTED
            assert whose(lab, listener, domain) == f"eni-{name}"


def test_without_power_or_in_a_site_that_is_down_it_is_silent(lab: FabricLab) -> None:
    site = row(lab.plan, Site, row(lab.plan, Segment, "pub").site)
    with served(lab):
        lab.put(msgspec.structs.replace(site, up=False))
        assert lab.tcp("web", IP, TCP_PORT) is Reach.SILENT
        lab.put(site)
        assert lab.tcp("web", IP, TCP_PORT) is Reach.CONNECTED
        lab.put(msgspec.structs.replace(row(lab.plan, Node, "i-web"), powered=False))
        assert lab.tcp("web", IP, TCP_PORT) is Reach.SILENT


def test_an_interface_that_moved_is_the_same_port_behind_another_number(lab: FabricLab) -> None:
    port = row(lab.plan, Port, "eni-web")
    lab.put(Node(id="i-new", site="az-a", kind=row(lab.plan, Node, "i-web").kind))
    lab.put(msgspec.structs.replace(port, node="i-new"))
    lab.reap()
    with served(lab) as listener:
        assert lab.tcp("new", IP, TCP_PORT) is Reach.CONNECTED
        assert whose(lab, listener) == "eni-web"


@contextmanager
def told(lab: FabricLab, domain: str = VPC) -> Iterator[tuple[Listener, Udp]]:
    """What listens for questions about names, at both addresses."""
    path = lab.fabric.router(domain)
    assert path is not None
    with Listener(path, "", DNS) as listener, Udp(path, "", DNS) as datagrams:
        yield listener, datagrams


@pytest.mark.parametrize("ip", [RESOLVER, "10.0.0.2"])
def test_names_are_asked_for_past_groups_and_routes(lab: FabricLab, ip: str) -> None:
    with told(lab) as (_, datagrams):
        for name in ("web", "app"):
            assert lab.tcp(name, ip, DNS) is Reach.CONNECTED
            tag = lab.send(name, ip, DNS)
            arrived = datagrams.receive()
            assert arrived is not None
            assert arrived.data == tag
        assert lab.tcp("client", ip, DNS) is Reach.SILENT
        lab.put(*resolvers(answers=False))
        assert lab.tcp("web", ip, DNS) is Reach.SILENT
        lab.send("web", ip, DNS)
        assert datagrams.waiting() == []
        lab.put(*resolvers())
        assert lab.tcp("web", ip, DNS) is Reach.CONNECTED
        assert lab.fabric.observe() == []


def test_a_port_that_asks_too_fast_is_not_heard_and_others_are(lab: FabricLab) -> None:
    """A second's packets may come at once; meanwhile that many a second come in addition."""
    many = 20 * PACKETS_A_SECOND
    with told(lab) as (_, datagrams):
        datagrams.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        asking = lab.udp("web")
        for _ in range(2 * PACKETS_A_SECOND):  # what nobody answers does not count
            asking.send(b"?", "10.0.1.1", DNS)
        began = time.monotonic()
        heard = 0
        for _ in range(many // 64):
            for _ in range(64):
                asking.send(b"?", RESOLVER, DNS)
            heard += len(datagrams.waiting())
        took = time.monotonic() - began
        assert PACKETS_A_SECOND <= heard <= PACKETS_A_SECOND * (1 + took) + 1
        assert heard < many
        lab.send("app", RESOLVER, DNS)
        arrived = datagrams.receive()
        assert arrived is not None
        assert arrived.ip == "10.0.2.5"
        assert lab.fabric.observe() == []
