"""What a design may have: one function a feature, run in this order. A later feature is one more entry.

Each reads what the ones before have made. `run --without NAME` leaves one out.
"""

import random
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network
from typing import Any

from tests.witness.design import INTERFACES, Balancer, Design, Eni, Instance, Nat, Subnet, TargetGroup, Vpc
from tests.witness.rules import WORLD, authorize, entry, members

BLOCKS = ("10.0.0.0/16", "10.0.0.0/16", "10.0.0.0/16", "172.31.0.0/16", "100.64.0.0/16", "198.19.0.0/16", "20.0.0.0/16")
SECONDARY = {
    "10.0.0.0/16": "10.1.0.0/16",
    "172.31.0.0/16": "172.30.0.0/16",
    "100.64.0.0/16": "100.65.0.0/16",
    "198.19.0.0/16": "100.64.0.0/16",
    "20.0.0.0/16": "20.1.0.0/16",
}
"""What each may be joined by (fact 14)."""

ZONES = ("us-east-1a", "us-east-1a", "us-east-1b", "us-east-1b", "us-east-1c")
IMAGE = "ami-12c6146b"


def vpcs(design: Design) -> None:
    """One or two VPCs, often with the same CIDR: isolation must not need different ones."""
    first = design.one(BLOCKS)
    for block in [first] if design.chance(0.3) else [first, first if design.chance(0.7) else design.one(BLOCKS)]:
        made = design.call("CreateVpc", CidrBlock=block)["Vpc"]["VpcId"]
        filters = [{"Name": "vpc-id", "Values": [made]}]
        main = design.call("DescribeRouteTables", Filters=filters)["RouteTables"][0]["RouteTableId"]
        group = design.call("DescribeSecurityGroups", Filters=filters)["SecurityGroups"][0]["GroupId"]
        design.vpcs.append(Vpc(made, [IPv4Network(block)], groups=[group], main_table=main))


def secondary_blocks(design: Design) -> None:
    """Some VPCs have a second block, in which every other subnet lies."""
    for vpc in design.vpcs:
        if design.chance(0.4):
            block = SECONDARY[str(vpc.blocks[0])]
            design.call("AssociateVpcCidrBlock", VpcId=vpc.id, CidrBlock=block)
            vpc.blocks.append(IPv4Network(block))


