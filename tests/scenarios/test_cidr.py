"""`atoll cidr` beside a running Atoll, and alone."""

import json

import pytest

from atoll.packet import Prefix
from tests.scenarios.running import Atoll

ASKED = ("cidr", "--vpcs", "2", "--azs", "2", "--hosts", "web=50", "--hosts", "db=10")


def test_existing_vpcs_are_avoided_and_what_overlaps_is_named(records_only: Atoll) -> None:
    ec2 = records_only.ec2()
    ids = [ec2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"] for block in ("10.0.0.0/16", "10.0.128.0/17")]
    ec2.create_tags(Resources=[ids[1]], Tags=[{"Key": "Name", "Value": "twin"}])
    records_only.ec2(region="eu-west-1").describe_vpcs()  # its default VPC overlaps with the one here, as AWS's do
    said = records_only.run(*ASKED, "--avoid", "10.1.0.0/23", "--json")
    assert said.status == 0, said.err
    found = json.loads(said.out)
    assert found["warnings"] == [
        f"{ids[0]} in us-east-1 and {ids[1]} (twin) in us-east-1 share 10.0.128.0/17: "
        "they can never be peered, nor routed to one another."
    ]
    assert [vpc["cidr"] for vpc in found["vpcs"]] == ["10.1.4.0/22", "10.1.8.0/22"]
    first = found["vpcs"][0]["subnets"]
    assert [(one["tier"], one["zone"], one["cidr"], one["usable"]) for one in first] == [
        ("web", "a", "10.1.4.0/25", 123),
        ("web", "b", "10.1.4.128/25", 123),
        ("db", "a", "10.1.5.0/27", 27),
        ("db", "b", "10.1.5.32/27", 27),
    ]
    for vpc in found["vpcs"]:  # AWS takes what is proposed
        made = ec2.create_vpc(CidrBlock=vpc["cidr"])["Vpc"]["VpcId"]
        for subnet in vpc["subnets"]:
            answer = ec2.create_subnet(VpcId=made, CidrBlock=subnet["cidr"])["Subnet"]
            assert answer["AvailableIpAddressCount"] == subnet["usable"]
    again = json.loads(records_only.run(*ASKED, "--json").out)
    assert not any(
        Prefix.parse(one["cidr"]).overlaps(Prefix.parse(other["cidr"]))
        for one in again["vpcs"]
        for other in found["vpcs"]
    )
    office = records_only.run(*ASKED, "--avoid", "10.0.0.0/17")
    assert f"Warning: {ids[0]} in us-east-1 has 10.0.0.0/16, in what is to be avoided: 10.0.0.0/17." in office.out


def test_alone_it_says_that_nothing_was_looked_at(own_atoll: Atoll) -> None:
    own_atoll.folder.parent.mkdir(exist_ok=True)
    said = own_atoll.run(*ASKED)
    assert said.status == 0
    assert said.out.splitlines() == [
        "VPC 1  10.0.0.0/22  1024 addresses, 704 free for further subnets",
        "  web          zone a  10.0.0.0/25         123 usable (5 are AWS's), for 50 hosts",
        "  web          zone b  10.0.0.128/25       123 usable (5 are AWS's), for 50 hosts",
        "  db           zone a  10.0.1.0/27         27 usable (5 are AWS's), for 10 hosts",
        "  db           zone b  10.0.1.32/27        27 usable (5 are AWS's), for 10 hosts",
        "VPC 2  10.0.4.0/22  1024 addresses, 704 free for further subnets",
        "  web          zone a  10.0.4.0/25         123 usable (5 are AWS's), for 50 hosts",
        "  web          zone b  10.0.4.128/25       123 usable (5 are AWS's), for 50 hosts",
        "  db           zone a  10.0.5.0/27         27 usable (5 are AWS's), for 10 hosts",
        "  db           zone b  10.0.5.32/27        27 usable (5 are AWS's), for 10 hosts",
        "No Atoll is running here, so no existing VPC was looked at.",
    ]


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("--hosts", "many"), 2, "NAME=NUMBER"),
        (("--hosts", "web=1", "--hosts", "web=2"), 2, "a name of its own"),
        (("--hosts", "1", "--avoid", "office"), 2, "is no IPv4 block"),
        (("--hosts", "1", "--avoid", "fc00::/7"), 2, "is no IPv4 block"),
        (("--hosts", "70000"), 1, "AWS's largest subnet"),
        (("--hosts", "1", "--avoid", "0.0.0.0/0"), 1, "only 0 free blocks"),
        ((), 2, "--hosts"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_words_are_refused_in_words(own_atoll: Atoll, words: tuple[str, ...], status: int, says: str) -> None:
    said = own_atoll.run("cidr", *words)
    assert said.status == status
    assert says in said.err
    assert "Traceback" not in said.err
