"""What packets cost on the data path, in processor time of one core: steadier than rates when others use the machine.

python -m bench.data_path_cost [ROUNDS [PATH ...]]        as root

One thread is both ends, and everything that a packet meets happens in its time. Each turn makes a few TCP connections
(opened, a request, an answer, closed) and sends bytes to and fro over one that stays open; the paths, those of
bench/data_path_worlds.py, take turns. Shown: the lowest tenth of the turns, how much that is more than the bare path's,
and the median of the ratios to the bare path of the same round.
"""

import os
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from atoll.fabric.kernel import KernelFabric
from atoll.linux import netns
from bench.data_path_worlds import BARE, Route, atolls, bare
from tests.kernel.fabric_lab import private_world

PORT, TURN = 8080, 60
REQUEST, ANSWER = b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\nok"


def main() -> int:
    rounds, only = int(sys.argv[1]) if sys.argv[1:] else 60, sys.argv[2:]
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder, private_world(Path(folder) / "world") as world:
        (world / "fabric").mkdir()
        fabric = KernelFabric(world / "fabric")
        beside = {f"bare {routers}": bare(world, routers) for routers in BARE}
        paths = beside | {name: path for name, path in atolls(fabric).items() if not only or name in only}
        measure(paths, rounds)
        fabric.close()
    return 0


def measure(paths: dict[str, Route], rounds: int) -> None:
    listeners = {server: listen(server) for server in {path.server for path in paths.values()}}
    lasting = {name: both(path, listeners[path.server]) for name, path in paths.items()}
    opened: dict[str, list[float]] = {name: [] for name in paths}
    passed: dict[str, list[float]] = {name: [] for name in paths}
    for _ in range(rounds):
        for name, path in paths.items():
            listener = listeners[path.server]
            opened[name].append(netns.call(path.client, partial(timed, partial(connection, path, listener))))
            passed[name].append(timed(partial(to_and_fro, *lasting[name])))
    print(f"{'microseconds':<18}{'a connection':>14}{'more':>8}{'ratio':>8}{'to and fro':>14}{'more':>8}{'ratio':>8}")
    for name, path in paths.items():
        words = "".join(row(figures, name, path.beside or name) for figures in (opened, passed))
        print(f"{name:<18}{words}")


def row(figures: dict[str, list[float]], name: str, beside: str) -> str:
    own, base = (sorted(figures[one])[len(figures[one]) // 10] for one in (name, beside))
    ratio = statistics.median(a / b for a, b in zip(figures[name], figures[beside], strict=True))
    return f"{own:>14.1f}{own - base:>8.1f}{ratio:>8.2f}"


def timed(once: Callable[[], None]) -> float:
    """Microseconds of processor time that one of TURN takes."""
    start = time.thread_time_ns()
    for _ in range(TURN):
        once()
    return (time.thread_time_ns() - start) / TURN / 1000


def listen(server: Path) -> socket.socket:
    made = netns.call(server, socket.socket)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("0.0.0.0", PORT))
    made.listen(TURN)
    return made


def both(path: Route, listener: socket.socket) -> tuple[socket.socket, socket.socket]:
    """A connection's two ends."""
    client = netns.call(path.client, socket.socket)
    client.connect((path.ip, PORT))
    server, _ = listener.accept()
    for end in (client, server):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client, server


def connection(path: Route, listener: socket.socket) -> None:
    """In the client's namespace."""
    client = socket.socket()
    client.connect((path.ip, PORT))
    server, _ = listener.accept()
    client.send(REQUEST)
    server.recv(100)
    server.send(ANSWER)
    server.close()
    client.recv(100)
    client.recv(100)
    client.close()


def to_and_fro(client: socket.socket, server: socket.socket) -> None:
    for sender, receiver in ((client, server), (server, client)):
        sender.send(ANSWER)
        receiver.recv(100)


if __name__ == "__main__":
    sys.exit(main())
