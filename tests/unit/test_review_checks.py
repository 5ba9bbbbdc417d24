"""Findings about a design, each beside a near miss: the text is the same, no packet passes, and nothing is said.

The shop: web in a public subnet, with 80 open to the world; db in another, with 5432 open to web's group.
"""

from pathlib import Path
from typing import Any

import pytest

from atoll.review.checks import KINDS, Finding, check
from tests.unit.test_review_balancers import front
from tests.unit.test_review_reaching import Shop, allow, shop

__all__ = ["shop"]

WORLD = [{"CidrIp": "0.0.0.0/0"}]


def found(shop: Shop, kind: str, region: str | None = None) -> list[Finding]:
    return check(shop.cloud.writer.model, shop.cloud.plan, region, [kind])


def subjects(shop: Shop, kind: str) -> list[str]:
    return [one.subject for one in found(shop, kind)]


def name(shop: Shop, resource: str, value: str) -> None:
    shop.ec2.call("CreateTags", Resources=[resource], Tags=[{"Key": "Name", "Value": value}])


def launch(shop: Shop, subnet: str, group: str, **more: Any) -> str:
    answer = shop.ec2.call(
        "RunInstances",
        ImageId="ami-12c6146b",
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet,
        SecurityGroupIds=[group],
        **more,
    )
    return str(answer["Instances"][0]["NetworkInterfaces"][0]["NetworkInterfaceId"])


def other_zone(shop: Shop, block: str = "10.0.3.0/24") -> str:
    made = shop.ec2.call("CreateSubnet", VpcId=shop.ids["vpc"], CidrBlock=block, AvailabilityZone="us-east-1b")
    return str(made["Subnet"]["SubnetId"])


def acl_of(shop: Shop, subnet: str) -> str:
    """An ACL of its own for a subnet, without entries."""
    acl = shop.ec2.call("CreateNetworkAcl", VpcId=shop.ids["vpc"])["NetworkAcl"]["NetworkAclId"]
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
    (now,) = shop.ec2.call("DescribeNetworkAcls", Filters=filters)["NetworkAcls"]
    (held,) = (one["NetworkAclAssociationId"] for one in now["Associations"] if one["SubnetId"] == subnet)
    shop.ec2.call("ReplaceNetworkAclAssociation", AssociationId=held, NetworkAclId=acl)
    return str(acl)


def entry(shop: Shop, acl: str, number: int, *, egress: bool, **more: Any) -> None:
    words = {"Protocol": "-1", "CidrBlock": "0.0.0.0/0", "RuleAction": "allow"} | more
    shop.ec2.call("CreateNetworkAclEntry", NetworkAclId=acl, RuleNumber=number, Egress=egress, **words)


def nat(shop: Shop) -> str:
    """A NAT gateway in web's subnet, and the main table's way out."""
    address = shop.ec2.call("AllocateAddress", Domain="vpc")["AllocationId"]
    made = shop.ec2.call("CreateNatGateway", SubnetId=shop.ids["subnet-web"], AllocationId=address)
    gateway = made["NatGateway"]["NatGatewayId"]
    shop.cloud.clock.advance(600.0)
    filters = [
        {"Name": "vpc-id", "Values": [shop.ids["vpc"]]},
        {"Name": "association.main", "Values": ["true"]},
    ]
    (table,) = shop.ec2.call("DescribeRouteTables", Filters=filters)["RouteTables"]
    shop.ec2.call(
        "CreateRoute", RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", NatGatewayId=gateway
    )
    return str(gateway)


def test_a_database_port_that_the_internet_reaches(shop: Shop) -> None:
    assert found(shop, "open-database") == []
    allow(shop.ec2, shop.ids["sg-web"], 3306, IpRanges=WORLD)
    (one,) = found(shop, "open-database")
    assert (one.severity, one.subject) == ("high", shop.ids["eni-web"])
    assert "the internet reaches port 3306 (MySQL)" in one.text
    assert one.packet is not None
    assert (one.packet.destination, one.packet.destination_port) == (shop.ids["public"], 3306)
    assert any(rule.startswith("sgr-") for rule in one.rules)
    assert one.evidence[-1].startswith(f"answered by {shop.ids['eni-web']}")


def test_a_rule_for_the_world_on_a_database_that_no_packet_gets_to_is_no_open_database(shop: Shop) -> None:
    allow(shop.ec2, shop.ids["sg-db"], 5432, IpRanges=WORLD)
    assert found(shop, "open-database") == []  # it has no public address, and no way
    allow(shop.ec2, shop.ids["sg-web"], 5432, IpRanges=[{"CidrIp": "10.0.0.0/8"}])
    assert found(shop, "open-database") == []


