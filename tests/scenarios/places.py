"""A small VPC on a running Atoll, and conversations between its guests and the internet."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.scenarios.running import Atoll

CLIENT, OTHER = "203.0.113.10", "203.0.113.20"
PORT, CANARY = 80, 7
IMAGE = "ami-12c6146b"
SILENCE = 1.0
"""Seconds after which no answer is silence; an answer takes about a millisecond here."""

ECHO = f"""#!/usr/bin/python3
import os, socket, threading
def serve(port):
    s = socket.create_server(("0.0.0.0", port), backlog=50)
    while True:
        c, peer = s.accept()
        threading.Thread(target=talk, args=(c, peer), daemon=True).start()
def talk(c, peer):
    while data := c.recv(1000):
        c.sendall(peer[0].encode() + b" " + c.getsockname()[0].encode() + b"\\n")
if os.fork():
    os._exit(0)
for port in ({PORT}, {CANARY}):
    threading.Thread(target=serve, args=(port,)).start()
"""
"""A server that answers each line with the client's address and its own, as its kernel has them."""

FORWARDING = ECHO.replace("if os.fork():", 'open("/proc/sys/net/ipv4/ip_forward", "w").write("1")\nif os.fork():')
"""The same server, on a guest that passes packets on."""

LISTEN = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("{ip}", {port}))
print("ready", flush=True)
while True:
    data, peer = s.recvfrom(1000)
    print(peer[0], data.decode(), flush=True)
    s.sendto(b"answer", peer)
"""
"""Datagrams: tells who asks what, and answers."""

ASK = f"""
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout({SILENCE})
s.connect(("{{ip}}", {{port}}))
try:
    s.send(b"question")
    print(s.recv(1000).decode(), flush=True)
except ConnectionRefusedError:
    print("refused", flush=True)
except TimeoutError:
    print("silent", flush=True)
