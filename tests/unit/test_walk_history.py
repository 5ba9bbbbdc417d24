"""Connections over time: laws 4 and 5 while the plan changes under them."""

import pytest
from msgspec.structs import replace

from atoll.analyze.history import Connection, Verdict, after, probe, reply, send, silent, start
from atoll.packet import ICMP, UDP, Flow, Prefix, Reason
from atoll.plan.rows import (
    INTERNET,
    Address,
    Filter,
    Idle,
    In,
    Mapping,
    Node,
    NodeKind,
    Port,
    Rule,
    Segment,
    Site,
    ToLink,
    ToPort,
    Wearing,
)
from atoll.records import Delta, Table
from tests.unit.lagoon import CLIENT, IN, OUT, VPC, change, group, guest, lab, port, public, route, row, rule, tcp

EIP = "198.18.0.7"
FLOW = tcp(CLIENT, EIP)
SHUT = Filter(id="acl-shut", domain=VPC, ordered=True)


def opened(plan: Table, port: str = "eni-client", flow: Flow = FLOW) -> Connection:
    verdict, connection = start(plan, port, flow)
    assert verdict.answered
    return connection


def both(plan: Table, connection: Connection) -> tuple[Verdict, Verdict]:
    """The opener sends on, and the receiver sends by itself."""
    return send(plan, connection)[0], reply(plan, connection)[0]


def between(old: Table, new: Table) -> Delta:
    """What makes the second plan of the first."""
    keys = old.records.keys() | new.records.keys()
    pairs = ((key, old.records.get(key), new.records.get(key)) for key in keys)
    return {key: (before, later) for key, before, later in pairs if before != later}


def without_rule(plan: Table, name: str) -> Table:
    return change(plan, without=[row(plan, Rule, name)])


def narrow() -> Table:
    """Port 80 of web is open to the client's network alone: tracked."""
    return change(lab(), rule("sgr-http", "sg-web", IN, "203.0.113.0/24", 6, (80, 80)))


def wide_open() -> Table:
    """Port 80 of web is open to the world, and so is all the way out: untracked."""
    return change(lab(), rule("sgr-web-out", "sg-web", OUT))


# law 5


def test_a_tracked_connection_lives_on_when_its_rule_goes() -> None:
    plan = narrow()
    connection = opened(plan)
    closed = without_rule(plan, "sgr-http")
    sent, replied = both(closed, connection)
    assert sent.answered
    assert replied.answered
    assert probe(closed, "eni-client", FLOW).reason is Reason.RECEIVER_RULES


def test_a_tracked_answer_needs_no_rule_outward() -> None:
    plan = without_rule(without_rule(narrow(), "sgr-web-out"), "sgr-web-world")
    assert probe(plan, "eni-client", FLOW).answered


def test_a_rule_open_to_the_world_is_tracked_while_the_way_out_is_not_all_open() -> None:
    connection = opened(lab())
    assert send(without_rule(lab(), "sgr-http"), connection)[0].answered


def test_an_untracked_connection_is_cut_with_its_rule_and_recovers_with_it() -> None:
    plan = wide_open()
    connection = opened(plan)
    closed = without_rule(plan, "sgr-http")
    sent, replied = both(closed, connection)
    assert sent.reason is Reason.RECEIVER_RULES
    assert (replied.arrives, replied.answered, replied.reason) == (True, False, Reason.RECEIVER_RULES)
    assert send(closed, connection)[1] == connection
    assert send(plan, connection) == (probe(plan, "eni-client", FLOW), connection)


def test_an_untracked_connection_is_cut_with_the_open_rule_of_the_other_way() -> None:
    plan = wide_open()
    connection = opened(plan)
    closed = without_rule(plan, "sgr-web-out")
    assert reply(closed, connection)[0].reason is Reason.SENDER_RULES
    sent, tracked = send(closed, connection)
    assert sent.answered
    assert reply(closed, tracked)[0].arrives


def test_an_untracked_connection_is_tracked_from_the_next_packet_of_its_opener_that_passes_otherwise() -> None:
    plan = wide_open()
    connection = opened(plan)
    narrowed = change(plan, rule("sgr-http", "sg-web", IN, "203.0.113.0/24", 6, (80, 80)))
    closed = without_rule(narrowed, "sgr-http")
    assert send(closed, connection)[0].reason is Reason.RECEIVER_RULES
    verdict, connection = send(narrowed, connection)
    assert verdict.answered
    assert send(closed, connection)[0].answered


