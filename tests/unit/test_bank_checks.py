"""`atoll check` on the bank, and on each of its ten mistakes: which of them a check sees, and which it must not."""

import pytest

from atoll.review.checks import check
from examples.bank.mistakes import mistakes
from tests.unit.test_bank_intents import Standing, standing

__all__ = ["standing"]

SPARE = {("dead-rule", "web/out/110"), ("dead-rule", "web/out/120"), ("dead-rule", "web/in/120")}
"""Of the bank as it was designed: entries behind the one for all answers, and those of the second database's answers,
which is not there yet."""

ADDED = {
    "group_open_to_the_world": set[tuple[str, str]](),  # the group says so, and the internet has no way in
    "database_in_a_public_subnet": {
        ("open-database", "database"),
        ("not-private", "database-a"),
        ("cut-replies", "web"),
        *(("dead-rule", f"database/{entry}") for entry in ("in/100", "in/110", "out/100", "out/110")),
    },
    "acl_without_ephemeral_ports": {("cut-replies", "database"), ("dead-rule", "web/in/110")},
    "acl_that_allows_all_first": {
        ("dead-rule", f"database/{entry}") for entry in ("in/100", "in/110", "out/100", "out/110")
    },
    "main_table_opened_for_all": set[tuple[str, str]](),  # the subnet is not called private
    "group_that_refers_to_itself": {
        ("dead-rule", "sgr"),
        ("dead-rule", "web/in/110"),
        *(("dead-rule", f"database/{entry}") for entry in ("in/100", "in/110", "out/100", "out/110")),
    },
    "address_instead_of_group": {("dead-rule", "database/in/110"), ("dead-rule", "database/out/110")},
    "source_dest_check_off": set[tuple[str, str]](),
    "acl_on_the_wrong_subnet": {("dead-rule", "database/in/100"), ("dead-rule", "database/out/100")},
    "web_group_on_another_server": set[tuple[str, str]](),  # what it may and what it does not tell intents alone
}
"""What each mistake adds to the findings."""


def findings(standing: Standing) -> set[tuple[str, str]]:
    bank = standing.bank
    names = {
        **{id_: name for name, id_ in bank.acls.items()},
        **{id_: name for name, id_ in bank.subnets.items()},
        **{id_: name for name, id_ in bank.interfaces.items()},
    }
    found = set()
    for one in check(standing.cloud.writer.model, standing.cloud.plan):
        thing, slash, entry = one.subject.partition("/")
        found.add((one.kind, names.get(thing, thing.partition("-")[0]) + slash + entry))
    return found


def test_the_bank_as_designed_has_spare_entries_and_nothing_else(standing: Standing) -> None:
    assert findings(standing) == SPARE


def test_each_mistake_has_its_findings() -> None:
    assert set(mistakes()) == set(ADDED)


@pytest.mark.parametrize("name", ADDED)
def test_a_mistake_adds_these_findings_and_no_other(standing: Standing, name: str) -> None:
    mistake = mistakes()[name]
    mistake.make(standing.ec2, standing.bank)
    try:
        assert findings(standing) - SPARE == ADDED[name]
    finally:
        mistake.mend(standing.ec2, standing.bank)
    assert findings(standing) == SPARE
