"""What may change of a network load balancer: its subnets, its security groups, its kind of addresses."""

from msgspec.structs import replace

from atoll.model.kinds import BalancerZone, LoadBalancer, NetworkInterface
from atoll.model.tx import Tx
from atoll.services.constraints import QUERY, check_choice
from atoll.services.ec2.checks import unbuilt
from atoll.services.elbv2.common import need, unfit
from atoll.services.elbv2.load_balancers import check_ip_type, worn_groups
from atoll.services.elbv2.nodes import Asked, add_node, asked_mappings, check_place, end_node, nodes_of, zones_shape
from atoll.services.registry import Request, Response, operation


@operation(
    "SetSubnets",
    "LoadBalancerArn Subnets SubnetMappings IpAddressType EnablePrefixForIpv6SourceNat",
    service="elbv2",
)
def set_subnets(tx: Tx, request: Request) -> Response:
    """The zones that it is to have. One that it has keeps its node and addresses; others come and go (fact 168)."""
    balancer = need(tx, LoadBalancer, request["LoadBalancerArn"])
    check_ip_type(request.get("IpAddressType"))
    if (request.get("EnablePrefixForIpv6SourceNat") or "off") != "off":
        raise unbuilt("EnablePrefixForIpv6SourceNat=on")
    mappings = asked_mappings(tx, request, balancer.scheme)
    if mappings[0].subnet.vpc != balancer.vpc:
        raise unfit("All subnets must belong to the VPC of the load balancer")
    now = {one.zone: one for one in nodes_of(tx, balancer)}
    coming = [mapping for mapping in mappings if not _is_there(now.get(mapping.subnet.zone), mapping)]
    for mapping in coming:
        check_place(tx, mapping, balancer.scheme)
    kept = {mapping.subnet.zone for mapping in mappings}
    for zone, one in now.items():
        if zone not in kept:
            end_node(tx, one)
    for mapping in coming:
        add_node(tx, balancer, mapping)
    return {
        "AvailabilityZones": zones_shape(tx, nodes_of(tx, balancer)),
        "IpAddressType": "ipv4",
        "EnablePrefixForIpv6SourceNat": "off",
    }


def _is_there(zone: BalancerZone | None, asked: Asked) -> bool:
    """Whether the zone is enabled already. What it has there does not change (fact 167)."""
    if zone is None:
        return False
    if zone.subnet != asked.subnet.id:
        raise unfit(
            f"The Availability Zone {zone.zone} is enabled with {zone.subnet}: remove it, then add it with "
            f"{asked.subnet.id}"
        )
    if asked.allocation not in (None, zone.allocation) or asked.private_ip not in (None, zone.private_ip):
        raise unfit(f"The addresses of {zone.zone} cannot be changed while it is enabled")
    return True


@operation(
    "SetSecurityGroups",
    "LoadBalancerArn SecurityGroups EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic",
    service="elbv2",
)
def set_security_groups(tx: Tx, request: Request) -> Response:
    """Only one that was created with groups can change them (fact 188)."""
    balancer = need(tx, LoadBalancer, request["LoadBalancerArn"])
    if not balancer.groups:
        raise unfit(
            "You cannot set security groups on a Network Load Balancer which was created without any security groups."
        )
    groups = worn_groups(tx, request.get("SecurityGroups") or (), balancer.vpc)
    if not groups:
        raise unfit("A Network Load Balancer that was created with security groups must keep at least one")
    wanted = request.get("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic") or balancer.private_link
    check_choice(QUERY, "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic", wanted, ("on", "off"))
    changed = replace(balancer, groups=groups, private_link=wanted)
    tx.put(changed)
    for zone in nodes_of(tx, balancer):
        interface = tx.get(NetworkInterface, zone.interface)
        assert interface is not None, zone
        tx.put(replace(interface, groups=groups))
    return {
        "SecurityGroupIds": list(groups),
        "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic": wanted,
    }


@operation("SetIpAddressType", "LoadBalancerArn IpAddressType", service="elbv2")
def set_ip_address_type(tx: Tx, request: Request) -> Response:
    """IPv4, as it is."""
    need(tx, LoadBalancer, request["LoadBalancerArn"])
    check_ip_type(request["IpAddressType"])
    return {"IpAddressType": "ipv4"}
