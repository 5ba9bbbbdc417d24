"""A layer: the files of fetched packages, unpacked beside each other and never installed.

`<layer>/root` lies under a guest's `/`, `<layer>/usr` under its `/usr`.
"""

import hashlib
import os
import platform
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec

from atoll.guest import apt, building
from atoll.guest.errors import GuestError
from atoll.guest.recipes import Recipe

Progress = Callable[[str], None]


def layer(recipe: Recipe, cache: Path, progress: Progress) -> Path | None:
    """The layer of `recipe`, fetched if it is not cached; None where there is none: the host's own program serves.

    Raises GuestError when software that is needed can neither be found nor fetched. What is not needed is then told of.
    """
    target = cache / "layers" / f"{recipe.name}-{digest(recipe)}"
    if target.is_dir():
        return target
    try:
        return _fetched(recipe, target, cache, progress)
    except GuestError as error:
        if recipe.needed:
            raise
        progress(f"Instances will have no {recipe.name}: {error}")
        return None


def _fetched(recipe: Recipe, target: Path, cache: Path, progress: Progress) -> Path | None:
    if not apt.present():
        if (Path("/") / recipe.program).exists():
            return None
        raise GuestError(
            f"guests need {recipe.name}, and this machine has neither {recipe.program} nor apt to fetch it with: "
            f"install {recipe.name} with the machine's package manager"
        )
    progress(f"fetching {recipe.name} for guests (once; it is not installed on this machine)")
    return building.once(target, lambda folder: _build(recipe, folder, cache))


def digest(recipe: Recipe) -> str:
    """Names a layer: the recipe and the system that its programs are for."""
    system = platform.freedesktop_os_release()
    about = [system.get("ID", ""), system.get("VERSION_ID", ""), platform.machine()]
    return hashlib.sha256(msgspec.json.encode([recipe, about])).hexdigest()[:16]


def _build(recipe: Recipe, folder: Path, cache: Path) -> None:
    unpacked = folder / "root"
    for archive in apt.fetch(recipe.packages, folder / "archives", cache / "apt"):
        subprocess.run(["dpkg-deb", "--extract", archive, unpacked], check=True, stdin=subprocess.DEVNULL)
    shutil.rmtree(folder / "archives")
    arrange(unpacked, folder / "usr")
    for pattern in recipe.drop:
        top, _, rest = pattern.partition("/")
        for path in (folder / "usr" if top == "usr" else unpacked / top).glob(rest):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for path_name, aim in recipe.links:
        link = unpacked / path_name
        if (link.parent / aim).exists():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(aim)


def arrange(unpacked: Path, usr: Path) -> None:
    """Move `unpacked/usr` to `usr`, and what packages still put into /bin, /sbin and /lib* into it as well."""
    usr.mkdir(exist_ok=True)
    (unpacked / "usr").mkdir(exist_ok=True)
    _merge(unpacked / "usr", usr)
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        if (unpacked / name).is_dir() and not (unpacked / name).is_symlink():
            (usr / name).mkdir(exist_ok=True)
            _merge(unpacked / name, usr / name)


def _merge(source: Path, target: Path) -> None:
    for child in source.iterdir():
        place = target / child.name
        if child.is_dir() and not child.is_symlink() and place.is_dir():
            _merge(child, place)
        else:
            os.rename(child, place)
    source.rmdir()
