"""What must hold of every design, whatever its packets do: one line a violation."""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Network
from pathlib import Path

from atoll.compile import compiler
from atoll.fabric.kernel import KernelFabric
from atoll.fabric.kernel.objects import Element
from atoll.fabric.kernel.passes.routes import LAST
from atoll.records import Delta, Key, Record, inverse
from tests.spec.things import LOCAL, Route
from tests.witness import snapshot
from tests.witness.clients import Direct
from tests.witness.cloud import Cloud, always_there
from tests.witness.snapshot import Answers

SHOWN = 3
"""Lines of one violation that are named."""


def plan_from_scratch(cloud: Cloud) -> Iterator[str]:
    """The plan that grew call by call is the plan that the compiler makes of the model at once."""
    model = cloud.writer.model
    whole: Delta = {key: (None, record) for key, record in model.records.items()}
    fresh: dict[Key, Record] = {row.key: row for row in always_there()}
    fresh.update({key: new for key, (_, new) in compiler().propose(model, whole).delta.items() if new})
    if cloud.plan.records == fresh:
        return
    yield from _different("plan", sorted(map(repr, cloud.plan.records.values())), sorted(map(repr, fresh.values())))


def kernel_from_scratch(cloud: Cloud, fabric: KernelFabric, folder: Path) -> Iterator[str]:
    """The kernel's state that grew call by call is that of a fabric which builds the plan at once."""
    other = KernelFabric(folder)
    try:
        other.apply({key: (None, row) for key, row in cloud.plan.records.items()})
        yield from _different("dump", _lines(fabric), _lines(other))
    finally:
        other.close()


def observed(fabric: KernelFabric) -> Iterator[str]:
    """The kernel holds what was applied."""
    yield from (f"observe: {line}" for line in fabric.observe()[:SHOWN])


def undone(fabric: KernelFabric, before: Sequence[str], deltas: Sequence[Delta]) -> Iterator[str]:
    """Changes and then their inverses are nothing. The plan is not told: nothing else may use the fabric after it."""
    for delta in reversed(deltas):
        fabric.apply(inverse(delta))
    yield from _different("undone", _lines(fabric), before)


def counted(cloud: Cloud, fabric: KernelFabric, answers: Answers) -> Iterator[str]:
    """The kernel's state holds every address, mapping, route and rule that the API shows, and no others.

    Elements stand for rules, and remember which; that the kernel holds the elements is for `observed` to say.
    """
    tables = _tables(answers)
    wanted = {
        "own": sorted(_live_addresses(answers)),
        "remap": sorted(_mappings(answers)),
        "routes": sorted({f"{table} {route.destination}" for table, routes in tables.items() for route in routes}),
        "rules": sorted(_rules(answers)),
    }
    found = _found(fabric, {vpc["VpcId"] for vpc in answers["Vpcs"]}, set(tables))
    found["rules"] = sorted({rule for element in fabric.applied.all(Element) for rule in element.rules})
    for name, lines in wanted.items():
        yield from _different(name, found[name], lines)


def dump(fabric: KernelFabric) -> list[str]:
    """The kernel's state without what waits to be removed."""
    return _lines(fabric)


def describe(cloud: Cloud) -> Answers:
    """What the API shows, rules of security groups one by one."""
    client = Direct(cloud)
    rules = client.call("DescribeSecurityGroupRules")["SecurityGroupRules"]
    beside = client.call("DescribeSecurityGroupVpcAssociations")["SecurityGroupVpcAssociations"]
    return {**snapshot.describe(client), "SecurityGroupRules": rules, "SecurityGroupVpcAssociations": beside}


def _lines(fabric: KernelFabric) -> list[str]:
    while fabric.reap():
        pass
    return sorted(fabric.dump().splitlines())


