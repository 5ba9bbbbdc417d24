"""compile: prefix lists in rules and routes, tables of gateways, groups that are worn in further VPCs."""

from collections.abc import Iterable

import msgspec
import pytest

from atoll.compile import compiler, constants
from atoll.model import aws_prefix_lists
from atoll.model.kinds import Entity, NetworkInterface
from atoll.packet import Prefix
from atoll.plan.rows import Deliver, Drop, InSet, Member, Route, Rule, SentBy, ToLink, ToPort, Via, Wearing
from atoll.plan.validate import problems
from atoll.records import Overlay, Table
from tests.support import small_cloud as cloud
from tests.unit.test_compile import WEB, compiled, web_server


def members(plan: Table, name: str = "pl-1") -> list[str]:
    return sorted(str(one.prefix) for one in plan.by(Member, "set", name))


def via(plan: Table, prefix: str, table: str = "rtb-vpc-1") -> Via | None:
    found = plan.get(Route, table, prefix)
    return found.via if found else None


def origin(plan: Table, prefix: str) -> tuple[str, ...]:
    found = plan.get(Route, "rtb-vpc-1", prefix)
    assert found is not None
    return found.origin


def routed(*entities: Entity) -> Table:
    plan = compiled([*web_server(), cloud.gateway(), *entities])
    assert problems(plan) == []
    return plan


def test_a_list_is_a_set_of_its_entries_in_force() -> None:
    plan = routed(cloud.listed("192.0.2.0/24"), cloud.listed("2001:db8::/32"), cloud.listed("9.0.0.0/8", removed=2))
    assert members(plan) == ["192.0.2.0/24", "2001:db8::/32"]


def test_an_entry_that_comes_back_has_one_member() -> None:
    plan = routed(cloud.listed("9.0.0.0/8", removed=2), cloud.listed("9.0.0.0/8", added=3))
    assert members(plan) == ["9.0.0.0/8"]


def test_a_rule_names_the_list() -> None:
    rule = routed(cloud.list_rule("sgr-1", "sg-default")).get(Rule, "sgr-1")
    assert rule is not None
    assert rule.match.peer == InSet("pl-1")


def test_aws_s_own_lists_are_always_there() -> None:
    plan = Table(constants(["us-east-1a"]))
    for mine in aws_prefix_lists.lists("us-east-1"):
        blocks = sorted(str(entry.cidr) for entry in aws_prefix_lists.entries("us-east-1", mine.id))
        assert members(plan, mine.id) == blocks
        assert blocks


def test_a_route_to_a_list_is_one_to_each_of_its_blocks() -> None:
    plan = routed(cloud.listed("9.0.0.0/8"), cloud.listed("8.8.8.8/32"), cloud.list_route("igw-1"))
    assert via(plan, "9.0.0.0/8") == via(plan, "8.8.8.8/32") == ToLink("igw-1")
    assert origin(plan, "9.0.0.0/8") == ("rtb-vpc-1", "pl-1", "igw-1")


def test_a_route_to_a_block_comes_of_no_list() -> None:
    assert origin(routed(cloud.route("igw-1")), "0.0.0.0/0") == ("rtb-vpc-1", "igw-1")


def test_a_route_to_aws_s_list() -> None:
    s3 = aws_prefix_lists.lists("us-east-1")[0].id
    plan = routed(cloud.list_route("igw-1", s3))
    for entry in aws_prefix_lists.entries("us-east-1", s3):
        assert via(plan, str(entry.cidr)) == ToLink("igw-1")


def test_the_same_block_has_one_route() -> None:
    """A route to the very block first, then the list of the lower id; the VPC's own blocks are no list's."""
    blocks = [cloud.listed(cidr, name) for cidr in ("9.0.0.0/8", "10.0.0.0/16", "10.0.1.0/24") for name in PAIR]
    routes = [cloud.list_route("igw-1", "pl-1"), cloud.list_route("eni-1", "pl-2")]
    plan = routed(*blocks, *routes)
    assert via(plan, "9.0.0.0/8") == ToLink("igw-1")
    assert via(plan, "10.0.0.0/16") == Deliver()
    assert via(plan, "10.0.1.0/24") is None
    static = routed(*blocks, *routes, cloud.route("eni-1", "9.0.0.0/8"))
    assert via(static, "9.0.0.0/8") == ToPort("eni-1")


PAIR = ("pl-1", "pl-2")


def edge_routes(*entities: Entity, state: str = "running") -> Table:
    things = [*web_server(state), cloud.gateway(), *cloud.edge(), *entities]
    return compiled({one.key: one for one in things}.values())


