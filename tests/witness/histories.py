"""python -m tests.witness.histories [--examples N] [--steps N] [--seed S] [--no-packets]

Live connections in a network that changes: a Hypothesis state machine. It begins where every connection lives
(standing.py); then connections are opened, either end speaks, and what decides about packets changes, one call after
the other. After each change both ends of every connection speak, and the judges must agree on which of them live on.
Where they do not, Hypothesis looks for a shorter history; all draws are its own.
"""

import argparse
import contextlib
import random
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import hypothesis
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.spec import Probe
from tests.witness import probes, properties, standing
from tests.witness.changes import CHANGES, Change
from tests.witness.cloud import HOSTS
from tests.witness.probes import Ends, Map
from tests.witness.promises import Promises
from tests.witness.run import Laboratory, laboratory, log_line, own_world

PROTOCOLS = ("tcp", "udp", "icmp")
MOST = 15
"""Connections of one history."""


def across_subnets(rng: random.Random, found: Map) -> Ends:
    """From one subnet of a VPC to another."""
    sender = rng.choice(found.enis)
    far = [eni for eni in found.enis if eni["SubnetId"] != sender["SubnetId"] and not probes.same_host(eni, sender)]
    receiver = rng.choice(far or found.enis)
    return str(sender["NetworkInterfaceId"]), rng.choice(found.private(sender)), rng.choice(found.private(receiver))


def by_translator(rng: random.Random, found: Map) -> Ends:
    """Out from the private subnet, to a host of the internet or to somebody's public address."""
    private = [eni for eni in found.enis if found.subnets[eni["SubnetId"]]["CidrBlock"] == standing.PRIVATE]
    sender = rng.choice(private or found.enis)
    publics = [ip for eni in found.enis for ip in found.public(eni)]
    there = rng.choice([*HOSTS, *publics])
    return str(sender["NetworkInterfaceId"]), rng.choice(found.private(sender)), there


def balanced_from_outside(rng: random.Random, found: Map) -> Ends:
    """A host to the load balancer's public addresses; where it has none any more, to whoever has one."""
    return probes.to_balancer_from_internet(rng, found)


def balanced_inside(rng: random.Random, found: Map) -> Ends:
    """Somebody of the VPC to a node's own address, one of its targets too."""
    node, sender = rng.choice(found.nodes), rng.choice(found.enis)
    return str(sender["NetworkInterfaceId"]), rng.choice(found.private(sender)), rng.choice(found.private(node))


WAYS: dict[str, Callable[[random.Random, Map], Ends]] = {
    "inside a subnet": probes.same_subnet,
    "across subnets": across_subnets,
    "by Elastic IP, from outside": probes.from_internet,
    "by Elastic IP, out": probes.to_internet,
    "by Elastic IP, to another": probes.hairpin,
    "by NAT gateway": by_translator,
    "by load balancer, from outside": balanced_from_outside,
    "by load balancer, inside": balanced_inside,
}
"""The ways that connections take when they are opened."""

SILENCES = (29, 30, 59, 60, 179, 180, 349, 350, 599, 600, 432_000)
"""Seconds: on both sides of what interfaces and NAT gateways wait for."""

Outcome = tuple[str, str, bool]
"""A way, a change, and whether a connection that had been answered was answered after it as well."""


