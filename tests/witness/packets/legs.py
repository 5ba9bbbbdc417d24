"""Ways through middleboxes, about which the kernel can say less than the law.

It tracks the legs into and out of a middlebox apart. Where the two directions of a connection take different legs (a
middlebox sees one of them only), the answers belong to no connection that the kernel knows on their leg; and it
cannot tell which of several middleboxes forgets. AWS tracks at each interface, and knows. The legs between
senders and translators are tracked apart as well.
"""

from atoll.analyze.lookup import best_route, domain_of, owns
from atoll.analyze.translators import is_translator
from atoll.plan.rows import Link, Mapping, Port, Segment, ToPort
from atoll.records import Table


def by_translator(plan: Table, eni: str, ip: str) -> str | None:
    """The port of a translator to which what that port sends to the address is handed, if it is."""
    port = plan.get(Port, eni)
    segment = plan.get(Segment, port.segment) if port else None
    if segment is None or segment.prefix.holds(ip):
        return None
    route = best_route(plan, segment.table, ip)
    target = plan.get(Port, route.via.port) if route and isinstance(route.via, ToPort) else None
    return target.id if target and is_translator(plan, target) else None


def out_by_middlebox(plan: Table, eni: str, source: str, destination: str) -> bool:
    """Whether there is a middlebox on the way out, or on the way back from a translator on it."""
    seen: set[str] = set()
    while not by_middlebox(plan, eni, destination):
        translator = by_translator(plan, eni, destination)
        if translator is None or translator in seen:
            return False
        if by_middlebox(plan, translator, source):
            return True
        seen.add(translator)
        eni = translator
    return True


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
    if target is not None and is_translator(plan, target):
        return False
    return target is not None and not owns(plan, target, str(domain_of(plan, target)), ip)


def speaks_for_others(plan: Table, eni: str, source: str) -> bool:
    """Whether the address is none of the port's own, so that answers need not come back to it."""
    port = plan.get(Port, eni)
    domain = domain_of(plan, port) if port else None
    return port is None or domain is None or not owns(plan, port, domain, source)
