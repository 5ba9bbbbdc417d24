"""What this machine lacks for Atoll, and the exact command that cures it: `python -m atoll.app.doctor`, for the CLI.

Findings are pure functions over a `Machine`; what can only be known by trying is tried in a world that is thrown away.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from atoll.agents import uplink
from atoll.guest.errors import GuestError
from atoll.guest.recipes import RECIPES
from atoll.guest.runtime import installed
from atoll.linux import userns, world


class Machine(NamedTuple):
    """What the findings look at; tests make others."""

    root: bool
    """Whether the caller is root."""
    text: Callable[[str], str]
    """A file's content without the white space around it; "" when there is none."""
    has: Callable[[str], bool]
    """Whether a program is installed."""
    ids: Callable[[], list[str]]
    """What an ordinary user lacks for a range of ids (userns.missing)."""
    uplink: tuple[str, str]
    """What an uplink lacks and its cure (uplink.lacking)."""
    tried: Mapping[str, str]
    """What came of each attempt: "" when it succeeded, else the error. Attempts that were not made are missing."""


class Finding(NamedTuple):
    """One need: what was found, and what cures it ("" when it is met). `must`: Atoll does not start without it."""

    name: str
    found: str
    cure: str = ""
    must: bool = True


CONTAINER = "this is a container without the privilege to make namespaces"
PRIVILEGED = "start the container with: docker run --privileged (or podman run --privileged)"
SYS_ADMIN, NET_ADMIN = 21, 12
"""Numbers of capabilities (capabilities(7))."""

SWITCHES = (
    ("kernel.unprivileged_userns_clone", "0", "sudo sysctl -w kernel.unprivileged_userns_clone=1"),
    ("user.max_user_namespaces", "0", "sudo sysctl -w user.max_user_namespaces=15000"),
    (
        "kernel.apparmor_restrict_unprivileged_userns",
        "1",
        "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    ),
)
"""Settings that forbid ordinary users their own namespaces: name, forbidding value, cure. The last is Ubuntu's."""

ATTEMPTS = {
    "network": ("the kernel filters and translates", "sudo modprobe -a nf_tables nft_chain_nat nft_ct veth"),
    "overlay": ("guests get a file system of layers", "sudo modprobe overlay"),
}
"""What is tried in a world: what it is for, and what cures it."""


def findings(machine: Machine) -> Iterator[Finding]:
    """Everything, in the order in which it is cured."""
    yield _runtime(machine)
    privileges = list(_privilege(machine))
    yield from privileges
    if not any(one.cure for one in privileges):
        yield _world(machine)  # else it fails for the reasons that were just named
    for name, (what, cure) in ATTEMPTS.items():
        if name in machine.tried:
            error = machine.tried[name]
            below = _mounted_below(machine, "/usr") if error and name == "overlay" and not machine.root else []
            if below:  # the kernel lets no ordinary user look under a mount, and layers would: EINVAL
                yield Finding(what, f"{' and '.join(below)} mounted below /usr", _unmount(below))
            else:
                yield Finding(what, error or "yes", cure if error else "")
    yield _packages(machine)
    yield _uplink(machine)


def _runtime(machine: Machine) -> Finding:
    for name in ("runc", "crun"):
        if machine.has(name):
            return Finding("an OCI runtime runs instances", name)
    return Finding("an OCI runtime runs instances", "neither runc nor crun", "sudo apt-get install -y runc")


def _privilege(machine: Machine) -> Iterator[Finding]:
    what = "namespaces may be made"
    if machine.root:
        if _capable(machine, SYS_ADMIN) and _capable(machine, NET_ADMIN):
            yield Finding(what, "as root")
        else:
            yield Finding(what, CONTAINER, PRIVILEGED)
        return
    for name, forbidding, cure in SWITCHES:
        if machine.text(f"/proc/sys/{name.replace('.', '/')}") == forbidding:
            yield Finding(what, f"{name} is {forbidding}", f"{cure}   (or run Atoll as root: sudo atoll up)")
    lacking = machine.ids()
    for sentence in lacking:
        found, _, cure = sentence.partition(": ")
        yield Finding("guests have a range of ids", found, cure)
    if not lacking:
        yield Finding("guests have a range of ids", "yes")


def _mounted_below(machine: Machine, folder: str) -> list[str]:
    points = [line.split()[4] for line in machine.text("/proc/self/mountinfo").splitlines()]
    return [point for point in points if point.startswith(f"{folder}/")]


def _unmount(points: list[str]) -> str:
    return f"sudo umount {' '.join(reversed(points))}   (or run Atoll as root: sudo atoll up)"


def _capable(machine: Machine, number: int) -> bool:
    for line in machine.text("/proc/self/status").splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> number & 1)
    return True


