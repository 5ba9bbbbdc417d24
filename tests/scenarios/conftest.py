"""Running Atolls for the scenarios. Each test that changes an Atoll's life makes one of its own."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios import running
from tests.scenarios.newcomers import AS_ROOT, ENVIRONMENT, who
from tests.scenarios.pages import Shell
from tests.scenarios.places import Place, new_account
from tests.scenarios.running import REPO, Atoll, Said
from tests.support import quick_aws as quick_aws_program


@pytest.fixture(scope="session")
def atoll(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Atoll]:
    """A running Atoll with packets, shared: tests keep apart by account, and stop nothing."""
    made = Atoll(tmp_path_factory.mktemp("atoll") / "state")
    made.up()
    yield made
    made.delete()


@pytest.fixture
def place(atoll: Atoll) -> Iterator[Place]:
    """A VPC in an account of its own; what was launched there is terminated."""
    made = Place(atoll, new_account())
    yield made
    found = made.ec2.describe_instances(Filters=[{"Name": "instance-state-name", "Values": ["running", "stopped"]}])
    ids = [one["InstanceId"] for reservation in found["Reservations"] for one in reservation["Instances"]]
    if ids:
        made.ec2.terminate_instances(InstanceIds=ids)


@pytest.fixture(scope="session")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Atoll]:
    """A running Atoll without a network, shared in the same way: its instances are records."""
    made = Atoll(tmp_path_factory.mktemp("records") / "state")
    made.up("--fabric", "none")
    yield made
    made.delete()


@pytest.fixture(scope="session")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Atoll, Said]]:
    """An Atoll in which `atoll demo bank` has run, and what that said. Tests leave the bank as it was designed."""
    made = Atoll(tmp_path_factory.mktemp("bank") / "state")
    made.up()
    yield made, made.run("demo", "bank", patience=180)
    made.delete()


@pytest.fixture
def own_atoll(tmp_path: Path) -> Iterator[Atoll]:
    """An Atoll for one test, not started; stopped afterwards whatever happened."""
    made = Atoll(tmp_path / "state")
    yield made
    made.delete()


@pytest.fixture(scope="session")
def quick_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The AWS CLI, loaded once for all its commands: the path of the program."""
    folder = tmp_path_factory.mktemp("aws")
    place, program = folder / "socket", folder / "aws"
    quick_aws_program.write_client(program, place)
    command = [sys.executable, "-m", "tests.support.quick_aws", str(place)]
    environment = running.environment(folder / "state")
    with subprocess.Popen(command, cwd=REPO, env=environment, stdout=subprocess.PIPE, text=True) as serving:
        try:
            assert serving.stdout is not None
            assert serving.stdout.readline() == "listening\n"
            yield program
        finally:
            serving.kill()


@pytest.fixture
def reader(own_atoll: Atoll, quick_aws: Path) -> Iterator[Shell]:
    """A reader's shell in the repository's folder. `atoll up` on a page takes a port and a folder of the test's."""
    shell = Shell({**own_atoll.environment, "ATOLL_PORT": str(own_atoll.port)}, REPO)
    assert shell.run(f'aws() {{ {quick_aws} "$@"; }}').strip() == ""
    yield shell
    shell.close()


@pytest.fixture
def records_only(own_atoll: Atoll) -> Atoll:
    """A running Atoll without a network, for a test that changes its life."""
    own_atoll.up("--fabric", "none")
    return own_atoll


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A folder that is the ordinary user's: pytest's own may be root's. Its cache is made once."""
    folder = Path(tempfile.mkdtemp(prefix="atoll-"))
    if AS_ROOT:
        os.chown(folder, 61234, 61234)
    yield folder
    command = [*who(folder), "python3", "-m", "tests.support.inside", "rm", "-rf", f"{folder}/cache"]
    subprocess.run(command, cwd=REPO, env=ENVIRONMENT, check=True)  # some of it has ids of the range
    shutil.rmtree(folder)


@pytest.fixture
def theirs(home: Path) -> Iterator[Atoll]:
    """An ordinary user's Atoll, not started: of one whom newcomer.sh makes if root runs the tests."""
    made = Atoll(home / "state", who(home))
    made.environment["ATOLL_CACHE"] = str(home / "cache")
    yield made
    made.delete()


@pytest.fixture(scope="module")
def caches(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What guests are made of, root's and the ordinary user's, fetched while the machine's own network is at hand.

    The folder of the user's.
    """
    roots = Atoll(tmp_path_factory.mktemp("first") / "state")
    users = Atoll(home / "first", who(home))
    users.environment["ATOLL_CACHE"] = str(home / "cache")
    for made in (roots, users):
        made.up()
        made.delete()
    return home / "cache"
