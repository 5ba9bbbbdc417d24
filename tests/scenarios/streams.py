"""Connections from a host of Atoll's internet that are this process's own, so that they need no server of Atoll's."""

import socket
import subprocess
import sys
from pathlib import Path

from tests.scenarios import host
from tests.scenarios.running import PATIENCE

_CONNECT = """
import socket, sys
descriptor, address, port = sys.argv[1:]
with socket.create_connection((address, int(port)), 10) as stream:
    stream.settimeout(None)
    socket.send_fds(socket.socket(fileno=int(descriptor)), [b"x"], [stream.fileno()])
"""
"""Connect where this program runs, and hand the connection to whom the descriptor leads."""


def connection(folder: Path, address: str, port: int) -> socket.socket:
    """A connection from 203.0.113.10 of the Atoll on that state folder. CalledProcessError where nobody listens."""
    world = Path(f"/proc/{host.keeper(folder)}/root{folder}/world")
    (place,) = world.glob("*203.0.113.10")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        script = [sys.executable, "-c", _CONNECT, str(theirs.fileno()), address, str(port)]
        enter = [*host.entering(folder), "nsenter", f"--net={place}"]
        subprocess.run(
            [*enter, *script], pass_fds=(theirs.fileno(),), stderr=subprocess.PIPE, timeout=PATIENCE, check=True
        )
        _, (stream,), _, _ = socket.recv_fds(ours, 1, 1)
    return socket.socket(fileno=stream)
