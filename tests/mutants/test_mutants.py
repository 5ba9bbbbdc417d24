"""The witness sees errors: some of each folder, put in one by one. `python -m tests.mutants.run` tries hundreds."""

import pytest

from tests.mutants.mutate import Mutant, apply, mutants
from tests.mutants.run import GROUPS, judged

DESIGNS = range(500_000, 500_030)
PATIENCE = 200.0

NAMED = [
    ("atoll.compile.filters", "egress"),
]


def found(module: str, function: str, words: str) -> Mutant:
    """The one mutant of that module whose function and words those are."""
    (one,) = [one for one in mutants(module) if one.function == function and one.words.startswith(words)]
    return one
