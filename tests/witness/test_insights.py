"""What the network analyzers answer about random designs, judged by the spec, which shares no code with them.

Where a path is found, packets out of the set that is shown arrive and are answered; where none is, packets out of the
question do not, and the first thing that is blamed is what stops those that are shown.
"""

import random
from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Any

import pytest

from atoll.insights import paths, scopes
from tests.spec import Probe, Verdict, World, fates
from tests.witness.cloud import HOSTS, Cloud
from tests.witness.design import Design, Eni
from tests.witness.judges import INTERNET_PLACE
from tests.witness.run import laboratory
from tests.witness.spec_judge import SpecJudge

DESIGNS, FIRST_SEED = 30, 40_000
PAIRS, PACKETS = 10, 6

LINK_LOCAL = IPv4Network("169.254.0.0/16")
"""Services of AWS's own are there, of which the spec says nothing."""

BLAMED = {
    "SG_EGRESS": frozenset({"ENI_SG_RULES_MISMATCH egress"}),
    "SG_INGRESS": frozenset({"ENI_SG_RULES_MISMATCH ingress"}),
    "NACL_OUT": frozenset({"SUBNET_ACL_RESTRICTION egress"}),
    "NACL_IN": frozenset({"SUBNET_ACL_RESTRICTION ingress"}),
    "NO_ROUTE": frozenset({"NO_ROUTE_TO_DESTINATION "}),
    "BLACKHOLE": frozenset({"BAD_STATE_ROUTE ", "INGRESS_RTB_NO_PUBLIC_IP "}),
    "NO_SUCH_ADDRESS": frozenset({"NO_POSSIBLE_DESTINATION "}),
    "NO_PUBLIC_ADDRESS": frozenset({"IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS "}),
    "SOURCE_CHECK": frozenset({"ENI_SOURCE_DEST_CHECK_RESTRICTION egress"}),
    "DESTINATION_CHECK": frozenset({"ENI_SOURCE_DEST_CHECK_RESTRICTION ingress"}),
    "NOT_RUNNING": frozenset({"BAD_STATE "}),
}
"""The spec's reasons in AWS's codes, with the direction: any of them."""

ANYTHING = frozenset({"of which AWS has several codes"})


