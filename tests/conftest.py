"""What tests have to say, said at the end of the run, and what the whole run must have seen.

Both also when the tests ran in several processes.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import codes

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
    if _whole(terminalreporter.config) and (missing := codes.unheard(codes.RECEIVED)):
        terminalreporter.write_line(f"no client has received these error codes of AWS's: {', '.join(missing)}")


def pytest_configure() -> None:
    codes.listen()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A process of pytest-xdist's has ended: what it noted is known here."""
    codes.RECEIVED.update(getattr(node, "workeroutput", {}).get("codes", ()))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["codes"] = sorted(codes.RECEIVED)
    elif session.exitstatus == pytest.ExitCode.OK and _whole(session.config) and codes.unheard(codes.RECEIVED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _whole(config: pytest.Config) -> bool:
    """Whether nothing was left out: no paths, no choice of tests."""
    chosen = [config.getoption(name, None) for name in ("keyword", "markexpr", "lf", "collectonly")]
    named = [word for word in config.invocation_params.args if Path(str(word).partition("::")[0]).exists()]
    return not any(chosen) and not named