def test_a_tracked_connection_stays_tracked() -> None:
    plan = narrow()
    connection = opened(plan)
    verdict, connection = send(wide_open(), connection)
    assert verdict.answered
    assert send(without_rule(wide_open(), "sgr-http"), connection)[0].answered


def test_icmp_is_always_tracked() -> None:
    plan = change(wide_open(), rule("sgr-http", "sg-web", IN))
    connection = opened(plan, flow=Flow(CLIENT, EIP, ICMP, source_port=9))
    assert send(without_rule(plan, "sgr-http"), connection)[0].answered
    datagrams = opened(plan, flow=Flow(CLIENT, EIP, UDP, 5000, 53))
    assert not send(without_rule(plan, "sgr-http"), datagrams)[0].arrives


def test_all_open_the_other_way_means_every_protocol_and_every_address() -> None:
    for half in (
        rule("sgr-web-out", "sg-web", OUT, protocol=6),
        rule("sgr-web-out", "sg-web", OUT, "0.0.0.0/1"),
        rule("sgr-web-out", "sg-web", OUT, In(Prefix.everything(6))),
    ):
        plan = change(lab(), half)
        assert send(without_rule(plan, "sgr-http"), opened(plan))[0].answered, half


def test_the_pair_of_rules_may_be_of_two_groups_of_one_port() -> None:
    plan = change(
        lab(),
        group("sg-out"),
        rule("sgr-out", "sg-out", OUT),
        Wearing(port="eni-web", slot=1, filter="sg-out"),
    )
    assert not send(without_rule(plan, "sgr-http"), opened(plan))[0].arrives


def test_each_end_tracks_for_itself() -> None:
    """Untracked where it leaves (all open both ways), tracked where it arrives."""
    plan = change(
        lab(),
        rule("sgr-web-out", "sg-web", OUT),
        rule("sgr-http", "sg-web", IN),
        rule("sgr-db", "sg-db", IN, "10.0.0.0/8"),
    )
    connection = opened(plan, "eni-web", tcp("10.0.1.5", "10.0.2.5", 5432))
    assert send(without_rule(plan, "sgr-db"), connection)[0].answered
    assert send(without_rule(plan, "sgr-web-out"), connection)[0].reason is Reason.SENDER_RULES
    no_way_back = reply(without_rule(plan, "sgr-http"), connection)[0]
    assert (no_way_back.arrives, no_way_back.reason) == (False, Reason.RECEIVER_RULES)


def test_a_refused_first_packet_leaves_nothing() -> None:
    plan = narrow()
    closed = without_rule(plan, "sgr-http")
    verdict, connection = start(closed, "eni-client", FLOW)
    assert verdict.reason is Reason.RECEIVER_RULES
    assert connection == Connection("eni-client", FLOW)
    with pytest.raises(ValueError, match="nobody can reply"):
        reply(closed, connection)
    verdict, connection = send(plan, connection)
    assert verdict.answered
    assert send(closed, connection)[0].answered


def test_a_domain_that_a_packet_has_left_remembers_it_though_it_is_refused_farther_on() -> None:
    plan = change(lab(), rule("sgr-web-out", "sg-web", OUT, "198.18.0.0/24"), *public("10.0.3.5", "198.18.0.8"))
    verdict, connection = start(plan, "eni-web", tcp("10.0.1.5", "198.18.0.8", 81))
    assert verdict.reason is Reason.RECEIVER_RULES
    assert [end.port for end in connection.state.ends] == ["eni-web"]
    closed = without_rule(plan, "sgr-web-out")
    assert send(closed, connection)[0].reason is Reason.RECEIVER_RULES
    assert probe(closed, "eni-web", connection.flow).reason is Reason.SENDER_RULES


