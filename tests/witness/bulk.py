"""One design of the campaign: hundreds of fresh connections at once, and some of what was lost let through.

What is told of a design is a dictionary that JSON can hold.
"""

import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from atoll.analyze.history import Verdict
from tests.spec import Probe
from tests.witness import properties, shrink
from tests.witness.controls import Controls
from tests.witness.edges import Edges
from tests.witness.examine import Trial
from tests.witness.met import Met, pairs
from tests.witness.reach_judge import ReachJudge
from tests.witness.run import Laboratory, laboratory, log_line

Told = dict[str, Any]

WIRED = 50
"""Of so many designs the calls go over the wire."""

LIFTED = 2
"""Of so many designs one packet that was lost is let through."""

TOLD = 4
"""Of so many designs the kernel is asked where it drops a packet."""

SHRUNK = 1
"""Packets on which the judges disagree that are shrunk and kept, of one design."""


def examine(
    seed: int, folder: Path | None, packets: int, lifted: Counter[str], *, thorough: bool, all_: bool = False
) -> Told:
    """Build the design, try the packets, lift what stops some of them, and say what came of it.

    `lifted`: how often each reason has been lifted so far, which is counted on; `thorough`: histories and properties
    too; `all_`: a line for each packet.
    """
    began, walks = time.process_time(), dict[Probe, Verdict]()
    with laboratory(seed, folder, watch=walks.__setitem__, whole=True, wired=seed % WIRED == 0) as lab:
        examiner, rng = lab.examiner, random.Random(f"packets {seed}")
        before = len(lab.cloud.fabric.deltas), properties.dump(lab.fabric) if lab.fabric and thorough else []
        examiner.settle("as built")
        reach = examiner.judges["reach"]
        assert isinstance(reach, ReachJudge)
        script = list(lab.examiner.result.design.script)
        chosen = Edges(rng, examiner.answers, reach.outcomes, examiner.tunnels).choose(packets)
        walks.clear()
        examiner.round("as built", [("try", probe) for _, probe in chosen])
        met = Met(lab.cloud.plan, examiner.answers)
        features = {met.features(verdict) for verdict in walks.values()}
        controls = Controls(lab, walks, lifted, told=seed % TOLD == 0).try_some() if seed % LIFTED == 0 else []
        if thorough:
            _thorough(lab, *before, folder)
        result = examiner.result
        divided = [one.probe for one in result.failures if one.moment == "as built"][:SHRUNK]
        told = {
            "seed": seed,
            "features": result.design.features,
            "sources": Counter(name for name, _ in chosen),
            "met": sorted({pair for one in features for pair in pairs(one)}),
            "controls": controls,
            "operations": sorted({call.split()[0] for call in result.design.calls}),
            "violations": result.violations,
            "disagreements": [log_line(seed, trial).strip() for trial in result.failures],
            **_counted(result.trials),
            **({"trials": [log_line(seed, trial).strip() for trial in result.trials]} if all_ else {}),
            "processor seconds": round(time.process_time() - began, 3),
        }
    told["kept"] = [str(shrink.keep(seed, folder, script, probe)) for probe in divided]
    return told


def _counted(trials: Sequence[Trial]) -> Mapping[str, Any]:
    """A verdict is one packet whose arrival, place, addresses and answer were compared with the prediction."""
    real = [seen for trial in trials if (seen := trial.others.get("packets")) is not None]
    return {
        "packets": len(trials),
        "verdicts": len(real),
        "arrived": sum(seen.arrives for seen in real),
        "answered": sum(bool(seen.answered) for seen in real),
        "answer untold": sum(seen.answered is None for seen in real),
        "predicted to arrive": sum(trial.spec.arrives for trial in trials),
        "balanced": sum(trial.spec.target is not None for trial in trials),
        "choices": sum(len(trial.fates["spec"] or ()) > 1 for trial in trials),
        "walk": sum(trial.others["walk"] is not None for trial in trials),
        "reach": sum(trial.others["reach"] is not None for trial in trials),
        "reasons": Counter(trial.spec.why for trial in trials if not trial.spec.arrives),
    }


def _thorough(lab: Laboratory, before: int, dump: Sequence[str], folder: Path | None) -> None:
    lab.examiner.live()
    found = lab.examiner.result.violations
    found += properties.plan_from_scratch(lab.cloud)
    if lab.fabric and folder:
        found += properties.observed(lab.fabric)
        found += properties.counted(lab.cloud, lab.fabric, properties.describe(lab.cloud))
        found += properties.undone(lab.fabric, dump, lab.cloud.fabric.deltas[before:])
