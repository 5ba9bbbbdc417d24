"""Random rules of security groups and entries of network ACLs, whose edges probes can find again."""

from typing import Any

from tests.witness.design import Design, Vpc
from tests.witness.judges import NUMBERED, NUMBERS

PORTS = ((22, 22), (80, 80), (443, 443), (1000, 1009), (1005, 2000), (1, 1024), (0, 65535), (65535, 65535), (0, 0))
PROTOCOLS = ("tcp", "tcp", "tcp", "udp", "udp", "udp", "icmp", "icmp", "-1", NUMBERED)
ICMP = ((-1, -1), (8, -1), (8, 0), (0, -1), (3, 4))
WORLD = "0.0.0.0/0"
OUTSIDE = ("203.0.113.0/24", "203.0.113.10/32", "203.0.112.0/22", "198.18.0.0/16", "128.0.0.0/1", "0.0.0.0/1")


def permission(design: Design, vpc: Vpc) -> dict[str, Any]:
    """One IpPermission with one peer."""
    protocol = drawn(design, PROTOCOLS)
    made: dict[str, Any] = {"IpProtocol": protocol}
    if protocol in ("tcp", "udp"):
        made["FromPort"], made["ToPort"] = design.one(PORTS)
    elif protocol == "icmp":
        made["FromPort"], made["ToPort"] = design.one(ICMP)
    if design.chance(0.3):
        made["UserIdGroupPairs"] = [{"GroupId": design.one(vpc.groups)}]
    elif design.prefix_lists and design.chance(0.15):
        made["PrefixListIds"] = [{"PrefixListId": design.one(design.prefix_lists)}]
    elif design.chance(0.03):
        made["Ipv6Ranges"] = [{"CidrIpv6": "::/0"}]
    else:
        made["IpRanges"] = [{"CidrIp": cidr(design, vpc)}]
    return made


def drawn(design: Design, protocols: tuple[str | tuple[str, ...], ...]) -> str:
    """One of the protocols; one of those by number where they are drawn."""
    protocol = design.one(protocols)
    return protocol if isinstance(protocol, str) else design.one(protocol)


def cidr(design: Design, vpc: Vpc) -> str:
    """The whole world, or a block outside, of the VPC, of a subnet, of one address."""
    kind = design.rng.random()
    if kind < 0.3:
        return WORLD
    if kind < 0.5:
        return design.one(OUTSIDE)
    if kind < 0.6:
        return str(design.one(vpc.blocks))
    if kind < 0.8 and vpc.subnets:
        subnet = design.one(vpc.subnets).block
        return str(subnet) if design.chance(0.6) else str(design.one(list(subnet.subnets())))
    owned = [ip for eni in design.enis for ip in eni.addresses if eni.subnet.vpc is vpc]
    return f"{design.one(owned)}/32" if owned else str(design.one(vpc.blocks))


def authorize(design: Design, vpc: Vpc, group: str) -> None:
    """Add a rule, unless the group has it already."""
    way = design.one(("Ingress", "Ingress", "Egress"))
    design.attempt(f"AuthorizeSecurityGroup{way}", GroupId=group, IpPermissions=[permission(design, vpc)])


EPHEMERAL = (1024, 65535)


def entry(design: Design, vpc: Vpc, number: int) -> dict[str, Any]:
    """One entry of a network ACL: every protocol, ports or type and code, any block, either direction."""
    protocol = drawn(design, ("tcp", "udp", "icmp", "-1", "-1", "-1", NUMBERED))
    made: dict[str, Any] = {
        "RuleNumber": number,
        "Egress": design.chance(0.5),
        "RuleAction": "allow" if design.chance(0.7) else "deny",
        "Protocol": str(NUMBERS.get(protocol, protocol)),
    }
    if protocol in ("tcp", "udp"):
        low, high = design.one((*PORTS, EPHEMERAL, EPHEMERAL))
        made["PortRange"] = {"From": low, "To": high}
    elif protocol == "icmp":
        kind, code = design.one(ICMP)
        made["IcmpTypeCode"] = {"Type": kind, "Code": code}
    if design.chance(0.05):
        made["Ipv6CidrBlock"] = "::/0"
    else:
        made["CidrBlock"] = WORLD if design.chance(0.4) else cidr(design, vpc)
    return made


def members(design: Design, vpc: Vpc) -> list[dict[str, str]]:
    """Blocks for a prefix list, each once."""
    return [{"Cidr": one} for one in dict.fromkeys(cidr(design, vpc) for _ in range(design.rng.randint(0, 3)))]
