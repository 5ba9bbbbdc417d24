"""What tests have to say, said at the end of the run: also when they ran in several processes."""

from collections.abc import Callable

import pytest

SAID = "said"
"""The property of a test (`record_property`) whose value is worth a line among pytest's own."""

Say = Callable[[str, str], None]
"""The fixture record_property."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, words in getattr(report, "user_properties", ()):
                if name == SAID and report.when == "call":
                    terminalreporter.write_line(words)
