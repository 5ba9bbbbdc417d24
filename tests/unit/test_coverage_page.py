"""docs/coverage.md says what the code does."""

from tools.make_coverage import PAGE, page


def test_the_page_is_what_the_code_does() -> None:
    assert PAGE.read_text() == page(), "stale: run 'make gen'"
