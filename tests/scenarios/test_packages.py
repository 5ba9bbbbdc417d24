"""Real package installation in a guest of a user's own image: apt and dpkg, a repository with a name, by --uplink.

Image, packages, repository, name server and the "real" internet are the test's own: nothing outside is asked.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.scenarios.machines import REAL, atoll_on, house, machine
from tests.scenarios.newcomers import by_root
from tests.scenarios.places import Place
from tests.scenarios.running import Atoll, Said
from tests.scenarios.test_own_images import TYPE
from tests.scenarios.towns import Asked, name_server, web_server
from tests.support.debian import image, package, repository
from tests.support.root_files import tar

pytestmark = [
    pytest.mark.kernel,
    by_root,
    pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="packages are made with dpkg-deb"),
]

NAME, PORT = "packages.test", 8080
QUICK = "-o Acquire::Retries=0 -o Acquire::http::Timeout=2"
"""So that a try without a way ends soon."""

GREET = "#!/bin/sh\necho greetings to $(whom)\n"
WHOM = "#!/bin/sh\necho the lagoon\n"


class Ground(NamedTuple):
    """A guest of a small Debian; the names and the paths that the "real" internet's servers were asked for."""

    atoll: Atoll
    place: Place
    guest: str
    names: Asked
    paths: Asked

    def sh(self, script: str) -> Said:
        return self.atoll.run("exec", self.guest, "--", "sh", "-c", script)


@pytest.fixture(params=["root", "user"])
def ground(request: pytest.FixtureRequest, home: Path, caches: Path, tmp_path: Path) -> Iterator[Ground]:
    kind, shop = request.param, tmp_path / "shop"
    shop.mkdir()
    made = (
        package(tmp_path, "greet", {"usr/bin/greet": GREET}, Depends="whom (>= 1.0)"),
        package(tmp_path, "whom", {"usr/bin/whom": WHOM}),
    )
    repository(shop, *made)
    archive = home / f"debian-{kind}.tar"
    archive.write_bytes(tar(image(f"deb [trusted=yes] http://{NAME}:{PORT} ./")))
    resolvers = home / f"resolvers-{kind}"
    resolvers.write_text(f"nameserver {REAL}\n")
    with (
        machine(home) as host,
        name_server(host.outside, REAL, {NAME: REAL}) as names,
        web_server(host.outside, REAL, PORT, shop) as paths,
        atoll_on(host, kind, house(home, kind), caches) as atoll,
    ):
        host.run(f"mount --bind {resolvers} /etc/resolv.conf")
        atoll.up("--uplink")
        place = Place(atoll, "111111111111")
        said = atoll.run("image", "add", "small-debian", str(archive), "--account", "111111111111")
        assert said.status == 0, said.err
        network = {"DeviceIndex": 0, "SubnetId": place.subnet, "AssociatePublicIpAddress": True}
        asked = {"ImageId": said.out.strip(), "InstanceType": TYPE, "MinCount": 1, "MaxCount": 1}
        launched = place.ec2.run_instances(**asked, NetworkInterfaces=[network])
        yield Ground(atoll, place, str(launched["Instances"][0]["InstanceId"]), names, paths)


def test_a_package_is_installed_by_name_by_the_vpcs_own_routes(ground: Ground) -> None:
    """The package manager is the image's own, and what it installs is not there before."""
    ec2, place = ground.place.ec2, ground.place
    out = {"RouteTableId": place.table, "DestinationCidrBlock": "0.0.0.0/0"}
    ec2.delete_route(**out)
    ground.sh(f"apt-get update {QUICK}")
    assert ground.sh(f"apt-get install -y {QUICK} greet").status != 0, "no route leads to the gateway"
    assert (ground.paths, ground.sh("greet").status) == ([], 127)
    ec2.create_route(**out, GatewayId=place.gateway)
    assert REAL in ground.sh(f"getent ahostsv4 {NAME}").out
    said = ground.sh(f"apt-get update {QUICK} && apt-get install -y {QUICK} greet")
    assert said.status == 0, said.out + said.err
    assert "Setting up greet" in said.out
    assert ground.sh("greet").out == "greetings to the lagoon\n", "with the package that it depends on"
    assert NAME in ground.names
    assert {"/./greet.deb", "/./whom.deb"} <= set(ground.paths)
    assert ground.sh(f"getent ahostsv4 none.{NAME}").status != 0, "a name that nobody has"
    ec2.delete_route(**out)
    before = len(ground.paths)
    assert ground.sh(f"apt-get update -o APT::Update::Error-Mode=any {QUICK}").status != 0
    assert len(ground.paths) == before
