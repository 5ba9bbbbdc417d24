"""The form itself: oddities of encoding that are fine, and those that are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.protocol import AwsError, decode, load, parse
from atoll.protocol.form import MAX_DEPTH, tree
from tests.protocol.strategies import FIXED


@pytest.mark.parametrize(
    ("body", "pairs"),
    [
        (b"", []),
        (b"&&", []),
        (b"a=1&", [("a", "1")]),
        (b"a", [("a", "")]),
        (b"a=b=c", [("a", "b=c")]),
        (b"a=1+2", [("a", "1 2")]),
        (b"a=1%2B2", [("a", "1+2")]),
        (b"a=%e2%82%ac", [("a", "\u20ac")]),
        (b"%41=%42", [("A", "B")]),
        ("a=\u20ac".encode(), [("a", "\u20ac")]),
        (b"a=%00;b=2", [("a", "\x00;b=2")]),
        (b"a=1&a=2", [("a", "1"), ("a", "2")]),
    ],
)
def test_pairs(body: bytes, pairs: list[tuple[str, str]]) -> None:
    assert decode(body) == pairs


@pytest.mark.parametrize("body", [b"a=%", b"a=%4", b"a=%zz", b"%u0041=1", b"a=%ff", b"a=\xff", b"a=%ed%a0%80"])
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(AwsError, match="MalformedQueryString: The query string contains a syntax error"):
        decode(body)


@pytest.mark.parametrize(
    "names",
    [
        ["A", "A"],
        ["A.1", "A.1"],
        ["A", "A.1"],
        ["A.1.B", "A.1"],
        [".".join("a" * (MAX_DEPTH + 1))],
    ],
)
def test_names_that_contradict_each_other_are_refused(names: list[str]) -> None:
    with pytest.raises(AwsError, match="InvalidQueryParameter"):
        tree((name, "") for name in names)


def test_the_deepest_name_that_is_read() -> None:
    assert tree([(".".join("a" * MAX_DEPTH), "x")]) != {}


NAMES = st.sampled_from(
    [
        "Action", "Version", "Filter", "VpcId", "IpPermissions", "IpRanges", "CidrIp", "FromPort", "TagSpecification",
        "Tag", "Key", "DryRun", "MaxResults", "GroupId", "member", "entry", "key", "value", "Names", "Tags", "1", "2",
        "0", "", "X-Amz-Date", "ResourceArns", "999999999", "ValidUntil",
    ]
)  # fmt: skip
ACTIONS = {
    "ec2": ["DescribeVpcs", "AuthorizeSecurityGroupIngress", "RequestSpotInstances", "RunInstances"],
    "elbv2": ["AddTags", "DescribeLoadBalancers", "CreateListener"],
}


@pytest.mark.parametrize("service", ACTIONS)
def test_nothing_but_an_aws_error_is_raised_for_pairs(service: str) -> None:
    served = load(service)

    @FIXED
    @given(
        st.sampled_from(ACTIONS[service]),
        st.lists(st.tuples(st.lists(NAMES, max_size=5).map(".".join), st.text() | st.sampled_from(["1", "true"]))),
    )
    def check(action: str, pairs: list[tuple[str, str]]) -> None:
        try:
            call = parse(served, [("Action", action), ("Version", served.meta.api_version), *pairs])
        except AwsError as refused:
            assert refused.code  # noqa: PT017
        else:
            assert set(call.params) <= set(served.input_members(action))

    check()


@FIXED
@given(st.binary() | st.lists(st.binary(max_size=6)).map(b"&Action=DescribeVpcs&Version=2016-11-15&".join))
def test_nothing_but_an_aws_error_is_raised_for_bytes(body: bytes) -> None:
    try:
        assert parse(load("ec2"), body).operation == "DescribeVpcs"
    except AwsError as refused:
        assert refused.status == 400  # noqa: PT017


@FIXED
@given(st.lists(st.tuples(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))))
def test_every_byte_may_be_percent_encoded(pairs: list[tuple[str, str]]) -> None:
    def escaped(text: str) -> str:
        return "".join(f"%{byte:02x}" for byte in text.encode())

    body = "&".join(f"{escaped(name)}={escaped(value)}" for name, value in pairs)
    assert decode(body.encode()) == pairs
