"""The internet: one domain with one segment, whose hosts are unfiltered and may send from any address."""

from collections.abc import Iterable

from atoll.compile.passes import of
from atoll.model.kinds import InternetHost
from atoll.packet import Prefix, ip_number
from atoll.plan.rows import (
    INTERNET,
    Address,
    Deliver,
    Domain,
    DomainKind,
    Node,
    NodeKind,
    Port,
    Route,
    Row,
    Segment,
    Site,
    ToPort,
)
from atoll.records import View

DEFAULT_PREFIX = "203.0.113.0/24"
"""TEST-NET-3 (RFC 5737): addresses that no real host has."""

RESOLVER, AWS = "203.0.113.53", "203.0.113.43"
"""Addresses of one host that is always there: at the first it resolves names for everybody, at the other it is AWS."""

UPLINK = "203.0.113.254"
"""The internet host behind which the real internet lies, if there is an uplink."""


def constants(prefix: str, *, uplink: bool) -> list[Row]:
    """The domain, its segment and its own route; public addresses add their routes to the same table."""
    block = Prefix.parse(prefix)
    name = host_id(UPLINK)
    way_out = [*host_rows(UPLINK), Route(table=INTERNET, domain=INTERNET, prefix=Prefix.everything(), via=ToPort(name))]
    return [
        *(way_out if uplink else ()),
        *host_rows(RESOLVER, AWS),
        Site(id=INTERNET),
        Domain(id=INTERNET, kind=DomainKind.INTERNET),
        Segment(id=INTERNET, domain=INTERNET, site=INTERNET, prefix=block, table=INTERNET),
        Route(table=INTERNET, domain=INTERNET, prefix=block, via=Deliver()),
    ]


def host_id(ip: str) -> str:
    """The id of the node and of the port of the internet host with that address."""
    return f"{INTERNET}/{ip}"


def host(_view: View, mine: InternetHost) -> Iterable[Row]:
    """A host of the internet; one that a former Atoll made where its own are by now is nobody."""
    if mine.ip not in (RESOLVER, AWS, UPLINK):
        yield from host_rows(mine.ip)


def host_rows(ip: str, *more: str) -> Iterable[Row]:
    """A node of that address, its port and its addresses."""
    name = host_id(ip)
    yield Node(id=name, site=INTERNET, kind=NodeKind.HOST)
    yield Port(id=name, segment=INTERNET, mac=_mac(ip), node=name, index=0, guard=False, filtered=False, mtu=1500)
    for one in (ip, *more):
        yield Address(domain=INTERNET, ip=one, port=name, primary=one == ip)


def _mac(ip: str) -> str:
    octets = ip_number(ip)[1].to_bytes(4, "big")
    return "06:00:" + ":".join(f"{octet:02x}" for octet in octets)


PASSES = (of(InternetHost, host),)
