"""The answer to an analysis of a path: whether there is one, the shortest, or what stops the packet that gets farthest.

Every packet of the question is asked about, none is sampled: a path is found where one of them arrives and, of TCP, its
answer returns (fact 220).
"""

from typing import NamedTuple

from atoll.analyze.between import Sender
from atoll.analyze.internet import ANSWERING, with_anyone
from atoll.analyze.links import PRIVATE
from atoll.analyze.reach import Outcome, reach
from atoll.analyze.reach.flows import BLOCK, PORTS, Box, View, asking, meet, place, protocol_block, where
from atoll.analyze.reach.spans import Span, of, single
from atoll.analyze.reach.translators import leaving
from atoll.insights.components import both_ways, explained
from atoll.insights.ends import End, Goal, address_goal, end, goal, senders
from atoll.insights.names import Said, balancer, component
from atoll.insights.outside import Outside, outside, widened
from atoll.insights.passed import intermediate, passed
from atoll.insights.spare import attached
from atoll.insights.trace import Trace, trace
from atoll.model.kinds import BalancerZone, InsightsAnalysis, InsightsPath, LoadBalancer, NatGateway, PathFilter
from atoll.packet import TCP, UDP
from atoll.plan.rows import Link, Mapping, Node, NodeKind, Port
from atoll.records import Table

PROTOCOLS = {"tcp": TCP, "udp": UDP}
MOST_TRIED = 24
"""So many ways are followed in search of the shortest one, and of the blocked packet that gets farthest."""

NOTHING_YET = PathFilter()


def answer(model: Table, plan: Table, id_: str) -> Said:
    """The members of a NetworkInsightsAnalysis that say what came of it. FailedError, LookupError if it is gone."""
    analysis = model.get(InsightsAnalysis, id_)
    path = model.get(InsightsPath, analysis.path) if analysis is not None else None
    if analysis is None or path is None:
        raise LookupError(f"{id_} was deleted")
    must = [intermediate(model, arn) for arn in analysis.filter_in]
    must_not = [intermediate(model, arn) for arn in analysis.filter_out]
    return _Question(model, plan, path).answer(must, must_not)


class _Fate(NamedTuple):
    """Flows of one fate. `told`: those that are told of, see outside.py."""

    sender: str
    outcome: Outcome
    told: Box


