"""The words of a question: SRC -> DST[:PORTS][/tcp|udp|icmp|all]."""

import re

import msgspec

from atoll.analyze.reach.flows import BLOCK, SERVICES, protocol_block
from atoll.analyze.reach.spans import Span, joined
from atoll.packet import ICMP, TCP, UDP

PROTOCOLS = {"tcp": TCP, "udp": UDP, "icmp": ICMP}
_WORDS = re.compile(r"(?P<name>.+?)(?::(?P<ports>[0-9][0-9,-]*))?(?:/(?P<protocol>[a-z]+))?")


class Wanted(msgspec.Struct, frozen=True):
    """A destination and what is asked of it. `named`: the user has named ports or a protocol."""

    name: str
    services: Span
    named: bool


def wanted(text: str) -> Wanted:
    """A destination as it is written: a port without a protocol is TCP's, no port is every port of the protocol.

    ValueError says what is wrong with it.
    """
    found = _WORDS.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no destination. Example: tag:Name=db:5432/tcp")
    name, ports, protocol = found["name"], found["ports"], found["protocol"]
    if protocol is not None and protocol not in (*PROTOCOLS, "all"):
        raise ValueError(f"{text!r}: {protocol} is no protocol here. Choose tcp, udp, icmp or all.")
    if ports is None:
        number = PROTOCOLS.get(protocol or "all")
        return Wanted(name, SERVICES if number is None else protocol_block(number), protocol is not None)
    numbers = {None: (TCP,), "tcp": (TCP,), "udp": (UDP,), "all": (TCP, UDP)}.get(protocol)
    if numbers is None:
        raise ValueError(f"{text!r}: {protocol} has no ports. Write {name}/{protocol}")
    ranges = [_range(text, one) for one in ports.split(",")]
    spans = tuple(((n << BLOCK) + low, (n << BLOCK) + high) for n in numbers for low, high in ranges)
    return Wanted(name, joined(spans), named=True)


def _range(text: str, ports: str) -> tuple[int, int]:
    low, dash, high = ports.partition("-")
    if not low.isdecimal() or (dash and not high.isdecimal()):
        raise ValueError(f"{text!r}: {ports!r} is no port or range. Example: 80,443,8000-8080")
    pair = (int(low), int(high or low))
    if not 0 <= pair[0] <= pair[1] <= 65535:
        raise ValueError(f"{text!r}: {ports!r} is no range of ports. They are 0 to 65535, the lower one first.")
    return pair
