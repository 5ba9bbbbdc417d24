"""Listeners of network load balancers (facts 171-173): create, describe, modify, delete."""

from typing import Any

from msgspec.structs import replace

from atoll.model.balancing import balancer_of
from atoll.model.kinds import Listener, LoadBalancer, TargetGroup
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.constraints import QUERY, check_choice, check_number
from atoll.services.ec2.checks import refuse_members, unbuilt
from atoll.services.elbv2.common import missing, need, new_id, page, refused, tags_with, unfit
from atoll.services.elbv2.target_groups import ALL_PROTOCOLS, PROTOCOLS
from atoll.services.registry import Request, Response, operation

GROUPS_OF = {"TCP": ("TCP", "TCP_UDP"), "UDP": ("UDP", "TCP_UDP"), "TCP_UDP": ("TCP_UDP",)}
"""The target groups that a listener of that protocol may forward to (fact 173)."""

OF_OTHERS = ("HTTP", "HTTPS", "GENEVE")


@operation("CreateListener", "LoadBalancerArn Protocol Port DefaultActions Tags", service="elbv2")
def create_listener(tx: Tx, request: Request) -> Response:
    """A port forwards to one target group. The same again is the one that there is (unsourced for listeners)."""
    balancer = need(tx, LoadBalancer, request["LoadBalancerArn"])
    if not request.get("Protocol"):
        raise refused("A listener protocol must be specified")
    if request.get("Port") is None:
        raise refused("A listener port must be specified")
    listener = Listener(
        home=tx.home,
        id=new_id(tx),
        balancer=balancer.id,
        balancer_name=balancer.name,
        protocol=_protocol(request["Protocol"]),
        port=check_number(QUERY, "port", request["Port"], 1, 65535),
        group=_forwards_to(tx, request["DefaultActions"]).id,
        tags=tags_with((), request.get("Tags") or ()),
    )
    others = tx.by(Listener, "balancer", balancer.id)
    for other in others:
        if (other.port, other.protocol, other.group) == (listener.port, listener.protocol, listener.group):
            return {"Listeners": [shown(tx, other)]}
    if len(others) >= tx.limit("listeners-per-network-load-balancer"):
        raise AwsError("TooManyListeners", f"The maximum number of listeners has been reached on '{balancer.arn}'")
    _check(tx, balancer, listener)
    tx.put(listener)
    return {"Listeners": [shown(tx, listener)]}


def _protocol(given: str) -> str:
    protocol = check_choice(QUERY, "protocol", given, ALL_PROTOCOLS)
    if protocol in OF_OTHERS:
        raise refused(f"Listener protocol '{protocol}' must be one of 'UDP, TCP, TLS, TCP_UDP'")
    if protocol not in PROTOCOLS:
        raise unbuilt(f"A listener of the protocol {protocol} (there are no certificates yet)")
    return protocol


def _forwards_to(tx: Tx, actions: list[Any]) -> TargetGroup:
    """The target group of the one action that a network load balancer takes."""
    if len(actions) != 1:
        raise refused("A listener must have exactly one default action")
    action = actions[0]
    if action.get("Type") != "forward":
        raise AwsError("InvalidLoadBalancerAction", "A network load balancer's action must be of the type 'forward'")
    refuse_members(action, ("Type", "TargetGroupArn", "ForwardConfig", "Order"), "DefaultActions")
    config = action.get("ForwardConfig") or {}
    refuse_members(config, ("TargetGroups", "TargetGroupStickinessConfig"), "DefaultActions.ForwardConfig")
    if (config.get("TargetGroupStickinessConfig") or {}).get("Enabled"):
        raise unbuilt("TargetGroupStickinessConfig.Enabled=true")
    named = [one.get("TargetGroupArn") for one in config.get("TargetGroups") or ()]
    if len(named) > 1:
        raise unbuilt("A listener that forwards to more than one target group")
    arns = dict.fromkeys(arn for arn in (action.get("TargetGroupArn"), *named) if arn)
    if not arns:
        raise refused("A target group ARN must be specified")
    if len(arns) > 1:
        raise refused("The target group ARN and that of the forward configuration differ")
    return need(tx, TargetGroup, next(iter(arns)))


