"""One design from its seed to its verdicts: build it, try its probes, live through its histories, compare."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.spec import Probe, judge
from tests.witness import compare, probes
from tests.witness.changes import change
from tests.witness.design import Design
from tests.witness.judges import Judge, Seen, Step, Verb
from tests.witness.snapshot import Answers
from tests.witness.spec_judge import GONE, SpecJudge

PROBES, FLOWS, CHANGES = 60, 15, 5
"""Fresh connections a design; connections with a history; changes that they live through."""

HISTORIES = probes.FIRST_PORT + 10_000
"""Where the source ports of connections with a history begin."""


@dataclass
class Trial:
    """One step and what each judge said of it; `others` by name, None where one cannot say."""

    moment: str
    verb: Verb
    probe: Probe
    spec: Seen
    others: Mapping[str, Seen | None]

    @property
    def disagreeing(self) -> list[str]:
        """The judges that do not agree with the spec."""
        return [name for name, seen in self.others.items() if seen and not self._fits(seen)]

    def _fits(self, seen: Seen) -> bool:
        return compare.agree(self.verb, self.spec, seen) and (
            self.verb == "reply" or compare.same_reason(self.spec, seen)
        )


@dataclass
class Examination:
    """All that was tried on one design."""

    design: Design
    trials: list[Trial] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    """Properties that do not hold, a line each."""

    @property
    def failures(self) -> list[Trial]:
        """The trials on which the judges do not agree."""
        return [trial for trial in self.trials if trial.disagreeing]


class Examiner:
    """Examines one design. `judges`: those besides the spec, by name. `received`: connections that have arrived."""

    def __init__(self, design: Design, judges: Mapping[str, Judge], without: frozenset[str] = frozenset()) -> None:
        self.result = Examination(design)
        self._design = design
        self._without = without
        self._rng = random.Random(f"probes {design.seed}")
        self._tunnels = probes.Tunnels()
        self._judges = judges
        self._spec = SpecJudge(design.client)
        self.received: set[Probe] = set()

    @property
    def answers(self) -> Answers:
        """What Describe calls answer now."""
        return self._spec.answers

    def probe(self, count: int = PROBES) -> None:
        """Fresh connections on the design as it is."""
        wanted = probes.choose(self._rng, self._spec.answers, count, tunnels=self._tunnels)
        self.round("as built", [("open", probe) for probe in wanted])

    def live(self, flows: int = FLOWS, changes: int = CHANGES) -> None:
        """Open connections; then change something and let both ends speak, again and again."""
        wanted = probes.choose(self._rng, self._spec.answers, flows * 4, HISTORIES, self._tunnels)
        alive = self._telling(list(wanted), flows)
        self.round("histories", [("open", probe) for probe in alive])
        for number in range(1, changes + 1):
            name = change(self._design, self._without)
            self.changed(name)
            moment = f"after change {number} ({name})"
            self._replies(moment, alive)
            self.round(moment, [("send", probe) for probe in alive if self._rng.random() < 0.8])
            self._replies(moment, alive)

    def changed(self, name: str) -> None:
        """Tell every judge that the cloud is another one."""
        self._spec.changed(name)
        for one in self._judges.values():
            one.changed(name)

    def wait(self, seconds: int) -> None:
        """Nobody says anything for so long."""
        self._spec.wait(seconds)
        for one in self._judges.values():
            one.wait(seconds)

    def _replies(self, moment: str, alive: Sequence[Probe]) -> None:
        able = [probe for probe in alive if probe in self.received]
        self.round(moment, [("reply", probe) for probe in able if self._rng.random() < 0.4])

    def _telling(self, wanted: list[Probe], count: int) -> list[Probe]:
        """Mostly connections that arrive: what is refused anyway has little history."""
        lively = [probe for probe in wanted if judge(self._spec.world, probe).arrives][:count]
        return (lively + [probe for probe in wanted if probe not in lively])[:count]

    def round(self, moment: str, steps: Sequence[Step]) -> None:
        """Ask everybody; where the spec says that nobody is there to send, there is nothing to ask."""
        said = zip(steps, self._spec.round(steps), strict=True)
        asked = [(step, seen) for step, seen in said if seen.why != GONE]
        others = {name: one.round([step for step, _ in asked]) for name, one in self._judges.items()}
        for number, ((verb, probe), seen) in enumerate(asked):
            if seen.arrives and verb != "reply":
                self.received.add(probe)
            each = {name: answers[number] for name, answers in others.items()}
            self.result.trials.append(Trial(moment, verb, probe, seen, each))
