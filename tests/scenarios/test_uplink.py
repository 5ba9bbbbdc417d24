"""atoll up --uplink: the real internet, by the VPC's own rules; and nothing comes in. "Real" is a test's own."""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from atoll.agents.uplink import ADDRESS, GATEWAY, RESOLVER, TOOL, TUN
from atoll.linux.packets import call_in
from tests.scenarios import host
from tests.scenarios.machines import NEAR, PRIVATE, REAL, Machine, atoll_on, house, machine
from tests.scenarios.newcomers import by_root, who
from tests.scenarios.places import CLIENT, OTHER, PORT, SILENCE, Place
from tests.scenarios.running import Atoll

pytestmark = [pytest.mark.kernel, by_root]

APART = ("unshare", "--mount", "--propagation", "private", "sh", "-c")


class Ground(NamedTuple):
    """A host of its own with a way to a "real" internet, an Atoll on it, and a guest that lets everything in."""

    machine: Machine
    atoll: Atoll
    place: Place
    guest: str

    def asked(self, ip: str) -> int:
        """curl's exit status in the guest: 0 = served, 28 = silence."""
        words = ("curl", "-s", "-o", "/dev/null", "-m", "2", f"http://{ip}/GPL-3")
        return self.atoll.run("exec", self.guest, "--", *words).status


@pytest.fixture(scope="module", params=["root", "user"])
def ground(request: pytest.FixtureRequest, home: Path, caches: Path) -> Iterator[Ground]:
    kind = request.param
    with machine(home) as made, atoll_on(made, kind, house(home, kind), caches) as atoll:
        atoll.up("--uplink")
        place = Place(atoll, "111111111111")
        everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        yield Ground(made, atoll, place, place.launch(place.group("open", everything)))


def opened(network: Path, ip: str, port: int) -> bool:
    """Whether a TCP connection can be opened from a network."""
    with contextlib.closing(call_in(network, socket.socket)) as tried:
        tried.settimeout(SILENCE)
        try:
            tried.connect((ip, port))
        except OSError:
            return False
        return True


def listening(pid: int) -> set[tuple[str, int]]:
    """Where something listens in the network of a process: ("tcp", port), or a UDP socket is open: ("udp", port)."""
    found = set()
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pid}/net/{kind}").read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            if kind.startswith("udp") or state == "0A":
                found.add((kind[:3], int(local.rpartition(":")[2], 16)))
    return found


def test_nothing_comes_in(ground: Ground) -> None:
    """Neither from the host nor from behind it: to guests, routers and hosts of Atoll's internet, tool and node."""
    place, guest = ground.place, ground.guest
    public = place.public_ip(guest)
    assert place.opening(CLIENT, public) == "connected", "the guest lets everything in"
    networks = (ground.machine.network, ground.machine.outside)
    assert all(opened(network, REAL, 80) for network in networks), "who tries can open connections"
    own = (place.private_ip(guest), str(public), "10.0.1.1", "10.0.0.2")
    inside = (*own, CLIENT, OTHER, "203.0.113.1", ADDRESS, GATEWAY, RESOLVER)
    tries = [(network, ip, port) for network in networks for ip in inside for port in (PORT, 53)]
    with ThreadPoolExecutor(len(tries)) as pool:
        done = pool.map(lambda one: opened(*one), tries)
    assert [one for one, there in zip(tries, done, strict=True) if there] == []


def test_the_tool_listens_nowhere_on_the_host(ground: Ground) -> None:
    """Guests talk outwards meanwhile. What listens there is the server: its API and its proxy."""
    assert ground.asked(REAL) == 0
    tools = [pid for pid, name in host.family(ground.atoll.folder).items() if f" {TOOL}"[:16] in f" {name}"]
    (tool,) = tools
    assert os.readlink(f"/proc/{tool}/ns/net") == os.readlink(ground.machine.network), "it is in the host's network"
    status = Path(f"/proc/{tool}/status").read_text()
    assert f"\nPPid:\t{host.keeper(ground.atoll.folder)}\n" in status, "the keeper sees to its end"
    there = listening(ground.machine.host)
    assert ("tcp", ground.atoll.port) in there
    assert len(there) == 2
    assert {kind for kind, _ in there} == {"tcp"}


