"""The rules that hold for every operation: unknown parameters, DryRun, ClientToken."""

from atoll.model.kinds import ClientToken
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
