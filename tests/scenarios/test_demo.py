"""`atoll demo`: the articles, claim by claim."""

import re

import pytest

from tests.scenarios.running import REPO, Atoll, Said

pytestmark = pytest.mark.kernel


def test_every_claim_of_the_article_about_interfaces_holds(own_atoll: Atoll) -> None:
    own_atoll.up()
    all_hold(own_atoll.run("demo", "eni"), least=30)
    verified = own_atoll.run("verify", str(REPO / "examples/eni/intents.yaml"))
    assert verified.status == 0, verified.out
    assert own_atoll.run("status").status == 0


def test_every_claim_of_the_article_about_secure_design_holds(bank: tuple[Atoll, Said]) -> None:
    all_hold(bank[1], least=35)


def all_hold(said: Said, *, least: int) -> None:
    assert said.status == 0, said.out + said.err
    counted = re.search(r"^(\d+) of (\d+) claims hold\.$", said.out, re.MULTILINE)
    assert counted
    assert counted[1] == counted[2]
    assert int(counted[1]) >= least
    assert said.err.count("  holds  ") == int(counted[1])
    assert "FAILS" not in said.err


def test_a_demo_says_what_of_the_users_is_in_its_way(own_atoll: Atoll) -> None:
    """The bank's region has a default VPC in which somebody works: it is left alone."""
    own_atoll.up()
    theirs = own_atoll.ec2(region="eu-central-1")
    subnet = theirs.describe_subnets()["Subnets"][0]["SubnetId"]
    interface = theirs.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    said = own_atoll.run("demo", "bank")
    assert said.status == 1
    assert "is something of yours in eu-central-1 in its way?" in said.err
    assert "DependencyViolation" in said.err
    assert "Traceback" not in said.err
    assert theirs.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"]
