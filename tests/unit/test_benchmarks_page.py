"""docs/benchmarks.md: what its plots show is what its table says."""

import re
from pathlib import Path

PAGE = (Path(__file__).parent.parent.parent / "docs/benchmarks.md").read_text()
ENIS = ("100", "1,000", "10,000", "100,000")


def _table() -> dict[str, list[float]]:
    """Of each column the first number of the rows that are plotted."""
    start = PAGE.index("| ENIs | filters read |")
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in PAGE[start:].split("\n\n")[0].splitlines()]
    rows = {line[0]: line[1:] for line in lines[2:]}
    return {
        name: [float(re.findall(r"[\d.]+", rows[enis][column])[0]) for enis in ENIS]
        for column, name in enumerate(lines[0][1:])
    }


def _plotted() -> dict[str, list[float]]:
    found = re.findall(r'^  line "(.+)" \[(.+)\]$', PAGE, re.MULTILINE)
    return {name: [float(one) for one in values.split(",")] for name, values in found}


def test_plots_of_proofs_are_the_tables() -> None:
    table, plotted = _table(), _plotted()
    sizes = [int(one.replace(",", "")) for one in ENIS]
    assert len(plotted) == 6
    for name, values in plotted.items():
        seconds = max(table[name]) > 1
        expected = [one / size * 1e6 for one, size in zip(table[name], sizes, strict=True)] if seconds else table[name]
        assert all(abs(one - other) < (1 if seconds else 0.001) for one, other in zip(values, expected, strict=True))
