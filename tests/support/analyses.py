"""Analyses of the network analyzers in a cloud without a process: computed at once, over the plan as it is now."""

from typing import Any

from atoll.compile import compiler, constants
from atoll.insights.asked import answer
from atoll.model.kinds import AccessScopeAnalysis, InsightsAnalysis
from atoll.model.kinds.insights import RUNNING
from atoll.model.regions import REGIONS
from atoll.records import Delta, Table
from atoll.services.concluded import conclude as write_down
from tests.support.inprocess import InProcess


def plan_of(cloud: InProcess) -> Table:
    """What the compiler makes of everything that is in the cloud."""
    model: Delta = {key: (None, record) for key, record in cloud.table.records.items()}
    plan = Table(constants(zone.name for region in REGIONS.values() for zone in region.zones))
    plan.apply(compiler().propose(cloud.table, model).delta)
    return plan


def conclude(cloud: InProcess) -> None:
    """Bring every analysis that runs to its end."""
    every: list[InsightsAnalysis | AccessScopeAnalysis] = [
        *cloud.table.all(InsightsAnalysis),
        *cloud.table.all(AccessScopeAnalysis),
    ]
    running = [one for one in every if one.status == RUNNING]
    plan = plan_of(cloud) if running else Table()
    for one in running:
        tx = cloud.draft(one.region, one.account)
        write_down(tx, one, *answer(cloud.table, plan, one.id))
        cloud.commit(tx.delta())


class Analyzer:
    """Reachability Analyzer and Network Access Analyzer of one cloud, through boto3."""

    def __init__(self, cloud: InProcess) -> None:
        self.cloud = cloud
        self.ec2: Any = cloud.client()

    def path(self, source: str, destination: str | None = None, *, protocol: str = "tcp", **params: Any) -> str:
        """A path to be analysed."""
        asked = {"Source": source, "Protocol": protocol, **params}
        if destination is not None:
            asked["Destination"] = destination
        return str(self.ec2.create_network_insights_path(**asked)["NetworkInsightsPath"]["NetworkInsightsPathId"])

    def start(self, path: str, **params: Any) -> str:
        """An analysis of it, which runs."""
        made = self.ec2.start_network_insights_analysis(NetworkInsightsPathId=path, **params)["NetworkInsightsAnalysis"]
        assert made["Status"] == "running"
        return str(made["NetworkInsightsAnalysisId"])

    def shown(self, analysis: str) -> dict[str, Any]:
        """As it is described."""
        (found,) = self.ec2.describe_network_insights_analyses(NetworkInsightsAnalysisIds=[analysis])[
            "NetworkInsightsAnalyses"
        ]
        return dict(found)

    def analysed(self, path: str, **params: Any) -> dict[str, Any]:
        """An analysis of a path that has come to its end."""
        id_ = self.start(path, **params)
        conclude(self.cloud)
        return self.shown(id_)

    def ask(self, source: str, destination: str | None = None, **params: Any) -> dict[str, Any]:
        """Create a path, analyse it, and tell what came of it: it succeeds."""
        shown = self.analysed(self.path(source, destination, **params))
        assert shown["Status"] == "succeeded", shown
        return shown

    def codes(self, source: str, destination: str | None = None, **params: Any) -> list[str]:
        """The explanation codes of a path that there is not."""
        shown = self.ask(source, destination, **params)
        assert shown["NetworkPathFound"] is False, shown
        return codes(shown)

    def findings(self, match: list[Any], exclude: list[Any] | None = None) -> list[list[dict[str, Any]]]:
        """The findings of a scope, each as its components."""
        made = self.ec2.create_network_insights_access_scope(MatchPaths=match, ExcludePaths=exclude or [])
        scope = made["NetworkInsightsAccessScope"]["NetworkInsightsAccessScopeId"]
        started = self.ec2.start_network_insights_access_scope_analysis(NetworkInsightsAccessScopeId=scope)
        id_ = started["NetworkInsightsAccessScopeAnalysis"]["NetworkInsightsAccessScopeAnalysisId"]
        conclude(self.cloud)
        told = self.ec2.get_network_insights_access_scope_analysis_findings(NetworkInsightsAccessScopeAnalysisId=id_)
        assert told["AnalysisStatus"] == "succeeded", told
        return [one["FindingComponents"] for one in told["AnalysisFindings"]]


def codes(shown: dict[str, Any]) -> list[str]:
    """The codes of an analysis, in their order."""
    return [one["ExplanationCode"] for one in shown["Explanations"]]


def ids(components: list[dict[str, Any]]) -> list[str]:
    """The ids of a path's components."""
    return [one["Component"]["Id"] for one in components]


def kinds(components: list[dict[str, Any]]) -> list[str]:
    """The prefixes of those ids."""
    return [one.partition("-")[0] for one in ids(components)]
