"""Targets through boto3: register, deregister, their health, and what the plan makes of them."""

import pytest

from atoll.compile import compiler
from atoll.packet import TCP, UDP
from atoll.plan.rows import Backend, Frontend, Name, Node, NodeKind, Port, Probe
from atoll.plan.services import METADATA
from atoll.records import Table
from atoll.services.elbv2.target_health import on_health, on_heard
from tests.support.expect import refused
from tests.support.lab import look
from tests.unit.elbv2.front import Front


def report(front: Front, group: str, target: str, health: str, reason: str = "", description: str = "") -> None:
    """What the target's checks have come to."""
    tx = front.cloud.draft()
    on_health(tx, (group.rpartition("/")[2], target, "8080"), health, reason, description)
    front.cloud.commit(tx.delta())


def plan(front: Front) -> Table:
    """The rows that everything compiles to."""
    table = front.cloud.table
    delta = compiler().propose(table, {key: (None, one) for key, one in table.records.items()}).delta
    return Table(new for _, new in delta.values() if new is not None)


def served(front: Front) -> tuple[str, str, dict[str, str]]:
    """A load balancer over both zones, its group, and a server a zone: name -> instance."""
    balancer = front.active(Subnets=[front.lab.subnet, front.lab.other_zone])
    group = front.group()
    front.listener(balancer, group)
    servers = {"a": front.lab.launch(), "b": front.lab.launch(SubnetId=front.lab.other_zone)}
    front.register(group, *servers.values())
    return balancer, group, servers


def sent_to(front: Front, servers: dict[str, str]) -> dict[str, str]:
    """Zone -> the servers to which its node sends, as letters; cut ones with a dash."""
    rows = plan(front)
    address = {front.lab.instance(id_)["PrivateIpAddress"]: name for name, id_ in servers.items()}
    found = {}
    for node in rows.all(Node):
        if node.kind is NodeKind.BALANCER:
            (frontend,) = rows.by(Frontend, "node", node.id)
            backends = [one for one in rows.by(Backend, "frontend", frontend.id) if one.eligible or one.cut]
            backends.sort(key=lambda one: address[one.address])
            found[node.site[-1]] = "".join(("-" if one.cut else "") + address[one.address] for one in backends)
    return found


def test_registered_healthy_and_gone(front: Front) -> None:
    group, instance = front.group(), front.lab.launch()
    front.register(group, instance)
    front.register(group, instance)
    assert front.health(group) == [(instance, "unused", "Target.NotInUse")]
    balancer = front.active()
    front.listener(balancer, group)
    assert front.health(group) == [(instance, "initial", "Elb.RegistrationInProgress")]
    report(front, group, instance, "healthy")
    (shown,) = front.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    assert shown == {
        "Target": {"Id": instance, "Port": 8080},
        "HealthCheckPort": "8080",
        "TargetHealth": {"State": "healthy"},
        "AdministrativeOverride": {
            "State": "no_override",
            "Reason": "AdministrativeOverride.NoOverride",
            "Description": "No override is currently active on target",
        },
    }
    target = {"TargetGroupArn": group, "Targets": [{"Id": instance}]}
    once = {"MaxAttempts": 1}
    front.elb.get_waiter("target_in_service").wait(**target, WaiterConfig=once)
    front.elb.deregister_targets(**target)
    assert front.health(group) == [(instance, "draining", "Target.DeregistrationInProgress")]
    front.cloud.now += 299
    look(front.cloud)
    assert len(front.health(group)) == 1
    front.cloud.now += 1
    look(front.cloud)
    assert front.health(group) == []
    assert front.health(group, {"Id": instance}) == [(instance, "unused", "Target.NotRegistered")]
    front.elb.get_waiter("target_deregistered").wait(**target, WaiterConfig=once)
    front.elb.deregister_targets(**target)


