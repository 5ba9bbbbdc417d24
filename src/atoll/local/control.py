"""The control socket's language: one request, with file descriptors if it needs them; progress; one answer.

Each message is a line of JSON. A request is {"do": name, ...}; what comes back is any number of {"progress": text}
and then {"ok": value} or {"error": text}.
"""

import contextlib
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

LONGEST = 1 << 20
"""Bytes of one message."""

PATH_LIMIT = 100
"""Bytes that the kernel lets a socket's path have, with a margin."""


class ControlError(Exception):
    """The server refused, or cannot be reached; the message is for the user."""


class NotRunningError(ControlError):
    """No server is behind the socket."""


@contextlib.contextmanager
def address(path: Path) -> Iterator[str]:
    """The path as a socket address, good inside the `with`. A path that is longer than the kernel lets one be is said
    through its folder, which is held open for that long. OSError where there is no such folder.
    """
    if len(os.fsencode(path)) <= PATH_LIMIT:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def ask(
    path: Path, request: dict[str, Any], fds: Sequence[int] = (), progress: Callable[[str], None] | None = None
) -> Any:
    """Send a request to the server behind `path` and wait for its answer. ControlError says why there is none."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            with address(path) as name:
                connection.connect(name)
        except OSError as error:
            raise NotRunningError("Atoll is not running here. Start it with: atoll up") from error
        line = msgspec.json.encode(request) + b"\n"
        if fds:
            socket.send_fds(connection, [line], list(fds))
        else:
            connection.sendall(line)
        for message in _messages(connection):
            if "progress" in message:
                if progress is not None:
                    progress(message["progress"])
            elif "error" in message:
                raise ControlError(message["error"])
            else:
                return message.get("ok")
    raise ControlError("Atoll ended before it answered. See: atoll logs")


def _messages(connection: socket.socket) -> Iterator[dict[str, Any]]:
    with connection.makefile("rb") as lines:
        for line in lines:
            yield msgspec.json.decode(line)


def receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """The server's side: one request and the descriptors that came with it. ValueError when it is none."""
    data, fds, _flags, _peer = socket.recv_fds(connection, LONGEST, 8)
    while not data.endswith(b"\n"):
        more = connection.recv(LONGEST)
        if not more or len(data) > LONGEST:
            raise ValueError("half a request")
        data += more
    request = msgspec.json.decode(data, type=dict[str, Any])
    return request, list(fds)


def send(connection: socket.socket, message: dict[str, Any]) -> None:
    """The server's side: one message back."""
    connection.sendall(msgspec.json.encode(message) + b"\n")