def test_fences_judge_each_packet() -> None:
    plan = narrow()
    connection = opened(plan)
    acl = Filter(id="acl", domain=VPC, ordered=True)
    fenced = change(plan, acl, replace(row(plan, Segment, "pub"), fence="acl"), rule("acl-out", "acl", OUT, order=1))
    sent, replied = both(fenced, connection)
    assert sent.reason is Reason.FENCE_IN
    assert (replied.arrives, replied.reason) == (True, Reason.FENCE_IN)
    one_way = change(fenced, rule("acl-in", "acl", IN, order=1), without=[row(fenced, Rule, "acl-out")])
    sent, replied = both(one_way, connection)
    assert (sent.arrives, sent.reason) == (True, Reason.FENCE_OUT)
    assert (replied.arrives, replied.reason) == (False, Reason.FENCE_OUT)


# law 4


def test_tables_judge_each_answer() -> None:
    plan = narrow()
    connection = opened(plan)
    changed = change(
        plan, *guest("mb", "pub-b", "10.0.3.9", guard=False), route("rtb-pub", "0.0.0.0/0", ToPort("eni-mb"))
    )
    sent, replied = both(changed, connection)
    assert (sent.arrives, sent.answered, sent.reason) == (True, False, Reason.NOT_MINE)
    assert (replied.at, replied.answered) == ("eni-mb", False)


def moved(plan: Table) -> Table:
    """The Elastic IP of web goes to web-b."""
    return change(
        plan,
        Mapping(link="igw", inside="10.0.3.5", outside=EIP),
        without=[row(plan, Mapping, "igw", "10.0.1.5")],
    )


def test_an_elastic_ip_that_moved_leads_to_its_new_holder_and_is_judged_there_anew() -> None:
    plan = narrow()
    connection = opened(plan)
    sent, replied = both(moved(plan), connection)
    assert (sent.at, sent.answered) == ("eni-web-b", True)
    assert (replied.arrives, replied.reason) == (False, Reason.NO_PUBLIC_ADDRESS)
    assert send(without_rule(moved(plan), "sgr-http"), connection)[0].reason is Reason.RECEIVER_RULES


def test_where_an_elastic_ip_has_gone_its_connections_are_forgotten() -> None:
    plan = narrow()
    connection = opened(plan)
    forgotten = after(connection, between(plan, moved(plan)))
    assert (forgotten.state.ends, forgotten.state.frames) == ((), ())
    assert after(connection, between(moved(plan), plan)) == connection
    closed = without_rule(plan, "sgr-http")
    assert send(closed, connection)[0].answered
    assert send(closed, forgotten)[0].reason is Reason.RECEIVER_RULES


def test_another_elastic_ip_in_its_place_is_what_the_other_side_sees() -> None:
    plan = change(lab(), *public("10.0.1.5", "198.18.0.8"))
    replied = reply(plan, opened(lab()))[0]
    assert replied.seen == tcp(CLIENT, "198.18.0.8").reply()
    out = opened(lab(), "eni-web", tcp("10.0.1.5", "203.0.113.80", 443))
    verdict = send(plan, out)[0]
    assert (verdict.answered, verdict.seen) == (True, tcp("198.18.0.8", "203.0.113.80", 443))
    assert after(out, between(lab(), plan)).state.frames == ()


def test_a_hairpins_answer_undoes_both_frames() -> None:
    plan = change(lab(), rule("sgr-web-out", "sg-web", OUT), *public("10.0.3.5", "198.18.0.8"))
    connection = opened(plan, "eni-web", tcp("10.0.1.5", "198.18.0.8"))
    assert {frame.outside for frame in connection.state.frames} == {EIP, "198.18.0.8"}
    verdict = reply(plan, connection)[0]
    assert verdict.seen == tcp("10.0.1.5", "198.18.0.8").reply()
    assert verdict.answered


def test_a_connection_to_a_port_that_moved_is_judged_anew() -> None:
    """The network follows the interface; whether the new guest knows the connection is the guest's business."""
    plan = narrow()
    connection = opened(plan)
    here = Node(id="i-new", site="az-a", kind=NodeKind.GUEST)
    other = change(plan, here, replace(row(plan, Port, "eni-web"), node="i-new", index=1))
    connection = after(connection, between(plan, other))
    verdict, _ = send(other, connection)
    assert (verdict.answered, verdict.at) == (True, "eni-web")
    assert send(without_rule(other, "sgr-http"), connection)[0].reason is Reason.RECEIVER_RULES


