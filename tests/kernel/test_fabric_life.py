"""Ports come, move and go; power and zones fail; guests have several addresses and ENIs; all with real packets."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from atoll.fabric.contract import FabricError
from atoll.linux import netns, rtnl
from atoll.linux.netlink import ROUTE, Netlink
from atoll.linux.packets import Udp
from atoll.packet import UDP
from atoll.plan.rows import Address, Frontend, Node, NodeKind, Port, Row, Site, Wearing
from atoll.records import Table
from tests.kernel.fabric_lab import FabricLab, fabric_lab
from tests.unit.lagoon import CLIENT, IN, OUT, VPC, group, guest, host, port, public, row, rule, world

pytestmark = pytest.mark.kernel


def plan() -> Table:
    """a and b in pub, z in the other zone; client on the internet; UDP is allowed everywhere."""
    return Table(
        [
            *world(),
            group("sg-all"),
            rule("all-in", "sg-all", IN, protocol=UDP),
            rule("all-out", "sg-all", OUT),
            group("sg-shut"),
            *guest("a", "pub", "10.0.1.5", ["sg-all"]),
            *guest("b", "pub", "10.0.1.6", ["sg-all"]),
            *guest("z", "pub-b", "10.0.3.5", ["sg-all"], site="az-b"),
            *host("client", CLIENT),
            *public("10.0.1.5", "198.18.0.7"),
        ]
    )


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[FabricLab]:
    with fabric_lab(tmp_path / "world", plan()) as made:
        yield made


def links(lab: FabricLab, name: str) -> dict[str, rtnl.Link]:
    with netns.call(lab.node(name), lambda: Netlink(ROUTE)) as netlink:
        return {link.name: link for link in rtnl.links(netlink)}


def test_the_guest_sees_its_eni(lab: FabricLab) -> None:
    seen = links(lab, "a")["eth0"]
    assert (seen.mac, seen.mtu, seen.up) == (row(lab.plan, Port, "eni-a").mac, 9001, True)
    assert links(lab, "a")["lo"].up


def test_a_second_eni_answers_from_its_own_address_with_its_own_groups(lab: FabricLab) -> None:
    lab.put(*port("a1", "i-a", 1, "pub", "10.0.1.15", ["sg-shut"]), *public("10.0.1.15", "198.18.0.8"))
    assert set(links(lab, "a")) == {"lo", "eth0", "eth1"}
    lab.dropped("client", "198.18.0.8", 53, "a", canary=("client", "198.18.0.7", 53))
    lab.put(rule("shut-53", "sg-shut", IN, protocol=UDP, ports=(53, 53)))
    lab.delivered("client", "198.18.0.8", 53, "a")
    with Udp(lab.node("a"), "10.0.1.15", 77) as second:
        lab.put(rule("shut-77", "sg-shut", IN, protocol=UDP, ports=(77, 77)))
        tag = lab.send("client", "198.18.0.8", 77)
        asked = second.receive()
        assert asked is not None
        assert asked.data == tag
        second.send(b"answer", asked.ip, asked.port)
    answer = lab.udp("client").receive()
    assert answer is not None
    assert answer.ip == "198.18.0.8"
    assert lab.fabric.observe() == []


def test_secondary_addresses_come_and_go_with_the_guests_own(lab: FabricLab) -> None:
    secondary = Address(domain=VPC, ip="10.0.1.50", port="eni-a", primary=False)
    lab.put(secondary, *public("10.0.1.50", "198.18.0.9"))
    with Udp(lab.node("a"), "10.0.1.50", 53) as second:
        lab.send("client", "198.18.0.9", 53)
        arrived = second.receive()
        assert arrived is not None
        second.send(b"answer", arrived.ip, arrived.port)
    answer = lab.udp("client").receive()
    assert answer is not None
    assert answer.ip == "198.18.0.9"
    lab.put(without=[secondary])
    lab.dropped("b", "10.0.1.50", 54, "a", canary=("b", "10.0.1.5", 54))
    with pytest.raises(OSError, match="assign"):
        Udp(lab.node("a"), "10.0.1.50", 1)
    assert lab.fabric.observe() == []


def test_detaching_cuts_at_once_and_the_pair_is_removed_later(lab: FabricLab) -> None:
    lab.put(*port("m", "i-a", 1, "pub", "10.0.1.60", ["sg-all"]))
    lab.delivered("b", "10.0.1.60", 53, "a")
    detached = replace(row(lab.plan, Port, "eni-m"), node=None, index=None)
    lab.put(detached)
    lab.dropped("b", "10.0.1.60", 54, "a", canary=("b", "10.0.1.5", 54))
    assert lab.fabric.observe() == []
    lab.reap()
    assert set(links(lab, "a")) == {"lo", "eth0"}


def test_the_first_packet_after_an_attachment_arrives(lab: FabricLab) -> None:
    """A new pair can send only after a worker of the kernel's has seen its carrier: an attachment waits for that."""
    attached = port("m", "i-a", 1, "pub", "10.0.1.60", ["sg-all"])
    for _ in range(100):
        lab.put(*attached)
        lab.delivered("b", "10.0.1.60", 53, "a")
        lab.put(without=attached)
        lab.reap()


