"""A small network of which every connection lives, to begin histories with: every kind of way, each with its servers.

One VPC with a gateway. Two public subnets, whose instances have Elastic IPs, and a private one, whose instance leaves
by a NAT gateway; a fourth is in another zone. A load balancer in both zones leads to three of the servers. `narrow`
opens port 80 and echo to the VPC and to the internet's hosts, so its connections are tracked; `wide` opens everything
both ways, so they are not; `members` is open to those who wear it.
"""

from ipaddress import IPv4Network
from typing import Any

from tests.witness.design import Balancer, Design, Eni, Instance, Nat, Subnet, TargetGroup, Vpc
from tests.witness.features import IMAGE
from tests.witness.rules import WORLD

PORT = 80
BLOCK = "10.0.0.0/16"
NEAR, FAR, PRIVATE, ABROAD = "10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24", "10.0.4.0/24"
ZONES = {NEAR: "us-east-1a", FAR: "us-east-1a", PRIVATE: "us-east-1a", ABROAD: "us-east-1b"}
LISTENERS = {"tcp": PORT, "udp": 443}
"""The load balancer's; targets get it on PORT."""

SERVERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (NEAR, ("narrow", "members")),
    (NEAR, ("wide",)),
    (FAR, ("narrow",)),
    (FAR, ("members", "wide")),
    (PRIVATE, ("narrow", "members")),
    (ABROAD, ("narrow",)),
)
BALANCED = (2, 4, 5)
"""The servers behind the load balancer."""
"""The instances: subnet, and groups worn. Those of public subnets have Elastic IPs."""


def build(design: Design, without: frozenset[str] = frozenset()) -> None:
    """Make it, always the same. `without`: see tests.witness.features; there is nothing to leave out."""
    vpc = _vpc(design)
    groups = _groups(design, vpc)
    for block in ZONES:
        _subnet(design, vpc, block)
    for block, worn in SERVERS:
        _launch(design, _at(vpc, block), [groups[name] for name in worn])
    _spare(design, vpc, groups["narrow"])
    for eni in design.enis[:4]:
        made = _elastic_ip(design)
        design.elastic_ips.append(made)
        design.call("AssociateAddress", AllocationId=made, NetworkInterfaceId=eni.id)
    _way_out(design, vpc)
    _balancer(design, vpc)


