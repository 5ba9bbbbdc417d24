"""Folders that are built once and never change: several servers may share one cache."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path


def once(target: Path, build: Callable[[Path], None]) -> Path:
    """`target`, filled by `build(folder)` if it is not there yet.

    One builder at a time (a lock beside the target); the name appears only when the folder is whole, so a builder
    that is killed leaves nothing that could be mistaken for it.
    """
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / f"{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if target.is_dir():
            return target
        draft = target.parent / f"{target.name}.draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        try:
            build(draft)
            os.rename(draft, target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return target
