"""The walk against the laws, one at a time: single packets and their answers."""

import pytest
from msgspec.structs import replace

from atoll.analyze.history import probe
from atoll.analyze.links import Frame
from atoll.analyze.walk import forward
from atoll.packet import ICMP, UDP, Flow, Prefix, Reason
from atoll.plan.rows import (
    INTERNET,
    Address,
    Deliver,
    Domain,
    DomainKind,
    Drop,
    Filter,
    InSet,
    Link,
    Mapping,
    Member,
    Node,
    NodeKind,
    Port,
    Route,
    Rule,
    Segment,
    SentBy,
    Site,
    ToLink,
    ToPort,
    Wearing,
)
from atoll.plan.services import DNS, METADATA, RESOLVER
from atoll.records import Table
from tests.unit.lagoon import (
    CLIENT,
    IN,
    OUT,
    VPC,
    change,
    group,
    guest,
    host,
    lab,
    port,
    public,
    resolvers,
    route,
    row,
    rule,
    tcp,
)

EIP = "198.18.0.7"


def ends(plan: Table, sender: str, flow: Flow) -> tuple[bool, bool, Reason]:
    verdict = probe(plan, sender, flow)
    return verdict.arrives, verdict.answered, verdict.reason


def refused(plan: Table, sender: str, flow: Flow) -> Reason:
    (walk,) = forward(plan, sender, flow)
    assert walk.at is None
    return walk.reason


# the way in: an Elastic IP


def test_the_internet_reaches_an_elastic_ip_and_its_address_is_kept() -> None:
    verdict = probe(lab(), "eni-client", tcp(CLIENT, EIP))
    assert (verdict.arrives, verdict.answered, verdict.reason) == (True, True, Reason.DELIVERED)
    assert verdict.at == "eni-web"
    assert verdict.seen == tcp(CLIENT, "10.0.1.5")
    assert verdict.answer_source == EIP
    assert verdict.forward.state.frames == (Frame("igw", "10.0.1.5", EIP),)


def test_another_port_of_it_is_silent() -> None:
    assert refused(lab(), "eni-client", tcp(CLIENT, EIP, 81)) is Reason.RECEIVER_RULES


def test_a_public_address_that_nobody_has() -> None:
    plan = change(lab(), route(INTERNET, "198.18.0.9/32", ToLink("igw"), INTERNET))
    assert refused(plan, "eni-client", tcp(CLIENT, "198.18.0.9")) is Reason.NO_PUBLIC_ADDRESS
    assert refused(lab(), "eni-client", tcp(CLIENT, "198.18.0.9")) is Reason.NO_ROUTE


@pytest.mark.parametrize("private", ["10.0.1.5", "172.16.0.1", "192.168.1.1", "100.64.0.1"])
def test_a_gateway_refuses_private_addresses_on_its_outer_side(private: str) -> None:
    plan = change(lab(), route(INTERNET, f"{private}/32", ToLink("igw"), INTERNET), *host("odd", "192.168.77.1"))
    assert refused(plan, "eni-client", tcp(CLIENT, private)) is Reason.REFUSED_BY_LINK
    assert refused(plan, "eni-odd", tcp("192.168.77.1", EIP)) is Reason.REFUSED_BY_LINK
    assert refused(plan, "eni-web", tcp("10.0.1.5", "172.16.5.5", 443)) is Reason.REFUSED_BY_LINK


def test_a_gateway_refuses_its_own_sides_addresses_from_outside() -> None:
    odd = [replace(one, guard=False) if isinstance(one, Port) else one for one in host("odd", "203.0.113.66")]
    plan = change(lab(), *odd, route("igw-in", "20.0.0.0/16", Deliver()))
    assert refused(plan, "eni-odd", tcp("20.0.1.5", EIP)) is Reason.REFUSED_BY_LINK
    assert ends(plan, "eni-odd", tcp("20.1.1.5", EIP))[0]


def test_a_public_address_in_a_subnet_without_a_way_out_is_reached_but_does_not_answer() -> None:
    plan = change(lab(), *public("10.0.2.5", "198.18.0.8"), rule("sgr-in", "sg-db", IN))
    assert ends(plan, "eni-client", tcp(CLIENT, "198.18.0.8", 5432)) == (True, False, Reason.NO_ROUTE)


