"""What a packet and its answer met on their way, in words of features, so that pairs of them can be counted."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations

from atoll.analyze.history import Verdict
from atoll.analyze.walk import Hop, Walk
from atoll.packet import Reason
from atoll.plan.rows import INTERNET, In, InSet, Node, NodeKind, Port, Route, Rule, SentBy, ToPort
from atoll.records import Table
from tests.witness.snapshot import Answers

FEATURES = (
    "rule for a block",
    "rule for a group",
    "rule for a prefix list",
    "shared group",
    "untracked connection",
    "ACL allows",
    "ACL denies",
    "same subnet",
    "local route",
    "route to an interface",
    "route to a prefix list",
    "route of a gateway",
    "blackhole",
    "internet gateway",
    "NAT gateway",
    "load balancer",
    "check off",
    "secondary address",
    "prefix",
    "secondary block",
    "stopped",
)
"""In the order in which a packet's features are numbered."""

_REFUSED = {Reason.NO_POWER: "stopped", Reason.BLACKHOLE: "blackhole"}

Pair = tuple[str, str]
PAIRS: frozenset[Pair] = frozenset(combinations(FEATURES, 2))
REFUSALS = ("ACL denies", "blackhole", "stopped")
APART = frozenset({*combinations(REFUSALS, 2), ("route of a gateway", "stopped")})
"""Pairs that no packet can meet: each ends its way, and a gateway's route to what is stopped is a blackhole."""


class Met:
    """For one design as it is: `answers` tell whose address is of which kind."""

    def __init__(self, plan: Table, answers: Answers) -> None:
        self._plan = plan
        self._kinds: dict[str, str] = {}
        self._known: dict[str, list[str]] = {}
        for eni in answers["NetworkInterfaces"]:
            self._kinds |= {str(ip): "prefix" for one in eni.get("Ipv4Prefixes", ()) for ip in _all(one["Ipv4Prefix"])}
            others = (one["PrivateIpAddress"] for one in eni["PrivateIpAddresses"] if not one["Primary"])
            self._kinds |= dict.fromkeys(others, "secondary address")
        sets = (one.get("CidrBlockAssociationSet", ())[1:] for one in answers["Vpcs"])
        self._blocks = [IPv4Network(one["CidrBlock"]) for blocks in sets for one in blocks]

    def features(self, verdict: Verdict) -> frozenset[str]:
        """What stands on the way of the packet, and of its answer, as far as they came."""
        walks = [verdict.forward, verdict.back] if verdict.back else [verdict.forward]
        return frozenset(one for walk in walks for one in self._of(walk))

    def _of(self, walk: Walk) -> Iterator[str]:
        for hop in walk.hops:
            yield from self._at(hop)
            if hop.refusal:
                break
        for ip in {walk.sent.source, walk.sent.destination, walk.flow.source, walk.flow.destination}:
            yield from self._kinds_of(ip)

    def _kinds_of(self, ip: str) -> list[str]:
        if ip not in self._known:
            kinds = [self._kinds[ip]] if ip in self._kinds else []
            inside = any(IPv4Address(ip) in block for block in self._blocks)
            self._known[ip] = [*kinds, "secondary block"] if inside else kinds
        return self._known[ip]

    def _at(self, hop: Hop) -> Iterator[str]:
        if hop.refusal in _REFUSED:
            yield _REFUSED[hop.refusal]
        if hop.what == "port":
            port = self._plan.get(Port, hop.id)
            yield from ("check off",) if port and not port.guard else ()
        match hop.what:
            case "fence":
                yield "ACL denies" if hop.refusal else "ACL allows"
            case "filter" if not hop.refusal:
                yield from self._by_rules(hop)
            case "segment":
                yield "same subnet"
            case "link":
                yield "internet gateway"
            case "table":
                yield from self._by_route(hop)
            case "node" if not hop.refusal:
                node = self._plan.get(Node, hop.id)
                yield "NAT gateway" if node and node.kind is NodeKind.TRANSLATOR else "load balancer"

    def _by_rules(self, hop: Hop) -> Iterator[str]:
        if "untracked" in hop.detail:
            yield "untracked connection"
        for key in hop.rows:
            rule = self._plan.get(Rule, *key[1:])
            if rule is None:
                continue
            if "@" in rule.id:
                yield "shared group"
            match rule.match.peer:
                case In():
                    yield "rule for a block"
                case InSet():
                    yield "rule for a prefix list"
                case SentBy():
                    yield "rule for a group"

    def _by_route(self, hop: Hop) -> Iterator[str]:
        for key in hop.rows[:1]:
            route = self._plan.get(Route, *key[1:])
            if route is None or route.domain == INTERNET:
                continue
            if "is local" in hop.detail:
                yield "local route"
            if any(one.startswith("pl-") for one in route.origin):
                yield "route to a prefix list"
            if isinstance(route.via, ToPort):
                yield "route of a gateway" if hop.id.endswith("/in") else "route to an interface"


def pairs(features: frozenset[str]) -> Iterator[Pair]:
    """Each pair of them, in the order of FEATURES."""
    yield from combinations([one for one in FEATURES if one in features], 2)


def _all(block: str) -> Iterator[IPv4Address]:
    yield from IPv4Network(block)
