"""The file of intents: what each of its words means, and what it says to words that mean nothing."""

from typing import Any

import pytest

from atoll.review.verify import Result, verify
from tests.unit.test_review_reaching import Shop, allow, shop

__all__ = ["shop"]

NAMES = {"web": {"tag": {"Name": "web"}}, "db": {"tag": {"Name": "db"}}}


def judged(shop: Shop, *expect: dict[str, str], names: dict[str, Any] | None = None, **more: Any) -> list[Result]:
    written = {"version": 1, "names": NAMES | (names or {}), "expect": list(expect), **more}
    return verify(shop.cloud.writer.model, shop.cloud.plan, written)


def holds(shop: Shop, *expect: dict[str, str], **more: Any) -> list[bool]:
    return [one.holds for one in judged(shop, *expect, **more)]


def test_allow_is_for_all_and_allow_some_for_one(shop: Shop) -> None:
    assert holds(
        shop,
        {"allow": "internet -> web:80"},
        {"allow": "internet -> web:80-81"},
        {"allow-some": "internet -> web:80-81"},
        {"allow-some": "internet -> web:81"},
        {"allow": "web -> db:5432/tcp"},
    ) == [True, False, True, False, True]


def test_deny_is_every_protocol_and_port_unless_it_says_less(shop: Shop) -> None:
    assert holds(
        shop,
        {"deny": "internet -> web"},
        {"deny": "internet -> web/udp"},
        {"deny": "internet -> web:0-79,81-65535"},
        {"deny": "internet -> db"},
        {"deny": "any -> db:22"},
        {"deny": "any -> db"},
    ) == [False, True, True, True, True, False]


def test_any_is_not_what_the_internet_sends_to_itself(shop: Shop) -> None:
    (refused,) = judged(shop, {"deny": "internet -> any:80"})
    assert (refused.holds, refused.why.startswith(f"internet -> {shop.ids['eni-web']}")) == (False, True)
    (kept,) = judged(shop, {"deny": "internet -> any:22"})
    assert (kept.holds, kept.pairs) == (True, 2)
    with pytest.raises(LookupError, match="nobody who could send to anybody else"):
        judged(shop, {"deny": "internet -> any:22"}, scope={"region": "eu-west-1"})


def test_a_name_is_a_tag_an_id_a_holder_or_a_block(shop: Shop) -> None:
    names = {
        "subnet": {"subnet": shop.ids["subnet-db"]},
        "every-address": {"subnet": shop.ids["subnet-db"], "cidr": "of-subnet"},
        "group": {"group": shop.ids["sg-db"]},
        "vpc": {"vpc": shop.ids["vpc"]},
        "instance": {"instance": shop.ids["db"]},
        "interface": {"interface": shop.ids["eni-db"]},
        "block": {"cidr": "10.0.2.0/24"},
    }
    ends = ("subnet", "group", "instance", "interface", "vpc", shop.ids["eni-db"])
    assert all(holds(shop, *({"allow": f"web -> {end}:5432"} for end in ends), names=names))
    # of the addresses in a block most are nobody's: not all of them answer, and one is enough for a denial to fail
    for end in ("every-address", "block"):
        assert holds(
            shop,
            {"allow": f"web -> {end}:5432"},
            {"allow-some": f"web -> {end}:5432"},
            {"deny": f"web -> {end}:5432"},
            {"deny": f"{end} -> web:22"},
            names=names,
        ) == [False, True, False, True]