def test_an_eni_moves_with_its_mac_and_address(lab: FabricLab) -> None:
    lab.put(*port("m", "i-a", 1, "pub", "10.0.1.60", ["sg-all"]), *public("10.0.1.60", "198.18.0.9"))
    lab.delivered("client", "198.18.0.9", 53, "a")
    moved = row(lab.plan, Port, "eni-m")
    lab.put(replace(moved, node=None, index=None))
    lab.put(replace(moved, node="i-b", index=1))
    assert links(lab, "b")["eth1"].mac == moved.mac
    lab.delivered("client", "198.18.0.9", 53, "b")
    lab.put(replace(moved, node="i-a", index=1))
    lab.delivered("client", "198.18.0.9", 55, "a")
    lab.reap()
    lab.delivered("client", "198.18.0.9", 56, "a")
    assert "eth1" not in links(lab, "b")
    assert lab.fabric.observe() == []


def test_another_eni_takes_the_place_of_one_that_waits_to_be_removed(lab: FabricLab) -> None:
    lab.put(*port("m", "i-a", 1, "pub", "10.0.1.60", ["sg-all"]))
    lab.put(replace(row(lab.plan, Port, "eni-m"), node=None, index=None))
    lab.put(*port("n", "i-a", 1, "pub", "10.0.1.61", ["sg-all"]))
    assert links(lab, "a")["eth1"].mac == row(lab.plan, Port, "eni-n").mac
    lab.delivered("b", "10.0.1.61", 53, "a")


def answers(lab: FabricLab, name: str, ip: str, elastic: str) -> None:
    """Who asks at an Elastic IP is answered from it."""
    with Udp(lab.node(name), ip, 53) as server:
        tag = lab.send("client", elastic, 53)
        asked = server.receive()
        assert asked is not None, f"nothing arrived at {ip}"
        assert asked.data == tag
        server.send(tag, asked.ip, asked.port)
    answer = lab.udp("client").receive()
    assert answer is not None, f"{ip} answers in vain"
    assert (answer.data, answer.ip) == (tag, elastic)


def policy(lab: FabricLab, name: str) -> dict[str, int]:
    """The guest's policy rules: which table an address asks."""
    with netns.call(lab.node(name), lambda: Netlink(ROUTE)) as netlink:
        return {rule.source: rule.table for rule in rtnl.rules(netlink) if rule.source}


@pytest.mark.parametrize("reaping", [False, True])
def test_enis_that_change_their_indices_answer_at_their_own_addresses(lab: FabricLab, reaping: bool) -> None:
    """E as eth1, then as eth2, and F of another subnet as eth1: no rule may send E's answers out of eth1."""
    lab.put(*port("e", None, None, "pub", "10.0.1.60", ["sg-all"]), *public("10.0.1.60", "198.18.0.8"))
    lab.put(*port("f", None, None, "pub-b", "10.0.3.60", ["sg-all"]), *public("10.0.3.60", "198.18.0.9"))
    e, f = row(lab.plan, Port, "eni-e"), row(lab.plan, Port, "eni-f")
    for step in (
        replace(e, node="i-a", index=1),
        e,
        replace(e, node="i-a", index=2),
        replace(f, node="i-a", index=1),
    ):
        lab.put(step)
        if reaping:
            lab.reap()
    assert policy(lab, "a") == {"10.0.1.60": 10_002, "10.0.3.60": 10_001}
    for ip, elastic in (("10.0.1.5", "198.18.0.7"), ("10.0.1.60", "198.18.0.8"), ("10.0.3.60", "198.18.0.9")):
        answers(lab, "a", ip, elastic)
    lab.put(e, f)
    assert policy(lab, "a") == {}
    answers(lab, "a", "10.0.1.5", "198.18.0.7")
    assert lab.fabric.observe() == []


