"""What a resolver knows: who is told what, what exists, and whose word that is."""

import pytest

from atoll.agents.names import Found, look_up
from atoll.packet import Prefix
from atoll.plan.rows import INTERNET, Name, NameType, Numbering, Row, Zone
from atoll.records import Table

EC2 = "ec2-198-18-0-7.compute-1.amazonaws.com"


def a(domain: str, name: str, value: str) -> Name:
    return Name(domain=domain, name=name, type=NameType.A, value=value)


def private(domain: str, *blocks: str) -> list[Row]:
    numbers = (Numbering(domain=domain, zone="ec2.internal", prefix=Prefix.parse(block)) for block in blocks)
    return [Zone(domain=domain, name="ec2.internal"), *numbers]


PLAN = Table(
    [
        *private("vpc-1", "10.0.0.0/8", "100.64.0.0/16", "172.16.0.0/12"),
        Zone(domain=INTERNET, name="compute-1.amazonaws.com"),
        a("vpc-1", EC2, "10.0.1.5"),
        a(INTERNET, EC2, "198.18.0.7"),
        a("vpc-1", "i-1.ec2.internal", "10.0.1.5"),
        Name(domain="vpc-1", name="9.1.0.10.in-addr.arpa", type=NameType.PTR, value="i-1.ec2.internal"),
        Name(domain=INTERNET, name="7.0.18.198.in-addr.arpa", type=NameType.PTR, value=EC2),
        *(a(INTERNET, "lb-1.elb.us-east-1.amazonaws.com", f"198.18.0.{last}") for last in (20, 21)),
    ]
)


def values(domain: str, name: str, kind: str = "A") -> list[str] | None:
    """Of what exists; None of what does not."""
    found = look_up(PLAN, domain, name, kind)
    return [value for _, value in found.values] if found is not None and found.exists else None


def test_a_public_name_means_one_thing_inside_and_another_outside() -> None:
    assert values("vpc-1", EC2) == ["10.0.1.5"]
    for elsewhere in ("vpc-2", INTERNET):
        assert values(elsewhere, EC2) == ["198.18.0.7"]


def test_every_address_of_a_block_has_a_name_and_back() -> None:
    for ip in ("10.255.0.1", "100.64.3.4", "172.31.0.2"):
        name = f"ip-{ip.replace('.', '-')}.ec2.internal"
        assert values("vpc-1", name) == [ip]
        reverse = ".".join(reversed(ip.split(".")))
        assert values("vpc-1", f"{reverse}.in-addr.arpa", "PTR") == [name]
        for stranger in ("vpc-2", INTERNET):
            assert look_up(PLAN, stranger, name, "A") is None
            assert look_up(PLAN, stranger, f"{reverse}.in-addr.arpa", "PTR") is None


def test_a_row_says_otherwise_than_the_numbers() -> None:
    assert values("vpc-1", "9.1.0.10.in-addr.arpa", "PTR") == ["i-1.ec2.internal"]


@pytest.mark.parametrize(
    "name",
    [
        "ip-10-0-0-05.ec2.internal",
        "ip-10-0-0-256.ec2.internal",
        "ip-10-0-0.ec2.internal",
        "ip-10-0-0-5-6.ec2.internal",
        "ip-192-168-0-5.ec2.internal",
        "x.ip-10-0-0-5.ec2.internal",
        "ip-10-0-0-\u0665.ec2.internal",
        "i-2.ec2.internal",
        "a.i-1.ec2.internal",
        "ec2-198-18-0-8.compute-1.amazonaws.com",
    ],
)
def test_what_is_in_a_zone_and_has_no_row_does_not_exist(name: str) -> None:
    zone = name[name.index("ec2.internal") :] if "internal" in name else "compute-1.amazonaws.com"
    assert look_up(PLAN, "vpc-1", name, "A") == Found(exists=False, zone=zone)


@pytest.mark.parametrize(
    "name",
    ["", "example.com", "ip-10-0-0-5.eu-west-1.compute.internal", "xec2.internal", "5.0.168.192.in-addr.arpa",
     "256.0.0.10.in-addr.arpa", "x.0.0.10.in-addr.arpa", "5.5.0.0.10.in-addr.arpa", "xin-addr.arpa"],
)  # fmt: skip
def test_of_other_names_nobody_here_knows(name: str) -> None:
    assert look_up(PLAN, "vpc-1", name, "PTR") is None


def test_other_types_of_a_name_are_none_and_the_name_is_there() -> None:
    names = (EC2, "ip-10-0-0-5.ec2.internal", "5.0.0.10.in-addr.arpa")
    zones = ("compute-1.amazonaws.com", "ec2.internal", "")
    for name, zone in zip(names, zones, strict=True):
        assert look_up(PLAN, "vpc-1", name, "AAAA") == Found(zone=zone)
    assert values("vpc-1", EC2, "ANY") == ["10.0.1.5"]


@pytest.mark.parametrize(
    "name",
    ["ec2.internal", "elb.us-east-1.amazonaws.com", "amazonaws.com", "com", "0.10.in-addr.arpa", "10.in-addr.arpa",
     "16.172.in-addr.arpa", "172.in-addr.arpa", "in-addr.arpa"],
)  # fmt: skip
def test_what_lies_above_a_name_exists(name: str) -> None:
    assert values("vpc-1", name) == []


def test_several_values_are_all_told() -> None:
    assert values("vpc-1", "lb-1.elb.us-east-1.amazonaws.com") == ["198.18.0.20", "198.18.0.21"]
