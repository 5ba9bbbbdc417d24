"""The pytest plugin: intents in Python, about a running Atoll, and what a reader sees of one that does not hold."""

import importlib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.running import REPO, Atoll, Said

CONFTEST = """
import pytest

@pytest.fixture(scope="session")
def atoll_names():
    return {"web": {"tag": {"Name": "web"}}}

@pytest.fixture(scope="session")
def atoll_scope():
    return {"region": "us-east-1"}
"""

TESTS = """
from atoll.local.control import ControlError
import pytest

def test_the_page_is_open(atoll):
    atoll.allow("internet -> web:80")
    atoll.allow_some("internet -> web:80-90")
    atoll.allow("internet -> page:80", page={"tag": {"Name": "web"}})

def test_nothing_else_is(atoll):
    atoll.deny("internet -> web:0-79,81-65535/tcp")
    atoll.deny("internet -> tag:Name=web/udp")

def test_nobody_gets_to_a_server_that_is_stopped(atoll):
    atoll.when(stopped={"tag": {"Name": "web"}}).deny("internet -> web")

def test_words_that_mean_nothing(atoll):
    with pytest.raises(ControlError, match="nobody"):
        atoll.deny("internet -> nobody")
    with pytest.raises(ControlError, match="availability zone"):
        atoll.when(az_down="mars-1a").deny("internet -> web")
"""

BROKEN = """
def test_ssh_is_closed(atoll):
    atoll.deny("internet -> web:80")

def test_it_stays_open(atoll):
    atoll.when(stopped={"tag": {"Name": "web"}}).allow("internet -> web:80")
"""


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Atoll]:
    atoll = Atoll(tmp_path_factory.mktemp("plugin") / "state")
    atoll.up("--fabric", "none")
    ec2 = atoll.ec2()
    group = ec2.create_security_group(GroupName="web", Description="web")["GroupId"]
    world = [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=world)
    tags: list[dict[str, Any]] = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web"}]}]
    ec2.run_instances(
        ImageId="ami-12c6146b",
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        SecurityGroupIds=[group],
        TagSpecifications=tags,
    )
    yield atoll
    atoll.delete()


def ran(atoll: Atoll, folder: Path, text: str, *options: str) -> Said:
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_intents.py").write_text(text)
    words = ("-p", "atoll.testing.plugin", "-p", "no:cacheprovider", "--rootdir", str(folder), *options)
    return atoll.command("python", "-m", "pytest", *words, str(folder / "test_intents.py"))


def test_intents_that_hold_pass(standing: Atoll, tmp_path: Path) -> None:
    for options in ((), ("--atoll-proof-only",), ("--atoll-state", str(standing.folder))):
        said = ran(standing, tmp_path, TESTS, *options)
        assert (said.status, "4 passed" in said.out) == (0, True), said.out


def test_one_that_does_not_hold_fails_with_its_packet_and_whom_to_blame(standing: Atoll, tmp_path: Path) -> None:
    said = ran(standing, tmp_path, BROKEN)
    assert said.status == 1
    assert "2 failed" in said.out
    for told in (
        "IntentError: deny: internet -> web:80",
        "it arrives, and is answered",
        "packet tcp 203.0.113.10:49152 > 198.18.",
        "blame: filter eni-",
        "allowed by sgr-",
        "is stopped: allow: internet -> web:80",
        "does not arrive",
    ):
        assert told in said.out, said.out
    assert "atoll/testing/network.py" not in said.out  # the traceback ends in the user's own test


def test_without_an_atoll_nothing_passes(standing: Atoll, tmp_path: Path) -> None:
    said = ran(standing, tmp_path, TESTS, "--atoll-state", str(tmp_path / "nowhere"), "-k", "open")
    assert said.status == 1
    assert "atoll up" in said.out


def test_it_is_pytests_own_wherever_atoll_is_installed() -> None:
    project = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]
    ((name, module),) = project["entry-points"]["pytest11"].items()
    assert name == module  # so that `-p atoll.testing.plugin` beside it is the same plugin
    assert hasattr(importlib.import_module(module), "pytest_addoption")