def test_a_public_address_is_of_one_gateway() -> None:
    other = Link(id="igw-2", a="vpc-2", b=INTERNET, arrive_a="in", arrive_b=INTERNET, mapped=True)
    mapping = Mapping(link="igw-2", inside="10.0.1.5", outside=EIP)
    plan = change(lab(), other, mapping, without=[row(lab(), Mapping, "igw", "10.0.1.5")])
    assert refused(plan, "eni-client", tcp(CLIENT, EIP)) is Reason.NO_PUBLIC_ADDRESS


def test_an_answer_from_another_address_is_no_answer() -> None:
    plan = change(
        lab(),
        Link(id="igw-2", a=VPC, b=INTERNET, arrive_a="igw-in", arrive_b=INTERNET, mapped=True),
        Mapping(link="igw-2", inside="10.0.1.5", outside="198.18.0.8"),
        route("rtb-pub", "0.0.0.0/0", ToLink("igw-2")),
    )
    verdict = probe(plan, "eni-client", tcp(CLIENT, EIP))
    assert (verdict.arrives, verdict.answered, verdict.reason) == (True, False, Reason.NOT_MINE)
    assert verdict.answer_source == "198.18.0.8"


# the way out


def test_the_way_out_shows_the_public_address() -> None:
    verdict = probe(lab(), "eni-web", tcp("10.0.1.5", "203.0.113.80", 443))
    assert verdict.answered
    assert verdict.seen == tcp(EIP, "203.0.113.80", 443)
    assert verdict.answer_source == "203.0.113.80"


def test_no_way_out_without_a_public_address_a_route_or_a_rule() -> None:
    plan = lab()
    assert refused(plan, "eni-web-b", tcp("10.0.3.5", "203.0.113.80", 443)) is Reason.NO_PUBLIC_ADDRESS
    assert refused(plan, "eni-db", tcp("10.0.2.5", "203.0.113.80", 443)) is Reason.NO_ROUTE
    assert refused(plan, "eni-web", tcp("10.0.1.5", "203.0.113.80", 22)) is Reason.SENDER_RULES


def test_a_blackhole_and_a_route_to_what_is_gone() -> None:
    flow = tcp("10.0.1.5", "203.0.113.80", 443)
    elsewhere = Link(id="igw-2", a="vpc-2", b=INTERNET, arrive_a="in", arrive_b=INTERNET)
    for via in (Drop(), ToLink("igw-gone"), ToPort("eni-gone"), ToLink("igw-2")):
        plan = change(lab(), elsewhere, route("rtb-pub", "0.0.0.0/0", via))
        assert refused(plan, "eni-web", flow) is Reason.BLACKHOLE, via


def test_the_longest_prefix_wins() -> None:
    plan = change(lab(), route("rtb-pub", "203.0.113.0/24", Drop()))
    assert refused(plan, "eni-web", tcp("10.0.1.5", "203.0.113.80", 443)) is Reason.BLACKHOLE
    narrower = change(plan, route("rtb-pub", "203.0.113.80/32", ToLink("igw")))
    assert probe(narrower, "eni-web", tcp("10.0.1.5", "203.0.113.80", 443)).answered


def test_the_longest_prefix_wins_in_a_table_too_long_to_be_read_whole() -> None:
    many = [route(INTERNET, f"198.19.{number}.0/24", Drop(), INTERNET) for number in range(200)]
    plan = change(lab(), *many)
    assert probe(plan, "eni-client", tcp(CLIENT, EIP)).answered
    assert refused(plan, "eni-client", tcp(CLIENT, "198.19.7.7")) is Reason.BLACKHOLE
    assert refused(plan, "eni-client", tcp(CLIENT, "198.20.7.7")) is Reason.NO_ROUTE
    narrower = change(plan, route(INTERNET, "198.19.7.0/25", Deliver(), INTERNET))
    assert refused(narrower, "eni-client", tcp(CLIENT, "198.19.7.7")) is Reason.NO_SUCH_ADDRESS
    default = change(plan, route(INTERNET, "0.0.0.0/0", Drop(), INTERNET))
    assert refused(default, "eni-client", tcp(CLIENT, "198.20.7.7")) is Reason.BLACKHOLE


