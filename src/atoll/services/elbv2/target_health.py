"""DescribeTargetHealth (facts 178, 179), and what results of health checks make of targets and nodes."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from atoll.model.balancing import (
    Place,
    agreed,
    balancer_of,
    cross_zone,
    is_node,
    place_of,
    shifted_from,
    voters,
)
from atoll.model.kinds import BalancerZone, LoadBalancer, Target, TargetGroup
from atoll.model.tx import Tx
from atoll.services.elbv2.common import need
from atoll.services.elbv2.targets import port_of
from atoll.services.registry import Request, Response, operation

NOT_REGISTERED = ("unused", "Target.NotRegistered", "Target is not registered to the target group")
NOT_USED = ("unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer")
NOT_ENABLED = (
    "unused",
    "Target.NotInUse",
    "Target is in an Availability Zone that is not enabled for the load balancer",
)
STOPPED = ("unused", "Target.InvalidState", "Target is in the stopped state")
UNUSABLE = ("unused", "Target.IpUnusable", "IP in use by a load balancer")
CHECKING = ("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
DRAINING = ("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")


@operation("DescribeTargetHealth", "TargetGroupArn Targets", service="elbv2")
def describe_target_health(tx: Tx, request: Request) -> Response:
    """All targets, or those that are named, whether registered or not. Terminated instances are no targets any more."""
    group = need(tx, TargetGroup, request["TargetGroupArn"])
    registered = {(one.target, one.port): one for one in tx.by(Target, "group", group.id)}
    if request.get("Targets"):
        places = [(one["Id"], port_of(group, one)) for one in request["Targets"]]
    else:
        places = [place for place, one in registered.items() if place_of(tx, group, one) is not None]
    balancer = balancer_of(tx, group)
    return {
        "TargetHealthDescriptions": [
            _shown(tx, group, balancer, id_, port, registered.get((id_, port))) for id_, port in places
        ]
    }


def _shown(
    tx: Tx, group: TargetGroup, balancer: LoadBalancer | None, id_: str, port: int, target: Target | None
) -> dict[str, Any]:
    place = place_of(tx, group, target) if target else None
    state, reason, description = _state(tx, group, balancer, target)
    described: dict[str, Any] = {"Id": id_, "Port": port}
    if group.target_type == "ip" and place is not None:
        described["AvailabilityZone"] = place.zone
    health = {"State": state, **({"Reason": reason, "Description": description} if reason else {})}
    return {
        "Target": described,
        "HealthCheckPort": str(port) if group.check_port == "traffic-port" else group.check_port,
        "TargetHealth": health,
        "AdministrativeOverride": _override(tx, group, balancer, place),
    }


def _override(tx: Tx, group: TargetGroup, balancer: LoadBalancer | None, place: Place | None) -> dict[str, str]:
    """Whether a zonal shift concerns the target: its nodes then leave it out, or DNS alone does (ELB: zonal-shift)."""
    state, reason, told = "no_override", "NoOverride", "No override is currently active on target"
    if balancer is not None and place is not None and place.zone == shifted_from(tx, balancer):
        if cross_zone(balancer, group):
            state, reason, told = "zonal_shift_active", "ZonalShiftActive", "Zonal shift is active on target"
        else:
            state, reason = "zonal_shift_delegated_to_dns", "ZonalShiftDelegatedToDns"
            told = "Zonal shift is delegated to DNS for target"
    return {"State": state, "Reason": f"AdministrativeOverride.{reason}", "Description": told}


def _state(tx: Tx, group: TargetGroup, balancer: LoadBalancer | None, target: Target | None) -> tuple[str, str, str]:
    place = place_of(tx, group, target) if target else None
    if target is None or place is None:
        return NOT_REGISTERED
    if target.until is not None:
        return DRAINING
    if balancer is None:
        return NOT_USED
    if not place.running:
        return STOPPED
    if is_node(tx, group, place):
        return UNUSABLE
    zones = {one.zone for one in tx.by(BalancerZone, "balancer", balancer.id)}
    if place.zone not in zones:
        return NOT_ENABLED
    return target.health, target.reason, target.description


def on_checks(tx: Tx, key: tuple[str, ...], said: Mapping[str, tuple[str, str, str]]) -> None:
    """The engine's entry: what the checks of each zone's node say of a target, health, reason and description.

    A target is for all nodes what they agree on (`agreed`). A node that has not come to anything yet has no say. What
    they tell of a target that is unhealthy is what the node of its own zone does, if that is one of those who say so.
    """
    target = tx.get(Target, *key)
    if target is None:
        return
    told = [said[one.zone] for one in voters(tx, target) if one.zone in said]
    found = [one for one in told if one[0] != CHECKING[0]]
    well = agreed([one[0] == "healthy" for one in found])
    on_health(tx, key, *next((one for one in found if (one[0] == "healthy") == well), CHECKING))


def on_health(tx: Tx, key: tuple[str, ...], health: str, reason: str, description: str) -> None:
    """What a target's checks have come to."""
    target = tx.get(Target, *key)
    if target is not None and (target.health, target.reason, target.description) != (health, reason, description):
        tx.put(replace(target, health=health, reason=reason, description=description))


def on_heard(tx: Tx, key: tuple[str, ...], *, alive: bool) -> bool:
    """The engine's entry: whether a load balancer's node is heard of. Whether that is new."""
    zone = tx.get(BalancerZone, *key)
    if zone is None or zone.alive is alive:
        return False
    tx.put(replace(zone, alive=alive))
    return True
