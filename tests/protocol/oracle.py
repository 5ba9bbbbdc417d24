"""botocore, the other side of the wire, as the judge of ours.

`request` is what boto3 would send, `understood` is what boto3 would make of an answer.
"""

from functools import cache
from typing import Any, cast
from urllib.parse import urlencode

import botocore.session
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

SERVICES = ("ec2", "elbv2", "cloudformation", "sts")


@cache
def model(service: str) -> ServiceModel:
    session = botocore.session.Session()
    return session.get_service_model(service)


def operation(service: str, name: str) -> OperationModel:
    return model(service).operation_model(name)


def pairs(service: str, name: str, params: dict[str, Any]) -> list[tuple[str, str]]:
    """The form that botocore makes of a call, before encoding."""
    serializer = create_serializer(model(service).protocol, include_validation=False)
    body = serializer.serialize_to_request(params, operation(service, name))["body"]
    return [(key, str(value)) for key, value in body.items()]


def request(service: str, name: str, params: dict[str, Any]) -> bytes:
    """The body that botocore sends."""
    return urlencode(pairs(service, name, params)).encode()


def understood(service: str, shape: Shape | None, status: int, body: bytes) -> dict[str, Any]:
    """What boto3 shows for an answer."""
    answer = {"status_code": status, "headers": {}, "body": body}
    parsed: dict[str, Any] = create_parser(model(service).protocol).parse(answer, cast(Shape, shape))
    return parsed
