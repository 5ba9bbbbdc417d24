"""Taps in every namespace of a fabric: what arrives where, frames from anywhere, and canaries."""

import select
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from atoll.fabric.kernel import KernelFabric, names
from atoll.linux import rtnl
from atoll.linux.netlink import NETFILTER, ROUTE, Netlink
from atoll.linux.nft import wire
from atoll.linux.packets import Tap, call_in
from atoll.plan.rows import Domain, Node, NodeKind, Port, Segment
from atoll.records import Table
from tests.witness.packets import frames
from tests.witness.packets.frames import Packet

HOPS = 12
"""More than any path here has: guest, router, NAT gateway, router, internet, router, guest."""

PATIENCE = 5.0
"""Seconds in which a canary must arrive."""

AWAKE = 0.02
"""Seconds after which a new pair of interfaces is asked again whether it carries."""

ROOM = 1 << 24
"""Bytes that may wait in a tap, where the kernel grants them: to root it does."""

TAKEN = 3 * 768
"""Bytes of them that one packet takes at most: it is seen when it leaves, comes, and goes on."""

_SO_RCVBUFFORCE = 33
_TO_US, _FROM_US = 0, 4  # PACKET_HOST: addressed to the interface's own MAC; PACKET_OUTGOING


class CanaryError(Exception):
    """A canary did not arrive: nothing can be said about what did not."""


class Place(NamedTuple):
    """One interface of one node: the port's name, the node's end of the cable, and the router's."""

    eni: str
    node: str
    inside: str
    mac: str
    router: str
    outside: str


class Arrival(NamedTuple):
    """A packet that came to a node, by which interface."""

    node: str
    device: str
    packet: Packet


@dataclass
class Guest:
    """A node's namespace, its tap, and which of its interfaces has which of its addresses.

    `balances`: a load balancer's node. What comes to it goes on, and is no arrival; its stack is left as it is.
    """

    tap: Tap
    addresses: dict[str, str]
    balances: bool


