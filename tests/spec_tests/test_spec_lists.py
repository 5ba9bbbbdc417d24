"""Prefix lists in rules and routes, and route tables of gateways (facts 104, 112, 113, 115)."""

import pytest

from tests.spec import History, Reason, judge
from tests.spec_tests.account import HOST, OTHER_HOST, WORLD, Account, from_internet, lab, lost, permission, probe, tcp

A1, B1, C1 = "10.0.1.10", "10.0.2.20", "10.0.3.30"
PUBLIC, OF_B1 = "198.18.0.1", "198.18.0.2"


@pytest.fixture
def account() -> Account:
    made = lab()
    made.group("sg-list", tcp("pl-1"))
    made.prefix_list("pl-1", f"{HOST}/32", "2001:db8::/32")
    made.server("a1", "subnet-a", A1, groups=["sg-list"])
    made.server("b1", "subnet-b", B1)
    made.server("c1", "subnet-c", C1)
    made.elastic(PUBLIC, "eni-a1")
    return made


def test_a_rule_matches_what_its_list_holds_now(account: Account) -> None:
    assert judge(account.world(), from_internet(PUBLIC)).answered
    assert lost(judge(account.world(), probe(f"internet:{OTHER_HOST}", OTHER_HOST, PUBLIC))) is Reason.SG_INGRESS
    account.prefix_list("pl-1", f"{OTHER_HOST}/32")
    assert lost(judge(account.world(), from_internet(PUBLIC))) is Reason.SG_INGRESS
    account.prefix_list("pl-1")
    assert lost(judge(account.world(), from_internet(PUBLIC))) is Reason.SG_INGRESS


def test_a_list_of_everything_is_not_open_to_the_world(account: Account) -> None:
    account.prefix_list("pl-1", WORLD)
    history = History()
    verdict, number = history.open(account.world(), from_internet(PUBLIC))
    assert verdict.answered
    account.prefix_list("pl-1")
    assert history.send(account.world(), number).answered, "tracked, so it lives on"


def outward(account: Account) -> Reason:
    verdict = judge(account.world(), probe("eni-c1", C1, HOST))
    return verdict.reason


def test_a_route_to_a_list_is_one_to_each_of_its_blocks(account: Account) -> None:
    account.elastic("198.18.0.3", "eni-c1")
    assert outward(account) is Reason.NO_ROUTE
    account.listed_route("subnet-c", "pl-1", "igw-of-vpc-1")
    assert judge(account.world(), probe("eni-c1", C1, HOST)).answered
    account.prefix_list("pl-1", f"{OTHER_HOST}/32")
    assert outward(account) is Reason.NO_ROUTE


def test_a_route_to_the_very_block_beats_the_list_and_the_longest_block_wins(account: Account) -> None:
    account.elastic("198.18.0.3", "eni-c1")
    account.server("x", "subnet-a", "10.0.1.99")
    account.listed_route("subnet-c", "pl-1", "eni-x")
    account.route("subnet-c", f"{HOST}/32", "igw-of-vpc-1")
    assert judge(account.world(), probe("eni-c1", C1, HOST)).answered
    account.route("subnet-c", f"{HOST}/32", "eni-x")
    account.route("subnet-c", "203.0.113.0/24", "igw-of-vpc-1")
    assert outward(account) is Reason.DESTINATION_CHECK


def test_of_two_lists_the_lower_id_has_the_block_and_inside_the_vpc_none_counts(account: Account) -> None:
    account.elastic("198.18.0.3", "eni-c1")
    account.server("x", "subnet-a", "10.0.1.99")
    account.prefix_list("pl-0", f"{HOST}/32", "10.0.1.0/24", "10.0.0.0/16")
    account.listed_route("subnet-c", "pl-1", "eni-x")
    account.listed_route("subnet-c", "pl-0", "igw-of-vpc-1")
    assert judge(account.world(), probe("eni-c1", C1, HOST)).answered
    assert judge(account.world(), probe("eni-c1", C1, "10.0.1.99")).answered


@pytest.fixture
def inspected(account: Account) -> Account:
    """What comes in for subnet-a goes through eni-b1, whose check is off."""
    account.find("NetworkInterfaces", "NetworkInterfaceId", "eni-b1")["SourceDestCheck"] = False
    account.group("sg-list", permission(WORLD))
    account.elastic(OF_B1, "eni-b1")
    account.edge(subnet_a="eni-b1")
    return account


def test_what_comes_in_goes_through_the_middlebox(inspected: Account) -> None:
    verdict = judge(inspected.world(), from_internet(PUBLIC))
    assert (verdict.arrives, verdict.at, verdict.destination) == (True, "eni-b1", A1)
    assert judge(inspected.world(), from_internet(OF_B1)).answered, "its own subnet has no route there"
    inspected.acl("subnet-b")
    assert lost(judge(inspected.world(), from_internet(PUBLIC))) is Reason.NACL_IN


def test_a_middlebox_needs_a_running_instance_a_public_address_and_no_check(inspected: Account) -> None:
    eni = inspected.find("NetworkInterfaces", "NetworkInterfaceId", "eni-b1")
    eni["SourceDestCheck"] = True
    assert lost(judge(inspected.world(), from_internet(PUBLIC))) is Reason.DESTINATION_CHECK
    eni["SourceDestCheck"] = False
    inspected.elastic(OF_B1, None)
    assert lost(judge(inspected.world(), from_internet(PUBLIC))) is Reason.BLACKHOLE
    inspected.elastic(OF_B1, "eni-b1")
    edge = inspected.find("RouteTables", "RouteTableId", "rtb-edge")
    edge["Routes"][1]["State"] = "blackhole"
    assert lost(judge(inspected.world(), from_internet(PUBLIC))) is Reason.BLACKHOLE
