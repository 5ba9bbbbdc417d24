"""Private servers behind a network load balancer, in real packets through the whole of Atoll (section 15)."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from typing import Any

import pytest

from tests.scenarios.building import ONE_LOOK
from tests.scenarios.places import CLIENT, PORT, Place, tcp
from tests.scenarios.running import Atoll

pytestmark = pytest.mark.kernel

ACCOUNTS = count(520_000_000_000)
QUICK = {"HealthCheckIntervalSeconds": 5, "HealthyThresholdCount": 2}


class Front(Place):
    """A server in a private subnet behind a NAT gateway, and a load balancer in the public one."""

    def __init__(self, atoll: Atoll, account: str) -> None:
        super().__init__(atoll, account)
        self.elb: Any = atoll.client("elbv2", account)
        private = self.new_subnet("10.0.2.0/24")
        elastic = self.ec2.allocate_address(Domain="vpc")["AllocationId"]
        nat = self.ec2.create_nat_gateway(SubnetId=self.subnet, AllocationId=elastic)["NatGateway"]["NatGatewayId"]
        table = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        self.ec2.associate_route_table(RouteTableId=table, SubnetId=private)
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
        self.group_id = self.group("api", tcp(PORT, "0.0.0.0/0"))
        self.server = self.launch(self.group_id, subnet=private, public=False)
        made = self.elb.create_load_balancer(Name="front", Type="network", Subnets=[self.subnet])["LoadBalancers"][0]
        self.balancer, self.name = made["LoadBalancerArn"], made["DNSName"]
        groups = self.elb.create_target_group(Name="api", Protocol="TCP", Port=PORT, VpcId=self.vpc, **QUICK)
        self.targets = groups["TargetGroups"][0]["TargetGroupArn"]
        self.elb.create_listener(
            LoadBalancerArn=self.balancer,
            Protocol="TCP",
            Port=443,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.targets}],
        )
        self.elb.get_waiter("load_balancer_available").wait(LoadBalancerArns=[self.balancer], WaiterConfig=ONE_LOOK)
        self.elb.register_targets(TargetGroupArn=self.targets, Targets=[{"Id": self.server}])
        described = [{"Name": "description", "Values": ["ELB " + self.balancer.partition(":loadbalancer/")[2]]}]
        eni = self.ec2.describe_network_interfaces(Filters=described)["NetworkInterfaces"][0]
        self.public: str = eni["Association"]["PublicIp"]
        self.private: str = eni["PrivateIpAddress"]

    def health(self, target: str) -> dict[str, Any]:
        """What is said of a target."""
        named = {"TargetGroupArn": self.targets, "Targets": [{"Id": target}]}
        return dict(self.elb.describe_target_health(**named)["TargetHealthDescriptions"][0]["TargetHealth"])

    def state(self) -> tuple[str, str]:
        """State and reason of the first server."""
        found = self.health(self.server)
        return found["State"], found["Reason"]

    def becomes(self, state: str, target: str | None = None) -> dict[str, Any]:
        """Wait for that state of a server, the first one: real checks decide, five seconds apart."""
        for _ in range(600):
            found = self.health(target or self.server)
            if found["State"] == state:
                return found
            self.atoll.run("status")  # a command is long enough between two looks
        raise AssertionError(found)


@pytest.fixture
def front(atoll: Atoll) -> Iterator[Front]:
    made = Front(atoll, f"{next(ACCOUNTS):012}")
    yield made
    made.elb.delete_load_balancer(LoadBalancerArn=made.balancer)
    made.ec2.terminate_instances(InstanceIds=[made.server])
    for one in made.ec2.describe_nat_gateways()["NatGateways"]:
        made.ec2.delete_nat_gateway(NatGatewayId=one["NatGatewayId"])


def test_the_internet_reaches_a_private_server_which_sees_the_client(front: Front) -> None:
    front.becomes("healthy")
    with front.talk(CLIENT, front.public, 443) as conversation:
        assert conversation.opening == "connected"
        assert conversation.say() == f"{CLIENT} {front.private_ip(front.server)}"
    with front.talk(CLIENT, front.public, 80) as conversation:
        assert conversation.opening == "silent", "no listener there"
    zonal = f"us-east-1a.{front.name}"
    for name in (front.name, zonal):
        asked = ("getent", "ahostsv4", name)
        for where in (("run", "--"), ("exec", front.server, "--")):
            assert front.atoll.run(*where, *asked).out.split()[0] == front.public, (where, name)


def test_a_packet_that_a_node_or_a_nat_gateway_refuses_has_not_arrived_for_trace(front: Front) -> None:
    """It is on the wire of either, which nobody means by it; one that a listener takes has arrived at the server."""
    front.becomes("healthy")
    said = front.atoll.run("trace", "internet", f"{front.public}:443")
    assert (said.status, f"as {CLIENT} > {front.private_ip(front.server)}; answer: connected" in said.out) == (0, True)
    gateway = front.ec2.describe_nat_gateways()["NatGateways"][0]["NatGatewayAddresses"][0]["PublicIp"]
    for refused in (f"{front.public}:22", f"{front.public}:53/udp", front.public, f"{gateway}:80", gateway):
        said = front.atoll.run("trace", "internet", refused)
        assert said.status == 1, said.out
        assert said.out.endswith("the packet: did not arrive\nthe plan and the packet agree\n"), said.out


def test_a_server_in_another_zone_takes_over_from_one_that_is_gone(front: Front) -> None:
    """A second zone comes and its server gets everything once the first one's is stopped; what is open stays open."""
    far = front.ec2.create_subnet(VpcId=front.vpc, CidrBlock="10.0.3.0/24", AvailabilityZone="us-east-1b")
    subnet = far["Subnet"]["SubnetId"]
    other = front.launch(front.group_id, subnet=subnet, public=False)
    front.elb.register_targets(TargetGroupArn=front.targets, Targets=[{"Id": other}])
    front.elb.set_subnets(LoadBalancerArn=front.balancer, Subnets=[front.subnet, subnet])
    cross = [{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]
    front.elb.modify_target_group_attributes(TargetGroupArn=front.targets, Attributes=cross)
    front.becomes("healthy")
    front.becomes("healthy", other)
    seen: dict[str, Any] = {}
    with ExitStack() as open_ones:
        for _ in range(40):
            conversation = open_ones.enter_context(front.talk(CLIENT, front.public, 443))
            seen.setdefault(conversation.say().split()[1], conversation)
            if len(seen) == 2:
                break
        assert set(seen) == {front.private_ip(front.server), front.private_ip(other)}
        kept = seen[front.private_ip(other)]
        front.ec2.stop_instances(InstanceIds=[front.server])
        front.ec2.get_waiter("instance_stopped").wait(InstanceIds=[front.server])
        for _ in range(6):
            with front.talk(CLIENT, front.public, 443) as conversation:
                assert conversation.say() == f"{CLIENT} {front.private_ip(other)}"
        assert kept.say() == f"{CLIENT} {front.private_ip(other)}"
    assert front.state() == ("unused", "Target.InvalidState")
    front.ec2.terminate_instances(InstanceIds=[other])


def test_a_server_whose_group_shuts_the_checks_out_turns_unhealthy_and_fails_open(front: Front) -> None:
    front.becomes("healthy")
    everyone, client = tcp(PORT, "0.0.0.0/0"), tcp(PORT, f"{CLIENT}/32")
    front.ec2.authorize_security_group_ingress(GroupId=front.group_id, IpPermissions=[client])
    front.ec2.revoke_security_group_ingress(GroupId=front.group_id, IpPermissions=[everyone])
    assert front.becomes("unhealthy")["Reason"] == "Target.Timeout"
    with front.talk(CLIENT, front.public, 443) as conversation:
        assert conversation.opening == "connected", "the only target: it gets traffic all the same"
    nodes = tcp(PORT, f"{front.private}/32")
    front.ec2.authorize_security_group_ingress(GroupId=front.group_id, IpPermissions=[nodes])
    assert front.becomes("healthy") == {"State": "healthy"}


def test_in_a_subnet_without_a_route_to_the_gateway_it_is_made_and_stays_silent(front: Front) -> None:
    """Its target is healthy, its node has a public address, and nothing comes back from there (fact 166)."""
    front.becomes("healthy")
    apart = front.new_subnet("10.0.4.0/24")
    table = front.ec2.create_route_table(VpcId=front.vpc)["RouteTable"]["RouteTableId"]
    front.ec2.associate_route_table(RouteTableId=table, SubnetId=apart)
    made = front.elb.create_load_balancer(Name="quiet", Type="network", Subnets=[apart])["LoadBalancers"][0]
    group = front.elb.create_target_group(Name="quiet", Protocol="TCP", Port=PORT, VpcId=front.vpc, **QUICK)
    targets = group["TargetGroups"][0]["TargetGroupArn"]
    actions = [{"Type": "forward", "TargetGroupArn": targets}]
    balancer = made["LoadBalancerArn"]
    front.elb.create_listener(LoadBalancerArn=balancer, Protocol="TCP", Port=443, DefaultActions=actions)
    front.elb.register_targets(TargetGroupArn=targets, Targets=[{"Id": front.server}])
    front.targets = targets
    front.becomes("healthy")
    described = [{"Name": "description", "Values": ["ELB " + balancer.partition(":loadbalancer/")[2]]}]
    eni = front.ec2.describe_network_interfaces(Filters=described)["NetworkInterfaces"][0]
    assert front.opening(CLIENT, eni["Association"]["PublicIp"], 443) == "silent"
    assert front.opening(CLIENT, front.public, 443) == "connected"
    front.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=front.gateway)
    assert front.opening(CLIENT, eni["Association"]["PublicIp"], 443) == "connected", "that was all it lacked"
    front.elb.delete_load_balancer(LoadBalancerArn=balancer)
