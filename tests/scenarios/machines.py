"""A host of a test's own, in namespaces: with a network to look at, places for temporary files, a "real" internet.

Another program's doings on the true host are not seen on it, and what a test plants on it is gone with it.
"""

import os
import signal
import socket
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from atoll.agents.uplink import TUN
from atoll.linux.packets import call_in
from tests.scenarios import legacy_tables
from tests.scenarios.newcomers import who
from tests.scenarios.running import REPO, Atoll

NEAR, REAL, PRIVATE = "192.0.2.1", "192.0.2.80", "192.168.7.80"
"""The host's own address; the "real" internet's, one of them of the kind that nobody has there."""

TEMPORARY = tuple(Path(path) for path in ("/tmp", "/run", "/dev/shm", "/var/tmp") if not Path(path).is_symlink())

_HOST = f"""
set -e
exec 8<"$1" 9<"$2"
for place in {" ".join(map(str, TEMPORARY))}; do mount -t tmpfs -o mode=1777 none $place; done
[ -e "$1" ] || {{ mkdir -p "$1"; mount -c --bind /proc/self/fd/8 "$1"; }}
[ -e "$2" ] || {{ mkdir -p "$2"; mount -c --bind /proc/self/fd/9 "$2"; }}
echo "nameserver {REAL}" > /tmp/resolvers
[ ! -e /etc/resolv.conf ] || mount --bind /tmp/resolvers "$(readlink -f /etc/resolv.conf)"
mount -t tmpfs none /dev/net; mknod -m 666 {TUN} c 10 200  # on most systems everybody may open it, but not on every one
echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad  # addresses are there at once, and stay as they are
ip link set lo up
echo ready
read linked
ip link set near up; ip addr add {NEAR}/24 dev near; ip addr add 192.168.7.1/24 dev near
ip route add default via {REAL}
ip link add planted type veth peer name peer; ip link set planted up; ip link set peer up
ip addr add 172.31.9.1/24 dev planted
ip route add 192.0.9.0/24 via 172.31.9.2
ip rule add from 172.31.9.9 lookup 77
ip neigh add 172.31.9.2 lladdr 02:00:00:00:09:02 nud permanent dev planted
nft 'table inet planted {{ chain in {{ type filter hook input priority 0; tcp dport 9 drop; }}; }}'
ip netns add planted
echo 33 > /proc/sys/net/ipv4/tcp_fin_timeout
echo planted
exec sleep infinity
"""
_REAL = f"""
set -e
ip link set lo up
echo ready
read linked
ip link set far up; ip addr add {REAL}/24 dev far; ip addr add {PRIVATE}/24 dev far
echo planted
exec python3 -m http.server --directory /usr/share/common-licenses 80 2> /dev/null
"""


class Machine(NamedTuple):
    """A process on the host, and one on the "real" internet, whose namespaces these are."""

    host: int
    real: int

    @property
    def enter(self) -> tuple[str, ...]:
        """What makes a command one on the host."""
        return ("nsenter", f"--net={self.network}", f"--mount=/proc/{self.host}/ns/mnt", "--")

    @property
    def network(self) -> Path:
        """The host's network."""
        return Path(f"/proc/{self.host}/ns/net")

    @property
    def outside(self) -> Path:
        """The "real" internet's network."""
        return Path(f"/proc/{self.real}/ns/net")

    def run(self, script: str) -> None:
        """Run a script on the host, as root."""
        subprocess.run([*self.enter, "sh", "-ec", script], check=True)


@contextmanager
def machine(home: Path) -> Iterator[Machine]:
    """A host that has the files of this one, but temporary places of its own; `home` is there."""
    apart = ("unshare", "--net", "--mount", "--propagation", "private", "sh", "-c")
    with _started([*apart, _HOST, "sh", str(home), str(REPO)]) as host, _started([*apart, _REAL]) as real:
        made = Machine(host.pid, real.pid)
        link = f"ip link add near type veth peer name far netns {real.pid}"
        subprocess.run(["nsenter", f"--net={made.network}", *link.split()], check=True)
        for one in (real, host):
            _go_on(one)
        call_in(made.network, lambda: legacy_tables.make("filter"))
        yield made


@contextmanager
def _started(command: list[str]) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as made:
        try:
            assert made.stdout is not None
            assert made.stdout.readline() == "ready\n"
            yield made
        finally:
            made.send_signal(signal.SIGKILL)


def _go_on(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("linked\n")
    process.stdin.flush()
    assert process.stdout.readline() == "planted\n"


def house(home: Path, kind: str) -> Path:
    """The home of root or of the ordinary user on such a host, not quite empty."""
    made = home / f"house-of-{kind}"
    made.mkdir()
    (made / ".bashrc").write_text("alias ll='ls -l'\n")
    (made / ".aws").mkdir()
    (made / ".aws/config").write_text("[default]\nregion = eu-west-1\n")
    for path in (made, made / ".bashrc", made / ".aws", made / ".aws/config"):
        if kind == "user":
            os.chown(path, home.stat().st_uid, home.stat().st_gid)
    return made


@contextmanager
def atoll_on(where: Machine, kind: str, its_house: Path, cache: Path) -> Iterator[Atoll]:
    """An Atoll of root's or of the ordinary user's on it, not started; its API is reached from here as well."""
    user = kind == "user"
    made = Atoll(its_house / "state", [*where.enter, *(who(its_house) if user else [])])
    if user:
        made.environment["ATOLL_CACHE"] = str(cache)
    with _reached(where.network, made.port) as port:
        made.endpoint = f"http://127.0.0.1:{port}"
        try:
            yield made
        finally:
            made.delete()


@contextmanager
def _reached(network: Path, port: int) -> Iterator[int]:
    """A port of this process's loopback that leads to one of another network's."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with call_in(network, lambda: socket.create_connection(("127.0.0.1", port))) as there:
                back = threading.Thread(target=_pump, args=(there, self.request))
                back.start()
                _pump(self.request, there)
                back.join()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