def _world(machine: Machine) -> Finding:
    error = machine.tried.get("world", "")
    if not error:
        return Finding("a world of its own can be made", "yes")
    contained = machine.text("/.dockerenv") or machine.text("/run/.containerenv")
    return Finding("a world of its own can be made", error, PRIVILEGED if contained else "sudo atoll up")


def _packages(machine: Machine) -> Finding:
    what = "guests' software can be fetched"
    if machine.has("apt-get") and machine.has("dpkg-deb"):
        return Finding(what, "with apt")
    lacking = [recipe for recipe in RECIPES if not machine.has(Path(recipe.program).name)]
    names = [recipe.name for recipe in lacking]
    if not lacking:
        return Finding(what, "this machine's own programs serve")
    return Finding(
        what,
        f"no apt, and no {', '.join(names)}",
        f"install {' '.join(names)} with your package manager",
        must=any(recipe.needed for recipe in lacking),
    )


def _uplink(machine: Machine) -> Finding:
    found, cure = machine.uplink
    return Finding("guests may reach the real internet (atoll up --uplink)", found or "yes", cure, must=False)


def this_machine() -> Machine:
    """The real one. Takes about half a second: a world is made and ended."""
    return Machine(os.geteuid() == 0, _text, _has, userns.missing, uplink.lacking(), _attempts())


def _text(path: str) -> str:
    try:
        return Path(path).read_text().strip() or " "
    except OSError:
        return ""


def _has(program: str) -> bool:
    if program in ("runc", "crun"):
        try:
            return any(runtime.name == program for runtime in installed(Path("/")))
        except GuestError:
            return False
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is not None


def _attempts() -> dict[str, str]:
    """Make a world and try in it what Atoll does in its own; what came of each."""
    with tempfile.TemporaryDirectory(prefix="atoll-doctor-") as name:
        folder = Path(name)
        said = folder / "said"
        said.touch()
        (folder / "world").mkdir()
        try:
            world.run(lambda: _try(folder / "world", said), folder / "keeper", folder / "world")
        except (world.WorldError, OSError) as error:
            return {"world": str(error)}
        return {"world": "", **json.loads(said.read_text() or "{}")}


def _try(folder: Path, said: Path) -> int:
    outcome = {}
    for name, attempt in (("network", _network), ("overlay", _overlay)):
        try:
            (folder / name).mkdir()
            attempt(folder / name)
            outcome[name] = ""
        except Exception as error:  # whatever it is, the user is told
            outcome[name] = str(error) or type(error).__name__
    said.write_text(json.dumps(outcome))
    return 0


def _network(folder: Path) -> None:
    """The fabric itself, with the plan that is always there."""
    from atoll.compile import constants
    from atoll.fabric.kernel import KernelFabric
    from atoll.records import Delta

    delta: Delta = {row.key: (None, row) for row in constants(["zone"])}
    fabric = KernelFabric(folder)
    fabric.start(delta)
    fabric.close()


def _overlay(folder: Path) -> None:
    from atoll.linux import mounts

    parts = [folder / name for name in ("lower", "upper", "work", "all")]
    for part in parts:
        part.mkdir()
    lower, upper, work, all_ = parts
    mounts.overlay(all_, [lower, Path("/usr")], upper, work)
    (all_ / "written").touch()
    mounts.unmount(all_)


def main() -> int:
    """Print the findings as JSON; 1 if something that Atoll must have is missing."""
    found = list(findings(this_machine()))
    sys.stdout.write(json.dumps([one._asdict() for one in found]) + "\n")
    return int(any(one.must and one.cure for one in found))


if __name__ == "__main__":
    sys.exit(main())
