"""NAT gateways: facts 83 to 92, from Describe answers alone."""

import pytest

from tests.spec import History, Reason, Verdict, judge
from tests.spec_tests.account import (
    HOST,
    WORLD,
    Account,
    entry,
    from_internet,
    lab,
    lost,
    permission,
    probe,
    tcp_ports,
    unanswered,
)

C1, NAT, EIP = "10.0.3.30", "10.0.1.9", "198.18.0.9"


@pytest.fixture
def account() -> Account:
    made = lab()
    made.server("c1", "subnet-c", C1)
    made.nat("n", "subnet-a", NAT)
    made.elastic(EIP, "eni-nat-n")
    made.route("subnet-c", WORLD, "nat-n")
    return made


@pytest.mark.parametrize("protocol", ["tcp", "udp", "icmp"])
def test_out_and_back_with_the_elastic_ip(account: Account, protocol: str) -> None:
    verdict = judge(account.world(), probe("eni-c1", C1, HOST, protocol=protocol))
    assert verdict == Verdict(True, f"internet:{HOST}", EIP, HOST, True, HOST, Reason.NONE)


def test_nothing_comes_in_and_nobody_inside_is_answered(account: Account) -> None:
    for protocol in ("tcp", "udp", "icmp"):
        assert lost(judge(account.world(), from_internet(EIP, protocol=protocol))) is Reason.REFUSED_BY_NAT
        assert lost(judge(account.world(), probe("eni-c1", C1, NAT, protocol=protocol))) is Reason.REFUSED_BY_NAT


def test_who_is_no_interface_of_the_vpc_is_not_served(account: Account) -> None:
    account.find("NetworkInterfaces", "NetworkInterfaceId", "eni-c1")["SourceDestCheck"] = False
    for source in ("10.0.3.99", "198.51.100.7"):
        assert lost(judge(account.world(), probe("eni-c1", source, HOST))) is Reason.REFUSED_BY_NAT
    account.server("c2", "subnet-c", "10.0.3.31")
    assert judge(account.world(), probe("eni-c1", "10.0.3.31", HOST)).source == EIP


def test_a_private_one_leads_nowhere_outside(account: Account) -> None:
    account.elastic(EIP, None)
    assert lost(judge(account.world(), probe("eni-c1", C1, HOST))) is Reason.NO_PUBLIC_ADDRESS
    account.server("b1", "subnet-b", "10.0.2.20")
    account.route("subnet-c", "10.0.2.0/24", "nat-n")
    verdict = judge(account.world(), probe("eni-c1", C1, "10.0.2.20"))
    assert (verdict.source, verdict.answered) == (NAT, True)


@pytest.mark.parametrize(
    ("shut", "out"),
    [
        (entry(1, egress=False, allow=False, cidr="10.0.3.0/24"), True),
        (entry(1, egress=True, allow=False, cidr=f"{HOST}/32"), True),
        (entry(1, egress=False, allow=False, cidr=f"{HOST}/32"), False),
        (entry(1, egress=True, allow=False, cidr="10.0.3.0/24"), False),
    ],
)
def test_the_acl_of_its_subnet_judges_both_passes(account: Account, shut: dict[str, object], out: bool) -> None:
    account.acl("subnet-a", shut, entry(100, egress=True, allow=True), entry(100, egress=False, allow=True))
    verdict = judge(account.world(), probe("eni-c1", C1, HOST))
    reason = Reason.NACL_OUT if shut["Egress"] else Reason.NACL_IN
    assert (lost(verdict) if out else unanswered(verdict)) is reason


def test_a_port_below_1024_becomes_another(account: Account) -> None:
    everything = [entry(9, egress=way, allow=True) for way in (True, False)]
    account.acl("subnet-a", entry(1, egress=False, allow=False, **tcp_ports(1024, 1024)), *everything)
    assert judge(account.world(), probe("eni-c1", C1, HOST, own=2000)).answered
    assert unanswered(judge(account.world(), probe("eni-c1", C1, HOST, own=1000))) is Reason.NACL_IN


def test_one_that_leads_to_itself(account: Account) -> None:
    account.route("subnet-a", WORLD, "nat-n")
    assert lost(judge(account.world(), probe("eni-c1", C1, HOST))) is Reason.REFUSED_BY_NAT


def test_answers_that_leave_by_it_belong_to_nothing(account: Account) -> None:
    """Section 15: a public address, and a default route to a NAT gateway."""
    account.elastic("198.18.0.5", "eni-c1")
    assert unanswered(judge(account.world(), from_internet("198.18.0.5"))) is Reason.REFUSED_BY_NAT
    assert unanswered(judge(account.world(), from_internet("198.18.0.5", protocol="udp"))) is Reason.ELSEWHERE


def test_what_it_knows_goes_on_both_ways_until_it_is_gone(account: Account) -> None:
    history = History()
    verdict, number = history.open(account.world(), probe("eni-c1", C1, HOST))
    assert verdict.answered
    assert history.reply(account.world(), number).at == "eni-c1"
    account.find("NatGateways", "NatGatewayId", "nat-n")["State"] = "deleted"
    account.route("subnet-c", WORLD, "nat-n", "blackhole")
    assert lost(history.send(account.world(), number)) is Reason.BLACKHOLE
    assert lost(history.reply(account.world(), number)) is Reason.NOT_RUNNING


def test_one_that_is_pending_does_not_work_yet(account: Account) -> None:
    account.answers["NatGateways"].append({"NatGatewayId": "nat-p", "State": "pending", "NatGatewayAddresses": [{}]})
    account.route("subnet-c", WORLD, "nat-p")
    assert lost(judge(account.world(), probe("eni-c1", C1, HOST))) is Reason.BLACKHOLE


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_what_goes_through_it_is_always_tracked(account: Account, protocol: str) -> None:
    """Fact 136, though the groups open everything both ways; at its other end too, where that is in the VPC."""
    account.server("b1", "subnet-b", "10.0.2.20")
    account.route("subnet-c", "10.0.2.0/24", "nat-n")
    for destination in (HOST, "10.0.2.20"):
        account.group("sg-open", permission(WORLD))
        history = History()
        _, number = history.open(account.world(), probe("eni-c1", C1, destination, protocol=protocol))
        account.group("sg-open", egress=[])
        assert history.send(account.world(), number).answered
        assert history.reply(account.world(), number).arrives
        again = probe("eni-c1", C1, destination, protocol=protocol, own=40001)
        assert lost(judge(account.world(), again)) is Reason.SG_EGRESS
