"""What would be when a zone is down or an instance is stopped: health finds out, and intents are proved on that."""

from typing import Any

import pytest

from atoll.analyze.history import probe
from atoll.compile.internet import host_id
from atoll.model.kinds import BalancerZone, Instance, Outage, SecurityGroupRule, Target
from atoll.model.tx import Tx
from atoll.packet import TCP, Flow
from atoll.plan.rows import Backend, Probe, Site
from atoll.records import Table
from atoll.review.hypotheses import hypothesis
from atoll.review.settle import heard, settle
from atoll.review.states import State, compiled
from atoll.review.verify import Result
from atoll.services.elbv2.target_health import on_health
from tests.unit.test_review_balancers import front
from tests.unit.test_review_checks import launch, other_zone
from tests.unit.test_review_intents import judged
from tests.unit.test_review_reaching import Shop, allow, shop
from tests.witness.cloud import HOSTS, SYSTEM

__all__ = ["shop"]

WORLD = [{"CidrIp": "0.0.0.0/0"}]
FIRST, SECOND = "us-east-1a", "us-east-1b"
NAMES = {"lb": {"load-balancer": "front"}, "api-b": {"tag": {"Name": "api-b"}}}
ASKED = {"allow": "internet -> lb:80"}


@pytest.fixture
def two(shop: Shop) -> Shop:
    """A load balancer over two zones with a target in each: db in the first, api-b in the second."""
    front(shop)
    allow(shop.ec2, shop.ids["sg-db"], 8080, IpRanges=WORLD)
    elb = shop.cloud.client("elbv2")
    subnet = other_zone(shop)
    shop.ec2.call("AssociateRouteTable", RouteTableId=shop.ids["rtb"], SubnetId=subnet)
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    elb.set_subnets(LoadBalancerArn=balancer["LoadBalancerArn"], Subnets=[shop.ids["subnet-web"], subnet])
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "api-b"}]}]
    interface = launch(shop, subnet, shop.ids["sg-db"], TagSpecifications=tags)
    (held,) = shop.ec2.call("DescribeNetworkInterfaces", NetworkInterfaceIds=[interface])["NetworkInterfaces"]
    shop.ids.update({"subnet-b": subnet, "api-b": held["Attachment"]["InstanceId"], "eni-b": interface})
    register(shop, shop.ids["api-b"])
    return shop


def register(shop: Shop, instance: str) -> None:
    elb = shop.cloud.client("elbv2")
    (group,) = elb.describe_target_groups()["TargetGroups"]
    elb.register_targets(TargetGroupArn=group["TargetGroupArn"], Targets=[{"Id": instance}])


def fail(shop: Shop, target: Target) -> None:
    """Its checks fail."""
    said = ("unhealthy", "Target.Timeout", "Request timed out")
    shop.cloud._write(SYSTEM, lambda tx: on_health(tx, target.key[1:], *said))


def down(shop: Shop, *zones: str) -> State:
    return settle(shop.cloud.writer.model, hypothesis(list(zones), []).make)


def health(model: Table) -> dict[str, str]:
    return {one.target: one.health for one in model.all(Target)}


def eligible(plan: Table) -> set[tuple[str, str]]:
    return {(row.frontend.split("/")[1], row.origin[1]) for row in plan.all(Backend) if row.eligible}


def supposing(shop: Shop, case: dict[str, Any], *expect: dict[str, str]) -> list[Result]:
    return judged(shop, ASKED, names=NAMES, when=[{**case, "expect": list(expect)}])[1:]


def test_a_plan_is_what_the_running_compiler_has_made(two: Shop) -> None:
    assert dict(compiled(two.cloud.writer.model).plan.records) == dict(two.cloud.plan.records)


def test_when_nothing_changes_only_health_is_found_out(two: Shop) -> None:
    there = settle(two.cloud.writer.model, lambda _: None)
    assert health(there.model) == {two.ids["db"]: "healthy", two.ids["api-b"]: "healthy"}
    assert eligible(there.plan) == {(FIRST, two.ids["db"]), (SECOND, two.ids["api-b"])}


