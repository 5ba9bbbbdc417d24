"""exec, shell and internet: a command inside behaves as it does outside."""

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.scenarios.building import instance, network
from tests.scenarios.running import Atoll, Said
from tests.scenarios.terminal import DEADLINE, on_terminal

pytestmark = pytest.mark.kernel

ACCOUNT = "111100001111"
WEB = "tag:Name=inside"


@pytest.fixture(scope="module")
def guest(atoll: Atoll) -> Iterator[str]:
    """An instance that all tests here look into."""
    ec2 = atoll.ec2(ACCOUNT)
    made = instance(ec2, network(ec2), "inside")
    yield made
    ec2.terminate_instances(InstanceIds=[made])


def test_exec_passes_the_exit_status(atoll: Atoll, guest: str) -> None:
    assert atoll.run("exec", guest, "--", "true").status == 0
    assert atoll.run("exec", guest, "--", "sh", "-c", "exit 7").status == 7


def test_exec_passes_input_output_and_errors_apart(atoll: Atoll, guest: str) -> None:
    said = atoll.run("exec", guest, "--", "sh", "-c", "cat; echo no >&2", stdin="one\ntwo\n")
    assert said == Said(0, "one\ntwo\n", "no\n")


def test_exec_is_in_the_guest_and_not_here(atoll: Atoll, guest: str) -> None:
    private = atoll.ec2(ACCOUNT).describe_instances(InstanceIds=[guest])["Reservations"][0]["Instances"][0]
    assert atoll.run("exec", guest, "--", "hostname").out == f"{private['PrivateDnsName']}\n"
    assert private["PrivateIpAddress"] in atoll.run("exec", guest, "--", "ip", "-4", "address").out
    assert atoll.run("exec", guest, "--", "ls", str(atoll.folder)).status != 0
    assert "ATOLL_STATE" not in atoll.run("exec", guest, "--", "env").out


def test_exec_passes_options_of_the_command_on(atoll: Atoll, guest: str) -> None:
    assert atoll.run("exec", guest, "--", "echo", "--state", "-x").out == "--state -x\n"


def test_exec_knows_an_instance_by_its_tag(atoll: Atoll, guest: str) -> None:
    assert atoll.run("exec", WEB, "--", "echo", "here").out == "here\n"


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("i-0123456789abcdef0", "aws ec2 describe-instances"),
        ("tag:Name=nobody", "aws ec2 describe-instances"),
        ("inside", "tag:Name=inside"),
    ],
)
def test_exec_says_what_to_do_about_an_unknown_instance(atoll: Atoll, guest: str, name: str, advice: str) -> None:
    said = atoll.run("exec", name, "--", "true")
    assert said.status == 1
    assert name in said.err
    assert advice in said.err


def test_exec_of_a_command_that_is_not_there_says_so(atoll: Atoll, guest: str) -> None:
    said = atoll.run("exec", guest, "--", "no-such-command")
    assert said.status not in (0, 1)
    assert "no-such-command" in said.err


def test_shell_without_a_terminal_says_what_to_use(atoll: Atoll, guest: str) -> None:
    said = atoll.run("shell", guest)
    assert said.status == 1
    assert "atoll exec" in said.err


def test_shell_is_a_terminal_in_the_guest(atoll: Atoll, guest: str) -> None:
    with on_terminal(atoll, "atoll", "shell", guest) as terminal:
        terminal.type("tty && echo he''re && exit 4\n")
        terminal.until("here")
        assert "/dev/pts/" in terminal.shown
        assert terminal.process.wait(DEADLINE) == 4


def test_interrupting_in_a_shell_ends_the_command_and_not_the_shell(atoll: Atoll, guest: str) -> None:
    with on_terminal(atoll, "atoll", "shell", guest) as terminal:
        terminal.type("sh -c 'echo star\"\"ted; exec sleep 1000'\n")
        terminal.until("started")
        terminal.shown = ""
        terminal.type("\x03")
        terminal.until("# ")  # what is typed before the next prompt is thrown away with the interrupt
        terminal.type("echo a''live; exit\n")
        terminal.until("alive")
        terminal.process.wait(DEADLINE)


def test_exec_on_a_terminal_is_interrupted_like_a_command_of_ones_own(atoll: Atoll, guest: str) -> None:
    with on_terminal(atoll, "atoll", "exec", guest, "--", "sh", "-c", "echo started; exec sleep 1001") as terminal:
        terminal.until("started")
        terminal.type("\x03")
        assert terminal.process.wait(DEADLINE) == 128 + signal.SIGINT
    assert "sleep 1001" not in atoll.run("exec", guest, "--", "ps", "-eo", "args").out


def test_internet_passes_exit_status_input_and_folder(atoll: Atoll) -> None:
    said = atoll.run("internet", "--", "sh", "-c", "cat; pwd; exit 9", stdin="in\n")
    assert said == Said(9, f"in\n{atoll.folder.parent}\n", "")


def test_internet_is_a_host_with_a_chosen_address(atoll: Atoll) -> None:
    show = ("ip", "-brief", "-4", "address", "show", "dev", "eth0")
    assert " 203.0.113.10/" in atoll.run("internet", "--", *show).out
    assert " 203.0.113.77/" in atoll.run("internet", "--from", "203.0.113.77", "--", *show).out


@pytest.mark.parametrize(
    "address", ["1.2.3.4", "203.0.113.0", "203.0.113.1", "203.0.113.255", "203.0.113.43", "203.0.113.53", "::1"]
)
def test_an_address_outside_the_internet_is_refused_in_words(atoll: Atoll, address: str) -> None:
    said = atoll.run("internet", "--from", address, "--", "true")
    assert said.status == 1
    assert f"{address} is no host of Atoll's internet" in said.err
    assert "203.0.113.0/24" in said.err


def test_internet_refuses_what_is_no_address(atoll: Atoll) -> None:
    said = atoll.run("internet", "--from", "home", "--", "true")
    assert said.status == 1
    assert "'home'" in said.err


def test_the_hosts_loopback_is_not_the_internets(atoll: Atoll) -> None:
    """On a host where nobody has used `atoll run`, which brings the API along."""
    ask = ("curl", "-sS", "--max-time", "5", f"{atoll.endpoint}/_atoll/health")
    assert atoll.command(*ask).status == 0
    assert atoll.run("internet", "--from", "203.0.113.78", "--", *ask).status == 7


@pytest.mark.parametrize("place", ["internet", "exec"])
def test_a_command_ends_when_its_caller_goes_away(atoll: Atoll, guest: str, place: str) -> None:
    script = "trap 'echo hung up >&2; exit' HUP; echo started; while :; do sleep 0.05; done"
    where = ["internet", "--"] if place == "internet" else ["exec", guest, "--"]
    told, telling = os.pipe()
    with subprocess.Popen(
        ["atoll", *where, "sh", "-c", script],
        env=atoll.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=telling,
        text=True,
    ) as caller:
        os.close(telling)
        assert caller.stdout is not None
        assert caller.stdout.readline() == "started\n"
        caller.kill()
    with os.fdopen(told) as heard:
        assert heard.read() == "hung up\n"
