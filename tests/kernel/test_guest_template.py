import os
import subprocess
from pathlib import Path

import pytest

from atoll.guest import allowed, template
from atoll.guest.recipes import RECIPES


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A host's file system in small, with things that a guest may see and things that it may not."""
    for path in ("usr/bin/ls", "etc/services", "etc/shadow", "etc/ssl/certs/ca.pem", "etc/ssl/private/key.pem",
                 "etc/sudoers", "etc/profile.d/token.sh", "home/me/secret", "root/secret"):  # fmt: skip
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("of the host")
    (tmp_path / "etc/localtime").symlink_to("/usr/share/zoneinfo/UTC")
    (tmp_path / "bin").symlink_to("usr/bin")
    return tmp_path


def _made(host: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return template.template(tmp_path_factory.mktemp("cache"), host)


def test_only_what_is_allowed_is_copied(host: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    made = _made(host, tmp_path_factory)
    of_host = {
        str(path.relative_to(made / "root"))
        for path in (made / "root").rglob("*")
        if path.is_file() and path.read_bytes() == b"of the host"
    }
    assert of_host == {"etc/services", "etc/ssl/certs/ca.pem"}
    assert os.readlink(made / "root/etc/localtime") == "/usr/share/zoneinfo/UTC"
    assert os.readlink(made / "root/bin") == "usr/bin"
    assert template.programs(host) == ("usr",)


def test_a_template_is_made_anew_when_what_it_copies_changes(
    host: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = template.digest(host)
    assert template.digest(host) == before
    (host / "home/me/secret").write_text("other")
    assert template.digest(host) == before
    (host / "etc/services").write_text("a longer text than before")
    assert template.digest(host) != before


def test_no_forbidden_path_is_in_the_tables() -> None:
    for path in allowed.ETC:
        assert not path.startswith(("shadow", "gshadow", "ssh", "ssl/private", "sudoers", "apt", "profile.d"))
    assert not {"home", "root", "run", "tmp", "srv", "opt"} & set(allowed.PROGRAMS)


def test_accounts_agree_with_each_other() -> None:
    texts = template.accounts()
    users = [line.split(":") for line in texts["etc/passwd"][0].splitlines()]
    groups = [line.split(":") for line in texts["etc/group"][0].splitlines()]
    numbers = {int(group[2]) for group in groups}
    assert all(int(user[3]) in numbers for user in users)
    assert len({user[2] for user in users}) == len(users)
    names = {user[0] for user in users}
    assert all(set(group[3].split(",")) <= names | {""} for group in groups)
    assert all(line.split(":")[1] == "*" for line in texts["etc/shadow"][0].splitlines())


def test_every_script_of_the_image_parses() -> None:
    scripts = [path for path in template.FILES.rglob("*") if path.is_file() and path.suffix != ".tsv"]
    assert len(scripts) > 10
    for path in scripts:
        assert path.read_text().startswith("#!/bin/sh\n")
        subprocess.run(["sh", "-n", path], check=True)


def test_every_package_of_the_table_leads_somewhere() -> None:
    rows = [line.split("\t") for line in (template.FILES / "lib/packages.tsv").read_text().splitlines()]
    assert len({row[0] for row in rows}) == len(rows)
    for _, kind, what, *families in rows:
        assert kind in ("recipe", "command", "module")
        assert kind != "recipe" or (template.FILES / "lib/packages" / what).is_file()
        assert families in ([], ["deb"], ["rpm"])


def test_links_of_recipes_stay_inside_their_layer() -> None:
    for recipe in RECIPES:
        for path, aim in recipe.links:
            assert os.path.normpath(os.path.join("/", os.path.dirname(path), aim)).startswith("/etc/")