def gateways(design: Design) -> None:
    """Internet gateways: attached, and sometimes left unattached."""
    for vpc in design.vpcs:
        if design.chance(0.9):
            gateway = design.call("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
            if design.chance(0.95):
                design.call("AttachInternetGateway", InternetGatewayId=gateway, VpcId=vpc.id)
                vpc.gateway = gateway


def subnets(design: Design) -> None:
    """One to three subnets of different sizes in up to three zones, at the same places in each VPC."""
    for vpc in design.vpcs:
        for number in range(design.rng.randint(len(vpc.blocks), 3)):
            part = list(vpc.blocks[number % len(vpc.blocks)].subnets(new_prefix=24))[number]
            block = next(part.subnets(new_prefix=design.one((24, 25, 28))))
            zone = design.one(ZONES)
            made = design.call("CreateSubnet", VpcId=vpc.id, CidrBlock=str(block), AvailabilityZone=zone)
            subnet = Subnet(made["Subnet"]["SubnetId"], vpc, block, zone, vpc.main_table)
            vpc.subnets.append(subnet)
            if design.chance(0.4):
                design.call("ModifySubnetAttribute", SubnetId=subnet.id, MapPublicIpOnLaunch={"Value": True})


def route_tables(design: Design) -> None:
    """Some subnets get tables of their own; most tables lead to the internet."""
    for subnet in design.subnets:
        if design.chance(0.5):
            table = design.call("CreateRouteTable", VpcId=subnet.vpc.id)["RouteTable"]["RouteTableId"]
            design.call("AssociateRouteTable", RouteTableId=table, SubnetId=subnet.id)
            subnet.table = table
    for vpc in design.vpcs:
        for table in dict.fromkeys([vpc.main_table, *(subnet.table for subnet in vpc.subnets)]):
            if vpc.gateway and design.chance(0.8):
                design.call("CreateRoute", RouteTableId=table, DestinationCidrBlock=WORLD, GatewayId=vpc.gateway)


def groups(design: Design) -> None:
    """Two to four security groups a VPC; their rules come later, when there are addresses to name."""
    for vpc in design.vpcs:
        for number in range(design.rng.randint(1, 3)):
            made = design.call("CreateSecurityGroup", GroupName=f"g{number}", Description="of a design", VpcId=vpc.id)
            vpc.groups.append(made["GroupId"])


def instances(design: Design) -> None:
    """Two to five instances, some launched with several interfaces."""
    for _ in range(design.rng.randint(2, 5)):
        subnet = design.one(design.subnets)
        type_ = design.one(tuple(INTERFACES))
        specifications = [_specification(design, subnet, 0)]
        if design.chance(0.2):
            beside = design.one([one for one in subnet.vpc.subnets if one.zone == subnet.zone])
            specifications.append(_specification(design, beside, 1))
        _launch(design, type_, specifications)


def _specification(design: Design, subnet: Subnet, index: int) -> dict[str, Any]:
    return {"DeviceIndex": index, "SubnetId": subnet.id, "Groups": design.some(subnet.vpc.groups, 1, 3)}


def _launch(design: Design, type_: str, specifications: list[dict[str, Any]]) -> None:
    answer = design.attempt(
        "RunInstances",
        ImageId=IMAGE,
        InstanceType=type_,
        MinCount=1,
        MaxCount=1,
        NetworkInterfaces=specifications,
    )
    if answer is None:
        return  # the smallest subnets may be full
    made = answer["Instances"][0]
    design.instances.append(Instance(made["InstanceId"], made["Placement"]["AvailabilityZone"], type_))
    for interface in made["NetworkInterfaces"]:
        _remember(design, interface, made["InstanceId"])


def _remember(design: Design, interface: Mapping[str, Any], instance: str | None) -> Eni:
    subnet = next(one for one in design.subnets if one.id == interface["SubnetId"])
    addresses = [one["PrivateIpAddress"] for one in interface["PrivateIpAddresses"]]
    eni = Eni(interface["NetworkInterfaceId"], subnet, addresses, instance)
    design.enis.append(eni)
    return eni


def interfaces(design: Design) -> None:
    """More interfaces: some attached, some left alone."""
    for _ in range(design.rng.randint(0, 3)):
        subnet = design.one(design.subnets)
        worn = design.some(subnet.vpc.groups, 1, 3)
        answer = design.attempt("CreateNetworkInterface", SubnetId=subnet.id, Groups=worn)
        if answer is None:
            continue
        eni = _remember(design, answer["NetworkInterface"], None)
        fitting = [one for one in design.instances if one.zone == subnet.zone and _room(design, one)]
        if fitting and design.chance(0.7):
            attach(design, eni, design.one(fitting))


def _room(design: Design, instance: Instance) -> bool:
    held = sum(1 for eni in design.enis if eni.instance == instance.id)
    return held < INTERFACES[instance.type]


def attach(design: Design, eni: Eni, instance: Instance) -> None:
    """At the first index that is free. Not where the instance has that address already, in another VPC."""
    if _held_beside(design, eni, instance.id) & eni.holds():
        return
    for index in range(1, 5):
        named = {"NetworkInterfaceId": eni.id, "InstanceId": instance.id, "DeviceIndex": index}
        if design.attempt("AttachNetworkInterface", **named):
            eni.instance = instance.id
            return


def _held_beside(design: Design, eni: Eni, instance: str | None) -> set[str]:
    """The addresses of the instance's other interfaces."""
    beside = [other for other in design.enis if other is not eni and instance and other.instance == instance]
    return {ip for other in beside for ip in other.holds()}


def secondary_addresses(design: Design) -> None:
    """A few more private addresses."""
    for eni in design.some(design.enis, 0, 2):
        assign_address(design, eni)


def assign_address(design: Design, eni: Eni) -> None:
    """One more private address, if the type allows it; not one that the instance has already, in another VPC."""
    answer = design.attempt("AssignPrivateIpAddresses", NetworkInterfaceId=eni.id, SecondaryPrivateIpAddressCount=1)
    made = [one["PrivateIpAddress"] for one in answer["AssignedPrivateIpAddresses"]] if answer else []
    if _held_beside(design, eni, eni.instance) & set(made):
        design.call("UnassignPrivateIpAddresses", NetworkInterfaceId=eni.id, PrivateIpAddresses=made)
        return
    eni.addresses += made


def prefixes(design: Design) -> None:
    """A prefix of sixteen addresses, where the type has them; not one that the instance holds in another VPC."""
    for eni in design.some(design.enis, 0, 2):
        answer = design.attempt("AssignPrivateIpAddresses", NetworkInterfaceId=eni.id, Ipv4PrefixCount=1)
        if answer is None:
            continue
        made = [one["Ipv4Prefix"] for one in answer["AssignedIpv4Prefixes"]]
        addresses = {str(ip) for block in made for ip in IPv4Network(block)}
        if _held_beside(design, eni, eni.instance) & addresses:
            design.call("UnassignPrivateIpAddresses", NetworkInterfaceId=eni.id, Ipv4Prefixes=made)
        else:
            eni.prefixes += made


def elastic_ips(design: Design) -> None:
    """Elastic IPs on primary and secondary addresses, of attached and of free interfaces."""
    for eni in design.some(design.enis, 1, 4):
        if eni.subnet.vpc.gateway:
            allocation = design.call("AllocateAddress", Domain="vpc")["AllocationId"]
            design.elastic_ips.append(allocation)
            address = design.one(eni.addresses)
            named = {"AllocationId": allocation, "NetworkInterfaceId": eni.id, "PrivateIpAddress": address}
            design.attempt("AssociateAddress", **named)


def nat_gateways(design: Design) -> None:
    """A NAT gateway in some VPCs, by which other subnets go out, in any zone."""
    for vpc in design.vpcs:
        if design.chance(0.6):
            add_nat(design, vpc)


def add_nat(design: Design, vpc: Vpc) -> None:
    """One more, mostly public; two that lead to one another would send packets in circles, so one a VPC."""
    subnet = design.one(vpc.subnets)
    named: dict[str, Any] = {"ConnectivityType": "private"}
    if vpc.gateway and design.chance(0.85):
        named = {"AllocationId": design.call("AllocateAddress", Domain="vpc")["AllocationId"]}
    made = design.call("CreateNatGateway", SubnetId=subnet.id, **named)["NatGateway"]["NatGatewayId"]
    shown = design.call("DescribeNatGateways", NatGatewayIds=[made])["NatGateways"][0]
    if shown["State"] != "available":
        return  # the smallest subnets may be full
    design.nats.append(Nat(made, subnet, named.get("AllocationId")))
    for table in dict.fromkeys(one.table for one in vpc.subnets):
        if (table != subnet.table and design.chance(0.8)) or design.chance(0.1):
            way = {"RouteTableId": table, "DestinationCidrBlock": WORLD, "NatGatewayId": made}
            if design.attempt("CreateRoute", **way) is None:
                design.call("ReplaceRoute", **way)


def balancers(design: Design) -> None:
    """A load balancer in some VPCs; most have targets that it reaches, at which somebody listens."""
    for vpc in design.vpcs:
        if design.chance(0.6):
            add_balancer(design, vpc)
    for group in design.target_groups:
        if design.chance(0.8):
            _open_targets(design, group)


def add_balancer(design: Design, vpc: Vpc) -> None:
    """In some zones of the VPC, with or without groups, with a listener or two."""
    roomy = [subnet for subnet in vpc.subnets if subnet.block.prefixlen < 28] or vpc.subnets
    zones = {subnet.zone: subnet for subnet in design.some(roomy, len(roomy), 3)}
    chosen = design.some(sorted(zones.values(), key=lambda one: one.zone), 1, 3)
    named: dict[str, Any] = {"Subnets": [subnet.id for subnet in chosen], "Scheme": "internal"}
    if vpc.gateway and design.chance(0.6):
        named["Scheme"] = "internet-facing"
    if named["Scheme"] == "internet-facing" and design.chance(0.4):
        own = [design.call("AllocateAddress", Domain="vpc")["AllocationId"] for _ in chosen]
        subnets = zip(named.pop("Subnets"), own, strict=True)
        named["SubnetMappings"] = [{"SubnetId": subnet, "AllocationId": one} for subnet, one in subnets]
    if design.chance(0.5):
        named["SecurityGroups"] = design.some(vpc.groups, 1, 3)
    name = f"lb{len(design.vpcs)}-{design.vpcs.index(vpc)}"
    named |= {"Name": name, "Type": "network"}
    answer = design.attempt("CreateLoadBalancer", service="elbv2", **named)
    if answer is None and named.pop("SecurityGroups", None):
        answer = design.attempt("CreateLoadBalancer", service="elbv2", **named)  # a group of another VPC's
    if answer is None:
        return  # the smallest subnets may have too few free addresses
    made = Balancer(answer["LoadBalancers"][0]["LoadBalancerArn"], vpc, {one.zone: one for one in chosen})
    design.balancers.append(made)
    switch_zones(design, made)
    for number, port in enumerate(design.some(LISTENED, 1, 2)):
        _add_listener(design, made, port, f"{name}-{number}")


LISTENED = (22, 80, 443, 1005)
"""Ports of listeners and of targets: on which rules have edges."""


def switch_zones(design: Design, balancer: Balancer) -> None:
    """Cross-zone on or off."""
    value = {"Key": "load_balancing.cross_zone.enabled", "Value": design.one(("true", "false"))}
    named = {"LoadBalancerArn": balancer.arn, "Attributes": [value]}
    design.call("ModifyLoadBalancerAttributes", service="elbv2", **named)


def _add_listener(design: Design, balancer: Balancer, port: int, name: str) -> None:
    protocol, type_ = design.one(("TCP", "TCP", "UDP", "TCP_UDP")), design.one(("instance", "ip"))
    asked: dict[str, Any] = {"Name": name, "VpcId": balancer.vpc.id, "TargetType": type_, "Port": design.one(LISTENED)}
    asked["Protocol"] = "TCP_UDP" if protocol == "UDP" and design.chance(0.3) else protocol
    if design.chance(0.2):
        asked["HealthCheckPort"] = str(design.one(LISTENED))
    made = design.call("CreateTargetGroup", service="elbv2", **asked)["TargetGroups"][0]["TargetGroupArn"]
    group = TargetGroup(made, balancer.vpc, type_)
    design.target_groups.append(group)
    attributes = {
        "deregistration_delay.timeout_seconds": design.one(("0", "300")),
        "deregistration_delay.connection_termination.enabled": design.one(("true", "false")),
        "load_balancing.cross_zone.enabled": design.one(("use_load_balancer_configuration",) * 3 + ("true", "false")),
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": design.one("112"),
    }
    if asked["Protocol"] == "TCP":
        attributes["preserve_client_ip.enabled"] = design.one(("true", "false"))
        attributes["target_health_state.unhealthy.connection_termination.enabled"] = design.one(("true", "false"))
    given = [{"Key": key, "Value": value} for key, value in (attributes | _enough(design, name)).items()]
    design.call("ModifyTargetGroupAttributes", service="elbv2", TargetGroupArn=made, Attributes=given)
    for _ in range(design.rng.randint(0, 6)):
        add_target(design, group)
    actions = [{"Type": "forward", "TargetGroupArn": made}]
    named = {"LoadBalancerArn": balancer.arn, "Protocol": protocol, "Port": port, "DefaultActions": actions}
    design.call("CreateListener", service="elbv2", **named)


def _enough(design: Design, name: str) -> dict[str, str]:
    """With how many healthy targets DNS names a zone, and shares; drawn apart, so that designs stay what they are."""
    rng, health = random.Random(f"enough {design.seed} {name}"), "target_group_health"
    return {
        f"{health}.dns_failover.minimum_healthy_targets.count": rng.choice("1112"),
        f"{health}.dns_failover.minimum_healthy_targets.percentage": rng.choice(("off", "34", "50", "67", "100")),
        f"{health}.unhealthy_state_routing.minimum_healthy_targets.percentage": rng.choice(("off", "off", "50", "67")),
    }


def _open_targets(design: Design, group: TargetGroup) -> None:
    """Groups that targets wear get a rule for clients, most of them one for the checks of the nodes too."""
    shown = {one["NetworkInterfaceId"]: one for one in design.call("DescribeNetworkInterfaces")["NetworkInterfaces"]}
    nodes = [one for one in shown.values() if one["InterfaceType"] == "network_load_balancer"]
    ours = sorted({worn["GroupId"] for one in nodes if one["VpcId"] == group.vpc.id for worn in one["Groups"]})
    for target in group.targets:
        eni = holder(design, group, target)
        if eni is None:
            continue
        peers: dict[str, Any] = {"IpRanges": [{"CidrIp": WORLD if design.chance(0.7) else str(group.vpc.blocks[0])}]}
        if ours and design.chance(0.3):
            peers = {"UserIdGroupPairs": [{"GroupId": design.one(ours)}]}
        worn = design.one(sorted(one["GroupId"] for one in shown[eni.id]["Groups"]))
        for protocol in ("tcp", "udp") if design.chance(0.8) else ("udp",):
            opened = {"IpProtocol": protocol, "FromPort": target["Port"], "ToPort": target["Port"], **peers}
            design.attempt("AuthorizeSecurityGroupIngress", GroupId=worn, IpPermissions=[opened])


def holder(design: Design, group: TargetGroup, target: Mapping[str, Any]) -> Eni | None:
    """The interface that a target is, or whose address."""
    there = (eni for eni in design.enis if eni.subnet.vpc is group.vpc)
    return next((eni for eni in there if target["Id"] in (eni.instance, *eni.holds())), None)


def add_target(design: Design, group: TargetGroup) -> None:
    """An instance, or an address: of an interface, of a load balancer's node, of nobody. Here and there it is deaf."""
    there = [eni for eni in design.enis if eni.subnet.vpc is group.vpc]
    subnet = design.one(group.vpc.subnets)
    if group.type == "instance":
        first = {eni.instance: eni for eni in reversed(design.enis) if eni.instance}
        able = sorted(one for one, eni in first.items() if one and eni.subnet.vpc is group.vpc)
        ids, port = able, design.one(LISTENED)
    else:
        ids, port = sorted({ip for eni in there for ip in eni.addresses}), design.one(LISTENED)
        if design.chance(0.1):
            ids = [str(list(subnet.block.hosts())[-1])]
    if not ids:
        return
    target = {"Id": design.one(ids), "Port": port}
    rng = random.Random(f"nodes {design.seed} {len(design.calls)}")  # drawn apart, as in `_enough`
    if group.type == "ip" and rng.random() < 0.1:
        target["Id"] = rng.choice(_nodes(design, group.vpc) or [target["Id"]])
    if design.attempt("RegisterTargets", service="elbv2", TargetGroupArn=group.arn, Targets=[target]) is None:
        return  # an instance that is stopped
    if target not in group.targets:
        group.targets.append(target)
    if design.chance(0.2):
        turn_deaf(design, group, target)


def _nodes(design: Design, vpc: Vpc) -> list[str]:
    """The addresses of load balancers' nodes."""
    shown = design.call("DescribeNetworkInterfaces")["NetworkInterfaces"]
    nodes = (one for one in shown if one["InterfaceType"] == "network_load_balancer" and one["VpcId"] == vpc.id)
    return sorted(one["PrivateIpAddress"] for one in nodes)


def turn_deaf(design: Design, group: TargetGroup, target: Mapping[str, Any]) -> None:
    """Nobody listens at a target's port any more, or somebody does again."""
    if eni := holder(design, group, target):
        design.turn_deaf(eni.id, int(target["Port"]))


def prefix_lists(design: Design) -> None:
    """A list or two, and AWS's own; rules and routes name them later."""
    if design.chance(0.6):
        for number in range(design.rng.randint(1, 2)):
            made = design.call(
                "CreateManagedPrefixList",
                PrefixListName=f"p{number}",
                AddressFamily="IPv4",
                MaxEntries=10,
                Entries=members(design, design.one(design.vpcs)),
            )
            design.prefix_lists.append(made["PrefixList"]["PrefixListId"])
        published = design.call("DescribePrefixLists")["PrefixLists"]
        design.prefix_lists.append(published[0]["PrefixListId"])


def acls(design: Design) -> None:
    """Network ACLs of every kind of entries; most let everything pass after a few that may not."""
    for vpc in design.vpcs:
        if design.chance(0.5):
            made = design.call("CreateNetworkAcl", VpcId=vpc.id)["NetworkAcl"]["NetworkAclId"]
            vpc.acls.append(made)
            for number in design.some(range(1, 200), 1, 6):
                design.call("CreateNetworkAclEntry", NetworkAclId=made, **entry(design, vpc, number))
            for way in (True, False):
                if design.chance(0.7):
                    open_ = {"RuleNumber": 300, "Protocol": "-1", "RuleAction": "allow", "CidrBlock": WORLD}
                    design.call("CreateNetworkAclEntry", NetworkAclId=made, Egress=way, **open_)
            for subnet in design.some(vpc.subnets, 1, 2):
                give_acl(design, subnet, made)


def give_acl(design: Design, subnet: Subnet, acl: str) -> None:
    """Another network ACL for a subnet."""
    filters = [{"Name": "association.subnet-id", "Values": [subnet.id]}]
    (found,) = design.call("DescribeNetworkAcls", Filters=filters)["NetworkAcls"]
    (way,) = [one for one in found["Associations"] if one["SubnetId"] == subnet.id]
    named = {"AssociationId": way["NetworkAclAssociationId"], "NetworkAclId": acl}
    design.call("ReplaceNetworkAclAssociation", **named)


def shared_groups(design: Design) -> None:
    """A group of the first VPC may be worn in the second, where it means who wears it there."""
    if len(design.vpcs) > 1 and design.chance(0.5):
        home, other = design.vpcs
        group = design.one(home.groups[1:])
        design.call("AssociateSecurityGroupVpc", GroupId=group, VpcId=other.id)
        other.groups.append(group)


def rules(design: Design) -> None:
    """Random rules, some for the whole world; some groups lose the rule that lets everything out."""
    for vpc in design.vpcs:
        for group in vpc.groups:
            for _ in range(design.rng.randint(1, 5)):
                authorize(design, vpc, group)
            if design.chance(0.35):
                everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": WORLD}]}]
                design.attempt("RevokeSecurityGroupEgress", GroupId=group, IpPermissions=everything)


def check_off(design: Design) -> None:
    """Source/dest check off on some interfaces."""
    for eni in design.some(design.enis, 0, 2):
        off = {"Value": False}
        design.call("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=eni.id, SourceDestCheck=off)


def routes(design: Design) -> None:
    """More and less specific routes: to the gateway, to interfaces (a middlebox), to nowhere."""
    for subnet in design.subnets:
        if design.chance(0.5):
            add_route(design, subnet)


def add_route(design: Design, subnet: Subnet) -> None:
    """A route, if the table has none to that destination."""
    vpc = subnet.vpc
    outside = ("203.0.113.0/24", "203.0.113.20/32", "198.18.0.0/16", "128.0.0.0/2", "30.0.0.0/8", "10.0.0.0/8")
    inside = [str(one.block) for one in vpc.subnets]
    there = [eni.id for eni in design.enis if eni.subnet.vpc is vpc]
    destination = design.one(inside if there and design.chance(0.5) else outside)
    target = {"GatewayId": vpc.gateway} if vpc.gateway else {}
    if there and (destination in inside or not target or design.chance(0.6)):
        target = {"NetworkInterfaceId": design.one(there)}
    nats = [one.id for one in design.nats if one.subnet.vpc is vpc]
    if nats and design.chance(0.3):
        target = {"NatGatewayId": design.one(nats)}
    if target:
        design.attempt("CreateRoute", RouteTableId=subnet.table, DestinationCidrBlock=destination, **target)


def listed_routes(design: Design) -> None:
    """Routes to prefix lists."""
    for subnet in design.subnets:
        if design.prefix_lists and design.chance(0.4):
            add_listed_route(design, subnet)


def add_listed_route(design: Design, subnet: Subnet) -> None:
    """A route to a list, if the table has none: to the gateway or to an interface."""
    there = [eni.id for eni in design.enis if eni.subnet.vpc is subnet.vpc]
    target = {"GatewayId": subnet.vpc.gateway} if subnet.vpc.gateway else {}
    if there and (not target or design.chance(0.4)):
        target = {"NetworkInterfaceId": design.one(there)}
    if target:
        named = {"RouteTableId": subnet.table, "DestinationPrefixListId": design.one(design.prefix_lists)}
        design.attempt("CreateRoute", **named, **target)


def edges(design: Design) -> None:
    """A table for what comes in by the gateway: some subnets, or the whole VPC, behind an interface."""
    for vpc in design.vpcs:
        there = [eni for eni in design.enis if eni.subnet.vpc is vpc]
        if vpc.gateway and there and design.chance(0.4):
            vpc.edge_table = design.call("CreateRouteTable", VpcId=vpc.id)["RouteTable"]["RouteTableId"]
            design.call("AssociateRouteTable", RouteTableId=vpc.edge_table, GatewayId=vpc.gateway)
            for _ in range(design.rng.randint(1, 2)):
                add_edge_route(design, vpc)


def add_edge_route(design: Design, vpc: Vpc) -> None:
    """One more route for what comes in: to an interface, more often than not one that may pass it on."""
    there = [eni for eni in design.enis if eni.subnet.vpc is vpc]
    through = design.one(there).id
    if design.chance(0.7):
        off = {"Value": False}
        design.call("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=through, SourceDestCheck=off)
    named = {"RouteTableId": vpc.edge_table, "NetworkInterfaceId": through}
    if design.chance(0.2):
        design.call("ReplaceRoute", DestinationCidrBlock=str(design.one(vpc.blocks)), **named)
    else:
        block = str(design.one(vpc.subnets).block)
        design.attempt("CreateRoute", DestinationCidrBlock=block, **named)


def stopped(design: Design) -> None:
    """An instance that was stopped; routes to it are blackholes."""
    for instance in design.some(design.instances, 0, 1):
        if len(design.instances) > 2:
            design.call("StopInstances", InstanceIds=[instance.id])
            instance.running = False


Feature = Callable[[Design], None]

FEATURES: tuple[Feature, ...] = (
    vpcs,
    secondary_blocks,
    gateways,
    subnets,
    route_tables,
    groups,
    shared_groups,
    instances,
    interfaces,
    secondary_addresses,
    prefixes,
    elastic_ips,
    nat_gateways,
    balancers,
    prefix_lists,
    acls,
    rules,
    check_off,
    routes,
    listed_routes,
    edges,
    stopped,
)


def build(design: Design, without: frozenset[str] = frozenset()) -> None:
    """Make the design, feature by feature."""
    for feature in FEATURES:
        if feature.__name__ not in without:
            before = len(design.calls)
            feature(design)
            if any(not call.startswith("Describe") and " -> " not in call for call in design.calls[before:]):
                design.features.append(feature.__name__)
