"""One cloud in process for each test."""

import pytest

from tests.support.inprocess import InProcess


@pytest.fixture
def site() -> InProcess:
    return InProcess()
