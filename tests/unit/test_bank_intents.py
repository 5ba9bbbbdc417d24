"""The bank's intents, proved: all hold as it was designed, and each of the ten mistakes breaks those that it must."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from atoll.cli.demo.bank import DEMO, REGION
from atoll.cli.demo.bank_network import BankNetwork
from atoll.cli.demo.building import Builder
from atoll.fabric.none import NoFabric
from atoll.review.verify import Result, verify
from examples.bank.mistakes import mistakes
from examples.bank.parts import Bank, find
from tests.witness.cloud import Cloud

INTENTS = yaml.safe_load((Path(__file__).parents[2] / "examples/bank/intents.yaml").read_text())

BROKEN = {
    "group_open_to_the_world": {"deny: admin -> db"},
    "database_in_a_public_subnet": {
        "deny: internet -> db",
        "deny: admin -> db",
        "deny: tools -> db",
        "deny: any -> db:22",
        "deny: db -> internet",
    },
    "acl_without_ephemeral_ports": {"allow: web-a -> db:5432", "allow: web-b -> db:5432"},
    "acl_that_allows_all_first": {"deny: tools -> db", "deny: standby -> db"},
    "main_table_opened_for_all": {"deny: internet -> tools", "deny: tools -> outside"},
    "group_that_refers_to_itself": {"allow: web-a -> db:5432", "allow: web-b -> db:5432"},
    "address_instead_of_group": {"allow: web-b -> db:5432"},
    "source_dest_check_off": {"deny: tools -> outside"},
    "acl_on_the_wrong_subnet": {"allow: internet -> web-a:80", "allow: web-a -> db:5432"},
    "web_group_on_another_server": {"deny: admin -> db"},
}
"""The intents that each mistake breaks; all others hold."""


class Standing(NamedTuple):
    cloud: Cloud
    ec2: Any
    bank: Bank

    def verify(self, written: object = INTENTS) -> list[Result]:
        return verify(self.cloud.writer.model, self.cloud.plan, written)

    def broken(self) -> set[str]:
        return {one.text for one in self.verify() if not one.holds}


@pytest.fixture(scope="module")
def standing() -> Iterator[Standing]:
    """The bank as it stands when its demo has run. Tests mend what they change."""
    with contextlib.closing(Cloud(1, NoFabric())) as cloud:
        ec2 = cloud.client(region=REGION)
        build = Builder(ec2, DEMO)
        net = BankNetwork(build, (f"{REGION}a", f"{REGION}b"))
        net.make()
        allocation, _ = build.allocate("web-b")
        ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=build.interface_of(net.web_b))
        yield Standing(cloud, ec2, find(ec2))


def test_as_designed_every_intent_holds(standing: Standing) -> None:
    results = standing.verify()
    assert [one.text for one in results if not one.holds] == []
    assert all(one.flows and one.pairs and one.trials for one in results)


def test_each_mistake_has_its_broken_intents() -> None:
    assert set(mistakes()) == set(BROKEN)


@pytest.mark.parametrize("name", BROKEN)
def test_a_mistake_breaks_these_intents_and_no_other(standing: Standing, name: str) -> None:
    mistake = mistakes()[name]
    mistake.make(standing.ec2, standing.bank)
    try:
        assert standing.broken() == BROKEN[name]
    finally:
        mistake.mend(standing.ec2, standing.bank)
    assert standing.broken() == set()


def test_a_broken_intent_comes_with_a_packet_and_the_rule_to_blame(standing: Standing) -> None:
    mistake = mistakes()["web_group_on_another_server"]
    mistake.make(standing.ec2, standing.bank)
    try:
        (broken,) = (one for one in standing.verify() if not one.holds)
    finally:
        mistake.mend(standing.ec2, standing.bank)
    assert broken.counterexample is not None
    assert (broken.counterexample.destination, broken.counterexample.destination_port) == ("10.0.11.10", 5432)
    assert broken.why.endswith("it arrives, and is answered")
    assert [line.split()[0] for line in broken.blame] == ["filter", "fence", "fence", "filter"]
    assert "sgr-" in broken.blame[-1]


def test_what_is_half_open_is_neither_allowed_nor_denied(standing: Standing) -> None:
    mistake = mistakes()["acl_without_ephemeral_ports"]
    scope, names = INTENTS["scope"], INTENTS["names"]
    sentences = ({"allow": "web-a -> db:5432"}, {"deny": "web-a -> db:5432"}, {"allow-some": "web-a -> db:5432"})
    mistake.make(standing.ec2, standing.bank)
    try:
        results = standing.verify({"version": 1, "scope": scope, "names": names, "expect": list(sentences)})
    finally:
        mistake.mend(standing.ec2, standing.bank)
    assert [one.holds for one in results] == [False, False, False]
    assert "half-open" in results[0].why
    assert "half-open" in results[1].why
    assert results[0].blame[0].split(":")[0].startswith("fence acl-")
