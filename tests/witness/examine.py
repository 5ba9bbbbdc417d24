"""One design from its seed to its verdicts: build it, try its probes, live through its histories, compare."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.spec import Probe, fates
from tests.witness import compare, probes
from tests.witness.changes import change
from tests.witness.design import Design
from tests.witness.health import Health
from tests.witness.judges import HEALTH, Fates, Judge, Seen, Step, Verb
from tests.witness.snapshot import Answers
from tests.witness.spec_judge import GONE, SpecJudge

PROBES, FLOWS, CHANGES = 60, 15, 5
"""Fresh connections a design; connections with a history; changes that they live through."""

HISTORIES = probes.FIRST_PORT + 10_000
"""Where the source ports of connections with a history begin."""


@dataclass
class Trial:
    """One step and what each judge said of it.

    `spec`, `others`: of the fates that there may be the one that happened; by name, None where a judge cannot say.
    `disagreeing`: the judges that do not agree with the spec; `fates`: what it said, and what they did.
    """

    moment: str
    verb: Verb
    probe: Probe
    spec: Seen
    others: Mapping[str, Seen | None]
    disagreeing: Sequence[str]
    fates: Mapping[str, Fates | None]


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
    """Examines one design. `judges`: those besides the spec, by name. `received`: connections that have arrived.

    `tunnels`: connections of protocols without ports that there have been.
    """

    def __init__(self, design: Design, judges: Mapping[str, Judge], without: frozenset[str] = frozenset()) -> None:
        self.result = Examination(design)
        self._design = design
        self._without = without
        self._rng = random.Random(f"probes {design.seed}")
        self.tunnels = probes.Tunnels()
        self.judges = judges
        self._spec = SpecJudge(design.client)
        self._health = Health(design)
        self.received: set[Probe] = set()

    @property
    def answers(self) -> Answers:
        """What Describe calls answer now."""
        return self._spec.answers

    def probe(self, count: int = PROBES) -> None:
        """Fresh connections on the design as it is, once health checks have come to what they come to."""
        self.settle("as built")
        wanted = probes.choose(self._rng, self._spec.answers, count, tunnels=self.tunnels)
        self.round("as built", [("open", probe) for probe in wanted])

    def live(self, flows: int = FLOWS, changes: int = CHANGES) -> None:
        """Open connections; then change something and let both ends speak, again and again."""
        wanted = probes.choose(self._rng, self._spec.answers, flows * 4, HISTORIES, self.tunnels)
        alive = self._telling(list(wanted), flows)
        self.round("histories", [("open", probe) for probe in alive])
        for number in range(1, changes + 1):
            name = change(self._design, self._without)
            self.changed(name)
            moment = f"after change {number} ({name})"
            self.settle(moment)
            self._replies(moment, alive)
            self.round(moment, [("send", probe) for probe in alive if self._rng.random() < 0.8])
            self._replies(moment, alive)

    def changed(self, name: str) -> None:
        """Tell every judge that the cloud is another one."""
        self._spec.changed(name)
        for one in self.judges.values():
            one.changed(name)

    def settle(self, moment: str) -> None:
        """Let every health check be done, as often as it takes, and look what DescribeTargetHealth shows then."""
        asked, before = self._health.checks(self.answers), len(self.result.trials)
        self.round(f"health checks {moment}", [("open", probe) for probe in asked.values()])
        done = {
            trial.probe: trial.others.get("packets") or trial.others.get("walk") or trial.spec
            for trial in self.result.trials[before:]
        }
        if self._health.report({id_: done[probe] for id_, probe in asked.items()}):
            self.changed(HEALTH)
        self.result.violations += [f"{moment}: {line}" for line in self._health.unlike(self._spec.world, self.answers)]

    def wait(self, seconds: int) -> None:
        """Nobody says anything for so long."""
        self._spec.wait(seconds)
        for one in self.judges.values():
            one.wait(seconds)

    def _replies(self, moment: str, alive: Sequence[Probe]) -> None:
        able = [probe for probe in alive if probe in self.received]
        self.round(moment, [("reply", probe) for probe in able if self._rng.random() < 0.4])

    def _telling(self, wanted: list[Probe], count: int) -> list[Probe]:
        """Mostly connections that arrive: what is refused anyway has little history."""
        lively = [one for one in wanted if any(fate.arrives for fate in fates(self._spec.world, one))][:count]
        return (lively + [probe for probe in wanted if probe not in lively])[:count]

    def round(self, moment: str, steps: Sequence[Step]) -> None:
        """Ask everybody; where the spec says that nobody is there to send, there is nothing to ask."""
        said = zip(steps, self._spec.round(steps), strict=True)
        asked = [(step, told) for step, told in said if told[0].why != GONE]
        others = {name: one.round([step for step, _ in asked]) for name, one in self.judges.items()}
        for number, (step, told) in enumerate(asked):
            trial = self._compared(moment, step, told, {name: answers[number] for name, answers in others.items()})
            self.result.trials.append(trial)
            if trial.spec.arrives and trial.verb in ("open", "send"):
                self.received.add(trial.probe)

    def _compared(self, moment: str, step: Step, spec: Fates, others: Mapping[str, Fates | None]) -> Trial:
        """What has happened is what packets show; without them it is drawn. Then everybody goes on from that."""
        verb, probe = step
        shown = [seen for name, told in others.items() if told and self.judges[name].shows for seen in told]
        happened = next((one for one in spec if shown and compare.agree(verb, one, shown[0])), None)
        happened = happened or (spec[0] if len(spec) == 1 else self._rng.choice(spec))
        self._spec.choose(probe, happened.target)
        for one in self.judges.values():
            one.choose(probe, happened.target)
        disagreeing = [
            name
            for name, told in others.items()
            if told is not None and not compare.fit(verb, spec, told, shows=self.judges[name].shows)
        ]
        mine = {name: _this(told, happened) if told else None for name, told in others.items()}
        return Trial(moment, verb, probe, happened, mine, disagreeing, {"spec": spec, **others})


def _this(told: Fates, happened: Seen) -> Seen:
    """The fate with the same target, if the judge knows of one."""
    return next((one for one in told if one.target == happened.target), told[0])
