"""A verdict as lines: what decided at each hop, and why not."""

from msgspec.structs import replace

from atoll.analyze.explain import describe_match, explain
from atoll.analyze.history import probe
from atoll.packet import ICMP, Prefix
from atoll.plan.rows import Direction, Filter, In, InSet, Match, Segment, SentBy, Site
from tests.unit.lagoon import CLIENT, IN, OUT, VPC, change, lab, row, rule, tcp

EIP = "198.18.0.7"


def test_each_hop_of_a_packet_and_of_its_answer() -> None:
    plan = lab()
    assert (
        "\n".join(explain(plan, probe(plan, "eni-client", tcp(CLIENT, EIP))))
        == """\
packet tcp 203.0.113.10:40000 > 198.18.0.7:80
   port    eni-client  sends  [eni-client]
   table   internet  198.18.0.7/32 to igw
   link    igw  destination 198.18.0.7 becomes 10.0.1.5  [eipassoc-198.18.0.7]
   table   igw-in  10.0.0.0/16 is local
   filter  eni-web  in: allowed by sgr-http
              sgr-http: allow tcp 80 from 0.0.0.0/0  [sgr-http]
   port    eni-web  takes it  [eni-web]
answer tcp 10.0.1.5:80 > 203.0.113.10:40000
   port    eni-web  sends  [eni-web]
   filter  eni-web  out: of a tracked connection
   table   rtb-pub  0.0.0.0/0 to igw
   link    igw  source 10.0.1.5 becomes 198.18.0.7  [eipassoc-198.18.0.7]
   table   internet  203.0.113.0/24 is local
   port    eni-client  takes it  [eni-client]
answered by eni-web from 198.18.0.7"""
    )


def test_every_reason_why_not() -> None:
    plan = change(
        lab(),
        Filter(id="acl-1", domain=VPC, ordered=True),
        rule("acl-1/90", "acl-1", IN, protocol=6, ports=(81, 81), allow=False, order=90),
        replace(row(lab(), Segment, "pub"), fence="acl-1"),
        replace(row(lab(), Site, "az-a"), up=False),
    )
    lines = explain(plan, probe(plan, "eni-client", tcp(CLIENT, EIP, 81)))
    assert lines[-4:] == [
        "does not arrive: network ACL, inbound",
        "  because fence acl-1 in: denied by acl-1/90",
        "  because port eni-web site az-a is down",
        "  because filter eni-web in: no rule matches: sgr-http (ports)",
    ]
    assert " x fence   acl-1  in: denied by acl-1/90" in lines
    assert "              acl-1/90: 90 deny tcp 81 from 0.0.0.0/0  [acl-1/90]" in lines


def test_an_answer_that_is_lost() -> None:
    plan = change(lab(), Filter(id="acl-1", domain=VPC, ordered=True), rule("acl-in", "acl-1", IN, order=1))
    plan = change(plan, replace(row(plan, Segment, "pub"), fence="acl-1"))
    lines = explain(plan, probe(plan, "eni-client", tcp(CLIENT, EIP)))
    assert lines[-2:] == [
        "arrives at eni-web, but the answer is lost: network ACL, outbound",
        "  because fence acl-1 out: no rule matches: there is none",
    ]


def test_what_a_rule_matches() -> None:
    lines = {
        describe_match(Match(peer=In(Prefix.everything())), IN): "all from 0.0.0.0/0",
        describe_match(Match(peer=SentBy("sg-1"), protocol=17), Direction.OUT): "udp 0-65535 to sg-1",
        describe_match(Match(peer=InSet("pl-1"), protocol=ICMP, icmp=(8, -1)), OUT): "icmp type 8/-1 to pl-1",
        describe_match(Match(peer=InSet("pl-1"), protocol=47), IN): "47 from pl-1",
    }
    assert list(lines) == list(lines.values())