def test_what_makes_a_port_forget() -> None:
    plan = narrow()
    connection = opened(plan)
    web, node = row(plan, Port, "eni-web"), row(plan, Node, "i-web")
    address = row(plan, Address, VPC, "10.0.1.5")
    for gone in (
        between(plan, change(plan, replace(web, node=None, index=None))),
        between(plan, change(plan, without=[web])),
        between(plan, change(plan, replace(node, powered=False))),
        between(plan, change(plan, without=[node])),
        between(plan, change(plan, without=[address])),
        between(plan, change(plan, replace(address, port="eni-web-b"))),
    ):
        assert after(connection, gone).state.ends == (), gone
    for kept in (
        between(plan, change(plan, replace(web, guard=False))),
        between(plan, change(plan, replace(address, primary=False))),
        between(change(plan, replace(node, powered=False)), plan),
        between(plan, without_rule(plan, "sgr-http")),
        between(plan, change(plan, replace(row(plan, Port, "eni-web-b"), node=None, index=None))),
    ):
        assert after(connection, kept) == connection, kept


def test_an_address_that_moved_to_another_port_is_judged_there_anew() -> None:
    plan = narrow()
    connection = opened(plan)
    plan = change(plan, group("sg-none"), *guest("other", "pub", "10.0.1.6", ["sg-none"]))
    taken = change(plan, Address(domain=VPC, ip="10.0.1.5", port="eni-other", primary=False))
    assert send(taken, connection)[0].reason is Reason.RECEIVER_RULES
    allowed = change(taken, rule("sgr-other", "sg-none", IN, "203.0.113.0/24"))
    verdict, connection = send(allowed, connection)
    assert (verdict.answered, verdict.at) == (True, "eni-other")
    assert connection.receiver == "eni-other"
    assert send(taken, connection)[0].answered


# law 7


def test_a_node_that_lost_power_is_silent_until_it_is_back() -> None:
    plan = narrow()
    connection = opened(plan)
    for dark in (replace(row(plan, Node, "i-web"), powered=False), replace(row(plan, Site, "az-a"), up=False)):
        sent, replied = both(change(plan, dark), connection)
        assert sent.reason is Reason.NO_POWER
        assert replied.reason is Reason.NO_POWER
    assert send(plan, connection)[0].answered


def test_an_end_that_is_gone_sends_and_receives_nothing() -> None:
    plan = narrow()
    connection = opened(plan)
    gone = change(plan, without=[row(plan, Port, "eni-web"), row(plan, Address, VPC, "10.0.1.5")])
    sent, replied = both(gone, connection)
    assert sent.reason is Reason.NO_SUCH_ADDRESS
    assert replied.reason is Reason.NO_POWER


# legs of one flow through a middlebox share what the network remembers


def test_the_state_of_a_connection_spans_the_legs_through_a_middlebox() -> None:
    plan = change(
        lab(),
        group("sg-mb"),
        rule("sgr-mb-in", "sg-mb", IN, "10.0.0.0/16"),
        rule("sgr-mb-out", "sg-mb", OUT, "10.0.0.0/16"),
        *guest("mb", "pub-b", "10.0.3.9", ["sg-mb"], guard=False, site="az-b"),
        replace(row(lab(), Segment, "pub-b"), table="rtb-priv"),
        route("rtb-pub", "10.0.2.0/24", ToPort("eni-mb")),
        route("rtb-priv", "0.0.0.0/0", ToLink("igw")),
    )
    flow = tcp("10.0.1.5", "10.0.2.5", 5432)
    first, leg = start(plan, "eni-web", flow)
    assert first.at == "eni-mb"
    onward, sent_on = send(plan, Connection("eni-mb", flow, leg.state))
    assert onward.at == "eni-db"
    assert onward.back is not None
    assert onward.back.at == "eni-web"
    assert onward.answered
    closed = without_rule(plan, "sgr-web-out")
    assert reply(closed, sent_on)[0].at == "eni-web"