def test_a_detached_eni_that_waits_to_be_removed_catches_nothing_in_its_guest(lab: FabricLab) -> None:
    lab.put(*port("f", "i-a", 1, "pub-b", "10.0.3.60", ["sg-all"]))
    lab.udp("z", 53)
    lab.put(replace(row(lab.plan, Port, "eni-f"), node=None, index=None))
    with netns.call(lab.node("a"), lambda: Netlink(ROUTE)) as netlink:
        eth1 = {link.name: link.number for link in rtnl.links(netlink)}["eth1"]
        assert [route for route in rtnl.routes(netlink) if route.link == eth1 or route.table == 10_001] == []
        assert [one for one in rtnl.addresses(netlink) if one.link == eth1] == []
    lab.delivered("a", "10.0.3.5", 53, "z")


def test_an_eni_comes_back_to_its_index_with_other_addresses(lab: FabricLab) -> None:
    secondary = Address(domain=VPC, ip="10.0.1.61", port="eni-e", primary=False)
    lab.put(*port("e", "i-a", 1, "pub", "10.0.1.60", ["sg-all"]), secondary, *public("10.0.1.60", "198.18.0.8"))
    assert policy(lab, "a") == {"10.0.1.60": 10_001, "10.0.1.61": 10_001}
    attached = row(lab.plan, Port, "eni-e")
    lab.put(replace(attached, node=None, index=None))
    assert policy(lab, "a") == {}
    other = Address(domain=VPC, ip="10.0.1.62", port="eni-e", primary=False)
    lab.put(other, without=[secondary])
    lab.put(attached, *public("10.0.1.62", "198.18.0.9"))
    assert policy(lab, "a") == {"10.0.1.60": 10_001, "10.0.1.62": 10_001}
    with pytest.raises(OSError, match="assign"):
        Udp(lab.node("a"), "10.0.1.61", 1)
    answers(lab, "a", "10.0.1.60", "198.18.0.8")
    answers(lab, "a", "10.0.1.62", "198.18.0.9")
    lab.put(without=[other])
    assert policy(lab, "a") == {"10.0.1.60": 10_001}
    answers(lab, "a", "10.0.1.60", "198.18.0.8")


def test_a_rule_goes_with_its_address_when_the_guest_has_removed_its_interface(lab: FabricLab) -> None:
    secondary = Address(domain=VPC, ip="10.0.1.61", port="eni-e", primary=False)
    lab.put(*port("e", "i-a", 1, "pub", "10.0.1.60", ["sg-all"]), secondary)
    with netns.call(lab.node("a"), lambda: Netlink(ROUTE)) as netlink:
        netlink.run([rtnl.delete_link("eth1")])
    lab.put(without=[secondary])
    assert policy(lab, "a") == {"10.0.1.60": 10_001}


def test_a_guest_that_has_set_its_interface_down_refuses_no_change(lab: FabricLab) -> None:
    secondary = Address(domain=VPC, ip="10.0.1.61", port="eni-e", primary=False)
    lab.put(*port("e", "i-a", 1, "pub", "10.0.1.60", ["sg-all"]))
    with netns.call(lab.node("a"), lambda: Netlink(ROUTE)) as netlink:
        eth1 = {link.name: link for link in rtnl.links(netlink)}["eth1"]
        netlink.run([rtnl.change_link(eth1._replace(up=False))])
    lab.put(secondary)
    assert policy(lab, "a") == {"10.0.1.60": 10_001, "10.0.1.61": 10_001}
    assert lab.fabric.observe() == []


def test_a_node_without_power_neither_sends_nor_receives(lab: FabricLab) -> None:
    node = row(lab.plan, Node, "i-a")
    lab.put(replace(node, powered=False))
    lab.dropped("a", "10.0.1.6", 53, "b", canary=("z", "10.0.1.6", 53))
    lab.udp("a", 53)
    lab.send("b", "10.0.1.5", 53)
    lab.put(node)
    lab.delivered("b", "10.0.1.5", 53, "a")
    assert lab.fabric.observe() == []