# hairpins and own addresses


def test_a_hairpin_to_another_guest_shows_the_public_address_and_no_sender() -> None:
    plan = change(lab(), rule("sgr-web-out", "sg-web", OUT), *public("10.0.3.5", "198.18.0.8"))
    verdict = probe(plan, "eni-web", tcp("10.0.1.5", "198.18.0.8"))
    assert verdict.answered
    assert verdict.seen == tcp(EIP, "10.0.3.5")
    assert [hop.what for hop in verdict.forward.hops].count("link") == 2
    by_group = change(plan, rule("sgr-http", "sg-web", IN, SentBy("sg-web")))
    assert refused(by_group, "eni-web", tcp("10.0.1.5", "198.18.0.8")) is Reason.RECEIVER_RULES
    assert probe(by_group, "eni-web", tcp("10.0.1.5", "10.0.3.5")).answered


def test_a_hairpin_to_oneself_leaves_by_the_gateway() -> None:
    plan = change(lab(), rule("sgr-web-out", "sg-web", OUT))
    verdict = probe(plan, "eni-web", tcp("10.0.1.5", EIP))
    assert verdict.answered
    assert verdict.at == "eni-web"
    assert verdict.seen == tcp(EIP, "10.0.1.5")


def test_a_packet_to_a_nodes_own_address_never_leaves_it() -> None:
    plan = change(lab(), group("sg-none"), *port("web1", "i-web", 1, "pub", "10.0.1.6", ["sg-none"]))
    verdict = probe(plan, "eni-web", tcp("10.0.1.5", "10.0.1.6", 1))
    assert (verdict.answered, verdict.at) == (True, "eni-web1")
    assert probe(plan, "eni-web1", tcp("10.0.1.6", "10.0.1.6", 1)).answered
    assert refused(plan, "eni-web-b", tcp("10.0.3.5", "10.0.1.6", 1)) is Reason.RECEIVER_RULES


def test_an_address_of_the_other_port_of_a_node_is_the_nodes_own() -> None:
    """Taken by one port and answered by the node; asked from one port and heard on the other."""
    plan = change(lab(), *guest("two", "pub-b", "10.0.3.9", guard=False), *port("two1", "i-two", 1, "priv", "10.0.2.9"))
    by_first = change(plan, route("rtb-pub", "10.0.2.0/24", ToPort("eni-two")))
    verdict = probe(by_first, "eni-web", tcp("10.0.1.5", "10.0.2.9"))
    assert (verdict.answered, verdict.at) == (True, "eni-two")
    verdict = probe(plan, "eni-two", tcp("10.0.2.9", "10.0.1.5"))
    assert verdict.answered
    assert verdict.back is not None
    assert verdict.back.at == "eni-two1"


def test_an_address_of_a_node_in_another_domain_is_its_own_too() -> None:
    there = Segment(id="there", domain="vpc-2", site="az-a", prefix=Prefix.parse("10.0.1.0/24"), table="rtb-there")
    beside = port("beside", "i-web", 1, "there", "10.0.1.77", domain="vpc-2")
    plan = change(lab(), Domain(id="vpc-2", kind=DomainKind.VPC), there, *beside)
    assert probe(plan, "eni-web", tcp("10.0.1.5", "10.0.1.77")).at == "eni-beside"
    assert refused(plan, "eni-web-b", tcp("10.0.3.5", "10.0.1.77", 443)) is Reason.NO_SUCH_ADDRESS


def test_a_middlebox_of_two_ports_hears_an_answer_on_either() -> None:
    plan = change(
        lab(),
        *guest("two", "pub-b", "10.0.3.9", guard=False),
        *port("two1", "i-two", 1, "priv", "10.0.2.9", guard=False),
        route("rtb-pub", "192.0.2.0/24", ToPort("eni-two1")),
    )
    verdict = probe(plan, "eni-two", tcp("192.0.2.1", "10.0.1.5"))
    assert verdict.answered
    assert verdict.back is not None
    assert verdict.back.at == "eni-two1"


def test_ports_without_a_node_are_not_of_one_node() -> None:
    plan = change(lab(), *port("one", None, None, "pub", "10.0.1.21"), *port("other", None, None, "pub", "10.0.1.22"))
    (walk,) = forward(plan, "eni-one", tcp("10.0.1.21", "10.0.1.22"))
    assert [hop.id for hop in walk.refusals] == ["eni-one", "eni-other"]


