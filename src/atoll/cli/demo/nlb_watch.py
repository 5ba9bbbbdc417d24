"""A client on the internet that opens one connection after the other by the load balancer's name, and says what comes
of each, until what it sees has become what was waited for."""

import json
from typing import NamedTuple

from atoll.cli.demo.lab import Lab

WATCH = """
import json, random, socket, sys, time
name, wanted, patience, silence = sys.argv[1], set(sys.argv[2].split()), float(sys.argv[3]), float(sys.argv[4])
began = time.monotonic()
seen, lost, tries, told, row = [], 0, 0, None, []
while True:
    addresses = sorted({one[4][0] for one in socket.getaddrinfo(name, 80, socket.AF_INET, socket.SOCK_STREAM)})
    if addresses != told:
        told = addresses
        seen.append([round(time.monotonic() - began, 1), addresses])
        row = []
    tries += 1
    try:
        with socket.create_connection((random.choice(addresses), 80), silence) as one:
            one.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
            said = b""
            while part := one.recv(1000):
                said += part
            row.append(said.split(b"\\r\\n\\r\\n")[1].split()[0].decode())
    except (OSError, IndexError):
        lost += 1
        row = []
    if (set(row[-12:]) == wanted and len(row) >= 12) or time.monotonic() - began > patience:
        break
    time.sleep(0.05)
print(json.dumps({"seen": seen, "lost": lost, "tries": tries, "last": sorted(set(row[-12:])), "answered": len(row),
                  "seconds": round(time.monotonic() - began, 1)}))
"""
"""It takes one of the addresses that the name has at the moment, as a client does that has just resolved it. It ends
when the last twelve connections in a row have been answered by those that were wanted, and by all of them."""

PATIENCE = 60.0
SILENCE = 1.0
"""Seconds after which a connection counts as lost; an answer takes about a millisecond here."""


class Watched(NamedTuple):
    """What such a client has seen."""

    told: list[tuple[float, list[str]]]  # after so many seconds the name had these addresses
    lost: int
    tries: int
    last: list[str]  # who answered the last twelve in a row
    seconds: float


def watch(lab: Lab, source: str, name: str, wanted: list[str]) -> Watched:
    """From an internet host, until these servers answer, and no others."""
    said = lab.program(source, WATCH, name, " ".join(wanted), str(PATIENCE), str(SILENCE))
    found = json.loads(said)
    told = [(float(at), list(addresses)) for at, addresses in found["seen"]]
    return Watched(told, found["lost"], found["tries"], found["last"], found["seconds"])
