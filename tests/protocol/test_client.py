"""A whole boto3 client, signing and all, answered without a network: the protocol as an endpoint would use it."""

from collections.abc import Callable, Mapping
from typing import Any, cast

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError, WaiterError

from atoll.protocol import (
    AwsError,
    Call,
    account,
    by_signing_name,
    headers,
    parse,
    scope,
    serialise,
    serialise_error,
    unknown_service_error,
)

Handler = Callable[[Call], Mapping[str, Any]]


class _Body:
    """The little of a response's stream that botocore reads."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def stream(self) -> list[bytes]:
        return [self.data]


def client(service: str, handler: Handler) -> Any:
    """A boto3 client whose requests the handler answers."""
    made = boto3.client(
        service,
        endpoint_url="http://127.0.0.1:4566",
        region_name="eu-west-1",
        aws_access_key_id="111122223333",
        aws_secret_access_key="x",
    )

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        status, told, body = _endpoint(request, handler)
        return AWSResponse(request.url, status, HTTPHeaders.from_pairs(told.items()), _Body(body))

    made.meta.events.register("before-send", answer)
    return made


def _endpoint(request: AWSPreparedRequest, handler: Handler) -> tuple[int, dict[str, str], bytes]:
    sent = {name.lower(): v.decode() if isinstance(v, bytes) else v for name, v in request.headers.items()}
    asked_by = scope(sent)
    assert (account(asked_by.access_key), asked_by.region) == ("111122223333", "eu-west-1")
    service = by_signing_name(asked_by.service)
    if service is None:
        answer = unknown_service_error(asked_by.service, sent, "req-1")
        return answer.status, answer.headers, answer.body
    try:
        body = request.body
        call = parse(service, body.encode() if isinstance(body, str) else cast(bytes, body))
        return 200, headers("req-1"), serialise(service, call.operation, handler(call), "req-1")
    except AwsError as error:
        status, body = serialise_error(service, error, "req-1")
        return status, headers("req-1"), body


def test_a_call_and_its_answer() -> None:
    seen: list[Call] = []

    def handler(call: Call) -> Mapping[str, Any]:
        seen.append(call)
        return {"Vpc": {"VpcId": "vpc-1", "CidrBlock": call.params["CidrBlock"]}}

    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "a b&c=d+e%/é"}]}]
    answer = client("ec2", handler).create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tags)
    assert seen == [Call("CreateVpc", {"CidrBlock": "10.0.0.0/16", "TagSpecifications": tags})]
    assert answer["Vpc"] == {"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}
    assert answer["ResponseMetadata"]["RequestId"] == "req-1"
    assert answer["ResponseMetadata"]["HTTPHeaders"] == headers("req-1")


def test_a_refusal_is_a_client_error() -> None:
    def handler(call: Call) -> Mapping[str, Any]:
        raise AwsError("InvalidVpcID.NotFound", f"The vpc ID '{call.params['VpcId']}' does not exist")

    with pytest.raises(ClientError) as refused:
        client("ec2", handler).delete_vpc(VpcId="vpc-9")
    assert refused.value.response["Error"] == {
        "Code": "InvalidVpcID.NotFound",
        "Message": "The vpc ID 'vpc-9' does not exist",
    }
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_modeled_errors_of_query_services_are_their_own_classes() -> None:
    def handler(call: Call) -> Mapping[str, Any]:
        raise AwsError("LoadBalancerNotFound", f"Load balancers '[{call.params['Names'][0]}]' not found")

    elbv2 = client("elbv2", handler)
    with pytest.raises(elbv2.exceptions.LoadBalancerNotFoundException):
        elbv2.describe_load_balancers(Names=["web"])


def test_paginators_and_waiters_understand_the_answers() -> None:
    def paged(call: Call) -> Mapping[str, Any]:
        at = int(call.params.get("NextToken", "0"))
        return {"Vpcs": [{"VpcId": f"vpc-{at}", "State": "available"}], "NextToken": str(at + 1) if at < 2 else None}

    pages = client("ec2", paged).get_paginator("describe_vpcs").paginate()
    assert [vpc["VpcId"] for page in pages for vpc in page["Vpcs"]] == ["vpc-0", "vpc-1", "vpc-2"]
    client("ec2", paged).get_waiter("vpc_available").wait(VpcIds=["vpc-0"], WaiterConfig={"MaxAttempts": 1})

    def failed(call: Call) -> Mapping[str, Any]:
        return {"NatGateways": [{"NatGatewayId": call.params["NatGatewayIds"][0], "State": "failed"}]}

    with pytest.raises(WaiterError, match="terminal failure"):
        client("ec2", failed).get_waiter("nat_gateway_available").wait(NatGatewayIds=["nat-1"])


def test_a_service_that_is_not_served() -> None:
    with pytest.raises(ClientError, match="Atoll does not serve the service 'dynamodb'"):
        client("dynamodb", lambda _: {}).list_tables()
