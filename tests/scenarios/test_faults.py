"""Faults under a running server, seen by its client: an error in words, nothing of the call, the network as before.

Each step of a change that the kernel may refuse is tried in tests/kernel/test_fabric_positions.py; a full disk, a
locked database and faults at the start in test_state_folder.py.
"""

import contextlib
import itertools
import os
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from atoll.local.control import ask
from tests.crash.aws import Aws
from tests.crash.run import until
from tests.crash.seen import settling
from tests.scenarios.building import IMAGE, Network, instance, network
from tests.scenarios.building import described as described_instance
from tests.scenarios.newcomers import by_root
from tests.scenarios.running import REPO, Atoll
from tests.scenarios.test_state_folder import described, in_mounts
from tests.scenarios.untrusted import KINDS, folder_of

pytestmark = pytest.mark.kernel

ACCOUNT = "123456789012"


def settle(atoll: Atoll) -> None:
    """Return when nothing is on its way to another state."""
    with contextlib.closing(Aws(atoll.port, ACCOUNT)) as aws:
        until(lambda: not settling(aws), "instances do not settle")


class Ground:
    """An Atoll whose kernel and clock fail when told to, with a network and a guest in it."""

    def __init__(self, atoll: Atoll, faults: Path) -> None:
        self.atoll = atoll
        self._faults = faults
        self.ec2 = atoll.ec2()
        self.network = network(self.ec2)
        self.guest = instance(self.ec2, self.network)

    def fail(self, what: str, number: float) -> None:
        (self._faults / what).write_text(str(number))
        (self._faults / what).chmod(0o666)

    @property
    def left(self) -> float:
        """How many messages the kernel takes before it refuses one; 0 after that."""
        return float((self._faults / "netlink").read_text())

    def audit(self) -> list[str]:
        """How the kernel differs from the model."""
        return list(ask(self.atoll.folder / "control", {"do": "audit"}))


@pytest.fixture(scope="module", params=KINDS)
def ground(request: pytest.FixtureRequest, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    atoll = folder_of(request.param, home, tmp_path_factory.mktemp("faults"))
    faults = atoll.folder.parent / "faults"
    faults.mkdir()
    faults.chmod(0o777)
    atoll.environment |= {"FAULTS": str(faults), "PYTHONPATH": f"{REPO / 'tests/support/faulty'}:{REPO / 'src'}"}
    try:
        atoll.up()
        yield Ground(atoll, faults)
    finally:
        atoll.delete()
        shutil.rmtree(faults)


PORTS, ROUTES = itertools.count(1000), itertools.count(1)


def new_vpc(ec2: Any, _network: Network) -> None:
    ec2.create_vpc(CidrBlock="10.7.0.0/16")


def new_rule(ec2: Any, made: Network) -> None:
    port = next(PORTS)
    opened = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=made.group, IpPermissions=[opened])


def launch(ec2: Any, made: Network) -> None:
    ec2.run_instances(ImageId=IMAGE, InstanceType="t3.micro", MinCount=2, MaxCount=2, SubnetId=made.subnet)


def new_route(ec2: Any, made: Network) -> None:
    of_vpc = [{"Name": "vpc-id", "Values": [made.vpc]}]
    (table,) = ec2.describe_route_tables(Filters=of_vpc)["RouteTables"]
    gateway = next(one["GatewayId"] for one in table["Routes"] if one["GatewayId"].startswith("igw-"))
    block = f"192.0.2.{next(ROUTES)}/32"
    ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock=block, GatewayId=gateway)


CALLS: tuple[Callable[[Any, Network], None], ...] = (new_vpc, new_rule, launch, new_route)


@pytest.mark.parametrize("at", [1, 4])
@pytest.mark.parametrize("call", CALLS)
def test_what_the_kernel_refuses_is_an_error_and_nothing_else(
    ground: Ground, call: Callable[[Any, Network], None], at: int
) -> None:
    """At the first message, or at a later one if there is one."""
    settle(ground.atoll)
    before = described(ground.atoll, ACCOUNT)
    ground.fail("netlink", at)
    try:
        call(ground.ec2, ground.network)
    except ClientError as error:
        said = error.response["Error"]
        assert said["Code"] == "InternalError"
        assert re.match("The network refused the change; it was undone: .*as the test asked for", said["Message"]), said
        assert ground.left == 0
        assert described(ground.atoll, ACCOUNT) == before
    else:
        assert at > 1, "a refused change was called done"
        assert ground.left > 0
        ground.fail("netlink", 0)
    assert ground.audit() == []
    call(ground.ec2, ground.network)
    assert ground.audit() == []


