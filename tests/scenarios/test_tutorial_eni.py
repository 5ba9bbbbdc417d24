"""docs/tutorial-eni.md does what it says: every command run in one shell, every output compared."""

import pytest

from tests.scenarios.pages import Shell, is_all_steps, matches, shows_what_it_says, steps
from tests.scenarios.running import REPO

PAGE = REPO / "docs" / "tutorial-eni.md"


@pytest.mark.kernel
def test_every_command_shows_what_the_page_says(reader: Shell) -> None:
    shows_what_it_says(PAGE, reader)


def test_what_is_compared_can_differ() -> None:
    assert matches("eni-…\tin-use\n", "\neni-0123 in-use\n")
    assert not matches("eni-…\tin-use\n", "eni-0123 available\n")
    assert not matches("True\n", "True\nTrue\n")
    assert not matches("", "An error occurred\n")
    assert matches("first\n…\nlast\n", "first\nlast\n")
    assert not matches("first\n…\nlast\n", "first\nlast\nmore\n")
    assert not matches("1.2.3.4\n", "1x2x3x4\n")


def test_output_without_commands_is_no_page() -> None:
    with pytest.raises(ValueError, match="line 1"):
        steps("```text\nTrue\n```\n")
    with pytest.raises(ValueError, match="line 5"):
        steps("```bash\ntrue\n```\nSomewhere else:\n```text\nTrue\n```\n")


def test_the_page_shows_output_and_has_no_other_blocks() -> None:
    assert is_all_steps(PAGE)
    assert sum(step.seen.count("\n") for step in steps(PAGE.read_text())) > 30
