"""Positive controls: a packet that was lost gets through once the one thing that stopped it is lifted, and not after.

So the loss was that thing's, and neither a packet that was never sent nor a network that lets nothing pass. Only
packets are taken that one thing alone stops, by the walk's list of every reason why not. Of some the kernel is asked
where it drops them (packets/verdicts.py): in the chain that stands for what is blamed.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from atoll.analyze.history import Verdict
from atoll.analyze.walk import Hop
from atoll.packet import ICMP, TCP, UDP, Flow, Reason
from atoll.plan.rows import Filter, Port, Segment
from tests.spec import Probe
from tests.witness.design import Design
from tests.witness.judges import NUMBERED
from tests.witness.packets.verdicts import Verdicts
from tests.witness.probes import Map
from tests.witness.run import Laboratory

AGAIN = 60_000
"""Source ports of packets that are tried again count from here."""

Undo = Callable[[], object]
Lift = Callable[[Design, Hop], Undo | None]


class Controls:
    """For one design after its packets were tried. `lifted`: how often each reason was, in all designs."""

    def __init__(self, lab: Laboratory, walks: Mapping[Probe, Verdict], lifted: Counter[str], *, told: bool) -> None:
        """`told`: ask the kernel where it drops what is tried, if there is one."""
        self._lab = lab
        self._design = lab.examiner.result.design
        self._walks = walks
        self._lifted = lifted
        self._told = told and lab.fabric is not None
        self._ports = AGAIN

    def try_some(self) -> list[dict[str, Any]]:
        """One of those whose reason was lifted least often; what came of it."""
        able = {probe: hop for probe, hop in self._stopped().items() if hop.refusal in LIFTS}
        if not able:
            return []
        probe = min(able, key=lambda one: self._lifted[str(able[one].refusal)])
        one = self._try(probe, able[probe])
        return [one] if one else []

    def _stopped(self) -> dict[Probe, Hop]:
        """What one thing alone stops, and no load balancer can choose, and really was sent and lost."""
        tried = (one for one in self._lab.examiner.result.trials if one.verb == "try")
        lost = {one.probe for one in tried if (seen := one.others.get("packets", one.spec)) and not seen.arrives}
        alone = {probe: walk.forward.refusals for probe, walk in self._walks.items() if probe in lost}
        found = Map(self._lab.examiner.answers)
        balanced = {ip for node in found.nodes for ip in (*found.private(node), *found.public(node))}
        return {
            probe: hops[0]
            for probe, hops in alone.items()
            if len(hops) == 1 and probe.protocol not in NUMBERED and probe.destination not in balanced
        }

    def _try(self, probe: Probe, hop: Hop) -> dict[str, Any] | None:
        reason = hop.refusal
        assert reason is not None
        undo = LIFTS[reason](self._design, hop)
        if undo is None:
            return None
        self._lifted[str(reason)] += 1
        passes = self._arrives(probe, f"{reason} lifted")
        undo()
        with ExitStack() as held:
            verdicts = held.enter_context(self._verdicts(probe, hop)) if self._told else None
            lost = not self._arrives(probe, f"{reason} back")
            dropped = [one.chain for one in verdicts.met() if one.dropped] if verdicts else None
        if dropped is not None and dropped != [_chain(hop)]:
            line = f"control: {probe}: {reason} at {hop.what} {hop.id}: the kernel dropped it in {dropped}"
            self._lab.examiner.result.violations.append(line)
        if not (passes and lost):
            self._lab.examiner.result.violations.append(
                f"control: {probe}: {reason} at {hop.what} {hop.id}: lifted it {'passes' if passes else 'is lost'}, "
                f"put back it {'is lost' if lost else 'passes'}"
            )
        return {
            "reason": str(reason),
            "at": f"{hop.what} {hop.id}",
            "passes": passes,
            "lost again": lost,
            "dropped in": dropped,
        }

    def _verdicts(self, probe: Probe, hop: Hop) -> Verdicts:
        """Of the packet that is sent next, in the router where it is stopped."""
        plan, fabric = self._lab.cloud.plan, self._lab.fabric
        fence, port = plan.get(Filter, hop.id), plan.get(Port, hop.id)
        segment = plan.get(Segment, port.segment) if port else None
        where = fence or segment
        assert where is not None
        router = fabric.router(where.domain) if fabric else None
        assert router is not None
        return Verdicts(router, probe.protocol, self._ports + 1)

    def _arrives(self, probe: Probe, moment: str) -> bool:
        """The same packet as a connection of its own, by all judges; whether the real one arrives."""
        examiner = self._lab.examiner
        examiner.changed("add_rule")
        self._ports += 1
        other = self._ports if probe.protocol == "icmp" else probe.destination_port
        examiner.round(moment, [("try", replace(probe, source_port=self._ports, destination_port=other))])
        trial = examiner.result.trials[-1]
        seen = trial.others.get("packets", trial.spec)
        return seen is not None and seen.arrives


def _chain(hop: Hop) -> str:
    """The chain of Atoll's in which the kernel drops what that stops (docs/kernel.md)."""
    direction = hop.detail.partition(":")[0]
    if hop.what == "fence":
        return f"{hop.id}/{direction}"
    if hop.what == "filter":
        return {"in": "received", "out": "sent"}[direction]
    return {Reason.SPOOFED: "enter", Reason.NOT_MINE: "forward"}[Reason(str(hop.refusal))]