def test_a_clock_that_steps_back_stops_nothing(ground: Ground) -> None:
    """Nothing is dated before what was there; instances go on from state to state."""

    def launched() -> datetime:
        found = described_instance(ground.ec2, instance(ground.ec2, ground.network))["LaunchTime"]
        assert isinstance(found, datetime)
        return found

    before = launched()
    ground.fail("clock", 7200)
    try:
        assert launched() >= before
        ground.ec2.stop_instances(InstanceIds=[ground.guest])
        settle(ground.atoll)
        assert described_state(ground) == "stopped"
        ground.ec2.start_instances(InstanceIds=[ground.guest])
        settle(ground.atoll)
        assert described_state(ground) == "running"
        assert ground.atoll.run("exec", ground.guest, "--", "true").status == 0
    finally:
        ground.fail("clock", 0)
    assert ground.audit() == []
    assert launched() >= before


def described_state(ground: Ground) -> str:
    return str(described_instance(ground.ec2, ground.guest)["State"]["Name"])


FAULTY = """
import sys
from pathlib import Path
from tests.scenarios import test_faults
from tests.scenarios.running import Atoll
getattr(test_faults, sys.argv[1])(Atoll(Path(sys.argv[2])))
"""


def on_mounts(script: str, story: str, atoll: Atoll, tmp_path: Path) -> None:
    """A story of this file where a script has mounted what it likes."""
    script = f"{script}; PYTHONPATH={REPO}:{REPO}/src python -c '{FAULTY}' {story} \"$S\""
    said = in_mounts(script, atoll, tmp_path)
    assert (said.returncode, said.stdout) == (0, "all of it\n"), said.stderr


@by_root
def test_a_runtime_that_goes_away_fails_launches_until_it_is_back(own_atoll: Atoll, tmp_path: Path) -> None:
    runtimes = [found for name in ("runc", "crun") if (found := shutil.which(name))]
    copies = [f'cp -L "{path}" {tmp_path}/; mount --bind {tmp_path}/{Path(path).name} "{path}"' for path in runtimes]
    own_atoll.environment["COPIES"] = " ".join(f"{tmp_path}/{Path(path).name}" for path in runtimes)
    on_mounts("; ".join(copies), "without_a_runtime_for_a_while", own_atoll, tmp_path)


def without_a_runtime_for_a_while(atoll: Atoll) -> None:
    """Where the runtimes are copies."""
    atoll.up()
    try:
        ec2 = atoll.ec2()
        made = network(ec2)
        kept = instance(ec2, made)
        copies = [Path(word) for word in os.environ["COPIES"].split()]
        for copy in copies:
            copy.chmod(0)
        failed = ec2.run_instances(ImageId=IMAGE, InstanceType="t3.micro", MinCount=1, MaxCount=1, SubnetId=made.subnet)
        settle(atoll)
        there = described_instance(ec2, failed["Instances"][0]["InstanceId"])
        assert (there["State"]["Name"], there["StateReason"]["Code"]) == ("stopped", "Server.InternalError"), there
        assert described_instance(ec2, kept)["State"]["Name"] == "running"
        assert ask(atoll.folder / "control", {"do": "audit"}) == []
        assert "is gone: install runc" in (atoll.folder / "atoll.log").read_text()
        for copy in copies:
            copy.chmod(0o755)
        ec2.start_instances(InstanceIds=[there["InstanceId"]])
        settle(atoll)
        assert described_instance(ec2, there["InstanceId"])["State"]["Name"] == "running"
        assert described_instance(ec2, instance(ec2, made))["State"]["Name"] == "running"
    finally:
        atoll.down()
    print("all of it")  # noqa: T201
