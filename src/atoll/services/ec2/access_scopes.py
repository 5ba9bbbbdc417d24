"""Network access scopes: which paths shall be found (fact 224). They never change."""

from typing import Any

from atoll.model.kinds import AccessScope, AccessScopeAnalysis
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.ec2 import access_scope_statements as statements
from atoll.services.ec2.access_scope_analyses import remove
from atoll.services.ec2.checks import arn, missing
from atoll.services.ec2.describe import candidates, describe
from atoll.services.ec2.insights_paths import MOST
from atoll.services.ec2.lookup import need
from atoll.services.ec2.tags import on_creation, tags_of
from atoll.services.registry import Request, Response, operation


@operation("CreateNetworkInsightsAccessScope", "MatchPaths ExcludePaths ClientToken TagSpecifications")
def create_network_insights_access_scope(tx: Tx, request: Request) -> Response:
    """At least one condition that a path matches; what it names exists."""
    if not request.get("MatchPaths"):
        raise missing("MatchPath")
    match = statements.read(tx, request["MatchPaths"], "matchPath")
    exclude = statements.read(tx, request.get("ExcludePaths") or (), "excludePath")
    if tx.count(AccessScope, "home", tx.home) >= tx.limit("access-scopes-per-region"):
        raise AwsError(
            "NetworkInsightsAccessScope.LimitExceeded", "The maximum number of network access scopes is reached."
        )
    scope = AccessScope(
        home=tx.home,
        id=tx.new_id("nis"),
        tags=on_creation(tx, request, "network-insights-access-scope"),
        match=match,
        exclude=exclude,
        created=tx.time,
    )
    tx.put(scope)
    return {"NetworkInsightsAccessScope": shown(tx, scope), "NetworkInsightsAccessScopeContent": content(scope)}


@operation("DeleteNetworkInsightsAccessScope", "NetworkInsightsAccessScopeId")
def delete_network_insights_access_scope(tx: Tx, request: Request) -> Response:
    """Its analyses and their findings go with it."""
    scope = need(tx, AccessScope, request["NetworkInsightsAccessScopeId"])
    for analysis in tx.by(AccessScopeAnalysis, "scope", scope.id):
        remove(tx, analysis)
    tx.delete(scope)
    return {"NetworkInsightsAccessScopeId": scope.id}


@operation("DescribeNetworkInsightsAccessScopes", "NetworkInsightsAccessScopeIds Filters MaxResults NextToken")
def describe_network_insights_access_scopes(tx: Tx, request: Request) -> Response:
    """The scopes of this region. No filters but those on tags (botocore)."""
    found = candidates(tx, AccessScope, request, "NetworkInsightsAccessScopeIds")
    return describe(tx, request, found, {}, "NetworkInsightsAccessScopes", shown, least=1, most=MOST)


@operation("GetNetworkInsightsAccessScopeContent", "NetworkInsightsAccessScopeId")
def get_network_insights_access_scope_content(tx: Tx, request: Request) -> Response:
    """Its conditions, as they were written."""
    return {
        "NetworkInsightsAccessScopeContent": content(need(tx, AccessScope, request["NetworkInsightsAccessScopeId"]))
    }


def shown(_tx: Tx, scope: AccessScope) -> dict[str, Any]:
    """As Describe shows it."""
    return {
        "NetworkInsightsAccessScopeId": scope.id,
        "NetworkInsightsAccessScopeArn": arn(scope, scope.id),
        "CreatedDate": scope.created,
        "UpdatedDate": scope.created,
        "Tags": tags_of(scope),
    }


def content(scope: AccessScope) -> dict[str, Any]:
    """The conditions."""
    return {
        "NetworkInsightsAccessScopeId": scope.id,
        "MatchPaths": statements.shown(scope.match),
        "ExcludePaths": statements.shown(scope.exclude),
    }
