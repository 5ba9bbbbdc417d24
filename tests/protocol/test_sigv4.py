"""Credential scopes: whom a request is from, and for which region and service."""

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from atoll.protocol import AwsError, Scope, account, decode, scope

CREDENTIALS = Credentials("111122223333", "secret", "token")


def test_a_request_that_botocore_signed() -> None:
    request = AWSRequest("POST", "http://127.0.0.1:4566/", data=b"Action=DescribeVpcs")
    SigV4Auth(CREDENTIALS, "elasticloadbalancing", "eu-west-1").add_auth(request)
    found = scope({name.lower(): value for name, value in request.headers.items()})
    assert (found.access_key, found.region, found.service) == ("111122223333", "eu-west-1", "elasticloadbalancing")
    assert request.headers["X-Amz-Date"].startswith(found.date)


def test_an_address_that_botocore_presigned() -> None:
    request = AWSRequest("GET", "http://127.0.0.1:4566/", params={"Action": "DescribeVpcs"})
    SigV4QueryAuth(CREDENTIALS, "ec2", "us-gov-east-1").add_auth(request)
    found = scope({}, decode(str(request.url).partition("?")[2].encode()))
    assert (found.access_key, found.region, found.service) == ("111122223333", "us-gov-east-1", "ec2")


@pytest.mark.parametrize(
    "authorization",
    [
        "AWS4-HMAC-SHA256 Credential=k/20260701/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=k/20260701/us-east-1/ec2/aws4_request,SignedHeaders=host,Signature=0",
        "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=0, Credential=k/20260701/us-east-1/ec2/aws4_request",
    ],
)
def test_spellings_of_the_header(authorization: str) -> None:
    assert scope({"authorization": authorization}) == Scope("k", "20260701", "us-east-1", "ec2")


def test_an_access_key_may_hold_slashes() -> None:
    header = "AWS4-HMAC-SHA256 Credential=a/b/20260701/us-east-1/ec2/aws4_request"
    assert scope({"authorization": header}).access_key == "a/b"


@pytest.mark.parametrize("headers", [{}, {"authorization": ""}, {"host": "x"}])
def test_an_unsigned_request(headers: dict[str, str]) -> None:
    with pytest.raises(AwsError) as refused:
        scope(headers, [("Action", "DescribeVpcs")])
    assert (refused.value.code, refused.value.status) == ("MissingAuthenticationToken", 403)
    assert refused.value.message == "Request is missing Authentication Token"


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer x",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Signature=0",
        "AWS4-HMAC-SHA256 Credential=",
        "AWS4-HMAC-SHA256 Credential=k/20260701/us-east-1/ec2",
        "AWS4-HMAC-SHA256 Credential=/20260701/us-east-1/ec2/aws4_request",
        "AWS4-HMAC-SHA256 Credential=k/2026-07-01/us-east-1/ec2/aws4_request",
        "AWS4-HMAC-SHA256 Credential=k/20260701//ec2/aws4_request",
        "AWS4-HMAC-SHA256 Credential=k/20260701/us-east-1//aws4_request",
        "AWS4-HMAC-SHA256 Credential=k/20260701/us-east-1/ec2/aws5_request",
    ],
)
def test_a_scope_that_cannot_be_read(authorization: str) -> None:
    with pytest.raises(AwsError) as refused:
        scope({"authorization": authorization})
    assert (refused.value.code, refused.value.status) == ("IncompleteSignature", 400)


@pytest.mark.parametrize(
    ("access_key", "expected"),
    [
        ("111122223333", "111122223333"),
        ("AKIAIOSFODNN7EXAMPLE", "123456789012"),
        ("test", "123456789012"),
        ("11112222333", "123456789012"),
        ("1111222233334", "123456789012"),
        ("11112222333\u0663", "123456789012"),
    ],
)
def test_accounts(access_key: str, expected: str) -> None:
    assert account(access_key) == expected