def test_a_part_of_the_internet_is_less_bad_and_named(shop: Shop) -> None:
    allow(shop.ec2, shop.ids["sg-web"], 6379, IpRanges=[{"CidrIp": "203.0.113.0/24"}])
    (one,) = found(shop, "open-database")
    assert one.severity == "medium"
    assert "203.0.113.0/24" in one.text


def test_a_database_behind_a_load_balancer_is_reached_by_another_port(shop: Shop) -> None:
    front(shop)  # 80 of the load balancer is 8080 of the server
    assert found(shop, "open-database") == []
    elb = shop.cloud.client("elbv2")
    group = elb.create_target_group(Name="sql", Protocol="TCP", Port=5432, VpcId=shop.ids["vpc"])
    arn = group["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": shop.ids["db"]}])
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    actions = [{"Type": "forward", "TargetGroupArn": arn}]
    elb.create_listener(LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="TCP", Port=81, DefaultActions=actions)
    assert found(shop, "open-database") == []  # its group does not let the internet in
    allow(shop.ec2, shop.ids["sg-db"], 5432, IpRanges=WORLD)
    (one,) = found(shop, "open-database")
    assert one.subject == shop.ids["eni-db"]
    assert one.packet is not None
    assert one.packet.destination_port == 81


def test_a_private_subnet_that_is_not(shop: Shop) -> None:
    assert found(shop, "not-private") == []
    name(shop, shop.ids["subnet-web"], "private-a")
    inward, outward = found(shop, "not-private")
    assert (inward.severity, inward.subject) == ("high", shop.ids["subnet-web"])
    assert "the internet reaches" in inward.text
    assert (outward.severity, outward.subject) == ("medium", shop.ids["subnet-web"])


def test_a_private_subnet_with_a_route_to_the_internet_and_no_public_address_is_private(shop: Shop) -> None:
    name(shop, shop.ids["subnet-db"], "private-b")
    shop.ec2.call("AssociateRouteTable", RouteTableId=shop.ids["rtb"], SubnetId=shop.ids["subnet-db"])
    allow(shop.ec2, shop.ids["sg-db"], 22, IpRanges=WORLD)
    assert found(shop, "not-private") == []


def test_what_comes_by_a_load_balancer_and_leaves_by_a_nat_gateway_is_private(shop: Shop) -> None:
    name(shop, shop.ids["subnet-db"], "private-b")
    front(shop)
    nat(shop)
    allow(shop.ec2, shop.ids["sg-db"], 8080, IpRanges=WORLD)
    assert shop.ask("internet", "lb:front").reachable
    assert shop.ask("tag:Name=db", "internet:8.8.8.8:443").reachable
    assert found(shop, "not-private") == []


def test_one_nat_gateway_for_two_zones(shop: Shop) -> None:
    gateway = nat(shop)
    assert found(shop, "one-nat") == []  # db is in its zone
    launch(shop, other_zone(shop), shop.ids["sg-db"])
    (one,) = found(shop, "one-nat")
    assert (one.subject, one.severity) == (gateway, "medium")
    assert "us-east-1b" in one.text


def test_a_nat_gateway_that_another_zone_is_routed_to_and_cannot_use_serves_one_zone(shop: Shop) -> None:
    nat(shop)
    subnet = other_zone(shop)
    launch(shop, subnet, shop.ids["sg-db"])
    acl = acl_of(shop, subnet)
    entry(shop, acl, 100, egress=False)
    assert found(shop, "one-nat") == []  # the route is the same; nothing leaves
    entry(shop, acl, 100, egress=True)
    assert len(found(shop, "one-nat")) == 1


def test_a_load_balancer_whose_targets_are_in_one_zone(shop: Shop) -> None:
    front(shop)
    assert found(shop, "balancer-one-zone") == []  # nothing gets to the target at all
    allow(shop.ec2, shop.ids["sg-db"], 8080, IpRanges=WORLD)
    (one,) = found(shop, "balancer-one-zone")
    assert (one.subject, one.severity) == ("front", "medium")
    assert "us-east-1a" in one.text


