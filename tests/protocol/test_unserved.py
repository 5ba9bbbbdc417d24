"""Clients of services that Atoll does not have learn which one, and do not retry."""

from typing import Any, cast

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.model import Shape
from botocore.parsers import create_parser
from botocore.retries.standard import RetryContext, TransientRetryableChecker

from atoll.protocol import CONTENT_TYPE, unknown_service_error

SAID = "Atoll does not serve the service 'thing': see docs/coverage.md"


@pytest.mark.parametrize(
    ("protocol", "content_type"),
    [
        ("query", "application/x-www-form-urlencoded; charset=utf-8"),
        ("json", "application/x-amz-json-1.1"),
        ("json", "application/x-amz-json-1.0"),
        ("rest-json", "application/json; charset=utf-8"),
        ("smithy-rpc-v2-cbor", "application/cbor"),
        ("rest-xml", "application/xml"),
        ("rest-xml", ""),
    ],
)
def test_each_protocols_client_reads_the_refusal(protocol: str, content_type: str) -> None:
    answer = unknown_service_error("thing", {"content-type": content_type} if content_type else {}, "req-1")
    response = {"status_code": answer.status, "headers": answer.headers, "body": answer.body}
    read: dict[str, Any] = create_parser(protocol).parse(response, cast(Shape, None))
    assert (answer.status, read["Error"]["Code"], read["Error"]["Message"]) == (400, "InvalidAction", SAID)
    assert read["ResponseMetadata"]["RequestId"] == "req-1"
    as_sent = "json" in content_type or "cbor" in content_type
    assert answer.headers["content-type"] == (content_type.partition(";")[0] if as_sent else CONTENT_TYPE)


@pytest.mark.parametrize(
    ("service", "protocol", "sends"),
    [
        ("lambda", "rest-json", ""),
        ("eks", "rest-json", "application/json"),
        ("s3", "rest-xml", ""),
        ("route53", "rest-xml", ""),
        ("dynamodb", "json", "application/x-amz-json-1.0"),
        ("monitoring", "smithy-rpc-v2-cbor", "application/cbor"),
        ("rds", "query", "application/x-www-form-urlencoded"),
        ("ses", "query", "application/x-www-form-urlencoded"),
    ],
)
def test_services_that_terraform_and_cdk_ask_are_named(service: str, protocol: str, sends: str) -> None:
    answer = unknown_service_error(service, {"content-type": sends} if sends else {}, "req-1")
    response = {"status_code": answer.status, "headers": answer.headers, "body": answer.body}
    read: dict[str, Any] = create_parser(protocol).parse(response, cast(Shape, None))
    said = f"Atoll does not serve the service '{service}': see docs/coverage.md"
    assert (read["Error"]["Code"], read["Error"]["Message"]) == ("InvalidAction", said)


def test_a_read_of_a_rest_service_shows_the_code_though_it_sends_no_content_type() -> None:
    answer = unknown_service_error("thing", {}, "req-1")
    assert answer.headers["x-amzn-errortype"] == "InvalidAction"
    assert SAID in answer.body.decode()


def test_the_sdk_does_not_retry_it() -> None:
    answer = unknown_service_error("thing", {}, "req-1")
    response = AWSResponse("http://127.0.0.1", answer.status, HTTPHeaders.from_pairs(answer.headers.items()), None)
    context = RetryContext(1, http_response=response, parsed_response={"Error": {"Code": "InvalidAction"}})
    assert not TransientRetryableChecker().is_retryable(context)
