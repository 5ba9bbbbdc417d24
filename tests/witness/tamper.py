"""python -m tests.witness.tamper: does the witness see what somebody changes behind Atoll's back?

In a world of its own it builds a design on which all judges agree, then tampers with the live namespaces from
outside, by nft and ip as an administrator would, and tries packets again. Prints one JSON object.
"""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from atoll.fabric.kernel import KernelFabric, names
from atoll.plan.rows import Port, Segment
from tests.spec import Probe
from tests.witness.judges import NUMBERED
from tests.witness.packets.stand import CanaryError
from tests.witness.run import Laboratory, laboratory, own_world

SEED = 3
AGAIN = 25_000
"""Source ports of probes that are tried again begin here."""


def main() -> int:
    """Tamper, look, repair; three times."""
    with own_world() as folder, laboratory(SEED, folder) as lab:
        assert lab.fabric is not None
        lab.examiner.probe()
        told: dict[str, object] = {"before": _failures(lab, "as built"), "observed": lab.fabric.observe()}
        probe, router = _chosen(lab)
        for name, command in _tampering(lab, probe).items():
            _outside(router, command)
            told[name] = _tried(lab, lab.fabric, probe, name)
        _outside(router, ["ip", "link", "set", _device(lab, probe.at), "down"])
        try:
            _failures(lab, "without a cable", probe)
        except CanaryError as error:
            told["canary"] = str(error)
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


def _chosen(lab: Laboratory) -> tuple[Probe, Path]:
    """A packet between two interfaces of one VPC that arrives and is answered, and the VPC's router.

    Of a protocol with ports: it is sent again as a connection of its own.
    """
    for trial in lab.examiner.result.trials:
        seen, ends = trial.others["packets"], (trial.probe.source, trial.probe.destination)
        if trial.probe.protocol in NUMBERED:
            continue
        if seen and seen.answered and (seen.source, seen.destination) == ends:
            port = lab.cloud.plan.get(Port, trial.probe.at)
            segment = lab.cloud.plan.get(Segment, port.segment) if port else None
            path = lab.fabric.router(segment.domain) if lab.fabric and segment else None
            if path:
                return trial.probe, path
    raise LookupError(f"seed {SEED} has no packet that suits")


def _tampering(lab: Laboratory, probe: Probe) -> dict[str, list[str]]:
    element = f'{{ "{_device(lab, probe.at)}" . {probe.source} }}'
    return {
        "element": ["nft", "delete", "element", "ip", "atoll", "own", element],
        "route": ["ip", "route", "replace", "blackhole", f"{probe.destination}/32"],
    }


def _device(lab: Laboratory, eni: str) -> str:
    port = lab.cloud.plan.get(Port, eni)
    assert port is not None
    assert port.node is not None
    return names.port_interface(port.id, port.node)


def _outside(router: Path, command: list[str]) -> None:
    subprocess.run(["nsenter", f"--net={router}", *command], check=True, timeout=20)


def _tried(lab: Laboratory, fabric: KernelFabric, probe: Probe, name: str) -> dict[str, object]:
    seen = {"disagreements": _failures(lab, name, probe), "observed": fabric.observe()}
    fabric.repair()
    repaired = {"after repair": _failures(lab, f"{name} repaired", probe), "then observed": fabric.observe()}
    return {**seen, **repaired}


def _failures(lab: Laboratory, moment: str, probe: Probe | None = None) -> int:
    """How often the judges disagreed at that moment; the probe is tried first, by a connection of its own."""
    trials = lab.examiner.result.trials
    if probe is not None:
        lab.examiner.round(moment, [("open", replace(probe, source_port=AGAIN + len(trials)))])
    return sum(bool(trial.disagreeing) for trial in trials if trial.moment == moment)


if __name__ == "__main__":
    sys.exit(main())
