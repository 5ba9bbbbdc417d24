"""The operations of the network analyzers through boto3: what they take and refuse, pages, filters, quotas, time.

What the analyses answer: tests/unit/test_insights_*.py.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from atoll.model.kinds import AccessFinding, InsightsAnalysis
from atoll.model.tx import Settings
from atoll.services.concluded import conclude as write_down
from tests.support.analyses import Analyzer, conclude
from tests.support.expect import filters, named, pages, refused, tag_specification
from tests.support.inprocess import ACCOUNT, REGION, START, InProcess
from tests.support.lab import Lab, look

ARN = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
SSH = {"FromPort": 22, "ToPort": 22}


@pytest.fixture
def ask(lab: Lab) -> Analyzer:
    return Analyzer(lab.cloud)


@pytest.fixture
def web(lab: Lab) -> str:
    return lab.launch()


def scope_of(lab: Lab, **params: Any) -> str:
    asked = {"MatchPaths": [{"Source": {"ResourceStatement": {"Resources": [lab.vpc]}}}], **params}
    made = lab.ec2.create_network_insights_access_scope(**asked)
    return str(made["NetworkInsightsAccessScope"]["NetworkInsightsAccessScopeId"])


def analysis_of(lab: Lab, scope: str) -> str:
    made = lab.ec2.start_network_insights_access_scope_analysis(NetworkInsightsAccessScopeId=scope)
    return str(made["NetworkInsightsAccessScopeAnalysis"]["NetworkInsightsAccessScopeAnalysisId"])


def test_a_path_as_the_guide_makes_it(lab: Lab, web: str) -> None:
    made = lab.ec2.create_network_insights_path(
        Source=lab.gateway, Destination=web, Protocol="TCP", FilterAtSource={"DestinationPortRange": SSH}
    )["NetworkInsightsPath"]
    id_ = made["NetworkInsightsPathId"]
    assert id_.startswith("nip-")
    assert made["CreatedDate"].timestamp() == START
    del made["CreatedDate"]
    assert made == {
        "NetworkInsightsPathId": id_,
        "NetworkInsightsPathArn": f"{ARN}:network-insights-path/{id_}",
        "Source": lab.gateway,
        "SourceArn": f"{ARN}:internet-gateway/{lab.gateway}",
        "Destination": web,
        "DestinationArn": f"{ARN}:instance/{web}",
        "Protocol": "tcp",
        "FilterAtSource": {"DestinationPortRange": SSH},
        "Tags": [],
    }
    (shown,) = lab.ec2.describe_network_insights_paths()["NetworkInsightsPaths"]
    del shown["CreatedDate"]
    assert shown == made


def test_ends_by_arn_and_addresses(lab: Lab, web: str, ask: Analyzer) -> None:
    eni = lab.primary(web)
    made = lab.ec2.create_network_insights_path(
        Source=f"{ARN}:network-interface/{eni}", SourceIp="10.0.1.9", DestinationIp="8.8.8.8", Protocol="udp",
        DestinationPort=53,
    )["NetworkInsightsPath"]  # fmt: skip
    assert (made["Source"], made["SourceArn"]) == (eni, f"{ARN}:network-interface/{eni}")
    assert (made["SourceIp"], made["DestinationIp"], made["DestinationPort"]) == ("10.0.1.9", "8.8.8.8", 53)
    assert "Destination" not in made
    assert "DestinationArn" not in made
    ask.path(lab.gateway, FilterAtSource={"DestinationAddress": "198.18.0.1"})


def test_ends_that_there_are_not(lab: Lab, web: str) -> None:
    create = lab.ec2.create_network_insights_path
    good = {"Source": lab.gateway, "Destination": web, "Protocol": "tcp"}
    for end, code in (
        ("Source", "NetworkInsightsSource.NotFound"),
        ("Destination", "NetworkInsightsDestination.NotFound"),
    ):
        for none in (
            "i-0123456789abcdef0",
            "eni-0123456789abcdef0",
            "igw-0123456789abcdef0",
            "tgw-0123456789abcdef0",
            "tgw-attach-0123456789abcdef0",
            "vgw-0123456789abcdef0",
            "vpce-0123456789abcdef0",
            "vpce-svc-0123456789abcdef0",
            "pcx-0123456789abcdef0",
            f"arn:aws:ec2:{REGION}:210987654321:instance/{web}",
            f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/{web}",
        ):
            assert none in refused(code, create, **{**good, end: none})
        for odd in ("x", "i-1", lab.vpc, lab.subnet, "203.0.113.1", f"{ARN}:vpc/{lab.vpc}"):
            refused("InvalidParameterValue", create, **{**good, end: odd})
    elsewhere = lab.cloud.client(account="210987654321")
    refused("NetworkInsightsSource.NotFound", elsewhere.create_network_insights_path, **good)
    assert lab.ec2.describe_network_insights_paths()["NetworkInsightsPaths"] == []


def test_what_a_path_must_say_and_must_not(lab: Lab, web: str) -> None:
    create = lab.ec2.create_network_insights_path
    good = {"Source": lab.gateway, "Destination": web, "Protocol": "tcp"}
    for name in good:
        refused("MissingParameter", create, **{key: value for key, value in good.items() if key != name})
    for protocol in ("icmp", "6", "all"):
        refused("InvalidParameterValue", create, **{**good, "Protocol": protocol})
    refused("InvalidParameterValue", create, **{**good, "Source": web})
    for port in (-1, 65536):
        refused("InvalidParameterValue", create, **good, DestinationPort=port)
    for name in ("SourceIp", "DestinationIp"):
        for odd in ("x", "10.0.0.0/8", "2001:db8::1", "10.0.0.256"):
            refused("InvalidParameterValue", create, **good, **{name: odd})
    at_source = {"FilterAtSource": {"SourceAddress": "8.8.8.8"}}
    refused("InvalidParameterCombination", create, **good, **at_source, SourceIp="8.8.8.8")
    refused("InvalidParameterCombination", create, **good, **at_source, DestinationPort=80)
    at_end = {"FilterAtDestination": {"SourceAddress": "8.8.8.8"}}
    refused("InvalidParameterCombination", create, **good, **at_end, DestinationIp="8.8.8.8")
    for name in ("FilterAtSource", "FilterAtDestination"):
        for odd_filter in (
            {"SourceAddress": "x"},
            {"DestinationPortRange": {"FromPort": 9, "ToPort": 1}},
            {"SourcePortRange": {"FromPort": 1, "ToPort": 65536}},
        ):
            refused("InvalidParameterValue", create, **good, **{name: odd_filter})
        refused("MissingParameter", create, **good, **{name: {"SourcePortRange": {"FromPort": 1}}})
    create(**good, **at_source, DestinationIp="10.0.1.9")
    create(**good, **at_end, SourceIp="8.8.8.8", DestinationPort=80)


def test_paths_are_filtered_and_paged(lab: Lab, web: str, ask: Analyzer) -> None:
    eni = lab.interface()
    ports = {"FromPort": 1, "ToPort": 9}
    whole = {
        "SourceAddress": "10.0.0.1",
        "SourcePortRange": ports,
        "DestinationAddress": "10.0.0.2",
        "DestinationPortRange": ports,
    }
    first = ask.path(
        web, eni, FilterAtSource=whole, TagSpecifications=tag_specification("network-insights-path", N="1")
    )
    second = ask.path(eni, web, protocol="udp", FilterAtDestination=whole)
    describe = lab.ec2.describe_network_insights_paths

    def found(**wanted: Any) -> list[str]:
        return [one["NetworkInsightsPathId"] for one in describe(**wanted)["NetworkInsightsPaths"]]

    assert found() == [first, second]
    assert found(NetworkInsightsPathIds=[second]) == [second]
    for wanted, expected in (
        (filters(source=web), [first]),
        (filters(destination=web), [second]),
        (filters(protocol=["tcp", "udp"]), [first, second]),
        (named("tag:N", "1"), [first]),
        (named("filter-at-source.source-address", "10.0.0.1"), [first]),
        (named("filter-at-source.destination-port-range", "1-9"), [first]),
        (named("filter-at-destination.source-port-range", "1-9"), [second]),
        (named("filter-at-destination.destination-address", "10.0.0.*"), [second]),
        (named("filter-at-destination.destination-address", "10.1.0.*"), []),
    ):
        assert found(Filters=wanted) == expected, wanted
    assert pages(describe, "NetworkInsightsPaths", 1) == [1, 1]


def test_a_path_goes_when_its_analyses_have_gone(lab: Lab, web: str, ask: Analyzer) -> None:
    path = ask.path(lab.gateway, web)
    analysis = ask.start(path)
    ec2 = lab.ec2
    told = refused("AnalysisExistsForNetworkInsightsPath", ec2.delete_network_insights_path, NetworkInsightsPathId=path)
    assert path in told
    assert (
        ec2.delete_network_insights_analysis(NetworkInsightsAnalysisId=analysis)["NetworkInsightsAnalysisId"]
        == analysis
    )
    conclude(lab.cloud)
    assert ec2.describe_network_insights_analyses()["NetworkInsightsAnalyses"] == []
    assert ec2.delete_network_insights_path(NetworkInsightsPathId=path)["NetworkInsightsPathId"] == path
    refused("InvalidNetworkInsightsPathId.NotFound", ec2.delete_network_insights_path, NetworkInsightsPathId=path)
    refused("InvalidNetworkInsightsPathId.NotFound", ec2.start_network_insights_analysis, NetworkInsightsPathId=path)
    refused(
        "InvalidNetworkInsightsAnalysisId.NotFound",
        ec2.delete_network_insights_analysis,
        NetworkInsightsAnalysisId=analysis,
    )
    refused("InvalidNetworkInsightsPathId.Malformed", ec2.delete_network_insights_path, NetworkInsightsPathId="nia-1")


def test_an_analysis_runs_and_then_has_ended(lab: Lab, web: str, ask: Analyzer) -> None:
    path = ask.path(lab.gateway, web)
    made = lab.ec2.start_network_insights_analysis(
        NetworkInsightsPathId=path, TagSpecifications=tag_specification("network-insights-analysis", Why="x")
    )["NetworkInsightsAnalysis"]
    id_ = made["NetworkInsightsAnalysisId"]
    assert id_.startswith("nia-")
    assert made["NetworkInsightsAnalysisArn"] == f"{ARN}:network-insights-analysis/{id_}"
    assert (made["NetworkInsightsPathId"], made["Status"]) == (path, "running")
    assert "NetworkPathFound" not in made
    assert "ForwardPathComponents" not in ask.shown(id_)
    conclude(lab.cloud)
    shown = ask.shown(id_)
    assert (shown["Status"], shown["NetworkPathFound"], shown["Tags"]) == (
        "succeeded",
        False,
        [{"Key": "Why", "Value": "x"}],
    )


def test_any_number_of_analyses(lab: Lab, web: str, ask: Analyzer) -> None:
    path = ask.path(lab.gateway, web)
    every = [ask.start(path) for _ in range(100)]
    refused(
        "NetworkInsightsAnalysis.LimitExceeded", lab.ec2.start_network_insights_analysis, NetworkInsightsPathId=path
    )
    conclude(lab.cloud)
    assert ask.start(path) not in every
    describe = lab.ec2.describe_network_insights_analyses
    assert pages(describe, "NetworkInsightsAnalyses", 100) == [100, 1]
    assert pages(describe, "NetworkInsightsAnalyses", 60, NetworkInsightsPathId=path) == [60, 41]


def test_analyses_are_found_by_path_state_and_time(lab: Lab, web: str, ask: Analyzer) -> None:
    open_, shut = ask.path(lab.primary(web), DestinationIp="10.0.1.250"), ask.path(lab.gateway, web)
    first = ask.start(shut)
    conclude(lab.cloud)
    lab.cloud.now += 60
    second = ask.start(open_)
    describe = lab.ec2.describe_network_insights_analyses

    def found(**wanted: Any) -> list[str]:
        return [one["NetworkInsightsAnalysisId"] for one in describe(**wanted)["NetworkInsightsAnalyses"]]

    start = datetime.fromtimestamp(START, UTC)
    assert found() == [first, second]
    assert found(NetworkInsightsPathId=open_) == [second]
    assert found(Filters=filters(status="running")) == [second]
    assert found(Filters=filters(path_found="false")) == [first]
    assert found(Filters=filters(path_found="true")) == []
    assert found(AnalysisStartTime=start + timedelta(seconds=1)) == [second]
    assert found(AnalysisEndTime=start + timedelta(seconds=1)) == [first]
    assert found(AnalysisEndTime=start - timedelta(seconds=1)) == []
    refused("InvalidNetworkInsightsPathId.NotFound", describe, NetworkInsightsPathId="nip-0123456789abcdef0")


def test_what_paths_pass_is_named_by_arns(lab: Lab, web: str, ask: Analyzer) -> None:
    path = ask.path(lab.gateway, web)
    start = lab.ec2.start_network_insights_analysis
    for name in ("FilterInArns", "FilterOutArns"):
        for odd in ("x", lab.gateway, f"{ARN}:subnet/{lab.subnet}", f"{ARN}:security-group/sg-0123456789abcdef0"):
            refused("InvalidParameterValue", start, NetworkInsightsPathId=path, **{name: [odd]})
    assert "AdditionalAccounts" in refused(
        "UnsupportedOperation", start, NetworkInsightsPathId=path, AdditionalAccounts=["210987654321"]
    )
    arn = f"{ARN}:vpc-peering-connection/pcx-0123456789abcdef0"
    shown = ask.analysed(path, FilterInArns=[arn, arn])
    assert (shown["Status"], shown["FilterInArns"]) == ("succeeded", [arn])
    assert shown["NetworkPathFound"] is False
    arn = f"{ARN}:natgateway/nat-0123456789abcdef0"
    shown = ask.analysed(path, FilterInArns=[arn, arn])
    assert (shown["Status"], shown["FilterInArns"]) == ("failed", [arn])
    assert shown["StatusMessage"] == f"The request failed due to missing component {arn}"


def test_an_analysis_is_kept_for_120_days(lab: Lab, web: str, ask: Analyzer) -> None:
    id_ = ask.start(ask.path(lab.gateway, web))
    lab.cloud.now += 120 * 86400 - 1
    look(lab.cloud)
    assert ask.shown(id_)
    lab.cloud.now += 1
    look(lab.cloud)
    assert lab.cloud.table.get(InsightsAnalysis, id_) is None


def test_what_was_deleted_meanwhile_has_no_result(lab: Lab, web: str, ask: Analyzer) -> None:
    analysis = lab.cloud.table.get(InsightsAnalysis, ask.start(ask.path(lab.gateway, web)))
    assert analysis is not None
    lab.ec2.delete_network_insights_analysis(NetworkInsightsAnalysisId=analysis.id)
    tx = lab.cloud.draft()
    write_down(tx, analysis, {"NetworkPathFound": True})
    assert tx.delta() == {}


def test_quotas() -> None:
    limits = {
        "insights-paths-per-region": 1,
        "insights-analyses-per-region": 1,
        "access-scopes-per-region": 1,
        "access-scope-analyses-per-region": 2,
        "access-scope-analyses-at-once": 1,
    }
    cloud = InProcess(settings=Settings(limits=limits, default_vpc=False))
    lab, ask = Lab(cloud), Analyzer(cloud)
    eni = lab.interface()
    path = ask.path(lab.gateway, eni)
    refused(
        "NetworkInsightsPath.LimitExceeded", lab.ec2.create_network_insights_path,
        Source=eni, Destination=lab.gateway, Protocol="tcp",
    )  # fmt: skip
    ask.analysed(path)
    refused(
        "NetworkInsightsAnalysis.LimitExceeded", lab.ec2.start_network_insights_analysis, NetworkInsightsPathId=path
    )
    scope = scope_of(lab)
    again = {"MatchPaths": [{"Destination": {"ResourceStatement": {"Resources": [eni]}}}]}
    refused("NetworkInsightsAccessScope.LimitExceeded", lab.ec2.create_network_insights_access_scope, **again)
    start = lab.ec2.start_network_insights_access_scope_analysis
    for _ in range(2):
        analysis_of(lab, scope)
        refused("NetworkInsightsAccessScopeAnalysis.LimitExceeded", start, NetworkInsightsAccessScopeId=scope)
        conclude(cloud)
    refused("NetworkInsightsAccessScopeAnalysis.LimitExceeded", start, NetworkInsightsAccessScopeId=scope)


def test_a_scope_says_what_it_was_told(lab: Lab, web: str) -> None:
    match = [
        {
            "Source": {
                "ResourceStatement": {"Resources": [web, f"{ARN}:subnet/{lab.subnet}"]},
                "PacketHeaderStatement": {
                    "Protocols": ["tcp", "udp"],
                    "SourceAddresses": ["10.0.0.1", "10.0.1.0/24"],
                    "DestinationPorts": ["22", "80-90"],
                },
            },
            "Destination": {"ResourceStatement": {"ResourceTypes": ["AWS::EC2::InternetGateway"]}},
        }
    ]
    exclude = [{"ThroughResources": [{"ResourceStatement": {"ResourceTypes": ["AWS::EC2::NatGateway"]}}]}]
    made = lab.ec2.create_network_insights_access_scope(MatchPaths=match, ExcludePaths=exclude)
    scope = made["NetworkInsightsAccessScope"]
    id_ = scope["NetworkInsightsAccessScopeId"]
    assert id_.startswith("nis-")
    assert scope["NetworkInsightsAccessScopeArn"] == f"{ARN}:network-insights-access-scope/{id_}"
    assert scope["CreatedDate"] == scope["UpdatedDate"]
    content = {"NetworkInsightsAccessScopeId": id_, "MatchPaths": match, "ExcludePaths": exclude}
    assert made["NetworkInsightsAccessScopeContent"] == content
    told = lab.ec2.get_network_insights_access_scope_content(NetworkInsightsAccessScopeId=id_)
    assert told["NetworkInsightsAccessScopeContent"] == content
    (shown,) = lab.ec2.describe_network_insights_access_scopes()["NetworkInsightsAccessScopes"]
    assert shown == scope


def test_statements_that_are_none(lab: Lab, web: str) -> None:
    create = lab.ec2.create_network_insights_access_scope
    refused("MissingParameter", create)
    refused("MissingParameter", create, MatchPaths=[])

    def source(**statement: Any) -> dict[str, Any]:
        return {"MatchPaths": [{"Source": statement}]}

    def named_there(*names: str) -> dict[str, Any]:
        return source(ResourceStatement={"Resources": list(names)})

    def header(**fields: Any) -> dict[str, Any]:
        return source(PacketHeaderStatement=fields)

    nat = lab.ec2.create_nat_gateway(SubnetId=lab.subnet, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
    for odd in (
        source(ResourceStatement={"Resources": [web], "ResourceTypes": ["AWS::EC2::InternetGateway"]}),
        source(ResourceStatement={"ResourceTypes": ["AWS::EC2::NatGateway"]}),
        source(ResourceStatement={"ResourceTypes": ["AWS::EC2::Instance"]}),
        named_there("x"),
        named_there(nat),
        named_there("pcx-0123456789abcdef0"),
        named_there(f"arn:aws:ec2:{REGION}:210987654321:vpc/{lab.vpc}"),
        header(Protocols=["icmp"]),
        header(SourceAddresses=["x"]),
        header(DestinationAddresses=["2001:db8::/32"]),
        header(SourcePorts=["x"]),
        header(DestinationPorts=["90-80"]),
        header(DestinationPorts=["65536"]),
        {"MatchPaths": [{"ThroughResources": [{"ResourceStatement": {"Resources": [web]}}]}]},
        {"MatchPaths": [{"ThroughResources": [{"ResourceStatement": {"ResourceTypes": ["AWS::EC2::VPNGateway"]}}]}]},
        {
            "MatchPaths": [
                {
                    "ThroughResources": [
                        {
                            "ResourceStatement": {
                                "Resources": [f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/net/x/1"]
                            }
                        }
                    ]
                }
            ]
        },
    ):
        refused("InvalidParameterValue", create, **odd)
    lists = {"SourceAddresses": ["10.0.0.1"], "SourcePrefixLists": ["pl-0123456789abcdef0"]}
    refused("InvalidParameterCombination", create, **header(**lists))
    refused("InvalidPrefixListId.NotFound", create, **header(SourcePrefixLists=["pl-0123456789abcdef0"]))
    refused("InvalidVpcID.NotFound", create, **named_there("vpc-0123456789abcdef0"))
    group = f"arn:aws:resource-groups:{REGION}:{ACCOUNT}:group/bastions"
    assert "resource group" in refused("UnsupportedOperation", create, **named_there(group))
    assert lab.ec2.describe_network_insights_access_scopes()["NetworkInsightsAccessScopes"] == []


def test_a_scope_takes_its_analyses_along(lab: Lab, web: str) -> None:
    ec2 = lab.ec2
    table = ec2.describe_route_tables(Filters=filters(vpc_id=lab.vpc))["RouteTables"][0]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=lab.gateway)
    allocation, _ = lab.elastic_ip()
    ec2.associate_address(AllocationId=allocation, InstanceId=web)
    scope = scope_of(lab)
    first, second = analysis_of(lab, scope), analysis_of(lab, scope)
    conclude(lab.cloud)
    findings = ec2.get_network_insights_access_scope_analysis_findings
    assert pages(findings, "AnalysisFindings", 1, NetworkInsightsAccessScopeAnalysisId=first) == [1, 1]
    ec2.delete_network_insights_access_scope_analysis(NetworkInsightsAccessScopeAnalysisId=first)
    refused(
        "InvalidNetworkInsightsAccessScopeAnalysisId.NotFound", findings, NetworkInsightsAccessScopeAnalysisId=first
    )
    describe = ec2.describe_network_insights_access_scope_analyses
    (shown,) = describe(NetworkInsightsAccessScopeId=scope)["NetworkInsightsAccessScopeAnalyses"]
    assert shown["NetworkInsightsAccessScopeAnalysisId"] == second
    deleted = ec2.delete_network_insights_access_scope(NetworkInsightsAccessScopeId=scope)
    assert deleted["NetworkInsightsAccessScopeId"] == scope
    assert describe()["NetworkInsightsAccessScopeAnalyses"] == []
    assert list(lab.cloud.table.all(AccessFinding)) == []
    for call in (
        ec2.delete_network_insights_access_scope,
        ec2.get_network_insights_access_scope_content,
        ec2.start_network_insights_access_scope_analysis,
        describe,
    ):
        refused("InvalidNetworkInsightsAccessScopeId.NotFound", call, NetworkInsightsAccessScopeId=scope)


def test_scope_analyses_are_found_by_time(lab: Lab) -> None:
    scope = scope_of(lab)
    first = analysis_of(lab, scope)
    lab.cloud.now += 60
    second = analysis_of(lab, scope)
    describe = lab.ec2.describe_network_insights_access_scope_analyses

    def found(**wanted: Any) -> list[str]:
        every = describe(**wanted)["NetworkInsightsAccessScopeAnalyses"]
        return [one["NetworkInsightsAccessScopeAnalysisId"] for one in every]

    middle = datetime.fromtimestamp(START + 30, UTC)
    assert found() == [first, second]
    assert found(AnalysisStartTimeBegin=middle) == [second]
    assert found(AnalysisStartTimeEnd=middle) == [first]
    assert pages(describe, "NetworkInsightsAccessScopeAnalyses", 1) == [1, 1]
    refused("InvalidParameterValue", describe, Filters=filters(status="running"))


def test_they_are_tagged_like_everything(lab: Lab, web: str, ask: Analyzer) -> None:
    path, scope = ask.path(lab.gateway, web), scope_of(lab)
    every = [path, ask.start(path), scope, analysis_of(lab, scope)]
    lab.ec2.create_tags(Resources=every, Tags=[{"Key": "Team", "Value": "net"}])
    shown = lab.ec2.describe_tags(Filters=named("key", "Team"))["Tags"]
    assert {one["ResourceId"]: one["ResourceType"] for one in shown} == dict(
        zip(
            every,
            (
                "network-insights-path",
                "network-insights-analysis",
                "network-insights-access-scope",
                "network-insights-access-scope-analysis",
            ),
            strict=True,
        )
    )
    (found,) = lab.ec2.describe_network_insights_access_scopes(Filters=named("tag:Team", "net"))[
        "NetworkInsightsAccessScopes"
    ]
    assert found["Tags"] == [{"Key": "Team", "Value": "net"}]
