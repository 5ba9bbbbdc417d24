"""examples/bank/mistakes: each made in the standing bank, with the packets that pass or die by it, and mended."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest

from atoll.cli.demo.bank import REGION
from atoll.cli.demo.lab import INTERNET, Lab
from examples.bank.mistakes import mistakes
from examples.bank.parts import DATABASE, Bank, find
from tests.scenarios.running import REPO, Atoll, Said

pytestmark = pytest.mark.kernel

SILENCE = 1.0
"""Seconds; an answer takes about a millisecond here."""


class Standing(NamedTuple):
    """The bank as its tests see it."""

    lab: Lab
    ec2: Any
    parts: Bank

    def public_ip(self, name: str) -> str:
        found = self.ec2.describe_instances(InstanceIds=[self.parts.instances[name]])["Reservations"][0]["Instances"][0]
        return str(found.get("PublicIpAddress", "none"))

    def postgresql(self, name: str) -> str:
        """What a server's connection to the database meets."""
        return self.lab.tcp(self.parts.instances[name], DATABASE, 5432, seconds=SILENCE)

    def from_internet(self, name: str, port: int) -> str:
        """What the internet's connection to a server meets: at its public address, if it has one."""
        public = self.public_ip(name)
        address = public if public != "none" else self.parts.private_ips[name]
        return self.lab.tcp(INTERNET, address, port, seconds=SILENCE)

    def strays(self) -> str:
        """Whether a packet of the third subnet for the world arrives at web-a, whose kernel counts such packets."""
        before = self._not_its_own()
        self.lab.tcp(self.parts.instances["tools"], "203.0.113.20", 80, seconds=SILENCE)
        return "arrives" if self._not_its_own() > before else "lost"

    def _not_its_own(self) -> int:
        lines = self.lab.inside(self.parts.instances["web-a"], "cat", "/proc/net/snmp").splitlines()
        names, values = (line.split() for line in lines if line.startswith("Ip:"))
        counted = dict(zip(names[1:], values[1:], strict=True))
        return int(counted["InAddrErrors"]) + int(counted["ForwDatagrams"])


@pytest.fixture(scope="module")
def standing(bank: tuple[Atoll, Said]) -> Standing:
    atoll, said = bank
    assert said.status == 0, said.out
    ec2 = atoll.ec2(region=REGION)
    return Standing(Lab(atoll.folder / "control", atoll.endpoint, REGION), ec2, find(ec2))


Look = Callable[[Standing], str]


def web_a(at: Standing) -> str:
    return at.postgresql("web-a")


def web_b(at: Standing) -> str:
    return at.postgresql("web-b")


def neighbour(at: Standing) -> str:
    return at.postgresql("admin")


def other_subnet(at: Standing) -> str:
    return at.postgresql("tools")


def internet(at: Standing) -> str:
    return at.from_internet("database", 5432)


def page_a(at: Standing) -> str:
    return at.from_internet("web-a", 80)


def page_b(at: Standing) -> str:
    return at.from_internet("web-b", 80)


def tools_from_internet(at: Standing) -> str:
    return at.from_internet("tools", 80)


def strays(at: Standing) -> str:
    return at.strays()


DESIGNED: dict[Look, str] = {
    web_a: "connected",
    web_b: "connected",
    neighbour: "silent",
    other_subnet: "silent",
    internet: "silent",
    page_a: "connected",
    page_b: "connected",
    tools_from_internet: "silent",
    strays: "lost",
}
"""What each look must see in the bank as it was designed."""

CHANGED: dict[str, dict[Look, str]] = {
    "group_open_to_the_world": {neighbour: "connected"},
    "database_in_a_public_subnet": {internet: "connected", neighbour: "connected", other_subnet: "connected"},
    "acl_without_ephemeral_ports": {web_a: "silent", web_b: "silent"},
    "acl_that_allows_all_first": {other_subnet: "connected"},
    # Nobody listens there: the server's own kernel refuses, so the packet has arrived and its answer has left.
    "main_table_opened_for_all": {tools_from_internet: "refused"},
    "group_that_refers_to_itself": {web_a: "silent", web_b: "silent"},
    "address_instead_of_group": {web_b: "silent"},
    "source_dest_check_off": {strays: "arrives"},
    "acl_on_the_wrong_subnet": {page_a: "silent", web_a: "silent"},
    "web_group_on_another_server": {neighbour: "connected"},
}
"""What each mistake changes; everything else stays."""


def looks(at: Standing, which: Iterable[Look] = tuple(DESIGNED)) -> dict[str, str]:
    """All of them at once: most of the time is waiting for silence."""
    chosen = tuple(which)
    with ThreadPoolExecutor(len(chosen)) as together:
        seen = list(together.map(lambda look: look(at), chosen))
    return {look.__name__: what for look, what in zip(chosen, seen, strict=True)}


def named(expected: dict[Look, str]) -> dict[str, str]:
    return {look.__name__: seen for look, seen in expected.items()}


def test_each_mistake_has_its_test() -> None:
    assert set(mistakes()) == set(CHANGED)
    assert len(CHANGED) == 10


def test_before_any_mistake_all_is_as_designed(standing: Standing) -> None:
    assert looks(standing) == named(DESIGNED)


@pytest.mark.parametrize("name", CHANGED)
def test_a_mistake_lets_pass_or_die_what_it_says_and_nothing_else(standing: Standing, name: str) -> None:
    mistake = mistakes()[name]
    mistake.make(standing.ec2, standing.parts)
    try:
        assert looks(standing) == named({**DESIGNED, **CHANGED[name]})
    finally:
        mistake.mend(standing.ec2, standing.parts)
    changed = CHANGED[name]
    assert looks(standing, changed) == named({look: DESIGNED[look] for look in changed})


def test_they_can_be_made_by_hand(standing: Standing, bank: tuple[Atoll, Said]) -> None:
    """As examples/bank/README.md says."""
    atoll, _ = bank
    run = 'eval "$(atoll env)" && python -m examples.bank.mistakes'
    paths = {"PYTHONPATH": f"{REPO}/src:{REPO}"}
    assert "web_group_on_another_server" in atoll.command("bash", "-c", run, extra=paths).out
    assert atoll.command("bash", "-c", f"{run} make web_group_on_another_server", extra=paths).status == 0
    assert neighbour(standing) == "connected"
    assert atoll.command("bash", "-c", f"{run} mend web_group_on_another_server", extra=paths).status == 0
    assert neighbour(standing) == "silent"
    wrong = atoll.command("bash", "-c", f"{run} make nothing", extra=paths)
    assert (wrong.status, "usage:" in wrong.err) == (1, True)