# segments, tables and fences


def test_an_address_that_nobody_has() -> None:
    plan = lab()
    assert refused(plan, "eni-web", tcp("10.0.1.5", "10.0.1.99")) is Reason.NO_SUCH_ADDRESS
    assert refused(plan, "eni-web", tcp("10.0.1.5", "10.0.9.99")) is Reason.NO_SUCH_ADDRESS


def with_fence(plan: Table, segment: str) -> Table:
    """The segment behind a fence without rules: nothing passes."""
    fenced = replace(row(plan, Segment, segment), fence="acl")
    return change(plan, fenced, Filter(id="acl", domain=VPC, ordered=True))


def test_a_fence_stands_between_segments_and_not_inside_one() -> None:
    plan = change(lab(), *guest("web2", "pub", "10.0.1.6", ["sg-web"]))
    closed = with_fence(plan, "pub")
    assert probe(closed, "eni-web", tcp("10.0.1.5", "10.0.1.6")).answered
    assert refused(closed, "eni-web", tcp("10.0.1.5", "10.0.3.5")) is Reason.FENCE_OUT
    assert refused(closed, "eni-web-b", tcp("10.0.3.5", "10.0.1.5")) is Reason.FENCE_IN
    assert refused(closed, "eni-client", tcp(CLIENT, EIP)) is Reason.FENCE_IN


def test_a_fence_judges_the_answer_by_the_clients_port() -> None:
    plan = change(
        with_fence(lab(), "pub"),
        rule("acl-in", "acl", IN, protocol=6, ports=(80, 80), order=100),
        rule("acl-out", "acl", OUT, protocol=6, ports=(80, 80), order=100),
    )
    assert ends(plan, "eni-client", tcp(CLIENT, EIP)) == (True, False, Reason.FENCE_OUT)
    ephemeral = change(plan, rule("acl-eph", "acl", OUT, protocol=6, ports=(32768, 61000), order=200))
    assert probe(ephemeral, "eni-client", tcp(CLIENT, EIP)).answered
    denied = change(ephemeral, rule("acl-no", "acl", OUT, protocol=6, ports=(40000, 40000), allow=False, order=150))
    assert ends(denied, "eni-client", tcp(CLIENT, EIP)) == (True, False, Reason.FENCE_OUT)
    assert probe(denied, "eni-client", tcp(CLIENT, EIP, source_port=40001)).answered


def test_a_segment_needs_no_table() -> None:
    plan = change(lab(), *guest("db2", "priv", "10.0.2.6", ["sg-db"]))
    plan = change(plan, rule("sgr-db", "sg-db", IN), without=[row(plan, Route, "rtb-priv", "10.0.0.0/16")])
    assert probe(plan, "eni-db", tcp("10.0.2.5", "10.0.2.6")).answered
    assert refused(plan, "eni-db", tcp("10.0.2.5", "10.0.1.5")) is Reason.NO_ROUTE


# rules


def test_a_filtered_port_without_rules_lets_nothing_pass() -> None:
    plan = change(lab(), group("sg-none"), *guest("mute", "pub", "10.0.1.9", ["sg-none"]))
    assert refused(plan, "eni-mute", tcp("10.0.1.9", "10.0.1.5")) is Reason.SENDER_RULES
    assert refused(plan, "eni-web", tcp("10.0.1.5", "10.0.1.9")) is Reason.RECEIVER_RULES


def test_groups_are_a_union_and_refer_to_what_the_sender_wears() -> None:
    plan = change(lab(), group("sg-pub"), rule("sgr-ref", "sg-db", IN, SentBy("sg-pub"), 6, (22, 22)))
    assert refused(plan, "eni-web", tcp("10.0.1.5", "10.0.2.5", 22)) is Reason.RECEIVER_RULES
    both = change(plan, *guest("web", "pub", "10.0.1.5", ["sg-web", "sg-pub"]))
    assert probe(both, "eni-web", tcp("10.0.1.5", "10.0.2.5", 22)).answered
    assert probe(both, "eni-web", tcp("10.0.1.5", "10.0.2.5", 5432)).answered


