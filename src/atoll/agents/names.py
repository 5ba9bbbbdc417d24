"""What a resolver knows, from the plan's rows alone: pure functions."""

import re
from ipaddress import AddressValueError, IPv4Address
from typing import NamedTuple

from atoll.packet import Prefix
from atoll.plan.rows import INTERNET, Name, NameType, Numbering, Zone, place_of
from atoll.records import Table

REVERSE = "in-addr.arpa"
ANY = "ANY"


class Found(NamedTuple):
    """What there is of a name. `zone`: whose word it is that there is no more, empty for the root's."""

    values: tuple[tuple[str, str], ...] = ()
    """Type and value, those of the type that was asked for."""
    ttl: int = 0
    exists: bool = True
    zone: str = ""


def look_up(plan: Table, domain: str, name: str, kind: str) -> Found | None:
    """What somebody in that domain is told: its own names first, then the internet's. None: nothing is known of it.

    `name` in lower case without the last dot; `kind` in DNS's words ("A", "AAAA", "ANY").
    """
    for where in dict.fromkeys((domain, INTERNET)):
        found = _among_rows(plan, where, name, kind) or _among_numbers(plan, where, name, kind)
        if found is not None:
            return found._replace(zone=zone_of(plan, domain, name))
        if plan.get(Zone, where, name) or plan.count(Name, "above", place_of(where, name)):
            return Found(zone=zone_of(plan, domain, name))
        zone = _zone_in(plan, where, name)
        if zone and (where == INTERNET or not _zone_in(plan, INTERNET, name)):
            return Found(exists=False, zone=zone)
    return None


def zone_of(plan: Table, domain: str, name: str) -> str:
    """The zone that a name is in, as that domain sees it; empty for the root."""
    return _zone_in(plan, domain, name) or _zone_in(plan, INTERNET, name)


def _zone_in(plan: Table, domain: str, name: str) -> str:
    labels = name.split(".")
    ends = (".".join(labels[start:]) for start in range(len(labels)))
    return next((end for end in ends if plan.get(Zone, domain, end)), "")


def _among_rows(plan: Table, domain: str, name: str, kind: str) -> Found | None:
    rows = plan.by(Name, "place", place_of(domain, name))
    if not rows:
        return None
    return _told([(row.type, row.value, row.ttl) for row in rows], kind)


def _told(known: list[tuple[NameType, str, int]], kind: str) -> Found:
    wanted = [one for one in known if kind in (one[0], ANY)]
    return Found(tuple((type_, value) for type_, value, _ in wanted), min((ttl for *_, ttl in wanted), default=0))


_NUMBERED = re.compile(r"ip-(\d{1,3})-(\d{1,3})-(\d{1,3})-(\d{1,3})\.(.+)", re.ASCII)


def _among_numbers(plan: Table, domain: str, name: str, kind: str) -> Found | None:
    """Names made of addresses, and the addresses' own."""
    if name.endswith(REVERSE):
        return _reverse(plan, domain, name, kind)
    matched = _NUMBERED.fullmatch(name)
    if matched is None:
        return None
    *octets, zone = matched.groups()
    ip = _address(octets)
    for row in plan.by(Numbering, "domain", domain) if ip else ():
        if ip and row.zone == zone and row.prefix.holds(ip):
            return _told([(NameType.A, ip, row.ttl)], kind)
    return None


def _reverse(plan: Table, domain: str, name: str, kind: str) -> Found | None:
    octets = name.removesuffix(REVERSE).removesuffix(".").split(".")[::-1]
    octets = [one for one in octets if one]
    ip = _address([*octets, *"000"[: max(0, 4 - len(octets))]])
    if ip is None:
        return None
    asked = Prefix.parse(f"{ip}/{8 * len(octets)}")
    for row in plan.by(Numbering, "domain", domain):
        if row.prefix.covers(asked) and len(octets) == 4:
            return _told([(NameType.PTR, f"ip-{ip.replace('.', '-')}.{row.zone}", row.ttl)], kind)
        if asked.covers(row.prefix) or (row.prefix.covers(asked) and len(octets) < 4):
            return Found()
    return None


def _address(octets: list[str]) -> str | None:
    """The address of four numbers that are written as they are: no zero in front of them."""
    try:
        return str(IPv4Address(".".join(octets)))
    except AddressValueError:
        return None
