"""The house: who may import whom, and that files stay small enough to have one subject."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.api import read_configuration
from importlinter.application.use_cases import lint_imports

ROOT = Path(__file__).parents[2]
LONGEST_FILE = 600
LONGEST_FUNCTION = 60


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_import_contracts_are_kept(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    assert len(read_configuration(str(ROOT / "pyproject.toml"))["contracts_options"]) >= 9
    kept = lint_imports(cache_dir=None, no_logo=True)
    assert kept, capsys.readouterr().out


def test_every_package_has_its_place_in_the_layers() -> None:
    layers = read_configuration(str(ROOT / "pyproject.toml"))["contracts_options"][0]["layers"]
    placed = {name.strip().removeprefix("atoll.") for layer in layers for name in layer.split("|")}
    packages = {path.parent.name for path in (ROOT / "src/atoll").glob("*/__init__.py")}
    assert packages == placed


def test_the_judge_shares_nothing_with_what_it_judges() -> None:
    judges = [*sources("tests/spec"), *sources("tests/machine/rules")]
    guilty = [(path.name, name) for path in judges for name in imported(path) if "atoll" in name]
    assert guilty == []
    strange = [
        (path.name, name)
        for path in sources("tests/machine/rules")
        for name in imported(path)
        if name.startswith("tests.") and not name.startswith("tests.machine.rules")
    ]
    assert strange == []


def test_the_judge_stays_small() -> None:
    """900 lines of packets, changes and time; 250 of load balancers: choices, health, names (docs/architecture.md)."""
    assert sum(len(path.read_text().splitlines()) for path in sources("tests/spec")) <= 1150


@pytest.mark.parametrize("path", sources("src/atoll"), ids=lambda path: str(path.relative_to(ROOT)))
def test_one_subject_a_file(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= LONGEST_FILE
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a file starts by saying what it is about"
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    long = [one.name for one in functions if (one.end_lineno or 0) - one.lineno >= LONGEST_FUNCTION]
    assert long == []