"""
"""One datagram: the answer, refused (by an ICMP error that names this socket's packet) or silent."""

TALK = """
import socket, sys, json
ip, port, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
s = socket.socket()
s.settimeout(seconds)
def told(act):
    try:
        return act()
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "silent"
    except OSError as error:
        return "error: " + str(error)
def say():
    s.sendall(b"x\\n")
    return s.recv(1000).decode().strip()
print(told(lambda: s.connect((ip, port)) or "connected"), flush=True)
for _ in sys.stdin:
    print(told(say), flush=True)
"""


class Conversation:
    """One TCP connection, held open by a process somewhere inside."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.opening = self._line()

    def say(self) -> str:
        """Send a line: the answer ("client server" as the server sees them), "silent" or an error."""
        assert self._process.stdin is not None
        self._process.stdin.write("x\n")
        self._process.stdin.flush()
        return self._line()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


class Place:
    """A VPC of one account, with a public subnet in one AZ; more is made by the test."""

    def __init__(self, atoll: Atoll, account: str) -> None:
        self.atoll = atoll
        self.ec2 = atoll.ec2(account)
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        tables = self.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])["RouteTables"]
        self.table = tables[0]["RouteTableId"]
        self.subnet = self.new_subnet("10.0.1.0/24")
        self.gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        self.ec2.create_route(RouteTableId=self.table, DestinationCidrBlock="0.0.0.0/0", GatewayId=self.gateway)

    def new_subnet(self, block: str) -> str:
        made = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=block, AvailabilityZone="us-east-1a")
        return str(made["Subnet"]["SubnetId"])

    def group(self, name: str, *opened: dict[str, Any]) -> str:
        """A group that opens these; and the canary's port to the internet host OTHER and to the whole VPC."""
        made = str(self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)["GroupId"])
        canary = tcp(CANARY, f"{OTHER}/32")
        canary["IpRanges"].append({"CidrIp": "10.0.0.0/16"})
        self.ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[canary, *opened])
        return made

    def launch(self, group: str, *, subnet: str | None = None, public: bool = True, user_data: str = ECHO) -> str:
        """An instance whose server listens when this returns."""
        network = {"DeviceIndex": 0, "SubnetId": subnet or self.subnet, "Groups": [group]}
        made = self.ec2.run_instances(
            ImageId=IMAGE,
            InstanceType="t3.small",
            MinCount=1,
            MaxCount=1,
            UserData=user_data,
            NetworkInterfaces=[{**network, "AssociatePublicIpAddress": public}],
        )
        instance = str(made["Instances"][0]["InstanceId"])
        self.ec2.get_waiter("instance_running").wait(InstanceIds=[instance])
        self.listening(instance)
        return instance

    def listening(self, instance: str) -> None:
        """Wait for the guest's own word that its boot has finished: it starts the server before it says so."""
        ready = f"until grep -q ':{CANARY:04X} ' /proc/net/tcp; do :; done"
        said = self.atoll.run("exec", instance, "--", "timeout", "20", "bash", "-c", ready)
        assert said.status == 0, said.err

    def described(self, instance: str) -> dict[str, Any]:
        found = self.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
        assert isinstance(found, dict)
        return found

    def private_ip(self, instance: str) -> str:
        return str(self.described(instance)["PrivateIpAddress"])

    def public_ip(self, instance: str) -> str | None:
        found = self.described(instance).get("PublicIpAddress")
        return None if found is None else str(found)

    def eth0(self, instance: str) -> str:
        return str(self.described(instance)["NetworkInterfaces"][0]["NetworkInterfaceId"])

    @contextmanager
    def talk(self, source: str, ip: str | None, port: int = PORT) -> Iterator[Conversation]:
        """A conversation from an internet host (its address) or an instance (its id)."""
        assert ip is not None
        program = ["-I", "-c", TALK, ip, str(port), str(SILENCE)]
        where = ["exec", source, "--"] if source.startswith("i-") else ["internet", "--from", source, "--"]
        command = ["atoll", *where, "/usr/bin/python3", *program]
        process = subprocess.Popen(
            command,
            env=self.atoll.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                yield Conversation(process)
            finally:
                assert process.stdin is not None
                process.stdin.close()

    def opening(self, source: str, ip: str | None, port: int = PORT) -> str:
        """connected, refused or silent."""
        with self.talk(source, ip, port) as conversation:
            return conversation.opening

    def denied(self, source: str, ip: str | None, port: int = PORT, *, canary: Sequence[str | None]) -> bool:
        """Silent, while a packet of the canary (from, to address) arrives at the same guest."""
        silent = self.opening(source, ip, port) == "silent"
        assert self.opening(str(canary[0]), canary[1], CANARY) == "connected", "the canary did not arrive"
        return silent


ACCOUNTS = count(100_000_000_000)


def new_account() -> str:
    """An account that no other test of this process has."""
    return f"{next(ACCOUNTS):012}"


def refused(call: object, **asked: object) -> str:
    """The code with which the call is refused."""
    assert callable(call)
    with pytest.raises(ClientError) as refusal:
        call(**asked)
    return str(refusal.value.response["Error"]["Code"])


@contextmanager
def running(place: Place, source: str, program: str) -> "Iterator[subprocess.Popen[str]]":
    """A program on an internet host (its address) or an instance (its id), ended afterwards."""
    where = ["exec", source, "--"] if source.startswith("i-") else ["internet", "--from", source, "--"]
    command = ["atoll", *where, "/usr/bin/python3", "-I", "-c", program]
    process = subprocess.Popen(command, env=place.atoll.environment, stdout=subprocess.PIPE, text=True)
    with process:
        try:
            yield process
        finally:
            process.terminate()


def line(process: "subprocess.Popen[str]") -> str:
    """The next line that it prints."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def counted(place: Place, guest: str, protocol: str, what: str) -> int:
    """What the guest's own kernel has counted, by its names (/proc/net/snmp)."""
    said = place.atoll.run("exec", guest, "--", "cat", "/proc/net/snmp").out.splitlines()
    names, values = (words.split() for words in said if words.startswith(f"{protocol}:"))
    return int(dict(zip(names, values, strict=True))[what])


def forwarded(place: Place, box: str) -> int:
    """How many datagrams the guest has passed on."""
    return counted(place, box, "Ip", "ForwDatagrams")


def udp(port: int, cidr: str) -> dict[str, Any]:
    """A permission for one UDP port from one block."""
    return tcp(port, cidr) | {"IpProtocol": "udp"}


def tcp(port: int, cidr: str) -> dict[str, Any]:
    """A permission for one TCP port from one block."""
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": cidr}]}


def from_group(port: int, group: str) -> dict[str, Any]:
    """A permission for one TCP port from the members of a group."""
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": [{"GroupId": group}]}
