"""Mutants that survive with a reason: nothing that they change can be observed, or something else judges it."""

from tests.mutants.mutate import Mutant

EXPLAINED: dict[tuple[str, str, str], str] = {}
"""(module, function, what is changed in which line): why."""


def why(mutant: Mutant) -> str:
    """Empty where nobody has explained it."""
    return EXPLAINED.get((mutant.module, mutant.function, mutant.words), "")