def test_a_union_knows_no_denial() -> None:
    plan = change(lab(), rule("sgr-deny", "sg-web", IN, protocol=6, ports=(81, 81), allow=False))
    assert refused(plan, "eni-client", tcp(CLIENT, EIP, 81)) is Reason.RECEIVER_RULES


def test_a_reference_outward_asks_what_the_receiver_wears() -> None:
    plan = change(lab(), rule("sgr-web-out", "sg-web", OUT, SentBy("sg-db")))
    assert probe(plan, "eni-web", tcp("10.0.1.5", "10.0.2.5", 5432)).answered
    assert refused(plan, "eni-web", tcp("10.0.1.5", "10.0.3.5")) is Reason.SENDER_RULES


@pytest.mark.parametrize("others", [0, 100])
def test_sets_are_asked_by_prefix(others: int) -> None:
    members = [Member(set="pl-1", prefix=Prefix.parse(f"192.0.{number}.0/24")) for number in range(others)]
    plan = change(
        lab(),
        rule("sgr-http", "sg-web", IN, InSet("pl-1")),
        Member(set="pl-1", prefix=Prefix.parse("203.0.113.8/29")),
        *members,
    )
    assert probe(plan, "eni-client", tcp(CLIENT, EIP)).answered
    assert refused(plan, "eni-server", tcp("203.0.113.80", EIP)) is Reason.RECEIVER_RULES


def test_icmp_by_type_and_code() -> None:
    echo = Flow(CLIENT, EIP, ICMP, source_port=77)
    assert refused(lab(), "eni-client", echo) is Reason.RECEIVER_RULES
    plan = change(lab(), rule("sgr-ping", "sg-web", IN, protocol=ICMP, icmp=(8, -1)))
    assert probe(plan, "eni-client", echo).answered
    assert refused(plan, "eni-client", replace(echo, icmp_type=13)) is Reason.RECEIVER_RULES
    coded = change(lab(), rule("sgr-ping", "sg-web", IN, protocol=ICMP, ports=(80, 80), icmp=(8, 0)))
    assert probe(coded, "eni-client", echo).answered
    assert refused(coded, "eni-client", replace(echo, icmp_code=1)) is Reason.RECEIVER_RULES
    fenced = change(
        with_fence(plan, "pub"),
        rule("acl-in", "acl", IN, order=100),
        rule("acl-out", "acl", OUT, protocol=ICMP, icmp=(8, 0), order=100),
    )
    assert ends(fenced, "eni-client", echo) == (True, False, Reason.FENCE_OUT)
    assert probe(
        change(fenced, rule("acl-out", "acl", OUT, protocol=ICMP, icmp=(0, 0), order=100)), "eni-client", echo
    ).answered


def test_a_rule_of_one_protocol_says_nothing_of_another() -> None:
    assert refused(lab(), "eni-client", Flow(CLIENT, EIP, UDP, 40000, 80)) is Reason.RECEIVER_RULES


# guard and middleboxes


def with_middlebox(guard: bool) -> Table:
    """What web sends to the private subnet goes to a middlebox in pub-b."""
    return change(
        lab(),
        *guest("mb", "pub-b", "10.0.3.9", guard=guard, site="az-b"),
        route("rtb-pub", "10.0.2.0/24", ToPort("eni-mb")),
    )


def test_a_middlebox_takes_packets_to_others_and_answers_none() -> None:
    flow = tcp("10.0.1.5", "10.0.2.5", 5432)
    verdict = probe(with_middlebox(guard=False), "eni-web", flow)
    assert (verdict.arrives, verdict.at, verdict.seen) == (True, "eni-mb", flow)
    assert (verdict.answered, verdict.reason) == (False, Reason.NOT_MINE)
    assert refused(with_middlebox(guard=True), "eni-web", flow) is Reason.NOT_MINE
    assert probe(with_middlebox(guard=True), "eni-web", tcp("10.0.1.5", "10.0.3.9", 5432)).answered


