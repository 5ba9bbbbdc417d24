"""The conditions of access scopes: resource statements and packet header statements (fact 224), read and shown."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from atoll.model.entity import Entity
from atoll.model.kinds import (
    Instance,
    InternetGateway,
    LoadBalancer,
    NatGateway,
    NetworkInterface,
    PacketHeaders,
    Resources,
    ScopePath,
    SecurityGroup,
    Statement,
    Subnet,
    Vpc,
)
from atoll.model.tx import Tx
from atoll.packet import Prefix
from atoll.protocol import AwsError
from atoll.services.ec2 import prefix_lists
from atoll.services.ec2.checks import invalid, missing, refuse_members, unbuilt, wire
from atoll.services.ec2.insights_ends import ARN, named
from atoll.services.ec2.lookup import ID, need

ENDS: dict[str, type[Entity]] = {
    kind.PREFIX: kind for kind in (Instance, InternetGateway, NetworkInterface, SecurityGroup, Subnet, Vpc)
}
"""What a source or a destination may name, by the prefix of the id."""

PASSED: dict[str, type[Entity]] = {NatGateway.PREFIX: NatGateway}
"""What paths pass through, beside load balancers, which are named by ARN."""

NOT_HERE = ("pcx", "tgw-attach", "vgw", "vpce", "vpce-svc")
"""Kinds that AWS's statements may name, and of which there is none here."""

TYPES_OF_ENDS = frozenset(
    {
        "AWS::EC2::InternetGateway",
        "AWS::EC2::NetworkInterface",
        "AWS::EC2::TransitGatewayAttachment",
        "AWS::EC2::VPCEndpoint",
        "AWS::EC2::VPCEndpointService",
        "AWS::EC2::VPCPeeringConnection",
        "AWS::EC2::VPNGateway",
    }
)
TYPES_PASSED = frozenset(
    {
        "AWS::EC2::NatGateway",
        "AWS::EC2::TransitGatewayAttachment",
        "AWS::EC2::VPCEndpoint",
        "AWS::EC2::VPCEndpointService",
        "AWS::EC2::VPCPeeringConnection",
        "AWS::ElasticLoadBalancing::LoadBalancer",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::NetworkFirewall::NetworkFirewall",
    }
)
PROTOCOLS = ("tcp", "udp")
MEMBERS = {
    "SourceAddresses": "source_addresses",
    "DestinationAddresses": "destination_addresses",
    "SourcePorts": "source_ports",
    "DestinationPorts": "destination_ports",
    "SourcePrefixLists": "source_lists",
    "DestinationPrefixLists": "destination_lists",
    "Protocols": "protocols",
}
EITHER = (("SourceAddresses", "SourcePrefixLists"), ("DestinationAddresses", "DestinationPrefixLists"))
PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")


def read(tx: Tx, given: Sequence[Mapping[str, Any]], where: str) -> tuple[ScopePath, ...]:
    """The conditions of one of a scope's lists."""
    return tuple(_path(tx, one, where) for one in given)


def _path(tx: Tx, given: Mapping[str, Any], where: str) -> ScopePath:
    refuse_members(given, ("Source", "Destination", "ThroughResources"), where)
    through = tuple(
        _resources(tx, one.get("ResourceStatement"), f"{where}.throughResources", PASSED, TYPES_PASSED)
        for one in given.get("ThroughResources") or ()
    )
    source, destination = (
        _statement(tx, given.get(name), f"{where}.{wire(name)}") for name in ("Source", "Destination")
    )
    if source is None and destination is None and not through:
        raise invalid("", where, "Name a source, a destination, or resources that are passed.")
    return ScopePath(source=source, destination=destination, through=through)


def _statement(tx: Tx, given: Mapping[str, Any] | None, where: str) -> Statement | None:
    if given is None:
        return None
    refuse_members(given, ("PacketHeaderStatement", "ResourceStatement"), where)
    headers, resources = given.get("PacketHeaderStatement"), given.get("ResourceStatement")
    if headers is None and resources is None:
        raise invalid("", where, "Expecting a resource statement, a packet header statement, or both.")
    return Statement(
        headers=_headers(tx, headers, f"{where}.packetHeaderStatement") if headers is not None else None,
        resources=_resources(tx, resources, f"{where}.resourceStatement", ENDS, TYPES_OF_ENDS)
        if resources is not None
        else None,
    )


