"""The image: what all guests of one machine share, and how a guest's file system is put together from it."""

from pathlib import Path

import msgspec

from atoll.guest import allowed, layers, template
from atoll.guest.recipes import RECIPES
from atoll.linux import mounts


class Image(msgspec.Struct, frozen=True):
    """Folders that lie under every guest's own writable one; none of them ever changes."""

    template: Path
    layers: tuple[Path, ...]
    programs: tuple[str, ...]
    """Top-level folders of the host that are shown copy on write."""


def prepare_image(cache: Path, progress: layers.Progress) -> Image:
    """Make or find the image: 20 ms when all is cached; else packages are fetched, `progress` says what.

    Raises GuestError when software that guests need can neither be found nor fetched.
    """
    found = (layers.layer(recipe, cache, progress) for recipe in RECIPES)
    return Image(template.template(cache), tuple(path for path in found if path), template.programs())


def assemble(image: Image, disk: Path, root: Path) -> None:
    """Mount a guest's file system at `root`: `/` of template and layers, each folder of programs over the host's.

    `disk` keeps what the guest writes: `<disk>/<part>` and the overlay's own `<disk>/<part>.work`.
    """
    _overlay(image, disk, root, "root", ())
    for name in image.programs:
        _overlay(image, disk, root / name, name, (Path("/") / name,))
    for path, inner in allowed.COVERED:
        own = disk / path.replace("/", "-")
        if not own.exists():
            for name in inner:
                (own / name).mkdir(parents=True)
        mounts.bind(own, root / path)


def assemble_other(image: Image, software: Path, disk: Path, root: Path) -> None:
    """The same for a root file system of a user's: all of it is there, and Atoll's init above it."""
    upper, work = disk / "root", disk / "root.work"
    for folder in (upper, work):
        folder.mkdir(mode=0o755, exist_ok=True)
    mounts.overlay(root, [image.template / template.OTHERS, software / "root"], upper, work)


def _overlay(image: Image, disk: Path, target: Path, part: str, under: tuple[Path, ...]) -> None:
    shared = (image.template / part, *(layer / part for layer in image.layers))
    upper, work = disk / part, disk / f"{part}.work"
    for folder in (upper, work):
        folder.mkdir(mode=0o755, exist_ok=True)
    mounts.overlay(target, [*(folder for folder in shared if folder.is_dir()), *under], upper, work)
