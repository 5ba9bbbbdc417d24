"""One design from its seed to its verdicts: build it, try its probes, live through its histories, compare."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from tests.spec import Probe, World
from tests.witness import compare, probes, snapshot
from tests.witness.changes import change
from tests.witness.cloud import Cloud
from tests.witness.design import Design
from tests.witness.features import build
from tests.witness.judges import Seen, SpecJudge, WalkJudge

PROBES = 60
FLOWS = 15
CHANGES = 5

Verb = Literal["open", "send", "reply"]
Step = tuple[Verb, Probe]


class Judge(Protocol):
    """Whoever says what becomes of packets. A round holds no two packets of one connection."""

    def round(self, steps: Sequence[Step]) -> list[Seen]:
        """One answer a step."""
        ...

    def changed(self) -> None:
        """The cloud is another one now."""
        ...


class Spec:
    """The spec, which looks at the cloud through Describe calls."""

    def __init__(self, cloud: Cloud) -> None:
        self._client = cloud.client()
        self.answers = snapshot.describe(self._client)
        self._judge = SpecJudge(snapshot.world(self.answers))

    @property
    def world(self) -> World:
        """The cloud as Describe showed it last."""
        return self._judge.world

    def round(self, steps: Sequence[Step]) -> list[Seen]:
        """See Judge."""
        return [getattr(self._judge, verb)(probe) for verb, probe in steps]

    def changed(self) -> None:
        """See Judge."""
        self.answers = snapshot.describe(self._client)
        self._judge.world = snapshot.world(self.answers)


class Walk:
    """The walk, which looks at the plan and at its changes."""

    def __init__(self, cloud: Cloud) -> None:
        self._fabric = cloud.fabric
        self._fabric.take()
        self._judge = WalkJudge(cloud.plan)

    def round(self, steps: Sequence[Step]) -> list[Seen]:
        """See Judge."""
        return [getattr(self._judge, verb)(probe) for verb, probe in steps]

    def changed(self) -> None:
        """See Judge. The plan that it reads has changed by itself."""
        for delta in self._fabric.take():
            self._judge.changed(delta)


@dataclass
class Trial:
    """One step and what each judge said of it."""

    moment: str
    verb: Verb
    probe: Probe
    spec: Seen
    others: dict[str, Seen]

    @property
    def disagreements(self) -> list[str]:
        """What does not fit, a line each; empty when all agree."""
        return [
            line for name, seen in self.others.items() for line in compare.differences(self.verb, self.spec, name, seen)
        ]


@dataclass
class Examination:
    """All that was tried on one design."""

    design: Design
    trials: list[Trial] = field(default_factory=list)

    @property
    def failures(self) -> list[Trial]:
        """The trials on which the judges do not agree."""
        return [trial for trial in self.trials if trial.disagreements]


class Examiner:
    """Examines one design. `judges`: those besides the spec, by name."""

    def __init__(self, design: Design, judges: dict[str, Judge], without: frozenset[str] = frozenset()) -> None:
        self.result = Examination(design)
        self._without = without
        self._design = design
        self._rng = random.Random(f"probes {design.seed}")
        self._judges = judges
        self._spec = Spec(design.cloud)

    def probe(self, count: int = PROBES) -> None:
        """Fresh connections on the design as it is."""
        self._round("as built", [("open", probe) for probe in probes.choose(self._rng, self._spec.answers, count)])

    def live(self, flows: int = FLOWS, changes: int = CHANGES) -> None:
        """Open connections; then change something and let both ends speak, again and again."""
        first = probes.FIRST_PORT + 10_000
        wanted = list(probes.choose(self._rng, self._spec.answers, flows * 4, first))
        opened = [("open", probe) for probe in self._telling(wanted, flows)]
        self._round("histories", opened)
        alive = [probe for _, probe in opened]
        for number in range(1, changes + 1):
            name = change(self._design, self._without)
            for judge in (self._spec, *self._judges.values()):
                judge.changed()
            moment = f"after change {number} ({name})"
            self._round(
                moment, [("reply", probe) for probe in alive if self._received(probe) and self._rng.random() < 0.4]
            )
            self._round(moment, [("send", probe) for probe in alive if self._rng.random() < 0.8])
            self._round(
                moment, [("reply", probe) for probe in alive if self._received(probe) and self._rng.random() < 0.4]
            )

    def _telling(self, wanted: list[Probe], count: int) -> list[Probe]:
        """Mostly connections that arrive: what is refused anyway has little history."""
        fresh = SpecJudge(self._spec.world)
        lively = [probe for probe in wanted if fresh.open(probe).arrives][:count]
        return (lively + [probe for probe in wanted if probe not in lively])[:count]

    def _received(self, probe: Probe) -> bool:
        return any(trial.probe == probe and trial.spec.arrives for trial in self.result.trials if trial.verb != "reply")

    def _round(self, moment: str, steps: Sequence[Step]) -> None:
        """Ask everybody; where the spec says that nobody is there to send, there is nothing to ask."""
        said = list(zip(steps, self._spec.round(steps), strict=True))
        asked = [(step, seen) for step, seen in said if seen.why != "SOCKET_GONE"]
        steps = [step for step, _ in asked]
        others = {name: judge.round(steps) for name, judge in self._judges.items()}
        for number, ((verb, probe), seen) in enumerate(asked):
            each = {name: answers[number] for name, answers in others.items()}
            self.result.trials.append(Trial(moment, verb, probe, seen, each))


def examine(
    cloud: Cloud, seed: int, judges: dict[str, Judge] | None = None, without: frozenset[str] = frozenset()
) -> Examination:
    """Everything about one seed."""
    design = Design(seed, cloud)
    build(design, without)
    examiner = Examiner(design, {"walk": Walk(cloud), **(judges or {})}, without)
    examiner.probe()
    examiner.live()
    return examiner.result
