"""The article's figure: two zones, in each an API server in a private subnet, and in the public one a NAT gateway for
the way out and a node of the load balancer for the way in."""

from typing import Any, NamedTuple

from atoll.cli.demo.building import Builder
from atoll.cli.demo.clean import TAG
from atoll.cli.demo.nlb_server import server_data

BLOCK, EVERYWHERE = "10.0.0.0/16", "0.0.0.0/0"
PUBLIC = ("10.0.1.0/24", "10.0.2.0/24")
PRIVATE = ("10.0.11.0/24", "10.0.12.0/24")
CHECKS = {
    "HealthCheckProtocol": "TCP",
    "HealthCheckIntervalSeconds": 5,
    "HealthCheckTimeoutSeconds": 2,
    "HealthyThresholdCount": 2,
    "UnhealthyThresholdCount": 2,
}
"""The quickest that AWS takes."""


class Side(NamedTuple):
    """What was built in one zone."""

    zone: str
    name: str  # of its server, as the server says it
    server: str
    elastic: str  # the NAT gateway's Elastic IP
    node: str = ""  # the public address of the load balancer's node


class NlbNetwork:
    """What was built, by name."""

    def __init__(self, build: Builder, elb: Any, zones: tuple[str, str]) -> None:
        self._build = build
        self._elb = elb
        self._zones = zones

    def make(self) -> None:
        """All of it; the servers may still be starting."""
        build = self._build
        self.vpc = build.vpc(BLOCK, "api")
        public = [self._subnet(block, zone, "public") for block, zone in zip(PUBLIC, self._zones, strict=True)]
        private = [self._subnet(block, zone, "private") for block, zone in zip(PRIVATE, self._zones, strict=True)]
        gateway = build.gateway(self.vpc, "api")
        routes = build.route_table(self.vpc, "public", *public)
        build.ec2.create_route(RouteTableId=routes, DestinationCidrBlock=EVERYWHERE, GatewayId=gateway)
        self.inside = dict(zip(self._zones, private, strict=True))
        self.group = build.group(self.vpc, "api")
        web = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": EVERYWHERE}]}
        build.ec2.authorize_security_group_ingress(GroupId=self.group, IpPermissions=[web])
        self.sides = [
            self._side(letter, zone, way_out) for letter, zone, way_out in zip("ab", self._zones, public, strict=True)
        ]
        self._balancer(public)
        nodes = {one["AvailabilityZone"]: one["Association"]["PublicIp"] for one in self._interfaces()}
        self.sides = [side._replace(node=nodes[side.zone]) for side in self.sides]

    def _subnet(self, block: str, zone: str, name: str) -> str:
        return self._build.subnet(self.vpc, block, zone, f"{name}-{zone[-1]}")

    def _side(self, letter: str, zone: str, way_out: str) -> Side:
        build, name, inside = self._build, f"api-{letter}", self.inside[zone]
        allocation, elastic = build.allocate(f"nat-{letter}")
        gateway = build.nat_gateway(way_out, allocation, f"nat-{letter}")
        routes = build.route_table(self.vpc, f"private-{letter}", inside)
        build.ec2.create_route(RouteTableId=routes, DestinationCidrBlock=EVERYWHERE, NatGatewayId=gateway)
        server = build.instance(name, server_data(name), SubnetId=inside, Groups=[self.group])
        return Side(zone, name, server, elastic)

    def _balancer(self, public: list[str]) -> None:
        elb, tags = self._elb, self._build.marks("api")
        made = elb.create_load_balancer(
            Name="api", Type="network", Scheme="internet-facing", Subnets=public, Tags=tags
        )["LoadBalancers"][0]
        self.arn, self.name = str(made["LoadBalancerArn"]), str(made["DNSName"])
        made = elb.create_target_group(
            Name="api", Protocol="TCP", Port=80, VpcId=self.vpc, TargetType="instance", Tags=tags, **CHECKS
        )["TargetGroups"][0]
        self.targets = str(made["TargetGroupArn"])
        forward = [{"Type": "forward", "TargetGroupArn": self.targets}]
        elb.create_listener(LoadBalancerArn=self.arn, Protocol="TCP", Port=80, DefaultActions=forward)
        elb.register_targets(TargetGroupArn=self.targets, Targets=[{"Id": side.server} for side in self.sides])
        elb.get_waiter("load_balancer_available").wait(LoadBalancerArns=[self.arn])

    def another(self, side: Side) -> str:
        """One more server in that side's subnet."""
        return self._build.instance("another", "", SubnetId=self.inside[side.zone], Groups=[self.group])

    def _interfaces(self) -> list[dict[str, Any]]:
        described = [{"Name": "description", "Values": ["ELB " + self.arn.partition(":loadbalancer/")[2]]}]
        found: list[dict[str, Any]] = self._build.ec2.describe_network_interfaces(Filters=described)[
            "NetworkInterfaces"
        ]
        return found

    def health(self) -> str:
        """What is said of the servers: "api-a healthy, api-b healthy"."""
        found = self._elb.describe_target_health(TargetGroupArn=self.targets)["TargetHealthDescriptions"]
        states = {one["Target"]["Id"]: one["TargetHealth"]["State"] for one in found}
        return ", ".join(f"{side.name} {states.get(side.server)}" for side in self.sides)


def clean_balancers(elb: Any, demo: str) -> None:
    """Take away the load balancers and target groups of an earlier run, before what they stand in."""
    balancers = [one["LoadBalancerArn"] for one in elb.describe_load_balancers()["LoadBalancers"]]
    for arn in _of(elb, balancers, demo):
        elb.delete_load_balancer(LoadBalancerArn=arn)
    groups = [one["TargetGroupArn"] for one in elb.describe_target_groups()["TargetGroups"]]
    for arn in _of(elb, groups, demo):
        elb.delete_target_group(TargetGroupArn=arn)


def _of(elb: Any, arns: list[str], demo: str) -> list[str]:
    """Those that carry the demo's tag. DescribeTags takes twenty at a time."""
    found = []
    for first in range(0, len(arns), 20):
        told = elb.describe_tags(ResourceArns=arns[first : first + 20])["TagDescriptions"]
        found += [one["ResourceArn"] for one in told if {"Key": TAG, "Value": demo} in one["Tags"]]
    return found
