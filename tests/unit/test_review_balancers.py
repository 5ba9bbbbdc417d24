"""Questions about what stands behind a load balancer: its nodes are asked, and its targets are reached."""

from atoll.review.exposures import exposure
from tests.unit.test_review_intents import holds, judged
from tests.unit.test_review_reaching import Shop, allow, shop

__all__ = ["shop"]

NAMES = {"lb": {"load-balancer": "front"}}


def front(shop: Shop) -> None:
    """A network load balancer in the public subnet before the private server, which listens on 8080."""
    elb = shop.cloud.client("elbv2")
    made = elb.create_load_balancer(Name="front", Type="network", Subnets=[shop.ids["subnet-web"]])
    balancer = made["LoadBalancers"][0]["LoadBalancerArn"]
    group = elb.create_target_group(Name="api", Protocol="TCP", Port=8080, VpcId=shop.ids["vpc"])
    arn = group["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": shop.ids["db"]}])
    actions = [{"Type": "forward", "TargetGroupArn": arn}]
    elb.create_listener(LoadBalancerArn=balancer, Protocol="TCP", Port=80, DefaultActions=actions)
    shop.cloud.clock.advance(600.0)
    elb.add_tags(ResourceArns=[balancer], Tags=[{"Key": "seen", "Value": "after it is active"}])


def test_what_a_load_balancer_gets_counts_at_its_targets(shop: Shop) -> None:
    front(shop)
    asked = {"allow": "internet -> lb:80"}, {"deny": "internet -> lb:80"}, {"deny": "internet -> db"}
    assert holds(shop, *asked, names=NAMES) == [False, True, True]
    allow(shop.ec2, shop.ids["sg-db"], 8080, IpRanges=[{"CidrIp": "0.0.0.0/0"}])
    assert holds(shop, *asked, {"deny": "internet -> lb:81"}, names=NAMES) == [True, False, False, True]
    (denied,) = judged(shop, {"deny": "internet -> db"})
    assert denied.counterexample is not None
    assert denied.counterexample.destination_port == 80  # the listener's, at the load balancer's public address


def test_it_is_asked_by_its_name_and_is_among_what_is_exposed(shop: Shop) -> None:
    front(shop)
    allow(shop.ec2, shop.ids["sg-db"], 8080, IpRanges=[{"CidrIp": "0.0.0.0/0"}])
    pair = shop.one("internet", "lb:front")
    assert [row.services for row in pair.open] == ["tcp 80"]
    inward = [one for one in exposure(shop.cloud.writer.model, shop.cloud.plan) if one.inward]
    assert [[row.services for row in one.open] for one in inward] == [["tcp 80"], ["tcp 80"]]
    assert shop.ids["eni-db"] not in {one.interface for one in inward}


def test_what_a_load_balancer_refuses_comes_with_what_to_change(shop: Shop) -> None:
    front(shop)
    shop.ec2.call("StopInstances", InstanceIds=[shop.ids["db"]])
    (refused,) = judged(shop, {"allow": "internet -> lb:80"}, names=NAMES)
    assert not refused.holds
    assert any("a target in its zone" in line for line in refused.blame)
