"""The command line's own words: help, examples, colours, completion, and what it says to wrong ones."""

import re

import pytest
import typer.main
from typer.testing import CliRunner

from atoll.cli import checking
from atoll.cli.commands import app
from atoll.review import checks
from tests.scenarios.running import Atoll

TOP = typer.main.get_command(app)
GROUPS = {"az": ("down", "up"), "demo": ("bank", "eni", "nlb"), "image": ("add", "list", "remove")}
COMMANDS = sorted(
    [(name,) for name in getattr(TOP, "commands", {}) if name not in GROUPS]
    + [(group, name) for group, names in GROUPS.items() for name in names]
)


def test_every_command_is_there() -> None:
    known = (
        "az down,az up,check,cidr,demo bank,demo eni,demo nlb,diff,doctor,down,env,exec,exposure,image add,image list,"
        "image remove,internet,logs,reach,reset,run,save,shell,status,trace,up,verify"
    )
    assert ",".join(" ".join(words) for words in COMMANDS) == known


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_has_an_example_of_the_command(words: tuple[str, ...]) -> None:
    said = CliRunner().invoke(app, [*words, "--help"], prog_name="atoll")
    assert said.exit_code == 0
    assert re.search(rf"Example: .*atoll {' '.join(words)}\b", said.output), said.output


def test_the_list_of_commands_says_each_in_a_whole_sentence() -> None:
    said = CliRunner().invoke(app, ["--help"], prog_name="atoll").output
    listed = said.partition("Commands:\n")[2]
    assert len(listed.splitlines()) >= 11
    assert "..." not in listed


def test_no_words_show_the_help(records: Atoll) -> None:
    said = records.run()
    assert "Commands:" in said.out + said.err


def test_wrong_words_are_refused_with_advice(records: Atoll) -> None:
    said = records.run("upp")
    assert said.status == 2
    assert "Did you mean 'up'?" in said.err


def test_nothing_is_coloured_in_a_pipe(records: Atoll) -> None:
    for words in (
        ["--help"],
        ["up", "--help"],
        ["status"],
        ["status", "--json"],
        ["env"],
        ["upp"],
        ["exec", "i-1", "ls"],
    ):
        said = records.run(*words)
        assert said.out + said.err
        assert "\x1b" not in said.out + said.err, words


def test_completion_completes(records: Atoll) -> None:
    # In a shell, as it is asked for: it is its parent that tells which one. The second command keeps that parent.
    script = records.command("bash", "-c", "atoll --show-completion && true")
    assert script.status == 0
    assert "complete " in script.out
    asked = {"_ATOLL_COMPLETE": "complete_bash", "COMP_WORDS": "atoll st", "COMP_CWORD": "1"}
    assert records.run(extra=asked).out.split() == ["status"]


@pytest.mark.parametrize(
    ("line", "proposed"),
    [
        ("atoll che", ["check"]),
        ("atoll di", ["diff"]),
        ("atoll sa", ["save"]),
        ("atoll check --kind one-", ["one-nat"]),
        ("atoll check --kind balancer", ["balancer-no-way", "balancer-one-zone"]),
        ("atoll diff ru", ["running"]),
        ("atoll diff before.json ru", ["running"]),
        ("atoll diff be", []),  # a shell's own business: files
        ("atoll diff --mark", ["--markdown"]),
        ("atoll verify --ju", ["--junit"]),
    ],
)
def test_a_shell_proposes_what_can_follow(line: str, proposed: list[str]) -> None:
    asked = {"_ATOLL_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    said = CliRunner().invoke(app, [], prog_name="atoll", env=asked)
    assert said.output.split() == proposed


def test_the_kinds_of_findings_that_are_proposed_are_those_that_there_are() -> None:
    assert tuple(checks.KINDS) == checking.KINDS
