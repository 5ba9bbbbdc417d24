"""Mutants that survive the witness with a reason: nothing that they change can be observed, or a test judges it."""

from tests.mutants.mutate import Mutant

EQUIVALENT: dict[str, list[str]] = {}
"""Why nothing can be seen of an error, and which those are."""

ELSEWHERE: dict[str, list[str]] = {}
"""A test that fails with an error of which the witness knows nothing: it is run, and has to."""


def why(mutant: Mutant) -> str:
    """Empty where nobody has explained it."""
    return next((reason for reason, those in EQUIVALENT.items() if mutant.name in those), "")


def judge(mutant: Mutant) -> str:
    """The test that is to fail with it, if there is one."""
    return next((test for test, those in ELSEWHERE.items() if mutant.name in those), "")