def test_a_zone_that_is_down_takes_its_targets_and_its_node_with_it(two: Shop) -> None:
    before = dict(two.cloud.writer.model.records)
    there = down(two, SECOND)
    assert health(there.model) == {two.ids["db"]: "healthy", two.ids["api-b"]: "unhealthy"}
    assert {one.zone: one.alive for one in there.model.all(BalancerZone)} == {FIRST: True, SECOND: False}
    site = there.plan.get(Site, SECOND)
    assert site is not None
    assert not site.up
    assert dict(two.cloud.writer.model.records) == before  # nobody has made the change


def test_settled_is_what_comes_of_it_when_it_is_made(two: Shop) -> None:
    there = down(two, SECOND)
    cloud = two.cloud

    def make(tx: Tx) -> None:
        for found in (*there.model.all(Outage), *there.model.all(Target), *there.model.all(BalancerZone)):
            tx.put(found)

    cloud._write(SYSTEM, make)
    assert dict(cloud.plan.records) == dict(there.plan.records)
    for check in cloud.plan.all(Probe):  # and nothing would be found out any more
        held = cloud.writer.model.get(Target, *check.id.split("/")[:3]) if check.id.count("/") == 3 else None
        if held is not None:
            assert (held.health == "healthy") == heard(cloud.plan, check)


def test_the_load_balancer_serves_on_when_either_zone_is_down(two: Shop) -> None:
    for zone, name in ((FIRST, FIRST), (SECOND, "use1-az1")):
        (one,) = supposing(two, {"az-down": zone}, ASKED)
        assert (one.holds, one.text) == (True, f"when {zone} is down: allow: internet -> lb:80"), name
        assert (one.case, one.trials) == (f"{zone} is down", [])
    (both,) = supposing(two, {"az-down": [FIRST, SECOND]}, ASKED)
    assert not both.holds
    assert "is down" in " ".join(both.path)


def test_with_targets_in_one_zone_it_does_not(two: Shop) -> None:
    elb = two.cloud.client("elbv2")
    (group,) = elb.describe_target_groups()["TargetGroups"]
    elb.deregister_targets(TargetGroupArn=group["TargetGroupArn"], Targets=[{"Id": two.ids["api-b"]}])
    first, second = (supposing(two, {"az-down": zone}, ASKED)[0].holds for zone in (FIRST, SECOND))
    assert (first, second) == (False, True)


def test_an_instance_that_is_stopped(two: Shop) -> None:
    stopped = {"stopped": {"tag": {"Name": "api-b"}}}
    allowed, lost = supposing(two, stopped, ASKED, {"allow": "db -> api-b:8080"})
    assert allowed.holds  # its zone's node leaves the name
    assert allowed.case == f"{two.ids['api-b']} is stopped"
    assert not lost.holds
    assert f"{two.ids['api-b']} is not powered" in " ".join(lost.blame)
    (by_id,) = supposing(two, {"stopped": two.ids["api-b"]}, {"deny": "db -> api-b"})
    assert by_id.holds
    (both,) = supposing(two, {"stopped": two.ids["api-b"], "az-down": FIRST}, ASKED)
    assert (both.holds, both.case) == (False, f"{FIRST} is down and {two.ids['api-b']} is stopped")


