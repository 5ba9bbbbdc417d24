"""Network ACLs: ordered, stateless, at the border of the subnet only."""

import pytest

from tests.spec import Probe, Reason, judge
from tests.spec_tests.account import (
    HOST,
    Account,
    Record,
    entry,
    from_internet,
    lab,
    lost,
    probe,
    star,
    tcp_ports,
    unanswered,
)

A1, A2, B1 = "10.0.1.10", "10.0.1.11", "10.0.2.20"
PUBLIC = "198.18.0.1"


@pytest.fixture
def account() -> Account:
    made = lab()
    made.server("a1", "subnet-a", A1)
    made.server("a2", "subnet-a", A2)
    made.server("b1", "subnet-b", B1)
    made.elastic(PUBLIC, "eni-a1")
    return made


def opened(egress: bool) -> dict[str, object]:
    return entry(100, egress=egress, allow=True)


def test_a_custom_acl_denies_everything(account: Account) -> None:
    account.acl("subnet-a")
    assert lost(judge(account.world(), from_internet(PUBLIC))) is Reason.NACL_IN
    assert lost(judge(account.world(), probe("eni-a1", A1, HOST))) is Reason.NACL_OUT


def test_an_acl_that_lists_nothing_denies_too(account: Account) -> None:
    account.acl("subnet-a")
    account.answers["NetworkAcls"][0]["Entries"] = []
    assert lost(judge(account.world(), from_internet(PUBLIC))) is Reason.NACL_IN


def test_without_an_acl_for_the_subnet_everything_passes(account: Account) -> None:
    account.acl("subnet-b")
    assert judge(account.world(), from_internet(PUBLIC)).answered
    del account.answers["NetworkAcls"]
    assert judge(account.world(), probe("eni-a1", A1, B1)).answered


def test_inbound_80_and_outbound_80_lets_the_request_in_and_no_answer_out(account: Account) -> None:
    web = tcp_ports(80, 80)
    account.acl("subnet-a", entry(1, egress=False, allow=True, **web), entry(1, egress=True, allow=True, **web))
    verdict = judge(account.world(), from_internet(PUBLIC))
    assert (verdict.arrives, verdict.answered, verdict.reason) == (True, False, Reason.NACL_OUT)


def test_ephemeral_ports_outbound_let_the_answer_out(account: Account) -> None:
    inward = entry(1, egress=False, allow=True, **tcp_ports(80, 80))
    account.acl("subnet-a", inward, entry(1, egress=True, allow=True, **tcp_ports(32768, 60999)))
    assert judge(account.world(), from_internet(PUBLIC)).answered
    assert unanswered(judge(account.world(), from_internet(PUBLIC, own=32767))) is Reason.NACL_OUT
    assert lost(judge(account.world(), from_internet(PUBLIC, 81))) is Reason.NACL_IN


def test_the_lowest_number_that_matches_decides_in_whatever_order_they_are_listed(account: Account) -> None:
    deny = entry(90, egress=False, allow=False, cidr=f"{HOST}/32")
    account.acl("subnet-a", opened(False), deny, opened(True))
    assert lost(judge(account.world(), from_internet(PUBLIC))) is Reason.NACL_IN
    assert judge(account.world(), probe("internet:203.0.113.11", "203.0.113.11", PUBLIC)).answered
    account.acl("subnet-a", opened(False), entry(110, egress=False, allow=False, cidr=f"{HOST}/32"), opened(True))
    assert judge(account.world(), from_internet(PUBLIC)).answered


def test_an_acl_does_not_come_between_two_hosts_of_a_subnet(account: Account) -> None:
    account.acl("subnet-a")
    assert judge(account.world(), probe("eni-a1", A1, A2)).answered
    assert lost(judge(account.world(), probe("eni-a1", A1, B1))) is Reason.NACL_OUT
    assert lost(judge(account.world(), probe("eni-b1", B1, A1))) is Reason.NACL_IN


def test_between_subnets_both_acls_judge_both_ways(account: Account) -> None:
    account.acl("subnet-b", opened(False))
    one_way = judge(account.world(), probe("eni-a1", A1, B1))
    assert (one_way.arrives, one_way.reason) == (True, Reason.NACL_OUT)
    account.acl("subnet-b", opened(False), opened(True))
    assert judge(account.world(), probe("eni-a1", A1, B1)).answered
    account.acl("subnet-a", opened(True))
    assert unanswered(judge(account.world(), probe("eni-a1", A1, B1))) is Reason.NACL_IN


def test_entries_name_the_private_address_on_our_side(account: Account) -> None:
    account.acl("subnet-a", opened(False), entry(1, egress=True, allow=True, cidr=f"{HOST}/32"))
    assert judge(account.world(), from_internet(PUBLIC)).answered
    assert not judge(account.world(), probe("internet:203.0.113.11", "203.0.113.11", PUBLIC)).answered


def test_icmp_entries_name_type_and_code(account: Account) -> None:
    echo: Record = {"Protocol": "1", "IcmpTypeCode": {"Type": 8, "Code": -1}}
    reply: Record = {"Protocol": "1", "IcmpTypeCode": {"Type": 0, "Code": 0}}
    ping = Probe(f"internet:{HOST}", HOST, PUBLIC, "icmp", 77, 0)
    account.acl("subnet-a", entry(1, egress=False, allow=True, **echo))
    assert unanswered(judge(account.world(), ping)) is Reason.NACL_OUT
    account.acl("subnet-a", entry(1, egress=False, allow=True, **echo), entry(1, egress=True, allow=True, **reply))
    assert judge(account.world(), ping).answered
    assert lost(judge(account.world(), from_internet(PUBLIC))) is Reason.NACL_IN
    account.acl("subnet-a", entry(1, egress=False, allow=True, **reply))
    assert lost(judge(account.world(), ping)) is Reason.NACL_IN


def test_the_rule_star_is_read_from_the_answer_too(account: Account) -> None:
    account.acl("subnet-a", opened(False), opened(True))
    (acl,) = account.answers["NetworkAcls"]
    assert acl["Entries"][-2:] == star()
    acl["Entries"][-2]["CidrBlock"], acl["Entries"][-2]["Ipv6CidrBlock"] = None, "::/0"  # an IPv6 entry: passed over
    assert judge(account.world(), from_internet(PUBLIC)).answered
