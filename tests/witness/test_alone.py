"""A rule that serves somebody serves somebody whom it names: who is not asked would not have been served either."""

import pytest

from atoll.analyze.internet import ANYONE
from atoll.plan.rows import Direction, Filter, Port, Rule, Wearing
from atoll.review import alone
from tests.witness.run import Laboratory, laboratory


def _uses(lab: Laboratory) -> dict[tuple[str, str], bool]:
    """Whether each inward rule serves somebody, at each port that wears its group."""
    plan = lab.cloud.plan
    senders = (ANYONE, *(port.id for port in plan.all(Port) if port.id.startswith("eni-")))
    groups = [one.id for one in plan.all(Filter) if not one.ordered]
    return {
        (rule.id, port.id): alone.used_by_port(plan, rule, port, senders)
        for name in groups
        for rule in plan.by(Rule, "filter", name)
        for one in plan.by(Wearing, "filter", name)
        if rule.direction is Direction.IN and (port := plan.get(Port, one.port)) is not None
    }


def test_nobody_else_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    used = total = fewer = 0
    for seed in range(600_000, 600_006):
        with laboratory(seed, None) as lab:
            found = _uses(lab)
            named = alone._named
            with monkeypatch.context() as patch:
                patch.setattr(alone, "_named", lambda _plan, _rule, senders: senders)
                assert _uses(lab) == found, seed
            plan = lab.cloud.plan
            everybody = [port.id for port in plan.all(Port)]
            rules = [plan.get(Rule, name) for name, _ in found]
            fewer += sum(len(list(named(plan, rule, everybody))) < len(everybody) for rule in rules if rule)
            used, total = used + sum(found.values()), total + len(found)
    assert 0 < used < total
    assert fewer > total / 4
