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

from atoll.protocol import Call, headers, load, read

SERVICES = ("ec2", "elbv2", "cloudformation", "sts", "iam", "ssm", "arc-zonal-shift")


@cache
def model(service: str) -> ServiceModel:
    session = botocore.session.Session()
    return session.get_service_model(service)


def operation(service: str, name: str) -> OperationModel:
    return model(service).operation_model(name)


def asked(service: str, name: str, params: dict[str, Any]) -> Call:
    """What we read from the request that botocore sends."""
    made = serialized(service, name, params)
    headers = {key.lower(): value for key, value in made["headers"].items()}
    body = made["body"]
    sent = body if isinstance(body, bytes) else urlencode(body).encode()
    query = urlencode(made["query_string"]).encode()
    return read(load(service), headers, query, sent, method=made["method"], path=made["url_path"])


def in_the_path(service: str, name: str) -> list[str]:
    """The members that stand in the path of a call: without them there is none."""
    shape = operation(service, name).input_shape
    members = shape.members if shape is not None else {}
    return [name for name, member in members.items() if member.serialization.get("location") == "uri"]


def serialized(service: str, name: str, params: dict[str, Any]) -> dict[str, Any]:
    serializer = create_serializer(model(service).protocol, include_validation=False)
    made: dict[str, Any] = serializer.serialize_to_request(params, operation(service, name))
    return made


def pairs(service: str, name: str, params: dict[str, Any]) -> list[tuple[str, str]]:
    """The form that botocore makes of a call, before encoding."""
    return [(key, str(value)) for key, value in serialized(service, name, params)["body"].items()]


def request(service: str, name: str, params: dict[str, Any]) -> bytes:
    """The body that botocore sends."""
    return urlencode(pairs(service, name, params)).encode()


def understood(service: str, shape: Shape | None, status: int, body: bytes) -> dict[str, Any]:
    """What boto3 shows for an answer."""
    answer = {"status_code": status, "headers": headers("req-1", load(service)), "body": body}
    parsed: dict[str, Any] = create_parser(model(service).protocol).parse(answer, cast(Shape, shape))
    return parsed