def test_what_a_middlebox_sends_on_has_no_sender() -> None:
    flow = tcp("10.0.1.5", "10.0.2.5", 5432)
    by_prefix = change(with_middlebox(guard=False), route("rtb-pub", "10.0.2.0/24", Deliver()))
    assert forward(by_prefix, "eni-mb", flow)[0].at == "eni-db"
    by_group = change(by_prefix, rule("sgr-db", "sg-db", IN, SentBy("sg-web")))
    assert refused(by_group, "eni-mb", flow) is Reason.RECEIVER_RULES
    assert probe(by_group, "eni-web", flow).answered


def test_references_outward_do_not_survive_a_middlebox() -> None:
    """Not even where the middlebox wears that group: it is not the packet's receiver."""
    plan = with_middlebox(guard=False)
    plan = change(
        plan, replace(row(plan, Port, "eni-mb"), filtered=True), Wearing(port="eni-mb", slot=0, filter="sg-db")
    )
    plan = change(plan, rule("sgr-web-out", "sg-web", OUT, SentBy("sg-db")))
    assert refused(plan, "eni-web", tcp("10.0.1.5", "10.0.2.5", 5432)) is Reason.SENDER_RULES


def test_a_middlebox_in_the_same_segment_is_reached_without_the_fence() -> None:
    plan = change(
        with_fence(lab(), "pub"),
        *guest("mb", "pub", "10.0.1.9", guard=False),
        route("rtb-pub", "10.0.2.0/24", ToPort("eni-mb")),
    )
    assert forward(plan, "eni-web", tcp("10.0.1.5", "10.0.2.5", 5432))[0].at == "eni-mb"


def test_an_answer_that_a_middlebox_takes_is_no_answer() -> None:
    plan = change(
        lab(),
        *guest("mb", "priv", "10.0.2.9", guard=False),
        route("rtb-priv", "10.0.1.0/24", ToPort("eni-mb")),
    )
    verdict = probe(plan, "eni-web", tcp("10.0.1.5", "10.0.2.5", 5432))
    assert (verdict.arrives, verdict.answered, verdict.reason) == (True, False, Reason.NOT_MINE)


def test_a_guarded_port_sends_from_its_own_addresses_only() -> None:
    flow = tcp("10.0.1.77", "10.0.3.5")
    assert refused(lab(), "eni-web", flow) is Reason.SPOOFED
    open_guard = change(lab(), replace(row(lab(), Port, "eni-web"), guard=False))
    assert forward(open_guard, "eni-web", flow)[0].at == "eni-web-b"
    secondary = change(lab(), Address(domain=VPC, ip="10.0.1.77", port="eni-web", primary=False))
    assert probe(secondary, "eni-web", flow).answered


def test_an_edge_table_leads_what_comes_in_to_a_middlebox() -> None:
    plan = change(
        lab(), *guest("mb", "pub-b", "10.0.3.9", guard=False), route("igw-in", "10.0.1.0/24", ToPort("eni-mb"))
    )
    verdict = probe(plan, "eni-client", tcp(CLIENT, EIP))
    assert (verdict.at, verdict.seen) == ("eni-mb", tcp(CLIENT, "10.0.1.5"))


# power


def test_no_power_at_either_end() -> None:
    plan = lab()
    web, zone = row(plan, Node, "i-web"), row(plan, Site, "az-a")
    eni = row(plan, Port, "eni-web")
    flow, way_out = tcp(CLIENT, EIP), tcp("10.0.1.5", "203.0.113.80", 443)
    for dead in (
        replace(web, powered=False),
        replace(zone, up=False),
        replace(eni, up=False),
        replace(eni, node=None, index=None),
    ):
        assert refused(change(plan, dead), "eni-client", flow) is Reason.NO_POWER
        assert refused(change(plan, dead), "eni-web", way_out) is Reason.NO_POWER
    other_zone = change(plan, replace(row(plan, Site, "az-b"), up=False))
    assert probe(other_zone, "eni-client", flow).answered
    assert refused(plan, "eni-gone", flow) is Reason.NO_POWER


# links that are not gateways


