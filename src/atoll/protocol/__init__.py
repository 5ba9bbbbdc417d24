"""AWS's wire protocols, without IO: bytes in, values out, and back.

    service = by_signing_name(scope(headers, query).service)
    call = read(service, headers, query, body)           # Call(operation, params), or AwsError
    body = serialise(service, call.operation, result, request_id)
    status, body = serialise_error(service, error, request_id)

No service is known by name here: each is a data file made from botocore's model (tools/make_shapes.py).
"""

from atoll.protocol.call import Call, Params
from atoll.protocol.errors import AwsError
from atoll.protocol.form import Pair, decode
from atoll.protocol.json_requests import parse_json
from atoll.protocol.parse import parse
from atoll.protocol.read import read
from atoll.protocol.rest_requests import answers_with, check_method, parse_rest
from atoll.protocol.serialise import CONTENT_TYPE, error_body, headers, serialise, serialise_error
from atoll.protocol.service import Service, by_signing_name, enum_values, limits, load, shape_of
from atoll.protocol.sigv4 import Scope, account, scope
from atoll.protocol.unserved import Answer, unknown_service, unknown_service_error

__all__ = [
    "CONTENT_TYPE",
    "Answer",
    "AwsError",
    "Call",
    "Pair",
    "Params",
    "Scope",
    "Service",
    "account",
    "answers_with",
    "by_signing_name",
    "check_method",
    "decode",
    "enum_values",
    "error_body",
    "headers",
    "limits",
    "load",
    "parse",
    "parse_json",
    "parse_rest",
    "read",
    "scope",
    "serialise",
    "serialise_error",
    "shape_of",
    "unknown_service",
    "unknown_service_error",
]
