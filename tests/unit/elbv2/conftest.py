"""One cloud in process for each test."""

import pytest

from tests.support.inprocess import InProcess
from tests.unit.elbv2.front import Front


@pytest.fixture
def front() -> Front:
    return Front(InProcess())
