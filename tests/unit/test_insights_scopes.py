"""Network Access Analyzer's findings through boto3: each path that matches, none that is excluded, and all of them."""

from typing import Any

from atoll.analyze.reach.flows import block
from atoll.analyze.reach.spans import both, joined, size
from atoll.engine.timers import due
from atoll.model.machines import Event
from atoll.packet import Prefix
from tests.support.analyses import Analyzer, conclude, ids, kinds
from tests.support.inprocess import InProcess
from tests.unit.test_insights_paths import Town, ask, cloud, town

__all__ = ["ask", "cloud", "town"]

GATEWAY = "AWS::EC2::InternetGateway"
INTERFACE = "AWS::EC2::NetworkInterface"


def types(*names: str) -> dict[str, Any]:
    return {"ResourceStatement": {"ResourceTypes": list(names)}}


def resources(*names: str) -> dict[str, Any]:
    return {"ResourceStatement": {"Resources": list(names)}}


def headers(**fields: list[str]) -> dict[str, Any]:
    return {"PacketHeaderStatement": fields}


INWARD = {"Source": types(GATEWAY), "Destination": types(INTERFACE)}
OUTWARD = {"Source": types(INTERFACE), "Destination": types(GATEWAY)}


def ends(findings: list[list[dict[str, Any]]]) -> set[tuple[str, str]]:
    return {(ids(one)[0], ids(one)[-1]) for one in findings}


def test_what_the_internet_reaches(town: Town, ask: Analyzer) -> None:
    (finding,) = ask.findings([INWARD])
    assert kinds(finding) == ["igw", "acl", "sg", "eni"]
    gateway, _, group, interface = finding
    assert gateway["InboundHeader"]["DestinationAddresses"] == [f"{town.public_ip(town.web)}/32"]
    assert gateway["InboundHeader"]["DestinationPortRanges"] == [{"From": 80, "To": 80}]
    assert gateway["InboundHeader"]["Protocol"] == "6"
    assert group["SecurityGroupRule"]["PortRange"] == {"From": 80, "To": 80}
    assert interface["Component"]["Id"] == town.primary(town.web)
    town.allow(town.web_group, 53, protocol="udp")
    town.allow(town.web_group, 443, "8.8.8.0/24")
    found = ask.findings([INWARD])
    seen = sorted(
        (one[0]["InboundHeader"]["Protocol"], one[0]["InboundHeader"]["DestinationPortRanges"][0]["From"])
        for one in found
    )
    assert seen == [("17", 53), ("6", 80), ("6", 443)]
    (narrow,) = [one for one in found if one[0]["InboundHeader"]["DestinationPortRanges"][0]["From"] == 443]
    assert narrow[0]["InboundHeader"]["SourceAddresses"] == ["8.8.8.0/24"]


def test_what_reaches_the_internet(town: Town, ask: Analyzer) -> None:
    assert ends(ask.findings([OUTWARD])) == {(town.primary(town.web), town.gateway)}
    nat = town.nat(town.private_table)
    found = ask.findings([OUTWARD])
    assert ends(found) == {(town.primary(one), town.gateway) for one in (town.web, town.db)}
    assert all((nat in ids(one)) == (ids(one)[0] == town.primary(town.db)) for one in found)
    through = {"ThroughResources": [{"ResourceStatement": {"ResourceTypes": ["AWS::EC2::NatGateway"]}}]}
    assert ends(ask.findings([OUTWARD], [through])) == {(town.primary(town.web), town.gateway)}
    named = {"ThroughResources": [{"ResourceStatement": {"Resources": [nat]}}]}
    assert ends(ask.findings([OUTWARD], [named])) == {(town.primary(town.web), town.gateway)}
    assert ends(ask.findings([{**OUTWARD, **named}])) == {(town.primary(town.db), town.gateway)}


