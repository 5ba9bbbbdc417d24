"""A server in each of two zones behind one load balancer, and who answers at its name."""

from typing import Any

from tests.scenarios.building import ONE_LOOK
from tests.scenarios.insides import Inside
from tests.scenarios.places import CLIENT, PORT, Place, tcp
from tests.scenarios.running import Atoll

QUICK = {"HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 2, "HealthyThresholdCount": 2}
LOOKS = 300
"""A look is a command, which takes a tenth of a second at least: real checks decide, five seconds apart."""


class Twins(Place):
    """Zones a and b of us-east-1, each with a public subnet, a server and a node of the load balancer."""

    def __init__(self, atoll: Atoll, account: str, *, cross_zone: bool = False) -> None:
        super().__init__(atoll, account)
        self.account = account
        self.elb: Any = atoll.client("elbv2", account)
        far = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.0.9.0/24", AvailabilityZone="us-east-1b")
        self.subnets = {"a": self.subnet, "b": str(far["Subnet"]["SubnetId"])}
        self.open = self.group("api", tcp(PORT, "0.0.0.0/0"))
        self.servers = {zone: self.launch(self.open, subnet=subnet) for zone, subnet in self.subnets.items()}
        self.inside = {self.private_ip(server): zone for zone, server in self.servers.items()}
        subnets = list(self.subnets.values())
        made = self.elb.create_load_balancer(Name="front", Type="network", Subnets=subnets)["LoadBalancers"][0]
        self.balancer, self.name = str(made["LoadBalancerArn"]), str(made["DNSName"])
        group = self.elb.create_target_group(Name="api", Protocol="TCP", Port=PORT, VpcId=self.vpc, **QUICK)
        self.targets = group["TargetGroups"][0]["TargetGroupArn"]
        self.listen(PORT, self.targets)
        self.elb.get_waiter("load_balancer_available").wait(LoadBalancerArns=[self.balancer], WaiterConfig=ONE_LOOK)
        if cross_zone:
            on = [{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]
            self.elb.modify_load_balancer_attributes(LoadBalancerArn=self.balancer, Attributes=on)
        targets = [{"Id": one} for one in self.servers.values()]
        self.elb.register_targets(TargetGroupArn=self.targets, Targets=targets)
        described = [{"Name": "description", "Values": ["ELB " + self.balancer.partition(":loadbalancer/")[2]]}]
        enis = self.ec2.describe_network_interfaces(Filters=described)["NetworkInterfaces"]
        self.nodes = {str(one["Association"]["PublicIp"]): str(one["AvailabilityZone"])[-1] for one in enis}

    def listen(self, port: int, group: str) -> None:
        """A listener that forwards to the group."""
        actions = [{"Type": "forward", "TargetGroupArn": group}]
        self.elb.create_listener(LoadBalancerArn=self.balancer, Protocol="TCP", Port=port, DefaultActions=actions)

    def told(self) -> str:
        """The zones whose addresses the name has, as letters."""
        said = self.atoll.run("internet", "--", "getent", "ahostsv4", self.name).out.split("\n")
        return "".join(sorted({self.nodes[one.split()[0]] for one in said if one}))

    def name_becomes(self, zones: str) -> None:
        """Wait until the name leads to these zones alone."""
        seen = [self.told()]
        while seen[-1] != zones and len(seen) < LOOKS:
            seen.append(self.told())
        assert seen[-1] == zones, seen

    def health(self, group: str = "") -> dict[str, str]:
        """Zone -> the state of its server, in the first target group or in that one."""
        found = self.elb.describe_target_health(TargetGroupArn=group or self.targets)["TargetHealthDescriptions"]
        zones = {server: zone for zone, server in self.servers.items()}
        return {zones[one["Target"]["Id"]]: one["TargetHealth"]["State"] for one in found}

    def becomes(self, group: str = "", /, **health: str) -> None:
        """Wait for these states: a="healthy"."""
        for _ in range(LOOKS):
            if (found := self.health(group)) == health:
                return
            self.atoll.run("status")  # a command is long enough between two looks
        raise AssertionError(found)

    def answered(self, count: int) -> str:
        """Which zones' servers answer so many connections by name, as letters; what a connection said that was none."""
        seen = set()
        for _ in range(count):
            with self.talk(CLIENT, self.name) as conversation:
                said = conversation.say() if conversation.opening == "connected" else conversation.opening
                who, _, server = said.partition(" ")
                seen.add(self.inside[server] if who == CLIENT else said)
        return "".join(sorted(seen))

    def pull(self, node: str) -> None:
        """Take the wire out of a node's or a server's only interface, behind Atoll's back."""
        Inside(self.atoll, node).run("ip", "link", "set", "eth0", "down")

    def close(self) -> None:
        """Nothing of it goes on."""
        self.elb.delete_load_balancer(LoadBalancerArn=self.balancer)
        self.ec2.terminate_instances(InstanceIds=list(self.servers.values()))