@contextlib.contextmanager
def real_names(network: Path) -> Iterator[list[str]]:
    """A name server of the "real" internet, by UDP: example.com's are REAL, others are not there. What it was asked."""
    asked: list[str] = []
    with call_in(network, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as server:
        server.bind((REAL, 53))

        def serve() -> None:
            while True:
                wire, client = server.recvfrom(4096)
                if wire == b"enough":
                    return
                query = dns.message.from_wire(wire)
                name = query.question[0].name
                asked.append(str(name))
                answer = dns.message.make_response(query, recursion_available=True)
                if not str(name).endswith("example.com."):
                    answer.set_rcode(dns.rcode.NXDOMAIN)
                elif query.question[0].rdtype == dns.rdatatype.A:
                    answer.answer.append(dns.rrset.from_text(name, 300, "IN", "A", REAL))
                server.sendto(answer.to_wire(), client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield asked
        finally:
            with call_in(network, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as last:
                last.sendto(b"enough", (REAL, 53))
            thread.join()


def test_names_of_the_real_internet_are_known_everywhere_and_lead_where_there_is_a_way(ground: Ground) -> None:
    place, out = ground.place, {"RouteTableId": ground.place.table, "DestinationCidrBlock": "0.0.0.0/0"}
    name, own = "www.example.com", "sts.amazonaws.com"

    def known(asked_for: str) -> list[str]:
        inside = ground.atoll.run("exec", ground.guest, "--", "getent", "ahostsv4", asked_for).out.split()[:1]
        return inside + ground.atoll.run("internet", "--", "getent", "ahostsv4", asked_for).out.split()[:1]

    with real_names(ground.machine.outside) as asked:
        assert known(name) == [REAL, REAL]
        assert ground.asked(name) == 0
        assert known(own) == ["203.0.113.43"] * 2
        assert known("no-such-name.example") == []
        assert f"{name}." in asked
        assert f"{own}." not in asked
        place.ec2.delete_route(**out)
        assert known(name) == [REAL, REAL], "as on AWS"
        assert ground.asked(name) == 28, "and there is no way"
        place.ec2.create_route(**out, GatewayId=place.gateway)


HEARD = f"""
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(5)
s.sendto(b"question", ("{REAL}", 5300))
print(s.recv(100).decode(), flush=True)
"""


def test_a_datagram_of_a_stranger_does_not_reach_who_has_asked_somebody_else(ground: Ground) -> None:
    """The tool has a port on the host for every conversation, and takes what anybody sends to it."""

    def bound(network: Path, ip: str, port: int) -> socket.socket:
        made = call_in(network, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        made.bind((ip, port))
        made.settimeout(5)
        return held.enter_context(made)

    with contextlib.ExitStack() as held, ThreadPoolExecutor(1) as pool:
        asked = bound(ground.machine.outside, REAL, 5300)
        words = ("exec", ground.guest, "--", "/usr/bin/python3", "-Ic", HEARD)
        heard = pool.submit(ground.atoll.run, *words)
        question, tool = asked.recvfrom(100)
        assert (question, tool[0]) == (b"question", NEAR)
        for network, ip in ((ground.machine.outside, PRIVATE), (ground.machine.outside, REAL),
                            (ground.machine.network, NEAR), (ground.machine.network, "127.0.0.1")):  # fmt: skip
            bound(network, ip, 5301).sendto(b"stranger", tool)
        asked.sendto(b"answer", tool)
        assert heard.result().out == "answer\n"


TRY = """
import socket, sys, threading
def attempt(ip, port):
    s = socket.socket()
    s.settimeout(1)
    try:
        s.connect((ip, int(port)))
        print(ip, port, flush=True)
    except OSError:
        pass
for word in sys.argv[1:]:
    threading.Thread(target=attempt, args=word.split(":")).start()
"""


def test_nothing_of_the_host_itself_is_reached(ground: Ground) -> None:
    """Services on its loopback and on its addresses, Atoll's own API among them."""
    with contextlib.ExitStack() as held:
        ports = [ground.atoll.port]
        for ip in ("127.0.0.1", "0.0.0.0"):
            made = held.enter_context(call_in(ground.machine.network, partial(socket.create_server, (ip, 0))))
            assert opened(ground.machine.network, "127.0.0.1", made.getsockname()[1])
            ports.append(made.getsockname()[1])
        ways = ("127.0.0.1", GATEWAY, RESOLVER, ADDRESS, "10.0.2.2", "10.0.2.3", "192.168.7.1", "172.31.9.1", NEAR)
        tried = [f"{ip}:{port}" for ip in ways for port in ports]
        words = ("/usr/bin/python3", "-Ic", TRY, *tried, f"{REAL}:80")
        said = ground.atoll.run("exec", ground.guest, "--", *words)
        assert said.out == f"{REAL} 80\n", said.err


def test_guests_reach_the_real_internet_by_their_own_routes(ground: Ground) -> None:
    atoll, place = ground.atoll, ground.place
    out = {"RouteTableId": place.table, "DestinationCidrBlock": "0.0.0.0/0"}
    place.ec2.delete_route(**out)
    assert ground.asked(REAL) == 28, "no route leads to the gateway"
    place.ec2.create_route(**out, GatewayId=place.gateway)
    assert ground.asked(REAL) == 0
    assert ground.asked(PRIVATE) == 28, "private addresses of the host's network stay out of reach"
    served = atoll.run("internet", "--", "curl", "-s", "-m", "2", f"http://{REAL}/GPL-3")
    assert "GNU GENERAL PUBLIC LICENSE" in served.out
    outer = host.outer(atoll.folder)
    os.kill(host.server(atoll.folder), signal.SIGKILL)
    host.until_ended({outer: "outer process"})
    atoll.up("--uplink")
    assert ground.asked(REAL) == 0, "a killed server's uplink is used again"


@pytest.mark.parametrize(
    ("hidden", "words"),
    [
        (f"$(command -v {TOOL})", f"{TOOL} is not installed: sudo apt-get install -y {TOOL}"),
        ("", f"{TUN} may not be opened by you: sudo chmod 666 {TUN}"),
    ],
    ids=["the tool", "the device"],
)
def test_what_is_missing_is_said_with_its_cure(home: Path, hidden: str, words: str) -> None:
    hide = f"mount --bind /dev/null {hidden}" if hidden else "mount -t tmpfs none /dev/net"
    atoll = Atoll(home / "lacking", (*APART, f'{hide}; exec "$@"', "sh", *who(home)))
    said = atoll.run("up", "--uplink", "--port", str(atoll.port))
    assert said.status == 1
    assert words in said.err


def test_without_a_network_it_is_refused_in_words(own_atoll: Atoll) -> None:
    said = own_atoll.run("up", "--uplink", "--fabric", "none", "--port", str(own_atoll.port))
    assert (said.status, "nothing to connect" in said.err) == (1, True)
