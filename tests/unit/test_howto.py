"""docs/howto-add-an-operation.md: its code works as it stands."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from atoll.services import registry
from tests.support.inprocess import InProcess

PAGE = Path(__file__).parents[2] / "docs/howto-add-an-operation.md"
NAME = ("ec2", "ModifyVpcTenancy")


@pytest.fixture
def _built() -> Iterator[None]:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) == 2
    assert NAME not in registry.OPERATIONS, "the page's example has been built: choose another"
    for block in blocks:
        exec(block, {})
    yield
    del registry.OPERATIONS[NAME]


@pytest.mark.usefixtures("_built")
def test_the_pages_operation_answers_boto3() -> None:
    ec2 = InProcess().client()
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", InstanceTenancy="dedicated")["Vpc"]["VpcId"]
    assert ec2.modify_vpc_tenancy(VpcId=vpc, InstanceTenancy="default")["ReturnValue"] is True
    assert ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["InstanceTenancy"] == "default"


@pytest.mark.usefixtures("_built")
def test_the_pages_operation_refuses_as_the_page_says() -> None:
    ec2 = InProcess().client()
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    for asked, code in [
        ({"VpcId": vpc, "InstanceTenancy": "default", "DryRun": True}, "DryRunOperation"),
        ({"VpcId": "vpc-0123456789abcdef0", "InstanceTenancy": "default"}, "InvalidVpcID.NotFound"),
        ({"VpcId": "a-vpc", "InstanceTenancy": "default"}, "InvalidVpcId.Malformed"),
        ({"VpcId": vpc, "InstanceTenancy": "dedicated"}, "InvalidParameterValue"),
    ]:
        with pytest.raises(ClientError) as refused:
            ec2.modify_vpc_tenancy(**asked)
        assert refused.value.response["Error"]["Code"] == code


def test_without_it_the_operation_is_known_but_unbuilt() -> None:
    ec2 = InProcess().client()
    with pytest.raises(ClientError, match=r"docs/coverage\.md"):
        ec2.modify_vpc_tenancy(VpcId="vpc-0123456789abcdef0", InstanceTenancy="default")
