"""docs/tutorial-nlb.md does what it says: every command run in one shell, every output compared."""

import pytest

from tests.scenarios.pages import Shell, is_all_steps, shows_what_it_says, steps
from tests.scenarios.running import REPO

PAGE = REPO / "docs" / "tutorial-nlb.md"


@pytest.mark.kernel
def test_every_command_shows_what_the_page_says(reader: Shell) -> None:
    shows_what_it_says(PAGE, reader)


def test_the_page_shows_output_and_has_no_other_blocks() -> None:
    assert is_all_steps(PAGE)
    assert sum(step.seen.count("\n") for step in steps(PAGE.read_text())) > 50