def test_targets_in_two_zones_count_where_packets_get_to_both(shop: Shop) -> None:
    front(shop)
    allow(shop.ec2, shop.ids["sg-db"], 8080, IpRanges=WORLD)
    elb = shop.cloud.client("elbv2")
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    (group,) = elb.describe_target_groups()["TargetGroups"]
    subnet = other_zone(shop)
    shop.ec2.call("AssociateRouteTable", RouteTableId=shop.ids["rtb"], SubnetId=subnet)
    elb.set_subnets(LoadBalancerArn=balancer["LoadBalancerArn"], Subnets=[shop.ids["subnet-web"], subnet])
    closed = shop.ec2.call("CreateSecurityGroup", GroupName="closed", Description="closed", VpcId=shop.ids["vpc"])[
        "GroupId"
    ]
    interface = launch(shop, subnet, closed)
    (held,) = shop.ec2.call("DescribeNetworkInterfaces", NetworkInterfaceIds=[interface])["NetworkInterfaces"]
    elb.register_targets(TargetGroupArn=group["TargetGroupArn"], Targets=[{"Id": held["Attachment"]["InstanceId"]}])
    assert len(found(shop, "balancer-one-zone")) == 1  # it is registered, and nothing gets to it
    allow(shop.ec2, closed, 8080, IpRanges=WORLD)
    assert found(shop, "balancer-one-zone") == []


def test_a_load_balancer_for_the_internet_without_a_way_there(shop: Shop) -> None:
    front(shop)
    allow(shop.ec2, shop.ids["sg-db"], 8080, IpRanges=WORLD)
    assert found(shop, "balancer-no-way") == []
    shop.ec2.call("DeleteRoute", RouteTableId=shop.ids["rtb"], DestinationCidrBlock="0.0.0.0/0")
    (one,) = found(shop, "balancer-no-way")
    assert (one.subject, one.severity) == ("front", "high")
    assert shop.ids["subnet-web"] in one.change


def test_the_targets_own_subnet_needs_no_way_to_the_internet(shop: Shop) -> None:
    front(shop)
    allow(shop.ec2, shop.ids["sg-db"], 8080, IpRanges=WORLD)
    assert "NatGatewayId" not in str(shop.ec2.call("DescribeRouteTables"))
    assert found(shop, "balancer-no-way") == []


def test_answers_that_an_acl_cuts(shop: Shop) -> None:
    acl = acl_of(shop, shop.ids["subnet-db"])
    tcp = {"Protocol": "6", "CidrBlock": "10.0.1.0/24"}
    entry(shop, acl, 100, egress=False, PortRange={"From": 5432, "To": 5432}, **tcp)
    (one,) = found(shop, "cut-replies")
    assert (one.subject, one.severity) == (acl, "medium")
    assert "outbound" in one.text
    assert "allow tcp 1024-65535 outbound" in one.change
    assert one.evidence[-1].startswith("  because fence")
    entry(shop, acl, 100, egress=True, PortRange={"From": 1024, "To": 65535}, **tcp)
    assert found(shop, "cut-replies") == []


def test_an_acl_without_a_way_back_cuts_nothing_where_nothing_arrives(shop: Shop) -> None:
    acl = acl_of(shop, shop.ids["subnet-db"])
    entry(shop, acl, 100, egress=False, Protocol="6", PortRange={"From": 80, "To": 80})  # the group lets 5432 in alone
    assert found(shop, "cut-replies") == []


def test_a_rule_that_no_packet_can_use(shop: Shop) -> None:
    assert found(shop, "dead-rule") == []
    allow(shop.ec2, shop.ids["sg-db"], 22, IpRanges=[{"CidrIp": "192.168.0.0/16"}])
    (one,) = found(shop, "dead-rule")
    assert (one.severity, one.rules) == ("low", [one.subject])
    assert one.subject.startswith("sgr-")
    assert "tcp 22 from 192.168.0.0/16" in one.text


def test_a_rule_that_looks_useless_and_is_used_is_none(shop: Shop) -> None:
    allow(shop.ec2, shop.ids["sg-db"], 5432, IpRanges=[{"CidrIp": "10.0.1.0/24"}])  # as the group's rule does
    allow(shop.ec2, shop.ids["sg-web"], 80, IpRanges=[{"CidrIp": "8.8.8.8/32"}])  # as the world's rule does
    shop.ec2.call("StopInstances", InstanceIds=[shop.ids["web"]])  # nothing passes now
    assert found(shop, "dead-rule") == []


