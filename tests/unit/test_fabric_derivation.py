"""Plan rows to kernel objects without a kernel: incremental is from scratch, and what changes cost what they change."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from atoll.fabric.kernel.derivation import Objects, from_scratch
from atoll.fabric.kernel.objects import Element, Veth
from atoll.packet import TCP, UDP, Prefix
from atoll.plan.rows import Filter, InSet, Link, Member, Node, Port, Rule, Segment, SentBy, Site, ToPort, Wearing
from atoll.records import Delta, Key, Record, Table, inverse
from tests.support.random_plans import random_plan
from tests.unit.lagoon import IN, OUT, VPC, change, group, guest, lab, port, route, row, rule


def difference(before: Table, after: Table) -> Delta:
    keys = {**before.records, **after.records}
    return {key: (before.find(key), after.find(key)) for key in keys if before.find(key) != after.find(key)}


class Follower:
    """Kernel objects that follow a plan step by step."""

    def __init__(self) -> None:
        self.objects = Objects()
        self.plan = Table()
        self.made: dict[Key, Record] = {}

    def become(self, plan: Table) -> Delta:
        delta, step = self.objects.derive(difference(self.plan, plan))
        step.accept()
        self.plan = Table(plan.records.values())
        for key, (old, new) in delta.items():
            assert self.made.get(key) == old
            if new is None:
                del self.made[key]
            else:
                self.made[key] = new
        return delta


def changed(before: Table, after: Table) -> dict[Key, Record | None]:
    """The kernel objects that a change of the plan changes, as they are afterwards."""
    follower = Follower()
    follower.become(before)
    return {key: new for key, (_, new) in follower.become(after).items()}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=5))
def test_incremental_is_from_scratch(seeds: list[int]) -> None:
    follower = Follower()
    for seed in seeds:
        rows = random_plan(random.Random(seed))
        follower.become(Table(rows))
        assert follower.made == from_scratch(list(rows))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_delta_and_its_inverse_are_nothing(first: int, second: int) -> None:
    follower = Follower()
    start = Table(random_plan(random.Random(first)))
    follower.become(start)
    before = dict(follower.made)
    forth = follower.become(Table(random_plan(random.Random(second))))
    assert follower.become(start) == inverse(forth)
    assert follower.made == before
    follower.become(Table())
    assert follower.made == {}


def test_a_dropped_step_leaves_nothing_behind() -> None:
    follower = Follower()
    follower.become(lab())
    other = change(lab(), rule("new", "sg-web", IN, protocol=UDP))
    delta, step = follower.objects.derive(difference(follower.plan, other))
    assert delta
    step.drop()
    assert dict(follower.objects.rows.records) == dict(_with_uses(lab()))
    assert follower.become(other) == delta


def _with_uses(plan: Table) -> dict[Key, Record]:
    follower = Follower()
    follower.become(plan)
    return follower.objects.rows.records


def test_one_rule_is_one_element() -> None:
    new = rule("sgr-9", "sg-db", IN, "10.0.3.0/24", TCP, (5432, 5432))
    assert changed(lab(), change(lab(), new)) == {
        ("element", VPC, "sg-db/in4", "10.0.3.0-10.0.3.255 6-6 5432-5432"): Element(
            domain=VPC,
            set="sg-db/in4",
            shape="address-box",
            low=("10.0.3.0", 6, 5432),
            high=("10.0.3.255", 6, 5432),
            rules=("sgr-9",),
        )
    }


def test_a_rule_covered_by_another_is_remembered_in_the_boxes_reasons() -> None:
    new = rule("sgr-9", "sg-db", IN, "10.0.1.0/24", TCP, (5432, 5432))
    made = changed(lab(), change(lab(), new))
    assert [record.rules for record in made.values() if isinstance(record, Element)] == [("sgr-9", "sgr-db")]


@pytest.mark.parametrize("enis", [1, 50])
def test_opening_everything_changes_the_group_and_no_eni(enis: int) -> None:
    many = [one for n in range(enis) for one in guest(f"n{n}", "priv", f"10.0.2.{n + 10}", ["sg-db", "sg-web"])]
    before = change(lab(), *many)
    after = change(before, without=[row(before, Rule, "sgr-db-out")])
    assert {key[:3] for key in changed(before, after)} == {
        ("element", VPC, "opens-out"),
        ("element", VPC, "sg-db/out4-open"),
        ("element", VPC, "sg-db/out4-other"),
        ("set", VPC, "sg-db/out4-open"),
        ("set", VPC, "sg-db/out4-other"),
        ("chain", VPC, "sg-db/out"),
    }


@pytest.mark.parametrize("enis", [1, 50])
def test_a_reference_costs_no_element_per_eni(enis: int) -> None:
    many = [one for n in range(enis) for one in guest(f"n{n}", "priv", f"10.0.2.{n + 10}", ["sg-web"])]
    before = change(lab(), *many)
    made = changed(before, change(before, rule("ref", "sg-db", IN, SentBy("sg-web"), TCP, (1, 1))))
    assert set(made) == {
        ("set", VPC, "sg-db/in-from/sg-web"),
        ("element", VPC, "sg-db/in-from/sg-web", "6-6 1-1"),
        ("chain", VPC, "sg-db/in"),
    }


def test_wearing_the_same_groups_is_one_class() -> None:
    before = change(lab(), *guest("one", "priv", "10.0.2.10", ["sg-db", "sg-web"]))
    again = change(before, *guest("two", "priv", "10.0.2.11", ["sg-web", "sg-db"]))
    made = changed(before, again)
    assert not [key for key in made if key[0] == "number" or key[:3] == ("element", VPC, "worn")]
    veth = made["veth", "eni-two"]
    assert isinstance(veth, Veth)
    assert veth.wears == "sg-db+sg-web"


def test_a_class_goes_with_its_last_wearer() -> None:
    only = guest("one", "priv", "10.0.2.10", ["sg-db", "sg-web"])
    before = change(lab(), *only)
    gone = {key for key, new in changed(before, lab()).items() if new is None}
    assert ("number", VPC, "class", "sg-db+sg-web") in gone
    assert ("element", VPC, "sg-db/wearers", "sg-db+sg-web") in gone


def test_a_port_without_a_node_costs_nothing() -> None:
    assert changed(lab(), change(lab(), *port("spare", None, None, "pub", "10.0.1.99", ["sg-web"]))) == {}


def test_a_site_that_fails_changes_its_segments_only() -> None:
    made = changed(lab(), change(lab(), Site(id="az-a", up=False)))
    leave = {("chain", VPC, f"{segment}/leave") for segment in ("pub", "priv")}
    entering = {("element", VPC, "entering", segment) for segment in ("pub", "priv")}
    assert set(made) == {("chain", VPC, "forward"), *leave, *entering}


def test_a_node_of_another_site_than_its_segment_dies_with_its_own() -> None:
    away = change(lab(), *guest("away", "pub", "10.0.1.77", ["sg-web"], site="az-b"))
    made = changed(away, change(away, Site(id="az-b", up=False)))
    assert ("kernel-route", VPC, "", "10.0.1.77/32", "0") in made
    assert made["kernel-route", VPC, "", "10.0.1.77/32", "0"] is None


def test_a_node_without_power_loses_identity_and_delivery_and_keeps_its_pair() -> None:
    made = changed(lab(), change(lab(), replace(row(lab(), Node, "i-db"), powered=False)))
    assert {key[0] for key in made} == {"element", "kernel-route", "neighbour", "guest-address"}
    assert made["kernel-route", VPC, "", "10.0.2.5/32", "0"] is None


def test_a_fence_is_asked_only_while_it_refuses_something() -> None:
    fence = Filter(id="acl", domain=VPC, ordered=True)
    pub = replace(row(lab(), Segment, "pub"), fence="acl")
    everything = [rule("in", "acl", IN, order=100), rule("out", "acl", OUT, order=100)]
    open_ = change(lab(), fence, pub, *everything)
    asked = [("element", VPC, name, "pub") for name in ("leaving", "entering")]
    assert not set(asked) & set(from_scratch(list(open_.records.values())))
    shut = change(open_, rule("no", "acl", IN, "10.9.0.0/16", allow=False, order=50))
    made = changed(open_, shut)
    assert set(made) == {("element", VPC, "entering", "pub"), ("chain", VPC, "acl/in"), ("chain", VPC, "forward")}


def test_a_table_exists_while_it_is_used() -> None:
    spare = route("rtb-spare", "10.9.0.0/16", ToPort("eni-web"))
    unused = change(lab(), spare)
    assert {key for key in changed(lab(), unused) if key[0] != "element"} <= {("chain", VPC, "forward")}
    used = change(unused, replace(row(lab(), Segment, "priv"), table="rtb-spare"))
    made = changed(unused, used)
    assert ("kernel-route", VPC, "rtb-spare", "10.9.0.0/16", "0") in made
    assert ("table-rule", VPC, "rtb-spare") in made
    assert made["table-rule", VPC, "rtb-priv"] is None


def test_a_route_through_a_middlebox_gives_its_segments_a_zone_rule() -> None:
    box = guest("box", "pub-b", "10.0.3.9", ["sg-web"], site="az-b", guard=False)
    before = change(lab(), *box)
    made = changed(before, change(before, route("rtb-pub", "10.0.2.0/24", ToPort("eni-box"))))
    assert {("chain", VPC, "pub/leave"), ("chain", VPC, "pub-b/leave")} <= set(made)
    assert ("chain", VPC, "priv/leave") not in made


def test_a_reference_to_a_group_elsewhere_matches_nobody() -> None:
    assert changed(lab(), change(lab(), rule("ref", "sg-db", IN, SentBy("sg-elsewhere"), TCP))) == {}


def test_a_member_costs_elements_of_the_groups_that_name_its_set_whatever_their_wearers() -> None:
    named = change(lab(), rule("listed", "sg-web", IN, InSet("pl"), TCP, (22, 22)), member("192.0.2.0/24"))
    more = change(named, member("198.51.100.0/24"))
    made = changed(named, more)
    assert set(made) == {("element", VPC, "sg-web/in4", "198.51.100.0-198.51.100.255 6-6 22-22")}
    many = [row for number in range(50) for row in guest(f"m{number}", "pub", f"10.0.1.{100 + number}", ["sg-web"])]
    assert changed(change(named, *many), change(more, *many)) == made
    assert set(changed(named, change(named, without=[member("192.0.2.0/24")]))) >= {
        ("element", VPC, "sg-web/in4", "192.0.2.0-192.0.2.255 6-6 22-22")
    }


def member(prefix: str) -> Member:
    return Member(set="pl", prefix=Prefix.parse(prefix))


def test_groups_may_be_worn_twice_or_not_at_all() -> None:
    bare = change(lab(), without=[one for one in lab().all(Wearing) if one.port == "eni-db"])
    veth = from_scratch(list(bare.records.values()))["veth", "eni-db"]
    assert isinstance(veth, Veth)
    assert veth.wears == ""
    twice = change(lab(), Wearing(port="eni-db", slot=3, filter="sg-db"))
    assert changed(lab(), twice) == {}


def test_too_many_groups_are_refused() -> None:
    names = [f"sg-{number}" for number in range(16)]
    with pytest.raises(ValueError, match="at most 15"):
        changed(lab(), change(lab(), *map(group, names), *guest("m", "pub", "10.0.1.9", names)))


def test_a_link_of_nobody_is_a_black_hole() -> None:
    gone = change(lab(), without=[row(lab(), Link, "igw")])
    made = from_scratch(list(gone.records.values()))
    assert "BLACKHOLE" in repr(made["kernel-route", VPC, "rtb-pub", "0.0.0.0/0", "0"])
    assert row(gone, Port, "eni-web").guard
