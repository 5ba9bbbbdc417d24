"""Each kind of problem, planted in a plan that has none."""

import pytest
from msgspec.structs import replace

from atoll.packet import UDP, Prefix
from atoll.plan.rows import (
    INTERNET,
    Address,
    Deliver,
    Domain,
    DomainKind,
    Filter,
    Frontend,
    InSet,
    Lease,
    Link,
    Mapping,
    Masquerade,
    Name,
    NameType,
    Node,
    Numbering,
    Port,
    Probe,
    Row,
    Segment,
    SentBy,
    ToLink,
    ToPort,
    Wearing,
    Zone,
)
from atoll.plan.validate import REFERENCES, Reference, problems
from atoll.records import Table
from tests.unit.lagoon import IN, OUT, VPC, change, guest, host, lab, nat, nlb, port, resolvers, route, row, rule

PLAN = lab()


def test_a_good_plan_has_no_problems() -> None:
    ordered = Filter(id="acl-1", domain=VPC, ordered=True)
    plan = change(
        PLAN,
        ordered,
        rule("acl-1/100", "acl-1", IN, order=100),
        rule("acl-1/100-out", "acl-1", OUT, order=100),
        replace(row(PLAN, Segment, "pub"), fence="acl-1"),
        rule("sgr-set", "sg-web", IN, InSet("pl-empty")),
        rule("sgr-ref", "sg-web", IN, SentBy("sg-db")),
        *host("anywhere", "8.8.8.8"),
        Port(id="eni-free", segment="priv", mac="02:00:00:00:00:01"),
    )
    assert problems(Table()) == []
    assert problems(plan) == []


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        (
            [route("rtb-priv", "0.0.0.0/0", ToLink("gone"))],
            "route rtb-priv 0.0.0.0/0: leads to link gone, which is not there",
        ),
        (
            [route("rtb-priv", "0.0.0.0/0", ToPort("gone"))],
            "route rtb-priv 0.0.0.0/0: leads to port gone, which is not there",
        ),
        (
            [route("rtb-priv", "0.0.0.0/0", ToPort("eni-client"))],
            "route rtb-priv 0.0.0.0/0: leads to port eni-client, which is in domain internet",
        ),
        (
            [route("rtb-priv", "0.0.0.0/0", Deliver(), INTERNET)],
            "route rtb-priv 0.0.0.0/0: of domain internet, but the table is used in vpc-1",
        ),
        (
            [
                Domain(id="vpc-2", kind=DomainKind.VPC),
                Link(id="pcx", a=INTERNET, b="vpc-2", arrive_a=INTERNET, arrive_b="in"),
                route("rtb-priv", "0.0.0.0/0", ToLink("pcx")),
            ],
            "route rtb-priv 0.0.0.0/0: leads to link pcx, which does not touch domain vpc-1",
        ),
        (
            [Address(domain="vpc-9", ip="10.0.1.5", port="eni-web", primary=False)],
            "address vpc-9 10.0.1.5: domain names vpc-9, and there is no such domain",
        ),
        (
            [Address(domain=INTERNET, ip="10.0.1.5", port="eni-web", primary=False)],
            "address internet 10.0.1.5: its port eni-web is in domain vpc-1",
        ),
        (
            [Address(domain=VPC, ip="10.0.2.77", port="eni-web", primary=False)],
            "address vpc-1 10.0.2.77: outside 10.0.1.0/24, the prefix of pub",
        ),
        ([Address(domain=VPC, ip="10.0.1.77", port="eni-web", primary=True)], "port eni-web: 2 primary addresses"),
        (
            [*nlb("a", "pub", "10.0.1.20"), Frontend(id="f-dns", node="lb-a", protocol=UDP, port=53, header=True)],
            "frontend f-dns: a header before protocol 17, which is no stream",
        ),
        (
            [Segment(id="wide", domain=VPC, site="az-a", prefix=Prefix.parse("10.0.2.128/25"), table="rtb-priv")],
            "segment wide: 10.0.2.128/25 overlaps 10.0.2.0/24 of priv",
        ),
        ([replace(row(PLAN, Segment, "pub"), fence="sg-web")], "segment pub: its fence sg-web is not ordered"),
        (
            [replace(row(PLAN, Port, "eni-web"), index=None)],
            "port eni-web: node i-web and index None do not go together",
        ),
        (port("twin", "i-web", 0, "pub", "10.0.1.66"), "port eni-twin: i-web has another port of index 0"),
        (
            [Port(id="eni-twin", segment="pub", mac=row(PLAN, Port, "eni-web").mac)],
            "port eni-twin: another port of pub has 02:00:0a:00:01:05",
        ),
        ([Link(id="pcx", a=VPC, b=VPC, arrive_a="x", arrive_b="y")], "link pcx: joins vpc-1 to itself"),
        ([replace(row(PLAN, Link, "igw"), from_a=True)], "link igw: mapped and one-way at once"),
        ([replace(row(PLAN, Link, "igw"), mapped=False)], "mapping igw 10.0.1.5: its link is not mapped"),
        (
            [Mapping(link="igw", inside="10.0.1.99", outside="198.18.0.99")],
            "mapping igw 10.0.1.99: nobody in vpc-1 has 10.0.1.99",
        ),
        (
            [Mapping(link="igw", inside="10.0.2.5", outside="198.18.0.7")],
            "mapping igw 10.0.2.5: 198.18.0.7 is mapped more than once",
        ),
        (
            [Filter(id="acl", domain=VPC, ordered=True), rule("r", "acl", IN)],
            "rule r: without an order, in the ordered filter acl",
        ),
        (
            [
                Filter(id="acl", domain=VPC, ordered=True),
                rule("r", "acl", IN, order=1),
                rule("s", "acl", IN, order=1),
            ],
            "rule s: another in rule of acl has order 1",
        ),
        ([rule("r", "sg-db", IN, order=1)], "rule r: has an order, in the filter sg-db that has none"),
        ([rule("r", "sg-db", IN, allow=False)], "rule r: denies, in the filter sg-db that is a union"),
        ([rule("r", "sg-db", IN, SentBy("gone"))], "rule r: refers to filter gone, which is not there"),
        (
            [Filter(id="acl", domain=VPC, ordered=True), Wearing(port="eni-web", slot=1, filter="acl")],
            "wearing eni-web 1: wears acl, which is ordered",
        ),
        (
            [Wearing(port="eni-client", slot=0, filter="sg-web")],
            "wearing eni-client 0: its port is not filtered",
        ),
        ([Masquerade(node="i-web", address="10.0.1.5")], "masquerade i-web 10.0.1.5: i-web is no translator"),
        (
            [*nat("a", "pub", "10.0.1.9"), Masquerade(node="nat-a", address="10.0.1.5")],
            "masquerade nat-a 10.0.1.5: nat-a does not have 10.0.1.5",
        ),
        (
            [*nat("a", "pub", "10.0.1.9"), *port("nat-a", "nat-a", 0, "pub", "10.0.1.9")],
            "port eni-nat-a: of translator nat-a, and guarded or filtered",
        ),
        (
            [Zone(domain=VPC, name="EC2.internal")],
            "zone vpc-1 EC2.internal: EC2.internal is not in lower case, or has a dot at its end",
        ),
        (
            [Name(domain=VPC, name="a.b.", type=NameType.A, value="10.0.1.5")],
            "name vpc-1 a.b. A 10.0.1.5: a.b. is not in lower case, or has a dot at its end",
        ),
        ([Domain(id="internet-2", kind=DomainKind.INTERNET)], "domain: more than one internet: internet internet-2"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_problem(rows: list[Row], line: str) -> None:
    assert line in problems(change(PLAN, *rows))


EXTENDED = change(
    PLAN,
    Filter(id="acl-1", domain=VPC, ordered=True),
    replace(row(PLAN, Segment, "pub"), fence="acl-1"),
    *nat("a", "pub", "10.0.1.9", table="rtb-priv"),
    *resolvers(),
    Lease(domain=VPC),
    Zone(domain=VPC, name="ec2.internal"),
    Numbering(domain=VPC, zone="ec2.internal", prefix=Prefix.parse("10.0.0.0/8")),
    Name(domain=VPC, name="i-1.ec2.internal", type=NameType.A, value="10.0.1.5"),
    *nlb("a", "pub", "10.0.1.20", "10.0.2.5"),
    Probe(id="t-1", node="lb-a", address="10.0.2.5", port=8080),
)


@pytest.mark.parametrize("reference", REFERENCES, ids=lambda one: f"{one.kind.KIND}.{one.field}")
def test_a_reference_that_names_nothing(reference: Reference) -> None:
    kind, field, target = reference
    victim = next(row for row in EXTENDED.all(kind) if getattr(row, field) is not None)
    broken = change(EXTENDED, replace(victim, **{field: "gone"}), without=[victim])
    line = f"{' '.join(replace(victim, **{field: 'gone'}).key)}: {field} names gone, and there is no such {target.KIND}"
    assert problems(EXTENDED) == []
    assert line in problems(broken)


def test_rows_that_do_not_belong() -> None:
    plan = change(PLAN, *guest("x", "pub", "10.0.1.50"))
    web = row(plan, Node, "i-web")
    plan.records["cloud", "c"] = web
    plan.records["node", "i-other"] = web
    assert "cloud c: no kind of row of the plan" in problems(plan)
    assert "node i-other: holds node i-web" in problems(plan)
