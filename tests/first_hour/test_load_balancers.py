"""A network load balancer and its ENIs, found by their description, as Terraform's provider makes and ends them.

What is not built a configuration must learn from the first call, in the error form of its protocol.

hashicorp/terraform-provider-aws: internal/service/elbv2/load_balancer.go@00edc94be7a8
(waitForNLBNetworkInterfacesToDetach, findLoadBalancers,
modifyLoadBalancerAttributes), internal/service/ec2/find.go@00a35305dc1b.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.first_hour.account import Account
from tests.support.expect import named, refused

NAME = "net/front/50dc6c495c0c9188"


@pytest.mark.parametrize("owner", ["amazon-aws", "amazon-elb"])
def test_its_interfaces_are_looked_for_by_owner_and_description(account: Account, owner: str) -> None:
    """What aws_lb's destroy asks until there are none; and data.aws_network_interfaces of many configurations."""
    account.interface(account.subnet(account.vpc()), Description=f"ELB {NAME}")
    find = account.ec2.describe_network_interfaces
    described = named("description", f"ELB {NAME}")
    assert len(find(Filters=described)["NetworkInterfaces"]) == 1, "the filter reads descriptions"
    asked = [*named("attachment.instance-owner-id", owner), *described]
    assert find(Filters=asked)["NetworkInterfaces"] == []
    asked = [*named("description", "ELB net/front/*"), *named("interface-type", "network_load_balancer")]
    assert find(Filters=asked)["NetworkInterfaces"] == []


def test_aws_lb_without_a_type_is_refused_in_words_and_not_tried_again(account: Account) -> None:
    """The default is an application load balancer."""
    subnet = account.subnet(account.vpc())
    with pytest.raises(ClientError) as refusal:
        account.client("elbv2").create_load_balancer(Name="front", Subnets=[subnet])
    told = refusal.value.response
    assert told["Error"]["Code"] == "UnsupportedOperation"
    assert "type application" in told["Error"]["Message"]
    assert told["Error"]["Type"] == "Sender", "what the query protocol says of an error that a retry does not cure"
    assert told["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert told["ResponseMetadata"]["RetryAttempts"] == 0


KEY = re.compile(r"""attribute key ('|")?([^'" ]+)('|")? is not (recognized|supported)""")


def left_out(modify: Callable[..., Any], attributes: dict[str, str], **named: str) -> set[str]:
    """As the provider sets attributes: a key that is not known here is left out, and the rest asked for again."""
    wanted, left = dict(attributes), set()
    while wanted:
        try:
            modify(Attributes=[{"Key": key, "Value": value} for key, value in wanted.items()], **named)
        except ClientError as error:
            found = KEY.search(str(error))
            if found is None:
                raise
            del wanted[found[2]]
            left.add(found[2])
        else:
            break
    return left


def test_the_life_of_aws_lb(account: Account) -> None:
    """resource_aws_lb, _target_group, _listener and _target_group_attachment: create, read, destroy."""
    vpc = account.vpc()
    subnet, elbv2 = account.subnet(vpc), account.client("elbv2")
    named_so = {"Name": "front", "Type": "network", "Scheme": "internal"}
    arn = elbv2.create_load_balancer(Subnets=[subnet], **named_so)["LoadBalancers"][0]["LoadBalancerArn"]
    elbv2.get_waiter("load_balancer_available").wait(LoadBalancerArns=[arn], WaiterConfig={"MaxAttempts": 1})
    left = left_out(
        elbv2.modify_load_balancer_attributes,
        {
            "access_logs.s3.enabled": "false",
            "deletion_protection.enabled": "false",
            "dns_record.client_routing_policy": "any_availability_zone",
            "load_balancing.cross_zone.enabled": "true",
            "routing.http.desync_mitigation_mode": "defensive",
            "a.key.of.tomorrow": "1",
        },
        LoadBalancerArn=arn,
    )
    assert left == {"routing.http.desync_mitigation_mode", "a.key.of.tomorrow"}
    group = elbv2.create_target_group(Name="api", Protocol="TCP", Port=80, VpcId=vpc, TargetType="ip")
    group_arn = group["TargetGroups"][0]["TargetGroupArn"]
    left = left_out(
        elbv2.modify_target_group_attributes,
        {
            "deregistration_delay.timeout_seconds": "0",
            "deregistration_delay.connection_termination.enabled": "false",
            "preserve_client_ip.enabled": "true",
            "proxy_protocol_v2.enabled": "false",
            "stickiness.enabled": "false",
            "stickiness.type": "source_ip",
        },
        TargetGroupArn=group_arn,
    )
    assert left == set()
    forward = [{"Type": "forward", "TargetGroupArn": group_arn}]
    made = elbv2.create_listener(LoadBalancerArn=arn, Protocol="TCP", Port=80, DefaultActions=forward)
    listener = made["Listeners"][0]["ListenerArn"]
    assert (
        left_out(elbv2.modify_listener_attributes, {"tcp.idle_timeout.seconds": "350"}, ListenerArn=listener) == set()
    )
    target = {"TargetGroupArn": group_arn, "Targets": [{"Id": "10.0.1.9", "Port": 80}]}
    elbv2.register_targets(**target)
    assert len(elbv2.describe_target_health(**target)["TargetHealthDescriptions"]) == 1
    described = named("description", "ELB " + arn.partition(":loadbalancer/")[2])
    enis = account.ec2.describe_network_interfaces
    asked = [*named("attachment.instance-owner-id", "amazon-aws"), *described]
    assert len(enis(Filters=asked)["NetworkInterfaces"]) == 1
    elbv2.deregister_targets(**target)
    elbv2.delete_listener(ListenerArn=listener)
    elbv2.delete_target_group(TargetGroupArn=group_arn)
    elbv2.delete_load_balancer(LoadBalancerArn=arn)
    elbv2.get_waiter("load_balancers_deleted").wait(LoadBalancerArns=[arn], WaiterConfig={"MaxAttempts": 1})
    assert enis(Filters=asked)["NetworkInterfaces"] == []
    account.ec2.delete_subnet(SubnetId=subnet)


def test_looking_one_up_by_name_is_not_found(account: Account) -> None:
    """data.aws_lb: LoadBalancerNotFound is "no such thing"; without a name an empty list."""
    elbv2 = account.client("elbv2")
    assert elbv2.describe_load_balancers()["LoadBalancers"] == []
    refused("LoadBalancerNotFound", elbv2.describe_load_balancers, Names=["front"])
    arn = f"arn:aws:elasticloadbalancing:us-east-1:{account.id}:loadbalancer/{NAME}"
    refused("LoadBalancerNotFound", elbv2.describe_load_balancers, LoadBalancerArns=[arn])
    refused("TargetGroupNotFound", elbv2.describe_target_groups, Names=["front"])


def test_classic_load_balancers_are_another_version_of_the_service(account: Account) -> None:
    """aws_elb: the same address and protocol, an older version. That is refused in words."""
    with pytest.raises(ClientError) as refusal:
        account.client("elb").describe_load_balancers(LoadBalancerNames=["front"])
    told = refusal.value.response
    assert told["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert told["Error"]["Code"] == "InvalidAction"
    assert "does not serve Classic Load Balancers" in told["Error"]["Message"]