def test_a_group_that_refers_to_itself_with_one_member(shop: Shop) -> None:
    allow(shop.ec2, shop.ids["sg-db"], 5433, UserIdGroupPairs=[{"GroupId": shop.ids["sg-db"]}])
    (one,) = found(shop, "dead-rule")
    assert "refers to its own group" in one.text
    launch(shop, shop.ids["subnet-db"], shop.ids["sg-db"])
    assert found(shop, "dead-rule") == []


def test_entries_behind_one_that_takes_everything(shop: Shop) -> None:
    acl = acl_of(shop, shop.ids["subnet-db"])
    entry(shop, acl, 200, egress=False, RuleAction="deny", CidrBlock="10.0.9.0/24")
    entry(shop, acl, 300, egress=False)
    entry(shop, acl, 300, egress=True)
    assert found(shop, "dead-rule") == []  # a denial that has nothing to do yet is none of our business
    ports = {"Protocol": "6", "PortRange": {"From": 80, "To": 6000}}
    entry(shop, acl, 100, egress=False, RuleAction="deny", CidrBlock="10.0.9.0/24", **ports)
    assert found(shop, "dead-rule") == []  # of what the others match some is left
    entry(shop, acl, 150, egress=False)
    assert subjects(shop, "dead-rule") == [f"{acl}/in/200", f"{acl}/in/300"]


def test_where_nothing_is_no_entry_is_missed(shop: Shop) -> None:
    """The default VPC's ACL, say, before anything is in that VPC: nobody could use it yet."""
    acl = acl_of(shop, empty := other_zone(shop))
    entry(shop, acl, 110, egress=True, Protocol="17", CidrBlock="10.0.1.0/24", PortRange={"From": 53, "To": 53})
    assert found(shop, "dead-rule") == []
    launch(shop, empty, shop.ids["sg-web"])
    assert subjects(shop, "dead-rule") == [f"{acl}/out/110"]  # nobody there takes it


def test_what_health_checks_alone_use_is_used(shop: Shop) -> None:
    front(shop)
    every = shop.ec2.call("DescribeNetworkInterfaces")["NetworkInterfaces"]
    (node,) = (one["PrivateIpAddress"] for one in every if one["InterfaceType"] == "network_load_balancer")
    acl = acl_of(shop, shop.ids["subnet-db"])
    tcp = {"Protocol": "6", "CidrBlock": f"{node}/32"}
    allow(shop.ec2, shop.ids["sg-db"], 8080, IpRanges=[{"CidrIp": f"{node}/32"}])  # clients keep their own address
    entry(shop, acl, 100, egress=False, PortRange={"From": 8080, "To": 8080}, **tcp)
    entry(shop, acl, 100, egress=True, PortRange={"From": 32768, "To": 60999}, **tcp)
    assert [one for one in found(shop, "dead-rule") if node in one.text] == []
    entry(shop, acl, 110, egress=True, PortRange={"From": 80, "To": 80}, **tcp)
    allow(shop.ec2, shop.ids["sg-db"], 8081, IpRanges=[{"CidrIp": f"{node}/32"}])
    assert len([one for one in found(shop, "dead-rule") if node in one.text]) == 2


def test_rules_of_a_load_balancers_own_group(shop: Shop) -> None:
    front(shop)
    allow(shop.ec2, shop.ids["sg-db"], 8080, IpRanges=WORLD)
    elb = shop.cloud.client("elbv2")
    (group,) = elb.describe_target_groups()["TargetGroups"]
    worn = shop.ec2.call("CreateSecurityGroup", GroupName="lb", Description="lb", VpcId=shop.ids["vpc"])["GroupId"]
    made = elb.create_load_balancer(
        Name="closed", Type="network", Subnets=[shop.ids["subnet-web"]], SecurityGroups=[worn]
    )["LoadBalancers"][0]["LoadBalancerArn"]
    again = elb.create_target_group(Name="again", Protocol="TCP", Port=8080, VpcId=shop.ids["vpc"])
    arn = again["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": shop.ids["db"]}])
    actions = [{"Type": "forward", "TargetGroupArn": arn}]
    elb.create_listener(LoadBalancerArn=made, Protocol="TCP", Port=80, DefaultActions=actions)
    shop.cloud.clock.advance(600.0)
    elb.add_tags(ResourceArns=[made], Tags=[{"Key": "seen", "Value": "after it is active"}])
    assert group["TargetGroupArn"] != arn
    allow(shop.ec2, worn, 80, IpRanges=WORLD)
    assert found(shop, "dead-rule") == []
    allow(shop.ec2, worn, 81, IpRanges=WORLD)  # it has no listener there
    (one,) = found(shop, "dead-rule")
    assert "tcp 81" in one.text


