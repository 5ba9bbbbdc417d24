"""Analyses of paths (facts 215, 216): started here, computed by the engine beside all calls, and told here."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from atoll.model.kinds import InsightsAnalysis, InsightsPath
from atoll.model.kinds.insights import FAILED, RUNNING, SUCCEEDED
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.ec2.checks import arn, invalid, wire
from atoll.services.ec2.describe import Filters, candidates, describe, text
from atoll.services.ec2.insights_ends import ARN
from atoll.services.ec2.insights_paths import MOST
from atoll.services.ec2.lookup import need
from atoll.services.ec2.tags import on_creation, tags_of
from atoll.services.registry import Request, Response, operation

STAYS = timedelta(days=120)
"""How long an analysis is kept (fact 216)."""

PASSED = (
    "internet-gateway",
    "loadbalancer",
    "natgateway",
    "network-interface",
    "transit-gateway",
    "transit-gateway-attachment",
    "vpc-peering-connection",
    "vpc-endpoint",
    "firewall",
)
"""Intermediate components, by the type of resource that their ARNs name (fact 219)."""


@operation(
    "StartNetworkInsightsAnalysis", "NetworkInsightsPathId FilterInArns FilterOutArns TagSpecifications ClientToken"
)
def start_network_insights_analysis(tx: Tx, request: Request) -> Response:
    """It runs from now on, over what there is now."""
    path = need(tx, InsightsPath, request["NetworkInsightsPathId"])
    filters = [tuple(_arns(request, name)) for name in ("FilterInArns", "FilterOutArns")]
    check_room(tx, InsightsAnalysis, "insights-analyses", "NetworkInsightsAnalysis.LimitExceeded")
    analysis = InsightsAnalysis(
        home=tx.home,
        id=tx.new_id("nia"),
        tags=on_creation(tx, request, "network-insights-analysis"),
        path=path.id,
        filter_in=filters[0],
        filter_out=filters[1],
        started=tx.time,
        due=tx.now + STAYS.total_seconds(),
    )
    tx.put(analysis)
    return {"NetworkInsightsAnalysis": shown(tx, analysis)}


def check_room(tx: Tx, kind: type[Any], quota: str, code: str) -> None:
    """Whether one more may be started: of all, and of those that run at once."""
    for most, field in ((f"{quota}-per-region", "home"), (f"{quota}-at-once", "running_in")):
        if tx.count(kind, field, tx.home) >= tx.limit(most):
            which = "analyses" if field == "home" else "concurrent analyses"
            raise AwsError(code, f"The maximum number of {which} is reached: {tx.limit(most)}.")


def _arns(request: Request, name: str) -> list[str]:
    given = request.get(name) or ()
    for one in given:
        found = ARN.fullmatch(one)
        if found is None:
            raise invalid(one, wire(name), "Expecting an Amazon Resource Name.")
        if found["rest"].partition("/")[0] not in PASSED:
            raise invalid(one, wire(name), f"Paths pass {', '.join(PASSED)}, and nothing else that can be named.")
    return list(dict.fromkeys(given))


def conclude(tx: Tx, id_: str, members: Mapping[str, Any] | None, message: str = "") -> None:
    """What came of it, told by the engine: the answer's members in AWS's words, or why there are none.

    Nothing happens when it was deleted meanwhile, or has come to its end before.
    """
    analysis = tx.get(InsightsAnalysis, id_)
    if analysis is None or analysis.status != RUNNING:
        return
    if members is None:
        tx.put(replace(analysis, status=FAILED, message=message, ended=tx.time))
        return
    tx.put(
        replace(
            analysis,
            status=SUCCEEDED,
            found=bool(members["NetworkPathFound"]),
            result=msgspec.msgpack.encode(members),
            ended=tx.time,
        )
    )


def on_due(tx: Tx, id_: str) -> None:
    """The engine's entry: it has been kept long enough."""
    analysis = tx.get(InsightsAnalysis, id_)
    if analysis is not None and analysis.due is not None and analysis.due <= tx.now:
        tx.delete(analysis)


@operation("DeleteNetworkInsightsAnalysis", "NetworkInsightsAnalysisId")
def delete_network_insights_analysis(tx: Tx, request: Request) -> Response:
    """Gone, whether it has come to its end or not."""
    analysis = need(tx, InsightsAnalysis, request["NetworkInsightsAnalysisId"])
    tx.delete(analysis)
    return {"NetworkInsightsAnalysisId": analysis.id}


FILTERS: Filters[InsightsAnalysis] = {
    "path-found": lambda _tx, one: [text(one.found)] if one.found is not None else (),
    "status": lambda _tx, one: [one.status],
}


@operation(
    "DescribeNetworkInsightsAnalyses",
    "NetworkInsightsAnalysisIds NetworkInsightsPathId AnalysisStartTime AnalysisEndTime Filters MaxResults NextToken",
)
def describe_network_insights_analyses(tx: Tx, request: Request) -> Response:
    """By their ids, of a path, or all of them."""
    found = candidates(tx, InsightsAnalysis, request, "NetworkInsightsAnalysisIds")
    if request.get("NetworkInsightsPathId"):
        path = need(tx, InsightsPath, request["NetworkInsightsPathId"])
        found = [one for one in found if one.path == path.id]
    since, until = request.get("AnalysisStartTime"), request.get("AnalysisEndTime")
    found = [one for one in found if _is_within(one, since, until)]
    return describe(tx, request, found, FILTERS, "NetworkInsightsAnalyses", shown, least=1, most=MOST)


def _is_within(one: InsightsAnalysis, since: datetime | None, until: datetime | None) -> bool:
    if since is not None and one.started < since:
        return False
    return until is None or (one.ended is not None and one.ended <= until)


def shown(_tx: Tx, analysis: InsightsAnalysis) -> dict[str, Any]:
    """As Describe shows it."""
    result: dict[str, Any] = msgspec.msgpack.decode(analysis.result) if analysis.result else {}
    return {
        "NetworkInsightsAnalysisId": analysis.id,
        "NetworkInsightsAnalysisArn": arn(analysis, analysis.id),
        "NetworkInsightsPathId": analysis.path,
        "FilterInArns": list(analysis.filter_in) or None,
        "FilterOutArns": list(analysis.filter_out) or None,
        "StartDate": analysis.started,
        "Status": analysis.status,
        "StatusMessage": analysis.message or None,
        "WarningMessage": analysis.warning or None,
        **result,
        "Tags": tags_of(analysis),
    }
