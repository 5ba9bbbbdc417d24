"""Explanation: what stops a packet at a hop, by AWS's explanation codes (facts 220-222, explanation-codes.html).

A hop may have several: all of them are true of it.
"""

from collections.abc import Callable, Iterable, Mapping

from atoll.analyze.links import PRIVATE
from atoll.analyze.lookup import Plan
from atoll.analyze.walk import Hop
from atoll.insights import names
from atoll.insights.names import Said, component
from atoll.model.kinds import (
    ALL_PROTOCOLS,
    BalancerZone,
    Instance,
    Listener,
    LoadBalancer,
    NetworkAclEntry,
    NetworkInterface,
    RouteTable,
    SecurityGroupRule,
    TargetGroup,
    VpcRoute,
)
from atoll.model.machines import POWERED
from atoll.packet import Flow, Prefix, Reason
from atoll.plan.rows import Backend, Direction, Drop, Frontend, Link, Port, Route, Rule, Segment
from atoll.records import Table

SHARED = Prefix.parse("100.64.0.0/10")
"""RFC 6598; the others of `PRIVATE` are RFC 1918's."""

EGRESS, INGRESS = "egress", "ingress"
IMPAIRED = "impaired"
"""What is in order, in a zone that has failed: so DescribeInstanceStatus calls it."""


class At:
    """Where a refused packet is. `segment`: the subnet whose border it meets; `port`: the ENI that it is at or left.

    `first`: the ENI that has sent it; `nodes`: NAT gateways and nodes of load balancers that it has passed.
    """

    def __init__(
        self, model: Table, there: Plan, hop: Hop, segment: str, port: str, first: str, nodes: tuple[str, ...]
    ) -> None:
        assert hop.flow is not None, hop
        self.model = model
        self.there = there
        self.hop = hop
        self.flow: Flow = hop.flow
        self.segment = segment
        self.port = port
        self.first = first
        self.nodes = nodes


def explain(at: At) -> list[Said]:
    """Every explanation of one refusal; the first says it in AWS's usual words."""
    assert at.hop.refusal is not None
    return [{name: value for name, value in one.items() if value} for one in CODES[at.hop.refusal](at)]


def _group(at: At, direction: str) -> Iterable[Said]:
    """No rule of a group applies; and of those groups that have no rules at all, that."""
    found = at.model.get(NetworkInterface, at.hop.id)
    groups = found.groups if found is not None else ()
    shown = {
        "Direction": direction,
        "NetworkInterface": component(at.model, at.hop.id),
        **names.place(at.model, at.hop.id),
    }
    yield {
        "ExplanationCode": "ENI_SG_RULES_MISMATCH",
        **shown,
        "SecurityGroups": [component(at.model, one) for one in groups],
    }
    for group in groups:
        rules = at.model.by(SecurityGroupRule, "owner", group)
        if not any(rule.egress is (direction == EGRESS) for rule in rules):
            yield {
                "ExplanationCode": "SG_HAS_NO_RULES",
                "Direction": direction,
                "SecurityGroup": component(at.model, group),
                "Vpc": shown.get("Vpc"),
            }
    if direction == INGRESS and at.nodes:
        yield from _references(at, groups)


def _references(at: At, groups: Iterable[str]) -> Iterable[Said]:
    """A rule lets the sender's group in, and what the packet has passed hides who sent it (fact 113)."""
    sender = at.model.get(NetworkInterface, at.first)
    for rule in (rule for group in groups for rule in at.model.by(SecurityGroupRule, "owner", group)):
        worn = sender is not None and rule.peer_group in sender.groups
        if worn and not rule.egress and _matches(rule, at.flow):
            yield {
                "ExplanationCode": "SG_REFERENCES_NOT_PRESERVED",
                "Component": _passed(at, at.nodes[-1]),
                "SecurityGroup": component(at.model, rule.owner),
                "SecurityGroupRule": names.group_rule(rule),
            }


