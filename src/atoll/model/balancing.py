"""What the model says of load balancing: attributes and their defaults, where targets are, which of them get traffic.

Pure functions over a view, so that Describe calls, the compiler and health checks say the same.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from atoll.model.kinds import (
    BalancerZone,
    Instance,
    Listener,
    LoadBalancer,
    NetworkInterface,
    PrivateAddress,
    Subnet,
    Target,
    TargetGroup,
    ZonalShift,
)
from atoll.records import View

RUNNING = frozenset({"pending", "running", "rebooting"})


class Place(NamedTuple):
    """A target where it is: the address that traffic to it goes to, and its zone."""

    target: Target
    address: str
    zone: str
    running: bool = True


def defaults(of: LoadBalancer | TargetGroup | Listener) -> dict[str, str]:
    """The attributes that AWS gives it, in AWS's words (table of attribute keys in section 9)."""
    match of:
        case LoadBalancer():
            return {
                "deletion_protection.enabled": "false",
                "access_logs.s3.enabled": "false",
                "access_logs.s3.bucket": "",
                "access_logs.s3.prefix": "",
                "ipv6.deny_all_igw_traffic": "false" if of.scheme == "internet-facing" else "true",
                "load_balancing.cross_zone.enabled": "false",
                "dns_record.client_routing_policy": "any_availability_zone",
                "zonal_shift.config.enabled": "false",
                "secondary_ips.auto_assigned.per_subnet": "0",
            }
        case TargetGroup():
            datagrams = of.protocol != "TCP"
            shown = {
                "proxy_protocol_v2.enabled": "false",
                "preserve_client_ip.enabled": "true" if datagrams or of.target_type == "instance" else "false",
                "stickiness.enabled": "false",
                "stickiness.type": "source_ip",
                "deregistration_delay.timeout_seconds": "300",
                "deregistration_delay.connection_termination.enabled": "true" if datagrams else "false",
                "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
                "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
                "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
                "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
                "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
            }
            unhealthy = {
                "target_health_state.unhealthy.connection_termination.enabled": "true",
                "target_health_state.unhealthy.draining_interval_seconds": "0",
            }
            return shown if datagrams else shown | unhealthy
        case Listener():
            return {"tcp.idle_timeout.seconds": "350"} if "TCP" in of.protocol else {}


def setting(of: LoadBalancer | TargetGroup | Listener, key: str) -> str:
    """An attribute's value, "" where it has no such attribute."""
    return dict(of.attributes).get(key, defaults(of).get(key, ""))


def keeps_client(group: TargetGroup) -> bool:
    """Whether targets see the client's address (fact 185)."""
    return setting(group, "preserve_client_ip.enabled") == "true"


def announces_client(group: TargetGroup) -> bool:
    """Whether targets are told of the client by a header of the proxy protocol (fact 187)."""
    return setting(group, "proxy_protocol_v2.enabled") == "true"


def terminates(group: TargetGroup) -> bool:
    """Whether a target that turns unhealthy loses its connections (fact 183)."""
    return setting(group, "target_health_state.unhealthy.connection_termination.enabled") == "true"


def cross_zone(balancer: LoadBalancer, group: TargetGroup) -> bool:
    """Whether a node sends to targets of other zones too; the target group's word goes first (fact 181)."""
    own = setting(group, "load_balancing.cross_zone.enabled")
    if own == "use_load_balancer_configuration":
        own = setting(balancer, "load_balancing.cross_zone.enabled")
    return own == "true"


def place_of(view: View, group: TargetGroup, target: Target) -> Place | None:
    """Where a target is; None when it is gone for good: terminated, or an address outside every subnet.

    Traffic to an instance goes to the primary private address of its primary ENI (fact 176).
    """
    if group.target_type == "ip":
        zone = zone_of(view, group.vpc, target.target)
        return Place(target, target.target, zone) if zone else None
    instance = view.get(Instance, target.target)
    if instance is None or instance.state in ("shutting-down", "terminated"):
        return None
    for interface in view.by(NetworkInterface, "instance", instance.id):
        if interface.attachment is not None and interface.attachment.index == 0:
            return Place(target, interface.primary_ip, interface.zone, instance.state in RUNNING)
    return None


def zone_of(view: View, vpc: str, ip: str) -> str:
    """The zone of the subnet that holds the address, "" when none does."""
    return next((subnet.zone for subnet in view.by(Subnet, "vpc", vpc) if subnet.prefix.holds(ip)), "")


def places(view: View, group: TargetGroup) -> Iterator[Place]:
    """Every target of a group that is somewhere, in a fixed order."""
    for target in sorted(view.by(Target, "group", group.id), key=lambda one: one.key):
        place = place_of(view, group, target)
        if place is not None:
            yield place


def candidates(
    view: View, balancer: LoadBalancer, group: TargetGroup, zone: str, found: Iterable[Place]
) -> list[Place]:
    """The targets to which the node of that zone may send, whatever their health."""
    enabled = {one.zone for one in view.by(BalancerZone, "balancer", balancer.id)}
    zones = enabled if cross_zone(balancer, group) else {zone}
    return [
        place
        for place in found
        if place.zone in zones and place.running and place.target.until is None and not is_node(view, group, place)
    ]


