"""aws_ec2_network_insights_path and aws_ec2_network_insights_analysis, call by call.

hashicorp/terraform-provider-aws, internal/service/ec2/: vpc_network_insights_path.go@044fb3171c30,
vpc_network_insights_analysis.go@01c08000ddb1; what AWS answered: vpc_network_insights_analysis_test.go@0c6b7df9c2b8.
"""

import time
from typing import Any

from tests.first_hour.account import Account, only
from tests.support.expect import refused, tag_specification

PATIENCE = 60.0


def analysis_of(account: Account, analysis: str) -> dict[str, Any]:
    """FindNetworkInsightsAnalysisByID."""
    asked = {"NetworkInsightsAnalysisIds": [analysis]}
    return dict(only(account.ec2.describe_network_insights_analyses(**asked)["NetworkInsightsAnalyses"]))


def waited(account: Account, analysis: str) -> dict[str, Any]:
    """WaitNetworkInsightsAnalysisCreated: running -> succeeded, and any other status is an error."""
    until = time.monotonic() + PATIENCE
    while (shown := analysis_of(account, analysis))["Status"] == "running" and time.monotonic() < until:
        continue  # each look is a call, which takes its time
    assert shown["Status"] == "succeeded", shown
    return shown


def test_a_path_and_its_analyses_from_create_to_destroy(account: Account) -> None:
    """Between two interfaces as they are created: found, and found again after each new tag; destroyed in order."""
    ec2, subnet = account.ec2, account.subnet(account.vpc())
    one, two = account.interface(subnet), account.interface(subnet)
    tags = tag_specification("network-insights-path", Name="p")
    made = ec2.create_network_insights_path(Source=one, Destination=two, Protocol="tcp", TagSpecifications=tags)
    path = made["NetworkInsightsPath"]["NetworkInsightsPathId"]
    shown = only(ec2.describe_network_insights_paths(NetworkInsightsPathIds=[path])["NetworkInsightsPaths"])
    assert (shown["Source"], shown["Destination"], shown["Protocol"]) == (one, two, "tcp")
    assert shown["NetworkInsightsPathArn"].endswith(f":network-insights-path/{path}")
    assert [shown[f"{end}Arn"].rpartition("/")[2] for end in ("Source", "Destination")] == [one, two]
    assert not {"SourceIp", "DestinationIp", "DestinationPort"} & {*shown}, "what is not set is no difference"
    started = ec2.start_network_insights_analysis(NetworkInsightsPathId=path)["NetworkInsightsAnalysis"]
    analysis = started["NetworkInsightsAnalysisId"]
    assert started["Status"] == "running", "so it is without wait_for_completion"
    done = waited(account, analysis)
    assert (done["NetworkPathFound"], done["NetworkInsightsPathId"]) == (True, path)
    assert done["NetworkInsightsAnalysisArn"].endswith(f":network-insights-analysis/{analysis}")
    assert done["ForwardPathComponents"][0]["SequenceNumber"] == 1
    ec2.create_tags(Resources=[analysis], Tags=[{"Key": "key1", "Value": "value1"}])
    assert analysis_of(account, analysis)["Tags"] == [{"Key": "key1", "Value": "value1"}]
    refused("AnalysisExistsForNetworkInsightsPath", ec2.delete_network_insights_path, NetworkInsightsPathId=path)
    ec2.delete_network_insights_analysis(NetworkInsightsAnalysisId=analysis)
    gone = "InvalidNetworkInsightsAnalysisId.NotFound"
    refused(gone, ec2.describe_network_insights_analyses, NetworkInsightsAnalysisIds=[analysis])
    refused(gone, ec2.delete_network_insights_analysis, NetworkInsightsAnalysisId=analysis)
    ec2.delete_network_insights_path(NetworkInsightsPathId=path)
    gone = "InvalidNetworkInsightsPathId.NotFound"
    refused(gone, ec2.describe_network_insights_paths, NetworkInsightsPathIds=[path])
    refused(gone, ec2.delete_network_insights_path, NetworkInsightsPathId=path)


def test_a_component_that_is_none(account: Account) -> None:
    """A peering that does not exist as what the path shall pass: the analysis succeeds."""
    ec2, subnet = account.ec2, account.subnet(account.vpc())
    one, two = account.interface(subnet), account.interface(subnet)
    made = ec2.create_network_insights_path(Source=one, Destination=two, Protocol="tcp")
    peering = f"arn:aws:ec2:us-east-1:{account.id}:vpc-peering-connection/pcx-fakearn1"
    path = made["NetworkInsightsPath"]["NetworkInsightsPathId"]
    started = ec2.start_network_insights_analysis(NetworkInsightsPathId=path, FilterInArns=[peering])
    done = waited(account, started["NetworkInsightsAnalysis"]["NetworkInsightsAnalysisId"])
    assert (done["FilterInArns"], done["NetworkPathFound"]) == ([peering], False)
