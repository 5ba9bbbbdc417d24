"""The JSON protocol by hand: what no well-meaning client sends is refused in the words of AWS's JSON reader."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from atoll.protocol import AwsError, Call, headers, load, parse_json, serialise, serialise_error
from atoll.protocol.json_values import WRITERS

GET, PUT, BY_PATH = (f"AmazonSSM.{name}" for name in ("GetParameter", "PutParameter", "GetParametersByPath"))


def refusal(target: str, body: bytes) -> tuple[str, str]:
    with pytest.raises(AwsError) as refused:
        parse_json(load("ssm"), target, body)
    assert refused.value.status == 400
    return refused.value.code, refused.value.message


def test_null_is_a_member_that_is_left_out() -> None:
    call = parse_json(load("ssm"), GET, b'{"Name": "a", "WithDecryption": null}')
    assert call == Call("GetParameter", {"Name": "a"})


@pytest.mark.parametrize("target", ["", "GetParameter", "AmazonSSM.", "AmazonSSM.MakeCoffee", "AmazonEC2.GetParameter"])
def test_targets_that_name_no_operation(target: str) -> None:
    assert refusal(target, b"{}")[0] == "UnknownOperationException"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff",
        b"{'Name': 'a'}",
        b'{"Name": NaN}',
        b'{"Name": "a", "Name": "b"}',
        b"[" * 100_000,
        b"\0",
        b"9" * 9999,
    ],
)
def test_what_is_not_json(body: bytes) -> None:
    assert refusal(GET, body)[0] == "SerializationException"


@pytest.mark.parametrize(
    ("target", "body", "problem"),
    [
        (GET, {"Name": 1}, "NUMBER_VALUE can not be converted to a String"),
        (GET, {"Name": ["a"]}, "START_ARRAY can not be converted to a String"),
        (GET, {"Name": "\ud800"}, "Half a surrogate pair can not be converted to a String"),
        (GET, {"Name": "a", "WithDecryption": "true"}, "STRING_VALUE can not be converted to a Boolean"),
        (GET, [], "START_ARRAY can not be converted to a structure"),
        ("AmazonSSM.GetParameters", {"Names": "a"}, "STRING_VALUE can not be converted to a list"),
        (BY_PATH, {"Path": "/", "MaxResults": 2**40}, "NUMBER_VALUE can not be converted to an Integer"),
        (BY_PATH, {"Path": "/", "MaxResults": True}, "TRUE_VALUE can not be converted to an Integer"),
        ("AmazonSSM.SendCommand", {"DocumentName": "d", "Parameters": []}, "START_ARRAY can not be converted to a map"),
    ],
)
def test_values_of_other_types(target: str, body: Any, problem: str) -> None:
    assert refusal(target, json.dumps(body).encode()) == ("SerializationException", problem)


def test_members_that_are_unknown_or_missing() -> None:
    unknown = refusal(GET, b'{"Name": "a", "Nmae": "b"}')
    assert unknown == ("ValidationException", "The parameter Nmae is not recognized")
    missing = refusal(PUT, b'{"Name": "a", "Value": "b", "Tags": [{"Key": "k"}]}')
    assert missing == (
        "ValidationException",
        "1 validation error detected: Value null at 'tags.1.value' failed to satisfy constraint: "
        "Member must not be null",
    )


def test_nesting_that_shapes_allow_without_end_has_an_end_here() -> None:
    body = b'{"Aggregators": [' * 50_000
    assert refusal("AmazonSSM.GetInventory", body)[0] == "SerializationException"
    closed = b'{"Aggregators": [' * 300 + b"]}" * 300
    assert refusal("AmazonSSM.GetInventory", closed)[0] == "SerializationException"


def test_more_than_any_service_takes() -> None:
    with pytest.raises(AwsError) as refused:
        parse_json(load("ssm"), GET, b" " * (1 << 20) + b"{}")
    assert (refused.value.code, refused.value.status) == ("RequestEntityTooLarge", 413)


def test_answers_and_errors() -> None:
    ssm = load("ssm")
    modified = datetime(2026, 7, 1, 0, 0, 0, 123_999, tzinfo=UTC)
    body = serialise(ssm, "GetParameter", {"Parameter": {"Name": "é", "LastModifiedDate": modified, "ARN": None}}, "r")
    assert json.loads(body) == {"Parameter": {"Name": "é", "LastModifiedDate": 1782864000.123}}
    assert body.isascii()
    status, error = serialise_error(ssm, AwsError("ParameterNotFound", "no \ud800"), "r")
    assert (status, json.loads(error)) == (400, {"__type": "ParameterNotFound", "message": "no \ud800"})
    assert headers("r", ssm) == {"content-type": "application/x-amz-json-1.1", "x-amzn-requestid": "r"}


def test_numbers_that_json_has_no_way_to_write() -> None:
    write = WRITERS["double"]
    assert [write(float(word)) for word in ("nan", "inf", "-inf")] == ["NaN", "Infinity", "-Infinity"]


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        ({"Parameter": {"Nmae": "a"}}, "GetParameter.Parameter: the shape has no member 'Nmae'"),
        ({"Parameter": {"Name": 1}}, "GetParameter.Parameter.Name: expected str, not int"),
        ({"Parameter": {"Version": True}}, "GetParameter.Parameter.Version: expected int, not bool"),
        ({"Parameter": []}, "GetParameter.Parameter: expected a mapping, not list"),
    ],
)
def test_a_result_that_does_not_fit_is_a_mistake_with_a_place(result: dict[str, Any], problem: str) -> None:
    with pytest.raises(TypeError) as mistake:
        serialise(load("ssm"), "GetParameter", result, "r")
    assert str(mistake.value) == problem
