"""Load balancers cannot be made yet: reads of them are truthfully empty."""

from typing import Any

import pytest

from atoll.protocol import AwsError, load
from atoll.services.elbv2_reads import READS
from tests.support.expect import refused
from tests.support.inprocess import InProcess

ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:x/y/z"


@pytest.fixture
def elbv2(site: InProcess) -> Any:
    return site.client("elbv2")


def test_there_are_none(elbv2: Any) -> None:
    assert elbv2.describe_load_balancers()["LoadBalancers"] == []
    assert elbv2.describe_target_groups(PageSize=10)["TargetGroups"] == []


def test_a_load_balancer_that_is_gone_is_gone_for_the_waiter(elbv2: Any) -> None:
    elbv2.get_waiter("load_balancers_deleted").wait(LoadBalancerArns=[ARN], WaiterConfig={"MaxAttempts": 1})


@pytest.mark.parametrize(("operation", "name"), [(operation, name) for operation in READS for name in READS[operation]])
def test_what_is_named_does_not_exist(site: InProcess, operation: str, name: str) -> None:
    assert name in load("elbv2").input_members(operation)
    named: dict[str, Any] = {name: ARN if name.endswith("Arn") else [ARN]}
    with pytest.raises(AwsError, match="not found"):
        site.call(operation, service="elbv2", **named)


def test_codes_and_what_is_refused(elbv2: Any) -> None:
    refused("LoadBalancerNotFound", elbv2.describe_load_balancers, Names=["web"])
    refused("TargetGroupNotFound", elbv2.describe_target_health, TargetGroupArn=ARN)
    refused("ListenerNotFound", elbv2.describe_rules, ListenerArn=ARN)
    for operation in (elbv2.describe_listeners, elbv2.describe_rules):
        refused("ValidationError", operation)
    refused("ValidationError", elbv2.describe_load_balancers, PageSize=401)
    refused("ValidationError", elbv2.describe_load_balancers, Marker="x")
    refused("InvalidAction", elbv2.describe_ssl_policies)
    refused("InvalidAction", elbv2.create_load_balancer, Name="web")
