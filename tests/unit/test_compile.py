"""compile: what each kind of entity leads to, and that a change costs what it changes."""

from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.compile import compiler, constants
from atoll.model.kinds import (
    Entity,
    NatGateway,
    NatGatewayAddress,
    NetworkInterface,
    PrivateAddress,
    RouteTable,
    Tracking,
)
from atoll.packet import PortRange, Prefix
from atoll.plan.rows import (
    Address,
    Deliver,
    Direction,
    Drop,
    Idle,
    In,
    Link,
    Mapping,
    Masquerade,
    Match,
    Node,
    NodeKind,
    Port,
    Route,
    Rule,
    Segment,
    SentBy,
    ToLink,
    ToPort,
    Wearing,
)
from atoll.plan.validate import problems
from atoll.records import Delta, Derivation, Overlay, Table
from tests.support import small_cloud as cloud

WEB = cloud.subnet("subnet-web", "10.0.1.0/24")


def compiled(entities: Iterable[Entity]) -> Table:
    model = Table(entities)
    delta: Delta = {key: (None, record) for key, record in model.records.items()}
    plan = Table(constants(["us-east-1a", "us-east-1b"]))
    plan.apply(compiler().propose(model, delta).delta)
    return plan


def web_server(state: str = "running") -> list[Entity]:
    return [
        *cloud.network(),
        WEB,
        cloud.instance("i-1", WEB, state),
        *cloud.interface("eni-1", WEB, "10.0.1.10", instance="i-1"),
    ]


def test_every_plan_is_whole() -> None:
    everything = [*web_server(), cloud.gateway(), cloud.route("igw-1"), cloud.elastic_ip("eni-1", "10.0.1.10")]
    assert problems(compiled(everything)) == []


def test_elastic_ip_is_a_mapping_and_a_route_of_the_internet() -> None:
    plan = compiled([*web_server(), cloud.gateway(), cloud.route("igw-1"), cloud.elastic_ip("eni-1", "10.0.1.10")])
    address = plan.get(Address, "vpc-1", "10.0.1.10")
    mapping = plan.get(Mapping, "igw-1", "10.0.1.10")
    outward = plan.get(Route, "rtb-vpc-1", "0.0.0.0/0")
    inward = plan.get(Route, "internet", "198.18.0.7/32")
    assert address is not None
    assert address.port == "eni-1"
    assert mapping is not None
    assert mapping.outside == "198.18.0.7"
    assert outward is not None
    assert outward.via == ToLink("igw-1")
    assert inward is not None
    assert inward.via == ToLink("igw-1")


def test_elastic_ip_without_gateway_is_nowhere() -> None:
    plan = compiled([*web_server(), cloud.elastic_ip("eni-1", "10.0.1.10")])
    assert plan.get(Mapping, "igw-1", "10.0.1.10") is None
    assert plan.get(Route, "internet", "198.18.0.7/32") is None


def nat_gateway(state: str, *statuses: str) -> list[Entity]:
    """A NAT gateway in the web subnet, with an address of each status, and the route by it."""
    ips = [f"10.0.1.{90 + number}" for number in range(len(statuses))]
    return [
        NatGateway(
            home=cloud.HOME,
            id="nat-1",
            vpc=WEB.vpc,
            subnet=WEB.id,
            zone=WEB.zone,
            state=state,
            created=cloud.TIME,
            interface="eni-nat",
        ),
        NetworkInterface(
            home=cloud.HOME,
            id="eni-nat",
            nat_gateway="nat-1",
            vpc=WEB.vpc,
            subnet=WEB.id,
            zone=WEB.zone,
            mac="02:00:00:00:00:09",
            groups=(),
            primary_ip=ips[0],
        ),
        *(
            NatGatewayAddress(home=cloud.HOME, gateway="nat-1", slot=str(slot), private_ip=ip, status=status)
            for slot, (ip, status) in enumerate(zip(ips, statuses, strict=True))
        ),
        *(
            PrivateAddress(
                home=cloud.HOME,
                subnet=WEB.id,
                vpc=WEB.vpc,
                ip=ip,
                interface="eni-nat",
                primary=slot == 0,
                slot=slot,
            )
            for slot, ip in enumerate(ips)
        ),
        cloud.route("nat-1"),
    ]


def test_an_available_nat_gateway_is_a_translator_that_gives_what_does_not_drain() -> None:
    plan = compiled([*web_server(), *nat_gateway("available", "succeeded", "disassociating")])
    assert problems(plan) == []
    node, port = plan.get(Node, "nat-1"), plan.get(Port, "eni-nat")
    assert node is not None
    assert node.kind is NodeKind.TRANSLATOR
    assert port is not None
    assert (port.node, port.index, port.guard, port.filtered) == ("nat-1", 0, False, False)
    assert [one.address for one in plan.all(Masquerade)] == ["10.0.1.90"]
    assert {one.ip for one in plan.by(Address, "port", "eni-nat")} == {"10.0.1.90", "10.0.1.91"}
    route = plan.get(Route, "rtb-vpc-1", "0.0.0.0/0")
    assert route is not None
    assert route.via == ToPort("eni-nat")


