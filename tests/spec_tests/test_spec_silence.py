"""How long what is said is remembered, by the times that Describe shows."""

import pytest

from tests.spec import History, Reason
from tests.spec_tests.account import HOST, WORLD, Account, entry, from_internet, lab, lost, permission, probe

WEB, DB, NAT = "10.0.1.10", "10.0.3.30", "10.0.1.9"
PUBLIC, NAT_PUBLIC = "198.18.0.1", "198.18.0.9"


@pytest.fixture
def account() -> Account:
    """eni-web with an Elastic IP takes port 80 of TCP and UDP from the internet's host, and remembers it."""
    made = lab()
    opened(made)
    made.server("web", "subnet-a", WEB, groups=["sg-web"])
    made.elastic(PUBLIC, "eni-web")
    return made


def opened(account: Account) -> None:
    ways = (permission(f"{HOST}/32", protocol, 80) for protocol in ("tcp", "udp"))
    account.group("sg-web", *ways, permission(f"{HOST}/32", "icmp"))


def closed(account: Account) -> None:
    account.group("sg-web", egress=[])


def times(account: Account, **seconds: int) -> None:
    account.find("NetworkInterfaces", "NetworkInterfaceId", "eni-web")["ConnectionTrackingConfiguration"] = seconds


def survives(account: Account, protocol: str, seconds: int, questions: int = 1) -> bool:
    """Whether a connection is remembered after so many questions and answers, and so much silence."""
    opened(account)
    history, world = History(), account.world()
    port = 40000 if protocol == "icmp" else 80
    verdict, number = history.open(world, from_internet(PUBLIC, port, protocol))
    for _ in range(questions - 1):
        verdict = history.send(world, number)
    assert verdict.answered
    history.wait(seconds)
    closed(account)
    return history.send(account.world(), number).answered


@pytest.mark.parametrize(
    ("protocol", "questions", "seconds"), [("tcp", 1, 432_000), ("udp", 1, 30), ("udp", 2, 180), ("icmp", 2, 600)]
)
def test_the_usual_times(account: Account, protocol: str, questions: int, seconds: int) -> None:
    assert survives(account, protocol, seconds - 1, questions)
    assert not survives(account, protocol, seconds, questions)


@pytest.mark.parametrize(
    ("protocol", "questions", "name", "seconds"),
    [("tcp", 1, "TcpEstablishedTimeout", 60), ("udp", 1, "UdpTimeout", 60), ("udp", 2, "UdpStreamTimeout", 60)],
)
def test_the_interfaces_own_times(account: Account, protocol: str, questions: int, name: str, seconds: int) -> None:
    times(account, **{name: seconds})
    assert survives(account, protocol, seconds - 1, questions)
    assert not survives(account, protocol, seconds, questions)


def test_what_is_forgotten_meets_the_rules_as_something_new(account: Account) -> None:
    history = History()
    _, number = history.open(account.world(), from_internet(PUBLIC, 80, "udp"))
    history.wait(30)
    assert history.send(account.world(), number).answered
    history.wait(30)
    closed(account)
    assert lost(history.send(account.world(), number)) is Reason.SG_INGRESS
    assert lost(history.reply(account.world(), number)) is Reason.SG_EGRESS


def test_either_ends_packet_breaks_the_silence_and_a_refused_one_does_not(account: Account) -> None:
    history = History()
    _, number = history.open(account.world(), from_internet(PUBLIC, 80, "udp"))
    closed(account)
    for _ in range(3):
        history.wait(20)
        assert history.reply(account.world(), number).arrives
    account.acl("subnet-a")
    history.wait(20)
    assert lost(history.send(account.world(), number)) is Reason.NACL_IN
    history.wait(20)
    account.acl("subnet-a", *(entry(1, egress=way, allow=True) for way in (False, True)))
    assert lost(history.send(account.world(), number)) is Reason.SG_INGRESS


def test_a_nat_gateway_forgets_everything_after_350_seconds(account: Account) -> None:
    account.group("sg-open", permission(WORLD))
    account.server("db", "subnet-c", DB)
    account.nat("a", "subnet-a", NAT)
    account.elastic(NAT_PUBLIC, "eni-nat-a")
    account.route("subnet-c", WORLD, "nat-a")
    for protocol in ("tcp", "udp", "icmp"):
        port = 40000 if protocol == "icmp" else 80
        history = History()
        verdict, number = history.open(account.world(), probe("eni-db", DB, HOST, port, protocol))
        assert (verdict.answered, verdict.source) == (True, NAT_PUBLIC)
        history.wait(349)
        assert history.reply(account.world(), number).arrives, protocol
        history.wait(350)
        assert lost(history.reply(account.world(), number)) is Reason.REFUSED_BY_NAT, protocol
        assert history.send(account.world(), number).answered, "it opens another one"