def test_a_target_is_an_id_and_a_port(front: Front) -> None:
    group, instance = front.group(), front.lab.launch()
    front.register(group, instance)
    front.register(group, instance, Port=9000)
    shown = front.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    assert sorted((one["Target"]["Port"], one["HealthCheckPort"]) for one in shown) == [(8080, "8080"), (9000, "9000")]
    front.elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": instance, "Port": 9000}])
    assert [one[0] for one in front.health(group)] == [instance]


def test_targets_that_cannot_be(front: Front) -> None:
    group, instance = front.group(), front.lab.launch()
    register = front.elb.register_targets
    refused("InvalidTarget", register, TargetGroupArn=group, Targets=[{"Id": "i-0123456789abcdef0"}])
    refused("ValidationError", register, TargetGroupArn=group, Targets=[])
    refused("ValidationError", register, TargetGroupArn=group, Targets=[{"Id": instance, "Port": 0}])
    refused("UnsupportedOperation", register, TargetGroupArn=group, Targets=[{"Id": instance, "QuicServerId": "0x1"}])
    refused("TargetGroupNotFound", register, TargetGroupArn=group + "0", Targets=[{"Id": instance}])
    front.ec2.stop_instances(InstanceIds=[instance])
    front.lab.settle()
    told = refused("InvalidTarget", register, TargetGroupArn=group, Targets=[{"Id": instance}])
    assert told == f"The following targets are not in a running state and cannot be registered: '{instance}'"
    far = front.ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    running = front.lab.launch()
    refused("InvalidTarget", register, TargetGroupArn=front.group("far", VpcId=far), Targets=[{"Id": running}])


def test_addresses(front: Front) -> None:
    group = front.group(TargetType="ip")
    balancer = front.active()
    front.listener(balancer, group)
    front.register(group, "10.0.1.50")
    node = str(front.enis(balancer)[0]["PrivateIpAddress"])
    front.register(group, node, AvailabilityZone="us-east-1a")
    shown = front.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    assert shown[0]["Target"] == {"Id": "10.0.1.50", "Port": 8080, "AvailabilityZone": "us-east-1a"}
    assert front.health(group) == [
        ("10.0.1.50", "initial", "Elb.RegistrationInProgress"),
        (node, "unused", "Target.IpUnusable"),
    ]
    register = front.elb.register_targets
    told = refused("ValidationError", register, TargetGroupArn=group, Targets=[{"Id": "192.168.0.1"}])
    assert told == "The Availability Zone is required for IP address '192.168.0.1' because it is not in the VPC"
    every = [{"Id": "10.0.1.51", "AvailabilityZone": "all"}]
    assert "cannot have its Availability Zone overridden to 'all' from 'us-east-1a'" in refused(
        "ValidationError", register, TargetGroupArn=group, Targets=every
    )
    outside = [{"Id": "192.168.0.1", "AvailabilityZone": "all"}]
    refused("UnsupportedOperation", register, TargetGroupArn=group, Targets=outside)
    for wrong in ("i-0123456789abcdef0", "10.0.1", "fd00::1"):
        refused("ValidationError", register, TargetGroupArn=group, Targets=[{"Id": wrong}])


@pytest.mark.parametrize("kind", ["instance", "ip"])
def test_a_zone_that_is_not_enabled_gets_nothing_with_cross_zone_either(front: Front, kind: str) -> None:
    """So nobody checks what is there, and it says so instead of waiting for a first check for ever."""
    balancer, group = front.active(), front.group(TargetType=kind)
    front.listener(balancer, group)
    far = front.lab.launch(SubnetId=front.lab.other_zone)
    shown = front.ec2.describe_instances(InstanceIds=[far])["Reservations"][0]["Instances"][0]
    target = far if kind == "instance" else str(shown["PrivateIpAddress"])
    front.register(group, target)
    for value in ("false", "true"):
        cross = [{"Key": "load_balancing.cross_zone.enabled", "Value": value}]
        front.elb.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=cross)
        assert front.health(group) == [(target, "unused", "Target.NotInUse")]
    front.elb.set_subnets(LoadBalancerArn=balancer, Subnets=[front.lab.subnet, front.lab.other_zone])
    assert front.health(group) == [(target, "initial", "Elb.RegistrationInProgress")]


