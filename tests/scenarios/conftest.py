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


@pytest.fixture
def own_atoll(tmp_path: Path) -> Iterator[Atoll]:
    """An Atoll for one test, not started; stopped afterwards whatever happened."""
    made = Atoll(tmp_path / "state")
    yield made
    made.down()


@pytest.fixture
def records_only(own_atoll: Atoll) -> Atoll:
    """A running Atoll without a network, for one test: quick to start, and its instances are records."""
    own_atoll.up("--fabric", "none")
    return own_atoll
