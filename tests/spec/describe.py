"""From the dictionaries that boto3 returns to things. IPv6 parts are passed over: no IPv4 packet meets them."""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from tests.spec import things
from tests.spec.flow import ALL, ICMP, TCP, UDP, protocol_name
from tests.spec.things import EVERYWHERE, LOCAL, Direction, Traffic

Answer = Mapping[str, Any]
Answers = Mapping[str, Sequence[Answer]]  # Instances without their reservations

KINDS = {"Vpcs", "Subnets", "RouteTables", "InternetGateways", "SecurityGroups", "NetworkAcls"}
KINDS |= {"NetworkInterfaces", "Addresses", "Instances"}
OPEN_ACL = tuple(things.AclEntry(way, True, Traffic(ALL), EVERYWHERE) for way in Direction)  # fact 140


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
    routes, acl = tuple(_routes(_table(answers, subnet))), _acl(answers, subnet["SubnetId"])
    return things.Subnet(subnet["SubnetId"], subnet["VpcId"], IPv4Network(subnet["CidrBlock"]), routes, acl)


def table_associations(answers: Answers) -> Iterator[tuple[Answer, Answer]]:
    """Each route table with each of its associations."""  # fact 99
    for table in answers["RouteTables"]:
        for association in table.get("Associations", ()):
            if association.get("GatewayId"):
                raise UnsupportedError("a gateway (edge) route table")  # fact 112
            if association.get("AssociationState", {}).get("State", "associated") == "associated":
                yield table, association


def _table(answers: Answers, subnet: Answer) -> Answer:
    """The table that names the subnet, else the VPC's main table."""  # fact 98, 100
    found = list(table_associations(answers))
    explicit = [table for table, way in found if way.get("SubnetId") == subnet["SubnetId"]]
    main = [table for table, way in found if way.get("Main") and table["VpcId"] == subnet["VpcId"]]
    return next(iter(explicit + main), {})  # no main table: refused as a contradiction


def _routes(table: Answer) -> Iterator[things.Route]:
    for route in table.get("Routes", ()):
        if route.get("DestinationPrefixListId"):
            raise UnsupportedError("a route to a prefix list")
        if not route.get("DestinationCidrBlock"):
            continue  # an IPv6 route
        target = route.get("GatewayId") or route.get("NetworkInterfaceId") or ""  # fact 103: also of instances
        blackhole = route.get("State") == "blackhole"  # fact 102
        if not blackhole and not target.startswith((LOCAL, "igw-", "eni-")):
            raise UnsupportedError(f"the target of the route {dict(route)}")
        yield things.Route(IPv4Network(route["DestinationCidrBlock"]), target, blackhole)


def _acl(answers: Answers, subnet: str) -> tuple[things.AclEntry, ...]:
    """The entries of the subnet's network ACL, lowest number first; all open if no ACL names the subnet."""
    for acl in answers.get("NetworkAcls", ()):
        if any(association["SubnetId"] == subnet for association in acl.get("Associations", ())):
            entries = sorted(acl["Entries"], key=lambda entry: int(entry["RuleNumber"]))  # fact 141
            return tuple(_entry(entry) for entry in entries if entry.get("CidrBlock"))
    return OPEN_ACL  # decision: answers without ACLs mean default ACLs


def _entry(entry: Answer) -> things.AclEntry:
    traffic = Traffic(protocol_name(entry["Protocol"]))  # fact 145
    if traffic.protocol == ICMP:
        traffic = Traffic(ICMP, entry["IcmpTypeCode"]["Type"], entry["IcmpTypeCode"]["Code"])
    elif traffic.protocol in (TCP, UDP):
        traffic = Traffic(traffic.protocol, entry["PortRange"]["From"], entry["PortRange"]["To"])
    direction = Direction.OUT if entry["Egress"] else Direction.IN
    return things.AclEntry(direction, entry["RuleAction"] == "allow", traffic, IPv4Network(entry["CidrBlock"]))


def groups(answers: Answers) -> dict[str, things.Group]:
    return {group["GroupId"]: _group(group) for group in answers["SecurityGroups"]}


def _group(group: Answer) -> things.Group:
    sides = {Direction.IN: group["IpPermissions"], Direction.OUT: group["IpPermissionsEgress"]}
    return {side: tuple(_rules(permissions)) for side, permissions in sides.items()}


def _rules(permissions: Sequence[Answer]) -> Iterator[things.GroupRule]:
    for permission in permissions:
        if permission.get("PrefixListIds"):
            raise UnsupportedError("a security group rule with a prefix list")
        traffic = Traffic(protocol_name(permission["IpProtocol"]))
        if traffic.protocol in (TCP, UDP, ICMP):  # fact 122, 124
            traffic = Traffic(traffic.protocol, permission["FromPort"], permission["ToPort"])
        for cidr in permission.get("IpRanges", ()):
            yield things.GroupRule(traffic, IPv4Network(cidr["CidrIp"]))
        for pair in permission.get("UserIdGroupPairs", ()):
            yield things.GroupRule(traffic, pair["GroupId"])


def enis(answers: Answers) -> dict[str, things.Eni]:
    instances = {instance["InstanceId"]: instance for instance in answers["Instances"]}
    return {eni["NetworkInterfaceId"]: _eni(eni, instances) for eni in answers["NetworkInterfaces"]}


def _eni(eni: Answer, instances: Mapping[str, Answer]) -> things.Eni:
    if eni.get("InterfaceType", "interface") != "interface":
        raise UnsupportedError(f"a network interface of the type {eni['InterfaceType']}")  # fact 36
    attachment: Answer = eni.get("Attachment") or {}
    attached = attachment.get("Status") == "attached"  # fact 35
    instance = instances.get(attachment.get("InstanceId", "")) if attached else None
    private = {IPv4Address(entry["PrivateIpAddress"]): entry for entry in eni["PrivateIpAddresses"]}  # fact 34, 55
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
    )
