"""The rows of the plan. Keys are made of the cloud's stable ids; nothing that grows is a field."""

from atoll.plan.rows.balancers import Backend, Frontend, Hash, Probe
from atoll.plan.rows.base import Row
from atoll.plan.rows.filters import Filter, In, InSet, Match, Member, Peer, Rule, SentBy, Wearing
from atoll.plan.rows.names import Lease, Name, NameType, Numbering, Resolver, Zone, place_of
from atoll.plan.rows.places import Address, Direction, Domain, DomainKind, Idle, Node, NodeKind, Port, Segment, Site
from atoll.plan.rows.ways import Deliver, Drop, Link, Mapping, Masquerade, Route, ToLink, ToPort, Via

__all__ = [
    "INTERNET",
    "ROWS",
    "Address",
    "Backend",
    "Deliver",
    "Direction",
    "Domain",
    "DomainKind",
    "Drop",
    "Filter",
    "Frontend",
    "Hash",
    "Idle",
    "In",
    "InSet",
    "Lease",
    "Link",
    "Mapping",
    "Masquerade",
    "Match",
    "Member",
    "Name",
    "NameType",
    "Node",
    "NodeKind",
    "Numbering",
    "Peer",
    "Port",
    "Probe",
    "Resolver",
    "Route",
    "Row",
    "Rule",
    "Segment",
    "SentBy",
    "Site",
    "ToLink",
    "ToPort",
    "Via",
    "Wearing",
    "Zone",
    "place_of",
]

ROWS: tuple[type[Row], ...] = (
    Site,
    Domain,
    Segment,
    Node,
    Port,
    Address,
    Route,
    Link,
    Mapping,
    Masquerade,
    Frontend,
    Backend,
    Probe,
    Filter,
    Rule,
    Wearing,
    Member,
    Resolver,
    Lease,
    Zone,
    Numbering,
    Name,
)

INTERNET = "internet"
"""The id of the one internet domain, of its segment and of its route table."""
