"""The REST-JSON protocol by hand: what no well-meaning client sends is refused."""

import json
from typing import Any

import pytest

from atoll.protocol import AwsError, Call, answers_with, check_method, headers, load, parse_rest, serialise_error

ARC = load("arc-zonal-shift")
SHIFT = {"resourceIdentifier": "arn:aws:x", "awayFrom": "use1-az1", "expiresIn": "1h", "comment": ""}


def refusal(method: str, path: str, query: bytes = b"", body: object = None) -> tuple[str, str, int]:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
    with pytest.raises(AwsError) as refused:
        parse_rest(ARC, method, path, query, sent)
    status, _ = serialise_error(ARC, refused.value, "r")
    return refused.value.code, refused.value.message, status


def test_path_query_and_body_are_one_input() -> None:
    arn = "arn%3Aaws%3Aelasticloadbalancing%3Aus-east-1%3A123456789012%3Aloadbalancer%2Fnet%2Fa%2Fb"
    call = parse_rest(ARC, "GET", f"/managedresources/{arn}", b"", b"")
    plain = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/a/b"
    assert call == Call("GetManagedResource", {"resourceIdentifier": plain})
    call = parse_rest(ARC, "GET", "/zonalshifts", b"maxResults=5&status=ACTIVE", b"")
    assert call == Call("ListZonalShifts", {"maxResults": 5, "status": "ACTIVE"})
    call = parse_rest(ARC, "PATCH", "/zonalshifts/abc-1", b"", b'{"comment": "c"}')
    assert call == Call("UpdateZonalShift", {"zonalShiftId": "abc-1", "comment": "c"})
    assert answers_with(ARC, "StartZonalShift") == 201
    assert answers_with(ARC, "CancelZonalShift") == answers_with(load("ec2"), "CreateVpc") == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/zonalshift"), ("DELETE", "/zonalshifts"), ("DELETE", "/zonalshifts/a/b"), ("GET", "//")],
)
def test_what_names_no_operation(method: str, path: str) -> None:
    assert refusal(method, path)[::2] == ("UnknownOperationException", 404)


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "code", "problem"),
    [
        ("GET", "/zonalshifts", b"colour=red", None, "ValidationException", "colour is not recognized"),
        ("GET", "/zonalshifts", b"status=a&status=b", None, "ValidationException", "status is not recognized"),
        ("GET", "/zonalshifts", b"maxResults=many", None, "SerializationException", "to an Integer"),
        ("GET", "/zonalshifts", b"maxResults=99999999999", None, "SerializationException", "to an Integer"),
        ("GET", "/zonalshifts", b"", {"status": 5}, "SerializationException", "to a String"),
        ("PATCH", "/zonalshifts/a", b"", {"zonalShiftId": "b"}, "ValidationException", "zonalShiftId is not"),
        ("PATCH", "/zonalshifts/a", b"", ["comment"], "SerializationException", "to a structure"),
        ("POST", "/zonalshifts", b"comment=c", SHIFT, "ValidationException", "comment is not recognized"),
        ("POST", "/zonalshifts", b"", {**SHIFT, "colour": "red"}, "ValidationException", "colour is not recognized"),
        ("GET", "/managedresources/%ff", b"", None, "SerializationException", "not UTF-8 can not be"),
        ("GET", "/zonalshifts", b"status=%ed%a0%80", None, "SerializationException", "not UTF-8 can not be"),
        ("POST", "/zonalshifts", b"", {}, "ValidationException", "at 'resourceIdentifier'"),
        ("POST", "/zonalshifts", b"", b"{", "SerializationException", "not JSON"),
        ("POST", "/zonalshifts", b"", b"[" * 100_000, "SerializationException", "nested too deeply"),
    ],
)
def test_what_does_not_fit(method: str, path: str, query: bytes, body: Any, code: str, problem: str) -> None:
    found = refusal(method, path, query, body)
    assert found[0] == code
    assert problem in found[1]
    assert found[2] == 400


def test_errors_say_what_their_shape_has_besides() -> None:
    conflict = AwsError("ConflictException", "there is one", details={"reason": "ZonalShiftAlreadyExists"})
    status, body = serialise_error(ARC, conflict, "r")
    assert status == 409
    assert json.loads(body) == {
        "__type": "ConflictException", "message": "there is one", "reason": "ZonalShiftAlreadyExists",
    }  # fmt: skip
    assert headers("r", ARC)["content-type"] == "application/json"


def test_methods() -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        check_method(ARC, method)
    with pytest.raises(AwsError, match="use DELETE, GET, PATCH, POST or PUT"):
        check_method(ARC, "HEAD")
    with pytest.raises(AwsError, match="use GET or POST") as refused:
        check_method(load("ec2"), "DELETE")
    assert (refused.value.code, refused.value.status) == ("MethodNotAllowed", 405)
