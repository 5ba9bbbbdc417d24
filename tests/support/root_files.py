"""Small root file systems made of a handful of this machine's programs, as the archives that images come in."""

import gzip
import hashlib
import io
import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

PROGRAMS = ("sh", "cat", "chmod", "cp", "mkdir", "rm", "sleep", "ls", "id", "stat")


def folder(path: str, mode: int = 0o755) -> tarfile.TarInfo:
    made = tarfile.TarInfo(path)
    made.type, made.mode = tarfile.DIRTYPE, mode
    return made


def link(path: str, aim: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    made = tarfile.TarInfo(path)
    made.type, made.linkname = kind, aim
    return made


def special(path: str, kind: bytes) -> tarfile.TarInfo:
    made = tarfile.TarInfo(path)
    made.type, made.devmajor, made.devminor = kind, 1, 3
    return made


Entry = tarfile.TarInfo | tuple[str, bytes] | tuple[str, bytes, int, int]
"""An entry as it is, or a file: path and content, and its mode and owner if they are not usual."""


def tar(entries: Iterable[Entry]) -> bytes:
    """A tar of these."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as made:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                made.addfile(entry)
                continue
            path, content, *rest = entry
            info = tarfile.TarInfo(path)
            info.size = len(content)
            info.mode, info.uid = (int(rest[0]), int(rest[1])) if rest else (0o644, 0)
            info.gid = info.uid
            made.addfile(info, io.BytesIO(content))
    return out.getvalue()


def programs(names: Sequence[str] = PROGRAMS) -> list[Entry]:
    """Programs of this machine, and the libraries that they load: names go to /bin, paths where they are."""
    found: dict[str, bytes] = {}
    for name in names:
        place = shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin")
        assert place is not None, name
        found[name.lstrip("/") if name.startswith("/") else f"bin/{name}"] = Path(place).read_bytes()
        loaded = subprocess.run(["ldd", place], capture_output=True, text=True, check=False).stdout
        for library in re.findall(r"(/\S+) \(0x", loaded):  # nothing of what is linked statically
            found[library.lstrip("/")] = Path(library).read_bytes()
    return [(path, content, 0o755, 0) for path, content in found.items()]


def root_files(*more: Entry) -> list[Entry]:
    """All that a guest's image needs, and more."""
    return [folder("etc"), folder("tmp", 0o1777), *programs(), *more]


def oci(layers: Sequence[bytes], architecture: str = "amd64", *, media: str = "tar+gzip") -> bytes:
    """An OCI layout in a tar, with one image for a machine."""
    blobs: dict[str, bytes] = {}

    def blob(content: bytes, kind: str) -> dict[str, Any]:
        digest = hashlib.sha256(content).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = content
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(content)}

    packed = [blob(gzip.compress(layer) if media == "tar+gzip" else layer, f"layer.v1.{media}") for layer in layers]
    manifest = blob(json.dumps({"schemaVersion": 2, "layers": packed}).encode(), "manifest.v1+json")
    other = blob(json.dumps({"schemaVersion": 2, "layers": []}).encode(), "manifest.v1+json")
    listed = [
        {**other, "platform": {"architecture": "unknown", "os": "unknown"}},
        {**manifest, "platform": {"architecture": architecture, "os": "linux"}},
    ]
    inner = blob(json.dumps({"schemaVersion": 2, "manifests": listed}).encode(), "index.v1+json")
    index = json.dumps({"schemaVersion": 2, "manifests": [inner]}).encode()
    return tar([("oci-layout", b'{"imageLayoutVersion": "1.0.0"}'), ("index.json", index), *blobs.items()])


def docker_save(layers: Sequence[bytes]) -> bytes:
    """What `docker save` wrote before it wrote OCI layouts."""
    names = [f"{hashlib.sha256(layer).hexdigest()}/layer.tar" for layer in layers]
    manifest = json.dumps([{"Config": "config.json", "Layers": names}]).encode()
    return tar([("manifest.json", manifest), *zip(names, layers, strict=True)])
