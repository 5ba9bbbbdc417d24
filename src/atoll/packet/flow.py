"""A flow: what the first packet of a conversation looks like."""

import msgspec

from atoll.packet.protocol import ICMP, protocol_name


class Flow(msgspec.Struct, frozen=True):
    """Addresses as text. Ports for TCP and UDP; for ICMP `source_port` is the echo identifier."""

    source: str
    destination: str
    protocol: int
    source_port: int = 0
    destination_port: int = 0
    icmp_type: int = 8
    icmp_code: int = 0

    def reply(self) -> "Flow":
        """The packet that answers: ends swapped; an echo request becomes an echo reply."""
        return msgspec.structs.replace(
            self,
            source=self.destination,
            destination=self.source,
            source_port=self.destination_port if self.protocol != ICMP else self.source_port,
            destination_port=self.source_port if self.protocol != ICMP else self.destination_port,
            icmp_type=0 if self.protocol == ICMP and self.icmp_type == 8 else self.icmp_type,
        )

    def __str__(self) -> str:
        name = protocol_name(self.protocol)
        if self.protocol == ICMP:
            return f"{name} {self.source} > {self.destination} type {self.icmp_type}/{self.icmp_code}"
        return f"{name} {self.source}:{self.source_port} > {self.destination}:{self.destination_port}"
