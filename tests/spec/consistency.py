"""Answers that cannot be true together. A judge that believed them would judge a world that never was."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from typing import TYPE_CHECKING

from tests.spec.describe import Answers, table_associations
from tests.spec.things import LOCAL

if TYPE_CHECKING:
    from tests.spec.world import World


class ContradictionError(ValueError):
    """Describe answers of one moment contradict each other."""


def refuse_contradictions(answers: Answers, world: "World") -> None:
    whose = (_of_associations(answers), _of_addresses(world), _of_public(answers, world), _of_routes(world))
    for said in (said for check in (*whose, _of_balancers(world)) for said in check):
        raise ContradictionError(said)


def _twice(what: str, keys: Iterable[Hashable]) -> Iterator[str]:
    yield from (f"{what}: {key}" for key, times in Counter(keys).items() if times > 1)


def _of_associations(answers: Answers) -> Iterator[str]:
    ways = list(table_associations(answers))
    main = [table["VpcId"] for table, way in ways if way.get("Main")]
    wrong = (vpc["VpcId"] for vpc in answers["Vpcs"] if main.count(vpc["VpcId"]) != 1)
    yield from (f"not one main route table: {vpc}" for vpc in wrong)  # fact 98
    yield from _twice("two route tables", [way["SubnetId"] for _, way in ways if way.get("SubnetId")])  # fact 100
    acls = [way["SubnetId"] for acl in answers.get("NetworkAcls", ()) for way in acl.get("Associations", ())]
    yield from _twice("two network ACLs", acls)  # fact 144


def _of_addresses(world: "World") -> Iterator[str]:
    enis = world.enis.values()
    yield from _twice("address held twice", [(eni.vpc, str(own)) for eni in enis for own in eni.addresses])
    yield from _twice("public address held twice", [public for eni in enis for public in eni.public.values()])


def _of_balancers(world: "World") -> Iterator[str]:
    nodes = world.nodes.values()
    yield from _twice("two nodes in a zone", [(one.balancer, one.zone) for one in nodes])  # fact 165, 168
    heard = [(node.eni.id, *one) for node in nodes for listener in node.listeners for one in listener.hears]
    yield from _twice("two listeners", heard)  # fact 172


def _of_public(answers: Answers, world: "World") -> Iterator[str]:
    """What DescribeAddresses and DescribeNetworkInterfaces say of the same mapping."""  # fact 34, 69
    elastic = {address["PublicIp"]: address for address in answers["Addresses"]}
    bound = [address for address in elastic.values() if address.get("NetworkInterfaceId")]
    said = {(each["PublicIp"], each["NetworkInterfaceId"], each["PrivateIpAddress"]) for each in bound}
    seen = {
        (str(public), eni.id, str(own))
        for eni in world.enis.values()
        for own, public in eni.public.items()
        if str(public) in elastic or own != eni.primary  # fact 71: else it is an automatic one
    }
    yield from (f"only one of address and interface knows of {mapping}" for mapping in said ^ seen)
    vpcs = {world.enis[eni].vpc for _, eni, _ in seen} - set(world.gateways)  # fact 29, 64: not so automatic ones
    yield from (f"{vpc} has no internet gateway, but an Elastic IP" for vpc in sorted(vpcs))


def _of_routes(world: "World") -> Iterator[str]:
    """A route is a blackhole if and only if its target is gone; while an instance changes state it may be."""
    by_state = {"running": True, "stopped": False, "terminated": False, None: False}
    for subnet in world.subnets.values():
        cidrs, gateway = world.cidrs[subnet.vpc], world.gateways.get(subnet.vpc)
        destinations = [route.destination for route in subnet.routes]
        yield from _twice(f"{subnet.id}: two routes", destinations)  # fact 108
        yield from (f"{subnet.id}: no local route to {cidr}" for cidr in cidrs if cidr not in destinations)  # 16
        for route in subnet.routes:
            eni = world.enis.get(route.target)
            there = by_state.get(eni.state if eni else None)
            if not route.target.startswith("eni-"):
                local = route.target == LOCAL and route.destination in cidrs  # fact 16
                there = local or route.target == gateway if route.target else None
            if there is route.blackhole:  # fact 102
                yield f"{subnet.id}: {route} contradicts the state of its target"
