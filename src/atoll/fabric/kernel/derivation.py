"""From a delta of plan rows to a delta of kernel objects: pure, and undone by the inverse delta."""

from atoll.fabric.kernel import uses
from atoll.fabric.kernel.passes import PASSES
from atoll.records import Delta, Derivation, Proposal, Record, Table, inverse


class Objects:
    """The plan's rows, what they share (`uses`), and the units that made kernel objects from them."""

    def __init__(self) -> None:
        self.rows = Table()
        self.uses = Derivation(uses.PASSES)
        self.objects = Derivation(PASSES)

    def derive(self, delta: Delta) -> tuple[Delta, "Step"]:
        """The delta of kernel objects. The rows show the new plan already; `Step.drop` takes that back."""
        step = Step(self, delta)
        return step.objects.delta, step

    def write(self, delta: Delta, undo: list[Delta]) -> None:
        """Change the rows; `undo` remembers how to go back."""
        self.rows.apply(delta)
        undo.append(inverse(delta))


class Step:
    """One derivation under way: accepted once the kernel acknowledged it, else dropped."""

    def __init__(self, owner: Objects, delta: Delta) -> None:
        self._owner = owner
        self._undo: list[Delta] = []
        try:
            owner.write(delta, self._undo)
            self._used: Proposal = owner.uses.propose(owner.rows, delta)
            owner.write(self._used.delta, self._undo)
            named = uses.named(owner.rows, self._used.delta)
            owner.write(named, self._undo)
            self.objects: Proposal = owner.objects.propose(owner.rows, {**delta, **self._used.delta, **named})
        except BaseException:
            self.drop()
            raise

    def accept(self) -> None:
        """Keep it."""
        self._owner.uses.accept(self._used)
        self._owner.objects.accept(self.objects)

    def drop(self) -> None:
        """Forget it: the rows are what they were."""
        while self._undo:
            self._owner.rows.apply(self._undo.pop())


def from_scratch(rows: list[Record]) -> dict[tuple[str, ...], Record]:
    """The kernel objects of a whole plan, as one delta from nothing."""
    delta, _ = Objects().derive({row.key: (None, row) for row in rows})
    return {key: new for key, (_, new) in delta.items() if new is not None}