def test_ends_by_what_holds_them(town: Town, ask: Analyzer) -> None:
    town.allow(town.db_group, 5432, "10.0.0.0/16")
    pair = {(town.primary(town.web), town.primary(town.db))}
    for source, destination in (
        (town.web, town.db),
        (town.primary(town.web), town.primary(town.db)),
        (town.subnet, town.other_zone),
        (town.web_group, town.db_group),
        (f"arn:aws:ec2:us-east-1:123456789012:subnet/{town.subnet}", town.other_zone),
    ):
        assert ends(ask.findings([{"Source": resources(source), "Destination": resources(destination)}])) == pair
    whole = ask.findings([{"Source": resources(town.vpc)}])
    assert pair < ends(whole)
    assert (town.primary(town.web), town.gateway) in ends(whole)
    assert ends(ask.findings([{"Destination": resources(town.db)}])) == pair
    assert ask.findings([{"Source": resources(town.db), "Destination": resources(town.gateway)}]) == []
    back = ask.findings([{"Source": resources(town.other_zone), "Destination": resources(town.subnet)}])
    assert ends(back) == {(town.primary(town.db), town.primary(town.web))}


def test_headers_at_both_ends(town: Town, ask: Analyzer) -> None:
    town.allow(town.web_group, 443)
    match = {"Source": types(GATEWAY) | headers(DestinationPorts=["440-450"]), "Destination": types(INTERFACE)}
    (one,) = ask.findings([match])
    assert one[0]["InboundHeader"]["DestinationPortRanges"] == [{"From": 443, "To": 443}]
    private = town.instance(town.web)["PrivateIpAddress"]
    for fields, found in (
        ({"DestinationAddresses": [private]}, 2),
        ({"DestinationAddresses": ["10.0.0.0/16"], "DestinationPorts": ["80"]}, 1),
        ({"DestinationAddresses": [town.public_ip(town.web)]}, 0),
        ({"SourceAddresses": ["8.8.8.8"], "SourcePorts": ["1-5", "9"]}, 2),
        ({"Protocols": ["udp"]}, 0),
    ):
        match = {"Source": types(GATEWAY), "Destination": types(INTERFACE) | headers(**fields)}
        assert len(ask.findings([match])) == found, fields
    match = {"Source": types(GATEWAY) | headers(SourceAddresses=["8.8.8.8"], SourcePorts=["1-5", "9"])}
    (first, _) = ask.findings([match])
    assert first[0]["InboundHeader"]["SourceAddresses"] == ["8.8.8.8/32"]
    assert first[0]["InboundHeader"]["SourcePortRanges"] == [{"From": 1, "To": 5}, {"From": 9, "To": 9}]


def test_prefix_lists_in_headers(town: Town, ask: Analyzer) -> None:
    made = town.ec2.create_managed_prefix_list(
        PrefixListName="office", MaxEntries=5, AddressFamily="IPv4", Entries=[{"Cidr": "8.8.8.0/24"}]
    )
    match = {"Source": types(GATEWAY) | headers(SourcePrefixLists=[made["PrefixList"]["PrefixListId"]])}
    (one,) = ask.findings([match])
    assert one[0]["InboundHeader"]["SourceAddresses"] == ["8.8.8.0/24"]
    trusted = {"Source": headers(SourcePrefixLists=[made["PrefixList"]["PrefixListArn"]])}
    assert ask.findings([match], [trusted]) == []


def test_exclusions_take_away_what_they_name_and_no_more(town: Town, ask: Analyzer) -> None:
    town.allow(town.web_group, 443)
    trusted = {"Source": headers(SourceAddresses=["8.0.0.0/8"])}
    found = ask.findings([INWARD], [trusted])
    assert len(found) == 2
    for one in found:
        sources = one[0]["InboundHeader"]["SourceAddresses"]
        assert "9.0.0.0/8" in sources, "what is beside it stays"
        assert not [block for block in sources if block.startswith("8.")]
    web = {"Destination": headers(DestinationPorts=["80"])}
    (one,) = ask.findings([INWARD], [trusted, web])
    assert one[0]["InboundHeader"]["DestinationPortRanges"] == [{"From": 443, "To": 443}]
    assert ask.findings([INWARD], [{"Destination": resources(town.web)}]) == []
    assert len(ask.findings([INWARD], [{"Destination": resources(town.db)}])) == 2