@pytest.mark.parametrize("state", ["pending", "deleting", "deleted", "failed"])
def test_a_nat_gateway_that_does_not_work_is_nobody_and_its_route_a_blackhole(state: str) -> None:
    plan = compiled([*web_server(), *nat_gateway(state, "succeeded")])
    assert problems(plan) == []
    assert plan.get(Node, "nat-1") is None
    assert list(plan.all(Masquerade)) == []
    port, route = plan.get(Port, "eni-nat"), plan.get(Route, "rtb-vpc-1", "0.0.0.0/0")
    assert port is not None
    assert port.node is None
    assert route is not None
    assert route.via == Drop("blackhole")


def test_group_reference_is_one_row_whatever_its_members() -> None:
    plan = compiled([*web_server(), *cloud.group("sg-db"), cloud.rule("sgr-1", "sg-db", 5432, peer="sg-default")])
    rule = plan.get(Rule, "sgr-1")
    assert rule is not None
    assert (rule.filter, rule.direction, rule.order) == ("sg-db", Direction.IN, None)
    assert rule.match == Match(peer=SentBy("sg-default"), protocol=6, ports=PortRange(5432, 5432))


def test_acl_entries_are_ordered_rules() -> None:
    rule = compiled(cloud.network()).get(Rule, "acl-vpc-1/in/100")
    assert rule is not None
    assert (rule.order, rule.allow) == (100, True)
    assert rule.match == Match(peer=In(Prefix.everything()))


def test_subnet_falls_back_to_the_main_table_and_the_default_acl() -> None:
    segment = compiled([*cloud.network(), WEB]).get(Segment, "subnet-web")
    assert segment is not None
    assert (segment.table, segment.fence) == ("rtb-vpc-1", "acl-vpc-1")


def test_gateway_that_is_not_attached_is_no_link_and_its_route_a_blackhole() -> None:
    plan = compiled([*web_server(), cloud.gateway(vpc=None), cloud.route("igw-1")])
    route = plan.get(Route, "rtb-vpc-1", "0.0.0.0/0")
    assert plan.get(Link, "igw-1") is None
    assert route is not None
    assert route.via == Drop("blackhole")


@pytest.mark.parametrize(
    ("state", "via"), [("running", ToPort("eni-1")), ("pending", ToPort("eni-1")), ("stopped", Drop("blackhole"))]
)
def test_route_to_an_instance_is_a_blackhole_while_it_has_no_power(state: str, via: object) -> None:
    route = compiled([*web_server(state), cloud.route("eni-1")]).get(Route, "rtb-vpc-1", "0.0.0.0/0")
    assert route is not None
    assert route.via == via


def test_stopped_instance_keeps_its_rows_without_power() -> None:
    plan = compiled(web_server("stopped"))
    node, port = plan.get(Node, "i-1"), plan.get(Port, "eni-1")
    assert node is not None
    assert not node.powered
    assert port is not None
    assert (port.node, port.index) == ("i-1", 0)


def test_terminated_instance_is_off_the_wire() -> None:
    assert compiled(web_server("terminated")).get(Node, "i-1") is None


def test_local_route_whose_target_was_replaced_is_the_users() -> None:
    plan = compiled([*web_server(), cloud.route("eni-1", "10.0.0.0/16")])
    route = plan.get(Route, "rtb-vpc-1", "10.0.0.0/16")
    assert route is not None
    assert route.via == ToPort("eni-1")
    inward = compiled([*web_server(), cloud.gateway()]).get(Route, "igw-1/in", "10.0.0.0/16")
    assert inward is not None
    assert inward.via == Deliver()


def test_groups_are_worn_in_the_users_order() -> None:
    entities = [
        *cloud.network(),
        WEB,
        *cloud.group("sg-2"),
        *cloud.interface("eni-1", WEB, "10.0.1.10", ("sg-2", "sg-default")),
    ]
    worn = compiled(entities).by(Wearing, "port", "eni-1")
    assert [(one.slot, one.filter) for one in worn] == [(0, "sg-2"), (1, "sg-default")]


def test_each_block_is_local_in_every_table_and_behind_the_gateway() -> None:
    blocks = ["10.0.0.0/16", "100.64.0.0/16"]
    own = RouteTable(home=cloud.HOME, id="rtb-own", vpc="vpc-1")
    plan = compiled([*cloud.network("vpc-1", *blocks), own, cloud.gateway()])
    for table in ("rtb-vpc-1", "rtb-own", "igw-1/in"):
        assert [plan.get(Route, table, block) is not None for block in blocks] == [True, True], table
    assert {row.via for row in plan.all(Route)} == {Deliver()}


