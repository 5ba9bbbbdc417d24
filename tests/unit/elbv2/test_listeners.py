"""Listeners and target groups through boto3."""

from typing import Any

import pytest

from atoll.model.tx import Settings
from tests.support.expect import refused
from tests.support.inprocess import InProcess
from tests.unit.elbv2.front import Front


def test_a_target_group_has_aws_defaults(front: Front) -> None:
    arn = front.group()
    (shown,) = front.elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    assert arn.startswith("arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/api/")
    assert shown == {
        "TargetGroupArn": arn,
        "TargetGroupName": "api",
        "Protocol": "TCP",
        "Port": 8080,
        "VpcId": front.lab.vpc,
        "HealthCheckProtocol": "TCP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckEnabled": True,
        "HealthCheckIntervalSeconds": 30,
        "HealthCheckTimeoutSeconds": 10,
        "HealthyThresholdCount": 5,
        "UnhealthyThresholdCount": 2,
        "LoadBalancerArns": [],
        "TargetType": "instance",
        "IpAddressType": "ipv4",
    }


def test_http_checks(front: Front) -> None:
    arn = front.group(HealthCheckProtocol="HTTP", HealthCheckPort="9090", HealthCheckIntervalSeconds=5)
    shown = front.elb.describe_target_groups(Names=["api"])["TargetGroups"][0]
    assert (shown["HealthCheckPath"], shown["Matcher"]) == ("/", {"HttpCode": "200-399"})
    assert (shown["HealthCheckTimeoutSeconds"], shown["HealthCheckPort"]) == (5, "9090")
    modify = front.elb.modify_target_group
    changed = modify(TargetGroupArn=arn, HealthCheckPath="/ok", Matcher={"HttpCode": "200,204"})["TargetGroups"][0]
    assert (changed["HealthCheckPath"], changed["Matcher"]) == ("/ok", {"HttpCode": "200,204"})
    assert changed["HealthCheckIntervalSeconds"] == 5
    back = modify(TargetGroupArn=arn, HealthCheckProtocol="TCP", HealthyThresholdCount=2)["TargetGroups"][0]
    assert "HealthCheckPath" not in back
    assert (back["HealthCheckProtocol"], back["HealthyThresholdCount"]) == ("TCP", 2)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"HealthCheckIntervalSeconds": 4}, "ValidationError"),
        ({"HealthCheckIntervalSeconds": 301}, "ValidationError"),
        ({"HealthCheckTimeoutSeconds": 1}, "ValidationError"),
        ({"HealthCheckTimeoutSeconds": 31}, "ValidationError"),
        ({"HealthyThresholdCount": 1}, "ValidationError"),
        ({"UnhealthyThresholdCount": 11}, "ValidationError"),
        ({"HealthCheckPort": "x"}, "ValidationError"),
        ({"HealthCheckPort": "0"}, "ValidationError"),
        ({"HealthCheckProtocol": "UDP"}, "ValidationError"),
        ({"HealthCheckEnabled": False}, "ValidationError"),
        ({"HealthCheckPath": "/"}, "InvalidConfigurationRequest"),
        ({"Matcher": {"HttpCode": "200"}}, "InvalidConfigurationRequest"),
        ({"HealthCheckProtocol": "HTTP", "HealthCheckPath": "x"}, "ValidationError"),
        ({"HealthCheckProtocol": "HTTP", "Matcher": {"HttpCode": "600"}}, "ValidationError"),
        ({"HealthCheckProtocol": "HTTP", "Matcher": {"GrpcCode": "0"}}, "UnsupportedOperation"),
        ({"Port": 0}, "ValidationError"),
        ({"Port": 65536}, "ValidationError"),
        ({"Protocol": "HTTP"}, "UnsupportedOperation"),
        ({"Protocol": "TLS"}, "UnsupportedOperation"),
        ({"Protocol": "x"}, "ValidationError"),
        ({"TargetType": "lambda"}, "UnsupportedOperation"),
        ({"TargetType": "alb"}, "UnsupportedOperation"),
        ({"IpAddressType": "ipv6"}, "UnsupportedOperation"),
        ({"VpcId": "vpc-0123456789abcdef0"}, "ValidationError"),
        ({"VpcId": None}, "ValidationError"),
        ({"Protocol": None}, "ValidationError"),
        ({"Port": None}, "ValidationError"),
        ({"Name": "a b"}, "ValidationError"),
    ],
)
def test_target_groups_that_cannot_be(front: Front, params: dict[str, Any], code: str) -> None:
    asked = {"Name": "api", "Protocol": "TCP", "Port": 80, "VpcId": front.lab.vpc, **params}
    refused(code, front.elb.create_target_group, **{key: value for key, value in asked.items() if value is not None})


