"""atoll reach, exposure and verify beside real packets: on the bank as it was designed, and with each mistake in it."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from atoll.cli.demo.bank import REGION
from examples.bank.mistakes import mistakes
from examples.bank.parts import Bank, find
from tests.scenarios.pages import Shell, is_all_steps, matches, shows_what_it_says
from tests.scenarios.running import REPO, Atoll, Said

pytestmark = pytest.mark.kernel

GUIDE = REPO / "docs/analysis.md"
INTENTS = str(REPO / "examples/bank/intents.yaml")


@pytest.fixture(scope="module")
def standing(bank: tuple[Atoll, Said]) -> tuple[Atoll, Any, Bank]:
    atoll, said = bank
    assert said.status == 0, said.out
    ec2 = atoll.ec2(region=REGION)
    return atoll, ec2, find(ec2)


def asked(atoll: Atoll, *words: str) -> tuple[int, Any]:
    said = atoll.run(*words)
    return said.status, json.loads(said.out) if said.out else said.err


def test_what_is_open_is_shown_with_a_packet_that_is_answered(standing: tuple[Atoll, Any, Bank]) -> None:
    status, found = asked(standing[0], "reach", "internet", "tag:Name=web-b", "--confirm", "--json")
    (pair,) = found["pairs"]
    assert (status, [row["services"] for row in pair["open"]]) == (0, ["tcp 80"])
    assert (pair["confirmed"]["agree"], pair["confirmed"]["answered"]) == (True, True)


def test_what_is_closed_is_shown_with_a_packet_that_is_lost(standing: tuple[Atoll, Any, Bank]) -> None:
    status, found = asked(standing[0], "reach", "tag:Name=admin", "tag:Name=database:5432", "--confirm", "--json")
    (pair,) = found["pairs"]
    assert (status, pair["open"]) == (1, [])
    assert [one["reason"] for one in pair["changes"]] == ["security group, inbound"]
    assert (pair["confirmed"]["agree"], pair["confirmed"]["arrived"]) == (True, False)


def test_people_get_the_path_and_what_to_change(standing: tuple[Atoll, Any, Bank]) -> None:
    said = standing[0].run("reach", "tag:Name=admin", "tag:Name=database:5432")
    assert said.status == 1
    assert "to change: allow tcp 5432 inbound from 10.0.1." in said.out
    assert said.out.startswith("eni-")


def test_exposure_is_the_two_web_servers(standing: tuple[Atoll, Any, Bank]) -> None:
    status, found = asked(standing[0], "exposure", "--region", REGION, "--json")
    inward = {one["name"].split(" ")[1]: [row["services"] for row in one["open"]] for one in found if one["inward"]}
    assert (status, inward) == (1, {"(web-a)": ["tcp 80"], "(web-b)": ["tcp 80"]})


def test_the_bank_as_designed_does_what_it_should_and_real_packets_agree(
    standing: tuple[Atoll, Any, Bank], tmp_path: Path
) -> None:
    report = tmp_path / "report.xml"
    status, results = asked(standing[0], "verify", INTENTS, "--json", "--junit", str(report))
    assert [one["text"] for one in results if not one["holds"]] == []
    assert status == 0
    assert all(one["tried"] for one in results)
    suite = ElementTree.parse(report).getroot()
    assert (suite.get("tests"), suite.get("failures")) == (str(len(results)), "0")


def test_a_mistake_is_seen_by_proof_and_by_packets(standing: tuple[Atoll, Any, Bank]) -> None:
    atoll, ec2, parts = standing
    mistake = mistakes()["web_group_on_another_server"]
    mistake.make(ec2, parts)
    try:
        status, results = asked(atoll, "verify", INTENTS, "--json")
        (broken,) = (one for one in results if not one["holds"])
        assert (status, broken["text"]) == (1, "deny: admin -> db")
        assert broken["counterexample"]["destination_port"] == 5432
        assert any("sgr-" in line for line in broken["blame"])
        said = atoll.run("verify", INTENTS, "--proof-only")
        failing = said.out[said.out.index("FAILS  deny: admin -> db") :].partition("\nholds")[0]
        readme = (REPO / "README.md").read_text()
        shown = readme[readme.index("FAILS  deny: admin -> db") :].partition("```")[0]
        assert matches(shown.replace("...", "…"), failing), failing
    finally:
        mistake.mend(ec2, parts)
    assert atoll.run("verify", INTENTS, "--proof-only").status == 0


def test_a_question_or_a_file_that_is_none_is_status_2(standing: tuple[Atoll, Any, Bank], tmp_path: Path) -> None:
    atoll = standing[0]
    assert atoll.run("reach", "internet", "tag:Name=nobody").status == 2
    for text, told in (
        ("version: 1\nexpect: [{deny: internet -> nobody}]", "nobody"),
        ("version: 2\nexpect: []", "no file of intents"),
        ("{", "no file of intents"),
        ("version: 1\nexpect: [{deny: internet -> any}]\nwhen: [{az-down: mars-1a}]", "no availability zone"),
    ):
        file = tmp_path / "intents.yaml"
        file.write_text(text)
        said = atoll.run("verify", str(file))
        assert (said.status, told in said.err) == (2, True), said.err


def test_the_guide_shows_what_is_seen(reader: Shell) -> None:
    assert is_all_steps(GUIDE)
    shows_what_it_says(GUIDE, reader)
