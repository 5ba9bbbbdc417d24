"""The first witness: random designs on which all judges must agree, and proof that they would not agree on anything."""

from collections.abc import Callable, Sequence

import pytest
from msgspec.structs import replace

from atoll.plan.rows import Backend, Frontend, Name, Row, Rule, Wearing
from atoll.records import Delta, Table
from tests.conftest import SAID, Say
from tests.witness import features, run
from tests.witness.changes import CHANGES
from tests.witness.examine import Examination
from tests.witness.judges import NUMBERS
from tests.witness.run import Laboratory, examine, laboratory

Changes = Sequence[tuple[Row, Row]]

DESIGNS, FIRST_SEED = 450, 10_000
"""And 50 with real packets (test_witness_packets.py): 500 in all."""


def test_spec_walk_and_reach_agree_on_every_packet(capsys: pytest.CaptureFixture[str], record_property: Say) -> None:
    status = run.main(["--no-packets", "--designs", str(DESIGNS), "--seed", str(FIRST_SEED)])
    record_property(SAID, said := capsys.readouterr().out.strip())
    assert status == 0, said


def test_the_same_seed_makes_the_same_calls_and_verdicts() -> None:
    one, other = (examine(4, None) for _ in range(2))
    assert one.design.calls == other.design.calls
    assert [(trial.probe, trial.spec) for trial in one.trials] == [(trial.probe, trial.spec) for trial in other.trials]


def test_another_seed_makes_another_design() -> None:
    assert examine(4, None).design.calls != examine(5, None).design.calls


@pytest.mark.parametrize("kind", [Rule, Wearing])
def test_a_plan_that_lacks_a_row_is_caught(kind: type[Rule] | type[Wearing]) -> None:
    with laboratory(1, None) as lab:
        _lose(lab, kind)
        lab.examiner.probe(200)
        assert lab.examiner.result.failures
    assert "plan: " in " ".join(_violations(1, kind))


TAMPERED = 6
"""A seed whose load balancers have targets of every sort."""


def _more(plan: Table) -> Changes:
    """Whoever is registered gets traffic."""
    return [(one, replace(one, eligible=True, cut=False)) for one in plan.all(Backend) if not one.eligible]


def _fewer(plan: Table) -> Changes:
    """Of every listener's targets one gets none."""
    first = {one.frontend: one for one in plan.all(Backend) if one.eligible}
    return [(one, replace(one, eligible=False)) for one in first.values()]


def _other_sources(plan: Table) -> Changes:
    """Targets see the client where they should see the node, and the node where they should see the client."""
    return [(one, replace(one, keep=not one.keep)) for one in plan.all(Frontend)]


@pytest.mark.parametrize("wrong", [_more, _fewer, _other_sources])
def test_a_load_balancer_that_goes_wrong_is_caught(wrong: Callable[[Table], Changes]) -> None:
    with laboratory(TAMPERED, None) as lab:
        lab.examiner.probe(0)
        assert not lab.examiner.result.failures
        lab.cloud.plan.apply({old.key: (old, new) for old, new in wrong(lab.cloud.plan)})
        lab.examiner.probe(150)
        assert lab.examiner.result.failures


def test_a_name_and_a_health_that_are_told_wrong_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    with laboratory(TAMPERED, None) as lab:
        lab.examiner.probe(0)
        assert not lab.examiner.result.violations
        gone: Delta = {row.key: (row, None) for row in lab.cloud.plan.all(Name) if ".elb." in row.name}
        lab.cloud.plan.apply(gone)
        lab.examiner.probe(0)
        assert "names: " in " ".join(lab.examiner.result.violations)
    with laboratory(TAMPERED, None) as lab:
        monkeypatch.setattr(lab.cloud, "report", lambda _: False)  # nothing is written down
        lab.examiner.probe(0)
        assert "health: " in " ".join(lab.examiner.result.violations)


def test_a_feature_is_a_switch() -> None:
    names = frozenset(feature.__name__ for feature in features.FEATURES)
    assert len(names) == len(features.FEATURES)
    for left_out in (
        "secondary_blocks",
        "elastic_ips",
        "check_off",
        "routes",
        "stopped",
        "route_tables",
        "interfaces",
        "nat_gateways",
        "balancers",
    ):
        assert left_out in names
        done = examine(6, None, frozenset({left_out}))
        assert done.trials
        assert not done.failures


def test_every_change_and_every_kind_of_probe_occurs() -> None:
    done: list[Examination] = []
    left = {change.__name__ for change, _ in CHANGES}
    for seed in range(96):
        done.append(examine(seed, None))
        left -= {name for name in left for trial in done[-1].trials if f"({name})" in trial.moment}
        if not left and seed >= 24:
            break
    assert left == set()
    passed = {(trial.probe.protocol, trial.spec.arrives) for one in done for trial in one.trials}
    assert {(protocol, arrives) for protocol in NUMBERS for arrives in (True, False)} <= passed
    reasons = {trial.spec.why for one in done for trial in one.trials}
    assert {"SG_INGRESS", "SG_EGRESS", "SOURCE_CHECK", "NO_ROUTE", "NO_SUCH_ADDRESS", "NOT_RUNNING"} <= reasons
    assert "REFUSED_BY_BALANCER" in reasons
    balanced = [trial for one in done for trial in one.trials if trial.spec.target]
    assert any(len(trial.fates["spec"] or ()) > 1 for trial in balanced)
    kept = {(trial.spec.source == trial.probe.source, trial.spec.answered) for trial in balanced if trial.spec.arrives}
    assert {(True, True), (True, False), (False, True)} <= kept
    checks = {trial.spec.answered for one in done for trial in one.trials if trial.moment.startswith("health checks")}
    assert checks == {True, False}


def _lose(lab: Laboratory, kind: type[Rule] | type[Wearing]) -> None:
    """Rows go that the compiler has made, without anybody being told."""
    gone: Delta = {row.key: (row, None) for row in lab.cloud.plan.all(kind)}
    lab.cloud.plan.apply(gone)


def _violations(seed: int, kind: type[Rule] | type[Wearing]) -> list[str]:
    from tests.witness import properties

    with laboratory(seed, None) as lab:
        assert list(properties.plan_from_scratch(lab.cloud)) == []
        _lose(lab, kind)
        return list(properties.plan_from_scratch(lab.cloud))
