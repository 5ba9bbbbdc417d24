"""Ranges of ids in the text of /etc/subuid."""

import pytest

from atoll.linux.userns import Range, find_range, free_range

TEXT = "alice:100000:65536\nbob:165536:1000\nbob:200000:65536\n1003:300000:100000\nbroken\ncarol:x:65536\n"


@pytest.mark.parametrize(
    ("name", "number", "found"),
    [
        ("alice", 1001, Range(100000, 65536)),
        ("bob", 1002, Range(200000, 65536)),
        ("dora", 1003, Range(300000, 100000)),
        ("carol", 1004, None),
        ("eve", 1005, None),
    ],
    ids=["by name", "one that is too small is passed over", "by number", "a broken line", "nobody"],
)
def test_the_first_large_enough_range_of_the_user(name: str, number: int, found: Range | None) -> None:
    assert find_range(TEXT, name, number) == found


def test_a_range_that_is_proposed_is_nobodys() -> None:
    assert free_range("") == Range(100_000, 65536)
    assert free_range(TEXT) == Range(400_000, 65536)