def test_the_same_target_group_again(front: Front) -> None:
    arn = front.group()
    assert front.group() == arn
    told = refused(
        "DuplicateTargetGroupName",
        front.elb.create_target_group,
        Name="api",
        Protocol="TCP",
        Port=81,
        VpcId=front.lab.vpc,
    )
    assert told == "A target group with the same name 'api' exists, but with different settings"


def test_describing_target_groups(front: Front) -> None:
    balancer, used = front.create(), front.group("used")
    front.group("free")
    front.listener(balancer, used)
    describe = front.elb.describe_target_groups
    (shown,) = describe(LoadBalancerArn=balancer)["TargetGroups"]
    assert (shown["TargetGroupArn"], shown["LoadBalancerArns"]) == (used, [balancer])
    pages = front.elb.get_paginator("describe_target_groups").paginate(PaginationConfig={"PageSize": 1})
    assert [page["TargetGroups"][0]["TargetGroupName"] for page in pages] == ["used", "free"]
    refused("TargetGroupNotFound", describe, Names=["other"])
    refused("TargetGroupNotFound", describe, TargetGroupArns=[used + "0"])
    refused("ValidationError", describe, Names=["used"], LoadBalancerArn=balancer)


def test_a_listener_forwards_to_a_group(front: Front) -> None:
    balancer, group = front.create(), front.group()
    arn = front.listener(balancer, group)
    assert arn.startswith(balancer.replace(":loadbalancer/", ":listener/") + "/")
    (shown,) = front.elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    assert (shown["Port"], shown["Protocol"], shown["LoadBalancerArn"]) == (80, "TCP", balancer)
    (action,) = shown["DefaultActions"]
    assert (action["Type"], action["TargetGroupArn"]) == ("forward", group)
    assert action["ForwardConfig"]["TargetGroups"] == [{"TargetGroupArn": group, "Weight": 1}]
    other = front.group("other")
    forward = [{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": other}]}}]
    changed = front.elb.modify_listener(ListenerArn=arn, Port=81, DefaultActions=forward)["Listeners"][0]
    assert (changed["Port"], changed["DefaultActions"][0]["TargetGroupArn"]) == (81, other)
    assert front.elb.describe_listener_certificates(ListenerArn=arn)["Certificates"] == []
    refused("UnsupportedOperation", front.elb.describe_rules, ListenerArn=arn)
    front.elb.delete_target_group(TargetGroupArn=group)
    front.elb.delete_listener(ListenerArn=arn)
    assert front.elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"] == []
    refused("ListenerNotFound", front.elb.delete_listener, ListenerArn=arn)
    refused("ListenerNotFound", front.elb.modify_listener, ListenerArn=arn, Port=1)
    refused("ValidationError", front.elb.describe_listeners)
    refused("ValidationError", front.elb.describe_rules)
    refused("RuleNotFound", front.elb.describe_rules, RuleArns=["x"])


def test_one_listener_a_port_whatever_the_protocol(front: Front) -> None:
    balancer, group = front.create(), front.group(Protocol="TCP_UDP")
    arn = front.listener(balancer, group, 53)
    assert front.listener(balancer, group, 53) == arn
    actions = [{"Type": "forward", "TargetGroupArn": group}]
    told = refused(
        "DuplicateListener",
        front.elb.create_listener,
        LoadBalancerArn=balancer,
        Port=53,
        Protocol="UDP",
        DefaultActions=actions,
    )
    assert told == "A listener already exists on this port for this load balancer"
    other = front.listener(balancer, group, 54)
    refused("DuplicateListener", front.elb.modify_listener, ListenerArn=other, Port=53)


@pytest.mark.parametrize(
    ("listener", "group", "fits"),
    [
        ("TCP", "TCP", True),
        ("TCP", "TCP_UDP", True),
        ("TCP", "UDP", False),
        ("UDP", "UDP", True),
        ("UDP", "TCP_UDP", True),
        ("UDP", "TCP", False),
        ("TCP_UDP", "TCP_UDP", True),
        ("TCP_UDP", "TCP", False),
    ],
)
def test_protocols_that_go_together(front: Front, listener: str, group: str, fits: bool) -> None:
    balancer, to = front.create(), front.group(Protocol=group)
    if fits:
        front.listener(balancer, to, protocol=listener)
        return
    actions = [{"Type": "forward", "TargetGroupArn": to}]
    create = front.elb.create_listener
    told = refused(
        "IncompatibleProtocols", create, LoadBalancerArn=balancer, Port=1, Protocol=listener, DefaultActions=actions
    )
    assert told.endswith(f"have incompatible protocols: '{listener}' and '{group}'")


def test_listeners_that_cannot_be(front: Front) -> None:
    balancer, group = front.create(), front.group()
    forward = {"Type": "forward", "TargetGroupArn": group}

    def create(actions: list[dict[str, Any]] | None = None, **params: Any) -> Any:
        asked = {"LoadBalancerArn": balancer, "Protocol": "TCP", "Port": 80, "DefaultActions": actions or [forward]}
        return front.elb.create_listener(**{k: v for k, v in (asked | params).items() if v is not None})

    assert "must be one of 'UDP, TCP, TLS, TCP_UDP'" in refused("ValidationError", create, Protocol="HTTP")
    assert "protocol TLS" in refused("UnsupportedOperation", create, Protocol="TLS")
    refused("UnsupportedOperation", create, Certificates=[{"CertificateArn": "x"}])
    for params in ({"Port": 0}, {"Port": None}, {"Protocol": None}, {"Protocol": "x"}):
        refused("ValidationError", create, **params)
    refused("ValidationError", create, actions=[forward, forward])
    refused("ValidationError", create, actions=[{"Type": "forward"}])
    refused(
        "InvalidLoadBalancerAction",
        create,
        actions=[{"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301"}}],
    )
    refused("TargetGroupNotFound", create, actions=[{"Type": "forward", "TargetGroupArn": group + "0"}])
    refused("LoadBalancerNotFound", create, LoadBalancerArn=balancer + "0")
    two = {"TargetGroups": [{"TargetGroupArn": group}, {"TargetGroupArn": front.group("two")}]}
    refused("UnsupportedOperation", create, actions=[{"Type": "forward", "ForwardConfig": two}])
    differs = {"TargetGroups": [{"TargetGroupArn": front.group("two")}]}
    refused("ValidationError", create, actions=[{**forward, "ForwardConfig": differs}])
    sticky = {"TargetGroups": [{"TargetGroupArn": group}], "TargetGroupStickinessConfig": {"Enabled": True}}
    refused("UnsupportedOperation", create, actions=[{"Type": "forward", "ForwardConfig": sticky}])
    front.listener(balancer, group)
    other = front.create("other")
    told = refused("TargetGroupAssociationLimit", create, LoadBalancerArn=other)
    assert told.endswith(f"cannot be associated with more than one load balancer: {group}")
    far = front.ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    elsewhere = front.group("far", VpcId=far)
    refused("InvalidConfigurationRequest", create, actions=[{"Type": "forward", "TargetGroupArn": elsewhere}], Port=82)


def test_quotas() -> None:
    limits = {"listeners-per-network-load-balancer": 1, "target-groups-per-region": 1, "targets-per-target-group": 1}
    few = Front(InProcess(settings=Settings(limits=limits, default_vpc=False)))
    balancer, group = few.create(), few.group()
    few.listener(balancer, group)
    actions = [{"Type": "forward", "TargetGroupArn": group}]
    create = few.elb.create_listener
    refused("TooManyListeners", create, LoadBalancerArn=balancer, Port=81, Protocol="TCP", DefaultActions=actions)
    refused("TooManyTargetGroups", few.elb.create_target_group, Name="b", Protocol="TCP", Port=1, VpcId=few.lab.vpc)
    targets = [{"Id": few.lab.launch()}, {"Id": few.lab.launch()}]
    refused("TooManyTargets", few.elb.register_targets, TargetGroupArn=group, Targets=targets)
    assert few.health(group) == []


def attributes(found: dict[str, Any]) -> dict[str, str]:
    return {one["Key"]: one["Value"] for one in found["Attributes"]}


def test_attributes_have_aws_defaults_and_change(front: Front) -> None:
    balancer, group = front.create(), front.group()
    listener = front.listener(balancer, group)
    shown = attributes(front.elb.describe_load_balancer_attributes(LoadBalancerArn=balancer))
    assert shown["load_balancing.cross_zone.enabled"] == "false"
    assert shown["deletion_protection.enabled"] == "false"
    assert shown["dns_record.client_routing_policy"] == "any_availability_zone"
    changed = front.elb.modify_load_balancer_attributes(
        LoadBalancerArn=balancer, Attributes=[{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]
    )
    assert attributes(changed) == shown | {"load_balancing.cross_zone.enabled": "true"}
    shown = attributes(front.elb.describe_target_group_attributes(TargetGroupArn=group))
    assert shown["preserve_client_ip.enabled"] == "true"
    assert shown["deregistration_delay.timeout_seconds"] == "300"
    assert shown["deregistration_delay.connection_termination.enabled"] == "false"
    assert shown["load_balancing.cross_zone.enabled"] == "use_load_balancer_configuration"
    assert shown["target_health_state.unhealthy.connection_termination.enabled"] == "true"
    changed = front.elb.modify_target_group_attributes(
        TargetGroupArn=group, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "0"}]
    )
    assert attributes(changed) == shown | {"deregistration_delay.timeout_seconds": "0"}
    shown = attributes(front.elb.describe_listener_attributes(ListenerArn=listener))
    assert shown == {"tcp.idle_timeout.seconds": "350"}
    same = [{"Key": "tcp.idle_timeout.seconds", "Value": "350"}]
    assert attributes(front.elb.modify_listener_attributes(ListenerArn=listener, Attributes=same)) == shown
    of_ip = front.group("ip", TargetType="ip")
    assert (
        attributes(front.elb.describe_target_group_attributes(TargetGroupArn=of_ip))["preserve_client_ip.enabled"]
        == "false"
    )
    datagrams = front.group("udp", Protocol="UDP", TargetType="ip")
    shown = attributes(front.elb.describe_target_group_attributes(TargetGroupArn=datagrams))
    assert shown["preserve_client_ip.enabled"] == "true"
    assert shown["deregistration_delay.connection_termination.enabled"] == "true"
    assert "target_health_state.unhealthy.connection_termination.enabled" not in shown
    off = [{"Key": "preserve_client_ip.enabled", "Value": "false"}]
    refused(
        "InvalidConfigurationRequest",
        front.elb.modify_target_group_attributes,
        TargetGroupArn=datagrams,
        Attributes=off,
    )
    of_udp = front.listener(balancer, datagrams, 53, "UDP")
    assert front.elb.describe_listener_attributes(ListenerArn=of_udp)["Attributes"] == []