def _matches(rule: SecurityGroupRule, flow: Flow) -> bool:
    """Whether it names the packet's protocol and port."""
    if rule.protocol == ALL_PROTOCOLS:
        return True
    return rule.protocol == flow.protocol and (rule.low == -1 or rule.low <= flow.destination_port <= rule.high)


def _passed(at: At, node: str) -> Said:
    zone = next((one for one in at.model.all(BalancerZone) if one.node == node), None)
    found = at.model.get(LoadBalancer, zone.balancer) if zone is not None else None
    return names.balancer(found) if found is not None else component(at.model, node)


def _acl(at: At, direction: str) -> Iterable[Said]:
    row = at.there.find(at.hop.rows[0]) if at.hop.rows else None
    denied = isinstance(row, Rule) and not row.allow and "denied by" in at.hop.detail
    entry = (
        at.model.get(NetworkAclEntry, at.hop.id, str(row.direction is Direction.OUT), str(row.order))
        if denied and isinstance(row, Rule)
        else None
    )
    yield {
        "ExplanationCode": "SUBNET_ACL_RESTRICTION",
        "Acl": component(at.model, at.hop.id),
        "AclRule": names.acl_rule(entry) if entry is not None else None,
        "Direction": direction,
        **names.subnet_and_vpc(at.model, at.segment),
    }


def _no_route(at: At) -> Iterable[Said]:
    yield {
        "ExplanationCode": "NO_ROUTE_TO_DESTINATION",
        "Address": f"{at.flow.destination}/32",
        "RouteTable": component(at.model, at.hop.id),
        **names.subnet_and_vpc(at.model, at.segment),
    }


def _dead_route(at: At) -> Iterable[Said]:
    """The route leads to nothing that works; and where a wider one would lead on, that it is in its way."""
    row = at.there.find(at.hop.rows[0]) if at.hop.rows else None
    if not isinstance(row, Route):
        return
    table = component(at.model, table_of(row))
    told = route_of(at.model, row)
    if is_edge(row):
        edge = {"IngressRouteTable": table, "InternetGateway": component(at.model, row.table.removesuffix(EDGE))}
        if told.get("NetworkInterfaceId") and row.via == Drop("no public address"):
            middlebox = component(at.model, told["NetworkInterfaceId"])
            yield {"ExplanationCode": "INGRESS_RTB_NO_PUBLIC_IP", "NetworkInterface": middlebox, **edge}
        else:
            yield {"ExplanationCode": "BAD_STATE_ROUTE", "RouteTableRoute": told, **edge}
        return
    shown = {"RouteTable": table, **names.subnet_and_vpc(at.model, at.segment)}
    yield {"ExplanationCode": "BAD_STATE_ROUTE", "RouteTableRoute": told, **shown}
    wider = [
        one
        for one in at.there.by(Route, "table", row.table)
        if one.prefix.length < row.prefix.length and one.prefix.holds(at.flow.destination)
    ]
    for one in sorted(wider, key=lambda one: -one.prefix.length):
        if at.model.get(VpcRoute, one.table, str(one.prefix)) is not None:
            yield {"ExplanationCode": "MORE_SPECIFIC_ROUTE", "RouteTableRoute": route_of(at.model, one), **shown}


EDGE = "/in"
"""How the compiler names the table of what comes in by a gateway, after the gateway."""


def is_edge(row: Route) -> bool:
    """Whether it is a user's route of what comes in by a gateway."""
    return row.table.endswith(EDGE) and row.origin[0].startswith(RouteTable.PREFIX)


def table_of(row: Route) -> str:
    """The user's table that a row of the plan came from."""
    return row.origin[0] if is_edge(row) else row.table


def route_of(model: Table, row: Route) -> Said:
    """The user's route that a row of the plan came from."""
    listed = next((one for one in row.origin if one.startswith("pl-")), None)
    local = any(one.startswith("vpc-") for one in row.origin)
    dead = isinstance(row.via, Drop)
    return names.route(model, table_of(row), listed or str(row.prefix), local=local, dead=dead)


