"""Names and bits of the kernel fabric: interfaces, chains, marks. docs/kernel.md has the tables."""

import base64
import hashlib

from atoll.packet import TCP, UDP
from atoll.plan.rows import Idle

TABLE_BITS = 0x7FFF
"""Packet mark, bits 14-0: the route table to ask; 0 = the main one, which only delivers."""

MATCHED = 0x8000
"""Packet mark, bit 15: some rule of the groups asked so far let the packet pass."""

PASSED = 0x10000
"""Packet mark, bit 16: the sender's end will track the connection, if the packet gets through."""

RETURN_BITS = TABLE_BITS
"""Connection mark, bits 14-0: the route table by which answers go back through a balancer; 0 = the usual one."""

SENDER_TRACKED, RECEIVER_TRACKED = 0x4000_0000, 0x8000_0000
"""Connection mark, bits 30 and 31: that end tracks the connection, its rules are not asked again. Without: every
packet is judged."""

TRACKED = SENDER_TRACKED | RECEIVER_TRACKED
WENT, CAME = 0x8000, 0x10000
"""Connection mark: a packet of the opener's, an answer, has passed everything in the edition that bits 29-17 name."""

EDITION_SHIFT, EDITIONS = 17, 0x1FFF
"""Where an edition's number lies in the connection mark, and the highest; 0 is none."""

MEMORY = EDITIONS << EDITION_SHIFT | WENT | CAME
EVERYTHING = 0xFFFFFFFF

SEGMENT_BITS, CLASS_BITS = 0xFFFF0000, 0x0000FFFF
"""Interface group: the segment's number and the class of what the port wears. Links have group 0."""

LINK_CLASS, UNFILTERED = "link", "unfiltered"
END = "end"
SLOTS = 16
"""How many groups a port can wear (AWS's highest quota)."""

IDLE = 350
"""Seconds after which a translator forgets a silent connection."""

USUAL_IDLE = {
    "tcp_timeout_established": Idle().tcp,
    "udp_timeout": Idle().udp,
    "udp_timeout_stream": Idle().stream,
    "icmp_timeout": 600,  # like any protocol without ports (fact 137)
    "generic_timeout": 600,
}
"""Seconds after which a router forgets a silent connection, where its ports do not say otherwise."""

CLOSED = 10
"""Seconds for which what both ends have closed is remembered: longer than a lost last answer is asked for again."""

BALANCED_IDLE = {TCP: 350, UDP: 120}
"""Seconds after which a balancer forgets a silent connection (fact 183)."""

NOWHERE = "default"
"""The table that is asked last of all: the kernel's own default one."""

LOOPBACK = "lo"
"""Where that table sends what nobody has; `departures` drops it there. A black hole would drop it as well, but a
router answers address questions only for what it would forward, and an unanswered question keeps the sender's packet
for later: it would arrive after all when the address appears."""

TRUNK_A, TRUNK_B = "169.254.0.1", "169.254.0.2"
"""Addresses of the two ends of every link between routers; nobody is ever asked for them."""

ROUTER_MAC, TRUNK_MAC_A, TRUNK_MAC_B = "02:a7:01:00:00:01", "02:a7:01:00:00:0a", "02:a7:01:00:00:0b"


def port_interface(port: str, node: str) -> str:
    """The router's end of an attachment. Another node gives another name: the old pair may wait to be removed."""
    return "e" + _digest(f"{port} {node}")


def link_interface(link: str) -> str:
    """Either end of a link between routers."""
    return "l" + _digest(link)


def device(index: int) -> str:
    """The node's end, as the guest sees it."""
    return f"eth{index}"


def router(domain: str) -> str:
    """The namespace that routes a domain."""
    return f"router-{domain}"


def _digest(identity: str) -> str:
    """60 bits of it in 12 letters; an interface name has room for 15."""
    digest = hashlib.blake2b(identity.encode(), digest_size=10).digest()
    return base64.b32encode(digest)[:12].decode().lower()
