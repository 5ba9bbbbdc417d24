"""Targets: register and deregister (facts 176, 179, 184)."""

from collections.abc import Iterable, Mapping
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from msgspec.structs import replace

from atoll.model.balancing import balancer_of, setting, zone_of
from atoll.model.kinds import Instance, Target, TargetGroup
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.constraints import QUERY, check_number
from atoll.services.ec2.checks import refuse_members, unbuilt
from atoll.services.elbv2.common import need, refused
from atoll.services.registry import Request, Response, operation


@operation("RegisterTargets", "TargetGroupArn Targets", service="elbv2")
def register_targets(tx: Tx, request: Request) -> Response:
    """Each once for each port; one that is draining is a target again."""
    group = need(tx, TargetGroup, request["TargetGroupArn"])
    asked = [(one["Id"], port_of(group, one), one.get("AvailabilityZone")) for one in _given(request)]
    if group.target_type == "instance":
        _check_instances(tx, group, [id_ for id_, _, _ in asked])
    else:
        for ip, _, zone in asked:
            _check_address(tx, group, ip, zone)
    for id_, port, _ in asked:
        known = tx.get(Target, group.id, id_, str(port))
        if known is None or known.until is not None:
            tx.put(Target(home=tx.home, group=group.id, target=id_, port=port))
    if tx.count(Target, "group", group.id) > tx.limit("targets-per-target-group"):
        raise AwsError("TooManyTargets", f"The maximum number of targets has been reached in '{group.arn}'")
    return {}


def _given(request: Request) -> list[Mapping[str, Any]]:
    given: list[Mapping[str, Any]] = request["Targets"]
    if not given:
        raise refused("At least one target must be specified")
    for one in given:
        refuse_members(one, ("Id", "Port", "AvailabilityZone"), "Targets")
        if not one.get("Id"):
            raise refused("A target ID must be specified")
    return given


def port_of(group: TargetGroup, given: Mapping[str, Any]) -> int:
    """Its own port, or the group's."""
    return group.port if given.get("Port") is None else check_number(QUERY, "port", given["Port"], 1, 65535)


def _check_instances(tx: Tx, group: TargetGroup, ids: Iterable[str]) -> None:
    found = {id_: tx.own(Instance, id_) for id_ in dict.fromkeys(ids)}
    for id_, instance in found.items():
        if instance is None or instance.state == "terminated":
            raise AwsError("InvalidTarget", f"The following targets are not valid instances: '{id_}'")
        if instance.vpc != group.vpc:
            raise AwsError("InvalidTarget", f"The following targets are not in the target group VPC: '{id_}'")
    resting = [id_ for id_, one in found.items() if one is not None and one.state not in ("running", "rebooting")]
    if resting:
        named = ", ".join(f"'{id_}'" for id_ in resting)
        raise AwsError(
            "InvalidTarget", f"The following targets are not in a running state and cannot be registered: {named}"
        )


def _check_address(tx: Tx, group: TargetGroup, ip: str, asked: str | None) -> None:
    """Texts: kubernetes-sigs/aws-load-balancer-controller issues 561 and 3714."""
    try:
        canonical = str(IPv4Address(ip))
    except AddressValueError:
        canonical = ""
    if canonical != ip:
        raise refused(f"The IP address '{ip}' is not a valid IPv4 address")
    zone = zone_of(tx, group.vpc, ip)
    if not zone and asked is None:
        raise refused(f"The Availability Zone is required for IP address '{ip}' because it is not in the VPC")
    if not zone:
        raise unbuilt(f"The target {ip}, which is outside the VPC's subnets")
    if asked not in (None, zone):
        raise refused(
            f"The IP address '{ip}' is within the VPC, and cannot have its Availability Zone overridden to '{asked}' "
            f"from '{zone}'"
        )


@operation("DeregisterTargets", "TargetGroupArn Targets", service="elbv2")
def deregister_targets(tx: Tx, request: Request) -> Response:
    """New connections go elsewhere at once; it drains while its group is in use. One that is none is no error."""
    group = need(tx, TargetGroup, request["TargetGroupArn"])
    used = balancer_of(tx, group) is not None
    delay = float(setting(group, "deregistration_delay.timeout_seconds"))
    for one in _given(request):
        target = tx.get(Target, group.id, one["Id"], str(port_of(group, one)))
        if target is None or target.until is not None:
            continue
        if used:
            tx.put(replace(target, until=tx.now + delay, due=tx.now + delay))
        else:
            tx.delete(target)
    return {}


def on_due(tx: Tx, key: tuple[str, str, str]) -> None:
    """The engine's entry: a drain is over. Where connections are ended with it, they are first, then it is gone."""
    target = tx.get(Target, *key)
    if target is None or target.due is None or target.due > tx.now:
        return
    group = tx.get(TargetGroup, target.group)
    ends = group is not None and setting(group, "deregistration_delay.connection_termination.enabled") == "true"
    if ends and not target.ended:
        tx.put(replace(target, ended=True))
    else:
        tx.delete(target)
