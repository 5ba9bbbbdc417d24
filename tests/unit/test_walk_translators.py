"""The walk through translators (laws 4 and 6): out and back, and what they refuse."""

import pytest
from msgspec.structs import replace

from atoll.analyze.explain import explain
from atoll.analyze.history import after, probe, reply, send, start
from atoll.analyze.translators import Translation
from atoll.analyze.walk import forward
from atoll.packet import ICMP, TCP, UDP, Flow, Reason
from atoll.plan.rows import Address, Deliver, Filter, Masquerade, Node, Port, Rule, Segment, Site, ToLink, ToPort
from atoll.plan.validate import problems
from atoll.records import Table
from tests.unit.lagoon import CLIENT, IN, OUT, VPC, change, guest, lab, nat, public, route, row, rule, tcp

NAT, EIP, DB, SERVER = "10.0.1.9", "198.18.0.9", "10.0.2.5", "203.0.113.80"


def plan(*more: str) -> Table:
    """The lagoon, whose private subnet goes out by a NAT gateway in pub."""
    return change(lab(), *nat("a", "pub", NAT, *more, table="rtb-priv"), *public(NAT, EIP))


def out(protocol: int = TCP, source: str = DB, source_port: int = 40000) -> Flow:
    return Flow(source, SERVER, protocol, source_port, 0 if protocol == ICMP else 443)


def refused(plan_: Table, sender: str, flow: Flow) -> Reason:
    (walk,) = forward(plan_, sender, flow)
    assert walk.at is None
    return walk.reason


@pytest.mark.parametrize("protocol", [TCP, UDP, ICMP])
def test_out_with_the_gateways_address_and_back(protocol: int) -> None:
    assert problems(plan()) == []
    verdict = probe(plan(), "eni-db", out(protocol))
    assert (verdict.arrives, verdict.answered, verdict.at) == (True, True, "eni-server")
    assert verdict.seen == replace(out(protocol), source=EIP)
    assert verdict.answer_source == SERVER
    sent = replace(out(protocol), source=NAT)
    assert verdict.forward.state.translations == (Translation("nat-a", out(protocol), sent),)
    words = "\n".join(explain(plan(), verdict))
    assert "node    nat-a  source 10.0.2.5 becomes 10.0.1.9" in words
    assert "node    nat-a  destination 10.0.1.9 becomes 10.0.2.5" in words


def test_a_port_that_is_none_of_its_own_becomes_one() -> None:
    verdict = probe(plan(), "eni-db", out(source_port=123))
    assert verdict.seen == replace(out(), source=EIP, source_port=1024)
    assert verdict.answered


def test_nothing_comes_in() -> None:
    for protocol in (TCP, UDP, ICMP):
        assert refused(plan(), "eni-client", Flow(CLIENT, EIP, protocol, 40000, 80)) is Reason.REFUSED_BY_TRANSLATOR
    assert refused(plan(), "eni-db", tcp(DB, NAT)) is Reason.REFUSED_BY_TRANSLATOR


def test_it_serves_its_domain_alone_and_three_protocols() -> None:
    open_ = change(plan(), replace(row(plan(), Port, "eni-db"), guard=False))
    for source in ("10.0.2.99", "198.51.100.7"):
        assert refused(open_, "eni-db", out(UDP, source)) is Reason.REFUSED_BY_TRANSLATOR
    asleep = change(
        open_,
        *guest("app", "priv", "10.0.2.6", ["sg-db"]),
        Node(id="i-app", site="az-a", kind=row(open_, Node, "i-db").kind, powered=False),
    )
    assert refused(asleep, "eni-db", out(UDP, "10.0.2.6")) is Reason.REFUSED_BY_TRANSLATOR
    assert refused(plan(), "eni-db", out(47)) is Reason.REFUSED_BY_TRANSLATOR
    assert refused(plan(), "eni-db", replace(out(ICMP), icmp_type=3)) is Reason.REFUSED_BY_TRANSLATOR


