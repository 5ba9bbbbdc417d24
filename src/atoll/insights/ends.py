"""The two ends of a path: which ports send and from where, where an arrival counts, and at which addresses it is asked.

An internet gateway as an end stands for everything beyond it.
"""

from typing import NamedTuple

from atoll.analyze.between import Sender, balancers_before, counted_at, private
from atoll.analyze.internet import ANSWERING, ANYONE, addresses
from atoll.analyze.lookup import Plan, owner
from atoll.analyze.reach.flows import place
from atoll.analyze.reach.spans import Span, holds, joined, single
from atoll.insights.outside import Outside
from atoll.model.kinds import Instance, InternetGateway, NetworkInterface
from atoll.plan.rows import Address, Mapping
from atoll.records import Table


class End(NamedTuple):
    """What an id stands for. `vpc`: "" where it is in none. `gateway`: whether it is an internet gateway."""

    id: str
    vpc: str
    ports: tuple[str, ...] = ()
    gateway: bool = False


class Goal(NamedTuple):
    """Where an arrival counts: at one of `ports`, and, of what is sent by a gateway's side, through no other gateway.

    `addresses`: at which it is asked. `gateways`: the internet gateways that a way may pass, in its order; any one
    where `any_gateway` is set.
    """

    ports: frozenset[str]
    addresses: Span
    gateways: tuple[str, ...] = ()
    any_gateway: bool = False


def end(model: Table, id_: str) -> End | None:
    """The end of that id; None where there is none any more."""
    gateway = model.get(InternetGateway, id_)
    if gateway is not None:
        return End(id_, gateway.vpc or "", gateway=True)
    instance = model.get(Instance, id_)
    if instance is not None:
        held = model.by(NetworkInterface, "instance", id_) if instance.state != "terminated" else []
        return End(id_, instance.vpc if held else "", tuple(sorted(one.id for one in held)))
    interface = model.get(NetworkInterface, id_)
    return End(id_, interface.vpc, (id_,)) if interface is not None else None


def senders(plan: Plan, source: End, beyond: Outside) -> list[Sender]:
    """Who sends, from which addresses: its own, or those of the internet."""
    if source.gateway:
        return [Sender(ANYONE, beyond.asked)]
    return [Sender(port, private(plan, port)) for port in source.ports]


def goal(plan: Plan, source: End, destination: End) -> Goal:
    """A resource as the destination, asked at its own addresses and at those of the load balancers before it."""
    inward = (source.id,) if source.gateway else ()
    if destination.gateway:
        return Goal(ANSWERING, addresses(plan), (*inward, destination.id))
    counted = [counted_at(plan, port) for port in destination.ports]
    ports: frozenset[str] = frozenset()
    if all(counted):  # what a load balancer's node gets arrives at its targets
        ports = ports.union(*counted)
    asked = [one for port in destination.ports for one in (port, *balancers_before(plan, port))]
    spans = [mapped(plan, source.id, port) if source.gateway else private(plan, port) for port in asked]
    return Goal(ports, joined(tuple(part for span in spans for part in span)), inward)


def address_goal(plan: Plan, source: End, ip: str) -> Goal:
    """An address as the destination: whoever has it in the source's VPC, or beyond an internet gateway."""
    wanted = single(place(ip))
    if source.gateway:
        mapping = next((one for one in plan.by(Mapping, "outside", ip) if one.link == source.id), None)
        held = owner(plan, source.vpc, mapping.inside) if mapping is not None else None
        return Goal(counted_at(plan, held[1].id) if held else frozenset({""}), wanted, (source.id,))
    held = owner(plan, source.vpc, ip)
    if held is not None:
        return Goal(counted_at(plan, held[1].id), wanted)
    outside = holds(addresses(plan), place(ip))
    return Goal(ANSWERING if outside else frozenset({""}), wanted, any_gateway=outside)


def mapped(plan: Plan, gateway: str, port: str) -> Span:
    """The public addresses by which a port is known at that gateway."""
    rows = (plan.get(Mapping, gateway, row.ip) for row in plan.by(Address, "port", port))
    return joined(tuple((place(row.outside), place(row.outside)) for row in rows if row is not None))