def test_a_zone_that_is_removed_ends_connections_to_its_targets_from_other_zones_too(front: Front) -> None:
    balancer, _, servers = served(front)
    cross = [{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]
    front.elb.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=cross)
    assert sent_to(front, servers) == {"a": "ab", "b": "ab"}
    front.elb.set_subnets(LoadBalancerArn=balancer, Subnets=[front.lab.subnet])
    assert sent_to(front, servers) == {"a": "a-b"}


def test_states_that_follow_from_where_it_is(front: Front) -> None:
    _, group, servers = served(front)
    balancer = front.elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    front.elb.set_subnets(LoadBalancerArn=balancer, Subnets=[front.lab.subnet])
    assert front.health(group)[1] == (servers["b"], "unused", "Target.NotInUse")
    front.ec2.stop_instances(InstanceIds=[servers["a"]])
    front.lab.settle()
    assert front.health(group)[0] == (servers["a"], "unused", "Target.InvalidState")
    front.ec2.terminate_instances(InstanceIds=[servers["a"]])
    front.lab.settle()
    assert front.health(group) == [(servers["b"], "unused", "Target.NotInUse")]


def test_a_node_sends_to_its_own_zone_unless_cross_zone_is_on(front: Front) -> None:
    balancer, group, servers = served(front)
    for one in servers.values():
        report(front, group, one, "healthy")
    assert sent_to(front, servers) == {"a": "a", "b": "b"}
    on, off = ([{"Key": "load_balancing.cross_zone.enabled", "Value": value}] for value in ("true", "false"))
    front.elb.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=on)
    assert sent_to(front, servers) == {"a": "ab", "b": "ab"}
    front.elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=off)
    assert sent_to(front, servers) == {"a": "a", "b": "b"}


def test_health_decides_and_too_few_healthy_ones_fail_open(front: Front) -> None:
    balancer, group, servers = served(front)
    on = [{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]
    front.elb.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=on)
    assert sent_to(front, servers) == {"a": "ab", "b": "ab"}, "none is healthy yet: all of them"
    report(front, group, servers["a"], "healthy")
    assert sent_to(front, servers) == {"a": "a", "b": "a"}
    report(front, group, servers["b"], "unhealthy", "Target.FailedHealthChecks", "Health checks failed")
    assert front.health(group)[1] == (servers["b"], "unhealthy", "Target.FailedHealthChecks")
    assert sent_to(front, servers) == {"a": "a-b", "b": "a-b"}
    keep = [{"Key": "target_health_state.unhealthy.connection_termination.enabled", "Value": "false"}]
    front.elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=keep)
    assert sent_to(front, servers) == {"a": "a", "b": "a"}
    more = [{"Key": "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "Value": "2"}]
    front.elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=more)
    assert sent_to(front, servers) == {"a": "ab", "b": "ab"}


def test_what_drains_or_stops_gets_nothing_new(front: Front) -> None:
    _, group, servers = served(front)
    ends = [
        {"Key": "load_balancing.cross_zone.enabled", "Value": "true"},
        {"Key": "deregistration_delay.timeout_seconds", "Value": "10"},
        {"Key": "deregistration_delay.connection_termination.enabled", "Value": "true"},
    ]
    front.elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=ends)
    front.elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": servers["a"]}])
    assert sent_to(front, servers) == {"a": "b", "b": "b"}
    front.cloud.now += 10
    look(front.cloud)
    assert sent_to(front, servers) == {"a": "-ab", "b": "-ab"}
    look(front.cloud)
    assert sent_to(front, servers) == {"a": "b", "b": "b"}
    front.register(group, servers["a"])
    assert sent_to(front, servers) == {"a": "ab", "b": "ab"}
    front.ec2.stop_instances(InstanceIds=[servers["b"]])
    front.lab.settle()
    assert sent_to(front, servers) == {"a": "a", "b": "a"}


