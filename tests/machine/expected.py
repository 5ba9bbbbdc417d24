"""What Describe calls must show of the rules' world. `seen.py` brings the answers into the same form."""

from collections.abc import Iterable
from typing import Any

from tests.machine.rules.instances import CODES
from tests.machine.rules.world import (
    Acl,
    Entry,
    Group,
    Interface,
    Match,
    PrefixList,
    Route,
    Table,
    Volume,
    World,
)

Picture = dict[str, Any]

ACCOUNT = "123456789012"


def picture(world: World) -> Picture:
    """Every kind of thing, by id."""
    return {
        "vpcs": {one.id: _vpc(one) for one in world.vpcs.values()},
        "subnets": {one.id: _subnet(world, one) for one in world.subnets.values()},
        "gateways": {one.id: [] if one.vpc is None else [[one.vpc, "available"]] for one in world.gateways.values()},
        "tables": {one.id: _table(world, one) for one in world.tables.values()},
        "acls": {one.id: _acl(world, one) for one in world.acls.values()},
        "groups": {one.id: _group(one) for one in world.groups.values()},
        "interfaces": {one.id: _interface(world, one) for one in world.interfaces.values()},
        "addresses": {one.id: _elastic_ip(world, one) for one in world.elastic_ips.values()},
        "instances": {one.id: _instance(world, one) for one in world.instances.values()},
        "options": dict(world.options),
        "reservations": {one.id: [one.subnet, str(one.block), one.kind] for one in world.reservations.values()},
        "keys": {one.id: one.name for one in world.keys.values()},
        "volumes": {one.id: _volume(one) for one in world.volumes.values()},
        "lists": {one.id: _list(one) for one in world.lists.values()},
        "tags": {id_: dict(tags) for id_, tags in world.tags.items() if tags},
    }


def _vpc(one: Any) -> Picture:
    return {
        "CidrBlock": str(next(iter(one.blocks.values()))),
        "State": "available",
        "IsDefault": False,
        "blocks": {id_: [str(block), "associated"] for id_, block in one.blocks.items()},
        "DhcpOptionsId": one.options,
        "EnableDnsSupport": one.support,
        "EnableDnsHostnames": one.hostnames,
    }


def _subnet(world: World, one: Any) -> Picture:
    return {
        "VpcId": one.vpc,
        "CidrBlock": str(one.block),
        "AvailabilityZone": one.zone,
        "AvailableIpAddressCount": world.free(one.id),
        "MapPublicIpOnLaunch": one.public,
        "State": "available",
    }


def _table(world: World, one: Table) -> Picture:
    associations: Picture = {}
    if one.main_association:
        associations[one.main_association] = [True, None, None]
    for subnet in world.subnets.values():
        if subnet.table == one.id and subnet.table_association:
            associations[subnet.table_association] = [False, subnet.id, None]
    for gateway in world.gateways.values():
        if gateway.table == one.id and gateway.table_association:
            associations[gateway.table_association] = [False, None, gateway.id]
    routes = {str(to): _route(world, one, route) for to, route in one.routes.items()}
    return {"VpcId": one.vpc, "associations": associations, "routes": routes}


def _route(world: World, table: Table, route: Route) -> Picture:
    """A blackhole's target is gone, or is not at work (fact 102)."""
    shown = {"GatewayId": None, "NetworkInterfaceId": None, "InstanceId": route.instance, route.kind: route.target}
    works = route.target == "local"
    if route.target in world.gateways:
        works = world.gateways[route.target].vpc == table.vpc
    if route.target in world.interfaces:
        held = world.interfaces[route.target].attachment
        shown["InstanceId"] = held.instance if held else None
        works = held is not None and world.instances[held.instance].state == "running"
    return {**shown, "State": "active" if works else "blackhole", "Origin": route.origin}


