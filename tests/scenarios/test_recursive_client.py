"""A real resolver asks ours: unbound, forwarding, tells what ours tells, on the internet and in a VPC.

It forwards, since there is no hierarchy of name servers on Atoll's internet that it could go down by itself.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.scenarios.building import instance, network
from tests.scenarios.digging import Dug
from tests.scenarios.insides import Inside
from tests.scenarios.running import Atoll
from tests.support.fetched import fetched

pytestmark = pytest.mark.kernel

ACCOUNT = "777700007777"
HOST, OURS, OWN = "203.0.113.98", "203.0.113.53", "10.0.0.2"
LOOPBACK = "127.0.0.1"

CONFIGURATION = """
server:
  directory: "{folder}"
  interface: {at}
  port: 5353
  access-control: 0.0.0.0/0 allow
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  verbosity: 1
  module-config: iterator
  do-not-query-localhost: no
  unblock-lan-zones: yes
  insecure-lan-zones: yes
forward-zone:
  name: "."
  forward-addr: {to}
"""


class Web(NamedTuple):
    """An instance with a public name."""

    id: str
    private: str
    public: str
    ip: str


@pytest.fixture(scope="module")
def web(atoll: Atoll) -> Iterator[Web]:
    ec2 = atoll.ec2(ACCOUNT)
    place = network(ec2)
    ec2.modify_vpc_attribute(VpcId=place.vpc, EnableDnsHostnames={"Value": True})
    made = instance(ec2, place)
    shown = ec2.describe_instances(InstanceIds=[made])["Reservations"][0]["Instances"][0]
    yield Web(made, shown["PrivateDnsName"], shown["PublicDnsName"], shown["PublicIpAddress"])
    ec2.terminate_instances(InstanceIds=[made])


@contextmanager
def unbound(folder: Path, enter: list[str], environment: dict[str, str], at: str, to: str) -> Iterator[None]:
    """It runs and answers at port 5353 of an address."""
    program = fetched("unbound", "unbound", "usr/sbin/unbound")
    configuration = folder / "unbound.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, at=at, to=to))
    libraries = [f"{name}={value}" for name, value in program.environment.items()]
    command = [*enter, "env", *libraries, str(program.path), "-d", "-c", str(configuration)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said: list[str] = []
            for line in process.stderr:
                said.append(line)
                if "start of service" in line:
                    break
            else:
                raise AssertionError("".join(said))
            yield
        finally:
            process.terminate()


QUESTIONS = ("{public}", "{public} AAAA", "-x {ip}", "sts.amazonaws.com", "ec2.eu-west-1.amazonaws.com",
             "amazonaws.com", "ec2-198-18-255-254.compute-1.amazonaws.com", "{private}", "-x 10.0.0.9",
             "nobody.example")  # fmt: skip


def told(shown: str) -> tuple[str, list[tuple[str, ...]]]:
    """Status and records, those that are the resolver's own affair left out: the names' case, the times."""
    dug = Dug(shown)
    return dug.status, sorted(dug.records)


def agree(ask: "Ask", theirs: str, ours: str, web: Web) -> set[str]:
    """Each question has one answer, whoever is asked; the statuses that were seen."""
    seen = set()
    for question in QUESTIONS:
        words = question.format(**web._asdict()).split()
        answers = [told(ask(server, port, words)) for server, port in ((theirs, "5353"), (ours, "53"))]
        assert answers[0] == answers[1], question
        seen.add(answers[0][0])
    return seen


class Ask:
    """dig, from somewhere."""

    def __init__(self, atoll: Atoll, source: str) -> None:
        self._atoll = atoll
        self._source = source

    def __call__(self, server: str, port: str, words: list[str]) -> str:
        command = ["dig", f"@{server}", "-p", port, "+tries=2", "+time=5", *words]
        if self._source.startswith("i-"):
            return Inside(self._atoll, self._source).run(*command)
        said = self._atoll.run("internet", "--from", self._source, "--", *command)
        assert said.status == 0, said.out
        return said.out


def test_on_the_internet(atoll: Atoll, web: Web, tmp_path: Path) -> None:
    enter = ["atoll", "internet", "--from", HOST, "--"]
    with unbound(tmp_path, enter, atoll.environment, HOST, OURS):
        assert agree(Ask(atoll, "203.0.113.10"), HOST, OURS, web) == {"NOERROR", "NXDOMAIN"}


def test_in_a_vpc(atoll: Atoll, web: Web, tmp_path: Path) -> None:
    inside = Inside(atoll, web.id)
    with unbound(tmp_path, inside.enter, inside.environment, LOOPBACK, OWN):
        assert agree(Ask(atoll, web.id), LOOPBACK, OWN, web) == {"NOERROR", "NXDOMAIN"}
