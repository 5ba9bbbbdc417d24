"""Build and delete the same things many times, and compare what is left with what there was after a few rounds.

python -m tests.crash.rounds --rounds 300
"""

import argparse
import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from atoll.linux import netns
from atoll.local.control import ask
from tests.crash.aws import Aws
from tests.crash.run import Server, until
from tests.crash.things import IMAGE
from tests.scenarios import host


class Size(NamedTuple):
    """What there is of everything; memory and files in KiB."""

    namespaces: int
    links: int
    mounts: int
    processes: int
    descriptors: int
    threads: int
    memory: int
    numbers: int  # the fabric's ledgers, in the world's memory
    database: int
    log_of_writes: int


ALLOWED = Size(0, 0, 0, 0, 0, 0, memory=16 << 10, numbers=1 << 10, database=512, log_of_writes=6 << 10)
"""Growth that is no leak: memory that Python keeps for reuse; ledgers up to where they are written anew; terminated
instances, which are described for an hour; the log of writes up to where SQLite folds it back (1000 pages)."""


def one_round(aws: Aws) -> None:
    """A VPC with an instance, a second ENI that is attached and detached, an Elastic IP; and all of it deleted."""
    vpc = aws.call("CreateVpc", {"CidrBlock": "10.0.0.0/16"}).text("vpc/vpcId")
    subnet = aws.call("CreateSubnet", {"VpcId": vpc, "CidrBlock": "10.0.1.0/24"}).text("subnet/subnetId")
    gateway = aws.call("CreateInternetGateway").text("internetGateway/internetGatewayId")
    aws.call("AttachInternetGateway", {"InternetGatewayId": gateway, "VpcId": vpc})
    asked = {"GroupName": "g", "GroupDescription": "d", "VpcId": vpc}
    group = aws.call("CreateSecurityGroup", asked).text("groupId")
    rule = {f"IpPermissions.1.{name}": value for name, value in RULE.items()}
    aws.call("AuthorizeSecurityGroupIngress", {"GroupId": group, **rule})
    asked = {"ImageId": IMAGE, "InstanceType": "m5.large", "MinCount": "1", "MaxCount": "1"}
    asked |= {"SubnetId": subnet, "SecurityGroupId.1": group}
    instance = aws.call("RunInstances", asked).text("instancesSet/item/instanceId")
    asked = {"SubnetId": subnet, "SecurityGroupId.1": group}
    eni = aws.call("CreateNetworkInterface", asked).text("networkInterface/networkInterfaceId")
    address = aws.call("AllocateAddress", {"Domain": "vpc"}).text("allocationId")
    asked = {"NetworkInterfaceId": eni, "InstanceId": instance, "DeviceIndex": "1"}
    attachment = aws.call("AttachNetworkInterface", asked).text("attachmentId")
    asked = {"AllocationId": address, "NetworkInterfaceId": eni}
    association = aws.call("AssociateAddress", asked).text("associationId")
    aws.call("DisassociateAddress", {"AssociationId": association})
    aws.call("ReleaseAddress", {"AllocationId": address})
    aws.call("DetachNetworkInterface", {"AttachmentId": attachment})
    aws.call("DeleteNetworkInterface", {"NetworkInterfaceId": eni})
    aws.call("TerminateInstances", {"InstanceId.1": instance})
    until(lambda: _state(aws, instance) == "terminated", "the instance is not terminated")
    aws.call("DeleteSecurityGroup", {"GroupId": group})
    aws.call("DeleteSubnet", {"SubnetId": subnet})
    aws.call("DetachInternetGateway", {"InternetGatewayId": gateway, "VpcId": vpc})
    aws.call("DeleteInternetGateway", {"InternetGatewayId": gateway})
    aws.call("DeleteVpc", {"VpcId": vpc})


RULE = {"IpProtocol": "tcp", "FromPort": "80", "ToPort": "80", "IpRanges.1.CidrIp": "0.0.0.0/0"}


def _state(aws: Aws, instance: str) -> str:
    answer = aws.call("DescribeInstances", {"InstanceId.1": instance})
    return answer.text("reservationSet/item/instancesSet/item/instanceState/name")


def measure(folder: Path) -> Size:
    """The size of everything, once what waits to be removed has been."""
    keeper, server = host.keeper(folder), host.server(folder)
    world = Path(f"/proc/{keeper}/root{folder}/world")
    wanted = {f"router-{line.split()[1]}" for line in _plan(folder) if line.startswith("domain ")}
    until(lambda: {path.name for path in _namespaces(world) if path.name.startswith("router-")} == wanted, "not reaped")
    list_links = ("ip", "-oneline", "link", "show")
    looks = ([*host.entering(folder), "nsenter", f"--net={path}", *list_links] for path in _namespaces(world))
    links = sum(subprocess.run(look, check=True, capture_output=True).stdout.count(b"\n") for look in looks)
    ledgers = [path for path in world.iterdir() if "." in path.name and path.name.rpartition(".")[2] in LEDGERS]
    return Size(
        namespaces=len(_namespaces(world)),
        links=links,
        mounts=len(Path(f"/proc/{keeper}/mountinfo").read_text().splitlines()),
        processes=len(host.family(folder)),
        descriptors=len(list(Path(f"/proc/{server}/fd").iterdir())),
        threads=len(list(Path(f"/proc/{server}/task").iterdir())),
        memory=_memory(server),
        numbers=sum(path.stat().st_size for path in ledgers) >> 10,
        database=(folder / "atoll.db").stat().st_size >> 10,
        log_of_writes=(folder / "atoll.db-wal").stat().st_size >> 10,
    )


LEDGERS = ("numbers", "addresses")


def _plan(folder: Path) -> list[str]:
    return str(ask(folder / "control", {"do": "plan"})).splitlines()


def _namespaces(world: Path) -> list[Path]:
    return [path for path in world.iterdir() if netns.is_one(path)]


def _memory(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def grown(before: Size, after: Size) -> list[str]:
    """What there is more of than may be."""
    pairs = zip(Size._fields, before, after, ALLOWED, strict=True)
    return [f"{name}: {old} -> {new}" for name, old, new, more in pairs if new > old + more]


def rounds(folder: Path, warm: int, count: int) -> tuple[Size, Size]:
    """The sizes after `warm` rounds, and after `count` more."""
    server = Server(folder, "kernel")
    server.up()
    try:
        with contextlib.closing(Aws(server.port, "123456789012")) as aws:
            sizes = []
            for many in (warm, count):
                for _ in range(many):
                    one_round(aws)
                sizes.append(measure(folder))
        if found := ask(folder / "control", {"do": "audit"}):
            raise AssertionError(f"the kernel is not as the model: {found[:5]}")
        return sizes[0], sizes[1]
    finally:
        server.end()


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--warm", type=int, default=30)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="atoll-rounds-"))
    begin = time.monotonic()
    try:
        before, after = rounds(folder / "state", asked.warm, asked.rounds)
    finally:
        shutil.rmtree(folder)
    for name, old, new in zip(Size._fields, before, after, strict=True):
        sys.stdout.write(f"{name:16} {old:8} {new:8}\n")
    sys.stdout.write(f"{asked.rounds} rounds in {time.monotonic() - begin:.0f} s\n")
    sys.stdout.writelines(f"grown: {line}\n" for line in grown(before, after))
    return bool(grown(before, after))


if __name__ == "__main__":
    sys.exit(main())
