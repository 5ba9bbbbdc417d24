"""The pytest plugin: the fixture `atoll`, and the two that say what its words mean."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from atoll.testing.network import Names, Network


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which Atoll, and whether packets are sent."""
    group = parser.getgroup("atoll", "intents about a running Atoll")
    group.addoption("--atoll-state", metavar="DIR", help="Its state folder; else $ATOLL_STATE or the default one.")
    group.addoption("--atoll-proof-only", action="store_true", help="Prove alone, and send no packets.")


@pytest.fixture(scope="session")
def atoll_names() -> Names:
    """The names of ends that all tests use; define this fixture anew to have some."""
    return {}


@pytest.fixture(scope="session")
def atoll_scope() -> Mapping[str, Any]:
    """Where names are looked for: account, region, vpc; define this fixture anew to look in less than everywhere."""
    return {}


@pytest.fixture(scope="session")
def atoll(pytestconfig: pytest.Config, atoll_names: Names, atoll_scope: Mapping[str, Any]) -> Network:
    """The network of the running Atoll."""
    state = pytestconfig.getoption("--atoll-state")
    proof_only = bool(pytestconfig.getoption("--atoll-proof-only"))
    return Network(Path(state) if state else None, atoll_names, atoll_scope, proof_only=proof_only)
