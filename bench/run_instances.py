"""RunInstances to first packet: from the call to the first echo reply that a host of the internet gets.

Also to the first page of an Apache that user data installed and started, and TerminateInstances.
"""

import json
import os
import re
import socket
import sys
import time
import urllib.request
from base64 import b64encode
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from atoll.cli.demo.eni import USER_DATA
from bench.inside import call, connect, request, run_inside
from bench.network import IMAGE, public_network
from bench.run import atoll, client, row

ROUNDS = 20
OPEN = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


def main() -> None:
    with atoll() as (folder, endpoint):
        ec2 = client(endpoint)
        vpc, subnet = public_network(ec2)
        group = ec2.create_security_group(GroupName="bench", Description="bench", VpcId=vpc)["GroupId"]
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=OPEN)
        with connect(endpoint) as api:
            times = run_inside(folder, api, __file__, subnet, group)
    for label, seconds in times.items():
        print(row(label, seconds))


def measure(subnet: str, group: str) -> None:
    """Runs on Atoll's internet; the API's connection is standard input."""
    api = socket.socket(fileno=os.dup(0))
    times: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        one_round(api, launch(subnet, group), times)
    print(json.dumps(times))


def launch(subnet: str, group: str) -> bytes:
    network = {"DeviceIndex": "0", "SubnetId": subnet, "SecurityGroupId.1": group, "AssociatePublicIpAddress": "true"}
    return request(
        Action="RunInstances",
        ImageId=IMAGE,
        InstanceType="t2.micro",
        MinCount="1",
        MaxCount="1",
        UserData=b64encode(USER_DATA.encode()).decode(),
        **{f"NetworkInterface.1.{name}": value for name, value in network.items()},
    )


def one_round(api: socket.socket, launching: bytes, times: dict[str, list[float]]) -> None:
    start = time.perf_counter()

    def note(label: str) -> None:
        times.setdefault(label, []).append(time.perf_counter() - start)

    instance = named("instanceId", call(api, launching))
    note("RunInstances answers")
    public = named("ipAddress", call(api, request(Action="DescribeInstances", **{"InstanceId.1": instance})))
    first_echo(public)
    note("first echo reply")
    first_page(public)
    note("Apache's first page, from user data")
    start = time.perf_counter()
    call(api, request(Action="TerminateInstances", **{"InstanceId.1": instance}))
    note("TerminateInstances answers")


def named(tag: str, answer: bytes) -> str:
    found = re.search(f"<{tag}>([^<]+)</{tag}>".encode(), answer)
    if found is None:
        raise RuntimeError(f"no {tag} in {answer.decode()}")
    return found[1].decode()


def first_echo(ip: str) -> None:
    """Echo requests until one is answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        raw.settimeout(0.005)
        while True:
            raw.sendto(b"\x08\x00\xf7\xfe\x00\x01\x00\x00", (ip, 0))
            try:
                while raw.recvfrom(1000)[1][0] != ip:
                    continue
            except TimeoutError:
                continue
            return


def first_page(ip: str) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            opener.open(f"http://{ip}/", timeout=1).read()
        except OSError:
            continue
        return


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        measure(*sys.argv[2:])
    else:
        main()
