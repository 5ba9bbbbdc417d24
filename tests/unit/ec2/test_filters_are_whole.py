"""Every filter that botocore documents for a read that is built is known there; an unknown one is refused by name."""

import re
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from atoll.services.registry import OPERATIONS
from tests.support.everything import Everything
from tests.support.expect import named, refused
from tests.support.inprocess import InProcess

MODEL = botocore.session.Session().get_service_model("ec2")
ITEM = re.compile(r"<li>\s*<p>\s*<code>([^<]+)</code>")

NO_FILTERS = {"DescribeImages": {"informational", "low", "medium", "high", "critical"}}
"""Values that the documentation lists as it lists filters."""

NOT_BUILT = {"DescribeImages": {"free-tier-eligible"}}
"""What is not known of the things here: the filter is refused by name."""


def member_of(operation: str) -> str | None:
    """The parameter that takes filters: Filters, but Filter of a few (DescribeNatGateways)."""
    shape: Any = MODEL.operation_model(operation).input_shape
    return next((name for name in ("Filters", "Filter") if shape is not None and name in shape.members), None)


def documented(operation: str) -> list[str]:
    shape: Any = MODEL.operation_model(operation).input_shape
    member = member_of(operation)
    if member is None:
        return []
    names = ITEM.findall(shape.members[member].documentation or "")
    known = [re.sub(r"^tag(:&lt;key&gt;|:<key>)?$", "tag:Name", name.strip()) for name in names]
    return [name for name in known if name not in NO_FILTERS.get(operation, ())]


FILTERED = {name: filters for service, name in sorted(OPERATIONS) if service == "ec2" and (filters := documented(name))}


@pytest.fixture(scope="module")
def everything() -> Everything:
    return Everything(InProcess())


def test_there_are_filters_to_try() -> None:
    assert len(FILTERED) > 30
    assert "DescribeNatGateways" in FILTERED
    assert sum(map(len, FILTERED.values())) > 400


@pytest.mark.parametrize("operation", FILTERED)
def test_every_documented_filter_is_known(everything: Everything, operation: str) -> None:
    params = everything.questions().get(operation, [{}])[0]
    call = getattr(everything.ec2, xform_name(operation))
    member = str(member_of(operation))
    said = {name: _said(call, **{member: named(name, "*")}, **params) for name in FILTERED[operation]}
    refused_ones = {name: message for name, message in said.items() if message}
    assert refused_ones == {name: f"The filter '{name}' is invalid" for name in NOT_BUILT.get(operation, ())}


def _said(call: Any, **params: Any) -> str:
    """What the server says against a call; nothing if it answers."""
    try:
        call(**params)
    except ClientError as error:
        return str(error.response["Error"]["Message"])
    return ""


@pytest.mark.parametrize("operation", FILTERED)
def test_an_unknown_filter_is_refused_by_name(everything: Everything, operation: str) -> None:
    params = everything.questions().get(operation, [{}])[0]
    call = getattr(everything.ec2, xform_name(operation))
    assert "'colour'" in refused(
        "InvalidParameterValue", call, **{str(member_of(operation)): named("colour", "red")}, **params
    )