def with_peers(*more: str) -> Table:
    """vpc-1, vpc-2 ... in a row, each peered with the next; 10.N.0.0/16 is reached over the first peering."""
    plan = lab()
    before = VPC
    for number, name in enumerate(more, start=2):
        plan = change(
            plan,
            Domain(id=name, kind=DomainKind.VPC),
            Segment(
                id=f"s-{name}", domain=name, site="az-a", prefix=Prefix.parse(f"10.{number}.0.0/24"), table=f"t-{name}"
            ),
            Link(id=f"pcx-{name}", a=before, b=name, arrive_a=f"in-{before}-{name}", arrive_b=f"in-{name}", mtu=9001),
            route(
                f"in-{before}-{name}", "10.0.0.0/16" if before == VPC else f"10.{number - 1}.0.0/16", Deliver(), before
            ),
            route(f"in-{name}", f"10.{number}.0.0/16", Deliver(), name),
            route(f"t-{name}", "10.0.0.0/8", ToLink(f"pcx-{name}"), name),
            route("rtb-pub", f"10.{number}.0.0/16", ToLink(f"pcx-{more[0]}")),
            *guest(name, f"s-{name}", f"10.{number}.0.5", domain=name),
        )
        before = name
    return plan


def test_peering_reaches_the_neighbour_and_not_its_neighbour() -> None:
    plan = with_peers("vpc-2", "vpc-3")
    verdict = probe(plan, "eni-web", tcp("10.0.1.5", "10.2.0.5"))
    assert verdict.answered
    assert verdict.seen == tcp("10.0.1.5", "10.2.0.5")
    assert refused(plan, "eni-web", tcp("10.0.1.5", "10.3.0.5")) is Reason.NO_ROUTE


def test_a_group_reference_does_not_cross_a_link() -> None:
    plan = change(with_peers("vpc-2"), *guest("vpc-2", "s-vpc-2", "10.2.0.5", ["sg-web"], domain="vpc-2"))
    assert probe(plan, "eni-vpc-2", tcp("10.2.0.5", "10.0.1.5")).answered
    by_group = change(plan, rule("sgr-http", "sg-web", IN, SentBy("sg-web")))
    assert refused(by_group, "eni-vpc-2", tcp("10.2.0.5", "10.0.1.5")) is Reason.RECEIVER_RULES


def test_links_that_lead_to_each_other_are_a_loop() -> None:
    plan = with_peers("vpc-2")
    plan = change(
        plan,
        route("in-vpc-2", "10.9.0.0/16", ToLink("pcx-vpc-2"), "vpc-2"),
        route("in-vpc-1-vpc-2", "10.9.0.0/16", ToLink("pcx-vpc-2")),
    )
    plan = change(plan, route("rtb-pub", "10.9.0.0/16", ToLink("pcx-vpc-2")))
    assert refused(plan, "eni-web", tcp("10.0.1.5", "10.9.0.1")) is Reason.LOOP


def six(source: str, destination: str) -> Flow:
    return Flow(source, destination, 6, 40000, 80)


def with_ipv6() -> Table:
    """Port six of pub with a route for IPv6 over the gateway, and a host of the internet."""
    client = "2001:db8:ffff::10"
    return change(
        lab(),
        *guest("six", "pub", "10.0.1.66"),
        Address(domain=VPC, ip="2001:db8::5", port="eni-six", primary=True),
        Address(domain=INTERNET, ip=client, port="eni-client", primary=True),
        route("rtb-pub", "::/0", ToLink("igw")),
        route("igw-in", "2001:db8::/56", Deliver()),
        route(INTERNET, "2001:db8::/56", ToLink("igw"), INTERNET),
        route(INTERNET, f"{client}/128", Deliver(), INTERNET),
    )


def test_ipv6_crosses_a_mapped_link_as_it_is() -> None:
    plan = with_ipv6()
    verdict = probe(plan, "eni-client", six("2001:db8:ffff::10", "2001:db8::5"))
    assert verdict.answered
    assert verdict.seen == six("2001:db8:ffff::10", "2001:db8::5")


def test_an_egress_only_link_is_opened_from_inside_alone() -> None:
    plan = with_ipv6()
    plan = change(plan, replace(row(plan, Link, "igw"), mapped=False, from_a=True))
    assert probe(plan, "eni-six", six("2001:db8::5", "2001:db8:ffff::10")).answered
    assert refused(plan, "eni-client", six("2001:db8:ffff::10", "2001:db8::5")) is Reason.REFUSED_BY_LINK


