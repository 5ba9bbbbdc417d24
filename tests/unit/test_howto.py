"""docs/howto-add-an-operation.md: its code works as it stands."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from atoll.services import registry
from tests.support.inprocess import InProcess
from tests.support.lab import Lab

PAGE = Path(__file__).parents[2] / "docs/howto-add-an-operation.md"
NAME = ("ec2", "ConfirmProductInstance")
UNKNOWN = "i-0123456789abcdef0"


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
    lab = Lab(InProcess())
    assert lab.ec2.confirm_product_instance(InstanceId=lab.launch(), ProductCode="abc")["Return"] is False


@pytest.mark.usefixtures("_built")
def test_the_pages_operation_refuses_as_the_page_says() -> None:
    lab = Lab(InProcess())
    instance = lab.launch()
    refusals: list[tuple[dict[str, Any], str]] = [
        ({"InstanceId": instance, "ProductCode": "abc", "DryRun": True}, "DryRunOperation"),
        ({"InstanceId": UNKNOWN, "ProductCode": "abc"}, "InvalidInstanceID.NotFound"),
        ({"InstanceId": "an-instance", "ProductCode": "abc"}, "InvalidInstanceID.Malformed"),
        ({"InstanceId": instance, "ProductCode": ""}, "InvalidParameterValue"),
        ({"InstanceId": instance}, "MissingParameter"),
    ]
    for asked, code in refusals:
        with pytest.raises(ClientError) as refused:
            lab.ec2.confirm_product_instance(**asked)
        assert refused.value.response["Error"]["Code"] == code


def test_without_it_the_operation_is_known_but_unbuilt() -> None:
    ec2 = InProcess().client()
    with pytest.raises(ClientError, match=r"docs/coverage\.md"):
        ec2.confirm_product_instance(InstanceId=UNKNOWN, ProductCode="abc")
