"""A plan as text and as JSON."""

import json

import msgspec
import pytest

from atoll.packet import Prefix
from atoll.plan.dump import dump, from_json, to_json
from atoll.plan.rows import (
    ROWS,
    Drop,
    Filter,
    InSet,
    Lease,
    Member,
    Name,
    NameType,
    Numbering,
    Port,
    Probe,
    SentBy,
    ToPort,
    Zone,
)
from atoll.records import Table
from tests.unit.lagoon import CLIENT, IN, OUT, VPC, change, host, lab, nat, nlb, public, resolvers, route, rule


def everything() -> Table:
    """A plan that holds each kind of row and each kind of value in it."""
    return change(
        lab(),
        Filter(id="acl-1", domain=VPC, ordered=True),
        rule("acl-1/100", "acl-1", IN, protocol=1, icmp=(8, 0), allow=False, order=100),
        rule("sgr-ref", "sg-db", OUT, SentBy("sg-web"), 6, (1, 2)),
        rule("sgr-set", "sg-db", OUT, InSet("pl-1"), 17),
        rule("sgr-six", "sg-db", IN, "2001:db8::/32", 47),
        Member(set="pl-1", prefix=Prefix.parse("192.0.2.0/24")),
        Port(id="eni-free", segment="priv", mac="02:00:00:00:00:01", mtu=1500),
        route("rtb-priv", "192.0.2.0/24", ToPort("eni-free")),
        route("rtb-priv", "0.0.0.0/0", Drop()),
        *nat("a", "pub", "10.0.1.9"),
        *resolvers(answers=False),
        Lease(domain=VPC, servers=("10.0.0.2",), search="ec2.internal"),
        Zone(domain=VPC, name="ec2.internal"),
        Numbering(domain=VPC, zone="ec2.internal", prefix=Prefix.parse("10.0.0.0/8")),
        Name(domain=VPC, name="i-1.ec2.internal", type=NameType.A, value="10.0.1.5"),
        *nlb("a", "pub", "10.0.1.20", "10.0.2.5"),
        Probe(id="t-1", node="lb-a", address="10.0.2.5", port=8080),
    )


def test_a_line_a_row_with_what_is_not_as_usual_and_the_origin() -> None:
    lines = dump(everything()).splitlines()
    assert len(lines) == len(everything())
    for line in (
        "site az-a",
        "domain vpc-1  kind=vpc",
        "segment pub  domain=vpc-1  site=az-a  prefix=10.0.1.0/24  table=rtb-pub",
        "port eni-free  segment=priv  mac=02:00:00:00:00:01  mtu=1500",
        "port eni-web  segment=pub  mac=02:00:0a:00:01:05  node=i-web  index=0  # eni-web",
        "port eni-client  segment=internet  mac=02:00:cb:00:71:0a  node=i-client  index=0  filtered=no  # eni-client",
        f"address internet {CLIENT}  port=eni-client  primary=yes",
        "route rtb-priv 0.0.0.0/0  domain=vpc-1  via=drop:blackhole",
        "route rtb-priv 10.0.0.0/16  domain=vpc-1  via=deliver",
        "route rtb-priv 192.0.2.0/24  domain=vpc-1  via=port:eni-free",
        "route rtb-pub 0.0.0.0/0  domain=vpc-1  via=link:igw",
        "mapping igw 10.0.1.5  outside=198.18.0.7  # eipassoc-198.18.0.7",
        "masquerade nat-a 10.0.1.9",
        "frontend f-a  node=lb-a  protocol=6  port=80",
        "backend f-a 10.0.2.5 8080",
        "probe t-1  node=lb-a  address=10.0.2.5  port=8080",
        "filter acl-1  domain=vpc-1  ordered=yes",
        "rule acl-1/100  filter=acl-1  direction=in  match=icmp,type:8/0,0.0.0.0/0  allow=no  order=100  # acl-1/100",
        "rule sgr-ref  filter=sg-db  direction=out  match=tcp,1-2,sent-by:sg-web  # sgr-ref",
        "rule sgr-set  filter=sg-db  direction=out  match=udp,in-set:pl-1  # sgr-set",
        "rule sgr-six  filter=sg-db  direction=in  match=47,2001:db8::/32  # sgr-six",
        "rule sgr-web-out  filter=sg-web  direction=out  match=all,10.0.0.0/8  # sgr-web-out",
        "wearing eni-web 0  filter=sg-web",
        "member pl-1 192.0.2.0/24",
        "resolver vpc-1 10.0.0.2  answers=no",
        "lease vpc-1  servers=10.0.0.2  search=ec2.internal",
        "zone vpc-1 ec2.internal",
        "numbering vpc-1 ec2.internal 10.0.0.0/8",
        "name vpc-1 i-1.ec2.internal A 10.0.1.5",
    ):
        assert line in lines
    assert {line.split()[0] for line in lines} == {kind.KIND for kind in ROWS}


def test_the_order_of_arrival_does_not_show() -> None:
    plan = everything()
    other = Table(reversed(list(plan.records.values())))
    assert dump(other) == dump(plan)
    assert to_json(other) == to_json(plan)


def test_different_plans_differ_in_text() -> None:
    plan = everything()
    for more in (host("other", "203.0.113.99"), public("10.0.2.5", "198.18.0.8")):
        assert dump(change(plan, *more)) != dump(plan)


def test_json_comes_back_as_the_same_plan() -> None:
    plan = everything()
    again = from_json(to_json(plan))
    assert again.records == plan.records
    assert to_json(again) == to_json(plan)
    assert again.keys(Port, "segment", "pub") == [("port", "eni-lb-a"), ("port", "eni-nat-a"), ("port", "eni-web")]


def test_json_that_is_no_plan() -> None:
    with pytest.raises(msgspec.ValidationError, match="no kind of row: cloud"):
        from_json(b'{"cloud": []}')
    with pytest.raises(msgspec.ValidationError, match="missing required field"):
        from_json(b'{"site": [{}]}')
    with pytest.raises(ValueError, match="more than one row: site a"):
        from_json(json.dumps({"site": [{"id": "a"}, {"id": "a"}]}).encode())
