"""docs/coverage.md says what the code does, of every operation that botocore knows."""

import re

import botocore.session
import pytest

from atoll.cli.environment import SERVED as IN_THE_ENVIRONMENT
from atoll.protocol import load
from atoll.services.registry import OPERATIONS
from atoll.services.served import BUILT as BUILT_SERVICES
from atoll.services.served import SERVED
from tools.make_coverage import BUILT, PAGE, WHOLE, page

ROW = re.compile(r"^\| (\w+) \| (built|truthfully empty|refused) \| ([\w, ]*) \|$", re.MULTILINE)


def rows(title: str) -> dict[str, tuple[str, str]]:
    section = PAGE.read_text().partition(f"\n## {title}:")[2].partition("\n## ")[0]
    return {name: (kind, takes) for name, kind, takes in ROW.findall(section)}


def test_the_page_is_what_the_code_does() -> None:
    assert PAGE.read_text() == page(), "stale: run 'make gen'"


@pytest.mark.parametrize("service", WHOLE)
def test_every_operation_of_botocore_has_a_row(service: str) -> None:
    known = botocore.session.Session().get_service_model(service).operation_names
    assert set(rows(WHOLE[service])) == set(known)


@pytest.mark.parametrize("service", BUILT)
def test_the_built_operations_of_the_others_have_a_row(service: str) -> None:
    built = {name for owner, name in OPERATIONS if owner == service}
    assert set(rows(BUILT[service])) == built
    assert built <= set(botocore.session.Session().get_service_model(service).operation_names)


@pytest.mark.parametrize("service", SERVED)
def test_parameters_that_are_taken_are_botocores(service: str) -> None:
    for owner, name in OPERATIONS:
        if owner == service:
            assert OPERATIONS[owner, name].takes <= set(load(service).input_members(name)), name


def test_every_service_that_is_served_is_named_on_the_page_and_by_env() -> None:
    assert {owner for owner, _ in OPERATIONS} == set(BUILT_SERVICES)
    assert set(SERVED) == {*WHOLE, *BUILT}
    sessions = botocore.session.Session()
    ids = {sessions.get_service_model(name).service_id for name in SERVED}
    assert {id_.replace(" ", "_").upper() for id_ in ids} == set(IN_THE_ENVIRONMENT)
