"""Legacy iptables rules as the kernel has them, for a host that may have no iptables-legacy-save.

Only tables that are there are looked at: to ask for another makes it.
"""

import ctypes
import hashlib
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_INFO = struct.Struct("32s I 5I 5I I I")  # struct ipt_getinfo: name, hooks, entries, underflows, count, size
_GET_INFO, _GET_ENTRIES, _SET_REPLACE = 64, 65, 64
_VERDICT = 144
"""In an entry of IPv4's that matches everything: behind struct ipt_entry and its target's head."""
_HEAD = 40
"""Before the entries in struct ipt_get_entries: name, size, padding."""


class Family(NamedTuple):
    """IPv4's or IPv6's: how its tables are asked for, and where an entry has its length and its counters."""

    names: Path
    domain: int
    level: int
    next_offset: int
    counters: int


FAMILIES = {
    "ip": Family(Path("/proc/net/ip_tables_names"), socket.AF_INET, socket.IPPROTO_IP, 90, 96),
    "ip6": Family(Path("/proc/net/ip6_tables_names"), socket.AF_INET6, socket.IPPROTO_IPV6, 142, 152),
}


def make(table: str) -> None:
    """Let IPv4 have that table, with no rules, in the caller's network."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as asking:
        read(asking, FAMILIES["ip"], table)


def let_nothing_in() -> None:
    """IPv4's first policy in the table "filter", that of INPUT, becomes DROP in the caller's network."""
    family = FAMILIES["ip"]
    with socket.socket(family.domain, socket.SOCK_RAW, socket.IPPROTO_RAW) as asking:
        info = _option(asking, family.level, _GET_INFO, b"filter", _INFO.size)
        count = _INFO.unpack(info)[-2]
        entries = bytearray(read(asking, family, "filter")[2])
        struct.pack_into("i", entries, _VERDICT, -1)  # -NF_DROP - 1
        old = ctypes.create_string_buffer(count * 16)  # where the kernel writes the counters of the old entries
        middle = _INFO.unpack(info)[2:12]
        head = struct.pack("32s I I I 10I I Q", b"filter", _INFO.unpack(info)[1], count, len(entries), *middle,
                           count, ctypes.addressof(old))  # struct ipt_replace  # fmt: skip
        asking.setsockopt(family.level, _SET_REPLACE, head + bytes(entries))


def tables() -> Iterator[str]:
    """A line a table: its name, its hooks, how many rules it has, and a digest of these without their counters."""
    for name, family in FAMILIES.items():
        if not os.access(family.names, os.R_OK):
            continue  # not built into this kernel, or not the caller's to see
        with socket.socket(family.domain, socket.SOCK_RAW, socket.IPPROTO_RAW) as asking:
            for table in family.names.read_text().split():
                hooks, count, entries = read(asking, family, table)
                digest = hashlib.sha256(without_counters(family, entries)).hexdigest()
                yield f"{name} {table}: hooks {hooks}, {count} entries, {digest}"


def read(asking: socket.socket, family: Family, table: str) -> tuple[int, int, bytes]:
    """A table's hooks, how many entries it has, and these."""
    info = _INFO.unpack(_option(asking, family.level, _GET_INFO, table.encode(), _INFO.size))
    size = info[-1]
    asked = struct.pack("32s I", table.encode(), size)
    return info[1], info[-2], _option(asking, family.level, _GET_ENTRIES, asked, _HEAD + size)[_HEAD:]


def without_counters(family: Family, entries: bytes) -> bytes:
    """Packets and bytes that an entry has seen are nobody's doing."""
    found, at = bytearray(entries), 0
    while at < len(found):
        found[at + family.counters : at + family.counters + 16] = bytes(16)
        at += struct.unpack_from("H", found, at + family.next_offset)[0]
    return bytes(found)


def _option(asking: socket.socket, level: int, name: int, given: bytes, size: int) -> bytes:
    """getsockopt that tells something as well, which Python's does not."""
    libc = ctypes.CDLL(None, use_errno=True)
    buffer, length = ctypes.create_string_buffer(given, size), ctypes.c_uint(size)
    if libc.getsockopt(asking.fileno(), level, name, buffer, ctypes.byref(length)):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return buffer.raw
