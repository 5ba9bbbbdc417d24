"""Network load balancers: their nodes and listeners, who may get a connection, and where names lead."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from tests.spec.describe import Answer, Answers, UnsupportedError, balancer_of
from tests.spec.flow import Packet
from tests.spec.things import Chosen, Eni, Subnet

UNUSED, DRAINING, HEALTHY, UNHEALTHY = "unused", "draining", "healthy", "unhealthy"
There = tuple[Mapping[str, Eni], Mapping[str, Subnet]]
CROSS, ENDS = "load_balancing.cross_zone.enabled", "connection_termination.enabled"


@dataclass(frozen=True)
class Target:
    id: str
    zone: str
    fit: bool  # its instance runs, and the address is no load balancer's own
    state: str
    check: int  # the port that health checks ask


@dataclass(frozen=True)
class Listener:
    hears: frozenset[tuple[str, int]]  # protocols and its port
    idle: tuple[int, ...]
    group: str
    said: Mapping[str, str]  # the attributes of its group
    cross: bool
    targets: Mapping[Chosen, Target]

    def enough(self, targets: Sequence[Chosen], purpose: str) -> bool:
        """Whether as many of them are healthy as it takes: one unless it says otherwise, and no share."""  # fact 180
        well = sum(self.targets[one].state == HEALTHY for one in targets)
        wanted = f"target_group_health.{purpose}.minimum_healthy_targets"
        count, share = (int(self.said[f"{wanted}.{of}"].replace("off", "0")) for of in ("count", "percentage"))
        return well >= count and well * 100 >= share * len(targets)


@dataclass(frozen=True)
class Node:
    """What a load balancer is in one zone."""  # fact 168

    eni: Eni
    balancer: str
    zone: str
    zones: frozenset[str]  # all that are enabled
    listeners: tuple[Listener, ...]

    def listener(self, packet: Packet) -> Listener | None:
        """Who takes it, at the node's own addresses."""  # fact 174
        mine = self.listeners if packet.destination in self.eni.addresses else ()
        return next((one for one in mine if (packet.protocol, packet.destination_port) in one.hears), None)

    def near(self, listener: Listener) -> list[Chosen]:
        """To whom it may send: in its zone, with cross-zone in all that are enabled."""  # fact 181
        zones, able = self.zones if listener.cross else {self.zone}, listener.targets.items()
        return [key for key, one in able if one.fit and one.zone in zones and one.state not in (UNUSED, DRAINING)]

    def eligible(self, listener: Listener) -> list[Chosen]:
        """Who gets new connections: the healthy ones; where they are too few, all."""  # fact 180: fail open
        near, purpose = self.near(listener), "unhealthy_state_routing"
        return [one for one in near if listener.targets[one].state == HEALTHY or not listener.enough(near, purpose)]

    def ends(self, chosen: Chosen) -> bool:
        """Whether it ends connections with that target: unhealthy, no longer one, or in no zone."""  # fact 183, 184
        for listener in (one for one in self.listeners if one.group == chosen[0]):
            target = listener.targets.get(chosen)
            if target is None:
                return listener.said[f"deregistration_delay.{ENDS}"] == "true"
            fails_open = chosen in self.eligible(listener)  # decision: then they live
            ends = listener.said.get(f"target_health_state.unhealthy.{ENDS}") == "true"  # not a setting of UDP's groups
            shut = target.zone not in self.zones  # "all connections to those targets" of a zone that is removed
            return shut or (target.state == UNHEALTHY and not fails_open and ends)
        return False


def names(nodes: Mapping[str, Node], balancer: Answer) -> dict[str, set[str]]:
    """Where its names lead. A zone leaves once any group has too few in it; with cross-zone, in any."""  # fact 180
    mine, name = [one for one in nodes.values() if one.balancer == balancer["LoadBalancerArn"]], balancer["DNSName"]
    leads = {node.zone: str(node.eni.public.get(node.eni.primary, node.eni.primary)) for node in mine}  # fact 169
    ill = {node.zone for node in mine for one in node.listeners if not one.enough(node.near(one), "dns_failover")}
    well = {leads[zone] for zone in leads if zone not in ill} or set(leads.values())  # fact 180: fail open
    return {name: well} | {f"{zone}.{name}": {address} for zone, address in leads.items()}  # decision: ill or well


def nodes(answers: Answers, there: There) -> dict[str, Node]:
    """By the interface that it is."""
    made = {}
    for one in answers["NetworkInterfaces"]:
        if balancer := balancer_of(answers, one):
            arn, eni = balancer["LoadBalancerArn"], there[0][one["NetworkInterfaceId"]]
            zones = frozenset(one["ZoneName"] for one in balancer["AvailabilityZones"])
            own = [each for each in answers["Listeners"] if each["LoadBalancerArn"] == arn]
            listeners = tuple(_listener(answers, balancer, each, there) for each in own)
            made[eni.id] = Node(eni, arn, there[1][eni.subnet].zone, zones, listeners)
    return made


def _listener(answers: Answers, balancer: Answer, one: Answer, there: There) -> Listener:
    arn = one["DefaultActions"][0]["TargetGroupArn"]
    group = next(group for group in answers["TargetGroups"] if group["TargetGroupArn"] == arn)
    said, whole = _attributes(group), _attributes(balancer)
    if "true" in (said["stickiness.enabled"], whole.get("zonal_shift.config.enabled")):
        raise UnsupportedError(f"stickiness of {arn}, or zonal shifts")
    idle = (int(_attributes(one).get("tcp.idle_timeout.seconds", 350)), 120, 120, 120)  # fact 183
    cross = said[CROSS].replace("use_load_balancer_configuration", whole[CROSS]) == "true"
    hears = frozenset((protocol, one["Port"]) for protocol in one["Protocol"].lower().split("_"))  # fact 172
    return Listener(hears, idle, arn, said, cross, dict(_targets(answers, group, there)))


def _attributes(thing: Answer) -> dict[str, str]:
    return {one["Key"]: one["Value"] for one in thing["Attributes"]}


def _targets(answers: Answers, group: Answer, there: There) -> Iterator[tuple[Chosen, Target]]:
    enis, subnets = there
    ways = [(one.get("Attachment") or {}, one["NetworkInterfaceId"]) for one in answers["NetworkInterfaces"]]
    first = {way.get("InstanceId"): enis[eni] for way, eni in ways if way.get("DeviceIndex") == 0}
    for one in group["Targets"]:
        id_, port, state = one["Target"]["Id"], one["Target"]["Port"], one["TargetHealth"]["State"]
        check = port if group["HealthCheckPort"] == "traffic-port" else int(group["HealthCheckPort"])
        if group["TargetType"] == "instance":  # fact 176; 178: Target.InvalidState
            address, zone, fit = first[id_].primary, subnets[first[id_].subnet].zone, first[id_].alive
        else:
            address, of = IPv4Address(id_), group["VpcId"]
            zone = next(subnet.zone for subnet in subnets.values() if subnet.vpc == of and address in subnet.cidr)
            fit = not any(eni.balances for eni in enis.values() if eni.vpc == of and address in eni.addresses)  # 178
        yield (group["TargetGroupArn"], address, port), Target(id_, zone, fit, state, check)
