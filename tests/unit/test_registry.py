"""The rules that hold for every operation: regions, DryRun, ClientToken, what is prepared before the draft."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from atoll.model.kinds import ClientToken
from atoll.model.tx import Tx
from atoll.services import registry
from atoll.services.registry import Request, Response
from tests.support.expect import refused
from tests.support.inprocess import InProcess

DAY = 86_400


def test_tokens_are_forgotten_after_a_day_or_two() -> None:
    cloud = InProcess()
    vpc = cloud.call("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    first = cloud.call("CreateRouteTable", VpcId=vpc, ClientToken="one")
    assert cloud.call("CreateRouteTable", VpcId=vpc, ClientToken="one") == first
    cloud.now += 3 * DAY
    cloud.call("CreateRouteTable", VpcId=vpc, ClientToken="two")
    assert [token.token for token in cloud.table.all(ClientToken)] == ["two"]


@pytest.mark.parametrize("days", [8, 9, 30, 400])
def test_no_token_outlives_a_pause(days: int) -> None:
    cloud = InProcess()
    vpc = cloud.call("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    for token in ("one", "two"):
        cloud.call("CreateRouteTable", VpcId=vpc, ClientToken=token)
    cloud.now += days * DAY
    for token in ("three", "four"):
        cloud.call("CreateRouteTable", VpcId=vpc, ClientToken=token)
    assert [token.token for token in cloud.table.all(ClientToken)] == ["three", "four"]


def test_yesterdays_token_is_remembered() -> None:
    cloud = InProcess()
    vpc = cloud.call("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    first = cloud.call("CreateRouteTable", VpcId=vpc, ClientToken="one")
    cloud.now += DAY
    cloud.call("CreateRouteTable", VpcId=vpc, ClientToken="two")
    assert cloud.call("CreateRouteTable", VpcId=vpc, ClientToken="one") == first


@pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1", "xx-mars-1", "us-east-1a"])
def test_a_region_that_is_not_here(region: str) -> None:
    ec2 = InProcess().client(region=region)
    for name in ("describe_vpcs", "create_internet_gateway", "describe_nat_gateways", "create_default_vpc"):
        told = refused("InvalidParameterValue", getattr(ec2, name))
        assert region in told
        assert "us-east-1" in told
    assert InProcess().client(region="il-central-1").describe_vpcs()["Vpcs"] == []


@pytest.fixture
def slow() -> Iterator[list[Request]]:
    """An operation with slow work; the requests for which the work was done."""
    done: list[Request] = []

    def prepare(request: Request) -> Mapping[str, Any]:
        done.append(request)
        return {"key": "made"}

    @registry.operation("Slow", "Name", service="test", prepare=prepare)
    def handler(tx: Tx, _request: Request) -> Response:
        return {"Key": tx.prepared["key"]}

    yield done
    del registry.OPERATIONS["test", "Slow"]


def test_what_was_prepared_is_what_the_handler_gets(slow: list[Request]) -> None:
    cloud = InProcess()
    assert registry.answer(cloud.draft(), "test", "Slow", {"Name": "x"}, {"key": "before"}) == {"Key": "before"}
    assert slow == []
    assert registry.answer(cloud.draft(), "test", "Slow", {"Name": "x"}) == {"Key": "made"}
    assert slow == [{"Name": "x"}]
