"""PathComponent: the hops of one way through the plan, in AWS's words and in AWS's order.

A hop that no component of AWS's stands for (delivery within a subnet, the internet's own table) is left out. A network
ACL stands before the route table, as in the guide's examples.
"""

from collections.abc import Iterator, Sequence

from atoll.analyze.lookup import Plan
from atoll.analyze.reach.flows import Box
from atoll.analyze.walk import Hop
from atoll.insights import headers, names
from atoll.insights.explanations import EDGE, At, explain, is_edge, route_of, segment_of, table_of
from atoll.insights.names import Said, component
from atoll.insights.trace import Step, Trace
from atoll.model.kinds import (
    BalancerZone,
    Instance,
    InternetGateway,
    Listener,
    LoadBalancer,
    NatGateway,
    NetworkAclEntry,
    NetworkInterface,
    SecurityGroupRule,
)
from atoll.packet import Reason
from atoll.plan.rows import INTERNET, Direction, Frontend, Port, Route, Rule
from atoll.records import Table

OUT_OF_ORDER = ("table", "fence")
ANSWER = "an answer to what came through it"
"""The walk's words for a step back to a load balancer's node, whatever the table says."""


class Components:
    """One direction of a trace. `ends`: the ids that the path was asked between. `tracked`: the ENIs whose groups have
    judged the connection already, so that no rule of theirs is asked (the guide's way back).
    """

    def __init__(
        self,
        model: Table,
        there: Plan,
        box: Box,
        steps: Sequence[Step],
        ends: frozenset[str],
        tracked: frozenset[str] = frozenset(),
    ) -> None:
        self._model = model
        self._there = there
        self._box = box
        self._steps = [step for step in steps if not _is_outside(step.hop)]
        self._ends = ends
        self._tracked = tracked
        self._whole = list(steps)

    def shown(self) -> list[Said]:
        """All of them, numbered from 1."""
        found = [one for step in self._ordered() for one in self._of(step)]
        return [
            {"SequenceNumber": number, **one, "AdditionalDetails": one.get("AdditionalDetails", []),
             "Explanations": one.get("Explanations", [])}
            for number, one in enumerate(found, start=1)
        ]  # fmt: skip

    def _ordered(self) -> Iterator[Step]:
        """What a subnet's ACL says outward comes before the table, which was asked first."""
        steps = list(self._steps)
        for number in range(len(steps) - 1):
            pair = steps[number : number + 2]
            if tuple(step.hop.what for step in pair) == OUT_OF_ORDER and self._direction(pair[1].hop) is Direction.OUT:
                steps[number : number + 2] = reversed(pair)
        yield from steps

    def _direction(self, hop: Hop) -> Direction:
        return Direction.OUT if hop.detail.startswith(Direction.OUT) else Direction.IN

    def _of(self, step: Step) -> Iterator[Said]:
        said = list(self._said(step))
        if step.hop.refusal is not None:
            told = explain(self._at(step))
            if not said:
                said = [{"Component": component(self._model, step.hop.id)}]
            said[-1] = {**said[-1], "Explanations": told}
        yield from said

    def _at(self, step: Step) -> At:
        before = self._whole[: self._whole.index(step)]
        nodes = tuple(one.hop.id for one in before if one.hop.what == "node" and one.hop.detail != ANSWER)
        first = self._port_of(self._whole[0].hop)
        return At(self._model, self._there, step.hop, self._segment(step), self._port_before(step), first, nodes)

    def _said(self, step: Step) -> Iterator[Said]:
        match step.hop.what:
            case "port":
                yield from self._interface(step)
            case "filter":
                yield self._group(step.hop)
            case "fence":
                yield self._acl(step.hop)
            case "table":
                yield from self._table(step.hop)
            case "link":
                yield self._gateway(step)
            case "node":
                yield from self._node(step)

    def _is_first(self, step: Step) -> bool:
        return step is self._steps[0]

    def _is_last(self, step: Step) -> bool:
        return step is self._steps[-1]

    def _interface(self, step: Step) -> Iterator[Said]:
        """The ENI at an end of the way, and the instance that has it where that is what was asked about."""
        id_ = step.hop.id
        found = self._model.get(NetworkInterface, id_)
        instance = found.instance if found is not None else None
        mine = names.interface(self._model, id_)
        first, last = self._is_first(step), self._is_last(step)
        told = {"OutboundHeader": headers.header(self._box, step.came)} if first else {}
        if last and not first:
            told = {"InboundHeader": headers.header(self._box, step.went)}
        if instance is None or instance not in self._ends or self._model.get(Instance, instance) is None:
            yield {**mine, **told, **self._crossed(step)}
            return
        whole = {"Component": component(self._model, instance), **told}
        yield from (whole, mine) if first else ({**mine, **self._crossed(step)}, whole)

    def _crossed(self, step: Step) -> Said:
        """Whether the way has led into another zone (additional detail codes)."""
        zones = [
            found.zone
            for one in self._steps
            if one.hop.what == "port" and (found := self._model.get(NetworkInterface, one.hop.id)) is not None
        ]
        if self._is_last(step) and len(set(zones)) > 1:
            return {"AdditionalDetails": [{"AdditionalDetailType": "AVAILABILITY_ZONE_CROSSED"}]}
        return {}

    def _group(self, hop: Hop) -> Said:
        """The group whose rule lets it pass."""
        asked = bool(hop.rows) and hop.refusal is None and hop.id not in self._tracked
        row = self._there.find(hop.rows[0]) if asked else None
        found = self._model.get(NetworkInterface, hop.id)
        rule = self._model.get(SecurityGroupRule, row.id.partition("@")[0]) if isinstance(row, Rule) else None
        group = rule.owner if rule is not None else found.groups[0] if found is not None and found.groups else hop.id
        told = {"SecurityGroupRule": names.group_rule(rule)} if rule is not None else {}
        return {"Component": component(self._model, group), **told}

    def _acl(self, hop: Hop) -> Said:
        row = self._there.find(hop.rows[0]) if hop.rows else None
        decided = isinstance(row, Rule) and "no rule matches" not in hop.detail
        entry = (
            self._model.get(NetworkAclEntry, hop.id, str(row.direction is Direction.OUT), str(row.order))
            if decided and isinstance(row, Rule)
            else None
        )
        told = {"AclRule": names.acl_rule(entry)} if entry is not None else {}
        return {**told, "Component": component(self._model, hop.id)}

    def _table(self, hop: Hop) -> Iterator[Said]:
        row = self._there.find(hop.rows[0]) if hop.rows else None
        if not isinstance(row, Route):
            if hop.refusal is not None:
                yield {"Component": component(self._model, hop.id)}
            return
        if row.table.endswith(EDGE) and not is_edge(row):
            return  # what comes in by a gateway without a table of its own is delivered
        yield {"Component": component(self._model, table_of(row)), "RouteTableRoute": route_of(self._model, row)}

    def _gateway(self, step: Step) -> Said:
        """As the first or the last component it has the whole header on its outer side."""
        gateway = self._model.get(InternetGateway, step.hop.id)
        vpc = {"Vpc": component(self._model, gateway.vpc)} if gateway is not None and gateway.vpc else {}
        said = {"Component": component(self._model, step.hop.id), **vpc}
        if self._is_first(step):
            inbound = headers.header(self._box, step.came)
            outbound = headers.change(self._box, step.came, step.went)
            return {**said, "InboundHeader": inbound, **({"OutboundHeader": outbound} if outbound else {})}
        return {**said, "OutboundHeader": headers.header(self._box, step.went)}

    def _node(self, step: Step) -> Iterator[Said]:
        """A NAT gateway or a load balancer. That an answer goes back to one is told where it gets there."""
        if step.hop.detail == ANSWER:
            return
        change = headers.change(self._box, step.came, step.went)
        told = {"InboundHeader": headers.header(self._box, step.came), **({"OutboundHeader": change} if change else {})}
        nat = self._model.get(NatGateway, step.hop.id)
        if nat is not None:
            place = names.place(self._model, nat.interface) if nat.interface else {}
            yield {"Component": component(self._model, nat.id), **told, **place}
            return
        zone = next((one for one in self._model.all(BalancerZone) if one.node == step.hop.id), None)
        balancer = self._model.get(LoadBalancer, zone.balancer) if zone is not None else None
        if zone is None or balancer is None:
            yield {"Component": component(self._model, step.hop.id), **told}
            return
        listener = self._listener(step.hop)
        extra = {"ElasticLoadBalancerListener": names.by_arn(listener.arn)} if listener is not None else {}
        yield {"Component": names.balancer(balancer), **told, **names.place(self._model, zone.interface), **extra}

    def _listener(self, hop: Hop) -> Listener | None:
        rows = (self._there.find(key) for key in hop.rows)
        frontend = next((row for row in rows if isinstance(row, Frontend)), None)
        found = self._model.get(Listener, frontend.id.partition("/")[0]) if frontend is not None else None
        return found if frontend is not None and found is not None and found.arn in frontend.origin else None

    def _segment(self, step: Step) -> str:
        """The subnet that a refusal is about: entering, that of the ENI ahead; else that of the one behind."""
        ahead = step.hop.refusal in (Reason.FENCE_IN,)
        port = self._port_after(step) if ahead else self._port_before(step) or self._port_after(step)
        return segment_of(self._there, port)

    def _port_before(self, step: Step) -> str:
        before = self._whole[: self._whole.index(step)]
        return next((found for one in reversed(before) if (found := self._port_of(one.hop))), "")

    def _port_after(self, step: Step) -> str:
        after = self._whole[self._whole.index(step) :]
        return next((found for one in after if (found := self._port_of(one.hop))), "")

    def _port_of(self, hop: Hop) -> str:
        """The ENI that a hop is at."""
        if hop.what in ("port", "filter"):
            return "" if hop.id.startswith(f"{INTERNET}/") else hop.id
        if hop.what == "node" and hop.rows and hop.rows[0][0] == Port.KIND:
            return hop.rows[0][1]
        return ""


def _is_outside(hop: Hop) -> bool:
    """The internet's own hosts and routes are no components."""
    return hop.id == INTERNET or hop.id.startswith(f"{INTERNET}/")


def explained(shown: Sequence[Said]) -> list[Said]:
    """All explanations of a path's components, in their order."""
    return [told for one in shown for told in one["Explanations"]]


def both_ways(model: Table, found: Trace, *ends: str) -> tuple[list[Said], list[Said]]:
    """The components of a way, and of the way back. `ends`: see Components."""
    judged = frozenset(step.hop.id for step in found.ahead if step.hop.what == "filter" and step.hop.refusal is None)
    asked = frozenset(ends)
    ahead = Components(model, found.there, found.box, found.ahead, asked).shown()
    return ahead, Components(model, found.there, found.box, found.back, asked, judged).shown()
