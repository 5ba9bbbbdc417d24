"""What is there after a restart by the API: every answer as it is, and things in the words of the shadow."""

from typing import NamedTuple

from atoll.services import registry
from atoll.services import served as _served  # noqa: F401 - registers the handlers
from tests.crash import seen_balancers
from tests.crash.aws import Aws, Element, RefusedError
from tests.crash.things import GONE, OF_ELB, OWNED, Things

TABLES = {
    "DescribeImages",
    "DescribeInstanceTypeOfferings",
    "DescribeInstanceTypes",
}
"""They read tables that come with Atoll, megabytes of them."""

DESCRIBES = tuple(
    sorted(
        name
        for service, name in registry.OPERATIONS
        if service == "ec2" and name.startswith("Describe") and name not in TABLES
    )
)
"""Every one that is built, asked without parameters: those that need some refuse in the same words each time."""

LAST = "32767"
"""The number of the refusal that ends each ACL."""

WAY = {"false": "in", "true": "out"}
CHANGING = {"pending", "stopping", "shutting-down", "rebooting", "deleting"}


class Seen(NamedTuple):
    """An account's things by their names, and the ids behind these."""

    things: Things
    ids: dict[str, str]


def answers(aws: Aws) -> dict[str, bytes]:
    """Every Describe answer as it is; of each prefix list, its entries as well; those about load balancers."""
    found = {action: _answer(aws, action) for action in DESCRIBES}
    for one in aws.call("DescribeManagedPrefixLists").all("prefixListSet/item"):
        name = one.text("prefixListId")
        found[f"entries of {name}"] = _answer(aws, "GetManagedPrefixListEntries", name)
    return found | seen_balancers.answers(aws)


def _answer(aws: Aws, action: str, prefix_list: str = "") -> bytes:
    try:
        return aws.answer(action, {"PrefixListId": prefix_list} if prefix_list else {})
    except RefusedError as error:
        return repr(error).encode()


def settling(aws: Aws) -> bool:
    """Whether some instance, NAT gateway or load balancer is on its way to another state."""
    items = aws.call("DescribeInstances").all("reservationSet/item/instancesSet/item")
    gateways = aws.call("DescribeNatGateways").all("natGatewaySet/item")
    states = [*(one.text("instanceState/name") for one in items), *(one.text("state") for one in gateways)]
    return not CHANGING.isdisjoint(states) or seen_balancers.provisioning(aws)


def look(aws: Aws) -> Seen:
    """An account's things, in the words of the shadow; what has no name and should not be there as ("stray", id)."""
    seen = Seen({}, {})
    names: dict[str, str] = {}  # by id
    for one in aws.call("DescribeVpcs").all("vpcSet/item"):
        if one.text("isDefault") != "true":
            _add(seen, names, "vpc", one, "vpcId", one.text("cidrBlock"))
    for one in aws.call("DescribeSubnets").all("subnetSet/item"):
        if one.text("defaultForAz") != "true":
            _add(seen, names, "subnet", one, "subnetId", names[one.text("vpcId")], one.text("cidrBlock"))
    for one in aws.call("DescribeInternetGateways").all("internetGatewaySet/item"):
        if _name(one):
            _add(seen, names, "gateway", one, "internetGatewayId", names.get(one.text("attachmentSet/item/vpcId"), ""))
    _lists(aws, seen, names)
    _groups(aws, seen, names)
    primaries = _instances(aws, seen, names)
    _nat_gateways(aws, seen, names)
    seen_balancers.look(aws, *seen, names)
    nodes: dict[str, str] = {}  # subnets of load balancers' ENIs, whose addresses are theirs to choose
    for one in aws.call("DescribeNetworkInterfaces").all("networkInterfaceSet/item"):
        if subnet := seen_balancers.node(one, seen.things, names):
            nodes[one.text("networkInterfaceId")] = subnet
        else:
            _interface(one, seen, names, primaries)
    for one in aws.call("DescribeAddresses").all("addressesSet/item"):
        eni = one.text("networkInterfaceId")
        place = nodes.get(eni, one.text("privateIpAddress"))
        _add(seen, names, "address", one, "allocationId", names.get(eni, eni), place)
    _tables(aws, seen, names)
    _acls(aws, seen, names)
    _tags(aws, seen, names)
    return seen


def _lists(aws: Aws, seen: Seen, names: dict[str, str]) -> None:
    for one in aws.call("DescribeManagedPrefixLists").all("prefixListSet/item"):
        if one.text("ownerId") != "AWS":
            asked = {"PrefixListId": one.text("prefixListId")}
            entries = aws.call("GetManagedPrefixListEntries", asked).all("entrySet/item")
            blocks = sorted(entry.text("cidr") for entry in entries)
            _add(seen, names, "list", one, "prefixListId", one.text("version"), *blocks)


def _nat_gateways(aws: Aws, seen: Seen, names: dict[str, str]) -> None:
    """Their interfaces have their names: Elastic IPs are on these."""
    for one in aws.call("DescribeNatGateways").all("natGatewaySet/item"):
        if one.text("state") != "deleted":
            _add(seen, names, "nat", one, "natGatewayId", names[one.text("subnetId")], one.text("state"))
            names[one.text("natGatewayAddressSet/item/networkInterfaceId")] = _name(one)


