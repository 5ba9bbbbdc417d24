"""One packet of an answer through the walk, which names every hop: what a reader is shown, and every reason why not."""

from typing import NamedTuple

from atoll.analyze.explain import explain
from atoll.analyze.history import Verdict, probe
from atoll.analyze.internet import ANYONE, addresses
from atoll.analyze.reach.flows import place
from atoll.analyze.reach.spans import Span, holds
from atoll.analyze.walk import Hop
from atoll.compile.internet import host_id, host_rows
from atoll.packet import Flow, Prefix, Reason, has_ports, protocol_name
from atoll.plan.rows import INTERNET, Deliver, Port, Route
from atoll.records import Overlay, Table


class Change(NamedTuple):
    """Something that stops a packet, and what to change."""

    reason: Reason
    hop: str
    detail: str
    change: str


class Replay(NamedTuple):
    """What the walk says of the packet."""

    sender: str
    flow: Flow
    verdict: Verdict
    lines: list[str]
    changes: list[Change]


def replay(plan: Table, sender: str, flow: Flow) -> Replay:
    """Walk the packet. Where an end of it is on the internet there is a host there for it."""
    there, port = with_hosts(plan, sender, flow)
    verdict = probe(there, port, flow)
    changes = [_change(hop, verdict.forward.flow, service_text(flow)) for hop in verdict.forward.refusals]
    if verdict.back:
        answers = f"{protocol_name(flow.protocol)} 1024-65535" if has_ports(flow.protocol) else service_text(flow)
        changes += [_change(hop, verdict.back.flow, answers) for hop in verdict.back.refusals]
    if verdict.arrives and not verdict.answered and not changes:
        changes = [
            Change(verdict.reason, str(verdict.at), "takes it, and answers for another", CHANGES[verdict.reason])
        ]
    return Replay(port, flow, verdict, explain(there, verdict), changes)


def with_hosts(plan: Table, sender: str, flow: Flow, public: Span | None = None) -> tuple[Overlay, str]:
    """The plan with a host for each end of the packet that is on the internet, and the port that sends it.

    `public`: the internet's addresses, for who asks about many packets of one plan.
    """
    there = Overlay(plan)
    public = addresses(plan) if public is None else public
    ends = (
        flow.source if sender == ANYONE else None,
        flow.destination if holds(public, place(flow.destination)) else None,
    )
    for ip in filter(None, ends):
        _add_host(there, ip)
    return there, host_id(flow.source) if sender == ANYONE else sender


def _add_host(there: Overlay, ip: str) -> None:
    if there.get(Port, host_id(ip)) is None:
        for row in host_rows(ip):
            there.put(row)
    there.put(Route(table=INTERNET, domain=INTERNET, prefix=Prefix.parse(ip), via=Deliver()))


CHANGES = {
    Reason.NO_POWER: "start it, or attach the interface to a running instance",
    Reason.SPOOFED: "send from one of its own addresses, or turn its source/destination check off",
    Reason.NOT_MINE: "route it to who has the address, or turn the interface's source/destination check off",
    Reason.NO_ROUTE: "add a route to {destination} to {hop}",
    Reason.BLACKHOLE: "give the route a target that can forward",
    Reason.NO_SUCH_ADDRESS: "ask an address that an interface has",
    Reason.NO_PUBLIC_ADDRESS: "associate an Elastic IP with it, or route it through a NAT gateway",
    Reason.REFUSED_BY_LINK: "ask a public address: private and shared ones do not pass an internet gateway",
    Reason.REFUSED_BY_TRANSLATOR: "open the connection from inside: a NAT gateway lets nothing else in",
    Reason.REFUSED_BY_BALANCER: "give {hop} a listener for {service}, and a target in its zone that can take it",
    Reason.SENDER_RULES: "allow {service} outbound to {destination} in a security group of {hop}",
    Reason.RECEIVER_RULES: "allow {service} inbound from {source} in a security group of {hop}",
    Reason.FENCE_OUT: "allow {service} outbound to {destination} in network ACL {hop}, before what denies it",
    Reason.FENCE_IN: "allow {service} inbound from {source} in network ACL {hop}, before what denies it",
    Reason.LOOP: "take one of the routes out that lead it round in circles",
}
"""What to change, by what stopped the packet."""


def _change(hop: Hop, flow: Flow, service: str) -> Change:
    assert hop.refusal is not None
    ends = {"source": flow.source, "destination": flow.destination}
    text = CHANGES[hop.refusal].format(hop=hop.id, service=service, **ends)
    return Change(hop.refusal, f"{hop.what} {hop.id}", hop.detail, text)


def service_text(flow: Flow) -> str:
    """tcp 80"""
    name = protocol_name(flow.protocol)
    return f"{name} {flow.destination_port}" if has_ports(flow.protocol) else name
