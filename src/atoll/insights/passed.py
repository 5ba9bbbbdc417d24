"""Intermediate components: what a path passes, by the ARNs that an analysis names (FilterInArns, FilterOutArns)."""

from collections.abc import Iterable, Sequence

from atoll.analyze.lookup import Plan
from atoll.model.kinds import BY_PREFIX, LoadBalancer, NetworkInterface
from atoll.model.names import arn
from atoll.plan.rows import Node
from atoll.records import Table

NEVER = ("transit-gateway", "transit-gateway-attachment", "vpc-peering-connection", "vpc-endpoint", "firewall")
"""Intermediate components of AWS's that this cloud cannot have, by the type of resource in their ARNs."""


class FailedError(Exception):
    """The analysis cannot be made; the message is AWS's StatusMessage."""


def missing(text: str) -> FailedError:
    """What an analysis names does not exist (the guide's page on troubleshooting)."""
    return FailedError(f"The request failed due to missing component {text}")


def resolved(model: Table, text: str) -> str:
    """What an ARN means among the links and nodes of a way: an internet gateway's or a NAT gateway's id, a load
    balancer's ARN. An ENI of one of them means that one; any other ENI is an end of paths, and passed by none.
    """
    for balancer in model.all(LoadBalancer):
        if balancer.arn == text:
            return text
    id_ = text.rpartition("/")[2]
    kind = BY_PREFIX.get(id_.rpartition("-")[0])
    found = model.get(kind, id_) if kind is not None else None
    if found is None or arn(found, id_) != text:
        raise missing(text)
    if isinstance(found, NetworkInterface) and found.nat_gateway is not None:
        return found.nat_gateway
    if isinstance(found, NetworkInterface) and found.load_balancer is not None:
        owner = model.get(LoadBalancer, found.load_balancer)
        return owner.arn if owner is not None else id_
    return id_


def intermediate(model: Table, text: str) -> str:
    """The same of a path's component: none is through a peering, or another thing of NEVER, and no analysis fails by it
    (seen on AWS).
    """
    return text if text.split(":", 5)[-1].partition("/")[0] in NEVER else resolved(model, text)


def passed(plan: Plan, via: Sequence[str], must: Iterable[str], must_not: Iterable[str]) -> bool:
    """Whether a way passes all of the first and none of the others."""
    names = set(via)
    for name in via:
        node = plan.get(Node, name)
        names.update(node.origin if node is not None else ())
    return names.issuperset(must) and not names.intersection(must_not)