class Histories(RuleBasedStateMachine):
    """One example: a network and its live connections. `folder`: for namespaces, where real packets are asked too."""

    folder: ClassVar[Path | None] = None
    seen: ClassVar[Counter[Outcome]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self._held = contextlib.ExitStack()
        self.lab: Laboratory = self._held.enter_context(laboratory(1, self.folder, made=standing.build))
        self._ways: dict[Probe, str] = {}
        self._answered: dict[Probe, bool] = {}
        self._promises = Promises()
        self._judged = 0

    @initialize(rng=st.randoms(use_true_random=False))
    def draws(self, rng: random.Random) -> None:
        """From here on what is random is Hypothesis's. One connection of each way is there from the beginning."""
        self.lab.examiner.result.design.rng = rng
        self.lab.examiner.settle("as built")
        for number, way in enumerate(WAYS):
            self._open(way, PROTOCOLS[number % len(PROTOCOLS)])

    @precondition(lambda self: len(self._ways) < MOST)
    @rule(way=st.sampled_from(sorted(WAYS)), protocol=st.sampled_from(PROTOCOLS))
    def open(self, way: str, protocol: str) -> None:
        """One connection more."""
        self._open(way, protocol)

    def _open(self, way: str, protocol: str) -> None:
        """To a port that the standing network opens."""
        rng = self.lab.examiner.result.design.rng
        at, source, destination = WAYS[way](rng, Map(self.lab.examiner.answers))
        own = probes.FIRST_PORT + len(self._ways)
        balanced = way.startswith("by load balancer")
        protocol = "tcp" if balanced and protocol == "icmp" else protocol
        port = standing.LISTENERS[protocol] if balanced else standing.PORT
        probe = Probe(at, source, destination, protocol, own, own if protocol == "icmp" else port)
        self._ways[probe] = way
        self._round("opening", "open", [probe])

    @precondition(lambda self: self._ways)
    @rule(
        change=st.sampled_from([change for change, weight in CHANGES for _ in range(weight)]),
        receiver_first=st.booleans(),
    )
    def change(self, change: Change, receiver_first: bool) -> None:
        """Something changes; then everybody speaks."""
        change(self.lab.examiner.result.design)
        self.lab.examiner.changed(change.__name__)
        self.lab.examiner.settle(f"after {change.__name__}")
        before = dict(self._answered)
        for verb in ("reply", "send", "reply") if receiver_first else ("send", "reply"):
            self._round(f"after {change.__name__}", verb, list(self._ways))
        for probe, answered in before.items():
            if answered:
                self.seen[self._ways[probe], change.__name__, self._answered[probe]] += 1

    @precondition(lambda self: self._ways and self.lab.fabric is None)
    @rule(seconds=st.sampled_from(SILENCES))
    def wait(self, seconds: int) -> None:
        """Nobody says anything; then everybody does. With real packets tests/kernel/test_fabric_idle.py does it."""
        self.lab.examiner.wait(seconds)
        self._promises.forget()
        for verb in ("reply", "send"):
            self._round(f"after {seconds} seconds", verb, list(self._ways))

    def _round(self, moment: str, verb: Any, these: list[Probe]) -> None:
        examiner = self.lab.examiner
        if verb == "reply":
            these = [probe for probe in these if probe in examiner.received]
        examiner.round(moment, [(verb, probe) for probe in these])
        found = list(examiner.result.violations)
        trials, self._judged = examiner.result.trials[self._judged :], len(examiner.result.trials)
        if verb != "reply":
            self._answered |= dict.fromkeys(these, False)
            mine = [trial for trial in trials if trial.probe in self._ways]
            self._answered |= {trial.probe: bool(trial.spec.answered) for trial in mine}
            found += [line for trial in mine for line in self._promises.broken(trial, examiner.answers)]
        if found:
            self._tell()
        assert not found, "\n".join(found)
        wrong = [log_line(1, trial) for trial in trials if trial.disagreeing]
        if wrong:
            self._tell()
        assert not wrong, "the judges do not agree:\n" + "".join(wrong).replace(" | ", "\n  ")

    def _tell(self) -> None:
        for call in self.lab.examiner.result.design.calls:
            note(call)

    def teardown(self) -> None:
        """What must hold of every network, however it came to be."""
        try:
            found = list(properties.plan_from_scratch(self.lab.cloud))
            if self.lab.fabric:
                found += properties.observed(self.lab.fabric)
            if found:
                self._tell()
            assert not found, "\n".join(found)
        finally:
            self._held.close()


def campaign(
    examples: int,
    steps: int,
    seed: int,
    *,
    folder: Path | None = None,
    machine: type[Histories] = Histories,
    shrink: bool = True,
) -> Counter[Outcome]:
    """Run it; what was seen. The same seed makes the same histories in the same program."""

    class Fresh(machine):  # type: ignore[misc, valid-type] # its own count
        seen: ClassVar[Counter[Outcome]] = Counter()

    Fresh.folder = folder
    Fresh.__name__ = Fresh.__qualname__ = machine.__name__
    chosen: Any = hypothesis.seed(seed)(Fresh)
    how = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink][: 1 + shrink],
    )
    run_state_machine_as_test(chosen, settings=how)
    return Fresh.seen


def summary(seen: Counter[Outcome]) -> str:
    """A line a way: how many of its connections lived through a change, how many did not."""
    lines = []
    for way in WAYS:
        mine = {kept: n for kept in (True, False) if (n := sum(seen[one] for one in seen if one[::2] == (way, kept)))}
        lived, died = mine.get(True, 0), mine.get(False, 0)
        lines.append(f"{way}: {lived} lived on, {died} were cut")
    return "histories: " + "; ".join(lines)


def main(arguments: list[str]) -> int:
    """Run, and print what was seen. A disagreement ends it with Hypothesis's report."""
    parser = argparse.ArgumentParser(prog="python -m tests.witness.histories", description=__doc__)
    parser.add_argument("--examples", type=int, default=20, help="histories")
    parser.add_argument("--steps", type=int, default=25, help="of one history, at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-packets", action="store_true", help="spec and walk only: no kernel")
    options = parser.parse_args(arguments)
    with contextlib.ExitStack() as held:
        folder = None if options.no_packets else held.enter_context(own_world())
        seen = campaign(options.examples, options.steps, options.seed, folder=folder)
    sys.stdout.write(f"{summary(seen)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
