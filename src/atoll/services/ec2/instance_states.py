"""StartInstances, StopInstances, RebootInstances, TerminateInstances. All instances of a call, or none."""

from collections.abc import Callable, Iterable
from typing import Any

from atoll.model.kinds import Instance, PlacementGroup
from atoll.model.machines import POWERED
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2 import capacity, lifecycle
from atoll.services.ec2.instance_shape import state_shape
from atoll.services.ec2.lookup import need_all
from atoll.services.ec2.placement_groups import check_room
from atoll.services.registry import Request, Response, operation


def _each(
    instances: Iterable[Instance], concerned: Iterable[str], change: Callable[[Instance], Instance]
) -> list[dict[str, Any]]:
    """Change those in a state that is concerned, and show what each was and is; the others are there already."""
    wanted = frozenset(concerned)
    shapes = []
    for one in instances:
        after = change(one) if one.state in wanted else one
        shapes.append({"InstanceId": one.id, "CurrentState": state_shape(after), "PreviousState": state_shape(one)})
    return shapes


def _check(instances: Iterable[Instance], allowed: frozenset[str], done: str) -> None:
    for one in instances:
        if one.state not in allowed:
            raise AwsError(
                "IncorrectInstanceState", f"The instance '{one.id}' is not in a state from which it can be {done}."
            )


@operation("StartInstances", "InstanceIds")
def start_instances(tx: Tx, request: Request) -> Response:
    """From stopped; one that runs stays as it is."""
    instances = need_all(tx, Instance, request["InstanceIds"])
    _check(instances, POWERED | {"stopped"}, "started")
    return {"StartingInstances": _each(instances, ("stopped",), lambda one: _start(tx, one))}


def _start(tx: Tx, instance: Instance) -> Instance:
    """What is stopped takes no room of its zone and its placement group, so there may be none any more."""
    capacity.check_start(tx, instance.zone)
    group = tx.get(PlacementGroup, instance.placement_group) if instance.placement_group else None
    if group is not None:
        check_room(tx, group, instance.zone, 1)
    return lifecycle.start(tx, instance)


@operation("StopInstances", "InstanceIds Force Hibernate SkipOsShutdown")
def stop_instances(tx: Tx, request: Request) -> Response:
    """From pending or running; one that is stopped stays as it is. Force does not wait for the guest."""
    instances = need_all(tx, Instance, request["InstanceIds"])
    if request.get("Hibernate"):
        raise AwsError("UnsupportedHibernationConfiguration", "The instances are not configured for hibernation.")
    _check(instances, POWERED | {"stopping", "stopped"}, "stopped")
    for one in instances:
        if one.disable_api_stop and one.state in POWERED:
            raise _protected(one.id, "stopped", "disableApiStop")
    forced = _forced(request)
    shapes = _each(instances, POWERED, lambda one: lifecycle.stop(tx, one, forced=forced))
    return {"StoppingInstances": shapes}


@operation("TerminateInstances", "InstanceIds Force SkipOsShutdown")
def terminate_instances(tx: Tx, request: Request) -> Response:
    """From any state; ending what has ended changes nothing."""
    instances = need_all(tx, Instance, request["InstanceIds"])
    for one in instances:
        if one.disable_api_termination and one.state not in ("shutting-down", "terminated"):
            raise _protected(one.id, "terminated", "disableApiTermination")
    forced = _forced(request)
    concerned = POWERED | {"stopping", "stopped"}
    shapes = _each(instances, concerned, lambda one: lifecycle.terminate(tx, one, forced=forced))
    return {"TerminatingInstances": shapes}


def _forced(request: Request) -> bool:
    return bool(request.get("Force") or request.get("SkipOsShutdown"))


def _protected(instance: str, done: str, attribute: str) -> AwsError:
    return AwsError(
        "OperationNotPermitted",
        f"The instance '{instance}' may not be {done}. Modify its '{attribute}' instance attribute and try again.",
    )


@operation("RebootInstances", "InstanceIds")
def reboot_instances(tx: Tx, request: Request) -> Response:
    """What runs boots again; it stays `running` and keeps its addresses (fact 72)."""
    instances = need_all(tx, Instance, request["InstanceIds"])
    _check(instances, POWERED, "rebooted")
    for one in instances:
        if one.state == "running":
            lifecycle.reboot(tx, one)
    return {}
