"""Sets of services, addresses and flows as words, and one flow of a set as an example."""

from collections.abc import Iterable, Iterator
from itertools import product

from atoll.analyze.reach.flows import BLOCK, IPV4, SERVICES, Box, flow_of, place, prefixes, protocol_block
from atoll.analyze.reach.spans import NOTHING, Span, both, holds, moved, without
from atoll.packet import ICMP, TCP, Flow, has_ports, protocol_name
from atoll.packet.protocol import ICMPV6

USUAL = (*((TCP << BLOCK) + port for port in (80, 443, 22, 5432, 3306, 8080)), (ICMP << BLOCK) + (8 << 8))
"""Services that make good examples."""

HOSTS = tuple(place(ip) for ip in ("203.0.113.10", "203.0.113.20"))
EXAMPLE_PORT = 49152
"""The first ephemeral port."""

MORE = 8
"""So many prefixes are named; of the others the number."""


def services_text(span: Span) -> str:
    """tcp 80, 8000-8080, udp 53, icmp; "everything" where it is."""
    if span == SERVICES:
        return "everything"
    found: list[str] = []
    others: list[int] = []
    for protocol in range(256):
        part = both(span, protocol_block(protocol))
        if part and (has_ports(protocol) or protocol in (ICMP, ICMPV6)):
            found += _protocol(protocol, moved(part, -(protocol << BLOCK)))
        elif part:
            others.append(protocol)
    if len(others) == 252:
        return ", ".join([*found, "all other protocols"])
    return ", ".join([*found, *(f"protocol {one}" for one in others[:MORE]), *_rest(len(others) - MORE, "protocols")])


def _protocol(protocol: int, details: Span) -> Iterator[str]:
    name = protocol_name(protocol)
    if details == ((0, 65535),):
        yield name
    elif has_ports(protocol):
        yield f"{name} " + ", ".join(_range(low, high) for low, high in details)
    else:
        yield f"{name} types " + ", ".join(
            _range(low >> 8, high >> 8) if not low & 255 and high & 255 == 255 else f"{low >> 8}/{low & 255}"
            for low, high in details
        )


def addresses_text(span: Span, internet: Span = NOTHING) -> str:
    """The prefixes that make it up; of many the first ones, and how many more there are.

    `internet`: what is called so.
    """
    if span in (IPV4, internet):
        return "anywhere" if span == IPV4 else "the internet"
    texts = [str(one).removesuffix("/32").removesuffix("/128") for one in prefixes(span)]
    return ", ".join([*texts[:MORE], *_rest(len(texts) - MORE, "blocks")])


def _range(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}-{high}"


def _rest(count: int, what: str) -> list[str]:
    return [f"and {count} more {what}"] if count > 0 else []


def example(box: Box) -> Flow:
    """One flow of a box that is not empty; a usual one where there is one."""
    for source, destination, service, sport in product(
        _choices(box.source, HOSTS),
        _choices(box.destination, HOSTS),
        _choices(box.service, USUAL),
        _choices(box.sport, (EXAMPLE_PORT,)),
    ):
        flow = flow_of(source, destination, service, sport)
        if box.holds(flow):
            return flow
    raise ValueError(f"no flow is in {box}")


def _choices(span: Span, usual: Iterable[int]) -> Iterator[int]:
    """Usual ones first. Ends of the ranges and their neighbours will do: what is excluded is that two are alike."""
    named = [number for number in usual if holds(span, number)]
    yield from named
    for low, high in without(span, tuple((number, number) for number in sorted(named))):
        yield from dict.fromkeys((low, min(low + 1, high), min(low + 2, high)))
