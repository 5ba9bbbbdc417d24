"""Network load balancers (facts 164-170): create, describe, delete. What follows later comes in `on_due`."""

from typing import Any

from msgspec.structs import replace

from atoll.model.balancing import setting
from atoll.model.kinds import Listener, LoadBalancer, SecurityGroup, ZonalShift
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.constraints import QUERY, check_choice
from atoll.services.ec2.checks import unbuilt
from atoll.services.elbv2.common import check_name, need, need_named, new_id, page, refused, tags_with, unfit
from atoll.services.elbv2.hosted_zones import HOSTED_ZONES
from atoll.services.elbv2.nodes import Asked, add_node, asked_mappings, check_place, end_node, nodes_of, zones_shape
from atoll.services.registry import Request, Response, operation

SCHEMES = ("internet-facing", "internal")
TYPES = ("application", "network", "gateway")


@operation(
    "CreateLoadBalancer",
    "Name Subnets SubnetMappings SecurityGroups Scheme Tags Type IpAddressType EnablePrefixForIpv6SourceNat",
    service="elbv2",
)
def create_load_balancer(tx: Tx, request: Request) -> Response:
    """Its nodes have their ENIs at once, and work when it is active. The same again is the one that there is."""
    kind = check_choice(QUERY, "type", request.get("Type") or "application", TYPES)
    if kind != "network":
        raise unbuilt(f"A load balancer of the type {kind} (the default is application; Type=network is built)")
    name = check_name("Load balancer", request["Name"])
    if name.startswith("internal-"):
        raise refused(f"Load balancer name '{name}' cannot begin with 'internal-'")
    scheme = check_choice(QUERY, "scheme", request.get("Scheme") or SCHEMES[0], SCHEMES)
    check_ip_type(request.get("IpAddressType"))
    if (request.get("EnablePrefixForIpv6SourceNat") or "off") != "off":
        raise unbuilt("EnablePrefixForIpv6SourceNat=on")
    mappings = asked_mappings(tx, request, scheme)
    groups = worn_groups(tx, request.get("SecurityGroups") or (), mappings[0].subnet.vpc)
    tags = tags_with((), request.get("Tags") or ())
    known = tx.only(LoadBalancer, "name_in", f"{tx.home}/{name}")
    if known is not None:
        _check_same(tx, known, scheme, mappings, groups)
        return {"LoadBalancers": [shown(tx, known)]}
    if tx.count(LoadBalancer, "home", tx.home) >= tx.limit("network-load-balancers-per-region"):
        raise AwsError("TooManyLoadBalancers", "The maximum number of load balancers has been reached")
    for mapping in mappings:
        check_place(tx, mapping, scheme)
    balancer = LoadBalancer(
        home=tx.home,
        id=new_id(tx),
        name=name,
        scheme=scheme,
        vpc=mappings[0].subnet.vpc,
        groups=groups,
        created=tx.time,
        tags=tags,
        due=tx.now,
    )
    tx.put(balancer)
    for mapping in mappings:
        add_node(tx, balancer, mapping)
    return {"LoadBalancers": [shown(tx, balancer)]}


def check_ip_type(given: str | None) -> None:
    """IPv4 alone."""
    allowed = ("ipv4", "dualstack", "dualstack-without-public-ipv4")
    if check_choice(QUERY, "ipAddressType", given or "ipv4", allowed) != "ipv4":
        raise unbuilt(f"IpAddressType={given}")


def worn_groups(tx: Tx, named: Any, vpc: str) -> tuple[str, ...]:
    """The security groups that the nodes are to wear."""
    found = tuple(dict.fromkeys(named))
    for group in found:
        entity = tx.own(SecurityGroup, group)
        if entity is None or entity.vpc != vpc:
            raise AwsError("InvalidSecurityGroup", f"One or more security groups are invalid: {group}")
    if len(found) > tx.limit("security-groups-per-interface"):
        raise unfit(f"A load balancer can have at most {tx.limit('security-groups-per-interface')} security groups")
    return found


def _check_same(tx: Tx, known: LoadBalancer, scheme: str, mappings: list[Asked], groups: tuple[str, ...]) -> None:
    """The same call again is answered with what there is (fact 170); tags are not compared (unsourced)."""
    now = {(one.subnet, one.allocation, one.private_ip) for one in nodes_of(tx, known)}
    asked = {(one.subnet.id, one.allocation, one.private_ip) for one in mappings}
    if (known.scheme, now, set(known.groups)) != (scheme, asked, set(groups)):
        raise AwsError(
            "DuplicateLoadBalancerName",
            f"A load balancer with the same name '{known.name}' exists, but with different settings",
        )


@operation("DescribeLoadBalancers", "LoadBalancerArns Names Marker PageSize", service="elbv2")
def describe_load_balancers(tx: Tx, request: Request) -> Response:
    """All of them, or those that are named."""
    arns, names = request.get("LoadBalancerArns") or (), request.get("Names") or ()
    if arns and names:
        raise refused("Load balancer ARNs and load balancer names cannot be specified at the same time")
    if arns:
        found = [need(tx, LoadBalancer, arn) for arn in dict.fromkeys(arns)]
    elif names:
        found = [need_named(tx, LoadBalancer, name) for name in dict.fromkeys(names)]
    else:
        found = tx.mine(LoadBalancer)
    some, more = page(found, request)
    return {"LoadBalancers": [shown(tx, one) for one in some], **more}


@operation("DeleteLoadBalancer", "LoadBalancerArn", service="elbv2")
def delete_load_balancer(tx: Tx, request: Request) -> Response:
    """With its listeners and nodes; target groups stay. One that there is not is no error (fact 170)."""
    try:
        balancer = need(tx, LoadBalancer, request["LoadBalancerArn"])
    except AwsError as error:
        if error.code != "LoadBalancerNotFound":
            raise
        return {}
    if setting(balancer, "deletion_protection.enabled") == "true":
        raise AwsError(
            "OperationNotPermitted",
            f"Load balancer '{balancer.arn}' cannot be deleted because deletion protection is enabled",
        )
    for listener in tx.by(Listener, "balancer", balancer.id):
        tx.delete(listener)
    for zone in nodes_of(tx, balancer):
        end_node(tx, zone)
    for shift in tx.by(ZonalShift, "balancer", balancer.id):
        tx.delete(shift)
    tx.delete(balancer)
    return {}


def on_due(tx: Tx, balancer_id: str) -> None:
    """The engine's entry: a load balancer that is being provisioned becomes active."""
    balancer = tx.get(LoadBalancer, balancer_id)
    if balancer is not None and balancer.due is not None and balancer.due <= tx.now:
        tx.put(replace(balancer, state="active", due=None))


def shown(tx: Tx, balancer: LoadBalancer) -> dict[str, Any]:
    """A LoadBalancer of the API."""
    return {
        "LoadBalancerArn": balancer.arn,
        "DNSName": balancer.dns_name,
        "CanonicalHostedZoneId": HOSTED_ZONES.get(balancer.region),
        "CreatedTime": balancer.created,
        "LoadBalancerName": balancer.name,
        "Scheme": balancer.scheme,
        "VpcId": balancer.vpc,
        "State": {"Code": balancer.state},
        "Type": "network",
        "AvailabilityZones": zones_shape(tx, nodes_of(tx, balancer)),
        "SecurityGroups": list(balancer.groups) or None,
        "IpAddressType": "ipv4",
        "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic": balancer.private_link if balancer.groups else None,
        "EnablePrefixForIpv6SourceNat": "off",
    }
