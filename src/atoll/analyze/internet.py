"""The whole internet as one end of a question: a host that has every address which no cloud of this plan has."""

from atoll.analyze.lookup import Plan, domain_of
from atoll.analyze.reach.flows import IPV4, block, prefixes
from atoll.analyze.reach.links import UNROUTED
from atoll.analyze.reach.routes import Still
from atoll.analyze.reach.spans import Span, joined, without
from atoll.packet import Prefix
from atoll.plan.rows import INTERNET, Link, Node, NodeKind, Port, Route, Segment, ToLink, ToPort
from atoll.records import Table

ANYONE = f"{INTERNET}/anyone"
"""The node, and the port, that stands for all hosts of the internet. It answers whatever reaches it."""

ANSWERING = frozenset({ANYONE})

NO_HOSTS = tuple(
    Prefix.parse(text)
    for text in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")  # RFC 6890: nobody's, anywhere
)
PUBLIC = without(IPV4, joined((*UNROUTED, *(part for prefix in NO_HOSTS for part in block(prefix)))))
"""Addresses that a host of the internet can have."""


def with_anyone(plan: Table) -> Still:
    """The plan with all of the internet in it. Its hosts are left out: `ANYONE` speaks for their addresses too."""
    draft = Still(plan)
    segment = plan.get(Segment, INTERNET)
    if segment is None:
        return draft
    draft.put(Node(id=ANYONE, site=INTERNET, kind=NodeKind.HOST))
    draft.put(
        Port(id=ANYONE, segment=ANYONE, mac="06:00:00:00:00:00", node=ANYONE, index=0, guard=False, filtered=False)
    )
    nowhere = Prefix.parse("0.0.0.0/32")
    draft.put(Segment(id=ANYONE, domain=INTERNET, site=INTERNET, prefix=nowhere, table=segment.table))
    own = plan.get(Route, segment.table, str(segment.prefix))
    if own is not None:
        draft.delete(own)
    uplink = plan.get(Route, segment.table, str(Prefix.everything()))
    if uplink is not None:
        draft.delete(uplink)
    for prefix in prefixes(PUBLIC):
        draft.put(Route(table=segment.table, domain=INTERNET, prefix=prefix, via=ToPort(ANYONE)))
    return draft


def addresses(plan: Plan) -> Span:
    """The public IPv4 addresses to which no link of the plan leads."""
    routes = plan.by(Route, "table", INTERNET)
    return without(
        PUBLIC, joined(tuple(part for row in routes if isinstance(row.via, ToLink) for part in block(row.prefix)))
    )


def kept_from(plan: Plan, port: Port) -> Span:
    """The addresses that the port's domain keeps for itself: its gateways let none of them in."""
    links = plan.by(Link, "a", domain_of(plan, port) or "")
    routes = (route for link in links if link.mapped for route in plan.by(Route, "table", link.arrive_a))
    return joined(tuple(part for route in routes if not isinstance(route.via, ToLink) for part in block(route.prefix)))