def test_a_balancer_is_the_sender_whatever_the_source() -> None:
    plan = change(
        lab(), group("sg-lb"), *guest("lb", "pub", "10.0.1.20", ["sg-lb"], guard=False, kind=NodeKind.BALANCER)
    )
    plan = change(plan, rule("sgr-lb", "sg-lb", OUT), rule("sgr-db", "sg-db", IN, SentBy("sg-lb")))
    assert forward(plan, "eni-lb", tcp(CLIENT, "10.0.2.5", 5432))[0].at == "eni-db"
    as_guest = change(plan, replace(row(plan, Node, "i-lb"), kind=NodeKind.GUEST))
    assert refused(as_guest, "eni-lb", tcp(CLIENT, "10.0.2.5", 5432)) is Reason.RECEIVER_RULES


# what a domain answers itself


def test_a_vpc_takes_what_is_for_its_services_past_rules_fences_and_tables() -> None:
    asked = tcp("10.0.2.5", METADATA.ip)
    closed = with_fence(lab(), "priv")
    verdict = probe(closed, "eni-db", asked)
    assert (verdict.arrives, verdict.at, verdict.answered, verdict.answer_source) == (True, VPC, True, METADATA.ip)
    for other in (tcp("10.0.2.5", METADATA.ip, 81), replace(asked, protocol=UDP), tcp("10.0.2.5", "169.254.169.253")):
        assert not probe(closed, "eni-db", other).arrives
    assert not probe(closed, "eni-client", tcp(CLIENT, METADATA.ip)).arrives, "the internet has no such service"
    assert refused(closed, "eni-db", tcp("10.0.2.6", METADATA.ip)) is Reason.SPOOFED
    down = change(closed, replace(row(closed, Site, row(closed, Segment, "priv").site), up=False))
    assert refused(down, "eni-db", asked) is Reason.NO_POWER


def test_a_vpc_tells_names_where_it_has_a_resolver_that_answers() -> None:
    closed = with_fence(lab(), "priv")
    by_tcp = [tcp("10.0.2.5", ip, DNS) for ip in (RESOLVER, "10.0.0.2")]
    asked = [*by_tcp, *(replace(one, protocol=UDP) for one in by_tcp)]
    for plan, told in ((closed, False), (change(closed, *resolvers()), True)):
        assert [probe(plan, "eni-db", one).at == VPC for one in asked] == [told] * 4
    silent = change(closed, *resolvers(answers=False))
    assert not any(probe(silent, "eni-db", one).arrives for one in asked)


# reasons and cost


def test_a_walk_goes_on_past_a_refusal_to_name_every_reason() -> None:
    plan = change(with_fence(lab(), "pub-b"), rule("sgr-http", "sg-web", IN, "192.0.2.0/24"))
    plan = change(plan, replace(row(plan, Site, "az-b"), up=False), without=[row(plan, Rule, "sgr-web-out")])
    (walk,) = forward(plan, "eni-web", tcp("10.0.1.5", "10.0.3.5"))
    assert walk.reason is Reason.SENDER_RULES
    assert [hop.refusal for hop in walk.refusals] == [
        Reason.SENDER_RULES,
        Reason.FENCE_IN,
        Reason.NO_POWER,
        Reason.RECEIVER_RULES,
    ]


def test_a_walk_reads_as_many_rows_in_a_large_plan_as_in_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[object] = []
    find = Table.find

    def counted(table: Table, key: tuple[str, ...]) -> object:
        reads.append(key)
        return find(table, key)

    def cost(ports: int) -> int:
        many = [guest(f"n{n}", "big", f"10.0.{128 + n // 250}.{n % 250 + 4}", ["sg-web"]) for n in range(ports)]
        addresses = [
            public(f"10.0.{128 + n // 250}.{n % 250 + 4}", f"198.18.{1 + n // 250}.{n % 250}") for n in range(ports)
        ]
        big = Segment(id="big", domain=VPC, site="az-a", prefix=Prefix.parse("10.0.128.0/17"), table="rtb-pub")
        plan = change(lab(), big, *(one for rows in (*many, *addresses) for one in rows))
        reads.clear()
        assert probe(plan, "eni-client", tcp(CLIENT, EIP)).answered
        return len(reads)

    monkeypatch.setattr(Table, "find", counted)
    assert cost(400) == cost(100)
