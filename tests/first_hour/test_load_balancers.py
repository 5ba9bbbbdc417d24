"""A network load balancer and its ENIs, found by their description. Nothing of elbv2 can be made yet.

The look-ups stand here as clients make them; that they find nothing is the truth until load balancers are built, and
a configuration that makes one must learn so from the first call, in the error form of its protocol.

hashicorp/terraform-provider-aws: internal/service/elbv2/load_balancer.go@00edc94be7a8
(waitForNLBNetworkInterfacesToDetach, findLoadBalancers), internal/service/ec2/find.go@00a35305dc1b.
"""

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


def test_creating_one_is_refused_in_words_and_not_tried_again(account: Account) -> None:
    subnet = account.subnet(account.vpc())
    with pytest.raises(ClientError) as refusal:
        account.client("elbv2").create_load_balancer(Name="front", Type="network", Subnets=[subnet])
    told = refusal.value.response
    assert told["Error"]["Code"] == "InvalidAction"
    assert "CreateLoadBalancer" in told["Error"]["Message"]
    assert told["Error"]["Type"] == "Sender", "what the query protocol says of an error that a retry does not cure"
    assert told["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert told["ResponseMetadata"]["RetryAttempts"] == 0


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