def test_without_a_mapping_the_internet_is_closed() -> None:
    assert refused(change(plan(), without=public(NAT, EIP)), "eni-db", out()) is Reason.NO_PUBLIC_ADDRESS


def test_without_an_address_to_give_nothing_new_leaves() -> None:
    drained = change(plan(), without=[row(plan(), Masquerade, "nat-a", NAT)])
    assert refused(drained, "eni-db", out()) is Reason.REFUSED_BY_TRANSLATOR
    _, connection = start(plan(), "eni-db", out())
    assert send(drained, connection)[0].answered


def test_both_passes_meet_the_fence_of_its_subnet() -> None:
    everything = [rule("in", "acl", IN, order=200), rule("out", "acl", OUT, order=200)]
    acl = Filter(id="acl", domain=VPC, ordered=True)
    fenced = change(plan(), acl, *everything, replace(row(plan(), Segment, "pub"), fence="acl"))
    assert probe(fenced, "eni-db", out()).answered
    for direction, reason in ((IN, Reason.FENCE_IN), (OUT, Reason.FENCE_OUT)):
        for peer in ("10.0.2.0/24", SERVER):
            shut = rule("x", "acl", direction, peer, allow=False, order=1)
            verdict = probe(change(fenced, shut), "eni-db", out())
            assert (verdict.answered, verdict.reason) == (False, reason), (direction, peer)


def test_what_it_has_sent_on_is_remembered_though_it_is_refused_later() -> None:
    closed = change(plan(), without=public(NAT, EIP))
    (walk,) = forward(closed, "eni-db", out())
    assert [end.port for end in walk.state.ends] == ["eni-db"]
    assert len(walk.state.translations) == 1


def test_its_own_table_may_lead_back_to_it() -> None:
    turned = change(plan(), replace(row(plan(), Segment, "pub"), table="rtb-priv"))
    assert refused(turned, "eni-db", out()) is Reason.LOOP


def test_two_that_lead_to_one_another() -> None:
    circle = change(
        plan(),
        replace(row(plan(), Segment, "pub"), table="rtb-b"),
        replace(row(plan(), Segment, "pub-b"), table="rtb-priv"),
        *nat("b", "pub-b", "10.0.3.9", table="rtb-b", site="az-b"),
    )
    assert refused(circle, "eni-db", out()) is Reason.LOOP


def test_one_behind_the_other() -> None:
    chain = change(
        plan(),
        replace(row(plan(), Segment, "pub-b"), table="rtb-b"),
        route("rtb-b", "10.0.0.0/16", Deliver()),
        route("rtb-priv", "0.0.0.0/0", ToPort("eni-nat-b")),
        *nat("b", "pub-b", "10.0.3.9", site="az-b"),
        route("rtb-b", "0.0.0.0/0", ToPort("eni-nat-a")),
    )
    verdict = probe(chain, "eni-db", out())
    assert (verdict.answered, verdict.seen) == (True, replace(out(), source=EIP))


def test_inside_the_vpc_it_translates_where_a_route_leads_to_it() -> None:
    inner = change(
        plan(),
        route("rtb-priv", "10.0.3.0/24", ToPort("eni-nat-a")),
        rule("sgr-web-nat", "sg-web", IN, f"{NAT}/32", TCP, (443, 443)),
    )
    verdict = probe(inner, "eni-db", tcp(DB, "10.0.3.5", 443))
    assert (verdict.answered, verdict.at, verdict.seen) == (True, "eni-web-b", tcp(NAT, "10.0.3.5", 443))


def test_each_of_its_addresses_is_an_outcome() -> None:
    both = change(plan("10.0.1.10"), *public("10.0.1.10", "198.18.0.10"))
    walks = forward(both, "eni-db", out())
    assert {walk.flow.source for walk in walks} == {EIP, "198.18.0.10"}
    assert len(forward(plan(), "eni-db", out())) == 1


