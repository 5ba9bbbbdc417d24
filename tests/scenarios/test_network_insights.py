"""What the network analyzers answer, confirmed by real packets.

Where a path is found a packet gets through; where none is, it is dropped, and passes when what was blamed, and nothing
else, is changed.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from tests.scenarios.places import ASK, CLIENT, OTHER, PORT, Place, line, running, tcp
from tests.scenarios.running import Atoll
from tests.scenarios.test_load_balancers import Front, front
from tests.scenarios.test_nat_gateways import Private, behind_a_gateway

pytestmark = pytest.mark.kernel

__all__ = ["front"]

CLOSED = 81
"""A port that groups may open and nobody listens on: a packet that arrives there is refused, not silent."""


class Asked:
    """The analyzers of one place."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.ec2 = place.ec2

    def path(self, source: str, destination: str | None, **params: Any) -> dict[str, Any]:
        """The analysis of a path: it has come to its end when the next call looks."""
        asked = {"Source": source, "Protocol": "tcp", **params}
        if destination is not None:
            asked["Destination"] = destination
        path = self.ec2.create_network_insights_path(**asked)["NetworkInsightsPath"]["NetworkInsightsPathId"]
        started = self.ec2.start_network_insights_analysis(NetworkInsightsPathId=path)["NetworkInsightsAnalysis"]
        assert started["Status"] == "running"
        named = {"NetworkInsightsAnalysisIds": [started["NetworkInsightsAnalysisId"]]}
        (shown,) = self.ec2.describe_network_insights_analyses(**named)["NetworkInsightsAnalyses"]
        assert shown["Status"] == "succeeded", shown
        return dict(shown)

    def found(self, source: str, destination: str | None, **params: Any) -> bool:
        """Whether there is one."""
        return bool(self.path(source, destination, **params)["NetworkPathFound"])

    def codes(self, source: str, destination: str | None, **params: Any) -> list[str]:
        """What is blamed."""
        shown = self.path(source, destination, **params)
        assert shown["NetworkPathFound"] is False
        return [one["ExplanationCode"] for one in shown["Explanations"]]

    def findings(self, match: dict[str, Any], exclude: list[Any] | None = None) -> list[list[dict[str, Any]]]:
        """The findings of a scope."""
        made = self.ec2.create_network_insights_access_scope(MatchPaths=[match], ExcludePaths=exclude or [])
        scope = made["NetworkInsightsAccessScope"]["NetworkInsightsAccessScopeId"]
        started = self.ec2.start_network_insights_access_scope_analysis(NetworkInsightsAccessScopeId=scope)
        id_ = started["NetworkInsightsAccessScopeAnalysis"]["NetworkInsightsAccessScopeAnalysisId"]
        told = self.ec2.get_network_insights_access_scope_analysis_findings(NetworkInsightsAccessScopeAnalysisId=id_)
        assert told["AnalysisStatus"] == "succeeded"
        return [one["FindingComponents"] for one in told["AnalysisFindings"]]


@pytest.fixture
def asked(place: Place) -> Asked:
    return Asked(place)


def shut(place: Place, asked: Asked, instance: str, code: str, lift: Callable[[], object]) -> None:
    """A packet from the internet is dropped, for the reason that is told; it passes when that alone is lifted."""
    public, port = place.public_ip(instance), {"DestinationPort": PORT}
    assert asked.codes(place.gateway, instance, **port) == [code]
    assert place.opening(CLIENT, public) == "silent"
    lift()
    assert asked.found(place.gateway, instance, **port)
    assert place.opening(CLIENT, public) == "connected"


def test_what_shuts_the_internet_out(place: Place, asked: Asked) -> None:
    group = place.group("web")
    web = place.launch(group)
    ec2 = place.ec2
    opened = {"GroupId": group, "IpPermissions": [tcp(PORT, "0.0.0.0/0")]}
    shut(place, asked, web, "ENI_SG_RULES_MISMATCH", partial(ec2.authorize_security_group_ingress, **opened))
    (acl,) = ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [place.subnet]}])[
        "NetworkAcls"
    ]
    for egress in (False, True):
        entry = {"NetworkAclId": acl["NetworkAclId"], "Egress": egress, "RuleNumber": 50}
        ports = {"PortRange": {"From": 0, "To": 65535}, "CidrBlock": "0.0.0.0/0"}
        ec2.create_network_acl_entry(Protocol="6", RuleAction="deny", **ports, **entry)
        shut(place, asked, web, "SUBNET_ACL_RESTRICTION", partial(ec2.delete_network_acl_entry, **entry))
    way = {"RouteTableId": place.table, "DestinationCidrBlock": "0.0.0.0/0"}
    ec2.delete_route(**way)
    shut(place, asked, web, "NO_ROUTE_TO_DESTINATION", partial(ec2.create_route, GatewayId=place.gateway, **way))


