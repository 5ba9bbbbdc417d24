"""atoll up --uplink: the real internet, by the VPC's own rules. "Real" is a namespace of the test's own."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from atoll.agents.uplink import TOOL, TUN
from tests.scenarios import host
from tests.scenarios.newcomers import by_root, who
from tests.scenarios.running import Atoll

pytestmark = [pytest.mark.kernel, by_root]

REAL, PRIVATE = "192.0.2.80", "192.168.7.80"
LINES = """
link add near type veth peer name far netns {real}
link set near up
addr add 192.0.2.1/24 dev near
addr add 192.168.7.1/24 dev near
route add default via 192.0.2.80
"""
SERVE = f"""
ip link set lo up; ip link set far up; ip addr add {REAL}/24 dev far; ip addr add {PRIVATE}/24 dev far
exec python3 -m http.server --directory /usr/share/common-licenses 80
"""


APART = ("unshare", "--mount", "--propagation", "private", "sh", "-c")
WITH_TUN = (*APART, f'mount -t tmpfs none /dev/net; mknod -m 666 {TUN} c 10 200; exec "$@"', "sh")
"""On most systems everybody may open it, but not on every one."""


class Place(NamedTuple):
    """A host of its own with a way to a "real" internet, and an Atoll on it."""

    atoll: Atoll
    host: int


def holder(script: str) -> "subprocess.Popen[str]":
    """A process in a network namespace of its own."""
    command = ["unshare", "--net", "sh", "-c", f"ip link set lo up; echo ready; {script}"]
    made = subprocess.Popen(
        command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert made.stdout is not None
    assert made.stdout.readline() == "ready\n"
    return made


@pytest.fixture(scope="module")
def cache(home: Path) -> Path:
    """What guests are made of, fetched for the ordinary user while the machine's own network is at hand."""
    made = Atoll(home / "first", who(home))
    made.environment["ATOLL_CACHE"] = str(home / "cache")
    made.up()
    made.delete()
    return home / "cache"


@pytest.fixture(params=["root", "user"])
def place(request: pytest.FixtureRequest, home: Path, cache: Path) -> Iterator[Place]:
    user = request.param == "user"
    with holder("exec sleep infinity") as machine, holder(f"read go; {SERVE}") as real:
        try:
            for line in LINES.format(real=real.pid).strip().splitlines():
                subprocess.run(["nsenter", f"--net=/proc/{machine.pid}/ns/net", "ip", *line.split()], check=True)
            assert real.stdin is not None
            real.stdin.write("go\n")
            real.stdin.flush()
            into = ["nsenter", f"--net=/proc/{machine.pid}/ns/net", *WITH_TUN, *(who(home) if user else [])]
            atoll = Atoll(home / request.param, into)
            if user:
                atoll.environment["ATOLL_CACHE"] = str(cache)
            atoll.up("--uplink")
            yield Place(atoll, machine.pid)
            atoll.delete()
        finally:
            machine.send_signal(signal.SIGKILL)
            real.send_signal(signal.SIGKILL)


BUILD = """
set -e
eval "$(atoll env)"
vpc=$(aws ec2 create-vpc --cidr-block 10.9.0.0/16 --query Vpc.VpcId --output text)
subnet=$(aws ec2 create-subnet --vpc-id $vpc --cidr-block 10.9.0.0/24 --query Subnet.SubnetId --output text)
igw=$(aws ec2 create-internet-gateway --query InternetGateway.InternetGatewayId --output text)
aws ec2 attach-internet-gateway --internet-gateway-id $igw --vpc-id $vpc
aws ec2 run-instances --image-id ami-12c6146b --instance-type t2.micro --subnet-id $subnet \\
  --associate-public-ip-address --query 'Instances[0].InstanceId' --output text
aws ec2 describe-route-tables --filters Name=vpc-id,Values=$vpc --query 'RouteTables[0].RouteTableId' --output text
echo $igw
"""


def asked(place: Place, instance: str, ip: str) -> int:
    """curl's exit status: 0 = served, 28 = silence."""
    words = ("curl", "-s", "-o", "/dev/null", "-m", "2", f"http://{ip}/GPL-3")
    return place.atoll.run("exec", instance, "--", *words).status


def test_guests_reach_the_real_internet_by_their_own_routes(place: Place) -> None:
    atoll = place.atoll
    said = atoll.command("bash", "-c", BUILD)
    assert said.status == 0, said.err
    instance, table, gateway = said.out.split()[-3:]
    assert asked(place, instance, REAL) == 28, "no route leads to the gateway yet"
    route = f'eval "$(atoll env)"; aws ec2 create-route --route-table-id {table} --destination-cidr-block 0.0.0.0/0'
    assert atoll.command("bash", "-c", f"{route} --gateway-id {gateway}").status == 0
    assert asked(place, instance, REAL) == 0
    assert asked(place, instance, PRIVATE) == 28, "private addresses of the host's network stay out of reach"
    served = atoll.run("internet", "--", "curl", "-s", "-m", "2", f"http://{REAL}/GPL-3")
    assert "GNU GENERAL PUBLIC LICENSE" in served.out
    outer = host.outer(atoll.folder)
    os.kill(host.server(atoll.folder), signal.SIGKILL)
    host.until_ended({outer: "outer process"})
    atoll.up("--uplink")
    assert asked(place, instance, REAL) == 0, "a killed server's uplink is used again"


@pytest.mark.parametrize(
    ("hidden", "words"),
    [
        (f"$(command -v {TOOL})", f"{TOOL} is not installed: sudo apt-get install -y {TOOL}"),
        ("", f"{TUN} may not be opened by you: sudo chmod 666 {TUN}"),
    ],
    ids=["the tool", "the device"],
)
def test_what_is_missing_is_said_with_its_cure(home: Path, hidden: str, words: str) -> None:
    hide = f"mount --bind /dev/null {hidden}" if hidden else "mount -t tmpfs none /dev/net"
    atoll = Atoll(home / "lacking", (*APART, f'{hide}; exec "$@"', "sh", *who(home)))
    said = atoll.run("up", "--uplink", "--port", str(atoll.port))
    assert said.status == 1
    assert words in said.err


def test_without_a_network_it_is_refused_in_words(own_atoll: Atoll) -> None:
    said = own_atoll.run("up", "--uplink", "--fabric", "none", "--port", str(own_atoll.port))
    assert (said.status, "nothing to connect" in said.err) == (1, True)
