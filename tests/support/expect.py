"""What tests of AWS's API assert again and again."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


def refused(code: str, operation: Callable[..., Any], **params: Any) -> str:
    """The call is refused with that code; returns the message."""
    with pytest.raises(ClientError) as caught:
        operation(**params)
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    return str(error["Message"])


def tag_specification(resource_type: str, **tags: str) -> list[dict[str, Any]]:
    """TagSpecifications for one resource type."""
    return [{"ResourceType": resource_type, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


def filters(**values: Any) -> list[dict[str, Any]]:
    """Filters by name, with `_` for `-`; the value is one or a list."""
    return [
        {"Name": name.replace("_", "-"), "Values": value if isinstance(value, list) else [value]}
        for name, value in values.items()
    ]


def named(name: str, *values: str) -> list[dict[str, Any]]:
    """One filter whose name holds dots or colons."""
    return [{"Name": name, "Values": list(values)}]


def pages(operation: Callable[..., Any], member: str, size: int, **params: Any) -> list[int]:
    """How many items each page holds, from the first to the last."""
    sizes = []
    answer = operation(MaxResults=size, **params)
    sizes.append(len(answer[member]))
    while answer.get("NextToken"):
        answer = operation(MaxResults=size, NextToken=answer["NextToken"], **params)
        sizes.append(len(answer[member]))
    return sizes
