"""Filter values with wildcards."""

import re
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.services.ec2.wildcards import Pattern, matcher


@pytest.mark.parametrize(
    ("wanted", "value", "fits"),
    [
        ("web", "web", True), ("web", "webs", False), ("", "", True), ("", "x", False), ("*", "", True),
        ("w*", "web", True), ("*b", "web", True), ("w?b", "web", True), ("w?b", "wb", False), ("*e*", "web", True),
        ("w**b", "web", True), ("*?", "", False), ("*?*?*", "a", False), ("*?*?*", "ab", True),
        ("a*b*c", "aXbXbc", True),
        ("a*bc*c", "abc", False), ("*\n*", "a\nb", True), (r"\*", "*", True), (r"\*", "x", False), (r"a\?", "a?", True),
        (r"a\\", "a\\", True), ("a\\", "a\\", True), ("a.c", "abc", False), ("web", "web\n", False),
        ("w?", "w\n", True),
    ],
)  # fmt: skip
def test_what_fits(wanted: str, value: str, fits: bool) -> None:
    assert matcher([wanted])([value]) is fits
    assert matcher(["none", wanted])(["", value] if wanted else [value]) is fits


@settings(derandomize=True, database=None, max_examples=500)
@given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
def test_it_is_what_trying_everything_finds(wanted: str, value: str) -> None:
    everything = "".join({"*": ".*", "?": "."}.get(one, one) for one in wanted)
    assert Pattern(wanted).matches(value) == bool(re.fullmatch(everything, value))


def test_no_pattern_takes_for_ever() -> None:
    """Tried at every place, the first would outlive us; the second is not even looked at closely."""
    assert not matcher(["*a" * 100 + "*b"])(["a" * 256])
    begun = process_time()
    assert not matcher(["*a" * 100_000])(["a" * 256] * 10_000)
    assert process_time() - begun < 5