class Case:
    """One question about a design, and its answer."""

    def __init__(self, design: Design, cloud: Cloud, rng: random.Random) -> None:
        self.rng = rng
        self.protocol = rng.choice(("tcp", "tcp", "udp"))
        self.source, self.destination = self._ends(design)
        self.port = rng.choice((None, 22, 80, 443, 1007, 33000))
        asked: dict[str, Any] = {"Source": self.source, "Destination": self.destination, "Protocol": self.protocol}
        if self.port is not None:
            asked["DestinationPort"] = self.port
        made = design.client.call("CreateNetworkInsightsPath", **asked)["NetworkInsightsPath"]
        named = {"NetworkInsightsPathId": made["NetworkInsightsPathId"]}
        started = design.client.call("StartNetworkInsightsAnalysis", **named)["NetworkInsightsAnalysis"]
        self.said = paths.answer(cloud.writer.model, cloud.plan, started["NetworkInsightsAnalysisId"])

    def _ends(self, design: Design) -> tuple[str, str]:
        """Attached ones: AWS judges the rules alone of others, whose packets go nowhere (docs/modelling.md)."""
        attached = [one for one in design.enis if one.instance is not None]
        sender = self.rng.choice(attached)
        gateway = sender.subnet.vpc.gateway
        kind = self.rng.choice(("out", "in", "inside", "inside")) if gateway else "inside"
        if kind == "inside":
            others = [one for one in attached if not _together(one, sender)]
            near = [one.id for one in others if one.subnet.vpc is sender.subnet.vpc]
            return sender.id, self.rng.choice(near or [one.id for one in others] or [str(gateway)])
        return (sender.id, str(gateway)) if kind == "out" else (str(gateway), sender.id)

    @property
    def codes(self) -> list[str]:
        return [f"{one['ExplanationCode']} {one.get('Direction', '')}" for one in self.said["Explanations"]]

    def packets(self) -> Iterator[Probe]:
        """Out of the set that the first component shows."""
        if not self.said["ForwardPathComponents"]:
            return
        first = self.said["ForwardPathComponents"][0]
        header = first.get("InboundHeader") or first.get("OutboundHeader")
        if header is None:
            return
        inward = self.source.startswith("igw-")
        for _ in range(PACKETS):
            source = self._address(header["SourceAddresses"], HOSTS if inward else ())
            destination = self._address(header["DestinationAddresses"], () if inward else HOSTS)
            if source is None or destination is None:
                continue
            place = INTERNET_PLACE + source if inward else self.source
            ports = [self._port(header[f"{end}PortRanges"]) for end in ("Source", "Destination")]
            yield Probe(place, source, destination, self.protocol, *ports)

    def _address(self, blocks: list[str], known: tuple[str, ...]) -> str | None:
        """One of the blocks' addresses; where the internet is meant, one of its hosts, if one is among them."""
        networks = [IPv4Network(one) for one in blocks]
        if sum(one.num_addresses for one in networks) > 1 << 16 or known:
            inside = [ip for ip in known if any(IPv4Network(ip).subnet_of(one) for one in networks)]
            return self.rng.choice(inside) if inside else None
        network = self.rng.choice(networks)
        return str(network[self.rng.randrange(network.num_addresses)])

    def _port(self, ranges: list[dict[str, int]]) -> int:
        chosen = self.rng.choice(ranges)
        return self.rng.choice((chosen["From"], chosen["To"], self.rng.randint(chosen["From"], chosen["To"])))

    def others(self, design: Design) -> Iterator[Probe]:
        """Out of the question: any of its packets."""
        enis = {one.id: one for one in design.enis}
        for _ in range(PACKETS * 3):
            port = self.port or self.rng.choice((22, 80, 443, 1007, 5432, 33000, self.rng.randrange(65536)))
            sport = self.rng.choice((0, 1023, 1024, 65535, self.rng.randrange(65536)))
            if self.source.startswith("igw-"):
                host = self.rng.choice(HOSTS)
                place, source = INTERNET_PLACE + host, host
            else:
                place, source = self.source, self.rng.choice(sorted(enis[self.source].holds()))
            for destination in self._asked(design, enis):
                yield Probe(place, source, destination, self.protocol, sport, port)

    def _asked(self, design: Design, enis: dict[str, Eni]) -> list[str]:
        if self.destination.startswith("igw-"):
            return list(HOSTS)
        if not self.source.startswith("igw-"):
            return sorted(enis[self.destination].holds())[:2]
        told = design.client.call("DescribeNetworkInterfaces", NetworkInterfaceIds=[self.destination])
        (shown,) = told["NetworkInterfaces"]
        found = [one["Association"]["PublicIp"] for one in shown["PrivateIpAddresses"] if one.get("Association")]
        return [str(ip) for ip in found]

    def any_gets_there(self, world: World, probe: Probe) -> bool:
        """Whether one of the fates that it may have (a load balancer chooses) is to get there."""
        return any(self.gets_there(verdict, probe) for verdict in fates(world, probe))

    def gets_there(self, verdict: Verdict, probe: Probe) -> bool:
        """Whether the spec lets it through, to the end that was asked about, and its answer back."""
        beyond = self.destination.startswith("igw-")
        there = verdict.at == (INTERNET_PLACE + probe.destination if beyond else self.destination)
        return verdict.arrives and there and (self.protocol == "udp" or verdict.answered)


def _together(one: Eni, other: Eni) -> bool:
    """Whether both are of one instance: what it sends to itself meets no network."""
    return one.instance is not None and one.instance == other.instance


def world(design: Design) -> World:
    return SpecJudge(design.client).world


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + DESIGNS))
def test_paths_are_what_the_spec_says(seed: int) -> None:
    with laboratory(seed, None) as lab:
        design, rng = lab.examiner.result.design, random.Random(f"insights {seed}")
        if len({one.instance for one in design.enis}) < 2 or not all(one.gateway for one in design.vpcs):
            return
        truth = world(design)
        for _ in range(PAIRS):
            case = Case(design, lab.cloud, rng)
            told = (case.source, case.destination, case.protocol, case.port, case.codes)
            if case.said["NetworkPathFound"]:
                for probe in case.packets():
                    assert case.any_gets_there(truth, probe), (told, probe)
                continue
            assert case.codes, told
            for probe in case.packets():
                assert not case.any_gets_there(truth, probe), (told, probe)
                blamed = [BLAMED.get(str(verdict.reason), ANYTHING) for verdict in fates(truth, probe)]
                assert any(one & {*case.codes, *ANYTHING} for one in blamed), (told, probe, blamed)
            for probe in case.others(design):
                assert not case.any_gets_there(truth, probe), (told, probe)


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + DESIGNS, 3))
def test_findings_are_what_the_spec_says(seed: int) -> None:
    """Packets of each finding arrive; and of those that arrive at all, each is in a finding."""
    with laboratory(seed, None) as lab:
        design, rng = lab.examiner.result.design, random.Random(f"findings {seed}")
        truth = world(design)
        found = _findings(design, lab.cloud)
        for components in rng.sample(found, min(len(found), 40)):
            probe = _of(components, rng)
            if probe is not None:
                end = components[-1]["Component"]["Id"]
                there = [verdict.at for verdict in fates(truth, probe) if verdict.arrives]
                assert end in there or (there and end.startswith("igw-")), (components, probe, there)
        wanted = [probe for probe in _any(design, rng) if _counts(truth, probe, design)]
        for probe in wanted:
            assert any(_holds(one, probe) for one in found), probe


