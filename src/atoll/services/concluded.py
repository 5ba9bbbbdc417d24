"""What came of analyses that ran beside all calls, each family's own entry."""

from collections.abc import Mapping
from typing import Any

from atoll.model.kinds import AccessScopeAnalysis, InsightsAnalysis
from atoll.model.tx import Tx
from atoll.services.ec2 import access_scope_analyses, insights_analyses


def conclude(
    tx: Tx, analysis: InsightsAnalysis | AccessScopeAnalysis, members: Mapping[str, Any] | None, message: str = ""
) -> None:
    """Write it down. `members`: of AWS's answer; None where it failed, and then why."""
    family = insights_analyses if isinstance(analysis, InsightsAnalysis) else access_scope_analyses
    family.conclude(tx, analysis.id, members, message)
