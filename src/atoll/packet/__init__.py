"""Values of the packet world: prefixes, port ranges, protocols, flows and outcomes. Imports nothing of ours."""

from atoll.packet.flow import Flow
from atoll.packet.outcome import Reason
from atoll.packet.ports import ALL_PORTS, PortRange
from atoll.packet.prefix import Prefix, ip_number, ip_text
from atoll.packet.protocol import ICMP, TCP, UDP, has_ports, protocol_name

__all__ = [
    "ALL_PORTS",
    "ICMP",
    "TCP",
    "UDP",
    "Flow",
    "PortRange",
    "Prefix",
    "Reason",
    "has_ports",
    "ip_number",
    "ip_text",
    "protocol_name",
]