def _nobody(at: At) -> Iterable[Said]:
    yield {
        "ExplanationCode": "NO_POSSIBLE_DESTINATION",
        "Address": f"{at.flow.destination}/32",
        **names.subnet_and_vpc(at.model, at.segment),
    }


def _check(at: At, direction: str, ip: str) -> Iterable[Said]:
    yield {
        "ExplanationCode": "ENI_SOURCE_DEST_CHECK_RESTRICTION",
        "Address": f"{ip}/32",
        "Direction": direction,
        "NetworkInterface": component(at.model, at.hop.id),
        **names.place(at.model, at.hop.id),
    }


def _without_power(at: At) -> Iterable[Said]:
    """The instance does not run, the interface is attached to nothing, or their zone has failed."""
    found = at.model.get(NetworkInterface, at.hop.id)
    instance = at.model.get(Instance, found.instance) if found is not None and found.instance else None
    if instance is not None:
        component_, state = component(at.model, instance.id), instance.state
    elif found is not None and found.nat_gateway is not None:
        component_, state = component(at.model, found.nat_gateway), IMPAIRED
    elif found is not None and found.load_balancer is not None:
        component_, state = component(at.model, found.id), IMPAIRED
    else:
        component_, state = component(at.model, at.hop.id), found.status if found is not None else ""
    yield {
        "ExplanationCode": "BAD_STATE",
        "Component": component_,
        "State": IMPAIRED if state in POWERED else state,
        **names.place(at.model, at.hop.id),
    }


def _no_public_address(at: At) -> Iterable[Said]:
    link = at.there.get(Link, at.hop.id)
    outward = "nobody's" not in at.hop.detail
    yield gateway(
        at,
        "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS" if outward else "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
        at.flow.source if outward else at.flow.destination,
        NetworkInterface=component(at.model, at.port) if outward and at.port else None,
        Vpc=component(at.model, link.a) if link is not None else None,
    )


def gateway(at: At, code: str, ip: str, **more: Said | None) -> Said:
    """What an internet gateway refuses, and for which address."""
    return {"ExplanationCode": code, "Address": f"{ip}/32", "InternetGateway": component(at.model, at.hop.id), **more}


def _refused_by_gateway(at: At) -> Iterable[Said]:
    """Private and shared addresses do not pass; nor do those that the VPC itself has come in."""
    link = at.there.get(Link, at.hop.id)
    vpc = component(at.model, link.a) if link is not None else None
    inward = at.hop.detail.endswith("is a private address") and at.port == ""
    if at.hop.detail.startswith(f"{at.flow.source} is an address of"):
        yield gateway(at, "GATEWAY_REJECTS_SPOOFED_TRAFFIC", at.flow.source, Vpc=vpc)
    elif inward and at.hop.detail.startswith(f"{at.flow.source} "):
        rfc = _rfc(at.flow.source)
        yield gateway(at, f"IGW_SOURCE_ADDRESS_NOT_IN_{rfc}_INGRESS", at.flow.source, Vpc=vpc)
    elif inward:
        yield gateway(at, "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS", at.flow.destination, Vpc=vpc)
    else:
        rfc = _rfc(at.flow.destination)
        yield gateway(at, f"IGW_DESTINATION_ADDRESS_NOT_IN_{rfc}_EGRESS", at.flow.destination, Vpc=vpc)


def _rfc(ip: str) -> str:
    assert any(prefix.holds(ip) for prefix in PRIVATE), ip
    return "RFC6598" if SHARED.holds(ip) else "RFC1918"


