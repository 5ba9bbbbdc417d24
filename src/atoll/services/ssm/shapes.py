"""Parameters as answers show them, and pages of them."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from typing import Any, TypeVar

from atoll.model.kinds import ParameterVersion
from atoll.protocol import AwsError
from atoll.services.constraints import JSON, check_number
from atoll.services.registry import Request
from atoll.services.ssm.names import arn

T = TypeVar("T")

SECURE = "SecureString"


def value_of(version: ParameterVersion, request: Request) -> str:
    """The value; of a SecureString that nobody asked to decrypt, something that tells nothing of it."""
    if version.type != SECURE or request.get("WithDecryption"):
        return version.value
    blind = f"{version.home}/{version.name}/{version.version}".encode()
    return b64encode(b"\x01\x02\x03\x00x" + hashlib.sha512(blind).digest()).decode()


def parameter_shape(version: ParameterVersion, request: Request, selector: str = "") -> dict[str, Any]:
    """A Parameter."""
    return {
        "Name": version.name,
        "Type": version.type,
        "Value": value_of(version, request),
        "Version": version.version,
        **({"Selector": selector} if selector else {}),
        "LastModifiedDate": version.modified,
        "ARN": arn(version),
        "DataType": version.data_type,
    }


def metadata_shape(version: ParameterVersion) -> dict[str, Any]:
    """A ParameterMetadata; a ParameterHistory has value and labels instead of the ARN."""
    return {
        "Name": version.name,
        "Type": version.type,
        "KeyId": version.key_id,
        "LastModifiedDate": version.modified,
        "LastModifiedUser": version.modified_by,
        "Description": version.description,
        "Version": version.version,
        "Tier": version.tier,
        "Policies": [],
        "DataType": version.data_type,
    }


def page(items: Sequence[T], request: Request, most: int) -> tuple[list[T], dict[str, str]]:
    """One page, and the token of the next."""
    size = check_number(JSON, "maxResults", request.get("MaxResults") or most, 1, most)
    token = request.get("NextToken")
    start = 0
    if token:
        if not token.isascii() or not token.isdecimal() or len(token) > 9 or int(token) > len(items):
            raise AwsError("InvalidNextToken", "The specified token is not valid.")
        start = int(token)
    end = start + size
    return list(items[start:end]), {"NextToken": str(end)} if end < len(items) else {}
