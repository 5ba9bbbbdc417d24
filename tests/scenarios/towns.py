"""A "real" internet with a name server and a web server: threads of the test's, sockets of a network of its own."""

import functools
import http.server
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from atoll.linux.packets import call_in

_A, _NO_SUCH_NAME = 1, 3
_ANSWER = 0x8180  # a response; recursion was desired, and is available


class Asked(list[str]):
    """What was asked of a server, in order."""


@contextmanager
def name_server(network: Path, ip: str, names: Mapping[str, str]) -> Iterator[Asked]:
    """It knows these names' addresses, and that there are no others (RFC 1035); the names that it was asked for."""
    asked = Asked()

    def serve(listening: socket.socket) -> None:
        while True:
            question, client = listening.recvfrom(512)
            if client == listening.getsockname():
                return
            listening.sendto(_answer(question, names, asked), client)

    with call_in(network, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as listening:
        listening.bind((ip, 53))
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        try:
            yield asked
        finally:
            listening.sendto(b"", (ip, 53))
            thread.join()


def _answer(question: bytes, names: Mapping[str, str], asked: Asked) -> bytes:
    labels, at = [], 12
    while size := question[at]:
        labels.append(question[at + 1 : at + 1 + size].decode())
        at += 1 + size
    name = ".".join(labels).lower()
    asked.append(name)
    (kind,) = struct.unpack("!H", question[at + 1 : at + 3])
    records = [names[name]] if kind == _A and name in names else []
    flags = _ANSWER if name in names else _ANSWER | _NO_SUCH_NAME
    head = question[:2] + struct.pack("!5H", flags, 1, len(records), 0, 0)
    said = [b"\xc0\x0c" + struct.pack("!HHIH", _A, 1, 60, 4) + socket.inet_aton(one) for one in records]
    return head + question[12 : at + 5] + b"".join(said)


@contextmanager
def web_server(network: Path, ip: str, port: int, folder: Path) -> Iterator[Asked]:
    """It serves a folder; the paths that it was asked for."""
    asked = Asked()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *words: Any) -> None:  # noqa: A002 - the library's word
            del format, words
            asked.append(self.path)

    class Server(http.server.ThreadingHTTPServer):
        def server_bind(self) -> None:
            """The socket is made where the network is."""
            self.socket.close()
            self.socket = call_in(network, lambda: socket.create_server((ip, port)))

    with Server((ip, port), functools.partial(Handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield asked
        finally:
            server.shutdown()
            thread.join()
