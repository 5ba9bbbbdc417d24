"""Ground for tests of what an untrusted guest can do: a VPC with three guests, another VPC, for root and for a user."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.scenarios.newcomers import AS_ROOT, who
from tests.scenarios.places import CLIENT, ECHO, Place, tcp
from tests.scenarios.running import Atoll, Said

KINDS = ["root", "user"] if AS_ROOT else ["user"]
UDP_PORT = 5000
ENVIRONMENT_SECRET = "s3cret-of-the-environment"


class Ground(NamedTuple):
    """`mallory` is not trusted. `bank` lets `teller` in, by its address; `stranger` lives in another VPC."""

    kind: str
    atoll: Atoll
    place: Place
    mallory: str
    teller: str
    bank: str
    stranger: str
    elsewhere: Place

    def sh(self, script: str, instance: str = "") -> Said:
        """Run a script in a guest; in mallory's unless another is named."""
        return self.atoll.run("exec", instance or self.mallory, "--", "sh", "-c", script)

    def python(self, program: str, *words: str, instance: str = "") -> Said:
        return self.atoll.run("exec", instance or self.mallory, "--", "/usr/bin/python3", "-I", "-c", program, *words)

    @contextmanager
    def running(self, instance: str, program: str, *words: str) -> Iterator["subprocess.Popen[str]"]:
        """A Python program that goes on in a guest while the block runs; its first line has been printed."""
        command = ["atoll", "exec", instance, "--", "/usr/bin/python3", "-uIc", program, *words]
        with subprocess.Popen(
            [*self.atoll.who, *command], env=self.atoll.environment, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == "ready\n"
                yield process
            finally:
                process.terminate()


def folder_of(kind: str, home: Path, made: Path) -> Atoll:
    """An Atoll of root's or of an ordinary user's, not started."""
    if kind == "root":
        return Atoll(made / "state")
    atoll = Atoll(home / "state", who(home))
    atoll.environment["ATOLL_CACHE"] = str(home / "cache")
    return atoll


@contextmanager
def ground(kind: str, home: Path, made: Path) -> Iterator[Ground]:
    atoll = folder_of(kind, home, made)
    atoll.environment["ATOLL_TEST_SECRET"] = ENVIRONMENT_SECRET
    atoll.up()
    try:
        place, elsewhere = Place(atoll, "111111111111"), Place(atoll, "222222222222")
        anybody = place.group("anybody")
        teller = place.launch(anybody)
        from_teller = tcp(UDP_PORT, f"{place.private_ip(teller)}/32") | {"IpProtocol": "udp"}
        guarded = place.group("guarded", tcp(80, f"{CLIENT}/32"), from_teller)
        yield Ground(
            kind,
            atoll,
            place,
            mallory=place.launch(anybody),
            teller=teller,
            bank=place.launch(guarded, user_data=ECHO),
            stranger=elsewhere.launch(elsewhere.group("strangers"), subnet=elsewhere.new_subnet("10.0.9.0/24")),
            elsewhere=elsewhere,
        )
    finally:
        atoll.delete()


@pytest.fixture(scope="module", params=KINDS)
def grounds(request: pytest.FixtureRequest, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """For root and for an ordinary user, the same tests."""
    with ground(request.param, home, tmp_path_factory.mktemp("ground")) as made:
        yield made