def test_an_entry_that_only_answers_use_is_used(shop: Shop) -> None:
    acl = acl_of(shop, shop.ids["subnet-db"])
    tcp = {"Protocol": "6", "CidrBlock": "10.0.1.0/24"}
    entry(shop, acl, 100, egress=False, PortRange={"From": 5432, "To": 5432}, **tcp)
    entry(shop, acl, 100, egress=True, PortRange={"From": 40000, "To": 65535}, **tcp)
    assert found(shop, "dead-rule") == []
    entry(shop, acl, 110, egress=True, Protocol="17", CidrBlock="10.0.1.0/24", PortRange={"From": 53, "To": 53})
    assert subjects(shop, "dead-rule") == [f"{acl}/out/110"]


def test_a_default_vpc_in_use(shop: Shop) -> None:
    shop.ec2.call("CreateDefaultVpc")
    assert found(shop, "default-vpc") == []  # it is there, and nobody uses it
    (vpc,) = (one for one in shop.ec2.call("DescribeVpcs")["Vpcs"] if one["IsDefault"])
    shop.ec2.call("RunInstances", ImageId="ami-12c6146b", InstanceType="t3.micro", MinCount=1, MaxCount=1)
    assert subjects(shop, "default-vpc") == [vpc["VpcId"]]


def test_blocks_that_overlap(shop: Shop) -> None:
    shop.ec2.call("CreateVpc", CidrBlock="10.1.0.0/16")
    shop.ec2.call("CreateDefaultVpc")
    shop.ec2.call("CreateVpc", CidrBlock="172.31.0.0/16")
    assert found(shop, "overlapping-blocks") == []  # neighbours, and a default VPC that nobody uses
    other = shop.ec2.call("CreateVpc", CidrBlock="10.0.128.0/20")["Vpc"]["VpcId"]
    (one,) = found(shop, "overlapping-blocks")
    assert {other, shop.ids["vpc"]} <= set(one.text.replace("(", " ").split())


def test_a_group_that_nothing_wears(shop: Shop) -> None:
    assert found(shop, "stale-group") == []  # the VPC's default group is worn by nothing, and cannot be deleted
    made = shop.ec2.call("CreateSecurityGroup", GroupName="old", Description="old", VpcId=shop.ids["vpc"])
    allow(shop.ec2, shop.ids["sg-db"], 5432, UserIdGroupPairs=[{"GroupId": made["GroupId"]}])
    (one,) = found(shop, "stale-group")
    assert (one.subject, one.evidence) == (made["GroupId"], [f"{shop.ids['sg-db']} refers to it"])
    data = {"SecurityGroupIds": [made["GroupId"]]}
    shop.ec2.call("CreateLaunchTemplate", LaunchTemplateName="next", LaunchTemplateData=data)
    assert found(shop, "stale-group") == []


def test_an_elastic_ip_that_does_nothing(shop: Shop) -> None:
    nat(shop)
    assert found(shop, "idle-address") == []  # web's, and the NAT gateway's, which no instance has
    made = shop.ec2.call("AllocateAddress", Domain="vpc")["AllocationId"]
    assert subjects(shop, "idle-address") == [made]
    shop.ec2.call("StopInstances", InstanceIds=[shop.ids["web"]])
    assert len(found(shop, "idle-address")) == 2


def test_findings_are_about_the_region_that_is_named_and_the_worst_come_first(shop: Shop) -> None:
    allow(shop.ec2, shop.ids["sg-web"], 3306, IpRanges=WORLD)
    shop.ec2.call("AllocateAddress", Domain="vpc")
    model, plan = shop.cloud.writer.model, shop.cloud.plan
    assert [one.kind for one in check(model, plan)] == ["open-database", "idle-address"]
    assert [one.kind for one in check(model, plan, "us-east-1")] == ["open-database", "idle-address"]
    assert check(model, plan, "eu-west-1") == []


def test_a_question_about_what_is_not_there_is_refused(shop: Shop) -> None:
    with pytest.raises(LookupError, match="no region 'mars'"):
        check(shop.cloud.writer.model, shop.cloud.plan, "mars")
    with pytest.raises(LookupError, match="no kind of finding 'smell'"):
        check(shop.cloud.writer.model, shop.cloud.plan, None, ["smell"])


def test_every_kind_has_a_finding_here() -> None:
    text = Path(__file__).read_text()
    assert [kind for kind in KINDS if f'"{kind}"' not in text] == []
