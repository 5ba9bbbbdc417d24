"""One moment of all VPCs and of the one internet between them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Self

from tests.spec import balancers, describe
from tests.spec.consistency import refuse_contradictions
from tests.spec.flow import INTERNET
from tests.spec.things import Direction, Eni, Group, GroupRule, Route, Subnet


@dataclass(frozen=True)
class World:
    cidrs: Mapping[str, tuple[IPv4Network, ...]]
    gateways: Mapping[str, str]
    subnets: Mapping[str, Subnet]
    edges: Mapping[str, tuple[Route, ...]]
    groups: Mapping[str, Group]
    enis: Mapping[str, Eni]
    internet_hosts: frozenset[IPv4Address]
    nodes: Mapping[str, balancers.Node]  # of load balancers, by interface

    @classmethod
    def of(cls, answers: describe.Answers, internet_hosts: Iterable[str]) -> Self:
        """Build from boto3's answers; raises UnsupportedError and ContradictionError."""
        if unknown := [kind for kind in answers if answers[kind] and kind not in describe.KINDS]:
            raise describe.UnsupportedError(f"answers of the kinds {unknown}")
        cidrs = {vpc["VpcId"]: describe.cidrs(vpc) for vpc in answers["Vpcs"]}
        gateways, subnets, edges = describe.gateways(answers), describe.subnets(answers), describe.edges(answers)
        groups, enis, hosts = describe.groups(answers), describe.enis(answers), map(IPv4Address, internet_hosts)
        nodes = balancers.nodes(answers, (enis, subnets))
        world = cls(cidrs, gateways, subnets, edges, groups, enis, frozenset(hosts), nodes)
        refuse_contradictions(answers, world)
        return world

    def owner(self, vpc: str, address: IPv4Address) -> Eni | None:
        """Who has this private address. VPCs may use the same CIDR: an address means nothing without one."""
        return next((eni for eni in self.enis.values() if eni.vpc == vpc and address in eni.addresses), None)

    def holder(self, public: IPv4Address) -> tuple[Eni, IPv4Address] | None:
        """The interface and the private address that a public address stands for."""  # fact 79
        pairs = ((eni, own) for eni in self.enis.values() for own in eni.public if eni.public[own] == public)
        return next((pair for pair in pairs if pair[0].vpc in self.gateways), None)

    def route(self, routes: Iterable[Route], destination: IPv4Address) -> Route | None:
        """The one with the longest prefix."""  # fact 104
        matching = [route for route in routes if destination in route.destination]
        return max(matching, key=lambda route: route.destination.prefixlen, default=None)

    def rules(self, eni: Eni, direction: Direction) -> list[GroupRule]:
        """The union of the rules of all its groups, without order."""  # fact 119
        return [rule for group in eni.groups for rule in self.groups[group][direction]]

    def host(self, place: str) -> str | None:
        """The system that sends and receives there; None if the place has none, or is gone."""
        if place.startswith(INTERNET):
            return place
        return self.enis[place].host if place in self.enis else None

    def places(self, host: str, address: IPv4Address) -> list[str]:
        """Where this host has this address: it answers from there, whatever way it was asked."""
        if host == f"{INTERNET}{address}":
            return [host]
        return [eni.id for eni in self.enis.values() if eni.host == host and address in eni.addresses]