class _Question:
    """One path in one cloud."""

    def __init__(self, model: Table, plan: Table, path: InsightsPath) -> None:
        self._model = model
        self._path = path
        self._protocol = PROTOCOLS[path.protocol]
        self._at_source = path.at_source or NOTHING_YET
        self._at_destination = path.at_destination or NOTHING_YET
        self._plan = attached(plan, *self._ends(), self._asked_address())
        self._whole = with_anyone(self._plan)

    def answer(self, must: list[str], must_not: list[str]) -> Said:
        """See `answer` above. `must`, `must_not`: links and nodes that the path shall pass, and shall not."""
        source, destination = self._ends()
        if (told := self._impossible(source, destination)) is not None:
            return _not_found([told])
        assert source is not None
        wanted = self._goal(source, destination)
        if (told := self._not_let_in(source, destination, wanted)) is not None:
            return _not_found([told])
        beyond = outside(self._whole, destination.ports if source.gateway and destination is not None else ())
        fates = [one for sender in senders(self._whole, source, beyond) for one in self._fates(sender, wanted, beyond)]
        open_ = [one for one in fates if self._is_open(one.outcome, wanted)]
        straight = [one for one in open_ if self._is_straight(one.outcome, wanted)]
        fitting = [part for one in straight for part in self._at_the_end(one)]
        chosen = [one for one in fitting if passed(self._plan, one.outcome.via, must, must_not)]
        if chosen:
            return self._found(chosen, source, destination, beyond)
        filtered = self._why_filtered(open_, straight, fitting, must, must_not)
        return _not_found(filtered) if filtered else self._blocked(fates, source, destination, beyond)

    def _ends(self) -> tuple[End | None, End | None]:
        there = self._path.destination
        return end(self._model, self._path.source), end(self._model, there) if there is not None else None

    def _impossible(self, source: End | None, destination: End | None) -> Said | None:
        """Where no path can be, whatever its packets (fact 221)."""
        named = self._path.destination
        if source is None or (named is not None and destination is None):
            missing = self._path.source if source is None else str(named)
            return {"ExplanationCode": "NO_SOURCE_OR_DESTINATION", "Component": {"Id": missing}}
        for one in (source, destination):
            if one is not None and not one.vpc:
                return {"ExplanationCode": "UNASSOCIATED_COMPONENT", "Component": component(self._model, one.id)}
        if destination is not None and destination.vpc != source.vpc:
            return {
                "ExplanationCode": "DISCONNECTED_VPCS",
                "SourceVpc": component(self._model, source.vpc),
                "DestinationVpc": component(self._model, destination.vpc),
            }
        if destination is not None and source.gateway and destination.gateway:
            return {"ExplanationCode": "NO_PATH"}
        return None

    def _asked_address(self) -> str | None:
        """The destination address of the packets as they are sent, where the path names one."""
        alone = self._path.destination is None
        return self._at_source.destination or (self._path.destination_ip if alone else None)

    def _goal(self, source: End, destination: End | None) -> Goal:
        ip = self._asked_address()
        if destination is None:
            assert ip is not None, self._path
            return address_goal(self._whole, source, ip)
        wanted = goal(self._whole, source, destination)
        return wanted._replace(addresses=single(place(ip))) if ip is not None else wanted

    def _not_let_in(self, source: End, destination: End | None, wanted: Goal) -> Said | None:
        """What an internet gateway lets in: only what is for a public address of an attached interface (fact 80)."""
        if not source.gateway or (destination is not None and destination.gateway):
            return None
        ip = self._asked_address()
        gateway = component(self._model, source.id)
        if ip is not None and any(prefix.holds(ip) for prefix in PRIVATE):
            return {"ExplanationCode": "IGW_EXPECTS_PUBLIC_ADDRESS", "Address": f"{ip}/32", "InternetGateway": gateway}
        known = [row for row in self._whole.by(Mapping, "link", source.id) if ip is None or row.outside == ip]
        ports = destination.ports if destination is not None else tuple(wanted.ports)
        held = [one for one in ports if (port := self._whole.get(Port, one)) is not None and port.node is not None]
        through_balancer = not wanted.ports
        if wanted.addresses and known and (held or through_balancer):
            return None
        return {
            "ExplanationCode": "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
            "InternetGateway": gateway,
            "Vpc": component(self._model, source.vpc),
            **({"Address": f"{ip}/32"} if ip is not None else {}),
            **({"NetworkInterface": component(self._model, ports[0])} if destination is not None and ports else {}),
        }

    def _box(self, sender: Sender, wanted: Goal) -> Box:
        """The packets as they are sent."""
        source = self._path.source_ip or self._at_source.source
        number = self._path.destination_port
        ports = (number, number) if number is not None else self._at_source.destination_ports
        return Box(
            single(place(source)) if source is not None else sender.sources,
            wanted.addresses,
            self._services(ports),
            of(*self._at_source.source_ports) if self._at_source.source_ports else PORTS,
        )

    def _fates(self, sender: Sender, wanted: Goal, beyond: Outside) -> list[_Fate]:
        """What becomes of everything that is asked about."""
        asked = self._box(sender, wanted)
        outcomes = reach(self._whole, sender.port, [asked], ANSWERING)
        return [_Fate(sender.port, one, widened(one, sender.port, asked, beyond)) for one in outcomes]

    def _services(self, ports: tuple[int, int] | None) -> Span:
        if ports is None:
            return protocol_block(self._protocol)
        start = self._protocol << BLOCK
        return of(start + ports[0], start + ports[1])

    def _is_open(self, one: Outcome, wanted: Goal) -> bool:
        arrives = one.arrives and (not wanted.ports or one.at in wanted.ports)
        return arrives and (self._protocol == UDP or one.answered)

    def _is_straight(self, one: Outcome, wanted: Goal) -> bool:
        """Internet gateways are ends of a path, never in its middle (IGW_NAT_REFLECTION)."""
        gateways = self._gateways(one)
        return len(gateways) == 1 if wanted.any_gateway else gateways == wanted.gateways

    def _gateways(self, one: Outcome) -> tuple[str, ...]:
        return tuple(name for name in one.via if self._plan.get(Link, name) is not None)

    def _at_the_end(self, one: _Fate, but: str = "") -> list[_Fate]:
        """The flows that look as the filter at the destination wants them. `but`: the member that is not asked."""
        boxes = [one.told]
        for name, want in self._wants_at_the_end():
            if name != but:
                boxes = [part for box in boxes for part in _seen(box, one.outcome.seen, name, want)]
        parts = ((box, meet(one.outcome.flows, box)) for box in boxes)
        return [_Fate(one.sender, _part(one.outcome, real), box) for box, real in parts if not real.empty]

    def _wants_at_the_end(self) -> list[tuple[str, Span]]:
        """By the name that AWS's codes have for it: what is wanted."""
        found = self._at_destination
        ip = self._path.destination_ip if self._path.destination is not None else None
        destination = found.destination or ip
        spans = {
            "SOURCE_ADDRESS": single(place(found.source)) if found.source else None,
            "SOURCE_PORT_RANGE": of(*found.source_ports) if found.source_ports else None,
            "DESTINATION_ADDRESS": single(place(destination)) if destination else None,
            "DESTINATION_PORT_RANGE": self._services(found.destination_ports) if found.destination_ports else None,
        }
        return [(name, span) for name, span in spans.items() if span is not None]

    def _found(self, chosen: list[_Fate], source: End, destination: End | None, beyond: Outside) -> Said:
        """The shortest of the ways, and what other ways pass."""
        ways: dict[tuple[tuple[str, ...], str | None], _Fate] = {}
        for one in chosen:
            ways.setdefault((one.outcome.via, one.outcome.at), one)
        traces = [(self._trace(one, beyond), one) for one in list(ways.values())[:MOST_TRIED]]
        shortest, taken = min(traces, key=lambda pair: len(pair[0].ahead))
        ahead, back = self._components(shortest, source, destination)
        return {
            "NetworkPathFound": True,
            "ForwardPathComponents": ahead,
            "ReturnPathComponents": back if self._protocol == TCP else [],
            "Explanations": [],
            "AlternatePathHints": self._hints(chosen, taken),
        }

    def _hints(self, chosen: list[_Fate], taken: _Fate) -> list[Said]:
        """Intermediate components of other ways that lead there too."""
        names = dict.fromkeys(name for one in chosen for name in one.outcome.via if name not in taken.outcome.via)
        found = (self._named(name) for name in names)
        return [{"ComponentId": one["Id"], "ComponentArn": one["Arn"]} for one in found if one is not None]

    def _named(self, name: str) -> Said | None:
        if self._model.get(NatGateway, name) is not None:
            return component(self._model, name)
        zone = next((one for one in self._model.all(BalancerZone) if one.node == name), None)
        found = self._model.get(LoadBalancer, zone.balancer) if zone is not None else None
        return balancer(found) if found is not None else None

    def _components(self, found: Trace, source: End, destination: End | None) -> tuple[list[Said], list[Said]]:
        return both_ways(self._model, found, source.id, *([destination.id] if destination is not None else []))

    def _why_filtered(
        self, open_: list[_Fate], straight: list[_Fate], fitting: list[_Fate], must: list[str], must_not: list[str]
    ) -> list[Said]:
        """What of the question keeps the paths away that there are (fact 222)."""
        if fitting:
            lacking = [
                name for name in must if not any(passed(self._plan, one.outcome.via, [name], []) for one in fitting)
            ]
            if lacking:
                return [
                    {"ExplanationCode": "COMPONENT_FILTER_RESTRICTION", "Component": self._shown(one)}
                    for one in lacking
                ]
            code = "COMPONENT_FILTER_RESTRICTION_REMOVED_COMPONENT" if must_not else "COMPONENT_FILTER_RESTRICTION"
            return [{"ExplanationCode": code, "Component": self._shown(one)} for one in must_not or must]
        if straight:
            wants = [name for name, _ in self._wants_at_the_end()]
            alone = [
                name for name in wants if any(part for one in straight for part in self._at_the_end(one, but=name))
            ]
            return [{"ExplanationCode": f"FILTER_AT_DESTINATION_{name}"} for name in alone or wants]
        if open_:
            gateways = self._gateways(open_[0].outcome)
            return [
                {
                    "ExplanationCode": "IGW_NAT_REFLECTION",
                    **({"InternetGateway": component(self._model, gateways[0])} if gateways else {}),
                }
            ]
        return []

    def _shown(self, name: str) -> Said:
        if name.startswith("arn:") and self._named(name) is None:
            return {"Id": name.rpartition("/")[2], "Arn": name}
        return self._named(name) or component(self._model, name)

    def _trace(self, one: _Fate, beyond: Outside) -> Trace:
        return trace(self._plan, one.sender, one.outcome, one.told, outside=beyond)

    def _astray(self, traces: list[Trace], source: End, destination: End | None) -> Said:
        """Nothing refuses it, and it gets elsewhere: to a middlebox, or its answer to somebody else."""
        if not traces:
            return _not_found([{"ExplanationCode": "NO_PATH"}])
        ahead, back = self._components(traces[0], source, destination)
        last = [*ahead, *back][-1:]
        told = {"ExplanationCode": "NO_PATH", **({"Component": last[0]["Component"]} if last else {})}
        return _not_found([told]) | {"ForwardPathComponents": ahead, "ReturnPathComponents": back}

    def _by_balancer(self, found: Trace) -> bool:
        """Whether it goes to a load balancer. Nothing is known beyond a refusal there: a straight way tells more."""
        nodes = (self._whole.get(Node, step.hop.id) for step in found.ahead if step.hop.what == "node")
        return any(node is not None and node.kind is NodeKind.BALANCER for node in nodes)

    def _blocked(self, fates: list[_Fate], source: End, destination: End | None, beyond: Outside) -> Said:
        """The packet that gets farthest, with every reason why it gets no farther."""
        kinds: dict[tuple[str, str | None, str, tuple[str, ...]], _Fate] = {}
        for one in fates:
            kinds.setdefault((one.sender, one.outcome.at, str(one.outcome.reason), one.outcome.via), one)
        traces = [self._trace(one, beyond) for one in list(kinds.values())[:MOST_TRIED]]
        telling = [one for one in traces if one.refusals]
        if not telling:
            return self._astray(traces, source, destination)
        best = min(telling, key=lambda one: (self._by_balancer(one), one.at is None, len(one.refusals)))
        ahead, back = self._components(best, source, destination)
        told = explained([*ahead, *back])
        return _not_found(told or [{"ExplanationCode": "NO_PATH"}]) | {
            "ForwardPathComponents": ahead,
            "ReturnPathComponents": back,
        }


def _part(one: Outcome, box: Box) -> Outcome:
    return Outcome(box, one.at, one.seen, one.answered, one.reason, one.via, one.back, one.picks)


def _seen(box: Box, view: View, name: str, want: Span) -> list[Box]:
    """The flows that look like that at the destination."""
    match name:
        case "SOURCE_ADDRESS":
            kept = where(box, view.source, want)
        case "DESTINATION_ADDRESS":
            kept = where(box, view.destination, want)
        case "SOURCE_PORT_RANGE":
            return leaving(box, view.sport, want)
        case _:
            return asking(box, view, want)
    return [kept] if kept is not None else []


def _not_found(told: list[Said]) -> Said:
    return {
        "NetworkPathFound": False,
        "ForwardPathComponents": [],
        "ReturnPathComponents": [],
        "Explanations": told,
        "AlternatePathHints": [],
    }
