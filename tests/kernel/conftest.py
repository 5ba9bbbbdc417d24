"""Fixtures of the tests that need a kernel."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from atoll.guest import prepare_image
from tests.kernel.guest_lab import Lab, laboratory


@pytest.fixture(scope="session")
def guest_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image of guests, made once a test session; or before, by tools/run-tests, while there was a way."""
    named = os.environ.get("ATOLL_CACHE")
    cache = Path(named) if named else tmp_path_factory.mktemp("guest-cache")
    prepare_image(cache, print)
    return cache


@pytest.fixture
def lab(tmp_path: Path, guest_cache: Path) -> Iterator[Lab]:
    """Two namespaces with a cable, and guests in one of them."""
    with laboratory(tmp_path, guest_cache) as made:
        yield made
