"""Things of the cloud as AWS's analyzers name them: AnalysisComponent and what describes rules and routes."""

from typing import Any

from atoll.model.kinds import (
    ALL_PROTOCOLS,
    BY_PREFIX,
    Instance,
    InternetGateway,
    LoadBalancer,
    NetworkAclEntry,
    NetworkInterface,
    SecurityGroupRule,
    Subnet,
    VpcRoute,
)
from atoll.model.names import arn
from atoll.packet import PortRange, has_ports, protocol_name
from atoll.records import Table

Said = dict[str, Any]
"""A structure of AWS's, by the names that boto3 shows."""

EVERYTHING = "all"
"""How AWS writes a rule's protocol -1 (the guide's example of a reachable path)."""


def component(model: Table, id_: str) -> Said:
    """A resource by its id: with its ARN, and the name that its tag gives it."""
    kind = BY_PREFIX.get(id_.rpartition("-")[0])
    entity = model.get(kind, id_) if kind is not None else None
    if entity is None:
        return {"Id": id_}
    said = {"Id": id_, "Arn": arn(entity, id_)}
    name = dict(entity.tags).get("Name")
    return {**said, "Name": name} if name else said


def balancer(one: LoadBalancer) -> Said:
    """A load balancer."""
    return {"Id": one.arn.partition(":loadbalancer/")[2], "Arn": one.arn, "Name": one.name}


def by_arn(text: str) -> Said:
    """A listener or a target group."""
    return {"Id": text.rpartition(":")[2], "Arn": text}


def place(model: Table, interface: str) -> Said:
    """The subnet and the VPC that an ENI is in."""
    found = model.get(NetworkInterface, interface)
    if found is None:
        return {}
    return {"Subnet": component(model, found.subnet), "Vpc": component(model, found.vpc)}


def subnet_and_vpc(model: Table, subnet: str) -> Said:
    """A subnet and its VPC."""
    found = model.get(Subnet, subnet)
    return {"Subnet": component(model, subnet), "Vpc": component(model, found.vpc)} if found is not None else {}


def interface(model: Table, id_: str) -> Said:
    """An ENI with what it is attached to and where it is."""
    found = model.get(NetworkInterface, id_)
    attached = {"AttachedTo": component(model, found.instance)} if found is not None and found.instance else {}
    return {**attached, "Component": component(model, id_), **place(model, id_)}


def acl_rule(entry: NetworkAclEntry) -> Said:
    """AnalysisAclRule."""
    said: Said = {
        "Cidr": str(entry.cidr),
        "Egress": entry.egress,
        "Protocol": _protocol(entry.protocol),
        "RuleAction": "allow" if entry.allow else "deny",
        "RuleNumber": entry.number,
    }
    return said | _ports(entry.protocol, entry.low, entry.high)


def group_rule(rule: SecurityGroupRule) -> Said:
    """AnalysisSecurityGroupRule. Its SecurityGroupId is the group that it refers to."""
    peer = {"Cidr": str(rule.cidr) if rule.cidr else None, "PrefixListId": rule.prefix_list}
    said: Said = {name: value for name, value in peer.items() if value is not None}
    if rule.peer_group is not None:
        said["SecurityGroupId"] = rule.peer_group
    said |= {"Direction": "egress" if rule.egress else "ingress", "Protocol": _protocol(rule.protocol)}
    return said | _ports(rule.protocol, rule.low, rule.high)


def _protocol(number: int) -> str:
    return EVERYTHING if number == ALL_PROTOCOLS else protocol_name(number)


def _ports(protocol: int, low: int, high: int) -> Said:
    if not has_ports(protocol):
        return {}
    found = PortRange(0, 65535) if low == -1 else PortRange(low, high)
    return {"PortRange": {"From": found.low, "To": found.high}}


def route(model: Table, table: str, to: str, *, local: bool, dead: bool) -> Said:
    """AnalysisRouteTableRoute: where the table's route to a block or a prefix list leads. `local`: to a VPC's block."""
    mine = model.get(VpcRoute, table, to)
    said: Said = {"DestinationPrefixListId" if to.startswith("pl-") else "DestinationCidr": to}
    if mine is None:
        return said | {"GatewayId": "local", "Origin": "createroutetable", "State": "active"}
    kind = mine.target.partition("-")[0]
    if kind == InternetGateway.PREFIX:
        said["GatewayId"] = mine.target
    elif kind == "nat":
        said["NatGatewayId"] = mine.target
    else:
        found = model.get(NetworkInterface, mine.target)
        said["NetworkInterfaceId"] = mine.target
        if found is not None and found.instance and model.get(Instance, found.instance) is not None:
            said["InstanceId"] = found.instance
    origin = "createroutetable" if local else "createroute"
    return said | {"Origin": origin, "State": "blackhole" if dead else "active"}
