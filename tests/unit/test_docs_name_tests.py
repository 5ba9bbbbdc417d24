"""The pages that promise something name the test that shows it: each of these is there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("security.md", "durability.md", "outcomes.md")
SAME = "same"
"""The row above has named the file."""

_CODE = re.compile(r"`([\w./-]+)`")
_DIVIDER = re.compile(r"\|(---\|)+")


def file_of(name: str) -> Path:
    """Where a file that a page names lies: tests of scenarios are named without their folder, and so is src/atoll."""
    if "/" not in name and name.startswith("test_"):
        return ROOT / "tests/scenarios" / name
    return ROOT / name if name.split("/")[0] in ("tests", "bench", "docs", "src") else ROOT / "src/atoll" / name


def named(text: str) -> tuple[list[Path], list[str]]:
    """Files and tests that a piece of a page names."""
    words = _CODE.findall(text)
    return [file_of(word) for word in words if word.endswith(".py")], [
        word for word in words if word.startswith("test_") and not word.endswith(".py")
    ]


@cache
def defined(path: Path) -> set[str]:
    """The tests of a file."""
    found = ast.walk(ast.parse(path.read_text()))
    return {node.name for node in found if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def rows(page: str) -> list[list[str]]:
    """The rows of tables whose last column says what shows them; cells may hold no "|"."""
    found: list[list[str]] = []
    lines = page.splitlines()
    for at, line in enumerate(lines):
        if _DIVIDER.fullmatch(line) and "shown by" in lines[at - 1].split("|")[-2]:
            end = next(n for n in range(at + 1, len(lines) + 1) if n == len(lines) or not lines[n].startswith("|"))
            found += [[cell.strip() for cell in row.strip("|").split("|")] for row in lines[at + 1 : end]]
    return found


def missing(page: str) -> list[str]:
    """Files and tests that a page names and that are not there."""
    files, tests = named(page)
    there: set[str] = set().union(*(defined(path) for path in files if path.is_file() and path.name[:5] == "test_"))
    gone = [str(path.relative_to(ROOT)) for path in files if not path.is_file()]
    return gone + [test for test in tests if test not in there]


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_names_is_there(name: str) -> None:
    assert missing((ROOT / "docs" / name).read_text()) == []


@pytest.mark.parametrize("name", PAGES)
def test_each_promise_names_what_shows_it(name: str) -> None:
    found = rows((ROOT / "docs" / name).read_text())
    assert len(found) > 15
    assert [row for row in found if not any(named(row[-1])) and not row[-1].startswith(SAME)] == []


def test_what_is_missing_is_seen() -> None:
    assert missing(
        "`test_world.py`: `test_two_atolls_side_by_side`, `test_nothing`; `test_none.py`, `app/none.py`"
    ) == [
        "tests/scenarios/test_none.py",
        "src/atoll/app/none.py",
        "test_nothing",
    ]
