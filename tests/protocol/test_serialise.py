"""Answers by hand: the exact bytes, and the mistakes of a handler that are refused."""

from collections import OrderedDict
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.protocol import AwsError, headers, load, serialise, serialise_error
from atoll.protocol.markup import escape
from tests.protocol.strategies import FIXED

PROLOGUE = '<?xml version="1.0" encoding="UTF-8"?>\n'
EC2_NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"


def xml(operation: str, result: dict[str, Any], service: str = "ec2") -> str:
    return serialise(load(service), operation, result, "req-1").decode().removeprefix(PROLOGUE)


def test_an_answer_of_ec2() -> None:
    vpc = {"VpcId": "vpc-1", "IsDefault": False, "OwnerId": None, "Tags": [{"Key": "Name", "Value": "a&b"}]}
    assert xml("DescribeVpcs", {"Vpcs": [vpc, {"VpcId": "vpc-2", "Tags": []}], "NextToken": None}) == (
        f'<DescribeVpcsResponse xmlns="{EC2_NAMESPACE}"><requestId>req-1</requestId><vpcSet>'
        "<item><vpcId>vpc-1</vpcId><isDefault>false</isDefault>"
        "<tagSet><item><key>Name</key><value>a&amp;b</value></item></tagSet></item>"
        "<item><vpcId>vpc-2</vpcId><tagSet></tagSet></item>"
        "</vpcSet></DescribeVpcsResponse>"
    )


def test_an_answer_of_ec2_without_output_says_true() -> None:
    assert xml("DeleteVpc", {}) == (
        f'<DeleteVpcResponse xmlns="{EC2_NAMESPACE}"><requestId>req-1</requestId><return>true</return>'
        "</DeleteVpcResponse>"
    )


def test_an_answer_of_a_query_service() -> None:
    assert xml("GetCallerIdentity", {"Account": "123456789012"}, "sts") == (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        "<GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult>"
        "<ResponseMetadata><RequestId>req-1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    )
    assert xml("DeleteStack", {}, "cloudformation") == (
        '<DeleteStackResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">'
        "<ResponseMetadata><RequestId>req-1</RequestId></ResponseMetadata></DeleteStackResponse>"
    )
    listed = xml("DescribeTargetGroups", {"TargetGroups": [{"Port": 80, "LoadBalancerArns": ["a", "b"]}]}, "elbv2")
    assert "<LoadBalancerArns><member>a</member><member>b</member></LoadBalancerArns>" in listed


def test_errors() -> None:
    refused = AwsError("InvalidVpcID.NotFound", "The vpc ID 'vpc-<1>' does not exist")
    status, body = serialise_error(load("ec2"), refused, "req-1")
    assert (status, body.decode()) == (
        400,
        PROLOGUE + "<Response><Errors><Error><Code>InvalidVpcID.NotFound</Code>"
        "<Message>The vpc ID 'vpc-&lt;1&gt;' does not exist</Message></Error></Errors>"
        "<RequestID>req-1</RequestID></Response>",
    )
    status, body = serialise_error(load("elbv2"), AwsError("LoadBalancerNotFound", "no", 503), "req-1")
    assert (status, body.decode()) == (
        503,
        PROLOGUE + '<ErrorResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/">'
        "<Error><Type>Receiver</Type><Code>LoadBalancerNotFound</Code><Message>no</Message></Error>"
        "<RequestId>req-1</RequestId></ErrorResponse>",
    )


def test_a_code_that_the_model_gives_a_status_has_it() -> None:
    stacks = load("cloudformation")
    assert serialise_error(stacks, AwsError("ChangeSetNotFound", "no"), "r")[0] == 404
    assert serialise_error(stacks, AwsError("ChangeSetNotFound", "no", 503), "r")[0] == 503
    assert serialise_error(stacks, AwsError("ValidationError", "no"), "r")[0] == 400


def test_headers() -> None:
    assert headers("req-1") == {"content-type": "text/xml;charset=UTF-8", "x-amzn-requestid": "req-1"}


class State(StrEnum):
    AVAILABLE = "available"


def test_values_of_kindred_types() -> None:
    assert "<state>available</state>" in xml("DescribeVpcs", {"Vpcs": ({"State": State.AVAILABLE},)})
    assert "<vpcId>v</vpcId>" in xml("DescribeVpcs", {"Vpcs": [MappingProxyType({"VpcId": "v"})]})
    assert "<vpcId>v</vpcId>" in xml("DescribeVpcs", {"Vpcs": [OrderedDict(VpcId="v")]})


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 7, 1, tzinfo=UTC), "2026-07-01T00:00:00.000Z"),
        (datetime(2026, 7, 1, 1, 2, 3, 999_999, tzinfo=timezone(timedelta(hours=2))), "2026-06-30T23:02:03.999Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000Z"),
    ],
)
def test_times_have_milliseconds_and_z(moment: datetime, text: str) -> None:
    assert f"<createTime>{text}</createTime>" in xml("DescribeNatGateways", {"NatGateways": [{"CreateTime": moment}]})


