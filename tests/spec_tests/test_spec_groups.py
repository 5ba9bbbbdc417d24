"""Security groups: both sides of every kind of rule."""

import pytest

from tests.spec import Probe, Reason, judge
from tests.spec_tests.account import HOST, Account, from_internet, lab, lost, permission, probe, tcp

WEB, DB = "10.0.1.10", "10.0.3.20"


@pytest.fixture
def account() -> Account:
    """A web server with an Elastic IP, and a database in the private subnet."""
    made = lab()
    made.group("sg-web", tcp("0.0.0.0/0"))
    made.group("sg-db", tcp("sg-web", 5432))
    made.server("web", "subnet-a", WEB, groups=["sg-web"])
    made.server("db", "subnet-c", DB, groups=["sg-db"])
    made.elastic("198.18.0.1", "eni-web")
    return made


def test_a_rule_lets_its_port_in_and_no_other(account: Account) -> None:
    passed = judge(account.world(), from_internet("198.18.0.1"))
    assert (passed.arrives, passed.answered, passed.at) == (True, True, "eni-web")
    assert lost(judge(account.world(), from_internet("198.18.0.1", 81))) is Reason.SG_INGRESS
    assert lost(judge(account.world(), from_internet("198.18.0.1", 80, "udp"))) is Reason.SG_INGRESS


@pytest.mark.parametrize(("port", "passes"), [(79, False), (80, True), (85, True), (90, True), (91, False)])
def test_a_port_range_includes_both_ends(account: Account, port: int, passes: bool) -> None:
    account.group("sg-web", tcp("0.0.0.0/0", 80, 90))
    assert judge(account.world(), from_internet("198.18.0.1", port)).arrives is passes


@pytest.mark.parametrize(("cidr", "passes"), [(f"{HOST}/32", True), ("203.0.113.0/29", False)])
def test_a_source_cidr_names_the_clients_own_address(account: Account, cidr: str, passes: bool) -> None:
    account.group("sg-web", tcp(cidr))
    assert judge(account.world(), from_internet("198.18.0.1")).arrives is passes


def test_a_group_without_inbound_rules_is_silent(account: Account) -> None:
    account.group("sg-web")
    verdict = judge(account.world(), from_internet("198.18.0.1"))
    assert (verdict.arrives, verdict.answered, verdict.reason) == (False, False, Reason.SG_INGRESS)


def test_the_rules_of_all_groups_are_united(account: Account) -> None:
    account.group("sg-more", tcp("0.0.0.0/0", 443))
    account.find("NetworkInterfaces", "NetworkInterfaceId", "eni-web")["Groups"].append({"GroupId": "sg-more"})
    for port in (80, 443):
        assert judge(account.world(), from_internet("198.18.0.1", port)).answered
    assert not judge(account.world(), from_internet("198.18.0.1", 444)).arrives


def test_egress_rules_judge_what_an_interface_starts(account: Account) -> None:
    account.group("sg-web", egress=[tcp(f"{HOST}/32", 443)])
    passed = judge(account.world(), probe("eni-web", WEB, HOST, 443))
    assert (passed.arrives, passed.answered, passed.source) == (True, True, "198.18.0.1")
    assert lost(judge(account.world(), probe("eni-web", WEB, HOST, 80))) is Reason.SG_EGRESS
    assert lost(judge(account.world(), probe("eni-web", WEB, "203.0.113.11", 443))) is Reason.SG_EGRESS


def test_the_answer_to_an_allowed_packet_needs_no_rule(account: Account) -> None:
    account.group("sg-web", tcp("0.0.0.0/0"), egress=[])
    assert judge(account.world(), from_internet("198.18.0.1")).answered


def test_the_bank_only_the_web_servers_reach_the_database(account: Account) -> None:
    account.server("other", "subnet-a", "10.0.1.11")
    assert judge(account.world(), probe("eni-web", WEB, DB, 5432)).answered
    assert lost(judge(account.world(), probe("eni-web", WEB, DB, 5433))) is Reason.SG_INGRESS
    assert lost(judge(account.world(), probe("eni-other", "10.0.1.11", DB, 5432))) is Reason.SG_INGRESS


def test_a_group_reference_means_private_addresses_not_elastic_ones(account: Account) -> None:
    account.subnet("subnet-d", "10.0.4.0/24")
    account.server("db2", "subnet-d", "10.0.4.20", groups=["sg-db"])
    account.elastic("198.18.0.2", "eni-db2")
    assert judge(account.world(), probe("eni-web", WEB, "10.0.4.20", 5432)).answered
    assert lost(judge(account.world(), probe("eni-web", WEB, "198.18.0.2", 5432))) is Reason.SG_INGRESS
    account.group("sg-db", tcp("198.18.0.1/32", 5432))  # what it takes to let the Elastic IP's path in
    assert judge(account.world(), probe("eni-web", WEB, "198.18.0.2", 5432)).answered
    assert lost(judge(account.world(), probe("eni-web", WEB, "10.0.4.20", 5432))) is Reason.SG_INGRESS


