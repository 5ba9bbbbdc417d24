"""MaxResults of every read that has pages: its bounds are botocore's."""

from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from atoll.services.registry import OPERATIONS
from tests.support.everything import Everything
from tests.support.expect import refused
from tests.support.inprocess import InProcess

MODEL = botocore.session.Session().get_service_model("ec2")
WITH_IDS = {"DescribeInstanceTypes": "InstanceTypes"}
"""What the account's own question names, and cannot be combined with pages (fact 249)."""


def bounds(operation: str) -> tuple[int, int] | None:
    shape: Any = MODEL.operation_model(operation).input_shape
    member = shape.members.get("MaxResults") if shape is not None else None
    if member is None or "min" not in member.metadata:
        return None
    return int(member.metadata["min"]), int(member.metadata["max"])


PAGED = {name: found for service, name in sorted(OPERATIONS) if service == "ec2" and (found := bounds(name))}


@pytest.fixture(scope="module")
def everything() -> Everything:
    return Everything(InProcess())


def test_there_are_bounds_to_try() -> None:
    assert len(PAGED) > 20


@pytest.mark.parametrize("operation", PAGED)
def test_the_bounds_of_a_page(everything: Everything, operation: str) -> None:
    least, most = PAGED[operation]
    asked = everything.questions().get(operation, [{}])[0]
    params = {name: value for name, value in asked.items() if name != WITH_IDS.get(operation)}
    call = getattr(everything.ec2, xform_name(operation))
    call(MaxResults=least, **params)
    call(MaxResults=most, **params)
    refused("InvalidParameterValue", call, MaxResults=least - 1, **params)
    refused("InvalidParameterValue", call, MaxResults=most + 1, **params)
