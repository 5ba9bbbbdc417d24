"""Ways through middleboxes, about which the kernel can say less than the law.

It tracks the legs into and out of a middlebox apart. Where the two directions of a connection take different legs (a
middlebox sees one of them only), the answers belong to no connection that the kernel knows on their leg; and it
cannot tell which of several middleboxes forgets. AWS tracks at each interface, and knows.
"""

from atoll.analyze.lookup import best_route, domain_of, owns
from atoll.plan.rows import Link, Mapping, Port, Segment, ToPort
from atoll.records import Table


def by_middlebox(plan: Table, eni: str, ip: str) -> bool:
    """Whether what that port sends to the address is handed to a port that does not have it, on either side of a
    gateway."""
    port = plan.get(Port, eni)
    for mapping in plan.by(Mapping, "outside", ip):
        link = plan.get(Link, mapping.link)
        if link is not None and _through_another(plan, link.arrive_a, mapping.inside):
            return True
    segment = plan.get(Segment, port.segment) if port else None
    if segment is None or segment.prefix.holds(ip):
        return False
    return _through_another(plan, segment.table, ip)


def _through_another(plan: Table, table: str, ip: str) -> bool:
    route = best_route(plan, table, ip)
    target = plan.get(Port, route.via.port) if route and isinstance(route.via, ToPort) else None
    return target is not None and not owns(plan, target, str(domain_of(plan, target)), ip)


def speaks_for_others(plan: Table, eni: str, source: str) -> bool:
    """Whether the address is none of the port's own, so that answers need not come back to it."""
    port = plan.get(Port, eni)
    domain = domain_of(plan, port) if port else None
    return port is None or domain is None or not owns(plan, port, domain, source)
