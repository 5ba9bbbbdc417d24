"""Trust stores cannot be made: reads of them are truthfully empty."""

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
    assert elbv2.describe_trust_stores()["TrustStores"] == []
    assert elbv2.describe_trust_stores(PageSize=10)["TrustStores"] == []


@pytest.mark.parametrize(("operation", "name"), [(operation, name) for operation in READS for name in READS[operation]])
def test_what_is_named_does_not_exist(site: InProcess, operation: str, name: str) -> None:
    assert name in load("elbv2").input_members(operation)
    params: dict[str, Any] = {name: [ARN]}
    with pytest.raises(AwsError, match="not found"):
        site.call(operation, service="elbv2", **params)


def test_what_is_refused(elbv2: Any) -> None:
    refused("ValidationError", elbv2.describe_trust_stores, PageSize=401)
    refused("ValidationError", elbv2.describe_trust_stores, Marker="x")
    refused(
        "InvalidAction", elbv2.create_rule, ListenerArn=ARN, Conditions=[], Priority=1, Actions=[{"Type": "forward"}]
    )
    refused("InvalidAction", elbv2.delete_rule, RuleArn=ARN)
