"""Requests by hand: what clients other than botocore send, and what is refused in which words."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from atoll.protocol import AwsError, Params, load, parse
from tests.protocol import oracle

EC2 = "Version=2016-11-15&Action="
ELB = "Version=2015-12-01&Action="


def params(text: str, service: str = "ec2") -> Params:
    return parse(load(service), text.encode()).params


def refusal(text: str, service: str = "ec2") -> tuple[str, str]:
    with pytest.raises(AwsError) as refused:
        parse(load(service), text.encode())
    assert refused.value.status == 400
    return refused.value.code, refused.value.message


def test_a_security_group_rule_in_all_its_depth() -> None:
    body = (
        "Action=AuthorizeSecurityGroupIngress&Version=2016-11-15&GroupId=sg-1"
        "&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=80&IpPermissions.1.ToPort=443"
        "&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0%2F0&IpPermissions.1.IpRanges.1.Description=the+world"
        "&IpPermissions.1.Groups.1.GroupId=sg-2&TagSpecification.1.ResourceType=security-group-rule"
        "&TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=%C3%A9"
    )
    assert params(body) == {
        "GroupId": "sg-1",
        "IpPermissions": [
            {
                "IpProtocol": "tcp",
                "FromPort": 80,
                "ToPort": 443,
                "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "the world"}],
                "UserIdGroupPairs": [{"GroupId": "sg-2"}],
            }
        ],
        "TagSpecifications": [
            {"ResourceType": "security-group-rule", "Tags": [{"Key": "Name", "Value": "é"}]},
        ],
    }


def test_names_that_differ_between_request_and_member() -> None:
    assert params(EC2 + "CreateNetworkInterface&SubnetId=s&SecurityGroupId.1=sg-1")["Groups"] == ["sg-1"]
    assert params(EC2 + "DescribeNatGateways&Filter.1.Name=state")["Filter"] == [{"Name": "state"}]
    run = EC2 + "RunInstances&MinCount=1&MaxCount=1&NetworkInterface.1."
    interface = {"PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.9"}]}
    assert params(run + "PrivateIpAddresses.1.PrivateIpAddress=10.0.0.9")["NetworkInterfaces"] == [interface]


def test_list_elements_follow_their_index_and_not_the_order_of_the_text() -> None:
    sorted_as_text = "&".join(f"VpcId.{n}=vpc-{n}" for n in sorted(range(1, 13), key=str))
    assert params(EC2 + "DescribeVpcs&" + sorted_as_text)["VpcIds"] == [f"vpc-{n}" for n in range(1, 13)]


def test_gaps_between_indices_close_up() -> None:
    assert params(EC2 + "DescribeVpcs&VpcId.7=b&VpcId.2=a&VpcId.99999=c")["VpcIds"] == ["a", "b", "c"]


def test_lists_and_maps_of_the_query_protocol() -> None:
    add = ELB + "AddTags&ResourceArns.member.1=arn&Tags.member.1.Key=a&Tags.member.2.Key=b"
    assert params(add, "elbv2") == {"ResourceArns": ["arn"], "Tags": [{"Key": "a"}, {"Key": "b"}]}
    assert params(ELB + "DescribeLoadBalancers&Names=", "elbv2") == {"Names": []}
    listener = ELB + "ModifyListener&ListenerArn=a&DefaultActions.member.1."
    oidc = "AuthenticateOidcConfig.AuthenticationRequestExtraParams.entry."
    required = "Type=authenticate-oidc&" + "&".join(
        f"DefaultActions.member.1.AuthenticateOidcConfig.{name}=x"
        for name in ("Issuer", "AuthorizationEndpoint", "TokenEndpoint", "UserInfoEndpoint", "ClientId")
    )
    entry = f"&DefaultActions.member.1.{oidc}1.key=k&DefaultActions.member.1.{oidc}1.value=v"
    action = params(listener + required + entry, "elbv2")["DefaultActions"][0]
    assert action["AuthenticateOidcConfig"]["AuthenticationRequestExtraParams"] == {"k": "v"}
    twice = entry.replace(".1.key", ".2.key").replace("entry.1.value", "entry.2.value")
    assert refusal(listener + required + entry + twice, "elbv2")[0] == "MalformedInput"


def test_what_botocore_leaves_out_is_absent() -> None:
    nothing: dict[str, Any] = {"VpcIds": [], "Filters": []}
    assert parse(load("ec2"), oracle.request("ec2", "DescribeVpcs", nothing)).params == {}
    empty = {"GroupId": "sg-1", "IpPermissions": [{}]}
    assert parse(load("ec2"), oracle.request("ec2", "AuthorizeSecurityGroupIngress", empty)).params == {
        "GroupId": "sg-1"
    }


def test_an_empty_string_is_a_string() -> None:
    assert params(EC2 + "DeleteVpc&VpcId=") == {"VpcId": ""}
    assert params(EC2 + "DeleteVpc&VpcId") == {"VpcId": ""}


def test_pairs_that_are_already_decoded() -> None:
    pairs = [("Action", "DeleteVpc"), ("Version", "2016-11-15"), ("VpcId", "100%+&=")]
    assert parse(load("ec2"), pairs).params == {"VpcId": "100%+&="}


def test_the_names_of_a_presigned_address_are_not_parameters() -> None:
    signed = "&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2Fb&X-Amz-Signature=00&SignatureVersion=4"
    assert params(EC2 + "DeleteVpc&VpcId=v" + signed) == {"VpcId": "v"}


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("false", False), ("1", True), ("0", False)],
)
def test_booleans_are_those_of_xml_schema(text: str, value: bool) -> None:
    assert params(EC2 + f"DescribeVpcs&DryRun={text}")["DryRun"] is value


@pytest.mark.parametrize("text", ["", "True", "yes", "2", "true "])
def test_other_booleans_are_refused(text: str) -> None:
    said = f"Value ({text}) for parameter dryRun is invalid. Expecting true or false."
    assert refusal(EC2 + f"DescribeVpcs&DryRun={text}") == ("InvalidParameterValue", said)


@pytest.mark.parametrize("text", ["", "abc", "1.0", "1_000", "2147483648", "-2147483649", "9" * 5000, "%D9%A3"])
def test_other_integers_are_refused(text: str) -> None:
    code, message = refusal(EC2 + f"DescribeVpcs&MaxResults={text}")
    assert code == "InvalidParameterValue"
    assert "maxResults" in message
    assert len(message) < 300


def test_numbers_at_their_bounds() -> None:
    assert params(EC2 + "DescribeVpcs&MaxResults=-2147483648")["MaxResults"] == -(2**31)
    assert params(EC2 + "DescribeVpcs&MaxResults=%2B2147483647")["MaxResults"] == 2**31 - 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-07-01", datetime(2026, 7, 1, tzinfo=UTC)),
        ("2026-07-01T12:00:00Z", datetime(2026, 7, 1, 12, tzinfo=UTC)),
        ("2026-07-01T12:00:00", datetime(2026, 7, 1, 12, tzinfo=UTC)),
        ("2026-07-01T12:00:00.5Z", datetime(2026, 7, 1, 12, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-07-01T12:00:00.123456789Z", datetime(2026, 7, 1, 12, 0, 0, 123_456, tzinfo=UTC)),
        ("2026-07-01T12:00:00%2B02:00", datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=2)))),
    ],
)
def test_timestamps(text: str, value: datetime) -> None:
    valid_until = params(EC2 + f"RequestSpotInstances&ValidUntil={text}")["ValidUntil"]
    assert valid_until == value
    assert valid_until.tzinfo is UTC


@pytest.mark.parametrize("text", ["", "now", "20260701", "2026-W01", "2026-13-01", "0001-01-01T00:00:00%2B14:00"])
def test_other_timestamps_are_refused(text: str) -> None:
    code, message = refusal(EC2 + f"RequestSpotInstances&ValidUntil={text}")
    assert (code, "validUntil" in message) == ("InvalidParameterValue", True)


def test_blobs_are_base64() -> None:
    key = EC2 + "ImportKeyPair&KeyName=k&PublicKeyMaterial="
    assert params(key + "AP8%3D")["PublicKeyMaterial"] == b"\x00\xff"
    assert refusal(key + "AP8")[0] == "InvalidParameterValue"
    assert refusal(key + "AP*8")[0] == "InvalidParameterValue"


ASKED = [
    ("ec2", "", "MissingAction", "The request is missing an action or a required parameter."),
    ("ec2", "Action=&Version=2016-11-15", "MissingAction", "The request is missing an action or a required parameter."),
    ("ec2", EC2 + "MakeTea", "InvalidAction", "The action MakeTea is not valid for this web service."),
    ("ec2", "Action=DescribeVpcs", "MissingParameter", "The request must contain the parameter Version"),
    ("ec2", "Action=DescribeVpcs&Version=x", "NoSuchVersion", "The requested version (x) does not exist"),
    (
        "elbv2",
        "Action=DescribeLoadBalancers&Version=2012-06-01",
        "InvalidAction",
        "Could not find operation DescribeLoadBalancers for version 2012-06-01. "
        "Atoll does not serve Classic Load Balancers: see docs/coverage.md",
    ),
    ("elbv2", "Action=A&Version=2014", "InvalidAction", "Could not find operation A for version 2014"),
    ("sts", "Action=A", "InvalidAction", "Could not find operation A for version NO_VERSION_SPECIFIED"),
    ("elbv2", ELB + "A.1", "InvalidAction", "Could not find operation A.1 for version 2015-12-01"),
]
FITTED = [
    ("ec2", EC2 + "DeleteVpc", "MissingParameter", "The request must contain the parameter VpcId"),
    (
        "ec2",
        EC2 + "CreateSecurityGroup&GroupName=x",
        "MissingParameter",
        "The request must contain the parameter GroupDescription",
    ),
    ("ec2", EC2 + "DescribeVpcs&vpcId.1=a", "UnknownParameter", "The parameter vpcId is not recognized"),
    ("ec2", EC2 + "DescribeVpcs&Filter.1.X.1=a", "UnknownParameter", "The parameter Filter.1.X is not recognized"),
    ("ec2", EC2 + "DescribeVpcs&Filter.1=a", "UnknownParameter", "The parameter Filter.1 is not recognized"),
    ("ec2", EC2 + "DescribeVpcs&VpcId=a", "UnknownParameter", "The parameter VpcId is not recognized"),
    ("ec2", EC2 + "DescribeVpcs&VpcId.1.b=a", "UnknownParameter", "The parameter VpcId.1.b is not recognized"),
    ("ec2", EC2 + "DescribeVpcs&junk", "UnknownParameter", "The parameter junk is not recognized"),
    (
        "ec2",
        EC2 + "AuthorizeSecurityGroupIngress&IpPermissions.2.FromPort=http",
        "InvalidParameterValue",
        "Value (http) for parameter ipPermissions.2.FromPort is invalid. Expecting an integer of 32 bits.",
    ),
    (
        "elbv2",
        ELB + "AddTags&ResourceArns.member.1=a&Tags.member.1.Value=v",
        "ValidationError",
        "1 validation error detected: Value null at 'tags.1.member.key' failed to satisfy constraint: "
        "Member must not be null",
    ),
    ("elbv2", ELB + "DescribeLoadBalancers&X=1", "ValidationError", "The parameter X is not recognized"),
    ("elbv2", ELB + "DescribeLoadBalancers&Names.1=1", "ValidationError", "The parameter Names.1 is not recognized"),
    (
        "elbv2",
        ELB + "DescribeLoadBalancers&Names=a",
        "MalformedInput",
        "Unexpected complex element termination at Names",
    ),
    (
        "elbv2",
        ELB + "DescribeLoadBalancers&PageSize=many",
        "MalformedInput",
        "Value 'many' at PageSize is not an integer of 32 bits",
    ),
]


@pytest.mark.parametrize(("service", "text", "code", "message"), ASKED + FITTED)
def test_refusals_and_their_words(service: str, text: str, code: str, message: str) -> None:
    assert refusal(text, service) == (code, message)


@pytest.mark.parametrize("index", ["0", "01", "-1", "+1", "x", "1 ", "%D9%A1", "100000", "999999999", "9" * 400])
def test_indices_that_are_none_are_refused_without_being_built(index: str) -> None:
    code, message = refusal(EC2 + f"DescribeVpcs&Filter.{index}.Name=x")
    assert (code, message[:21]) == ("UnknownParameter", "The parameter Filter.")


def test_an_earlier_version_of_ec2_is_answered() -> None:
    assert params("Action=DeleteVpc&Version=2014-10-01&VpcId=v") == {"VpcId": "v"}