def test_a_guest_answers_out_of_the_port_that_has_the_address_whichever_was_asked() -> None:
    """A route through one port of a node to an address of its other port."""
    beside = port("beside", "i-two", 1, "priv", "10.0.2.9")
    both = [*guest("two", "pub-b", "10.0.3.9", guard=False, site="az-b"), *beside]
    plan = change(narrow(), *both, route("rtb-pub", "10.0.2.0/24", ToPort("eni-two")), rule("o", "sg-web", OUT))
    verdict, connection = start(plan, "eni-web", tcp("10.0.1.5", "10.0.2.9"))
    assert (verdict.at, verdict.answered) == ("eni-two", True)
    assert verdict.back is not None
    replied = reply(plan, connection)[0]
    for back in (verdict.back, replied.forward):
        assert next(hop.id for hop in back.hops if hop.what == "port") == "eni-beside"


def test_an_answer_to_where_nothing_was_sent_from_is_judged_there_and_not_tracked() -> None:
    """A middlebox sends on for web, and nobody told the network of the first leg."""
    plan = change(
        narrow(), *guest("mb", "pub-b", "10.0.3.9", guard=False), rule("sgr-back", "sg-web", IN, "10.0.0.0/16")
    )
    connection = opened(plan, "eni-mb", tcp("10.0.1.5", "10.0.2.5", 5432))
    closed = without_rule(plan, "sgr-back")
    assert send(closed, connection)[0].reason is Reason.RECEIVER_RULES
    assert probe(closed, "eni-mb", connection.flow).reason is Reason.RECEIVER_RULES


def test_a_connection_that_goes_on_remembers_no_more_than_it_did() -> None:
    for plan in (narrow(), wide_open()):
        connection = opened(plan)
        for later in (send(plan, connection)[1], reply(plan, connection)[1]):
            assert replace(later, state=connection.state) == connection
            assert places(later) == places(connection)


def places(connection: Connection) -> list[object]:
    state = connection.state
    return [sorted((end.port, str(end.flow)) for end in state.ends), state.frames, state.translations]


def test_silence_for_as_long_as_its_port_says_ends_tracking() -> None:
    plan = change(narrow(), replace(row(narrow(), Port, "eni-web"), idle=Idle(tcp=60)))
    connection = opened(plan)
    closed = without_rule(plan, "sgr-http")
    for _ in range(3):
        connection = silent(connection, 59)
        verdict, connection = send(closed, connection)
        assert verdict.answered, "each packet begins the silence anew"
    assert send(plan, silent(connection, 60))[0].answered
    assert send(closed, silent(connection, 60))[0].reason is Reason.RECEIVER_RULES
    usual = silent(opened(narrow()), 431_999)
    assert send(without_rule(narrow(), "sgr-http"), usual)[0].answered


def test_times_count_from_when_the_end_began_to_track() -> None:
    connection = opened(narrow())
    later = change(narrow(), replace(row(narrow(), Port, "eni-web"), idle=Idle(tcp=60)))
    assert send(without_rule(later, "sgr-http"), silent(connection, 61))[0].answered


@pytest.mark.parametrize(("questions", "patience"), [(1, 30), (2, 180)])
def test_datagrams_are_a_stream_after_more_than_one_each_way(questions: int, patience: int) -> None:
    plan = change(lab(), rule("sgr-http", "sg-web", IN, "203.0.113.0/24", UDP, (80, 80)))
    flow = replace(FLOW, protocol=UDP)
    connection = opened(plan, flow=flow)
    for _ in range(questions - 1):
        connection = send(plan, connection)[1]
    closed = without_rule(plan, "sgr-http")
    assert send(closed, silent(connection, patience - 1))[0].answered
    assert not send(closed, silent(connection, patience))[0].arrives


def test_a_refused_packet_ends_no_silence_behind_who_refuses_it() -> None:
    connection = opened(narrow())
    shut = change(narrow(), replace(row(narrow(), Segment, "pub"), fence="acl-shut"), SHUT)
    assert not send(shut, connection)[0].arrives
    assert silent(send(shut, silent(connection, 400_000))[1], 32_000).state.ends == ()


def test_a_route_of_the_internet_that_goes_cuts_the_way_in_but_not_the_way_out() -> None:
    plan = narrow()
    connection = opened(plan)
    cut = change(plan, without=[route(INTERNET, f"{EIP}/32", ToLink("igw"), INTERNET)])
    sent, replied = both(cut, connection)
    assert sent.reason is Reason.NO_ROUTE
    assert (replied.arrives, replied.reason) == (True, Reason.NO_ROUTE)