def test_what_comes_in_is_routed_by_the_gateway_s_table() -> None:
    through = [cloud.elastic_ip("eni-1", "10.0.1.10"), cloud.route("eni-1", "10.0.1.0/24", "rtb-edge")]
    plan = edge_routes(*through)
    assert problems(plan) == []
    assert via(plan, "10.0.1.0/24", "igw-1/in") == ToPort("eni-1")
    assert via(plan, "10.0.0.0/16", "igw-1/in") == Deliver()
    whole = edge_routes(through[0], cloud.route("eni-1", "10.0.0.0/16", "rtb-edge"))
    assert via(whole, "10.0.0.0/16", "igw-1/in") == ToPort("eni-1")


def test_what_comes_in_passes_no_interface_that_cannot_take_it() -> None:
    route = cloud.route("eni-1", "10.0.1.0/24", "rtb-edge")
    assert via(edge_routes(route), "10.0.1.0/24", "igw-1/in") == Drop("no public address")
    stopped = edge_routes(route, cloud.elastic_ip("eni-1", "10.0.1.10"), state="stopped")
    assert via(stopped, "10.0.1.0/24", "igw-1/in") == Drop("blackhole")
    automatic = msgspec.structs.replace(_interface(), public_ip="198.18.0.9")
    assert via(edge_routes(route, automatic), "10.0.1.0/24", "igw-1/in") == ToPort("eni-1")


def _interface() -> NetworkInterface:
    made = cloud.interface("eni-1", WEB, "10.0.1.10", instance="i-1")[0]
    assert isinstance(made, NetworkInterface)
    return made


def test_a_group_in_another_vpc_is_a_filter_of_its_own() -> None:
    there = cloud.subnet("subnet-2", "10.0.1.0/24", "vpc-2")
    plan = compiled(
        [
            *cloud.network(),
            *cloud.network("vpc-2")[:-2],  # its default group would have the first one's id
            WEB,
            there,
            *cloud.group("sg-1"),
            *cloud.group("sg-own"),
            *cloud.group("sg-2", "vpc-2"),
            cloud.shared("sg-1", "vpc-2"),
            cloud.rule("sgr-self", "sg-1", 80, peer="sg-1"),
            cloud.rule("sgr-own", "sg-1", 81, peer="sg-own"),
            cloud.rule("sgr-there", "sg-2", 82, peer="sg-1"),
            *cloud.interface("eni-1", WEB, "10.0.1.10", ("sg-1",)),
            *cloud.interface("eni-2", there, "10.0.1.10", ("sg-1", "sg-2")),
        ]
    )
    assert problems(plan) == []
    assert [one.filter for one in plan.by(Wearing, "port", "eni-1")] == ["sg-1"]
    assert [one.filter for one in plan.by(Wearing, "port", "eni-2")] == ["sg-1@vpc-2", "sg-2"]
    peers = {
        "sgr-self": "sg-1",
        "sgr-self@vpc-2": "sg-1@vpc-2",
        "sgr-own@vpc-2": "sg-own",  # nobody wears it there
        "sgr-there": "sg-1@vpc-2",
    }
    for id_, peer in peers.items():
        rule = plan.get(Rule, id_)
        assert rule is not None, id_
        assert rule.match.peer == SentBy(peer), id_


@pytest.mark.parametrize("interfaces", [10, 300])
def test_an_entry_costs_the_same_whatever_the_number_of_interfaces(interfaces: int) -> None:
    """Its own row, and the routes of the tables that name the list."""
    big = cloud.subnet("subnet-big", "10.0.0.0/16")
    entities: list[Entity] = [*cloud.network(), big, cloud.gateway(), cloud.listed("9.0.0.0/8")]
    entities += [cloud.list_rule("sgr-1", "sg-default"), cloud.list_route("igw-1")]
    for number in range(interfaces):
        entities += cloud.interface(f"eni-{number}", big, big.prefix.address(number + 10))
    assert _cost(entities, cloud.listed("11.0.0.0/8", added=2)) == 2


def _cost(entities: Iterable[Entity], new: Entity) -> int:
    model, passes = Table(entities), compiler()
    passes.accept(passes.propose(model, {key: (None, record) for key, record in model.records.items()}))
    draft = Overlay(model)
    draft.put(new)
    proposal = passes.propose(draft, draft.delta())
    assert ("member", "pl-1", str(Prefix.parse("11.0.0.0/8"))) in proposal.delta
    return proposal.units
