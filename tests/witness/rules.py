"""Random security group rules whose edges probes can find again."""

from typing import Any

from tests.witness.design import Design, Vpc

PORTS = ((22, 22), (80, 80), (443, 443), (1000, 1009), (1005, 2000), (1, 1024), (0, 65535), (65535, 65535), (0, 0))
ICMP = ((-1, -1), (8, -1), (8, 0), (0, -1), (3, 4))
WORLD = "0.0.0.0/0"
OUTSIDE = ("203.0.113.0/24", "203.0.113.10/32", "203.0.112.0/22", "198.18.0.0/16", "128.0.0.0/1", "0.0.0.0/1")


def permission(design: Design, vpc: Vpc) -> dict[str, Any]:
    """One IpPermission with one peer."""
    protocol = design.one(("tcp", "tcp", "tcp", "udp", "udp", "udp", "icmp", "icmp", "-1"))
    made: dict[str, Any] = {"IpProtocol": protocol}
    if protocol in ("tcp", "udp"):
        made["FromPort"], made["ToPort"] = design.one(PORTS)
    elif protocol == "icmp":
        made["FromPort"], made["ToPort"] = design.one(ICMP)
    if design.chance(0.3):
        made["UserIdGroupPairs"] = [{"GroupId": design.one(vpc.groups)}]
    else:
        made["IpRanges"] = [{"CidrIp": _cidr(design, vpc)}]
    return made


def _cidr(design: Design, vpc: Vpc) -> str:
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