def _tables(aws: Aws, seen: Seen, names: dict[str, str]) -> None:
    there = {key[1] for key in seen.things if key[0] not in OWNED}
    for one in aws.call("DescribeRouteTables").all("routeTableSet/item"):
        if one.text("associationSet/item/main") == "true":
            continue  # nobody changes a main table here
        _add(seen, names, "table", one, "routeTableId", names[one.text("vpcId")])
        for route in one.all("routeSet/item"):
            to = names.get(route.text("destinationPrefixListId")) or route.text("destinationCidrBlock")
            target = next(filter(None, map(route.text, ("natGatewayId", "networkInterfaceId", "gatewayId"))))
            if target != "local":
                name = names.get(target, "")
                seen.things["route", _name(one), to] = (name if name in there else GONE,)
        for association in one.all("associationSet/item"):
            subnet = names[association.text("subnetId")]
            seen.things["association", subnet] = (_name(one),)
            seen.ids[f"association of {subnet}"] = association.text("routeTableAssociationId")


def _acls(aws: Aws, seen: Seen, names: dict[str, str]) -> None:
    for one in aws.call("DescribeNetworkAcls").all("networkAclSet/item"):
        default = one.text("default") == "true"
        if not default:
            _add(seen, names, "acl", one, "networkAclId", names[one.text("vpcId")])
        for association in one.all("associationSet/item"):
            subnet = names.get(association.text("subnetId"), "")  # the default VPC's have no name
            seen.ids[f"acl association of {subnet}"] = association.text("networkAclAssociationId")
            if not default:
                seen.things["acl of", subnet] = (_name(one),)
        for entry in one.all("entrySet/item"):
            if not default and entry.text("ruleNumber") != LAST:
                key = ("entry", _name(one), WAY[entry.text("egress")], entry.text("ruleNumber"))
                seen.things[key] = (entry.text("ruleAction"), entry.text("cidrBlock"))


def _tags(aws: Aws, seen: Seen, names: dict[str, str]) -> None:
    """Of what is there: terminated instances and deleted gateways keep theirs as long as they are described."""
    there = {key[1] for key in seen.things if key[0] not in OWNED | OF_ELB}
    for one in aws.call("DescribeTags").all("tagSet/item"):
        name = names.get(one.text("resourceId"), one.text("resourceId"))
        if one.text("key") != "Name" and name in there:
            seen.things["tag", name, one.text("key")] = (one.text("value"),)


def _groups(aws: Aws, seen: Seen, names: dict[str, str]) -> None:
    for one in aws.call("DescribeSecurityGroups").all("securityGroupInfo/item"):
        group = one.text("groupName")
        if group == "default":
            names[one.text("groupId")] = "default"
            continue
        _add(seen, names, "group", one, "groupId", names[one.text("vpcId")])
        for rule in one.all("ipPermissions/item"):
            lists = [names[item.text("prefixListId")] for item in rule.all("prefixListIds/item")]
            seen.things["rule", group, rule.text("fromPort")] = tuple(lists)


def _instances(aws: Aws, seen: Seen, names: dict[str, str]) -> dict[str, str]:
    """Primary ENIs by instance."""
    found: dict[str, str] = {}
    for one in aws.call("DescribeInstances").all("reservationSet/item/instancesSet/item"):
        state = one.text("instanceState/name")
        if state != "terminated":
            subnet = names[one.text("subnetId")]
            _add(seen, names, "instance", one, "instanceId", subnet, one.text("privateIpAddress"), state)
            for eni in one.all("networkInterfaceSet/item"):
                if eni.text("attachment/deviceIndex") == "0":
                    found[eni.text("networkInterfaceId")] = one.text("instanceId")
    return found


def _interface(one: Element, seen: Seen, names: dict[str, str], primaries: dict[str, str]) -> None:
    id_ = one.text("networkInterfaceId")
    if id_ in primaries or (one.text("interfaceType") == "nat_gateway" and id_ in names):
        return
    ips = sorted(one.all("privateIpAddressesSet/item"), key=lambda ip: (ip.text("primary") != "true", _ip(ip)))
    group = names.get(one.text("groupSet/item/groupId"), "")
    at = names.get(one.text("attachment/instanceId"), one.text("attachment/instanceId"))
    subnet = names[one.text("subnetId")]
    _add(seen, names, "eni", one, "networkInterfaceId", subnet, group, at, *map(_ip, ips))
    seen.ids[f"attachment of {_name(one)}"] = one.text("attachment/attachmentId")


def _ip(item: Element) -> str:
    return item.text("privateIpAddress")


def _add(seen: Seen, names: dict[str, str], kind: str, one: Element, field: str, *value: str) -> None:
    id_, name = one.text(field), _name(one)
    names[id_] = name
    seen.ids[name] = id_
    seen.things[(kind, name) if name else ("stray", id_)] = value


def _name(one: Element) -> str:
    return next((tag.text("value") for tag in one.all("tagSet/item") if tag.text("key") == "Name"), "")
