"""One probe: a real packet from one namespace, watched for in another. Blocking, for a couple of seconds at most."""

import contextlib
import os
import socket
import struct
from pathlib import Path
from typing import NamedTuple

from atoll.linux.packets import Ping, Tap, call_in

PATIENCE = 2.0
"""Seconds after which no answer is called silence."""

TCP, UDP, ICMP = socket.IPPROTO_TCP, socket.IPPROTO_UDP, socket.IPPROTO_ICMP
_ETHERNET = 14
_ECHO_REQUEST = 8


class Packet(NamedTuple):
    """An IPv4 packet as it was on the wire. `mark`: source port, or the identifier of an echo request."""

    protocol: int
    source: str
    destination: str
    mark: int


class Seen(NamedTuple):
    """What became of a probe: how it arrived, if it did, and what came back ("connected", "refused", ...)."""

    arrived: Packet | None
    answer: str | None


def read(frame: bytes) -> Packet | None:
    """The probe in an Ethernet frame; None for anything that no probe looks like."""
    if len(frame) < _ETHERNET + 28 or frame[12:14] != b"\x08\x00":
        return None
    packet = frame[_ETHERNET:]
    rest = packet[(packet[0] & 15) * 4 :]
    if len(rest) < 8:
        return None
    source, destination = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
    if packet[9] in (TCP, UDP):
        return Packet(packet[9], source, destination, struct.unpack_from(">H", rest)[0])
    if packet[9] == ICMP and rest[0] == _ECHO_REQUEST:
        return Packet(ICMP, source, destination, struct.unpack_from(">H", rest, 4)[0])
    return None


def probe(sender: Path, source: str, destination: str, protocol: int, port: int, receiver: Path | None) -> Seen:
    """Send one packet of that protocol; `receiver` is where to watch for it, None where nobody could get it."""
    with contextlib.ExitStack() as held:
        tap = held.enter_context(Tap(receiver)) if receiver is not None else None
        if protocol == ICMP:
            mark, answer = _ping(sender, source, destination)
        else:
            mark, answer = _connect(sender, source, destination, protocol, port)
        return Seen(_arrival(tap, protocol, mark), answer)


def _arrival(tap: Tap | None, protocol: int, mark: int) -> Packet | None:
    """The first frame in which the probe came in, translated or not; by now it has come or never will."""
    packets = (read(frame) for frame in tap.frames(0.01)) if tap is not None else ()
    return next((one for one in packets if one and (one.protocol, one.mark) == (protocol, mark)), None)


def _ping(sender: Path, source: str, destination: str) -> tuple[int, str | None]:
    with Ping(sender, source) as ping:
        answered = ping.ping(destination, PATIENCE)
        return ping.identity, "echo reply" if answered else None


def _connect(sender: Path, source: str, destination: str, protocol: int, port: int) -> tuple[int, str | None]:
    kind = socket.SOCK_STREAM if protocol == TCP else socket.SOCK_DGRAM
    with call_in(sender, lambda: socket.socket(socket.AF_INET, kind)) as opened:
        opened.bind((source, 0))
        opened.settimeout(PATIENCE)
        mark = int(opened.getsockname()[1])
        try:
            opened.connect((destination, port))
            if protocol == TCP:
                return mark, "connected"
            opened.send(b"atoll trace")
            opened.recv(2048)
        except ConnectionRefusedError:
            return mark, "refused"
        except TimeoutError:
            return mark, None
        except OSError as error:
            return mark, os.strerror(error.errno) if error.errno else str(error)
        return mark, "a datagram"
