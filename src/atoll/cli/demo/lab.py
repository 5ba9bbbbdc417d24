"""What every demo does with the running Atoll: its API, its internet, and the insides of its instances."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from atoll.local.control import ask

PATIENCE = 2.0
"""Seconds after which no answer counts as silence. In AWS too a dropped packet is told from a late one by waiting."""

BOOT = 60.0
"""Seconds that user data has to bring a server up."""

PROBE = """
import socket, sys, urllib.request
url, seconds = sys.argv[1], float(sys.argv[2])
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
try:
    body = opener.open(url, timeout=seconds).read().decode().strip()
    print("answers: " + body)
except OSError as error:
    reason = getattr(error, "reason", error)
    refused = isinstance(reason, ConnectionRefusedError)
    silent = isinstance(reason, (TimeoutError, socket.timeout))
    print("refused" if refused else "silent" if silent else f"error: {reason}")
"""

CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3])).close()
    print("connected")
except ConnectionRefusedError:
    print("refused")
except TimeoutError:
    print("silent")
"""

SCAN = """
import os, socket, struct, sys
ip, first, last, udp = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "udp"
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
way = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
way.connect((ip, 9))
segments = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
segments.settimeout(0.3)
mine, target = socket.inet_aton(way.getsockname()[0]), socket.inet_aton(ip)
source = 20000 + int.from_bytes(os.urandom(2), "big") % 10000  # nothing remembers an earlier scan of the same
fixed = struct.unpack("!10H", mine + target + struct.pack("!HHHHHH", 6, 20, source, 0x5002, 64240, 0))
for port in range(first, last + 1):
    total = sum(fixed) + port
    while total > 65535:
        total = (total & 65535) + (total >> 16)
    segments.sendto(struct.pack("!HHIIHHHH", source, port, 0, 0, 0x5002, 64240, total ^ 65535, 0), (ip, 0))
    if udp:
        datagrams.sendto(b"?", (ip, port))
answered = set()
try:
    while True:
        packet = segments.recv(100)
        header = packet[(packet[0] & 15) * 4:]
        if packet[12:16] == target and header[2:4] == source.to_bytes(2, "big"):
            answered.add(int.from_bytes(header[:2], "big"))
except TimeoutError:
    print(",".join(map(str, sorted(answered))) or "none")
"""
"""A SYN to each port, as fast as they can be written, and a datagram if asked for: prints the TCP ports that said
anything at all."""

PORTS = (1, 65535)
INTERNET = "203.0.113.10"


class Scan(NamedTuple):
    """What a scan found: the TCP ports that answered, and how many packets the target's kernel was given."""

    answered: str
    arrived: int
    sent: int

    def __str__(self) -> str:
        return f"{self.arrived:,} of {self.sent:,} arrive"


class Lab:
    """One demo's view: an API client for its region, and ways to try things."""

    def __init__(self, control: Path, endpoint: str, region: str) -> None:
        self._control = control
        self.ec2, self.elb = client("ec2", endpoint, region), client("elbv2", endpoint, region)
        self.region = region

    def http(self, ip: str, path: str = "/", *, seconds: float = PATIENCE) -> str:
        """GET from a host of the internet: "answers: ...", "refused" or "silent"."""
        return self.program(INTERNET, PROBE, f"http://{ip}{path}", str(seconds))

    def http_once_up(self, ip: str, path: str = "/", good: Callable[[str], bool] | None = None) -> str:
        """The same, for a server that may still be starting: the first (good) answer, or the last thing seen."""
        return until(lambda: self.http(ip, path), good or (lambda seen: seen.startswith("answers")), BOOT)

    def tcp(self, source: str, ip: str, port: int, *, seconds: float = PATIENCE) -> str:
        """Open a connection from an internet host (its address) or an instance: "connected", "refused" or "silent"."""
        return self.program(source, CONNECT, ip, str(port), str(seconds))

    def scan(self, source: str, ip: str, target: str, *, ports: tuple[int, int] = PORTS, udp: bool = False) -> Scan:
        """Every port of an address, by TCP, perhaps by UDP; `target`: the instance there, whose kernel counts."""
        before = self._received(target)
        answered = self.program(source, SCAN, ip, *map(str, ports), "udp" if udp else "")
        sent = (ports[1] - ports[0] + 1) * (2 if udp else 1)
        return Scan(answered, self._received(target) - before, sent)

    def program(self, source: str, code: str, *arguments: str) -> str:
        """What a Python program prints on an internet host (its address) or in an instance (its id)."""
        if source.startswith("i-"):
            return self.inside(source, "/usr/bin/python3", "-I", "-c", code, *arguments)
        command = [sys.executable, "-I", "-c", code, *arguments]
        return self._output({"do": "internet", "ip": source, "command": command, "env": {}, "cwd": "/"})

    def _received(self, instance: str) -> int:
        """How many TCP segments came in, and datagrams to ports where nobody listens, since the guest's boot."""
        lines = [line.split() for line in self.inside(instance, "cat", "/proc/net/snmp").splitlines()]
        counters = {
            names[0] + name: int(value)
            for names, values in zip(lines[::2], lines[1::2], strict=True)
            for name, value in zip(names[1:], values[1:], strict=True)
        }
        return counters["Tcp:InSegs"] + counters["Udp:NoPorts"]

    def inside(self, instance: str, *command: str) -> str:
        """What a command prints in an instance."""
        return self._output({"do": "exec", "instance": instance, "command": command, "tty": False, "env": {}})

    def _output(self, request: dict[str, Any]) -> str:
        read_end, write_end = os.pipe()
        with open(os.devnull, "r+b") as nothing, os.fdopen(read_end, "rb") as output:
            try:
                ask(self._control, request, (nothing.fileno(), write_end, write_end))
            finally:
                os.close(write_end)
            return output.read().decode(errors="replace").strip()

    def zone(self, zone: str, *, up: bool) -> None:
        """An availability zone fails, or is well again."""
        ask(self._control, {"do": "zone-up" if up else "zone-down", "zone": zone})

    def refusal(self, call: Callable[[], object]) -> str:
        """The error code that a call is refused with, or "accepted"."""
        from botocore.exceptions import ClientError

        try:
            call()
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "accepted"


def until(look: Callable[[], str], good: Callable[[str], bool], seconds: float) -> str:
    """Look again and again until it is good or the time is up; the last thing seen. `look` itself takes its time."""
    deadline = time.monotonic() + seconds
    seen = look()
    while not good(seen) and time.monotonic() < deadline:
        time.sleep(0.1)  # not busy while the server is still refusing
        seen = look()
    return seen


def client(service: str, endpoint: str, region: str) -> Any:
    """A boto3 client for this Atoll, whatever the user's own configuration says."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="atoll",
        aws_secret_access_key="atoll",
        config=Config(retries={"max_attempts": 1}, proxies={}),
    )
