"""docs/dns.md does what it says: its commands run in one shell, their output compared."""

import pytest

from tests.scenarios.pages import Shell, shows_what_it_says
from tests.scenarios.running import REPO


@pytest.mark.kernel
def test_the_page_about_names_does_what_it_says(reader: Shell) -> None:
    shows_what_it_says(REPO / "docs" / "dns.md", reader)