def test_a_server_whose_answers_go_by_it_is_not_answered_for() -> None:
    """Section 15: a public address, and a default route to a NAT gateway."""
    crossed = change(plan(), *public(DB, "198.18.0.5"), rule("sgr-in", "sg-db", IN))
    tcp_ = probe(crossed, "eni-client", tcp(CLIENT, "198.18.0.5"))
    assert (tcp_.arrives, tcp_.answered, tcp_.reason) == (True, False, Reason.REFUSED_BY_TRANSLATOR)
    udp = probe(crossed, "eni-client", Flow(CLIENT, "198.18.0.5", UDP, 40000, 53))
    assert (udp.arrives, udp.answered, udp.reason) == (True, False, Reason.NOT_MINE)
    assert udp.back is not None
    assert udp.back.flow.source == EIP


def test_the_receivers_own_packets_come_back_through_it() -> None:
    _, connection = start(plan(), "eni-db", out())
    verdict, _ = reply(plan(), connection)
    assert (verdict.arrives, verdict.at) == (True, "eni-db")


@pytest.mark.parametrize("gone", ["address", "node"])
def test_it_forgets_with_its_address_and_when_it_goes(gone: str) -> None:
    _, connection = start(plan(), "eni-db", out())
    old = row(plan(), Address, VPC, NAT) if gone == "address" else row(plan(), Node, "nat-a")
    forgotten = after(connection, {old.key: (old, None)})
    assert forgotten.state.translations == ()
    assert len(forgotten.state.ends) == 1
    verdict, _ = reply(plan(), forgotten)
    assert verdict.reason is Reason.REFUSED_BY_TRANSLATOR
    kept = after(connection, {old.key: (old, replace(old, origin=("x",)))})
    assert kept.state.translations == connection.state.translations


def test_a_zone_that_is_down() -> None:
    private = replace(row(plan(), Segment, "pub-b"), table="rtb-priv")
    down = change(plan(), replace(row(plan(), Site, "az-a"), up=False), private)
    assert refused(down, "eni-web-b", tcp("10.0.3.5", SERVER, 443)) is Reason.NO_POWER
    assert probe(change(down, row(plan(), Site, "az-a")), "eni-web-b", tcp("10.0.3.5", SERVER, 443)).answered


def test_a_way_past_it_is_not_translated_by_it() -> None:
    past = change(plan(), route("rtb-priv", f"{SERVER}/32", ToLink("igw")), *public(DB, "198.18.0.5"))
    assert probe(past, "eni-db", out()).seen == replace(out(), source="198.18.0.5")


@pytest.mark.parametrize("protocol", [TCP, UDP])
def test_what_goes_through_it_is_always_tracked(protocol: int) -> None:
    """Both pairs of rules are open to the world; the same connection past the gateway would be untracked."""
    wide = [rule("sgr-wide-in", "sg-db", IN), rule("sgr-wide-out", "sg-db", OUT)]
    opened = change(plan(), *wide)
    for sent, tracked in ((out(protocol), 1), (Flow(DB, "10.0.1.5", protocol, 40000, 80), 0)):
        (walk,) = forward(opened, "eni-db", sent)
        assert len([end for end in walk.state.ends if end.port == "eni-db"]) == tracked
    _, connection = start(opened, "eni-db", out(protocol))
    verdict, _ = send(change(plan(), without=all_of(plan(), "sg-db")), connection)
    assert verdict.answered


def all_of(plan_: Table, group: str) -> list[Rule]:
    return [one for one in plan_.all(Rule) if one.filter == group]


def test_the_end_behind_it_tracks_too() -> None:
    inner = change(
        plan(), route("rtb-priv", "10.0.3.0/24", ToPort("eni-nat-a")),
        rule("sgr-in", "sg-web", IN), rule("sgr-out", "sg-web", OUT),
    )  # fmt: skip
    _, connection = start(inner, "eni-db", tcp(DB, "10.0.3.5", 443))
    assert "eni-web-b" in {end.port for end in connection.state.ends}
    assert "eni-web-b" not in {
        end.port for end in start(inner, "eni-web", tcp("10.0.1.5", "10.0.3.5", 443))[1].state.ends
    }