def shifted_from(view: View, balancer: LoadBalancer) -> str:
    """The zone from which an active zonal shift moves traffic away, "" when none does."""
    if setting(balancer, "zonal_shift.config.enabled") != "true":
        return ""
    active = (one for one in view.by(ZonalShift, "balancer", balancer.id) if one.status == "ACTIVE")
    return next((one.zone for one in active), "")


def receivers(
    view: View, balancer: LoadBalancer, group: TargetGroup, zone: str, found: Iterable[Place]
) -> Sequence[Place]:
    """The targets that get the new connections of the node of that zone.

    A zonal shift takes the targets of its zone out where cross-zone is on; else DNS alone moves the traffic.
    """
    here = candidates(view, balancer, group, zone, found)
    away = shifted_from(view, balancer) if cross_zone(balancer, group) else ""
    return eligible(group, [place for place in here if place.zone != away] or here)


def is_node(view: View, group: TargetGroup, place: Place) -> bool:
    """Whether the address is a load balancer's own, which no target may be (Target.IpUnusable)."""
    if group.target_type != "ip":
        return False
    for subnet in view.by(Subnet, "vpc", group.vpc):
        if subnet.prefix.holds(place.address):
            held = view.get(PrivateAddress, subnet.id, place.address)
            interface = view.get(NetworkInterface, held.interface) if held else None
            return interface is not None and interface.load_balancer is not None
    return False


def eligible(group: TargetGroup, here: Sequence[Place]) -> Sequence[Place]:
    """Those that are healthy; all of them where too few are: a node then fails open (fact 180)."""
    found = healthy(here)
    return here if len(found) < _fewest(group, "unhealthy_state_routing", len(here)) else found


def checked_from(view: View, target: Target) -> list[BalancerZone]:
    """The zones whose nodes check a target: those that may send to it, its own first."""
    group = view.get(TargetGroup, target.group)
    balancer = balancer_of(view, group) if group is not None else None
    place = place_of(view, group, target) if group is not None else None
    if group is None or balancer is None or place is None or balancer.state != "active":
        return []
    zones = sorted(view.by(BalancerZone, "balancer", balancer.id), key=lambda one: (one.zone != place.zone, one.zone))
    return [one for one in zones if candidates(view, balancer, group, one.zone, [place])]


def voters(view: View, target: Target) -> list[BalancerZone]:
    """The zones whose nodes have a say in what a target's health is: those that check it, but for nodes that nobody
    hears of, which would take every target for dead; all of them when none is heard of."""
    zones = checked_from(view, target)
    return [one for one in zones if one.alive] or zones


def agreed(passed: Sequence[bool]) -> bool:
    """Whether nodes that have found so much take a target for healthy together: no more have failed than have passed.

    Checks "are distributed and use a consensus mechanism to determine target health" (NLBUG, load-balancer-
    troubleshooting); how many it takes AWS does not say.
    """
    return 2 * sum(passed) >= len(passed)


def healthy(here: Sequence[Place]) -> list[Place]:
    """Those whose checks pass."""
    return [place for place in here if place.target.health == "healthy"]


def zones_in_dns(view: View, balancer: LoadBalancer) -> list[BalancerZone]:
    """The zones that the load balancer's name leads to: all but those whose node is not heard of, from which traffic is
    shifted away, or in which any one target group has too few healthy targets; all of them if there would be none
    (fact 180).
    """
    zones = sorted(view.by(BalancerZone, "balancer", balancer.id), key=lambda one: one.zone)
    names = dict.fromkeys(one.group for one in view.by(Listener, "balancer", balancer.id))
    groups = [group for name in names if (group := view.get(TargetGroup, name)) is not None]
    found = {group.id: list(places(view, group)) for group in groups}

    def serves(zone: BalancerZone, group: TargetGroup) -> bool:
        here = candidates(view, balancer, group, zone.zone, found[group.id])
        return len(healthy(here)) >= _fewest(group, "dns_failover", len(here))

    away = shifted_from(view, balancer)
    fit = (zone for zone in zones if zone.alive and zone.zone != away)
    return [zone for zone in fit if all(serves(zone, group) for group in groups)] or zones


def _fewest(group: TargetGroup, purpose: str, registered: int) -> int:
    """With how many healthy targets a zone, or a node, counts as healthy for that purpose."""
    prefix = f"target_group_health.{purpose}.minimum_healthy_targets"
    count, percentage = setting(group, f"{prefix}.count"), setting(group, f"{prefix}.percentage")
    least = 0 if count == "off" else int(count)
    share = 0 if percentage == "off" else -(-registered * int(percentage) // 100)
    return max(1, least, share)


def balancer_of(view: View, group: TargetGroup) -> LoadBalancer | None:
    """The one load balancer that a group is used by (TargetGroupAssociationLimit)."""
    for listener in view.by(Listener, "group", group.id):
        return view.get(LoadBalancer, listener.balancer)
    return None
