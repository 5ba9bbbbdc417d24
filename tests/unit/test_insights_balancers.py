"""Reachability Analyzer's answers about what stands behind a network load balancer, and ways that are alternatives."""

from typing import Any

import pytest

from tests.support.analyses import Analyzer, codes, ids
from tests.support.inprocess import InProcess
from tests.support.lab import look
from tests.unit.elbv2.front import Front

ANY = "0.0.0.0/0"


class Shop(Front):
    """A public load balancer of port 80 in two zones before two servers of port 8080, in private subnets."""

    def __init__(self, cloud: InProcess) -> None:
        super().__init__(cloud)
        self.analyzer = Analyzer(cloud)
        tables = self.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [self.lab.vpc]}])["RouteTables"]
        table = tables[0]["RouteTableId"]
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANY, GatewayId=self.lab.gateway)
        self.servers_group = self.lab.group("servers")
        self.server = self.lab.launch(SecurityGroupIds=[self.servers_group])
        self.targets = self.group()
        self.balancer = self.active(Subnets=[self.lab.subnet, self.lab.other_zone])
        self.elb_listener = self.listener(self.balancer, self.targets)

    def allow(self, port: int) -> None:
        permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": ANY}]}
        self.ec2.authorize_security_group_ingress(GroupId=self.servers_group, IpPermissions=[permission])

    def node(self, zone: str) -> str:
        """The ENI of the node in a zone."""
        found = {one["AvailabilityZone"]: one["NetworkInterfaceId"] for one in self.enis(self.balancer)}
        return str(found[zone])

    def explained(self, **params: Any) -> list[dict[str, Any]]:
        """Why the internet does not reach the node in the first zone."""
        shown = self.analyzer.ask(self.lab.gateway, self.node("us-east-1a"), **params)
        assert shown["NetworkPathFound"] is False
        return list(shown["Explanations"])


@pytest.fixture
def shop() -> Shop:
    return Shop(InProcess())


def test_a_listener_without_targets_and_one_that_there_is_not(shop: Shop) -> None:
    (told,) = shop.explained(DestinationPort=80)
    assert told["ExplanationCode"] == "ELBV2_LISTENER_HAS_NO_TG"
    assert told["LoadBalancerArn"] == shop.balancer
    assert told["ElasticLoadBalancerListener"]["Arn"] == shop.elb_listener
    assert told["LoadBalancerTargetGroup"]["Arn"] == shop.targets
    none, other = shop.explained(DestinationPort=81)
    assert none["ExplanationCode"] == "ELBV2_LISTENERS_MISMATCH"
    assert (other["ExplanationCode"], other["LoadBalancerListenerPort"]) == ("ELBV2_LISTENER_PORT_RESTRICTION", 80)


def test_targets_of_another_zone(shop: Shop) -> None:
    shop.allow(8080)
    shop.register(shop.targets, shop.server)
    far = shop.node("us-east-1b")
    shown = shop.analyzer.ask(shop.lab.gateway, far, DestinationPort=80)
    assert codes(shown) == ["ELBV2_NO_TARGETS_IN_AZ"]
    assert shown["Explanations"][0]["AvailabilityZones"] == ["us-east-1b"]
    cross = [{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]
    shop.elb.modify_load_balancer_attributes(LoadBalancerArn=shop.balancer, Attributes=cross)
    assert shop.analyzer.ask(shop.lab.gateway, far, DestinationPort=80)["NetworkPathFound"] is True


def test_a_path_through_it(shop: Shop) -> None:
    shop.register(shop.targets, shop.server)
    (told, *_) = shop.explained(DestinationPort=80)
    assert (told["ExplanationCode"], told["NetworkInterface"]["Id"]) == (
        "ENI_SG_RULES_MISMATCH",
        shop.lab.primary(shop.server),
    )
    shop.allow(8080)
    shown = shop.analyzer.ask(shop.lab.gateway, shop.node("us-east-1a"), DestinationPort=80)
    ahead, back = shown["ForwardPathComponents"], shown["ReturnPathComponents"]
    name = shop.balancer.partition(":loadbalancer/")[2]
    assert ids(ahead)[0] == shop.lab.gateway
    (balancer,) = [one for one in ahead if one["Component"]["Id"] == name]
    assert balancer["ElasticLoadBalancerListener"]["Arn"] == shop.elb_listener
    assert balancer["OutboundHeader"] == {
        "DestinationAddresses": [f"{shop.lab.instance(shop.server)['PrivateIpAddress']}/32"],
        "DestinationPortRanges": [{"From": 8080, "To": 8080}],
    }
    assert ids(ahead)[-1] == shop.lab.primary(shop.server)
    assert ahead[-1]["InboundHeader"]["DestinationPortRanges"] == [{"From": 8080, "To": 8080}]
    assert name in ids(back)
    assert ids(back)[-1] == shop.lab.gateway
    path = shop.analyzer.path(shop.lab.gateway, shop.node("us-east-1a"), DestinationPort=80)
    assert shop.analyzer.analysed(path, FilterInArns=[shop.balancer])["NetworkPathFound"] is True
    shown = shop.analyzer.analysed(path, FilterOutArns=[shop.balancer])
    assert codes(shown) == ["COMPONENT_FILTER_RESTRICTION_REMOVED_COMPONENT"]


def test_other_ways_are_hints(shop: Shop) -> None:
    """From the internet to the server: by its own public address, or through a load balancer."""
    shop.register(shop.targets, shop.server)
    shop.allow(8080)
    made = shop.ec2.allocate_address(Domain="vpc")
    shop.ec2.associate_address(AllocationId=made["AllocationId"], InstanceId=shop.server)
    look(shop.cloud)
    (told,) = shop.analyzer.ask(shop.lab.gateway, shop.server, DestinationPort=22)["Explanations"]
    assert told["ExplanationCode"] == "ENI_SG_RULES_MISMATCH", "the straight way is blamed"
    shown = shop.analyzer.ask(shop.lab.gateway, shop.server)
    assert ids(shown["ForwardPathComponents"])[-1] == shop.server
    assert not [one for one in ids(shown["ForwardPathComponents"]) if one.startswith("net/")]
    assert shown["AlternatePathHints"] == [
        {"ComponentId": shop.balancer.partition(":loadbalancer/")[2], "ComponentArn": shop.balancer}
    ]
    path = shop.analyzer.path(shop.lab.gateway, shop.server)
    shown = shop.analyzer.analysed(path, FilterInArns=[shop.balancer])
    assert [one for one in ids(shown["ForwardPathComponents"]) if one.startswith("net/")]
    assert shown["AlternatePathHints"] == []
