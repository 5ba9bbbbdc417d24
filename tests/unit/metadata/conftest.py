"""A cloud without a process and an instance in it."""

import pytest

from tests.support.inprocess import InProcess
from tests.support.lab import Lab
from tests.unit.metadata.guest import Guest


@pytest.fixture
def lab() -> Lab:
    return Lab(InProcess())


@pytest.fixture
def guest(lab: Lab) -> Guest:
    return Guest(lab)
