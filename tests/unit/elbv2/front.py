"""A VPC with network load balancers in it, for the tests of Elastic Load Balancing."""

from typing import Any

from tests.support.inprocess import InProcess
from tests.support.lab import Lab, look


class Front:
    """A VPC of two zones with an internet gateway, and clients of EC2 and of Elastic Load Balancing."""

    def __init__(self, cloud: InProcess) -> None:
        self.cloud = cloud
        self.lab = Lab(cloud)
        self.ec2 = self.lab.ec2
        self.elb: Any = cloud.client("elbv2")

    def create(self, name: str = "front", **params: Any) -> str:
        """A network load balancer as it is made: its ARN. In one zone unless it says more."""
        asked = {"Name": name, "Type": "network", **params}
        if "SubnetMappings" not in asked:
            asked.setdefault("Subnets", [self.lab.subnet])
        return str(self.elb.create_load_balancer(**asked)["LoadBalancers"][0]["LoadBalancerArn"])

    def active(self, name: str = "front", **params: Any) -> str:
        """The same, active."""
        arn = self.create(name, **params)
        look(self.cloud)
        assert self.shown(arn)["State"] == {"Code": "active"}
        return arn

    def shown(self, arn: str) -> dict[str, Any]:
        """As it is described."""
        return dict(self.elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0])

    def group(self, name: str = "api", **params: Any) -> str:
        """A target group of TCP port 8080."""
        asked = {"Name": name, "Protocol": "TCP", "Port": 8080, "VpcId": self.lab.vpc, **params}
        return str(self.elb.create_target_group(**asked)["TargetGroups"][0]["TargetGroupArn"])

    def listener(self, balancer: str, group: str, port: int = 80, protocol: str = "TCP", **params: Any) -> str:
        """A listener that forwards to the group."""
        actions = [{"Type": "forward", "TargetGroupArn": group}]
        made = self.elb.create_listener(
            LoadBalancerArn=balancer, Protocol=protocol, Port=port, DefaultActions=actions, **params
        )
        return str(made["Listeners"][0]["ListenerArn"])

    def health(self, group: str, *targets: dict[str, Any]) -> list[tuple[str, str, str]]:
        """Target, state and reason of each target."""
        named = {"Targets": list(targets)} if targets else {}
        found = self.elb.describe_target_health(TargetGroupArn=group, **named)["TargetHealthDescriptions"]
        return [
            (one["Target"]["Id"], one["TargetHealth"]["State"], one["TargetHealth"].get("Reason", "")) for one in found
        ]

    def register(self, group: str, *ids: str, **params: Any) -> None:
        """Targets by id."""
        self.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": id_, **params} for id_ in ids])

    def enis(self, arn: str) -> list[dict[str, Any]]:
        """The ENIs of its nodes, as Terraform's provider looks for them."""
        described = [
            {"Name": "attachment.instance-owner-id", "Values": ["amazon-aws"]},
            {"Name": "description", "Values": ["ELB " + arn.partition(":loadbalancer/")[2]]},
        ]
        found = self.ec2.describe_network_interfaces(Filters=described)["NetworkInterfaces"]
        return sorted(found, key=lambda one: str(one["AvailabilityZone"]))