def _refused_by_nat(at: At) -> Iterable[Said]:
    """It serves its own VPC's interfaces, sends nothing on to itself, and knows only what was opened through it."""
    detail = at.hop.detail
    code, ip = "NGW_SOURCE_ADDRESS_REASSIGN", at.flow.source
    if detail.startswith("nobody in "):
        code = "NGW_REQUIRES_SOURCE_IN_VPC"
    elif detail.startswith("nobody inside"):
        code, ip = "NGW_DEST_ADDRESS_PRESERVATION", at.flow.destination
    place = names.place(at.model, at.port)
    yield {"ExplanationCode": code, "Address": f"{ip}/32", "NatGateway": component(at.model, at.hop.id), **place}


def _refused_by_balancer(at: At) -> Iterable[Said]:
    """No listener takes it, or the listener that does has nobody to send it to."""
    zone = next((one for one in at.model.all(BalancerZone) if one.node == at.hop.id), None)
    one = at.model.get(LoadBalancer, zone.balancer) if zone is not None else None
    if one is None or zone is None:
        return
    listeners = at.model.by(Listener, "balancer", one.id)
    wanted = [
        row
        for row in at.there.by(Frontend, "node", at.hop.id)
        if (row.protocol, row.port) == (at.flow.protocol, at.flow.destination_port)
    ]
    shown: Said = {
        "LoadBalancerArn": one.arn,
        "Component": names.balancer(one),
        **names.place(at.model, zone.interface),
    }
    if not wanted:
        yield {"ExplanationCode": "ELBV2_LISTENERS_MISMATCH", **shown}
        for each in listeners:
            if each.port != at.flow.destination_port:
                listener = {
                    "ElasticLoadBalancerListener": names.by_arn(each.arn),
                    "LoadBalancerListenerPort": each.port,
                }
                yield {"ExplanationCode": "ELBV2_LISTENER_PORT_RESTRICTION", **shown, **listener}
        return
    mine = next((each for each in listeners if each.arn in wanted[0].origin), None)
    group = at.model.get(TargetGroup, mine.group) if mine is not None else None
    shown |= {
        "ElasticLoadBalancerListener": names.by_arn(mine.arn) if mine is not None else None,
        "LoadBalancerTargetGroup": names.by_arn(group.arn) if group is not None else None,
    }
    if at.there.count(Backend, "frontend", wanted[0].id):
        yield {"ExplanationCode": "ELBV2_NO_TARGETS_IN_AZ", **shown, "AvailabilityZones": [zone.zone]}
    else:
        yield {"ExplanationCode": "ELBV2_LISTENER_HAS_NO_TG", **shown}


def _no_path(at: At) -> Iterable[Said]:
    yield {"ExplanationCode": "NO_PATH", "Component": component(at.model, at.hop.id)}


CODES: Mapping[Reason, Callable[[At], Iterable[Said]]] = {
    Reason.SENDER_RULES: lambda at: _group(at, EGRESS),
    Reason.RECEIVER_RULES: lambda at: _group(at, INGRESS),
    Reason.FENCE_OUT: lambda at: _acl(at, EGRESS),
    Reason.FENCE_IN: lambda at: _acl(at, INGRESS),
    Reason.NO_ROUTE: _no_route,
    Reason.BLACKHOLE: _dead_route,
    Reason.NO_SUCH_ADDRESS: _nobody,
    Reason.SPOOFED: lambda at: _check(at, EGRESS, at.flow.source),
    Reason.NOT_MINE: lambda at: _check(at, INGRESS, at.flow.destination),
    Reason.NO_POWER: _without_power,
    Reason.NO_PUBLIC_ADDRESS: _no_public_address,
    Reason.REFUSED_BY_LINK: _refused_by_gateway,
    Reason.REFUSED_BY_TRANSLATOR: _refused_by_nat,
    Reason.REFUSED_BY_BALANCER: _refused_by_balancer,
    Reason.LOOP: _no_path,
}
"""By what stops a packet. DELIVERED stops none."""


def segment_of(there: Plan, port: str) -> str:
    """The subnet of an ENI's port, "" where it has none."""
    found = there.get(Port, port)
    segment = there.get(Segment, found.segment) if found is not None else None
    return segment.id if segment is not None else ""
