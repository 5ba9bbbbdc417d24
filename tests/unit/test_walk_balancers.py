"""The walk through balancers (laws 3, 4 and 6): in, back past the tables, choices, and what they refuse."""

import pytest
from msgspec.structs import replace

from atoll.analyze.explain import explain
from atoll.analyze.history import after, probe, reply, send, silent, start
from atoll.analyze.reach import Box, reach
from atoll.analyze.reach.flows import SERVICES, place
from atoll.analyze.reach.spans import single
from atoll.analyze.walk import forward
from atoll.packet import ICMP, TCP, UDP, Flow, Reason
from atoll.plan.rows import Backend, Filter, Node, Port, Route, Segment, SentBy, ToPort, Wearing
from atoll.plan.validate import problems
from atoll.records import Table
from tests.unit.lagoon import CLIENT, IN, OUT, change, guest, lab, nat, nlb, public, route, row, rule, tcp

NODE, EIP, NAT = "10.0.1.20", "198.18.0.20", "10.0.1.9"
API, API2 = "10.0.2.8", "10.0.2.9"
IN_FLOW = tcp(CLIENT, EIP)


def plan(*targets: str, keep: bool = True, protocol: int = TCP) -> Table:
    """The lagoon with a balancer in pub, servers in priv, and a NAT gateway as priv's way out."""
    return change(
        lab(),
        Filter(id="sg-api", domain="vpc-1"),
        rule("sgr-api", "sg-api", IN, CLIENT + "/32", protocol, (8080, 8080)),
        rule("sgr-node", "sg-api", IN, NODE + "/32", protocol, (8080, 8080)),
        rule("sgr-out", "sg-api", OUT),
        *guest("api", "priv", API, ["sg-api"]),
        *guest("api2", "priv", API2, ["sg-api"]),
        *nlb("a", "pub", NODE, *(targets or (API,)), keep=keep, listens=(protocol, 80)),
        *nat("a", "pub", NAT, table="rtb-priv"),
        *public(NODE, EIP),
        *public(NAT, "198.18.0.9"),
    )


@pytest.mark.parametrize("protocol", [TCP, UDP])
def test_in_with_the_clients_address_and_back_past_the_default_route(protocol: int) -> None:
    made = plan(protocol=protocol)
    assert problems(made) == []
    flow = replace(IN_FLOW, protocol=protocol)
    verdict = probe(made, "eni-client", flow)
    assert (verdict.arrives, verdict.answered, verdict.at) == (True, True, "eni-api")
    assert verdict.seen == replace(flow, destination=API, destination_port=8080)
    assert verdict.answer_source == EIP
    words = "\n".join(explain(made, verdict))
    assert f"destination {NODE} becomes {API}, port 80 becomes 8080" in words
    assert "node    lb-a  an answer to what came through it" in words


def test_where_the_source_is_not_kept_the_server_sees_the_node() -> None:
    verdict = probe(plan(keep=False), "eni-client", IN_FLOW)
    assert verdict.answered
    assert verdict.seen == replace(IN_FLOW, source=NODE, destination=API, destination_port=8080)
    assert verdict.answer_source == EIP


def test_a_table_that_leads_elsewhere_is_followed_only_where_the_source_is_not_kept() -> None:
    """Then the answer is addressed to the node itself: a middlebox may look at what goes between the two."""
    for keep, answered in ((True, True), (False, False)):
        box = guest("box", "pub", "10.0.1.6", ["sg-api"])
        away = [route("rtb-priv", f"{ip}/32", ToPort("eni-box")) for ip in (NODE, CLIENT)]
        made = change(plan(keep=keep), *box, *away)
        verdict = probe(made, "eni-client", IN_FLOW)
        assert (verdict.arrives, verdict.answered) == (True, answered)
        asked = reach(made, "eni-client", [Box(single(place(CLIENT)), single(place(EIP)), SERVICES)])
        (fate,) = (one for one in asked if one.flows.holds(IN_FLOW))
        assert (fate.arrives, fate.answered) == (True, answered)


def test_every_eligible_backend_is_an_outcome_and_no_other() -> None:
    both = plan(API, API2)
    assert {walk.at for walk in forward(both, "eni-client", IN_FLOW)} == {"eni-api", "eni-api2"}
    one = change(both, Backend(frontend="f-a", address=API, port=8080, eligible=False))
    assert [walk.at for walk in forward(one, "eni-client", IN_FLOW)] == ["eni-api2"]
    none = change(one, Backend(frontend="f-a", address=API2, port=8080, eligible=False))
    (walk,) = forward(none, "eni-client", IN_FLOW)
    assert walk.reason is Reason.REFUSED_BY_BALANCER


