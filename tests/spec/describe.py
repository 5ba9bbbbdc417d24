"""From the dictionaries that boto3 returns to things. IPv6 parts are passed over: no IPv4 packet meets them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from tests.spec import things
from tests.spec.flow import ALL, protocol_name
from tests.spec.things import ANY, EVERYWHERE, LOCAL, Direction, Traffic

Answer = Mapping[str, Any]
Answers = Mapping[str, Sequence[Answer]]  # Instances without their reservations

KINDS = {"Vpcs", "Subnets", "RouteTables", "InternetGateways", "SecurityGroups", "NetworkAcls", "NetworkInterfaces"}
KINDS |= {"NatGateways", "Addresses", "Instances", "PrefixLists"}  # the last ones with their Entries
KINDS |= {"LoadBalancers", "Listeners", "TargetGroups"}  # with their Attributes; groups with their Targets


class UnsupportedError(NotImplementedError):
    """The answers, or the probe, hold something that this small AWS does not know."""


def gateways(answers: Answers) -> dict[str, str]:
    """The internet gateway of each VPC that has one."""  # fact 77
    return {
        attachment["VpcId"]: gateway["InternetGatewayId"]
        for gateway in answers["InternetGateways"]
        for attachment in gateway.get("Attachments", ())
        if attachment["State"] in ("available", "attached")
    }


def cidrs(vpc: Answer) -> tuple[IPv4Network, ...]:
    """The primary block, then the secondary ones."""  # fact 9-11
    blocks = vpc.get("CidrBlockAssociationSet", ())
    associated = [block["CidrBlock"] for block in blocks if block["CidrBlockState"]["State"] == "associated"]
    return tuple(IPv4Network(cidr) for cidr in dict.fromkeys([vpc["CidrBlock"], *associated]))


def subnets(answers: Answers) -> dict[str, things.Subnet]:
    return {subnet["SubnetId"]: _subnet(answers, subnet) for subnet in answers["Subnets"]}


def _subnet(answers: Answers, subnet: Answer) -> things.Subnet:
    routes, acl = tuple(_routes(answers, _table(answers, subnet))), _acl(answers, subnet["SubnetId"])
    zone = subnet.get("AvailabilityZone", "")
    return things.Subnet(subnet["SubnetId"], subnet["VpcId"], zone, IPv4Network(subnet["CidrBlock"]), routes, acl)


def table_associations(answers: Answers) -> Iterator[tuple[Answer, Answer]]:
    """Each route table with each of its associations."""  # fact 99
    for table in answers["RouteTables"]:
        for association in table.get("Associations", ()):
            if association.get("AssociationState", {}).get("State", "associated") == "associated":
                yield table, association


def _table(answers: Answers, subnet: Answer) -> Answer:
    """The table that names the subnet, else the VPC's main table."""  # fact 98, 100
    found = list(table_associations(answers))
    explicit = [table for table, way in found if way.get("SubnetId") == subnet["SubnetId"]]
    main = [table for table, way in found if way.get("Main") and table["VpcId"] == subnet["VpcId"]]
    return next(iter(explicit + main), {})  # no main table: refused as a contradiction


def edges(answers: Answers) -> dict[str, tuple[things.Route, ...]]:
    """The routes of what comes in by the internet gateway, in VPCs whose gateway has a table."""  # fact 112
    ways = table_associations(answers)
    return {table["VpcId"]: tuple(_routes(answers, table)) for table, way in ways if way.get("GatewayId")}


def _blocks(answers: Answers, prefix_list: str) -> list[IPv4Network]:
    found = next(one["Entries"] for one in answers["PrefixLists"] if one["PrefixListId"] == prefix_list)
    return [IPv4Network(entry["Cidr"]) for entry in found if ":" not in entry["Cidr"]]


def _routes(answers: Answers, table: Answer) -> Iterator[things.Route]:
    """One to a prefix list is one to each of its blocks that has no other and is not the VPC's own."""  # fact 104
    own = [cidr for vpc in answers["Vpcs"] if vpc["VpcId"] == table.get("VpcId") for cidr in cidrs(vpc)]
    taken: set[IPv4Network] = set()  # decision: of two lists with the same block the lower id has it
    for route in sorted(table.get("Routes", ()), key=lambda one: one.get("DestinationPrefixListId") or ""):
        listed, cidr = route.get("DestinationPrefixListId"), route.get("DestinationCidrBlock")
        blocks = _blocks(answers, listed) if listed else [IPv4Network(cidr)] if cidr else []  # none: an IPv6 route
        if listed:
            blocks = [block for block in blocks if block not in taken and not any(map(block.subnet_of, own))]
        taken.update(blocks)
        target = route.get("GatewayId") or route.get("NetworkInterfaceId") or ""  # fact 103: also of instances
        blackhole = route.get("State") == "blackhole"  # fact 102
        if translator := route.get("NatGatewayId"):
            target = next((eni for eni, nat in translators(answers).items() if nat["NatGatewayId"] == translator), "")
            blackhole = blackhole or not target  # decision: one that is pending does not work yet
        if not blackhole and not target.startswith((LOCAL, "igw-", "eni-")):
            raise UnsupportedError(f"the target of the route {dict(route)}")
        yield from (things.Route(block, target, blackhole) for block in blocks)


def _acl(answers: Answers, subnet: str) -> tuple[things.AclEntry, ...]:
    """The entries of the subnet's network ACL, lowest number first; all open if no ACL names the subnet."""
    for acl in answers.get("NetworkAcls", ()):
        if any(association["SubnetId"] == subnet for association in acl.get("Associations", ())):
            entries = sorted(acl["Entries"], key=lambda entry: int(entry["RuleNumber"]))  # fact 141
            return tuple(_entry(entry) for entry in entries if entry.get("CidrBlock"))
    return tuple(things.AclEntry(way, True, Traffic(ALL), EVERYWHERE) for way in Direction)  # fact 140 (decision)


