"""A fifth witness, for filters alone: what lets packets pass between two interfaces, as a formula for an SMT solver.

Written from the answers of Describe calls, apart from the spec and from Atoll. The packet is unknown but for its
addresses: protocol, ports, and ICMP's type and code are free. Whether `analyze/reach/` has the same set is then one
question to the solver, about every such packet at once: is there one on which the two differ?
"""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import z3

from atoll.analyze.reach import Box, Outcome
from atoll.analyze.reach.flows import BLOCK
from atoll.analyze.reach.spans import Span
from tests.witness.snapshot import Answers

Formula = Any
"""z3's expressions have no types."""

NAMES = {"tcp": 6, "udp": 17, "icmp": 1}
PROTOCOL, SPORT = z3.BitVec("protocol", 8), z3.BitVec("sport", 16)
DETAIL = z3.BitVec("detail", 16)
"""The destination port, or ICMP's type and code."""

TYPE, CODE = z3.Extract(15, 8, DETAIL), z3.Extract(7, 0, DETAIL)
PORTED = z3.Or(PROTOCOL == 6, PROTOCOL == 17)
MEANT = z3.And(z3.Or(PORTED, PROTOCOL == 1, DETAIL == 0), z3.Or(PORTED, SPORT == 0), PROTOCOL != 58)
"""Packets whose free fields all mean something; ICMPv6 is none of IPv4's."""


def passes(answers: Answers, sender: Mapping[str, Any], receiver: Mapping[str, Any]) -> Formula:
    """Whether a first packet between the primary addresses of two interfaces of one VPC passes all filters."""
    source, destination = sender["PrivateIpAddress"], receiver["PrivateIpAddress"]
    conditions = [
        _groups(answers, sender, "IpPermissionsEgress", destination, receiver),
        _groups(answers, receiver, "IpPermissions", source, sender),
    ]
    if sender["SubnetId"] != receiver["SubnetId"]:
        conditions.append(_acl(answers, sender["SubnetId"], True, destination))
        conditions.append(_acl(answers, receiver["SubnetId"], False, source))
    return z3.And(*conditions)


def arrives(outcomes: Iterable[Outcome], at: str) -> Formula:
    """Whether the packet is in one of the sets that arrive there."""
    return z3.Or(*(_box(one.flows) for one in outcomes if one.at == at))


def differing(one: Formula, other: Formula) -> str | None:
    """A packet on which the two differ, if there is one."""
    solver = z3.Solver()
    solver.add(MEANT, one != other)
    return None if solver.check() == z3.unsat else str(solver.model())


def is_delivered(answers: Answers, sender: Mapping[str, Any], receiver: Mapping[str, Any]) -> bool:
    """Whether the sender's table delivers what is for the receiver itself, by the longest prefix or in the subnet."""
    if sender["SubnetId"] == receiver["SubnetId"]:
        return True
    there = IPv4Address(receiver["PrivateIpAddress"])
    of_vpc = [one for one in answers["RouteTables"] if one["VpcId"] == sender["VpcId"]]
    named = [one for one in of_vpc if any(way.get("SubnetId") == sender["SubnetId"] for way in one["Associations"])]
    main = [one for one in of_vpc if any(way.get("Main") for way in one["Associations"])]
    routes = [way for way in (named or main)[0]["Routes"] if way.get("DestinationCidrBlock")]
    blocks = [(IPv4Network(way["DestinationCidrBlock"]), way.get("GatewayId")) for way in routes]
    _, to = max((block.prefixlen, to) for block, to in blocks if there in block)
    return bool(to == "local")


def _groups(answers: Answers, eni: Mapping[str, Any], side: str, peer: str, other: Mapping[str, Any]) -> Formula:
    worn, there = ({one["GroupId"] for one in of["Groups"]} for of in (eni, other))
    rules = [rule for group in answers["SecurityGroups"] if group["GroupId"] in worn for rule in group[side]]
    return z3.Or(*(_traffic_of(rule) for rule in rules if _is_peer(answers, rule, peer, there)))


def _is_peer(answers: Answers, rule: Mapping[str, Any], peer: str, worn: set[str]) -> bool:
    listed = {one["PrefixListId"] for one in rule.get("PrefixListIds", ())}
    blocks = [one["CidrIp"] for one in rule.get("IpRanges", ())]
    blocks += [
        entry["Cidr"] for one in answers["PrefixLists"] if one["PrefixListId"] in listed for entry in one["Entries"]
    ]
    near = any(IPv4Address(peer) in IPv4Network(block) for block in blocks if ":" not in block)
    return near or any(one["GroupId"] in worn for one in rule.get("UserIdGroupPairs", ()))


def _traffic_of(rule: Mapping[str, Any]) -> Formula:
    return _traffic(rule["IpProtocol"], rule.get("FromPort", -1), rule.get("ToPort", -1))


def _traffic(protocol: str, low: int, high: int) -> Formula:
    """For ICMP `low` and `high` are type and code, -1 for any."""
    if protocol == "-1":
        return z3.BoolVal(True)
    number = NAMES.get(protocol) or int(protocol)
    mine = number == PROTOCOL
    if number in (6, 17):
        return z3.And(mine, z3.UGE(DETAIL, low), z3.ULE(DETAIL, high))
    if number == 1:
        kind = z3.BoolVal(True) if low == -1 else low == TYPE
        code = z3.BoolVal(True) if high == -1 else high == CODE
        return z3.And(mine, kind, code)
    return mine


def _acl(answers: Answers, subnet: str, egress: bool, peer: str) -> Formula:
    """The entry with the lowest number that matches decides; where none does nothing passes."""
    found = [one for one in answers["NetworkAcls"] if any(way["SubnetId"] == subnet for way in one["Associations"])]
    entries = [one for one in found[0]["Entries"] if one["Egress"] == egress and one.get("CidrBlock")]
    verdict: Formula = z3.BoolVal(False)
    for entry in sorted(entries, key=lambda one: -int(one["RuleNumber"])):
        if IPv4Address(peer) not in IPv4Network(entry["CidrBlock"]):
            continue
        ports, icmp = entry.get("PortRange") or {}, entry.get("IcmpTypeCode") or {}
        low, high = icmp.get("Type", ports.get("From", -1)), icmp.get("Code", ports.get("To", -1))
        matches = _traffic(entry["Protocol"], low, high)
        verdict = z3.If(matches, z3.BoolVal(entry["RuleAction"] == "allow"), verdict)
    return verdict


def _box(box: Box) -> Formula:
    service = z3.Concat(PROTOCOL, DETAIL)
    return z3.And(_within(service, box.service), z3.Or(z3.Not(PORTED), _within(SPORT, box.sport)))


def _within(field: Formula, span: Span) -> Formula:
    ranges: Sequence[Formula] = [z3.And(z3.UGE(field, low), z3.ULE(field, high)) for low, high in span]
    return z3.Or(*ranges)


assert DETAIL.size() == BLOCK