def test_an_instance_that_is_stopped_gives_its_automatic_address_back(shop: Shop) -> None:
    interface = [{"DeviceIndex": 0, "SubnetId": shop.ids["subnet-web"], "AssociatePublicIpAddress": True}]
    launched = shop.ec2.call(
        "RunInstances",
        ImageId="ami-12c6146b",
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        NetworkInterfaces=[interface[0] | {"Groups": [shop.ids["sg-web"]]}],
    )["Instances"][0]
    (held,) = shop.ec2.call("DescribeInstances", InstanceIds=[launched["InstanceId"]])["Reservations"]
    public = held["Instances"][0]["PublicIpAddress"]
    flow = Flow(HOSTS[0], public, TCP, 50000, 80)
    assert probe(shop.cloud.plan, host_id(HOSTS[0]), flow).arrives
    model = shop.cloud.writer.model
    instances = [one for one in model.all(Instance) if one.id == launched["InstanceId"]]
    there = settle(model, hypothesis([], instances).make)
    verdict = probe(there.plan, host_id(HOSTS[0]), flow)
    assert not verdict.arrives
    assert verdict.reason != "no power"  # nobody has the address any more


def test_a_target_whose_software_does_not_answer_stays_unhealthy(two: Shop) -> None:
    fail(two, next(one for one in two.cloud.writer.model.all(Target) if one.target == two.ids["api-b"]))
    assert health(settle(two.cloud.writer.model, lambda _: None).model)[two.ids["api-b"]] == "unhealthy"
    every, some = supposing(two, {"az-down": FIRST}, ASKED, {"allow-some": "internet -> lb:80"})
    assert not every.holds  # no zone is healthy: the name leads to both, and one of them is down
    assert some.holds  # the other's node sends to all that it has
    assert health(down(two, FIRST).model)[two.ids["api-b"]] == "unhealthy"


def test_a_target_whose_checks_would_pass_again_is_healthy_again(two: Shop) -> None:
    model = two.cloud.writer.model
    (rule,) = (one for one in model.all(SecurityGroupRule) if one.low == 8080)
    two.ec2.call("RevokeSecurityGroupIngress", GroupId=two.ids["sg-db"], SecurityGroupRuleIds=[rule.id])
    for target in list(model.all(Target)):
        fail(two, target)
    assert set(health(settle(model, lambda _: None).model).values()) == {"unhealthy"}
    assert set(health(settle(model, lambda draft: draft.put(rule)).model).values()) == {"healthy"}


def test_with_cross_zone_the_nodes_settle_it_together(two: Shop) -> None:
    """A zone that is down takes its own node's voice with it: of the other's target that node finds nothing good."""
    elb = two.cloud.client("elbv2")
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    on = [{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]
    elb.modify_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"], Attributes=on)
    checks = [one.node[-1] for one in two.cloud.plan.all(Probe) if one.id.count("/") == 3]
    assert sorted(checks) == ["a", "a", "b", "b"]
    assert health(settle(two.cloud.writer.model, lambda _: None).model) == dict.fromkeys(
        (two.ids["db"], two.ids["api-b"]), "healthy"
    )
    there = down(two, SECOND)
    assert health(there.model) == {two.ids["db"]: "healthy", two.ids["api-b"]: "unhealthy"}
    assert eligible(there.plan) == {(FIRST, two.ids["db"]), (SECOND, two.ids["db"])}
    shut = next(one for one in two.cloud.writer.model.all(SecurityGroupRule) if one.low == 8080)
    none = settle(two.cloud.writer.model, lambda draft: draft.delete(shut))
    assert set(health(none.model).values()) == {"unhealthy"}


def test_all_that_the_file_expects_is_expected_of_a_case_that_says_nothing_else(two: Shop) -> None:
    now, then = judged(two, ASKED, names=NAMES, when=[{"az-down": FIRST}])
    assert (now.case, then.case) == ("", f"{FIRST} is down")


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ({"az-down": "mars-1a"}, "no availability zone 'mars-1a'"),
        ({"stopped": {"tag": {"Name": "nobody"}}}, "matches no instance"),
        ({"stopped": {"name": "nobody"}}, "no file of intents"),
    ],
)
def test_a_case_that_cannot_be_is_told(shop: Shop, case: dict[str, Any], told: str) -> None:
    with pytest.raises((LookupError, ValueError), match=told):
        judged(shop, {"allow": "internet -> web:80"}, when=[case])
