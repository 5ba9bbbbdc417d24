"""IP protocol numbers (IANA) that have rules of their own."""

ICMP = 1
TCP = 6
UDP = 17
ICMPV6 = 58

NAMES = {ICMP: "icmp", TCP: "tcp", UDP: "udp", ICMPV6: "icmpv6"}


def protocol_name(number: int) -> str:
    """tcp, udp, icmp, icmpv6, or the number as text, as AWS writes it."""
    return NAMES.get(number, str(number))


def has_ports(protocol: int | None) -> bool:
    """Whether packets of this protocol carry ports that a rule can name."""
    return protocol in (TCP, UDP)