def test_a_port_that_is_not_up_is_dead(lab: FabricLab) -> None:
    lab.put(replace(row(lab.plan, Port, "eni-a"), up=False))
    lab.dropped("a", "10.0.1.6", 53, "b", canary=("z", "10.0.1.6", 53))


def test_a_zone_fails_with_a_few_elements(lab: FabricLab) -> None:
    lab.put(*guest("y", "pub-b", "10.0.3.6", ["sg-all"], site="az-b"))
    before = dict(lab.fabric.applied.records)
    lab.put(Site(id="az-b", up=False))
    after = lab.fabric.applied.records
    changed = {key for key in {**before, **after} if before.get(key) != after.get(key)}
    chains = {("chain", VPC, "pub-b/leave"), ("chain", VPC, "forward")}
    assert changed == chains | {("element", VPC, "entering", "pub-b")}
    lab.dropped("z", "10.0.1.6", 53, "b", canary=("a", "10.0.1.6", 53))
    for name in ("y", "z"):
        lab.udp(name, 53)
    lab.send("a", "10.0.3.5", 53)
    lab.send("y", "10.0.3.5", 53)
    lab.put(Site(id="az-b"))
    lab.delivered("a", "10.0.3.5", 53, "z")


def test_a_node_goes_and_one_of_its_name_comes(lab: FabricLab) -> None:
    rows: list[Row] = [row(lab.plan, Node, "i-b"), row(lab.plan, Port, "eni-b")]
    rows += [row(lab.plan, Address, VPC, "10.0.1.6"), row(lab.plan, Wearing, "eni-b", "0")]
    lab.put(without=rows)
    assert lab.fabric.namespace("i-b") is not None
    lab.put(*rows)
    lab.delivered("a", "10.0.1.6", 53, "b")
    lab.put(without=rows)
    lab.reap()
    assert lab.fabric.namespace("i-b") is None
    assert lab.fabric.observe() == []


def test_what_is_not_built_is_refused_before_anything_changes(lab: FabricLab) -> None:
    before = lab.fabric.dump()
    balancer = Node(id="lb", site="az-a", kind=NodeKind.BALANCER)
    with pytest.raises(FabricError, match="TCP and UDP only"):
        lab.put(balancer, Frontend(id="f", node="lb", protocol=132, port=80), rule("x", "sg-shut", IN))
    assert lab.fabric.dump() == before


def test_an_eni_gets_another_mtu_and_mac_in_place(lab: FabricLab) -> None:
    lab.delivered("b", "10.0.1.5", 53, "a")
    changed = replace(row(lab.plan, Port, "eni-a"), mtu=1500, mac="02:00:00:00:00:99")
    lab.put(changed)
    seen = links(lab, "a")["eth0"]
    assert (seen.mtu, seen.mac) == (1500, "02:00:00:00:00:99")
    lab.delivered("b", "10.0.1.5", 54, "a")
    assert lab.fabric.observe() == []


def tracked_then(lab: FabricLab, *between: Row) -> None:
    """b opens a connection to a, a's rule goes, then these rows are put one after the other."""
    narrow = rule("all-in", "sg-all", IN, "10.0.0.0/16", UDP)
    lab.put(narrow, rule("canary", "sg-all", IN, protocol=UDP, ports=(9, 9)))
    lab.delivered("b", "10.0.1.5", 53, "a", source_port=5353)
    lab.put(without=[narrow])
    lab.delivered("b", "10.0.1.5", 53, "a", source_port=5353)
    for one in between:
        lab.put(one)


def test_a_node_that_loses_power_forgets_its_connections(lab: FabricLab) -> None:
    node = row(lab.plan, Node, "i-a")
    tracked_then(lab, replace(node, powered=False), node)
    lab.dropped("b", "10.0.1.5", 53, "a", canary=("z", "10.0.1.5", 9), source_port=5353)


def test_a_port_that_is_detached_forgets_its_connections(lab: FabricLab) -> None:
    port_ = row(lab.plan, Port, "eni-a")
    tracked_then(lab, replace(port_, node=None, index=None), port_)
    lab.dropped("b", "10.0.1.5", 53, "a", canary=("z", "10.0.1.5", 9), source_port=5353)


def test_a_zone_that_fails_forgets_nothing(lab: FabricLab) -> None:
    tracked_then(lab, Site(id="az-a", up=False), Site(id="az-a"))
    lab.delivered("b", "10.0.1.5", 53, "a", source_port=5353)