def test_an_address_makes_the_difference(place: Place, asked: Asked) -> None:
    web = place.launch(place.group("web", tcp(PORT, "0.0.0.0/0")), public=False)
    assert asked.codes(place.gateway, web, DestinationPort=PORT) == ["IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS"]
    assert asked.codes(web, place.gateway) == ["IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"]
    assert place.opening(web, CLIENT) == "silent"
    made = place.ec2.allocate_address(Domain="vpc")
    place.ec2.associate_address(AllocationId=made["AllocationId"], InstanceId=web)
    assert asked.found(web, place.gateway)
    assert asked.found(place.gateway, web, DestinationPort=PORT)
    assert place.opening(web, CLIENT) == "refused"
    assert place.opening(CLIENT, made["PublicIp"]) == "connected"


def test_inside_a_vpc(place: Place, asked: Asked) -> None:
    web_group, db_group = place.group("web"), place.group("db")
    web = place.launch(web_group)
    db = place.launch(db_group, subnet=place.new_subnet("10.0.2.0/24"), public=False)
    address = place.private_ip(db)
    assert asked.codes(web, db, DestinationPort=PORT) == ["ENI_SG_RULES_MISMATCH"]
    assert place.denied(web, address, canary=(web, address))
    pair = {"IpProtocol": "tcp", "FromPort": PORT, "ToPort": CLOSED, "UserIdGroupPairs": [{"GroupId": web_group}]}
    place.ec2.authorize_security_group_ingress(GroupId=db_group, IpPermissions=[pair])
    assert asked.found(web, db, DestinationPort=PORT)
    assert asked.found(web, db, DestinationPort=CLOSED)
    assert place.opening(web, address) == "connected"
    assert place.opening(web, address, CLOSED) == "refused"
    assert asked.codes(web, db, DestinationPort=CLOSED + 1) == ["ENI_SG_RULES_MISMATCH"]
    assert place.denied(web, address, CLOSED + 1, canary=(web, address))
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    place.ec2.revoke_security_group_egress(GroupId=web_group, IpPermissions=everything)
    shown = asked.path(web, db, DestinationPort=PORT)
    assert [(one["ExplanationCode"], one["Direction"]) for one in shown["Explanations"]] == [
        ("ENI_SG_RULES_MISMATCH", "egress"),
        ("SG_HAS_NO_RULES", "egress"),
    ]
    assert place.opening(web, address) == "silent"
    narrow = {"IpProtocol": "tcp", "FromPort": PORT, "ToPort": PORT, "IpRanges": [{"CidrIp": f"{address}/32"}]}
    place.ec2.authorize_security_group_egress(GroupId=web_group, IpPermissions=[narrow])
    assert asked.found(web, db, DestinationPort=PORT)
    assert place.opening(web, address) == "connected"
    assert asked.codes(web, None, DestinationIp="10.0.2.200", DestinationPort=PORT)[0] == "ENI_SG_RULES_MISMATCH"
    place.ec2.authorize_security_group_egress(GroupId=web_group, IpPermissions=everything)
    assert asked.codes(web, None, DestinationIp="10.0.2.200", DestinationPort=PORT) == ["NO_POSSIBLE_DESTINATION"]
    assert place.opening(web, "10.0.2.200") != "connected"


def test_datagrams(place: Place, asked: Asked) -> None:
    group = place.group("names")
    names = place.launch(group)
    port, public = {"DestinationPort": PORT, "Protocol": "udp"}, place.public_ip(names)
    assert asked.codes(place.gateway, names, **port) == ["ENI_SG_RULES_MISMATCH"]
    with running(place, CLIENT, ASK.format(ip=public, port=PORT)) as client:
        assert line(client) == "silent"
    opened = tcp(PORT, "0.0.0.0/0") | {"IpProtocol": "udp"}
    place.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[opened])
    assert asked.found(place.gateway, names, **port)
    with running(place, CLIENT, ASK.format(ip=public, port=PORT)) as client:
        assert line(client) == "refused"


@pytest.fixture
def private(atoll: Atoll) -> Iterator[Private]:
    with behind_a_gateway(atoll) as made:
        yield made