def units_for_one_rule(interfaces: int) -> int:
    """How many units run when one rule comes to a group that so many ENIs wear."""
    big = cloud.subnet("subnet-big", "10.0.0.0/16")
    entities = [*cloud.network(), big]
    for number in range(interfaces):
        entities += cloud.interface(f"eni-{number}", big, big.prefix.address(number + 10))
    model, passes = Table(entities), compiler()
    passes.accept(passes.propose(model, {key: (None, record) for key, record in model.records.items()}))
    draft = Overlay(model)
    draft.put(cloud.rule("sgr-new", "sg-default", 80, "0.0.0.0/0"))
    return passes.propose(draft, draft.delta()).units


def test_a_rule_costs_one_unit_whatever_the_number_of_interfaces() -> None:
    assert units_for_one_rule(10) == units_for_one_rule(500) == 1


def test_idle_times_are_the_ports() -> None:
    entities = web_server()
    eni = next(one for one in entities if isinstance(one, NetworkInterface))
    usual = compiled(entities).get(Port, eni.id)
    assert usual
    assert usual.idle == Idle(432_000, 30, 180)
    asked = msgspec.structs.replace(eni, tracking=Tracking(tcp_established=60, udp_stream=90))
    changed = compiled([asked if one is eni else one for one in entities]).get(Port, eni.id)
    assert changed
    assert changed.idle == Idle(60, 30, 90)


CHANGES = st.lists(st.tuples(st.integers(0, 28), st.booleans()), max_size=40)


def pool() -> list[Entity]:
    """Entities that a random program puts and takes away."""
    other = cloud.subnet("subnet-other", "10.0.2.0/24")
    moved = msgspec.structs.replace(cloud.interface("eni-1", WEB, "10.0.1.10")[0], groups=("sg-2",))
    assert isinstance(moved, NetworkInterface)
    return [
        WEB,
        other,
        cloud.instance("i-1", WEB),
        cloud.instance("i-1", WEB, "stopped"),
        *cloud.interface("eni-1", WEB, "10.0.1.10", instance="i-1"),
        moved,
        *cloud.interface("eni-2", other, "10.0.2.10"),
        cloud.gateway(),
        cloud.gateway(vpc=None),
        cloud.route("igw-1"),
        cloud.route("eni-1"),
        cloud.elastic_ip("eni-1", "10.0.1.10"),
        cloud.elastic_ip(None, None),
        cloud.rule("sgr-1", "sg-default", 80, "0.0.0.0/0"),
        cloud.vpc_of("10.0.0.0/16"),
        cloud.vpc_of("10.0.0.0/16", "100.64.0.0/16"),
        cloud.list_route("igw-1"),
        cloud.list_route("eni-1", "pl-2"),
        cloud.route("eni-1", "9.0.0.0/8"),
        cloud.listed("9.0.0.0/8"),
        cloud.listed("9.0.0.0/8", removed=2),
        cloud.listed("9.0.0.0/8", "pl-2"),
        cloud.listed("10.0.0.0/16"),
        *cloud.edge(),
        cloud.route("eni-1", "10.0.1.0/24", "rtb-edge"),
        cloud.shared("sg-default", "vpc-2"),
    ]


@settings(max_examples=150, deadline=None)
@given(CHANGES)
def test_incremental_is_from_scratch_and_back_is_nothing(changes: list[tuple[int, bool]]) -> None:
    things = pool()
    model, passes, plan = Table(), compiler(), Table()
    step(model, passes, plan, [(entity, True) for entity in cloud.network()])
    before = dict(plan.records)
    done: list[Delta] = [
        step(model, passes, plan, [(things[number], present)]) for number, present in changes if number < len(things)
    ]
    scratch = Table()
    scratch.apply(compiler().propose(model, {key: (None, one) for key, one in model.records.items()}).delta)
    assert plan.records == scratch.records
    for delta in reversed(done):
        undo = {key: (new, old) for key, (old, new) in delta.items()}
        model.apply(undo)
        proposal = passes.propose(model, undo)
        plan.apply(proposal.delta)
        passes.accept(proposal)
    assert plan.records == before


def step(model: Table, passes: Derivation, plan: Table, changes: list[tuple[Entity, bool]]) -> Delta:
    draft = Overlay(model)
    for entity, present in changes:
        if present:
            draft.put(entity)
        else:
            draft.delete(entity)
    delta = draft.delta()
    proposal = passes.propose(draft, delta)
    model.apply(delta)
    plan.apply(proposal.delta)
    passes.accept(proposal)
    return delta
