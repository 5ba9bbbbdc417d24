"""What may happen to a design while connections are open: one function a change. A later feature is one more entry."""

from collections.abc import Callable
from typing import Any

from tests.witness.design import Balancer, Design
from tests.witness.features import (
    add_edge_route,
    add_listed_route,
    add_nat,
    add_route,
    add_target,
    assign_address,
    attach,
    give_acl,
    switch_zones,
    turn_deaf,
)
from tests.witness.rules import WORLD, authorize, cidr, entry


def add_rule(design: Design) -> None:
    """One more rule."""
    vpc = design.one(design.vpcs)
    authorize(design, vpc, design.one(vpc.groups))


def remove_rules(design: Design) -> None:
    """Up to three rules go, of whichever groups."""
    answer = design.call("DescribeSecurityGroupRules")["SecurityGroupRules"]
    for rule in design.some(sorted(answer, key=lambda one: str(one["SecurityGroupRuleId"])), 1, 3):
        way = "Egress" if rule["IsEgress"] else "Ingress"
        named = {"GroupId": rule["GroupId"], "SecurityGroupRuleIds": [rule["SecurityGroupRuleId"]]}
        design.attempt(f"RevokeSecurityGroup{way}", **named)


def open_egress(design: Design) -> None:
    """Everything may leave again."""
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": WORLD}]}]
    group = design.one(design.one(design.vpcs).groups)
    way = design.one(("Ingress", "Egress"))
    design.attempt(f"AuthorizeSecurityGroup{way}", GroupId=group, IpPermissions=everything)