def _vpc(design: Design) -> Vpc:
    made = design.call("CreateVpc", CidrBlock=BLOCK)["Vpc"]["VpcId"]
    filters = [{"Name": "vpc-id", "Values": [made]}]
    main = design.call("DescribeRouteTables", Filters=filters)["RouteTables"][0]["RouteTableId"]
    gateway = design.call("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    design.call("AttachInternetGateway", InternetGatewayId=gateway, VpcId=made)
    design.call("CreateRoute", RouteTableId=main, DestinationCidrBlock=WORLD, GatewayId=gateway)
    design.vpcs.append(Vpc(made, [IPv4Network(BLOCK)], gateway, main_table=main))
    return design.vpcs[0]


def _groups(design: Design, vpc: Vpc) -> dict[str, str]:
    made = {}
    for name in ("narrow", "wide", "members"):
        group = design.call("CreateSecurityGroup", GroupName=name, Description=name, VpcId=vpc.id)["GroupId"]
        vpc.groups.append(group)
        made[name] = group
    people: dict[str, Any] = {"IpRanges": [{"CidrIp": BLOCK}, {"CidrIp": "203.0.113.0/24"}]}
    people["IpRanges"].append({"CidrIp": "198.18.0.0/16"})  # each other's Elastic IPs
    narrow = [{"IpProtocol": one, "FromPort": PORT, "ToPort": PORT, **people} for one in ("tcp", "udp")]
    narrow.append({"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, **people})
    opened = {
        "narrow": narrow,
        "wide": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": WORLD}]}],
        "members": [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": made["members"]}]}],
    }
    for name, rules in opened.items():
        design.call("AuthorizeSecurityGroupIngress", GroupId=made[name], IpPermissions=rules)
    return made


def _subnet(design: Design, vpc: Vpc, block: str) -> None:
    made = design.call("CreateSubnet", VpcId=vpc.id, CidrBlock=block, AvailabilityZone=ZONES[block])["Subnet"][
        "SubnetId"
    ]
    table = design.call("CreateRouteTable", VpcId=vpc.id)["RouteTable"]["RouteTableId"]
    design.call("AssociateRouteTable", RouteTableId=table, SubnetId=made)
    if block != PRIVATE:
        design.call("CreateRoute", RouteTableId=table, DestinationCidrBlock=WORLD, GatewayId=vpc.gateway)
    vpc.subnets.append(Subnet(made, vpc, IPv4Network(block), ZONES[block], table))


def _at(vpc: Vpc, block: str) -> Subnet:
    return next(subnet for subnet in vpc.subnets if str(subnet.block) == block)


def _launch(design: Design, subnet: Subnet, groups: list[str]) -> None:
    network = {"DeviceIndex": 0, "SubnetId": subnet.id, "Groups": groups}
    asked = {"ImageId": IMAGE, "InstanceType": "m5.large", "MinCount": 1, "MaxCount": 1}
    made = design.call("RunInstances", NetworkInterfaces=[network], **asked)["Instances"][0]
    design.instances.append(Instance(made["InstanceId"], subnet.zone, "m5.large"))
    eni = made["NetworkInterfaces"][0]
    design.enis.append(Eni(eni["NetworkInterfaceId"], subnet, [eni["PrivateIpAddress"]], made["InstanceId"]))


def _spare(design: Design, vpc: Vpc, group: str) -> None:
    """A second interface of the first instance, which may move; with a second address."""
    subnet, host = _at(vpc, FAR), design.instances[0].id
    made = design.call("CreateNetworkInterface", SubnetId=subnet.id, Groups=[group], SecondaryPrivateIpAddressCount=1)
    eni = made["NetworkInterface"]
    named = eni["NetworkInterfaceId"]
    design.call("AttachNetworkInterface", NetworkInterfaceId=named, InstanceId=host, DeviceIndex=1)
    design.enis.append(Eni(named, subnet, [one["PrivateIpAddress"] for one in eni["PrivateIpAddresses"]], host))


def _elastic_ip(design: Design) -> str:
    return str(design.call("AllocateAddress", Domain="vpc")["AllocationId"])


def _way_out(design: Design, vpc: Vpc) -> None:
    """The NAT gateway, and what leads to it."""
    public, private = _at(vpc, NEAR), _at(vpc, PRIVATE)
    allocation = _elastic_ip(design)
    made = design.call("CreateNatGateway", SubnetId=public.id, AllocationId=allocation)["NatGateway"]["NatGatewayId"]
    design.nats.append(Nat(made, public, allocation))
    design.call("CreateRoute", RouteTableId=private.table, DestinationCidrBlock=WORLD, NatGatewayId=made)


def _balancer(design: Design, vpc: Vpc) -> None:
    """In two zones, with cross-zone: connections of either protocol go to any of three servers."""
    subnets = [_at(vpc, block) for block in (NEAR, ABROAD)]
    named = {"Name": "front", "Type": "network", "Subnets": [subnet.id for subnet in subnets]}
    arn = design.call("CreateLoadBalancer", service="elbv2", **named)["LoadBalancers"][0]["LoadBalancerArn"]
    cross = [{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]
    design.call("ModifyLoadBalancerAttributes", service="elbv2", LoadBalancerArn=arn, Attributes=cross)
    design.balancers.append(Balancer(arn, vpc, {subnet.zone: subnet for subnet in subnets}))
    for protocol, port in LISTENERS.items():
        asked: dict[str, Any] = {"Name": protocol, "Protocol": protocol.upper(), "Port": PORT, "VpcId": vpc.id}
        made = design.call("CreateTargetGroup", service="elbv2", **asked, HealthCheckPort=str(PORT))
        group = TargetGroup(made["TargetGroups"][0]["TargetGroupArn"], vpc, "instance")
        design.target_groups.append(group)
        group.targets += [{"Id": design.instances[number].id, "Port": PORT} for number in BALANCED]
        design.call("RegisterTargets", service="elbv2", TargetGroupArn=group.arn, Targets=group.targets)
        actions = [{"Type": "forward", "TargetGroupArn": group.arn}]
        listened = {"LoadBalancerArn": arn, "Protocol": protocol.upper(), "Port": port, "DefaultActions": actions}
        design.call("CreateListener", service="elbv2", **listened)
