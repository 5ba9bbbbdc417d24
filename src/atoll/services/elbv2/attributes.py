"""Attributes of load balancers, target groups and listeners.

A key that AWS does not know, or not for this type, is refused in the words that Terraform's provider reads: it leaves
such keys out and asks again (hashicorp/terraform-provider-aws, internal/service/elbv2/load_balancer.go,
modifyLoadBalancerAttributes: "attribute key '...' is not recognized" or "... is not supported").
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from atoll.model.balancing import announces_client, cross_zone, defaults, setting, terminates
from atoll.model.kinds import Listener, LoadBalancer, TargetGroup
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.elbv2.common import need, refused, unfit
from atoll.services.registry import Request, Response, operation

Owner = LoadBalancer | TargetGroup | Listener
Check = Callable[[Owner, str], bool]

OF_APPLICATION = frozenset(
    {
        "idle_timeout.timeout_seconds",
        "client_keep_alive.seconds",
        "connection_logs.s3.enabled",
        "connection_logs.s3.bucket",
        "connection_logs.s3.prefix",
        "health_check_logs.s3.enabled",
        "health_check_logs.s3.bucket",
        "health_check_logs.s3.prefix",
        "routing.http.desync_mitigation_mode",
        "routing.http.drop_invalid_header_fields.enabled",
        "routing.http.preserve_host_header.enabled",
        "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
        "routing.http.xff_client_port.enabled",
        "routing.http.xff_header_processing.mode",
        "routing.http2.enabled",
        "waf.fail_open.enabled",
    }
)
"""Keys of application load balancers [BC]."""


def _one_of(*allowed: str) -> Check:
    return lambda _of, value: value in allowed


def _number(least: int, most: int, *words: str) -> Check:
    def check(_of: Owner, value: str) -> bool:
        if value in words:
            return True
        return value.isascii() and value.isdecimal() and len(value) < 10 and least <= int(value) <= most

    return check


_FLAG = _one_of("true", "false")
_ANY: Check = lambda _of, value: len(value) <= 1024  # noqa: E731 - one of a table

CHECKS: Mapping[str, Check] = {
    "deletion_protection.enabled": _FLAG,
    "access_logs.s3.enabled": _FLAG,
    "access_logs.s3.bucket": _ANY,
    "access_logs.s3.prefix": _ANY,
    "ipv6.deny_all_igw_traffic": _FLAG,
    "dns_record.client_routing_policy": _one_of(
        "any_availability_zone", "availability_zone_affinity", "partial_availability_zone_affinity"
    ),
    "zonal_shift.config.enabled": _FLAG,
    "secondary_ips.auto_assigned.per_subnet": _number(0, 7),
    "proxy_protocol_v2.enabled": _FLAG,
    "preserve_client_ip.enabled": _FLAG,
    "stickiness.enabled": _FLAG,
    "stickiness.type": _one_of("source_ip"),
    "deregistration_delay.timeout_seconds": _number(0, 3600),
    "deregistration_delay.connection_termination.enabled": _FLAG,
    "target_group_health.dns_failover.minimum_healthy_targets.count": _number(1, 1000, "off"),
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": _number(1, 100, "off"),
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": _number(1, 1000),
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": _number(1, 100, "off"),
    "target_health_state.unhealthy.connection_termination.enabled": _FLAG,
    "target_health_state.unhealthy.draining_interval_seconds": _number(0, 360_000),
    "tcp.idle_timeout.seconds": _number(60, 6000),
}
"""What AWS takes as a value (table of attribute keys in section 9)."""

LOGS = "there is nowhere to write logs to"
AS_IT_IS: Mapping[str, str] = {
    "access_logs.s3.enabled": LOGS,
    "access_logs.s3.bucket": LOGS,
    "access_logs.s3.prefix": LOGS,
    "ipv6.deny_all_igw_traffic": "its load balancers have no IPv6",
    "dns_record.client_routing_policy": "its names lead to the same zones for everybody",
    "secondary_ips.auto_assigned.per_subnet": "a node has one address",
    "target_health_state.unhealthy.draining_interval_seconds": "connections to unhealthy targets end at once or never",
}
"""Keys whose default alone is built, since no other value would be obeyed yet; and why none would."""

NO_STREAM = (
    "AWS does not say which of a client's datagrams have the header, and the kernel, which passes them on, can put "
    "none before them; such target groups always show targets the client's address"
)

ZONAL_SHIFT = "zonal_shift.config.enabled"

NOUNS = {LoadBalancer: "Load balancer", TargetGroup: "Target group", Listener: "Listener"}


def _cross_zone(of: Owner, value: str) -> bool:
    return value in ("true", "false") or (isinstance(of, TargetGroup) and value == "use_load_balancer_configuration")


def shown(of: Owner) -> list[dict[str, str]]:
    """All of them, those that were never set with their defaults."""
    return [{"Key": key, "Value": value} for key, value in (defaults(of) | dict(of.attributes)).items()]


def modified(of: Owner, given: list[Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    """The attributes after the change."""
    attributes = dict(of.attributes)
    noun = NOUNS[type(of)]
    for one in given:
        key, value = one.get("Key") or "", one.get("Value") or ""
        if key not in defaults(of):
            raise _unknown(of, noun, key)
        check = _cross_zone if key == "load_balancing.cross_zone.enabled" else CHECKS[key]
        if not check(of, value):
            raise refused(f"{noun} attribute value '{value}' for key '{key}' is not valid")
        if key in AS_IT_IS and value != defaults(of)[key]:
            raise AwsError("UnsupportedOperation", f"{key}={value} is not built in Atoll: {AS_IT_IS[key]}")
        attributes[key] = value
    changed = replace(of, attributes=tuple(attributes.items()))
    if isinstance(changed, TargetGroup) and changed.protocol != "TCP":
        _check_datagrams(changed)
    return changed.attributes


def _check_datagrams(changed: TargetGroup) -> None:
    """What a target group that takes datagrams cannot be, or not here."""
    if setting(changed, "preserve_client_ip.enabled") != "true":
        raise unfit("Client IP preservation cannot be disabled for UDP and TCP_UDP target groups")
    if announces_client(changed):
        said = f"proxy_protocol_v2.enabled=true is not built in Atoll for {changed.protocol}: {NO_STREAM}"
        raise AwsError("UnsupportedOperation", said)


def _unknown(of: Owner, noun: str, key: str) -> Exception:
    if isinstance(of, LoadBalancer) and key in OF_APPLICATION:
        return unfit(f"{noun} attribute key '{key}' is not supported on load balancers with type 'network'")
    return refused(f"{noun} attribute key '{key}' is not recognized")


def _check_zonal_shift(tx: Tx, balancer: LoadBalancer) -> None:
    """What its target groups must be for zonal shift where cross-zone is on (ELB:network/enable-zonal-shift)."""
    if setting(balancer, "load_balancing.cross_zone.enabled") != "true":
        return
    names = dict.fromkeys(one.group for one in tx.by(Listener, "balancer", balancer.id))
    for group in filter(None, (tx.get(TargetGroup, name) for name in names)):
        if group.protocol != "TCP" or terminates(group) or not cross_zone(balancer, group):
            raise unfit(
                "Zonal shift cannot be enabled with cross-zone load balancing unless every target group has protocol "
                "TCP or TLS, no connection termination for unhealthy targets, and cross-zone load balancing: "
                f"'{group.arn}'"
            )


def _modify(tx: Tx, of: Owner, request: Request) -> Response:
    changed = replace(of, attributes=modified(of, request["Attributes"]))
    if isinstance(changed, LoadBalancer) and setting(of, ZONAL_SHIFT) != setting(changed, ZONAL_SHIFT) == "true":
        _check_zonal_shift(tx, changed)
    tx.put(changed)
    return {"Attributes": shown(changed)}


@operation("DescribeLoadBalancerAttributes", "LoadBalancerArn", service="elbv2")
def describe_load_balancer_attributes(tx: Tx, request: Request) -> Response:
    """All that a network load balancer has."""
    return {"Attributes": shown(need(tx, LoadBalancer, request["LoadBalancerArn"]))}


@operation("ModifyLoadBalancerAttributes", "LoadBalancerArn Attributes", service="elbv2")
def modify_load_balancer_attributes(tx: Tx, request: Request) -> Response:
    """All or nothing."""
    return _modify(tx, need(tx, LoadBalancer, request["LoadBalancerArn"]), request)


@operation("DescribeTargetGroupAttributes", "TargetGroupArn", service="elbv2")
def describe_target_group_attributes(tx: Tx, request: Request) -> Response:
    """All that a target group of its protocol has."""
    return {"Attributes": shown(need(tx, TargetGroup, request["TargetGroupArn"]))}


@operation("ModifyTargetGroupAttributes", "TargetGroupArn Attributes", service="elbv2")
def modify_target_group_attributes(tx: Tx, request: Request) -> Response:
    """All or nothing."""
    return _modify(tx, need(tx, TargetGroup, request["TargetGroupArn"]), request)


@operation("DescribeListenerAttributes", "ListenerArn", service="elbv2")
def describe_listener_attributes(tx: Tx, request: Request) -> Response:
    """TCP listeners have an idle time-out."""
    return {"Attributes": shown(need(tx, Listener, request["ListenerArn"]))}


@operation("ModifyListenerAttributes", "ListenerArn Attributes", service="elbv2")
def modify_listener_attributes(tx: Tx, request: Request) -> Response:
    """All or nothing."""
    return _modify(tx, need(tx, Listener, request["ListenerArn"]), request)
