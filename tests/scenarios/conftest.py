"""Running Atolls for the scenarios. Each test that changes an Atoll's life makes one of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.running import Atoll


@pytest.fixture(scope="session")
def atoll(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Atoll]:
    """A running Atoll with packets, shared: tests keep apart by account, and stop nothing."""
    made = Atoll(tmp_path_factory.mktemp("atoll") / "state")
    made.up()
    yield made
    made.down()


@pytest.fixture(scope="session")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Atoll]:
    """A running Atoll without a network, shared in the same way: its instances are records."""
    made = Atoll(tmp_path_factory.mktemp("records") / "state")
    made.up("--fabric", "none")
    yield made
    made.down()


@pytest.fixture
def own_atoll(tmp_path: Path) -> Iterator[Atoll]:
    """An Atoll for one test, not started; stopped afterwards whatever happened."""
    made = Atoll(tmp_path / "state")
    yield made
    if made.folder.exists():
        made.down()


@pytest.fixture
def records_only(own_atoll: Atoll) -> Atoll:
    """A running Atoll without a network, for a test that changes its life."""
    own_atoll.up("--fabric", "none")
    return own_atoll
