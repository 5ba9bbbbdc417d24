"""Where the kernel drops a packet, in its own words: nftables tells each rule that a marked packet meets.

The mark is made by a table of the witness's own, and taken away again; Atoll's tables stay as they are. It is told in
the router where the packet is looked for, in the moment in which it happens: who reads after the packet has come or is
lost has it all.
"""

import socket
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from atoll.linux.netlink import attributes
from atoll.linux.packets import call_in

_NETFILTER, _SOL_NETLINK, _JOIN, _GROUP = 12, 270, 1, 9  # NFNLGRP_NFTRACE
_TRACE = 10 << 8 | 17  # NFNL_SUBSYS_NFTABLES, NFT_MSG_TRACE
_TABLE, _CHAIN, _VERDICT, _POLICY = 1, 2, 5, 16
_DROP = 0
TABLE = "witness"


class Met(NamedTuple):
    """A chain that a packet was in, and whether it was dropped there."""

    chain: str
    dropped: bool


class Verdicts:
    """Tells of packets from one source port (or of one echo identifier) in one router, while it is open."""

    def __init__(self, router: Path, protocol: str, port: int) -> None:
        which = f"icmp id {port}" if protocol == "icmp" else f"{protocol} sport {port}"
        self._router = router
        chain = f"chain marking {{ type filter hook prerouting priority -500; {which} meta nftrace set 1; }}"
        self._nft(f"table ip {TABLE} {{\n{chain}\n}}\n")
        self._socket = call_in(router, _listening)

    def met(self) -> list[Met]:
        """The chains of Atoll that the packets were in until now."""
        return list(self._read())

    def _read(self) -> Iterator[Met]:
        while True:
            try:
                data = self._socket.recv(1 << 16, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            (kind,) = struct.unpack_from("=H", data, 4)
            found = dict(attributes(data[20:]))
            if kind == _TRACE and found[_TABLE] != TABLE.encode() + b"\0":
                yield Met(found.get(_CHAIN, b"").rstrip(b"\0").decode(), _is_drop(found))

    def _nft(self, text: str) -> None:
        command = ["nsenter", f"--net={self._router}", "nft", "-f", "-"]
        subprocess.run(command, input=text, text=True, check=True, timeout=20)

    def close(self) -> None:
        """Take the mark away."""
        self._socket.close()
        self._nft(f"delete table ip {TABLE}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()


def _is_drop(found: dict[int, bytes]) -> bool:
    if _POLICY in found:
        return int.from_bytes(found[_POLICY], "big") == _DROP
    codes = dict(attributes(found.get(_VERDICT, b"")))
    return 1 in codes and int.from_bytes(codes[1], "big") == _DROP


def _listening() -> socket.socket:
    made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETFILTER)
    made.bind((0, 0))
    made.setsockopt(_SOL_NETLINK, _JOIN, _GROUP)
    return made
