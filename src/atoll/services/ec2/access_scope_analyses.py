"""Analyses of access scopes and their findings (facts 224, 225): started and told here, computed beside all calls."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from atoll.model.kinds import AccessFinding, AccessScope, AccessScopeAnalysis
from atoll.model.kinds.insights import FAILED, RUNNING, SUCCEEDED
from atoll.model.tx import Tx
from atoll.services.ec2.checks import arn
from atoll.services.ec2.describe import candidates, describe, page
from atoll.services.ec2.insights_analyses import check_room
from atoll.services.ec2.insights_paths import MOST
from atoll.services.ec2.lookup import need
from atoll.services.ec2.tags import on_creation, tags_of
from atoll.services.registry import Request, Response, operation

MOST_FINDINGS = 1000
"""Findings on one page (botocore)."""


@operation("StartNetworkInsightsAccessScopeAnalysis", "NetworkInsightsAccessScopeId TagSpecifications ClientToken")
def start_network_insights_access_scope_analysis(tx: Tx, request: Request) -> Response:
    """It runs from now on, over what there is now."""
    scope = need(tx, AccessScope, request["NetworkInsightsAccessScopeId"])
    check_room(tx, AccessScopeAnalysis, "access-scope-analyses", "NetworkInsightsAccessScopeAnalysis.LimitExceeded")
    analysis = AccessScopeAnalysis(
        home=tx.home,
        id=tx.new_id("nisa"),
        tags=on_creation(tx, request, "network-insights-access-scope-analysis"),
        scope=scope.id,
        started=tx.time,
    )
    tx.put(analysis)
    return {"NetworkInsightsAccessScopeAnalysis": shown(tx, analysis)}


def conclude(tx: Tx, id_: str, members: Mapping[str, Any] | None, message: str = "") -> None:
    """What came of it, told by the engine: Findings (lists of components in AWS's words), AnalyzedEniCount and
    WarningMessage; or why there is nothing.

    Nothing happens when it was deleted meanwhile, or has come to its end before.
    """
    analysis = tx.get(AccessScopeAnalysis, id_)
    if analysis is None or analysis.status != RUNNING:
        return
    if members is None:
        tx.put(replace(analysis, status=FAILED, message=message, ended=tx.time))
        return
    for number, components in enumerate(members["Findings"]):
        tx.put(
            AccessFinding(
                home=analysis.home,
                analysis=analysis.id,
                number=number,
                id=f"{analysis.id}-{number + 1}",
                result=msgspec.msgpack.encode(components),
            )
        )
    tx.put(
        replace(
            analysis,
            status=SUCCEEDED,
            found=bool(members["Findings"]),
            interfaces=members["AnalyzedEniCount"],
            warning=members.get("WarningMessage") or "",
            ended=tx.time,
        )
    )


def remove(tx: Tx, analysis: AccessScopeAnalysis) -> None:
    """Delete an analysis with its findings."""
    for finding in tx.by(AccessFinding, "analysis", analysis.id):
        tx.delete(finding)
    tx.delete(analysis)


@operation("DeleteNetworkInsightsAccessScopeAnalysis", "NetworkInsightsAccessScopeAnalysisId")
def delete_network_insights_access_scope_analysis(tx: Tx, request: Request) -> Response:
    """Gone, whether it has come to its end or not."""
    analysis = need(tx, AccessScopeAnalysis, request["NetworkInsightsAccessScopeAnalysisId"])
    remove(tx, analysis)
    return {"NetworkInsightsAccessScopeAnalysisId": analysis.id}


@operation(
    "DescribeNetworkInsightsAccessScopeAnalyses",
    "NetworkInsightsAccessScopeAnalysisIds NetworkInsightsAccessScopeId AnalysisStartTimeBegin AnalysisStartTimeEnd "
    "Filters MaxResults NextToken",
)
def describe_network_insights_access_scope_analyses(tx: Tx, request: Request) -> Response:
    """By their ids, of a scope, or all of them. No filters but those on tags (botocore)."""
    found = candidates(tx, AccessScopeAnalysis, request, "NetworkInsightsAccessScopeAnalysisIds")
    if request.get("NetworkInsightsAccessScopeId"):
        scope = need(tx, AccessScope, request["NetworkInsightsAccessScopeId"])
        found = [one for one in found if one.scope == scope.id]
    since, until = request.get("AnalysisStartTimeBegin"), request.get("AnalysisStartTimeEnd")
    found = [one for one in found if _is_within(one, since, until)]
    return describe(tx, request, found, {}, "NetworkInsightsAccessScopeAnalyses", shown, least=1, most=MOST)


def _is_within(one: AccessScopeAnalysis, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or one.started >= since) and (until is None or one.started <= until)


@operation("GetNetworkInsightsAccessScopeAnalysisFindings", "NetworkInsightsAccessScopeAnalysisId MaxResults NextToken")
def get_network_insights_access_scope_analysis_findings(tx: Tx, request: Request) -> Response:
    """None while it runs."""
    analysis = need(tx, AccessScopeAnalysis, request["NetworkInsightsAccessScopeAnalysisId"])
    every = sorted(tx.by(AccessFinding, "analysis", analysis.id), key=lambda one: one.number)
    found, token = page(every, request, least=1, most=MOST_FINDINGS)
    return {
        "NetworkInsightsAccessScopeAnalysisId": analysis.id,
        "AnalysisStatus": analysis.status,
        "AnalysisFindings": [
            {
                "NetworkInsightsAccessScopeAnalysisId": analysis.id,
                "NetworkInsightsAccessScopeId": analysis.scope,
                "FindingId": one.id,
                "FindingComponents": msgspec.msgpack.decode(one.result),
            }
            for one in found
        ],
        "NextToken": token,
    }


FOUND = {None: "unknown", True: "true", False: "false"}


def shown(_tx: Tx, analysis: AccessScopeAnalysis) -> dict[str, Any]:
    """As Describe shows it."""
    ended = analysis.status == SUCCEEDED
    return {
        "NetworkInsightsAccessScopeAnalysisId": analysis.id,
        "NetworkInsightsAccessScopeAnalysisArn": arn(analysis, analysis.id),
        "NetworkInsightsAccessScopeId": analysis.scope,
        "Status": analysis.status,
        "StatusMessage": analysis.message or None,
        "WarningMessage": analysis.warning or None,
        "StartDate": analysis.started,
        "EndDate": analysis.ended,
        "FindingsFound": FOUND[analysis.found],
        "AnalyzedEniCount": analysis.interfaces if ended else None,
        "Tags": tags_of(analysis),
    }