def _entry(entry: Answer) -> things.AclEntry:
    ports, icmp = entry.get("PortRange") or {}, entry.get("IcmpTypeCode") or {}  # fact 145
    low, high = icmp.get("Type", ports.get("From", ANY)), icmp.get("Code", ports.get("To", ANY))
    traffic = Traffic(protocol_name(entry["Protocol"]), low, high)
    direction = Direction.OUT if entry["Egress"] else Direction.IN
    return things.AclEntry(direction, entry["RuleAction"] == "allow", traffic, IPv4Network(entry["CidrBlock"]))


def groups(answers: Answers) -> dict[str, things.Group]:
    sides = {Direction.IN: "IpPermissions", Direction.OUT: "IpPermissionsEgress"}
    return {
        group["GroupId"]: {way: tuple(_rules(answers, group[side])) for way, side in sides.items()}
        for group in answers["SecurityGroups"]
    }


def _rules(answers: Answers, permissions: Sequence[Answer]) -> Iterator[things.GroupRule]:
    for permission in permissions:
        low, high = permission.get("FromPort", ANY), permission.get("ToPort", ANY)  # fact 122, 124
        traffic = Traffic(protocol_name(permission["IpProtocol"]), low, high)
        peers: list[things.Peer] = [IPv4Network(cidr["CidrIp"]) for cidr in permission.get("IpRanges", ())]
        peers += [tuple(_blocks(answers, one["PrefixListId"])) for one in permission.get("PrefixListIds", ())]
        peers += [pair["GroupId"] for pair in permission.get("UserIdGroupPairs", ())]
        yield from (things.GroupRule(traffic, peer) for peer in peers)


def translators(answers: Answers) -> dict[str, Answer]:
    """The NAT gateway of each interface that is one's."""
    gateways = [(nat, each) for nat in answers.get("NatGateways", ()) for each in nat["NatGatewayAddresses"]]
    return {each["NetworkInterfaceId"]: nat for nat, each in gateways if each.get("NetworkInterfaceId")}


def enis(answers: Answers) -> dict[str, things.Eni]:
    instances = {instance["InstanceId"]: instance for instance in answers["Instances"]}
    balanced = {eni["NetworkInterfaceId"]: balancer_of(answers, eni) for eni in answers["NetworkInterfaces"]}
    made = {eni["NetworkInterfaceId"]: _eni(eni, instances) for eni in answers["NetworkInterfaces"]}
    made |= {eni: _translator(made[eni], nat) for eni, nat in translators(answers).items() if eni in made}
    return made | {eni: _node(made[eni], balancer) for eni, balancer in balanced.items() if balancer}


def balancer_of(answers: Answers, eni: Answer) -> Answer | None:
    """The load balancer whose node the interface is."""  # fact 168
    said = ((one, one["LoadBalancerArn"].partition(":loadbalancer/")[2]) for one in answers.get("LoadBalancers", ()))
    return next((one for one, name in said if eni.get("Description") == f"ELB {name}"), None)


def _node(eni: things.Eni, balancer: Answer) -> things.Eni:
    active = balancer["State"]["Code"] == "active"  # fact 164
    return replace(eni, host=f"node {eni.id}" if active else None, state="running" if active else None, balances=True)


def _translator(eni: things.Eni, nat: Answer) -> things.Eni:
    works = nat["State"] == "available"  # fact 89
    given = [each["PrivateIp"] for each in nat["NatGatewayAddresses"] if each["Status"] == "succeeded"]
    if works and len(given) != 1:
        raise UnsupportedError(f"several addresses, or none, of {nat['NatGatewayId']}")  # fact 85 leaves open which
    host, state = (nat["NatGatewayId"], "running") if works else (None, "stopped")
    return replace(eni, host=host, state=state, gives=IPv4Address(given[0]) if works else eni.primary)


def _eni(eni: Answer, instances: Mapping[str, Answer]) -> things.Eni:
    if eni.get("InterfaceType", "interface") not in ("interface", "nat_gateway", "network_load_balancer"):
        raise UnsupportedError(f"a network interface of the type {eni['InterfaceType']}")  # fact 36
    attachment: Answer = eni.get("Attachment") or {}
    attached = attachment.get("Status") == "attached"  # fact 35
    instance = instances.get(attachment.get("InstanceId", "")) if attached else None
    private = {IPv4Address(entry["PrivateIpAddress"]): entry for entry in eni["PrivateIpAddresses"]}  # fact 34, 55
    times: Answer = eni.get("ConnectionTrackingConfiguration") or {}
    mapped = {own: entry["Association"]["PublicIp"] for own, entry in private.items() if entry.get("Association")}
    return things.Eni(
        id=eni["NetworkInterfaceId"],
        vpc=eni["VpcId"],
        subnet=eni["SubnetId"],
        primary=IPv4Address(eni["PrivateIpAddress"]),
        addresses=frozenset(private).union(*(IPv4Network(one["Ipv4Prefix"]) for one in eni.get("Ipv4Prefixes", ()))),
        public={own: IPv4Address(public) for own, public in mapped.items()},
        groups=frozenset(group["GroupId"] for group in eni["Groups"]),
        check=eni["SourceDestCheck"],
        attachment=attachment.get("AttachmentId", "") if attached else None,
        host=f"{instance['InstanceId']} since {instance.get('LaunchTime')}" if instance else None,
        state=instance["State"]["Name"] if instance else None,
        idle=(*(times.get(name, usual) for name, usual in things.IDLE.items()), 600),
    )