def _resources(
    tx: Tx,
    given: Mapping[str, Any] | None,
    where: str,
    kinds: Mapping[str, type[Entity]],
    types: frozenset[str],
) -> Resources:
    if given is None:
        raise missing(f"{where}.resourceStatement")
    refuse_members(given, ("Resources", "ResourceTypes"), where)
    names, of_types = given.get("Resources") or (), given.get("ResourceTypes") or ()
    if bool(names) == bool(of_types):
        raise invalid("", where, "Expecting either resources or resource types.")
    for one in of_types:
        if one not in types:
            raise invalid(one, f"{where}.resourceTypes", f"Expecting one of {', '.join(sorted(types))}.")
    return Resources(named=tuple(_resource(tx, one, where, kinds) for one in names), types=tuple(of_types))


def _resource(tx: Tx, text: str, where: str, kinds: Mapping[str, type[Entity]]) -> str:
    """What is named is there."""
    id_ = named(tx, text)
    match, elsewhere = ID.match(id_), ARN.fullmatch(id_)
    if match is not None and match[1] in kinds:
        need(tx, kinds[match[1]], id_)
    elif elsewhere is not None and elsewhere["service"] == "resource-groups":
        raise unbuilt("A resource group in a resource statement")
    elif elsewhere is not None and elsewhere["service"] == "elasticloadbalancing" and kinds is PASSED:
        if not any(one.arn == text for one in tx.mine(LoadBalancer)):
            raise invalid(text, where, "The load balancer does not exist.")
    elif elsewhere is not None or (match is not None and match[1] in NOT_HERE):
        raise invalid(text, where, "The resource does not exist.")
    else:
        raise invalid(text, where, "Such a resource cannot be named here.")
    return text


def _headers(tx: Tx, given: Mapping[str, Any], where: str) -> PacketHeaders:
    refuse_members(given, MEMBERS, where)
    found = {name: tuple(given.get(name) or ()) for name in MEMBERS}
    if not any(found.values()):
        raise invalid("", where, "Name at least one of the fields of packets.")
    for one, other in EITHER:
        if found[one] and found[other]:
            raise AwsError(
                "InvalidParameterCombination",
                f"The parameter {wire(one)} cannot be used with the parameter {wire(other)}",
            )
    for name in ("SourceAddresses", "DestinationAddresses"):
        _check(found[name], _is_block, f"{where}.{wire(name)}", "Expecting IPv4 addresses or CIDR blocks.")
    for name in ("SourcePorts", "DestinationPorts"):
        _check(found[name], lambda text: span(text) is not None, f"{where}.{wire(name)}", "Expecting ports or ranges.")
    for name in ("SourcePrefixLists", "DestinationPrefixLists"):
        for one in found[name]:
            prefix_lists.find(tx, named(tx, one))
    _check(found["Protocols"], lambda text: text.lower() in PROTOCOLS, f"{where}.protocols", "Expecting tcp or udp.")
    return PacketHeaders(**{MEMBERS[name]: value for name, value in found.items()})


def _check(values: Iterable[str], good: Any, where: str, why: str) -> None:
    for one in values:
        if not good(one):
            raise invalid(one, where, why)


def _is_block(text: str) -> bool:
    try:
        return Prefix.parse(text).family == 4
    except ValueError:
        return False


def span(text: str) -> tuple[int, int] | None:
    """A port or a range of ports, as a statement writes it; None where it is none."""
    found = PORTS.fullmatch(text)
    if found is None:
        return None
    low, high = int(found[1]), int(found[2] or found[1])
    return (low, high) if low <= high <= 65535 else None


def shown(paths: Iterable[ScopePath]) -> list[dict[str, Any]]:
    """As a scope's content shows them."""
    return [
        {
            "Source": _shown_statement(one.source),
            "Destination": _shown_statement(one.destination),
            "ThroughResources": [{"ResourceStatement": _shown_resources(of)} for of in one.through] or None,
        }
        for one in paths
    ]


def _shown_statement(found: Statement | None) -> dict[str, Any] | None:
    if found is None:
        return None
    headers = found.headers
    return {
        "PacketHeaderStatement": {name: list(getattr(headers, of)) or None for name, of in MEMBERS.items()}
        if headers is not None
        else None,
        "ResourceStatement": _shown_resources(found.resources) if found.resources is not None else None,
    }


def _shown_resources(found: Resources) -> dict[str, Any]:
    return {"Resources": list(found.named) or None, "ResourceTypes": list(found.types) or None}