class Stand:
    """Follows a fabric and its plan."""

    def __init__(self, fabric: KernelFabric, plan: Table) -> None:
        self._fabric = fabric
        self._plan = plan
        self._routers: dict[str, socket.socket] = {}
        self._numbers = 0
        self._canaries = 0
        self._arrived: list[Arrival] = []
        self._seen: set[tuple[str, int]] = set()
        self.targets: dict[int, str] = {}
        """The address:port to which a load balancer has sent each packet on, by the packets' numbers."""
        self.came: dict[int, Arrival] = {}
        """What has come to load balancers' nodes."""
        self.guests: dict[str, Guest] = {}
        self.places: dict[str, Place] = {}

    def follow(self) -> None:
        """Look anew at what there is: namespaces, interfaces, addresses."""
        for domain in self._plan.all(Domain):
            path = self._fabric.router(domain.id)
            if path and domain.id not in self._routers:
                self._routers[domain.id] = call_in(path, _mouth)
        for node in self._plan.all(Node):
            path = self._fabric.namespace(node.id)
            if node.kind is NodeKind.TRANSLATOR:
                continue  # nobody speaks for it
            if path and node.id not in self.guests:
                balances = node.kind is NodeKind.BALANCER
                if not balances:
                    call_in(path, _mute)
                self.guests[node.id] = Guest(_ear(path), {}, balances)
            if path:
                self.guests[node.id].addresses = call_in(path, _addresses)
        for gone in [name for name in self.guests if self._plan.get(Node, name) is None]:
            self.guests.pop(gone).tap.close()
        found = (self._place(port) for port in self._plan.all(Port))
        self.places = {place.eni: place for place in found if place}
        for place in self.places.values():
            self._wake(place)

    def _place(self, port: Port) -> Place | None:
        segment = self._plan.get(Segment, port.segment)
        if port.node is None or port.index is None or segment is None or port.node not in self.guests:
            return None
        outside = names.port_interface(port.id, port.node)
        return Place(port.id, port.node, names.device(port.index), port.mac, segment.domain, outside)

    @property
    def room(self) -> int:
        """Packets that may be under way at once, so that no tap loses one."""
        rooms = [one.tap.socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) for one in self.guests.values()]
        return max(min(rooms, default=ROOM) // TAKEN, 1)

    def next_number(self) -> int:
        """A number that no other packet of this stand has."""
        self._numbers += 1
        return self._numbers

    def send(self, place: Place, packet: Packet) -> None:
        """The node puts the packet on that interface."""
        sent = frames.frame(packet, place.mac, names.ROUTER_MAC)
        self.guests[place.node].tap.socket.sendto(sent, (place.inside, 0))

    def settle(self) -> list[Arrival]:
        """Everything that has arrived since the last call, when nothing is under way any more."""
        places = list(self.places.values())
        for place in [*places[:1] * HOPS, *places]:
            self._send_canary(place)
        for guest in self.guests:
            self._drain(guest)
        arrived, self._arrived = self._arrived, []
        return arrived

    def _wake(self, place: Place) -> None:
        """Wait until a pair of interfaces carries frames, which may be new.

        The kernel wakes the end that was raised first some moments after the other; what is sent to it before is lost.
        """
        until = time.monotonic() + PATIENCE
        while not self._carries(place, AWAKE):
            if time.monotonic() > until:
                raise CanaryError(f"{place} carries nothing")

    def _send_canary(self, place: Place) -> None:
        if not self._carries(place, PATIENCE):
            raise CanaryError(f"a canary did not arrive at {place}")

    def _carries(self, place: Place, seconds: float) -> bool:
        """Whether a new canary arrives at the place in so many seconds."""
        self._canaries += 1
        number = self._canaries
        try:
            self._routers[place.router].sendto(frames.canary(number, place.mac), (place.outside, 0))
        except OSError as error:
            raise CanaryError(f"a canary did not arrive at {place}: {error}") from error
        until = time.monotonic() + seconds
        while (place.node, number) not in self._seen:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.guests[place.node].tap.socket], [], [], left)[0]:
                return False
            self._drain(place.node)
        return True

    def _drain(self, node: str) -> None:
        tap = self.guests[node].tap.socket
        while True:
            try:
                found, (device, _, kind, _, _) = tap.recvfrom(65536, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            canary = frames.canary_number(found)
            if canary is not None:
                self._seen.add((node, canary))
            elif kind in (_TO_US, _FROM_US) and (packet := frames.read(found)) is not None:
                self._take(Arrival(node, device, packet), came=kind == _TO_US)

    def _take(self, arrival: Arrival, *, came: bool) -> None:
        packet = arrival.packet
        if not self.guests[arrival.node].balances:
            if came:
                self._arrived.append(arrival)
        elif came:
            self.came[packet.number] = arrival
        elif not packet.answer:
            self.targets[packet.number] = f"{packet.destination}:{packet.destination_port}"

    def close(self) -> None:
        """Close every socket."""
        for guest in self.guests.values():
            guest.tap.close()
        for mouth in self._routers.values():
            mouth.close()


def _mouth() -> socket.socket:
    """Sends frames by any interface, and hears none."""
    return socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)


def _ear(namespace: Path) -> Tap:
    """A tap with room for all that thousands of packets under way may bring, or as much as one may have."""
    tap = Tap(namespace)
    try:
        tap.socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, ROOM)
    except PermissionError:  # not root outside
        tap.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
    return tap


def _mute() -> None:
    """The namespace's own stack receives nothing, so it answers nothing; a tap sees all the same."""
    with Netlink(NETFILTER) as netlink:
        wire.transaction(netlink, [wire.new_table(), wire.new_chain("mute", wire.Hook(1, 0))])


def _addresses() -> dict[str, str]:
    with Netlink(ROUTE) as netlink:
        devices = {link.number: link.name for link in rtnl.links(netlink)}
        return {address.ip: devices[address.link] for address in rtnl.addresses(netlink) if address.ip != "127.0.0.1"}
