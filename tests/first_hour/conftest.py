"""One Atoll for the whole folder, without a network: its instances are records. Each test is an account of its own."""

from collections.abc import Iterator
from itertools import count

import pytest

from tests.first_hour.account import Account
from tests.scenarios.running import Atoll

ACCOUNTS = count(400_000_000_000)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Atoll]:
    """The running Atoll; no test stops or empties it."""
    made = Atoll(tmp_path_factory.mktemp("first-hour") / "state")
    made.up("--fabric", "none")
    yield made
    made.delete()


@pytest.fixture
def account(server: Atoll) -> Account:
    """An account that has made no call yet."""
    return Account(server, str(next(ACCOUNTS)))