def _findings(design: Design, cloud: Cloud) -> list[list[dict[str, Any]]]:
    every = {"ResourceStatement": {"ResourceTypes": ["AWS::EC2::NetworkInterface", "AWS::EC2::InternetGateway"]}}
    made = design.client.call("CreateNetworkInsightsAccessScope", MatchPaths=[{"Source": every}])
    named = {"NetworkInsightsAccessScopeId": made["NetworkInsightsAccessScope"]["NetworkInsightsAccessScopeId"]}
    started = design.client.call("StartNetworkInsightsAccessScopeAnalysis", **named)
    id_ = started["NetworkInsightsAccessScopeAnalysis"]["NetworkInsightsAccessScopeAnalysisId"]
    found: list[list[dict[str, Any]]] = scopes.answer(cloud.writer.model, cloud.plan, id_)["Findings"]
    return found


def _header(components: list[dict[str, Any]]) -> dict[str, Any]:
    first = components[0]
    header: dict[str, Any] = first.get("InboundHeader") or first["OutboundHeader"]
    return header


def _holds(components: list[dict[str, Any]], probe: Probe) -> bool:
    header, first = _header(components), components[0]["Component"]["Id"]
    if first != probe.at and not (probe.at.startswith(INTERNET_PLACE) and first.startswith("igw-")):
        return False
    if header["Protocol"] != {"tcp": "6", "udp": "17"}[probe.protocol]:
        return False
    ends = ((probe.source, probe.source_port, "Source"), (probe.destination, probe.destination_port, "Destination"))
    return all(
        any(IPv4Network(ip).subnet_of(IPv4Network(one)) for one in header[f"{end}Addresses"])
        and any(one["From"] <= port <= one["To"] for one in header[f"{end}PortRanges"])
        for ip, port, end in ends
    )


def _of(components: list[dict[str, Any]], rng: random.Random) -> Probe | None:
    header, first = _header(components), components[0]["Component"]["Id"]
    inward, outward = first.startswith("igw-"), components[-1]["Component"]["Id"].startswith("igw-")
    ends = []
    for end, known in (("Source", HOSTS if inward else ()), ("Destination", HOSTS if outward else ())):
        blocks = [IPv4Network(one) for one in header[f"{end}Addresses"]]
        usable = [ip for ip in known if any(IPv4Network(ip).subnet_of(one) for one in blocks)]
        usable = usable if known else [str(one[0]) for one in blocks if not one.overlaps(LINK_LOCAL)]
        if not usable:
            return None
        ports = rng.choice(header[f"{end}PortRanges"])
        ends.append((rng.choice(usable), rng.choice((ports["From"], ports["To"]))))
    (source, sport), (destination, dport) = ends
    place = INTERNET_PLACE + source if inward else first
    return Probe(place, source, destination, {"6": "tcp", "17": "udp"}[header["Protocol"]], sport, dport)


def _any(design: Design, rng: random.Random) -> Iterator[Probe]:
    """Packets between interfaces, and with the internet."""
    addresses = {one.id: sorted(one.holds()) for one in design.enis}
    every = [ip for one in addresses.values() for ip in one]
    for _ in range(60):
        sender = rng.choice(design.enis)
        destination = rng.choice([*every, *HOSTS])
        protocol, port = rng.choice(("tcp", "udp")), rng.choice((22, 80, 443, 1007, 33000))
        yield Probe(sender.id, rng.choice(addresses[sender.id]), destination, protocol, rng.randrange(65536), port)


def _counts(truth: World, probe: Probe, design: Design) -> bool:
    """Whether it is a path that scopes are about: from one instance to another, or to the internet."""
    places = [str(verdict.at) for verdict in fates(truth, probe) if verdict.arrives]
    enis = {one.id: one for one in design.enis}
    takers = [enis.get(place) for place in places]
    sender = enis[probe.at]
    near = [one for one in takers if one is not None and one.id != sender.id and not _together(one, sender)]
    return bool(near) or any(place.startswith(INTERNET_PLACE) for place in places)