def test_findings_add_up_to_all_that_arrives(town: Town, ask: Analyzer) -> None:
    """ACL entries and overlapping rules cut what arrives into many findings: no packet is in two, none is in none."""
    town.allow(town.web_group, 443)
    town.allow(town.web_group, 443, "8.8.0.0/16")
    _, add = town.acl(town.subnet)
    add(10, egress=False, allow=True, cidr="8.8.8.0/24", ports=(443, 443))
    add(20, egress=False, allow=False, cidr="8.8.0.0/16", ports=(443, 443))
    found = ask.findings([INWARD])
    by_port: dict[int, list[Any]] = {80: [], 443: []}
    for one in found:
        header = one[0]["InboundHeader"]
        (ports,) = header["DestinationPortRanges"]
        assert ports["From"] == ports["To"]
        parts = tuple(part for text in header["SourceAddresses"] for part in block(Prefix.parse(text)))
        by_port[ports["From"]].append(joined(parts))
    for spans in by_port.values():
        assert sum(map(size, spans)) == size(joined(tuple(part for span in spans for part in span)))
    whole = {port: joined(tuple(part for span in spans for part in span)) for port, spans in by_port.items()}
    assert both(whole[443], block(Prefix.parse("8.8.8.0/24"))) == block(Prefix.parse("8.8.8.0/24"))
    assert both(whole[443], block(Prefix.parse("8.8.9.0/24"))) == ()
    assert size(whole[80]) - size(whole[443]) == 65536 - 256


def test_what_is_said_of_an_analysis(town: Town, ask: Analyzer) -> None:
    ec2 = town.ec2
    scope = ec2.create_network_insights_access_scope(MatchPaths=[{"Destination": resources(town.db)}])
    id_ = scope["NetworkInsightsAccessScope"]["NetworkInsightsAccessScopeId"]
    shown = analysed(ask, id_)
    assert (shown["FindingsFound"], shown["AnalyzedEniCount"]) == ("false", 2)
    town.allow(town.db_group, 5432)
    assert analysed(ask, id_)["FindingsFound"] == "true"
    ec2.terminate_instances(InstanceIds=[town.db])
    town.settle()
    town.cloud.now += 3600
    look_at(town)
    shown = analysed(ask, id_)
    assert (shown["Status"], shown["FindingsFound"]) == ("failed", "unknown")
    assert town.db in shown["StatusMessage"]


def look_at(town: Town) -> None:
    """An hour later a terminated instance is forgotten."""
    for one in due(town.cloud.table, town.cloud.now):
        town.event(one.id, Event.TIMER)


def analysed(ask: Analyzer, scope: str) -> dict[str, Any]:
    made = ask.ec2.start_network_insights_access_scope_analysis(NetworkInsightsAccessScopeId=scope)
    id_ = made["NetworkInsightsAccessScopeAnalysis"]["NetworkInsightsAccessScopeAnalysisId"]
    assert made["NetworkInsightsAccessScopeAnalysis"]["FindingsFound"] == "unknown"
    conclude(ask.cloud)
    (shown,) = ask.ec2.describe_network_insights_access_scope_analyses(NetworkInsightsAccessScopeAnalysisIds=[id_])[
        "NetworkInsightsAccessScopeAnalyses"
    ]
    return dict(shown)


def test_only_what_is_in_the_same_account_and_region(town: Town, ask: Analyzer) -> None:
    elsewhere = Analyzer(town.cloud)
    elsewhere.ec2 = town.cloud.client(account="210987654321")
    assert elsewhere.findings([INWARD]) == []
    assert len(ask.findings([INWARD])) == 1


def test_without_anything_there_is_nothing() -> None:
    lone = Analyzer(InProcess())
    assert lone.findings([INWARD, OUTWARD]) == []
