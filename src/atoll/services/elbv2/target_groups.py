"""Target groups of network load balancers: create, describe, modify, delete; and how their targets are checked."""

import re
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from atoll.model.balancing import balancer_of
from atoll.model.kinds import Listener, LoadBalancer, Target, TargetGroup, Vpc
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.constraints import QUERY, check_choice, check_number
from atoll.services.ec2.checks import refuse_members, unbuilt
from atoll.services.elbv2.common import check_name, need, need_named, new_id, page, refused, tags_with, unfit
from atoll.services.registry import Request, Response, operation

PROTOCOLS = ("TCP", "UDP", "TCP_UDP")
ALL_PROTOCOLS = ("HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "GENEVE", "QUIC", "TCP_QUIC")
CHECK_PROTOCOLS = ("TCP", "HTTP", "HTTPS")
TARGET_TYPES = ("instance", "ip", "lambda", "alb")
TIMEOUTS = {"TCP": 10, "HTTPS": 10, "HTTP": 6}
"""Seconds, by the protocol of the check (fact 177)."""

PATH = re.compile(r"/[\x21-\x7e]*")
CODES = re.compile(r"\d{3}(-\d{3})?(,\d{3}(-\d{3})?)*", re.ASCII)

CHECKING = (
    "HealthCheckProtocol HealthCheckPort HealthCheckPath HealthCheckEnabled HealthCheckIntervalSeconds "
    "HealthCheckTimeoutSeconds HealthyThresholdCount UnhealthyThresholdCount Matcher"
)


@operation("CreateTargetGroup", f"Name Protocol Port VpcId TargetType Tags IpAddressType {CHECKING}", service="elbv2")
def create_target_group(tx: Tx, request: Request) -> Response:
    """Of instances or of addresses. The same again is the one that there is."""
    name = check_name("Target group", request["Name"])
    target_type = check_choice(QUERY, "targetType", request.get("TargetType") or "instance", TARGET_TYPES)
    if target_type not in ("instance", "ip"):
        raise unbuilt(f"A target group of the type {target_type}")
    if (request.get("IpAddressType") or "ipv4") != "ipv4":
        raise unbuilt(f"IpAddressType={request['IpAddressType']}")
    protocol, port = request.get("Protocol"), request.get("Port")
    if not protocol:
        raise refused("A protocol must be specified")
    if check_choice(QUERY, "protocol", protocol, ALL_PROTOCOLS) not in PROTOCOLS:
        raise unbuilt(f"A target group of the protocol {protocol} (network load balancers: {', '.join(PROTOCOLS)})")
    if port is None:
        raise refused("A port must be specified")
    if not request.get("VpcId"):
        raise refused("A VPC ID must be specified")
    if tx.own(Vpc, request["VpcId"]) is None:
        raise refused(f"The VPC ID '{request['VpcId']}' is not found")
    group = TargetGroup(
        home=tx.home,
        id=new_id(tx),
        name=name,
        protocol=protocol,
        port=check_number(QUERY, "port", port, 1, 65535),
        vpc=request["VpcId"],
        target_type=target_type,
        tags=tags_with((), request.get("Tags") or ()),
    )
    group = checked(group, request)
    known = tx.only(TargetGroup, "name_in", f"{tx.home}/{name}")
    if known is not None:
        return {"TargetGroups": [shown(tx, _same(known, group))]}
    if tx.count(TargetGroup, "home", tx.home) >= tx.limit("target-groups-per-region"):
        raise AwsError("TooManyTargetGroups", "The maximum number of target groups has been reached")
    tx.put(group)
    return {"TargetGroups": [shown(tx, group)]}


def _same(known: TargetGroup, asked: TargetGroup) -> TargetGroup:
    """The same call again is answered with what there is; text: fortinet/fortigate-terraform-deploy issue 21."""
    if replace(asked, id=known.id, tags=known.tags, attributes=known.attributes) != known:
        raise AwsError(
            "DuplicateTargetGroupName",
            f"A target group with the same name '{known.name}' exists, but with different settings",
        )
    return known


def checked(group: TargetGroup, request: Request) -> TargetGroup:
    """The group with the health checks that the request asks for (fact 177); what it does not name stays."""
    if request.get("HealthCheckEnabled") is False:
        raise refused("Health check enabled must be true for target groups with target type 'instance' or 'ip'")
    protocol = request.get("HealthCheckProtocol") or group.check_protocol
    if check_choice(QUERY, "healthCheckProtocol", protocol, ALL_PROTOCOLS) not in CHECK_PROTOCOLS:
        raise refused(f"Health check protocol '{protocol}' must be one of '{', '.join(CHECK_PROTOCOLS)}'")
    another = protocol != group.check_protocol
    interval = check_number(
        QUERY, "healthCheckIntervalSeconds", request.get("HealthCheckIntervalSeconds", group.interval), 5, 300
    )
    given = request.get("HealthCheckTimeoutSeconds")
    usual = TIMEOUTS[protocol] if another else group.timeout
    timeout = check_number(QUERY, "healthCheckTimeoutSeconds", min(usual, interval) if given is None else given, 2, 120)
    if timeout > interval:
        raise refused("Health check interval must be greater than the timeout.")
    return replace(
        group,
        check_protocol=protocol,
        check_port=_check_port(request.get("HealthCheckPort") or group.check_port),
        **_http(group, request, protocol, another=another),
        interval=interval,
        timeout=timeout,
        healthy_threshold=check_number(
            QUERY, "healthyThresholdCount", request.get("HealthyThresholdCount", group.healthy_threshold), 2, 10
        ),
        unhealthy_threshold=check_number(
            QUERY, "unhealthyThresholdCount", request.get("UnhealthyThresholdCount", group.unhealthy_threshold), 2, 10
        ),
    )


def _check_port(given: str) -> str:
    if given != "traffic-port" and not (given.isascii() and given.isdecimal() and 1 <= int(given[:6]) <= 65535):
        raise refused(f"Health check port '{given}' must be 'traffic-port' or a number from 1 to 65535")
    return given


def _http(group: TargetGroup, request: Request, protocol: str, *, another: bool) -> dict[str, str]:
    """Path and matcher, which TCP checks do not have."""
    path, matcher = request.get("HealthCheckPath"), request.get("Matcher")
    if protocol == "TCP":
        if path:
            raise unfit("You cannot specify a health check path for TCP health checks")
        if matcher:
            raise unfit("You cannot specify a matcher for TCP health checks")
        return {"check_path": "", "check_codes": ""}
    refuse_members(matcher or {}, ("HttpCode",), "Matcher")
    codes = (matcher or {}).get("HttpCode") or ("" if another else group.check_codes) or "200-399"
    path = path or ("" if another else group.check_path) or "/"
    if not PATH.fullmatch(path) or len(path) > 1024:
        raise refused(f"Health check path '{path[:100]}' must begin with a '/' character and have at most 1024")
    if not CODES.fullmatch(codes) or not all(200 <= int(one) <= 599 for one in re.findall(r"\d{3}", codes)):
        raise refused("Health check matcher HTTP codes must be between 200 and 599")
    return {"check_path": path, "check_codes": codes}


@operation("DescribeTargetGroups", "LoadBalancerArn TargetGroupArns Names Marker PageSize", service="elbv2")
def describe_target_groups(tx: Tx, request: Request) -> Response:
    """All of them, those that are named, or those of one load balancer."""
    named = [key for key in ("LoadBalancerArn", "TargetGroupArns", "Names") if request.get(key)]
    if len(named) > 1:
        raise refused("Target group ARNs, target group names and a load balancer ARN exclude each other")
    if request.get("LoadBalancerArn"):
        balancer = need(tx, LoadBalancer, request["LoadBalancerArn"])
        groups = dict.fromkeys(one.group for one in tx.by(Listener, "balancer", balancer.id))
        found = [group for id_ in groups if (group := tx.get(TargetGroup, id_)) is not None]
    elif request.get("TargetGroupArns"):
        found = [need(tx, TargetGroup, arn) for arn in dict.fromkeys(request["TargetGroupArns"])]
    elif request.get("Names"):
        found = [need_named(tx, TargetGroup, name) for name in dict.fromkeys(request["Names"])]
    else:
        found = tx.mine(TargetGroup)
    some, more = page(found, request)
    return {"TargetGroups": [shown(tx, one) for one in some], **more}


@operation("ModifyTargetGroup", f"TargetGroupArn {CHECKING}", service="elbv2")
def modify_target_group(tx: Tx, request: Request) -> Response:
    """How its targets are checked."""
    group = checked(need(tx, TargetGroup, request["TargetGroupArn"]), request)
    tx.put(group)
    return {"TargetGroups": [shown(tx, group)]}


@operation("DeleteTargetGroup", "TargetGroupArn", service="elbv2")
def delete_target_group(tx: Tx, request: Request) -> Response:
    """With its targets. One that there is not is no error; one that a listener forwards to is in use (fact 170)."""
    try:
        group = need(tx, TargetGroup, request["TargetGroupArn"])
    except AwsError as error:
        if error.code != "TargetGroupNotFound":
            raise
        return {}
    if tx.count(Listener, "group", group.id):
        raise AwsError("ResourceInUse", f"Target group '{group.arn}' is currently in use by a listener or a rule")
    for target in tx.by(Target, "group", group.id):
        tx.delete(target)
    tx.delete(group)
    return {}


def shown(tx: Tx, group: TargetGroup) -> dict[str, Any]:
    """A TargetGroup of the API."""
    balancer = balancer_of(tx, group)
    http: Mapping[str, Any] = {"HealthCheckPath": group.check_path, "Matcher": {"HttpCode": group.check_codes}}
    return {
        "TargetGroupArn": group.arn,
        "TargetGroupName": group.name,
        "Protocol": group.protocol,
        "Port": group.port,
        "VpcId": group.vpc,
        "HealthCheckProtocol": group.check_protocol,
        "HealthCheckPort": group.check_port,
        "HealthCheckEnabled": True,
        "HealthCheckIntervalSeconds": group.interval,
        "HealthCheckTimeoutSeconds": group.timeout,
        "HealthyThresholdCount": group.healthy_threshold,
        "UnhealthyThresholdCount": group.unhealthy_threshold,
        **(http if group.check_protocol != "TCP" else {}),
        "LoadBalancerArns": [balancer.arn] if balancer else [],
        "TargetType": group.target_type,
        "IpAddressType": "ipv4",
    }