def _found(fabric: KernelFabric, vpcs: set[str], tables: set[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"own": [], "remap": [], "routes": []}
    for words in (line.split() for line in fabric.dump().splitlines()):
        if words[0] == "element" and words[1] in vpcs and words[2] in found:
            found[words[2]].append(f"{words[1]} {words[4]}" + (f" {words[6]}" if words[2] == "remap" else ""))
        elif words[0] == "kernel-route" and words[2] in tables and int(words[4]) < LAST:
            found["routes"].append(f"{words[2]} {words[3]}")
    return {name: sorted(lines) for name, lines in found.items()}


def _live_addresses(answers: Answers) -> Iterator[str]:
    running = {one["InstanceId"] for one in answers["Instances"] if one["State"]["Name"] == "running"}
    for eni in answers["NetworkInterfaces"]:
        if (
            eni["InterfaceType"] in ("nat_gateway", "network_load_balancer")
            or (eni.get("Attachment") or {}).get("InstanceId") in running
        ):
            yield from (f"{eni['VpcId']} {one['PrivateIpAddress']}" for one in eni["PrivateIpAddresses"])
            for block in eni.get("Ipv4Prefixes", ()):
                yield from (f"{eni['VpcId']} {ip}" for ip in IPv4Network(block["Ipv4Prefix"]))


def _mappings(answers: Answers) -> Iterator[str]:
    served = {way["VpcId"] for gateway in answers["InternetGateways"] for way in gateway.get("Attachments", ())}
    for eni in answers["NetworkInterfaces"]:
        for one in eni["PrivateIpAddresses"]:
            if one.get("Association") and eni["VpcId"] in served:
                yield f"{eni['VpcId']} {one['PrivateIpAddress']} {one['Association']['PublicIp']}"


def _tables(answers: Answers) -> dict[str, Iterable[Route]]:
    """The routes of each table that packets ask, as the spec understands them: of subnets, and of what comes in."""
    named = {
        way["SubnetId"]: table["RouteTableId"]
        for table in answers["RouteTables"]
        for way in table["Associations"]
        if way.get("SubnetId")
    }
    main = {
        table["VpcId"]: table["RouteTableId"]
        for table in answers["RouteTables"]
        if any(way.get("Main") for way in table["Associations"])
    }
    world = snapshot.world({kind: answers[kind] for kind in (*snapshot.KINDS, "Instances", "PrefixLists")})
    found: dict[str, Iterable[Route]] = {
        named.get(subnet.id, main[subnet.vpc]): subnet.routes for subnet in world.subnets.values()
    }
    for vpc, gateway in world.gateways.items():
        local = tuple(Route(block, LOCAL, False) for block in world.cidrs[vpc])
        found[f"{gateway}/in"] = world.edges.get(vpc, local)
    return found


def _rules(answers: Answers) -> Iterator[str]:
    """The rules that IPv4 packets can meet, once for each VPC in which their group may be worn."""
    empty = {one["PrefixListId"] for one in answers["PrefixLists"] if not one["Entries"]}
    beside: dict[str, list[str]] = {}
    for one in answers["SecurityGroupVpcAssociations"]:
        beside.setdefault(one["GroupId"], []).append(one["VpcId"])
    groups = {group["GroupId"]: group["VpcId"] for group in answers["SecurityGroups"]}
    for rule in answers["SecurityGroupRules"]:
        if rule.get("CidrIpv6") or rule.get("PrefixListId") in empty:
            continue
        yield rule["SecurityGroupRuleId"]
        peer = (rule.get("ReferencedGroupInfo") or {}).get("GroupId")
        for vpc in beside.get(rule["GroupId"], ()):
            if peer is None or groups[peer] == vpc or vpc in beside.get(peer, ()):
                yield f"{rule['SecurityGroupRuleId']}@{vpc}"


def _different(name: str, found: Sequence[str], wanted: Sequence[str]) -> Iterator[str]:
    """Both sorted; each line as often as it occurs."""
    if list(found) == list(wanted):
        return
    extra, missing = sorted(set(found) - set(wanted)), sorted(set(wanted) - set(found))
    yield f"{name}: {len(found)} lines instead of {len(wanted)}; extra {extra[:SHOWN]}, missing {missing[:SHOWN]}"
