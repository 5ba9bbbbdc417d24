"""atoll doctor on this machine, and on this machine with one thing taken away: in mounts of the test's own."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from atoll.agents.uplink import TOOL, TUN
from atoll.app.doctor import PRIVILEGED
from atoll.guest.recipes import RECIPES
from tests.scenarios.newcomers import by_root, who
from tests.scenarios.running import REPO, environment

pytestmark = pytest.mark.kernel


def examined(
    tmp_path: Path, words: list[str], *, taken: str = "", more: Mapping[str, str] | None = None, how: str = ""
) -> tuple[int, str]:
    """Exit status and words of `atoll doctor`. `taken`: a script that takes something away, in mounts of its own."""
    apart = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", f'{taken}\nexec "$@"', "sh"]
    command = [*(apart if taken else []), *words]
    env = {**environment(tmp_path / "state"), "PYTHONPATH": f"{REPO}/src:{REPO}", **(more or {})}
    done = subprocess.run(
        [*command, "atoll", "doctor", *how.split()], env=env, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def installed(program: str) -> Path | None:
    """Where the machine has it; None if it has not, or only somebody's own in the PATH (the AWS CLI of our tests)."""
    path = Path(shutil.which(program) or "/").resolve()
    return path if path.is_relative_to("/usr") else None


def hidden(*programs: str) -> str:
    """They are not installed: a layer over /usr that says so. A mount over each would lock /usr for ordinary users."""
    found = [path.relative_to("/usr") for name in programs if (path := installed(name)) is not None]
    gone = "\n".join(f"mkdir -p /mnt/{path.parent}; mknod /mnt/{path} c 0 0" for path in found)
    return f"mount -t tmpfs none /mnt\n{gone}\nmount -t overlay none -o lowerdir=/mnt:/usr /usr; umount /mnt"


def test_this_machine_is_well_for_root_and_for_a_user(tmp_path: Path, home: Path) -> None:
    for words in ([], who(home)):
        status, said = examined(tmp_path, words)
        assert (status, "NEED" in said, said.splitlines()[-1]) == (0, False, "Atoll can run here.")


NOWHERE_ELSE = [
    one.name for one in RECIPES if installed(name := Path(one.program).name) is not None or shutil.which(name) is None
]
"""Guests' software that nobody has when /usr has it no longer."""


class Lack(NamedTuple):
    """What is taken away, from whom, and what the doctor says then: the need, a word of why, and the cure."""

    need: str
    why: str
    cure: str
    taken: str = ""
    words: tuple[str, ...] = ()
    users: tuple[bool, ...] = (False, True)
    more: Mapping[str, str] = {}
    must: bool = True


_OR_ROOT = "   (or run Atoll as root: sudo atoll up)"
_UPLINK = "guests may reach the real internet (atoll up --uplink)"
_WORLD = "a world of its own can be made"
_SOFTWARE = sorted({Path(one.program).name for one in RECIPES})
_CONTAINED = any(Path(path).exists() for path in ("/.dockerenv", "/run/.containerenv"))
_NO_NETWORKS = ("unshare", "--user", "--map-root-user", "sh", "-ec",
                'echo 0 > /proc/sys/user/max_net_namespaces; exec "$@"', "sh")  # fmt: skip
"""That limit is each user namespace's own: one of the test's own has it at 0."""


def _switched(name: str, value: str) -> str:
    """A setting of the kernel's that this kernel may not have: a folder is shown instead of the true one."""
    file = Path("/proc/sys") / name.replace(".", "/")
    copied = f"mount -t tmpfs none /mnt; cp -r {file.parent}/. /mnt 2> /dev/null || true; chmod u+w /mnt/*"
    return f"{copied}; rm -f /mnt/{file.name}; echo {value} > /mnt/{file.name}; mount --bind /mnt {file.parent}"