def test_a_connection_keeps_its_backend_until_that_is_cut() -> None:
    before = plan()
    _, connection = start(before, "eni-client", IN_FLOW)
    other = change(
        before,
        Backend(frontend="f-a", address=API, port=8080, eligible=False),
        Backend(frontend="f-a", address=API2, port=8080),
    )
    verdict, connection = send(other, connection)
    assert (verdict.at, verdict.answered) == ("eni-api", True)
    assert reply(other, connection)[0].arrives
    cut = Backend(frontend="f-a", address=API, port=8080, eligible=False, cut=True)
    ended = after(connection, {cut.key: (row(other, Backend, "f-a", API, "8080"), cut)})
    assert ended.state.translations == ()
    elsewhere = replace(cut, frontend="f-b")
    kept = after(connection, {elsewhere.key: (None, elsewhere)})
    assert kept.state.translations == connection.state.translations


def test_answers_to_what_the_balancer_has_forgotten_are_refused_there() -> None:
    """Fact 183: who sends after the idle time gets a reset, the target too, wherever its table leads."""
    made = plan()
    _, connection = start(made, "eni-client", IN_FLOW)
    assert reply(made, connection)[0].arrives
    late = silent(connection, 350)
    assert late.state.translations == ()
    assert reply(made, late)[0].reason is Reason.REFUSED_BY_BALANCER
    cut = Backend(frontend="f-a", address=API, port=8080, eligible=False, cut=True)
    ended = after(connection, {cut.key: (row(made, Backend, "f-a", API, "8080"), cut)})
    assert reply(change(made, cut), ended)[0].reason is Reason.REFUSED_BY_BALANCER


def test_with_the_balancer_the_servers_port_forgets_what_it_has_brought() -> None:
    made = plan()
    _, connection = start(made, "eni-client", IN_FLOW)
    assert [end.port for end in connection.state.ends] == ["eni-api"]
    for name, kept in (("eni-lb-a", []), ("eni-nat-a", ["eni-api"])):
        port = row(made, Port, name)
        assert [end.port for end in after(connection, {port.key: (port, None)}).state.ends] == kept


def test_what_it_does_not_take() -> None:
    made = plan()
    for flow in (tcp(CLIENT, EIP, 81), replace(IN_FLOW, protocol=UDP), Flow(CLIENT, EIP, ICMP)):
        (walk,) = forward(made, "eni-client", flow)
        assert walk.reason is Reason.REFUSED_BY_BALANCER
    (late,) = forward(made, "eni-client", IN_FLOW, opener=False)
    assert late.reason is Reason.REFUSED_BY_BALANCER
    past = change(made, replace(row(made, Route, "rtb-priv", "0.0.0.0/0"), via=ToPort("eni-lb-a")))
    (walk,) = forward(past, "eni-db", tcp("10.0.2.5", "203.0.113.80"))
    assert walk.reason is Reason.REFUSED_BY_BALANCER


def test_the_groups_that_a_balancer_wears_judge_both_passes_and_are_its_senders() -> None:
    made = change(
        plan(),
        Filter(id="sg-lb", domain="vpc-1"),
        rule("sgr-lb-in", "sg-lb", IN, protocol=TCP, ports=(80, 80)),
        rule("sgr-lb-out", "sg-lb", OUT, "10.0.2.0/24", TCP, (8080, 8080)),
        replace(row(plan(), Port, "eni-lb-a"), filtered=True),
        Wearing(port="eni-lb-a", slot=0, filter="sg-lb"),
        rule("sgr-api", "sg-api", IN, SentBy("sg-lb"), TCP, (8080, 8080)),
    )
    assert problems(made) == []
    assert probe(made, "eni-client", IN_FLOW).answered
    for name, reason in (
        ("sgr-lb-in", Reason.RECEIVER_RULES),
        ("sgr-lb-out", Reason.SENDER_RULES),
        ("sgr-api", Reason.RECEIVER_RULES),
    ):
        shut = change(made, without=[one for one in made.records.values() if one.key == ("rule", name)])  # type: ignore[misc]
        assert probe(shut, "eni-client", IN_FLOW).reason is reason, name


def test_a_site_that_is_down_and_a_node_that_is_gone() -> None:
    made = plan()
    _, connection = start(made, "eni-client", IN_FLOW)
    node = row(made, Node, "lb-a")
    assert after(connection, {node.key: (node, None)}).state.translations == ()
    dark = change(made, replace(node, powered=False))
    assert probe(dark, "eni-client", IN_FLOW).reason is Reason.NO_POWER


def test_what_is_wrong_with_one() -> None:
    made = plan()
    twice = change(made, replace(nlb("a", "pub", NODE)[3], id="f-b"))
    assert [line for line in problems(twice) if "another frontend" in line]
    guarded = change(made, replace(row(made, Port, "eni-lb-a"), guard=True))
    assert problems(guarded) == ["port eni-lb-a: of balancer lb-a, and guarded"]
    both = change(made, Backend(frontend="f-a", address=API, port=8080, cut=True))
    assert problems(both) == ["backend f-a 10.0.2.8 8080: eligible and cut at once"]
    assert problems(change(made, replace(row(made, Segment, "pub"), fence=None))) == []