SCALARS = "DescribeVpcs.Vpcs.[]"


@pytest.mark.parametrize(
    ("operation", "result", "problem"),
    [
        ("DescribeVpcs", {"vpcs": []}, "DescribeVpcs: the shape has no member 'vpcs'"),
        ("DescribeVpcs", {"Vpcs": [{"Cidr": "x"}]}, f"{SCALARS}: the shape has no member 'Cidr'"),
        ("DescribeVpcs", {"Vpcs": [{"Cidr": None}]}, f"{SCALARS}: the shape has no member 'Cidr'"),
        ("DescribeVpcs", {"Vpcs": {}}, "DescribeVpcs.Vpcs: expected a list, not dict"),
        ("DescribeVpcs", {"Vpcs": "vpc-1"}, "DescribeVpcs.Vpcs: expected a list, not str"),
        ("DescribeVpcs", {"Vpcs": [None]}, f"{SCALARS}: expected a mapping, not NoneType"),
        ("DescribeVpcs", {"Vpcs": ["vpc-1"]}, f"{SCALARS}: expected a mapping, not str"),
        ("DescribeVpcs", {"Vpcs": [{"VpcId": 1}]}, f"{SCALARS}.VpcId: expected str, not int"),
        ("DescribeVpcs", {"Vpcs": [{"IsDefault": 1}]}, f"{SCALARS}.IsDefault: expected bool, not int"),
        ("DeleteVpc", {"Return": True}, "DeleteVpc: the shape has no member 'Return'"),
        (
            "DescribeSubnets",
            {"Subnets": [{"AvailableIpAddressCount": True}]},
            "DescribeSubnets.Subnets.[].AvailableIpAddressCount: expected int, not bool",
        ),
        (
            "DescribeNatGateways",
            {"NatGateways": [{"CreateTime": datetime(2026, 7, 1)}]},
            "DescribeNatGateways.NatGateways.[].CreateTime: expected an aware datetime, not datetime",
        ),
    ],
)
def test_a_result_that_does_not_fit_is_a_mistake_with_a_place(
    operation: str, result: dict[str, Any], problem: str
) -> None:
    with pytest.raises(TypeError) as mistake:
        xml(operation, result)
    assert str(mistake.value) == problem


def test_characters_that_xml_cannot_carry_are_replaced() -> None:
    assert escape("a\x00b\x1bc\ud800d\uffffe") == "a\ufffdb\ufffdc\ufffdd\ufffde"
    assert escape("<&>\r\n\t\"'") == "&lt;&amp;&gt;&#13;\n\t\"'"


@FIXED
@given(st.text(st.characters()))
def test_any_text_at_all_makes_xml_that_can_be_read(text: str) -> None:
    for body in (
        serialise(load("ec2"), "DescribeVpcs", {"NextToken": text}, text),
        serialise_error(load("ec2"), AwsError(text, text), text)[1],
        serialise_error(load("sts"), AwsError(text, text), text)[1],
    ):
        assert ElementTree.fromstring(body) is not None
