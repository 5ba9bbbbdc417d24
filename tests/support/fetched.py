"""Programs that only tests use: fetched as guests' packages are, and not installed on this machine."""

from pathlib import Path
from typing import NamedTuple

import pytest

from atoll.guest import apt
from atoll.guest.layers import layer
from atoll.guest.recipes import Recipe

REPO = Path(__file__).parents[2]


class Program(NamedTuple):
    """Where it is, and what its environment needs."""

    path: Path
    environment: dict[str, str]


def fetched(name: str, package: str, program: str) -> Program:
    """The program of a package; the test is left out where there is no apt to fetch it with."""
    if not apt.present():
        pytest.skip(f"{name} is fetched with apt, which this machine does not have")
    made = layer(Recipe(name=name, program=program, packages=(package,)), REPO / ".cache" / "atoll", print)
    assert made is not None
    libraries = ":".join(str(one) for one in (made / "usr/lib").glob("*-linux-gnu"))
    return Program(made / program, {"LD_LIBRARY_PATH": libraries})
