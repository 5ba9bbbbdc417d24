"""What travels and what is said of it: a probe, its packets, and the verdict."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address

TCP, UDP, ICMP, ALL = "tcp", "udp", "icmp", "-1"
ECHO_REQUEST, ECHO_REPLY = 8, 0
INTERNET = "internet:"  # a place is an ENI's id, or this followed by the address of a host on the internet

# A protocol and two ends, whichever of them speaks: a packet and its answer belong to the same flow.
Flow = tuple[str, frozenset[tuple[IPv4Address, int]]]


def protocol_name(text: str) -> str:
    """Three protocols have names, the others are IANA numbers, -1 is all of them."""  # fact 125, 145
    return {"6": TCP, "17": UDP, "1": ICMP}.get(text, text)


class Reason(StrEnum):
    """Why a packet is lost, or (the last three) why one that arrived is not answered."""

    NONE = ""
    NOT_RUNNING = "NOT_RUNNING"  # the interface is not attached, or its instance does not run
    SOURCE_CHECK = "SOURCE_CHECK"
    DESTINATION_CHECK = "DESTINATION_CHECK"
    SG_EGRESS = "SG_EGRESS"
    SG_INGRESS = "SG_INGRESS"
    NACL_OUT = "NACL_OUT"
    NACL_IN = "NACL_IN"
    NO_ROUTE = "NO_ROUTE"
    BLACKHOLE = "BLACKHOLE"
    NO_SUCH_ADDRESS = "NO_SUCH_ADDRESS"
    NO_PUBLIC_ADDRESS = "NO_PUBLIC_ADDRESS"
    REFUSED_BY_IGW = "REFUSED_BY_IGW"
    REFUSED_BY_NAT = "REFUSED_BY_NAT"
    REFUSED_BY_BALANCER = "REFUSED_BY_BALANCER"
    SOCKET_GONE = "SOCKET_GONE"  # the host that held this end was moved away or started anew
    NO_ANSWER = "NO_ANSWER"  # this host answers no such packet
    ELSEWHERE = "ELSEWHERE"  # it reached another host, or came with other addresses than the connection's


@dataclass(frozen=True)
class Packet:
    """One packet as somebody on its way sees it. Both ports of an ICMP packet are its identifier."""

    protocol: str
    source: IPv4Address
    source_port: int
    destination: IPv4Address
    destination_port: int
    icmp_type: int
    icmp_code: int

    @property
    def flow(self) -> Flow:
        ends = {(self.source, self.source_port), (self.destination, self.destination_port)}
        asker = self.destination if self.icmp_type == ECHO_REPLY else self.source
        return (f"{ICMP} of {asker}" if self.protocol == ICMP else self.protocol, frozenset(ends))

    def answer(self) -> "Packet | None":
        """What who was asked sends back: SYN-ACK or RST, a datagram, an echo reply (and to other ICMP nothing)."""
        if self.protocol == ICMP and self.icmp_type != ECHO_REQUEST:
            return None
        ends = (self.destination, self.destination_port, self.source, self.source_port)
        return Packet(self.protocol, *ends, ECHO_REPLY, 0)


@dataclass(frozen=True)
class Probe:
    """A packet to try, and the place that sends it. ICMP: an echo request unless a type is given."""

    at: str
    source: str
    destination: str
    protocol: str
    source_port: int
    destination_port: int
    icmp_type: int = ECHO_REQUEST
    icmp_code: int = 0

    def packet(self) -> Packet:
        protocol = protocol_name(self.protocol)
        ports = {TCP: self.destination_port, UDP: self.destination_port, ICMP: self.source_port}
        own = self.source_port if protocol in ports else 0
        ends = (IPv4Address(self.source), own, IPv4Address(self.destination), ports.get(protocol, 0))
        return Packet(protocol, *ends, self.icmp_type, self.icmp_code)


@dataclass(frozen=True)
class Verdict:
    """What happens to a packet and to the answer to it.

    `arrives`: it reaches the network stack of the host at `at`, which sees `source` and `destination`.
    `answered`: the answer gets back to the prober, which sees it come from `answer_source`.
    `reason`: why the packet is lost; if it arrives, why its answer is lost; empty if nothing is.
    `target`: address:port to which a load balancer sent it, if one did.
    """

    arrives: bool
    at: str | None
    source: str | None
    destination: str | None
    answered: bool
    answer_source: str | None
    reason: Reason
    target: str | None = None
