"""What a host has that Atoll must leave alone: network, firewall, sysctls, mounts, files; and what has changed in it.

python -m tests.scenarios.footprint FOLDER... --without FOLDER...     prints it as JSON
"""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from tests.scenarios import legacy_tables

REPO = Path(__file__).parents[2]

READS = {
    "links": ["ip", "-oneline", "link", "show"],
    "addresses": ["ip", "-oneline", "address", "show", "scope", "global"],
    "routes": ["ip", "route", "show", "table", "all"],
    "routes of IPv6": ["ip", "-6", "route", "show", "table", "all"],
    "rules": ["ip", "rule", "show"],
    "neighbours": ["ip", "neighbour", "show", "nud", "permanent"],
    "firewall": ["nft", "list", "ruleset"],
    "named namespaces": ["ip", "netns", "list"],
}
ETC = Path("/etc")
SYSCTLS = Path("/proc/sys")
VOLATILE = {
    *("fs/aio-nr", "fs/dentry-state", "fs/file-nr", "fs/inode-nr", "fs/inode-state"),
    *("kernel/ns_last_pid", "kernel/perf_event_max_sample_rate", "kernel/pty/nr", "kernel/tainted"),
    *("net/netfilter/nf_conntrack_count", "vm/stat_refresh"),
}
COUNTERS = {"random", "quota"}
"""Sysctls, and folders of them, in which the kernel counts what happens; everything else is set by somebody."""

Look = dict[str, list[str]]
"""What was seen: each aspect's lines."""


def look(*folders: Path, without: Collection[Path] = ()) -> Look:
    """The host as this process sees it, and the files in these folders but those below `without`."""
    root = os.geteuid() == 0
    seen = {name: _lines(command) for name, command in READS.items() if name != "firewall" or root}
    seen["legacy firewall"] = list(legacy_tables.tables()) if root else []
    seen["mounts"] = sorted(Path("/proc/self/mountinfo").read_text().splitlines())
    seen["sysctls"] = sorted(f"{path}={_value(path)}" for path in SYSCTLS.rglob("*") if path.is_file())
    for folder in (ETC, *folders):
        seen[str(folder)] = list(files(folder, without))
    return seen


def look_from(enter: Sequence[str], *folders: Path, without: Collection[Path] = ()) -> Look:
    """The same as a process sees it that is started with these words before its own ("nsenter ...")."""
    words = [*map(str, folders), "--without", *map(str, without)]
    command = [*enter, sys.executable, "-m", "tests.scenarios.footprint", *words]
    env = {**os.environ, "PYTHONPATH": f"{REPO}/src:{REPO}"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    seen: Look = json.loads(done.stdout)
    return seen


def changes(before: Look, after: Look) -> list[str]:
    """What is there more and what less, with its aspect."""
    found = []
    for aspect in {**before, **after}:
        old, new = Counter(before.get(aspect, [])), Counter(after.get(aspect, []))
        found += [f"{aspect}: gone: {line}" for line in (old - new).elements()]
        found += [f"{aspect}: new: {line}" for line in (new - old).elements()]
    return found


def files(top: Path, without: Collection[Path] = ()) -> Iterator[str]:
    """A line for each path at and below `top`: kind and mode, owner, size, time of its last change, content."""
    if top in without or not os.path.lexists(top):
        return
    state = top.lstat()
    content = ""
    if top.is_symlink():
        content = os.readlink(top)
    elif top.is_file():
        with contextlib.suppress(OSError):
            content = hashlib.sha256(top.read_bytes()).hexdigest()
    size = 0 if top.is_dir() else state.st_size
    yield f"{top} {state.st_mode:o} {state.st_uid}:{state.st_gid} {size} {state.st_mtime_ns} {content}"
    if top.is_dir() and not top.is_symlink() and os.access(top, os.R_OK | os.X_OK):
        for path in sorted(top.iterdir()):
            yield from files(path, without)


def _lines(command: list[str]) -> list[str]:
    return sorted(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines())


def _value(path: Path) -> str:
    if str(path.relative_to(SYSCTLS)) in VOLATILE or path.parent.name in COUNTERS or not os.access(path, os.R_OK):
        return ""
    try:
        return path.read_text().strip()
    except OSError:
        return "unreadable"


if __name__ == "__main__":
    cut = sys.argv.index("--without")
    there = look(*map(Path, sys.argv[1:cut]), without=[Path(word) for word in sys.argv[cut + 1 :]])
    sys.stdout.write(json.dumps(there))
