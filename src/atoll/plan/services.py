"""What a VPC's domain itself answers to its ports: at link-local addresses, past every table, fence and filter.

A port's guard is asked all the same, and a port without power or in a site that is down reaches nothing.
"""

from typing import NamedTuple

from atoll.packet import TCP, Flow


class Service(NamedTuple):
    """Where a domain listens."""

    ip: str
    protocol: int
    port: int


METADATA = Service("169.254.169.254", TCP, 80)
"""Instance metadata (fact 156)."""

SERVICES = (METADATA,)


def is_asked(flow: Flow) -> bool:
    """Whether a packet is for one of them."""
    return Service(flow.destination, flow.protocol, flow.destination_port) in SERVICES