def test_rows_of_the_plan(front: Front) -> None:
    groups = [front.lab.group("lb")]
    balancer = front.create(SecurityGroups=groups)
    group = front.group(Protocol="TCP_UDP")
    front.listener(balancer, group, 53, "TCP_UDP")
    before = plan(front)
    assert [one for one in before.all(Node) if one.kind is NodeKind.BALANCER] == []
    assert list(before.all(Frontend)) == []
    look(front.cloud)
    rows = plan(front)
    (node,) = (one for one in rows.all(Node) if one.kind is NodeKind.BALANCER)
    (port,) = rows.by(Port, "node", node.id)
    assert (port.guard, port.filtered, port.index) == (False, True, 0)
    found = {(one.protocol, one.port, one.keep, one.idle) for one in rows.by(Frontend, "node", node.id)}
    assert found == {(TCP, 53, True, 350), (UDP, 53, True, 120)}
    front.elb.modify_target_group_attributes(
        TargetGroupArn=group, Attributes=[{"Key": "stickiness.enabled", "Value": "true"}]
    )
    assert {one.hash for one in plan(front).all(Frontend)} == {"source"}


def test_a_header_is_asked_for_of_frontends_and_checks(front: Front) -> None:
    """Fact 187."""
    _, group, _ = served(front)
    for value, asked in (("true", {True}), ("false", {False})):
        said = [{"Key": "proxy_protocol_v2.enabled", "Value": value}]
        shown = front.elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=said)["Attributes"]
        assert said[0] in shown
        rows = plan(front)
        assert {one.header for one in rows.all(Frontend)} == asked
        assert {one.header for one in rows.all(Probe) if one.port == 8080} == asked
        assert {one.header for one in rows.all(Probe) if one.port != 8080} == {False}, "a node is no target"


def told(front: Front, balancer: str) -> str:
    """The zones whose addresses the load balancer's name has, as letters."""
    shown = front.shown(balancer)
    public = {eni["Association"]["PublicIp"]: eni["AvailabilityZone"][-1] for eni in front.enis(balancer)}
    return "".join(sorted(public[one.value] for one in plan(front).all(Name) if one.name == shown["DNSName"]))


def test_the_name_leads_to_healthy_zones_and_to_all_of_them_when_none_is(front: Front) -> None:
    balancer, group, servers = served(front)
    assert told(front, balancer) == "ab", "none is healthy yet"
    report(front, group, servers["a"], "healthy")
    assert told(front, balancer) == "a"
    report(front, group, servers["b"], "healthy")
    assert told(front, balancer) == "ab"
    second = front.group("second")
    front.listener(balancer, second, 81)
    front.register(second, servers["a"])
    report(front, second, servers["a"], "healthy")
    assert told(front, balancer) == "a", "any one target group takes a zone out"
    on = [{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]
    front.elb.modify_target_group_attributes(TargetGroupArn=second, Attributes=on)
    assert told(front, balancer) == "ab"
    more = [{"Key": "target_group_health.dns_failover.minimum_healthy_targets.count", "Value": "2"}]
    front.elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=more)
    report(front, group, servers["b"], "unhealthy", "Target.Timeout", "Request timed out")
    assert told(front, balancer) == "ab", "no zone has two: all of them"


