"""One write end to end: AuthorizeSecurityGroupIngress to a packet that passes, the disk's fsync included.

At 10, 1,000 and 10,000 ENIs in one VPC. A client on Atoll's internet holds a connection to the API (opened before it
went there), opens a port, sends a UDP datagram to an Elastic IP and waits for the guest's echo; then it revokes.
The same with an unrelated call (CreateTags) shows what a call costs without the network, and the echo alone what a
packet costs. Usage: python bench/one_write.py [ENIs ...]
"""

import json
import os
import socket
import sys
import time
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.inside import call, connect, request, run_inside
from bench.network import public_instance
from bench.run import atoll, client, row

SIZES = (10, 1_000, 10_000)
ROUNDS = 300
PORTS = count(20_000)
PORT = 7777
ECHO = f"""#!/usr/bin/python3
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", {PORT}))
while True:
    data, peer = s.recvfrom(100)
    s.sendto(data, peer)
"""


def permission(action: str, group: str) -> bytes:
    rule = {"IpProtocol": "udp", "FromPort": str(PORT), "ToPort": str(PORT), "IpRanges.1.CidrIp": "203.0.113.0/24"}
    return request(Action=action, GroupId=group, **{f"IpPermissions.1.{name}": value for name, value in rule.items()})


def echo(ip: str, seconds: float) -> bool:
    """One datagram from a port that none has had, since the group still tracks the others; whether it came back."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("", next(PORTS)))
        udp.settimeout(seconds)
        udp.connect((ip, PORT))
        udp.send(b"x")
        try:
            return udp.recv(10) == b"x"
        except (TimeoutError, ConnectionRefusedError):
            return False


def measure(group: str, ip: str) -> None:
    """Runs on Atoll's internet; the API's connection is standard input."""
    api = socket.socket(fileno=os.dup(0))
    opening, closing = (
        permission("AuthorizeSecurityGroupIngress", group),
        permission("RevokeSecurityGroupIngress", group),
    )
    tagging = request(Action="CreateTags", **{"ResourceId.1": group, "Tag.1.Key": "a", "Tag.1.Value": "b"})
    times: dict[str, list[float]] = {"authorise to packet": [], "revoke": [], "CreateTags": [], "packet alone": []}
    disobeyed = 0
    for number in range(ROUNDS):
        start = time.perf_counter()
        call(api, opening)
        passed = echo(ip, 1.0)
        times["authorise to packet"].append(time.perf_counter() - start)
        disobeyed += not passed
        start = time.perf_counter()
        disobeyed += not echo(ip, 1.0)
        times["packet alone"].append(time.perf_counter() - start)
        start = time.perf_counter()
        call(api, closing)
        times["revoke"].append(time.perf_counter() - start)
        if number % 10 == 0:
            disobeyed += echo(ip, 0.05)
        start = time.perf_counter()
        call(api, tagging)
        times["CreateTags"].append(time.perf_counter() - start)
    print(json.dumps({"times": times, "disobeyed": disobeyed}))


def bench(interfaces: int) -> None:
    quotas = ["interfaces-per-region=100000", "subnets-per-vpc=1000"]
    with atoll(*(word for quota in quotas for word in ("--quota", quota))) as (folder, endpoint):
        ec2 = client(endpoint)
        group, public, subnet = public_instance(ec2, ECHO)
        fill(endpoint, subnet, interfaces)
        with connect(endpoint) as api:
            found = run_inside(folder, api, __file__, group, public)
        for label, times in found["times"].items():
            print(row(f"{interfaces:>6} ENIs  {label}", times))
        print(f"{interfaces:>6} ENIs  packets that disobeyed: {found['disobeyed']}")


def fill(endpoint: str, subnet: str, interfaces: int) -> None:
    """ENIs that nobody uses, in the same VPC and subnet and in the same default group."""
    with connect(endpoint) as api:
        message = request(Action="CreateNetworkInterface", SubnetId=subnet)
        start = time.perf_counter()
        for _ in range(interfaces - 1):
            call(api, message)
        spent = time.perf_counter() - start
    print(f"{interfaces:>6} ENIs  CreateNetworkInterface: {spent / max(1, interfaces - 1) * 1e3:.2f} ms a call")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        measure(sys.argv[2], sys.argv[3])
    else:
        for size in [int(word) for word in sys.argv[1:]] or SIZES:
            bench(size)