def test_a_secondary_address_of_a_member_is_a_member(account: Account) -> None:
    account.server("web2", "subnet-a", "10.0.1.12", "10.0.1.13", groups=["sg-web"])
    assert judge(account.world(), probe("eni-web2", "10.0.1.13", DB, 5432)).answered


def test_a_member_that_speaks_for_somebody_else_is_no_member(account: Account) -> None:
    box = account.server("box", "subnet-a", "10.0.1.14", groups=["sg-web"])
    box["SourceDestCheck"] = False
    assert judge(account.world(), probe("eni-box", "10.0.1.14", DB, 5432)).arrives
    assert lost(judge(account.world(), probe("eni-box", WEB, DB, 5432))) is Reason.SG_INGRESS


def test_an_egress_reference_names_the_interface_that_has_the_destination(account: Account) -> None:
    account.group("sg-web", egress=[tcp("sg-db", 5432)])
    account.server("closed", "subnet-c", "10.0.3.21")
    account.elastic("198.18.0.9", "eni-db")
    assert judge(account.world(), probe("eni-web", WEB, DB, 5432)).answered
    assert lost(judge(account.world(), probe("eni-web", WEB, "10.0.3.21", 5432))) is Reason.SG_EGRESS
    assert lost(judge(account.world(), probe("eni-web", WEB, "198.18.0.9", 5432))) is Reason.SG_EGRESS


def test_a_self_reference_lets_members_talk_and_nobody_else(account: Account) -> None:
    account.group("sg-web", permission("sg-web"))
    account.server("web2", "subnet-a", "10.0.1.12", groups=["sg-web"])
    account.server("other", "subnet-a", "10.0.1.11")
    assert judge(account.world(), probe("eni-web2", "10.0.1.12", WEB, 9999, "udp")).answered
    assert lost(judge(account.world(), probe("eni-other", "10.0.1.11", WEB, 9999, "udp"))) is Reason.SG_INGRESS


def test_the_same_group_in_another_vpc_does_not_mix(account: Account) -> None:
    account.vpc("vpc-2")
    account.subnet("subnet-z", "10.0.1.0/24", "vpc-2")
    account.server("twin", "subnet-z", WEB)
    assert lost(judge(account.world(), probe("eni-twin", WEB, DB, 5432))) is Reason.NO_SUCH_ADDRESS
    assert judge(account.world(), probe("eni-web", WEB, DB, 5432)).at == "eni-db"


@pytest.mark.parametrize(
    ("low", "high", "kind", "code", "passes"),
    [
        (8, 0, 8, 0, True),
        (8, -1, 8, 0, True),
        (-1, -1, 13, 0, True),
        (8, 0, 13, 0, False),
        (3, 4, 3, 4, True),
        (3, 4, 3, 1, False),
    ],
)
def test_icmp_rules_name_type_and_code(
    account: Account, low: int, high: int, kind: int, code: int, passes: bool
) -> None:
    account.group("sg-web", permission("0.0.0.0/0", "icmp", low, high))
    ping = Probe(f"internet:{HOST}", HOST, "198.18.0.1", "icmp", 77, 0, kind, code)
    verdict = judge(account.world(), ping)
    answered = passes and kind == 8  # only an echo request is answered
    assert (verdict.arrives, verdict.answered) == (passes, answered)
    unanswered = Reason.NO_ANSWER if passes else Reason.SG_INGRESS
    assert verdict.reason is (Reason.NONE if answered else unanswered)


def test_other_protocols_are_numbers_without_ports(account: Account) -> None:
    account.group("sg-web", permission("0.0.0.0/0", "47", 80, 80))
    assert judge(account.world(), from_internet("198.18.0.1", 0, "47")).answered, "the other end of a tunnel speaks too"
    assert lost(judge(account.world(), from_internet("198.18.0.1", 0, "50"))) is Reason.SG_INGRESS
    account.group("sg-web", permission("0.0.0.0/0"))
    assert judge(account.world(), from_internet("198.18.0.1", 0, "50")).arrives


def test_protocol_numbers_and_names_are_the_same(account: Account) -> None:
    account.group("sg-web", permission("0.0.0.0/0", "6", 80))
    assert judge(account.world(), from_internet("198.18.0.1")).arrives
    assert judge(account.world(), from_internet("198.18.0.1", protocol="6")).arrives
