"""A small Debian: this machine's apt and dpkg in a root file system; packages by dpkg-deb; a repository of them."""

import hashlib
import lzma
import subprocess
from collections.abc import Mapping
from email.utils import formatdate
from pathlib import Path

from tests.support.root_files import Entry, folder, link, programs, root_files

DPKG = ("dpkg", "dpkg-deb", "dpkg-split", "dpkg-query", "ldconfig", "start-stop-daemon", "tar", "diff")
APT = ("apt-get", "env", "getent", *(f"/usr/lib/apt/methods/{name}" for name in ("http", "store", "file", "copy")))
TABLES = tuple(Path("/usr/share/dpkg") / name for name in ("cputable", "ostable", "tupletable"))
PLACES = (
    *("etc/apt/apt.conf.d", "etc/apt/preferences.d", "etc/apt/trusted.gpg.d", "usr/share/dpkg"),
    *("var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "var/log/apt"),
    *("var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "var/lib/dpkg/alternatives"),
)
ACCOUNTS = "root:x:0:0::/root:/bin/sh\n_apt:x:42:65534::/nonexistent:/bin/false\n"


def image(source: str) -> list[Entry]:
    """A root file system in which apt-get works; `source`: the line of its sources.list."""
    parents = {str(parent): None for place in PLACES for parent in [*reversed(Path(place).parents), Path(place)]}
    return [
        *root_files(),
        *(folder(place) for place in parents if place != "."),
        link("usr/bin", "../bin"),
        *programs(DPKG + APT),
        *((str(path).lstrip("/"), path.read_bytes()) for path in TABLES),
        ("etc/passwd", ACCOUNTS.encode()),
        ("etc/group", b"root:x:0:\nnogroup:x:65534:\n"),
        ("etc/nsswitch.conf", b"hosts: files dns\n"),
        ("etc/apt/sources.list", f"{source}\n".encode()),
        ("var/lib/dpkg/status", b""),
    ]


def package(place: Path, name: str, files: Mapping[str, str], **fields: str) -> Path:
    """NAME.deb in a folder, with these programs in it, made by dpkg-deb."""
    tree = place / name
    told = {"Package": name, "Version": "1.0", "Architecture": "all", "Maintainer": "Nobody <nobody@example.com>"}
    told |= {field.replace("_", "-"): text for field, text in fields.items()} | {"Description": f"{name} of a test"}
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text("".join(f"{field}: {text}\n" for field, text in told.items()))
    for path, text in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
        (tree / path).chmod(0o755)
    made = place / f"{name}.deb"
    command = ["dpkg-deb", "--root-owner-group", "--build", str(tree), str(made)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return made


def repository(place: Path, *packages: Path) -> None:
    """A flat repository in a folder: packages, their index, and what says how large it is."""
    listed = []
    for path in packages:
        content = path.read_bytes()
        (place / path.name).write_bytes(content)
        fields = subprocess.run(["dpkg-deb", "--field", str(path)], check=True, capture_output=True, text=True).stdout
        said = f"Filename: ./{path.name}\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n"
        listed.append(f"{fields.rstrip()}\n{said}")
    index = "\n".join(listed).encode()
    indices = {"Packages": index, "Packages.xz": lzma.compress(index)}
    (place / "Packages.xz").write_bytes(indices["Packages.xz"])
    sums = [f" {hashlib.sha256(text).hexdigest()} {len(text)} {name}\n" for name, text in indices.items()]
    (place / "Release").write_text(f"Suite: test\nDate: {formatdate(usegmt=True)}\nSHA256:\n{''.join(sums)}")
