"""Resource statements of access scopes, with what they name looked up."""

from typing import NamedTuple

from atoll.insights.passed import missing
from atoll.model.kinds import BY_PREFIX, NatGateway, Resources
from atoll.plan.rows import Node, NodeKind
from atoll.records import Table


class Named(NamedTuple):
    """What a statement names: ids, or types of resources."""

    ids: frozenset[str]
    types: tuple[str, ...]


def names_of(model: Table, found: Resources) -> Named:
    """The ids of a source or a destination. FailedError for one that is gone."""
    ids = {one: one.rpartition("/")[2] for one in found.named}
    for text, id_ in ids.items():
        kind = BY_PREFIX.get(id_.rpartition("-")[0])
        if kind is None or model.get(kind, id_) is None:
            raise missing(text)
    return Named(frozenset(ids.values()), found.types)


def of_types(model: Table, plan: Table, name: str, types: tuple[str, ...]) -> bool:
    """Whether a node that a way passes is of one of those types."""
    if model.get(NatGateway, name) is not None:
        return "AWS::EC2::NatGateway" in types
    node = plan.get(Node, name)
    balancing = node is not None and node.kind is NodeKind.BALANCER
    return balancing and "AWS::ElasticLoadBalancingV2::LoadBalancer" in types