LACKS = {
    "runtime": Lack(
        "an OCI runtime runs instances", "neither runc nor crun", "sudo apt-get install -y runc", hidden("runc", "crun")
    ),
    "capabilities": Lack(
        "namespaces may be made",
        "this is a container without the privilege",
        PRIVILEGED,
        words=("setpriv", "--bounding-set=-sys_admin,-net_admin"),
        users=(False,),
    ),
    **{
        name: Lack(
            "namespaces may be made",
            f"{name} is {value}",
            f"sudo sysctl -w {name}={cure}{_OR_ROOT}",
            _switched(name, value),
            users=(True,),
        )
        for name, value, cure in (
            ("kernel.unprivileged_userns_clone", "0", "1"),
            ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
            ("user.max_user_namespaces", "0", "15000"),
        )
    },
    "newuidmap": Lack(
        "guests have a range of ids",
        "newuidmap is not installed",
        "sudo apt-get install -y uidmap",
        hidden("newuidmap"),
        users=(True,),
    ),
    "subuid": Lack(
        "guests have a range of ids",
        "/etc/subuid gives atoll-newcomer no range of 65536 ids",
        "sudo usermod --add-subuids ",
        users=(True,),
        more={"NEWCOMER_WITHOUT": "range"},
    ),
    "subgid": Lack(
        "guests have a range of ids",
        "/etc/subgid gives atoll-newcomer no range of 65536 ids",
        "sudo usermod --add-subgids ",
        users=(True,),
        more={"NEWCOMER_WITHOUT": "range"},
    ),
    "namespaces": Lack(
        _WORLD,
        "namespaces may not be made here",
        PRIVILEGED if _CONTAINED else "sudo atoll up",
        words=_NO_NETWORKS,
        users=(False,),
    ),
    "namespaces in a container": Lack(
        _WORLD,
        "namespaces may not be made here",
        PRIVILEGED,
        "mount -t tmpfs none /run; touch /run/.containerenv",
        words=_NO_NETWORKS,
        users=(False,),
    ),
    "nftables": Lack(
        "the kernel filters and translates",
        "Protocol not supported",
        "sudo modprobe -a nf_tables nft_chain_nat nft_ct veth",
        words=("python3", "-m", "tests.support.without_nftables"),
    ),
    # Three of them one above the other are more than the kernel takes.
    "overlay": Lack(
        "guests get a file system of layers",
        "",
        "sudo modprobe overlay",
        "for n in 1 2; do mount -t overlay none -o lowerdir=/srv:/usr /usr; done",
    ),
    "packages": Lack(
        "guests' software can be fetched",
        "no apt, and no ",
        f"install {' '.join(NOWHERE_ELSE)} with your package manager",
        hidden("apt-get", "dpkg-deb", *_SOFTWARE),
    ),
    "uplink's tool": Lack(
        _UPLINK, f"{TOOL} is not installed", f"sudo apt-get install -y {TOOL}", hidden(TOOL), must=False
    ),
    "uplink's device": Lack(
        _UPLINK, f"{TUN} may not be opened", f"sudo chmod 666 {TUN}", "mount -t tmpfs none /dev/net", must=False
    ),
}
CASES = [(name, user) for name, lack in LACKS.items() for user in lack.users]


@by_root
@pytest.mark.parametrize(("name", "user"), CASES, ids=[f"{name}, {'user' if user else 'root'}" for name, user in CASES])
def test_what_is_taken_away_is_named_with_its_cure(tmp_path: Path, home: Path, name: str, user: bool) -> None:
    lack = LACKS[name]
    words = [*lack.words, *(who(home) if user else [])]
    status, said = examined(tmp_path, words, taken=lack.taken, more=lack.more)
    assert status == int(lack.must), said
    mark = "NEED" if lack.must else "note"
    lines = said.splitlines()
    found = [at for at, line in enumerate(lines) if line.startswith(f"{mark}  {lack.need}: ") and lack.why in line]
    assert found, said
    assert lines[found[0] + 1].startswith(f"      {lack.cure}"), said
    needs = sum(line.startswith("NEED") for line in lines)
    assert needs == (2 if name.startswith("sub") else int(lack.must)), "nothing else is lacking"


@by_root
def test_each_need_is_taken_away_once(tmp_path: Path, home: Path) -> None:
    """A need that is added without a case fails here."""
    needs = set()
    for words in ([], who(home)):
        _, said = examined(tmp_path, words, how="--json")
        needs |= {one["name"] for one in json.loads(said)}
    assert needs == {lack.need for lack in LACKS.values()}