def test_via_nat_says_which_way(shop: Shop) -> None:
    assert holds(shop, {"allow": "web -> internet:443"}, {"allow": "web -> internet:443 via nat"}) == [True, False]
    address = shop.ec2.call("AllocateAddress", Domain="vpc")["AllocationId"]
    made = shop.ec2.call("CreateNatGateway", SubnetId=shop.ids["subnet-web"], AllocationId=address)
    nat = made["NatGateway"]["NatGatewayId"]
    shop.cloud.clock.advance(600.0)
    (table,) = shop.ec2.call(
        "DescribeRouteTables",
        Filters=[
            {"Name": "vpc-id", "Values": [shop.ids["vpc"]]},
            {"Name": "association.main", "Values": ["true"]},
        ],
    )["RouteTables"]
    shop.ec2.call("CreateRoute", RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    assert holds(
        shop,
        {"allow": "db -> internet:443 via nat"},
        {"allow": f"db -> internet:443/tcp via {nat}"},
        {"allow": "db -> internet:443 via nat-other"},
        {"deny": "internet -> db"},
    ) == [True, True, False, True]


def test_the_counterexample_is_walked_and_the_rules_are_named(shop: Shop) -> None:
    (denied,) = judged(shop, {"deny": "any -> db:5432"})
    assert denied.counterexample is not None
    assert denied.counterexample.destination_port == 5432
    assert any("sgr-" in line for line in denied.blame)
    (wanted,) = judged(shop, {"allow": "web -> db:22"})
    assert wanted.blame[0].startswith(f"filter {shop.ids['eni-db']}")
    assert "allow tcp 22 inbound" in wanted.blame[0]


def test_without_source_check_a_denial_is_about_every_address(shop: Shop) -> None:
    allow(shop.ec2, shop.ids["sg-db"], 6000, IpRanges=[{"CidrIp": "10.9.0.0/16"}])
    assert holds(shop, {"deny": "web -> db:6000"}) == [True]
    shop.ec2.call(
        "ModifyNetworkInterfaceAttribute", NetworkInterfaceId=shop.ids["eni-web"], SourceDestCheck={"Value": False}
    )
    (spoofed,) = judged(shop, {"deny": "web -> db:6000"})
    assert not spoofed.holds
    assert spoofed.counterexample is not None
    assert spoofed.counterexample.source.startswith("10.9.")


def test_an_optional_name_may_match_nothing(shop: Shop) -> None:
    names = {"gone": {"tag": {"Name": "gone"}, "optional": True}}
    (one,) = judged(shop, {"deny": "internet -> gone"}, names=names)
    assert (one.holds, one.pairs) == (True, 0)
    assert "skipped" in one.why


def test_names_are_looked_for_in_the_scope(shop: Shop) -> None:
    with pytest.raises(LookupError, match="in the scope"):
        judged(shop, {"deny": "internet -> db"}, scope={"region": "eu-west-1"})
    with pytest.raises(LookupError, match="no region 'us-esat-1'"):
        judged(shop, {"deny": "any -> any:22"}, scope={"region": "us-esat-1"})
    with pytest.raises(LookupError, match="matches no vpc"):
        judged(shop, {"deny": "internet -> db"}, scope={"vpc": {"tag": {"Name": "other"}}})
    assert holds(shop, {"deny": "internet -> db"}, scope={"region": "us-east-1", "vpc": shop.ids["vpc"]}) == [True]


@pytest.mark.parametrize(
    ("expect", "names", "told"),
    [
        ({"forbid": "internet -> db"}, {}, "an intent is one of"),
        ({"deny": "internet db"}, {}, "is no intent"),
        ({"deny": "internet -> db via nat"}, {}, "a denial is for every way"),
        ({"deny": "internet -> nobody"}, {}, "not among the names"),
        ({"deny": "internet -> lb"}, {"lb": {"load-balancer": "api"}}, "matches no network interface"),
        ({"deny": "internet -> s3"}, {"s3": {"endpoint": "vpce-1"}}, "not built VPC endpoints"),
        ({"deny": "internet -> x"}, {"x": {"colour": "red"}}, "names nothing"),
        ({"deny": "internet -> x"}, {"x": {"cidr": "10.0.0.0/40"}}, "is no CIDR"),
        ({"deny": "internet -> x"}, {"x": {"tag": {"Name": "x"}, "optional": "yes"}}, "true or false"),
        ({"deny": "internet -> db:80-"}, {}, "no port or range"),
    ],
)
def test_a_word_that_means_nothing_is_told(
    shop: Shop, expect: dict[str, str], names: dict[str, Any], told: str
) -> None:
    with pytest.raises((ValueError, LookupError), match=told):
        judged(shop, expect, names=names)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (None, "no file of intents"),
        ({"version": 2, "expect": []}, "no file of intents"),
        ({"version": 1, "expect": []}, "proves nothing"),
        ({"version": 1, "expect": [{"deny": "internet -> any"}], "wen": []}, "no file of intents"),
        ({"version": 1, "expect": [{"deny": "internet -> any"}], "when": [{}]}, "`when` says nothing"),
        ({"version": 1, "when": [{"az-down": "us-east-1a"}], "expect": []}, "proves nothing"),
        ({"version": 1, "expect": [], "when": [{"az-up": "us-east-1a"}]}, "no file of intents"),
    ],
)
def test_a_file_that_is_none_is_told(shop: Shop, written: object, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        verify(shop.cloud.writer.model, shop.cloud.plan, written)