def _check(tx: Tx, balancer: LoadBalancer, listener: Listener) -> None:
    """Port, protocol, network, and that a target group serves one load balancer."""
    for other in tx.by(Listener, "balancer", balancer.id):
        if other.id != listener.id and other.port == listener.port:
            raise AwsError("DuplicateListener", "A listener already exists on this port for this load balancer")
    group = tx.get(TargetGroup, listener.group)
    assert group is not None, listener
    if group.protocol not in GROUPS_OF[listener.protocol]:
        raise AwsError(
            "IncompatibleProtocols",
            f"The listener and its associated target group '{group.arn}' have incompatible protocols: "
            f"'{listener.protocol}' and '{group.protocol}'",
        )
    if group.vpc != balancer.vpc:
        raise unfit(f"The target group '{group.arn}' is not in the VPC of the load balancer")
    user = balancer_of(tx, group)
    if user is not None and user.id != balancer.id:
        raise AwsError(
            "TargetGroupAssociationLimit",
            f"The following target groups cannot be associated with more than one load balancer: {group.arn}",
        )


@operation("DescribeListeners", "LoadBalancerArn ListenerArns Marker PageSize", service="elbv2")
def describe_listeners(tx: Tx, request: Request) -> Response:
    """Those of one load balancer, or those that are named."""
    if request.get("ListenerArns"):
        if request.get("LoadBalancerArn"):
            raise refused("Listener ARNs and a load balancer ARN cannot be specified at the same time")
        found = [need(tx, Listener, arn) for arn in dict.fromkeys(request["ListenerArns"])]
    elif request.get("LoadBalancerArn"):
        found = tx.by(Listener, "balancer", need(tx, LoadBalancer, request["LoadBalancerArn"]).id)
    else:
        raise refused("You must specify either listener ARNs or a load balancer ARN")
    some, more = page(found, request)
    return {"Listeners": [shown(tx, one) for one in some], **more}


@operation("ModifyListener", "ListenerArn Port Protocol DefaultActions", service="elbv2")
def modify_listener(tx: Tx, request: Request) -> Response:
    """What is not named stays."""
    before = need(tx, Listener, request["ListenerArn"])
    balancer = tx.get(LoadBalancer, before.balancer)
    if balancer is None:
        raise missing(LoadBalancer)
    listener = before
    if request.get("Port") is not None:
        listener = replace(listener, port=check_number(QUERY, "port", request["Port"], 1, 65535))
    if request.get("Protocol"):
        listener = replace(listener, protocol=_protocol(request["Protocol"]))
    if request.get("DefaultActions"):
        listener = replace(listener, group=_forwards_to(tx, request["DefaultActions"]).id)
    _check(tx, balancer, listener)
    tx.put(listener)
    return {"Listeners": [shown(tx, listener)]}


@operation("DeleteListener", "ListenerArn", service="elbv2")
def delete_listener(tx: Tx, request: Request) -> Response:
    """Its target group stays."""
    tx.delete(need(tx, Listener, request["ListenerArn"]))
    return {}


@operation("DescribeListenerCertificates", "ListenerArn Marker PageSize", service="elbv2")
def describe_listener_certificates(tx: Tx, request: Request) -> Response:
    """Listeners of TCP and UDP have none."""
    need(tx, Listener, request["ListenerArn"])
    return {"Certificates": []}


@operation("DescribeRules", "ListenerArn RuleArns Marker PageSize", service="elbv2")
def describe_rules(tx: Tx, request: Request) -> Response:
    """Rules are of application load balancers, of which there is none; what AWS shows of others is not known here."""
    if request.get("RuleArns"):
        raise AwsError("RuleNotFound", "One or more rules not found")
    if not request.get("ListenerArn"):
        raise refused("You must specify either listener rule ARNs or a listener ARN")
    need(tx, Listener, request["ListenerArn"])
    raise unbuilt("DescribeRules of a network load balancer's listener (DescribeListeners has its action)")


def shown(tx: Tx, listener: Listener) -> dict[str, Any]:
    """A Listener of the API."""
    group, balancer = tx.get(TargetGroup, listener.group), tx.get(LoadBalancer, listener.balancer)
    assert group is not None, listener
    assert balancer is not None, listener
    forward = {
        "TargetGroups": [{"TargetGroupArn": group.arn, "Weight": 1}],
        "TargetGroupStickinessConfig": {"Enabled": False},
    }
    return {
        "ListenerArn": listener.arn,
        "LoadBalancerArn": balancer.arn,
        "Port": listener.port,
        "Protocol": listener.protocol,
        "DefaultActions": [
            {"Type": "forward", "TargetGroupArn": group.arn, "Order": 1, "ForwardConfig": forward},
        ],
    }