def _acl(world: World, one: Acl) -> Picture:
    given = {subnet.acl_association: subnet.id for subnet in world.subnets.values() if subnet.acl == one.id}
    entries = {
        f"{'out' if egress else 'in'} {number}": _entry(entry) for (egress, number), entry in one.entries.items()
    }
    return {"VpcId": one.vpc, "IsDefault": one.default, "entries": entries, "associations": given}


def _entry(one: Entry) -> list[Any]:
    return [one.protocol, one.action, str(one.block), list(one.ports or []), list(one.icmp or [])]


def _group(one: Group) -> Picture:
    return {
        "GroupName": one.name,
        "Description": one.description,
        "VpcId": one.vpc,
        "rules": {id_: rule(match) for id_, match in one.rules.items()},
        "IpPermissions": permissions(match for match in one.rules.values() if not match.egress),
        "IpPermissionsEgress": permissions(match for match in one.rules.values() if match.egress),
    }


def rule(match: Match) -> list[Any]:
    """What DescribeSecurityGroupRules shows of one; without ports it says -1 (fact 124)."""
    return [match.egress, match.protocol, list(match.ports or (-1, -1)), match.block, match.group, match.list]


def permissions(matches: Iterable[Match]) -> Picture:
    """What DescribeSecurityGroups shows: the sources of each protocol and ports (fact 123)."""
    found: Picture = {}
    for one in matches:
        sources = found.setdefault(f"{one.protocol} {list(one.ports or [])}", {})
        sources[one.block or one.group or one.list] = ACCOUNT if one.group else "list" if one.list else "block"
    return found


def _interface(world: World, one: Interface) -> Picture:
    held = one.attachment
    attachment = [held.id, held.instance, held.index, held.delete, "attached"] if held else None
    return {
        "SubnetId": one.subnet,
        "VpcId": world.subnets[one.subnet].vpc,
        "AvailabilityZone": world.subnets[one.subnet].zone,
        "Status": "in-use" if held else "available",
        "Description": one.description,
        "SourceDestCheck": one.check,
        "InterfaceType": "interface",
        "PrivateIpAddress": one.addresses[0],
        "groups": {id_: world.groups[id_].name for id_ in one.groups},
        "attachment": attachment,
        "addresses": {address: _address(world, one, address) for address in one.addresses},
    }


def _address(world: World, one: Interface, address: str) -> list[Any]:
    """Whether it is the primary one, and its public address: an Elastic IP's, or an automatic one."""
    primary, mapped = address == one.addresses[0], world.mapped(one, address)
    if mapped and mapped.association:
        return [primary, mapped.public, mapped.id, mapped.association.id]
    return [primary, one.public if primary else None, None, None]


def _elastic_ip(world: World, one: Any) -> Picture:
    held = one.association
    place = world.interfaces[held.interface] if held else None
    instance = place.attachment.instance if place and place.attachment else None
    return {
        "PublicIp": one.public,
        "Domain": "vpc",
        "AssociationId": held.id if held else None,
        "NetworkInterfaceId": held.interface if held else None,
        "PrivateIpAddress": held.address if held else None,
        "InstanceId": instance,
    }


def _volume(one: Volume) -> list[Any]:
    return ["in-use", one.instance, "/dev/sda1", one.delete] if one.instance else ["available"]


def _list(one: PrefixList) -> Picture:
    return {
        "PrefixListName": one.name,
        "MaxEntries": one.most,
        "Version": one.version,
        "State": one.state,
        "entries": dict.fromkeys(one.entries, True),
    }


def _instance(world: World, one: Any) -> Picture:
    """A terminated instance has no interfaces any more."""
    held = world.held(one.id)
    eth0 = held[0] if held else None
    return {
        "State": [CODES[one.state], one.state],
        "PrivateIpAddress": eth0.addresses[0] if eth0 else None,
        "PublicIpAddress": _address(world, eth0, eth0.addresses[0])[1] if eth0 else None,
        "SubnetId": eth0.subnet if eth0 else None,
        "KeyName": one.key,
        "interfaces": {each.id: each.attachment.index for each in held if each.attachment},
    }