def test_keys_and_values_that_are_refused(front: Front) -> None:
    balancer, group = front.create(), front.group()
    listener = front.listener(balancer, group)

    def of(kind: str, arn: str) -> Any:
        operation = getattr(front.elb, f"modify_{kind}_attributes")
        name = "".join(word.capitalize() for word in kind.split("_")) + "Arn"
        return lambda key, value: operation(**{name: arn}, Attributes=[{"Key": key, "Value": value}])

    of_balancer, of_group, of_listener = (
        of(kind, arn) for kind, arn in (("load_balancer", balancer), ("target_group", group), ("listener", listener))
    )
    told = refused("InvalidConfigurationRequest", of_balancer, key="idle_timeout.timeout_seconds", value="60")
    assert "attribute key 'idle_timeout.timeout_seconds' is not supported on load balancers with type 'network'" in told
    told = refused("ValidationError", of_balancer, key="x.y", value="1")
    assert told == "Load balancer attribute key 'x.y' is not recognized"
    assert "is not recognized" in refused("ValidationError", of_group, key="slow_start.duration_seconds", value="0")
    assert "is not recognized" in refused("ValidationError", of_listener, key="routing.http.x", value="0")
    refused("ValidationError", of_balancer, key="load_balancing.cross_zone.enabled", value="maybe")
    refused(
        "ValidationError", of_balancer, key="load_balancing.cross_zone.enabled", value="use_load_balancer_configuration"
    )
    refused("ValidationError", of_group, key="deregistration_delay.timeout_seconds", value="3601")
    refused("ValidationError", of_listener, key="tcp.idle_timeout.seconds", value="59")
    refused("ValidationError", of_group, key="stickiness.type", value="lb_cookie")
    for owner, key, value, why in (
        (of_balancer, "access_logs.s3.enabled", "true", "there is nowhere to write logs to"),
        (of_balancer, "dns_record.client_routing_policy", "availability_zone_affinity", "for everybody"),
    ):
        told = refused("UnsupportedOperation", owner, key=key, value=value)
        assert told.startswith(f"{key}={value} is not built in Atoll: ")
        assert why in told
    for protocol in ("UDP", "TCP_UDP"):
        of_datagrams = of("target_group", front.group(protocol.replace("_", "-"), Protocol=protocol, Port=53))
        told = refused("UnsupportedOperation", of_datagrams, key="proxy_protocol_v2.enabled", value="true")
        assert told.startswith(f"proxy_protocol_v2.enabled=true is not built in Atoll for {protocol}: ")
        of_datagrams("proxy_protocol_v2.enabled", "false")  # as clients say by habit
    of_group("proxy_protocol_v2.enabled", "true")
    before = front.elb.describe_load_balancer_attributes(LoadBalancerArn=balancer)["Attributes"]
    both = [{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}, {"Key": "x.y", "Value": "1"}]
    refused("ValidationError", front.elb.modify_load_balancer_attributes, LoadBalancerArn=balancer, Attributes=both)
    assert front.elb.describe_load_balancer_attributes(LoadBalancerArn=balancer)["Attributes"] == before