def test_through_a_nat_gateway(private: Private) -> None:
    asked = Asked(private)
    shown = asked.path(private.host, private.gateway)
    assert private.nat in [one["Component"]["Id"] for one in shown["ForwardPathComponents"]]
    (out,) = [one for one in shown["ForwardPathComponents"] if one["Component"]["Id"] == private.gateway]
    with private.server() as server:
        assert private.opening(private.host, CLIENT, 8080) == "connected"
        assert out["OutboundHeader"]["SourceAddresses"] == [f"{line(server)}/32"]
    private.ec2.delete_nat_gateway(NatGatewayId=private.nat)
    assert asked.codes(private.host, private.gateway) == ["BAD_STATE_ROUTE"]
    assert private.opening(private.host, CLIENT) == "silent"


def test_through_a_load_balancer(front: Front) -> None:
    asked, port = Asked(front), {"DestinationPort": 443}
    front.becomes("healthy")
    shown = asked.path(front.gateway, front.server, **port)
    assert front.balancer in [one["Component"]["Arn"] for one in shown["ForwardPathComponents"]]
    assert shown["ForwardPathComponents"][-1]["InboundHeader"]["DestinationPortRanges"] == [{"From": PORT, "To": PORT}]
    assert front.opening(CLIENT, front.public, 443) == "connected"
    codes = ["ELBV2_LISTENERS_MISMATCH", "ELBV2_LISTENER_PORT_RESTRICTION"]
    assert asked.codes(front.gateway, front.server, DestinationPort=PORT) == codes
    assert front.opening(CLIENT, front.public, PORT) == "silent"
    (acl,) = front.ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [front.vpc]}])["NetworkAcls"]
    entry = {"NetworkAclId": acl["NetworkAclId"], "Egress": True, "RuleNumber": 50}
    shut_out = {"Protocol": "6", "RuleAction": "deny", "PortRange": {"From": PORT, "To": PORT}}
    front.ec2.create_network_acl_entry(CidrBlock="10.0.2.0/24", **shut_out, **entry)
    assert asked.codes(front.gateway, front.server, **port) == ["SUBNET_ACL_RESTRICTION"]
    assert front.opening(CLIENT, front.public, 443) == "silent"
    front.ec2.delete_network_acl_entry(**entry)
    assert asked.found(front.gateway, front.server, **port)
    assert front.opening(CLIENT, front.public, 443) == "connected"


def test_findings_are_what_gets_through(place: Place, asked: Asked) -> None:
    open_ = place.launch(place.group("open", tcp(PORT, f"{CLIENT}/32")))
    closed = place.launch(place.group("closed"))
    match = {
        "Source": {"ResourceStatement": {"ResourceTypes": ["AWS::EC2::InternetGateway"]}},
        "Destination": {"PacketHeaderStatement": {"DestinationPorts": [str(PORT)]}},
    }
    (finding,) = asked.findings(match)
    assert finding[-1]["Component"]["Id"] == place.eth0(open_)
    assert finding[0]["InboundHeader"]["SourceAddresses"] == [f"{CLIENT}/32"]
    assert place.opening(CLIENT, place.public_ip(open_)) == "connected"
    for source, instance in ((OTHER, open_), (CLIENT, closed)):
        assert place.denied(source, place.public_ip(instance), canary=(OTHER, place.public_ip(instance)))
    trusted = {"Source": {"PacketHeaderStatement": {"SourceAddresses": [CLIENT]}}}
    assert asked.findings(match, [trusted]) == []


def test_many_at_once_hold_up_no_call(place: Place, asked: Asked) -> None:
    web = place.launch(place.group("web", tcp(PORT, "0.0.0.0/0")))
    path = place.ec2.create_network_insights_path(
        Source=place.gateway, Destination=web, Protocol="tcp", DestinationPort=PORT
    )["NetworkInsightsPath"]["NetworkInsightsPathId"]
    for _ in range(4):
        place.ec2.start_network_insights_analysis(NetworkInsightsPathId=path)
    assert place.opening(CLIENT, place.public_ip(web)) == "connected"
    waiter = place.ec2.get_waiter("instance_running")
    waiter.wait(InstanceIds=[web])
    shown = place.ec2.describe_network_insights_analyses(NetworkInsightsPathId=path)["NetworkInsightsAnalyses"]
    assert [(one["Status"], one["NetworkPathFound"]) for one in shown] == [("succeeded", True)] * 4
