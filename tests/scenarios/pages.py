"""Tutorials as tests: the commands of a page, and what it says that one sees.

In a page every ```bash block is commands for one shell. The ```text block right after it is what they print, on either
stream; without one they print nothing. `…` stands for any text within a line; a line of `…` alone for any lines.
"""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

BLOCK = re.compile(r"^```(bash|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Step(NamedTuple):
    """Commands, and what is seen."""

    line: int
    commands: str
    seen: str


def steps(page: str) -> list[Step]:
    """The page's steps. ValueError for a block of output without commands before it."""
    found: list[Step] = []
    end_of_last = -1
    for block in BLOCK.finditer(page):
        kind, text = block.groups()
        if kind == "bash":
            found.append(Step(page.count("\n", 0, block.start()) + 1, text, ""))
        elif not found or found[-1].seen or page[end_of_last : block.start()].strip():
            raise ValueError(f"what is the output in line {page.count(chr(10), 0, block.start()) + 1} of?")
        else:
            found[-1] = found[-1]._replace(seen=text)
        end_of_last = block.end()
    return found


def matches(expected: str, printed: str) -> bool:
    """Whether what was printed is what the page shows. Empty lines do not count, nor how much white space there is."""
    pattern = ""
    for line in _lines(expected):
        pattern += r"(?:[^\n]*\n)*" if line == "…" else ".*".join(map(re.escape, line.split("…"))) + r"\n"
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in _lines(printed))) is not None


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


class Shell:
    """One bash, as somebody has it open while reading the page."""

    END = "end of this step"

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._bash = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=folder,
            text=True,
        )

    def run(self, commands: str) -> str:
        """What the commands print. They get no input: theirs is the page's next line."""
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.write(f"{{\n{commands}\n}} </dev/null\necho; echo '{self.END}'\n")
        self._bash.stdin.flush()
        printed = ""
        for line in self._bash.stdout:
            if line == f"{self.END}\n":
                return printed
            printed += line
        raise AssertionError(f"the shell ended: {printed}")

    def close(self) -> None:
        """Close the shell."""
        self._bash.communicate(timeout=10)


def shows_what_it_says(page: Path, shell: Shell) -> None:
    """Run every command of the page, and compare every output."""
    for step in steps(page.read_text()):
        printed = shell.run(step.commands)
        assert matches(step.seen, printed), (
            f"{page.name}:{step.line}\n{step.commands}\n-- the page says\n{step.seen}\n-- seen\n{printed}"
        )


def is_all_steps(page: Path) -> bool:
    """Whether each block of the page is commands or their output."""
    text = page.read_text()
    found = steps(text)
    return text.count("```") == 2 * (len(found) + sum(bool(step.seen) for step in found))