def test_a_node_that_is_not_heard_of_leaves_the_name(front: Front) -> None:
    """Whatever its targets do: also where the other node sends to them, which checks of targets would not show."""
    balancer, group, servers = served(front)
    on = [{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]
    front.elb.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=on)
    report(front, group, servers["b"], "healthy")
    id_ = balancer.rpartition("/")[2]

    def heard(zone: str, *, alive: bool) -> str:
        tx = front.cloud.draft()
        on_heard(tx, (id_, f"us-east-1{zone}"), alive=alive)
        front.cloud.commit(tx.delta())
        return told(front, balancer)

    beats = {one.id: one for one in plan(front).all(Probe) if one.address == METADATA.ip}
    assert {name: one.node for name, one in beats.items()} == {
        f"{id_}/us-east-1{letter}": f"elb-{id_}-us-east-1{letter}" for letter in "ab"
    }
    assert told(front, balancer) == "ab"
    assert heard("a", alive=False) == "b"
    assert heard("b", alive=False) == "ab", "neither: all of them"
    assert heard("a", alive=True) == "a"
    assert heard("z", alive=False) == "a", "a node that is gone"
    assert front.shown(balancer)["State"] == {"Code": "active"}, "it is described as before"


def test_zonal_names_and_an_internal_ones_addresses(front: Front) -> None:
    balancer = front.active("Inside", Scheme="internal")
    name = front.shown(balancer)["DNSName"].lower()
    (eni,) = front.enis(balancer)
    found = {one.name: one.value for one in plan(front).all(Name) if name in one.name}
    assert found == {name: eni["PrivateIpAddress"], f"us-east-1a.{name}": eni["PrivateIpAddress"]}
    allocation, ip = front.lab.elastic_ip()
    mapped = front.active("fixed", SubnetMappings=[{"SubnetId": front.lab.subnet, "AllocationId": allocation}])
    fixed = front.shown(mapped)["DNSName"]
    assert [one.value for one in plan(front).all(Name) if one.name == fixed] == [ip]


def test_a_listeners_idle_time(front: Front) -> None:
    balancer, group = front.active(), front.group()
    listener = front.listener(balancer, group)
    sixty = [{"Key": "tcp.idle_timeout.seconds", "Value": "60"}]
    front.elb.modify_listener_attributes(ListenerArn=listener, Attributes=sixty)
    assert [one.idle for one in plan(front).all(Frontend)] == [60]


def test_who_is_checked_and_from_where(front: Front) -> None:
    balancer, group, servers = served(front)
    address = {name: front.lab.instance(id_)["PrivateIpAddress"] for name, id_ in servers.items()}

    def checked() -> dict[str, str]:
        """Address -> the zones whose nodes check it, as letters."""
        found = dict[str, str]()
        for one in sorted(plan(front).all(Probe), key=lambda one: one.node):
            if one.address != METADATA.ip:
                found[one.address] = found.get(one.address, "") + one.node[-1]
                assert one.id.endswith(f"/us-east-1{one.node[-1]}")
        return found

    assert checked() == {address["a"]: "a", address["b"]: "b"}, "each by the node that may send to it"
    on, off = ([{"Key": "load_balancing.cross_zone.enabled", "Value": value}] for value in ("true", "false"))
    front.elb.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=on)
    assert checked() == {address["a"]: "ab", address["b"]: "ab"}, "by every node that may"
    front.elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=off)
    assert checked() == {address["a"]: "a", address["b"]: "b"}
    front.elb.set_subnets(LoadBalancerArn=balancer, Subnets=[front.lab.subnet])
    assert checked() == {address["a"]: "a"}
    front.elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": servers["a"]}])
    assert checked() == {}
    front.register(group, servers["a"])
    changed = {"HealthCheckProtocol": "HTTP", "HealthCheckPath": "/ok", "HealthCheckPort": "81"}
    front.elb.modify_target_group(TargetGroupArn=group, HealthCheckIntervalSeconds=5, **changed)
    (probe,) = (one for one in plan(front).all(Probe) if one.address != METADATA.ip)
    assert (probe.protocol, probe.path, probe.port, probe.codes) == ("http", "/ok", 81, "200-399")
    assert (probe.interval, probe.timeout, probe.healthy, probe.unhealthy) == (5, 5, 5, 2)
    front.ec2.stop_instances(InstanceIds=[servers["a"]])
    front.lab.settle()
    assert checked() == {}