def swap_groups(design: Design) -> None:
    """An interface wears other groups."""
    eni = design.one(design.enis)
    worn = design.some(eni.subnet.vpc.groups, 1, 3)
    design.attempt("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=eni.id, Groups=worn)


def move_elastic_ip(design: Design) -> None:
    """An Elastic IP goes to another address."""
    eni = design.one(design.enis)
    if design.elastic_ips:
        named = {"NetworkInterfaceId": eni.id, "PrivateIpAddress": design.one(eni.addresses)}
        design.attempt("AssociateAddress", AllocationId=design.one(design.elastic_ips), **named)


def take_elastic_ip(design: Design) -> None:
    """An Elastic IP goes to nobody."""
    addresses = design.call("DescribeAddresses")["Addresses"]
    bound = [one["AssociationId"] for one in addresses if one.get("AssociationId")]
    if bound:
        design.attempt("DisassociateAddress", AssociationId=design.one(sorted(bound)))  # not a NAT gateway's


def change_route(design: Design) -> None:
    """A route more, or a route less."""
    subnet = design.one(design.subnets)
    if design.chance(0.5):
        add = add_listed_route if design.prefix_lists and design.chance(0.3) else add_route
        add(design, subnet)
        return
    remove_route(design, subnet.table)


def remove_route(design: Design, table: str) -> None:
    """One of the routes that are not local; one that was local and is replaced becomes local again."""
    tables = design.call("DescribeRouteTables", RouteTableIds=[table])["RouteTables"]
    own = [one for one in tables[0]["Routes"] if one.get("GatewayId") != "local"]
    if own:
        gone = design.one(own)
        name = "DestinationCidrBlock" if gone.get("DestinationCidrBlock") else "DestinationPrefixListId"
        where = {"RouteTableId": table, name: gone[name]}
        if gone["Origin"] == "CreateRouteTable":
            design.call("ReplaceRoute", LocalTarget=True, **where)
        else:
            design.call("DeleteRoute", **where)


def change_edge(design: Design) -> None:
    """What comes in goes another way; or the gateway loses its table, or gets it."""
    vpcs = [vpc for vpc in design.vpcs if vpc.edge_table]
    if not vpcs:
        return
    vpc = design.one(vpcs)
    if design.chance(0.4):
        add_edge_route(design, vpc)
    elif design.chance(0.5):
        remove_route(design, str(vpc.edge_table))
    else:
        tables = design.call("DescribeRouteTables", RouteTableIds=[vpc.edge_table])["RouteTables"]
        ways = [way["RouteTableAssociationId"] for way in tables[0]["Associations"]]
        if ways:
            design.call("DisassociateRouteTable", AssociationId=ways[0])
        else:
            design.call("AssociateRouteTable", RouteTableId=vpc.edge_table, GatewayId=vpc.gateway)


def change_acl(design: Design) -> None:
    """An entry comes, goes or changes, of whichever ACL, the default one included; or a subnet gets another ACL."""
    vpc = design.one(design.vpcs)
    filters = [{"Name": "vpc-id", "Values": [vpc.id]}]
    acls = design.call("DescribeNetworkAcls", Filters=filters)["NetworkAcls"]
    acl = design.one(acls)
    own = [one for one in acl["Entries"] if one["RuleNumber"] < 32767]
    if design.chance(0.3):
        give_acl(design, design.one(vpc.subnets), acl["NetworkAclId"])
    elif own and design.chance(0.4):
        gone = design.one(own)
        place = {"RuleNumber": gone["RuleNumber"], "Egress": gone["Egress"]}
        if design.chance(0.5):
            design.call("DeleteNetworkAclEntry", NetworkAclId=acl["NetworkAclId"], **place)
        else:
            changed = entry(design, vpc, 1) | place
            design.call("ReplaceNetworkAclEntry", NetworkAclId=acl["NetworkAclId"], **changed)
    else:
        number = design.rng.randint(1, 320)
        design.attempt("CreateNetworkAclEntry", NetworkAclId=acl["NetworkAclId"], **entry(design, vpc, number))


def change_list(design: Design) -> None:
    """Entries of a prefix list come and go, or an older version comes back; no rule and no route is touched."""
    lists = [one for one in design.call("DescribeManagedPrefixLists")["PrefixLists"] if one["OwnerId"] != "AWS"]
    if not lists:
        return
    chosen = design.one(lists)
    named = {"PrefixListId": chosen["PrefixListId"]}
    if chosen["Version"] > 1 and design.chance(0.2):
        previous = design.rng.randint(1, chosen["Version"])
        versions = {"PreviousVersion": previous, "CurrentVersion": chosen["Version"]}
        design.call("RestoreManagedPrefixListVersion", **named, **versions)
        return
    here = [one["Cidr"] for one in design.call("GetManagedPrefixListEntries", **named)["Entries"]]
    gone = design.some(here, 0, 2)
    added = {cidr(design, design.one(design.vpcs)) for _ in range(design.rng.randint(0, 2))} - set(here)
    if gone or added:
        design.call(
            "ModifyManagedPrefixList",
            AddEntries=[{"Cidr": one} for one in sorted(added)],
            RemoveEntries=[{"Cidr": one} for one in gone],
            **named,
        )


def switch_check(design: Design) -> None:
    """Source/dest check on or off."""
    eni = design.one(design.enis)
    value = {"Value": design.chance(0.5)}
    design.call("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=eni.id, SourceDestCheck=value)


def stop_or_start(design: Design) -> None:
    """An instance stops, or one that is stopped starts."""
    instance = design.one(design.instances)
    design.call("StopInstances" if instance.running else "StartInstances", InstanceIds=[instance.id])
    instance.running = not instance.running


def stop_and_start(design: Design) -> None:
    """An instance stops and starts between two packets."""
    for _ in range(2):
        instance = design.instances[0]
        design.call("StopInstances" if instance.running else "StartInstances", InstanceIds=[instance.id])
        instance.running = not instance.running


def move_interface(design: Design) -> None:
    """A secondary interface is detached, and attached again: to another instance or to the same."""
    shown = design.call("DescribeNetworkInterfaces")["NetworkInterfaces"]
    attachments: dict[str, Any] = {one["NetworkInterfaceId"]: one.get("Attachment") for one in shown}
    secondary = [eni for eni in design.enis if (attachments[eni.id] or {}).get("DeviceIndex", 0) > 0]
    if not secondary:
        return
    eni = design.one(secondary)
    design.call("DetachNetworkInterface", AttachmentId=attachments[eni.id]["AttachmentId"])
    eni.instance = None
    near = [one for one in design.instances if one.zone == eni.subnet.zone]
    if near and design.chance(0.8):
        attach(design, eni, design.one(near))


def change_addresses(design: Design) -> None:
    """A secondary address comes or goes."""
    eni = design.one(design.enis)
    if len(eni.addresses) > 1 and design.chance(0.6):
        gone = eni.addresses.pop()
        design.call("UnassignPrivateIpAddresses", NetworkInterfaceId=eni.id, PrivateIpAddresses=[gone])
        return
    assign_address(design, eni)


MORE_BLOCKS = ("203.0.113.0/24", "8.8.8.0/24", "30.0.0.0/16", "100.66.0.0/16")
"""Two of them are others' addresses: what was reached outside is then looked for inside."""


def change_blocks(design: Design) -> None:
    """A secondary block comes, or one that no subnet uses goes."""
    vpc = design.one(design.vpcs)
    secondary = design.call("DescribeVpcs", VpcIds=[vpc.id])["Vpcs"][0]["CidrBlockAssociationSet"][1:]
    if secondary and design.chance(0.5):
        design.attempt("DisassociateVpcCidrBlock", AssociationId=design.one(secondary)["AssociationId"])
    else:
        design.attempt("AssociateVpcCidrBlock", VpcId=vpc.id, CidrBlock=design.one(MORE_BLOCKS))


def give_back_prefix(design: Design) -> None:
    """A prefix goes, with all of its addresses."""
    holders = [eni for eni in design.enis if eni.prefixes]
    if holders:
        eni = design.one(holders)
        gone = eni.prefixes.pop()
        design.call("UnassignPrivateIpAddresses", NetworkInterfaceId=eni.id, Ipv4Prefixes=[gone])


def change_nat(design: Design) -> None:
    """A NAT gateway goes, and its routes lead nowhere; or one comes where there is none."""
    vpc = design.one(design.vpcs)
    mine = [one for one in design.nats if one.subnet.vpc is vpc]
    if not mine:
        add_nat(design, vpc)
        return
    design.nats.remove(mine[0])
    design.call("DeleteNatGateway", NatGatewayId=mine[0].id)
    if mine[0].allocation:
        design.call("ReleaseAddress", AllocationId=mine[0].allocation)


def change_targets(design: Design) -> None:
    """A target comes or goes."""
    if not design.target_groups:
        return
    group = design.one(design.target_groups)
    if group.targets and design.chance(0.5):
        gone = group.targets.pop(design.rng.randrange(len(group.targets)))
        design.call("DeregisterTargets", service="elbv2", TargetGroupArn=group.arn, Targets=[gone])
    else:
        add_target(design, group)


def change_health(design: Design) -> None:
    """Somebody stops listening at a target's port, or begins again."""
    known = [(group, target) for group in design.target_groups for target in group.targets]
    if known:
        turn_deaf(design, *design.one(known))


def change_balancer(design: Design) -> None:
    """Cross-zone on or off, of it or of a group; other security groups; a zone more or less."""
    if not design.balancers:
        return
    balancer = design.one(design.balancers)
    kind = design.rng.random()
    if kind < 0.3:
        switch_zones(design, balancer)
    elif kind < 0.5:
        value = {"Key": "load_balancing.cross_zone.enabled", "Value": design.one(("true", "false"))}
        group = design.one(design.target_groups).arn
        design.call("ModifyTargetGroupAttributes", service="elbv2", TargetGroupArn=group, Attributes=[value])
    elif kind < 0.7:
        worn = {"LoadBalancerArn": balancer.arn, "SecurityGroups": design.some(balancer.vpc.groups, 1, 3)}
        design.attempt("SetSecurityGroups", service="elbv2", **worn)  # refused where it was made without any
    else:
        _change_zones(design, balancer)


def _change_zones(design: Design, balancer: Balancer) -> None:
    there = {subnet.zone: subnet for subnet in balancer.vpc.subnets} | balancer.zones
    zones = design.some(sorted(there), 1, len(there))
    named = {"LoadBalancerArn": balancer.arn, "Subnets": [there[zone].id for zone in zones]}
    if design.attempt("SetSubnets", service="elbv2", **named):
        balancer.zones = {zone: there[zone] for zone in zones}


TIMES = {"TcpEstablishedTimeout": (60, 600, 432_000), "UdpTimeout": (30, 60), "UdpStreamTimeout": (60, 179, 180)}


def change_times(design: Design) -> None:
    """How long an interface remembers connections that begin from now on."""
    eni, name = design.one(design.enis), design.one(sorted(TIMES))
    times = {name: design.one(TIMES[name])}
    design.call("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=eni.id, ConnectionTrackingSpecification=times)


Change = Callable[[Design], None]

CHANGES: tuple[tuple[Change, int], ...] = (
    (add_rule, 3),
    (remove_rules, 6),
    (open_egress, 2),
    (swap_groups, 3),
    (move_elastic_ip, 3),
    (take_elastic_ip, 1),
    (change_route, 3),
    (change_edge, 2),
    (change_nat, 2),
    (change_acl, 3),
    (change_list, 3),
    (switch_check, 1),
    (stop_or_start, 1),
    (stop_and_start, 1),
    (move_interface, 2),
    (change_addresses, 1),
    (change_blocks, 2),
    (give_back_prefix, 1),
    (change_times, 1),
    (change_targets, 4),
    (change_health, 4),
    (change_balancer, 3),
)
"""Changes and how often each is drawn."""


def change(design: Design, without: frozenset[str] = frozenset()) -> str:
    """Make one; returns its name."""
    kinds = [one for one, _ in CHANGES if one.__name__ not in without]
    weights = [weight for one, weight in CHANGES if one.__name__ not in without]
    made = design.rng.choices(kinds, weights)[0]
    made(design)
    return made.__name__
