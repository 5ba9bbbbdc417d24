"""atoll image: a root file system of a user's own becomes an AMI, its instances guests. As root and as a user."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from atoll.guest.machine import GO, machine
from tests.scenarios.places import CLIENT, Place
from tests.scenarios.running import Atoll
from tests.scenarios.untrusted import KINDS, folder_of
from tests.support.root_files import oci, root_files, tar

pytestmark = pytest.mark.kernel

TYPE = "t3.micro" if machine() == "x86_64" else "t4g.micro"
USER_DATA = "#!/bin/sh\ncat /etc/motd\n"


@pytest.fixture(scope="module", params=KINDS)
def owner(request: pytest.FixtureRequest, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Atoll]:
    atoll = folder_of(request.param, home, tmp_path_factory.mktemp("owner"))
    atoll.up()
    try:
        yield atoll
    finally:
        atoll.delete()


@pytest.fixture
def archive(owner: Atoll) -> Iterator[Path]:
    """An OCI archive that the owner may read; its files are www-data's, and of an id that no range has."""
    layers = [
        tar(root_files(("etc/motd", b"of my own"))),
        tar([("etc/of-33", b"", 0o600, 33), ("far", b"", 0o4755, 99999)]),
    ]
    path = owner.folder.parent / "image.tar"
    path.write_bytes(oci(layers, GO[machine()]))
    yield path
    path.unlink()


def launched(place: Place, image: str) -> str:
    made = place.ec2.run_instances(
        ImageId=image, InstanceType=TYPE, MinCount=1, MaxCount=1, SubnetId=place.subnet, UserData=USER_DATA
    )
    return str(made["Instances"][0]["InstanceId"])


def listed(atoll: Atoll) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(atoll.run("image", "list", "--json").out)
    return found


def files_of(atoll: Atoll) -> list[str]:
    return [path.name for path in (atoll.folder / "guests/images").iterdir()]


def test_an_image_from_its_archive_to_its_last_instance(owner: Atoll, archive: Path) -> None:
    said = owner.run("image", "add", "my-own", str(archive), "--imds-support", "v2.0", "--account", "111111111111")
    assert said.status == 0, said.err
    image = said.out.strip()
    place = Place(owner, "111111111111")
    (found,) = place.ec2.describe_images(Owners=["self"])["Images"]
    assert (found["ImageId"], found["ImdsSupport"], found["Architecture"]) == (image, "v2.0", machine())
    assert [(one["id"], one["name"]) for one in listed(owner)] == [(image, "my-own")]
    assert image in owner.run("image", "list").out
    instance = launched(place, image)
    where = ["exec", instance, "--"]
    assert owner.run(*where, "stat", "-c", "%u %a", "/etc/of-33").out == "33 600\n"
    kept = "99999 4755" if owner.who == () and os.geteuid() == 0 else "0 755"
    assert owner.run(*where, "stat", "-c", "%u %a", "/far").out == f"{kept}\n", "an id that the world lacks is root's"
    assert owner.run(*where, "ls", "/usr/share").status != 0, "nothing of the host is there"
    owner.run(*where, "sh", "-c", "until [ -e /var/lib/cloud/instance/sem/config_scripts_user ]; do :; done")
    assert "of my own" in place.ec2.get_console_output(InstanceId=instance)["Output"]
    assert owner.run("internet", "--from", CLIENT, "--", "true").status == 0
    assert owner.run("image", "remove", image).status == 0
    assert listed(owner) == []
    assert len(files_of(owner)) == 2, "the instance still needs its files: a folder and its lock"
    place.ec2.reboot_instances(InstanceIds=[instance])
    assert owner.run(*where, "cat", "/etc/motd").out == "of my own"
    owner.run("reset")
    assert files_of(owner) == []


def test_what_cannot_be_an_image_is_refused(owner: Atoll, archive: Path) -> None:
    assert owner.run("image", "add", "ok", str(archive)).status == 1, "a name has three characters"
    noise = owner.folder.parent / "noise"
    noise.write_bytes(b"noise" * 1000)
    said = owner.run("image", "add", "noise", str(noise))
    assert (said.status, "the archive cannot be an image: it is damaged" in said.err) == (1, True), said.err
    assert "cannot be read" in owner.run("image", "add", "none", str(owner.folder / "none.tar")).err
    assert "12 digits" in owner.run("image", "add", "mine", str(archive), "--account", "me").err
    assert "no region" in owner.run("image", "add", "mine", str(archive), "--region", "moon-1").err
    assert "no image ami-1 was added here" in owner.run("image", "remove", "ami-1").err
    assert listed(owner) == []


def test_records_have_no_images_of_their_own(records: Atoll, tmp_path: Path) -> None:
    (tmp_path / "any").touch()
    assert "--fabric none" in records.run("image", "add", "mine", str(tmp_path / "any")).err
