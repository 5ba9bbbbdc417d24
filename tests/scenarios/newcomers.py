"""Commands as an ordinary user: the one who runs the tests, or one whom newcomer.sh makes if that is root."""

import os
from pathlib import Path

import pytest

from tests.scenarios.running import BIN, REPO

AS_ROOT = os.geteuid() == 0
by_root = pytest.mark.skipif(not AS_ROOT, reason="root makes users of each kind; a user is what he is")
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}


def who(home: Path) -> list[str]:
    """What makes a command an ordinary user's."""
    return [str(REPO / "tests" / "support" / "newcomer.sh"), str(home)] if AS_ROOT else []
