"""Private servers behind a network load balancer, in real packets through the whole of Atoll (section 15)."""

from collections.abc import Iterator
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
        self.balancer = made["LoadBalancerArn"]
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

    def becomes(self, state: str) -> dict[str, Any]:
        """Wait for that state of the server: real checks decide, five seconds apart."""
        for _ in range(600):
            found = self.elb.describe_target_health(TargetGroupArn=self.targets)["TargetHealthDescriptions"]
            if found[0]["TargetHealth"]["State"] == state:
                return dict(found[0]["TargetHealth"])
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
