"""Ten mistakes: each module has `make` and `mend`, and says in its first words what passes or dies."""

import importlib
import pkgutil
from typing import Any, Protocol

from examples.bank.parts import Bank


class Mistake(Protocol):
    """One of the modules here."""

    __doc__: str | None

    def make(self, ec2: Any, bank: Bank) -> None:
        """Make the mistake in the standing bank."""

    def mend(self, ec2: Any, bank: Bank) -> None:
        """Put the bank right again."""


def mistakes() -> dict[str, Mistake]:
    """All of them, by name."""
    names = [found.name for found in pkgutil.iter_modules(__path__) if not found.name.startswith("_")]
    return {name: importlib.import_module(f"{__name__}.{name}") for name in names}