def _group_rule(design: Design, hop: Hop) -> Undo | None:
    """One rule of one of the interface's groups, for that packet alone."""
    flow = _flow(hop)
    shown = design.client.call("DescribeNetworkInterfaces", NetworkInterfaceIds=[hop.id])["NetworkInterfaces"]
    inward = hop.detail.startswith("in")
    way, peer = ("Ingress", flow.source) if inward else ("Egress", flow.destination)
    rule = {**_permission(flow), "IpRanges": [{"CidrIp": f"{peer}/32"}]}
    group = shown[0]["Groups"][0]["GroupId"]
    if design.attempt(f"AuthorizeSecurityGroup{way}", GroupId=group, IpPermissions=[rule]) is None:
        return None
    return lambda: design.call(f"RevokeSecurityGroup{way}", GroupId=group, IpPermissions=[rule])


def _permission(flow: Flow) -> dict[str, Any]:
    if flow.protocol in (TCP, UDP):
        return {"IpProtocol": str(flow.protocol), "FromPort": flow.destination_port, "ToPort": flow.destination_port}
    if flow.protocol == ICMP:
        return {"IpProtocol": "icmp", "FromPort": flow.icmp_type, "ToPort": -1}
    return {"IpProtocol": str(flow.protocol)}


def _acl_entry(design: Design, hop: Hop) -> Undo | None:
    """One entry before all others, for that packet alone."""
    flow, acl = _flow(hop), hop.id
    entries = design.client.call("DescribeNetworkAcls", NetworkAclIds=[acl])["NetworkAcls"][0]["Entries"]
    egress = hop.detail.startswith("out")
    number = min(one["RuleNumber"] for one in entries if one["Egress"] == egress) - 1
    if number < 1:
        return None
    place = {"NetworkAclId": acl, "RuleNumber": number, "Egress": egress}
    peer = flow.destination if egress else flow.source
    made: dict[str, Any] = {"RuleAction": "allow", "Protocol": str(flow.protocol), "CidrBlock": f"{peer}/32"}
    if flow.protocol in (TCP, UDP):
        made["PortRange"] = {"From": flow.destination_port, "To": flow.destination_port}
    elif flow.protocol == ICMP:
        made["IcmpTypeCode"] = {"Type": flow.icmp_type, "Code": -1}
    if design.attempt("CreateNetworkAclEntry", **place, **made) is None:
        return None
    return lambda: design.call("DeleteNetworkAclEntry", **place)


def _check(design: Design, hop: Hop) -> Undo | None:
    """The source/destination check of the interface."""

    def switch(value: bool) -> None:
        named = {"NetworkInterfaceId": hop.id, "SourceDestCheck": {"Value": value}}
        design.call("ModifyNetworkInterfaceAttribute", **named)

    switch(False)
    return lambda: switch(True)


def _flow(hop: Hop) -> Flow:
    assert hop.flow is not None
    return hop.flow


LIFTS: dict[Reason, Lift] = {
    Reason.SENDER_RULES: _group_rule,
    Reason.RECEIVER_RULES: _group_rule,
    Reason.FENCE_OUT: _acl_entry,
    Reason.FENCE_IN: _acl_entry,
    Reason.SPOOFED: _check,
    Reason.NOT_MINE: _check,
}
"""How to lift what stops a packet; what is not here has no one rule that does (nobody has the address, no route)."""
