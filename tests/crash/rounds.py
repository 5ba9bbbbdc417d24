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
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from atoll.linux import netns
from atoll.local.control import ask
from tests.crash.aws import Aws, Element
from tests.crash.run import PATIENCE, Server, until
from tests.crash.seen import settling
from tests.crash.targets import ELB, HEADER
from tests.crash.things import IMAGE
from tests.scenarios import host
from tests.scenarios.running import REPO


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


MOST_DRIFT = 16.0
"""KiB of memory that a round may leave behind: what the fabric remembers up to its bounds (docs/durability.md)."""


def one_round(aws: Aws) -> None:
    """A VPC with an instance, a second ENI that is attached and detached, an Elastic IP, every kind of way out, and
    a load balancer that leads to the instance; and all of it deleted."""
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
    _ways(aws, vpc, subnet, address)
    _balanced(aws, vpc, subnet, instance)
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


def _ways(aws: Aws, vpc: str, subnet: str, address: str) -> None:
    """A NAT gateway, a prefix list that a table of the subnet's own routes to it, an ACL of the subnet's own."""
    asked = {"SubnetId": subnet, "AllocationId": address}
    nat = aws.call("CreateNatGateway", asked).text("natGateway/natGatewayId")
    until(lambda: not settling(aws), "the NAT gateway is not there")
    asked = {"PrefixListName": "l", "AddressFamily": "IPv4", "MaxEntries": "2", "Entry.1.Cidr": "203.0.113.0/24"}
    listed = aws.call("CreateManagedPrefixList", asked).text("prefixList/prefixListId")
    table = aws.call("CreateRouteTable", {"VpcId": vpc}).text("routeTable/routeTableId")
    aws.call("CreateRoute", {"RouteTableId": table, "DestinationPrefixListId": listed, "NatGatewayId": nat})
    association = aws.call("AssociateRouteTable", {"RouteTableId": table, "SubnetId": subnet}).text("associationId")
    acl = aws.call("CreateNetworkAcl", {"VpcId": vpc}).text("networkAcl/networkAclId")
    entry = {"NetworkAclId": acl, "RuleNumber": "1", "Egress": "false", "Protocol": "-1", "RuleAction": "allow"}
    aws.call("CreateNetworkAclEntry", {**entry, "CidrBlock": "0.0.0.0/0"})
    default, held = _acl_of(aws, subnet)
    asked = {"AssociationId": held, "NetworkAclId": acl}
    held = aws.call("ReplaceNetworkAclAssociation", asked).text("newAssociationId")
    aws.call("ReplaceNetworkAclAssociation", {"AssociationId": held, "NetworkAclId": default})
    aws.call("DeleteNetworkAcl", {"NetworkAclId": acl})
    aws.call("DisassociateRouteTable", {"AssociationId": association})
    aws.call("DeleteRouteTable", {"RouteTableId": table})
    aws.call("DeleteManagedPrefixList", {"PrefixListId": listed})
    aws.call("DeleteNatGateway", {"NatGatewayId": nat})
    until(lambda: not settling(aws), "the NAT gateway does not go")


def _balanced(aws: Aws, vpc: str, subnet: str, instance: str) -> None:
    """A load balancer with a listener, and the instance as its target; the target drains when its group is deleted."""

    def elb(action: str, **params: str) -> Element:
        return aws.call(action, params, ELB)

    until(lambda: _state(aws, instance) == "running", "the instance does not run")
    asked = {"Name": "b", "Type": "network", "Subnets.member.1": subnet}
    balancer = elb("CreateLoadBalancer", **asked).text(f"CreateLoadBalancerResult/{BALANCER}")
    asked = {"Name": "t", "Protocol": "TCP", "Port": "80", "VpcId": vpc}
    group = elb("CreateTargetGroup", **asked).text(f"CreateTargetGroupResult/{TARGETS}")
    header = {"Attributes.member.1.Key": HEADER, "Attributes.member.1.Value": "true"}
    elb("ModifyTargetGroupAttributes", TargetGroupArn=group, **header)
    target = {"TargetGroupArn": group, "Targets.member.1.Id": instance}
    elb("RegisterTargets", **target)
    start = "DefaultActions.member.1."
    asked = {"Protocol": "TCP", "Port": "80", f"{start}Type": "forward", f"{start}TargetGroupArn": group}
    elb("CreateListener", LoadBalancerArn=balancer, **asked)
    until(lambda: not settling(aws), "the load balancer is not active")
    elb("DeregisterTargets", **target)
    elb("DeleteLoadBalancer", LoadBalancerArn=balancer)
    elb("DeleteTargetGroup", TargetGroupArn=group)


BALANCER = "LoadBalancers/member/LoadBalancerArn"
TARGETS = "TargetGroups/member/TargetGroupArn"


def _acl_of(aws: Aws, subnet: str) -> tuple[str, str]:
    """A subnet's ACL, and the association."""
    asked = {"Filter.1.Name": "association.subnet-id", "Filter.1.Value.1": subnet}
    (found,) = aws.call("DescribeNetworkAcls", asked).all("networkAclSet/item")
    held = next(one for one in found.all("associationSet/item") if one.text("subnetId") == subnet)
    return found.text("networkAclId"), held.text("networkAclAssociationId")


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


def drift(samples: Sequence[tuple[int, Size]]) -> float:
    """KiB of memory that a round leaves behind: the slope of the straight line through the samples' last two thirds."""
    last = samples[len(samples) // 3 :]
    middle = sum(number for number, _ in last) / len(last)
    height = sum(size.memory for _, size in last) / len(last)
    spread = sum((number - middle) ** 2 for number, _ in last)
    return sum((number - middle) * (size.memory - height) for number, size in last) / spread


def rounds(folder: Path, warm: int, count: int, every: int) -> list[tuple[int, Size]]:
    """The sizes after `warm` rounds, and after each `every` of `count` more: how many there were, and the size.

    An hour passes before each look, so that nothing is described any more.
    """
    faults = folder.with_name(f"{folder.name}-faults")
    faults.mkdir(parents=True)
    faulty = f"{REPO / 'tests/support/faulty'}:{REPO / 'src'}"
    server = Server(folder, "kernel", {"FAULTS": str(faults), "PYTHONPATH": faulty})
    server.up()
    try:
        with contextlib.closing(Aws(server.port, "123456789012")) as aws:
            samples: list[tuple[int, Size]] = []
            for number in range(1, warm + count + 1):
                one_round(aws)
                if number >= warm and (number - warm) % every == 0:
                    _ahead(faults, HOUR * (1 + len(samples)))
                    until(lambda: _forgotten(aws), "what was deleted is not forgotten", 4 * every + PATIENCE)
                    samples.append((number, measure(folder)))
        if found := ask(folder / "control", {"do": "audit"}):
            raise AssertionError(f"the kernel is not as the model: {found[:5]}")
        return samples
    finally:
        server.end()


def _ahead(faults: Path, seconds: int) -> None:
    """The server's clock steps. In one go: a clock that cannot be read for a moment ends the server's timers."""
    (faults / "clock.next").write_text(str(-seconds))
    (faults / "clock.next").rename(faults / "clock")


def _forgotten(aws: Aws) -> bool:
    instances = aws.call("DescribeInstances").all("reservationSet/item")
    return not instances and not aws.call("DescribeNatGateways").all("natGatewaySet/item")


HOUR = 3700
"""Seconds, and some more: so long what was terminated or deleted is described."""


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--warm", type=int, default=30)
    parser.add_argument("--every", type=int, default=30)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="atoll-rounds-"))
    begin = time.monotonic()
    try:
        samples = rounds(folder / "state", asked.warm, asked.rounds, asked.every)
    finally:
        shutil.rmtree(folder)
    sys.stdout.write("".join(f"{name:>14}" for name in ("rounds", *Size._fields)) + "\n")
    sys.stdout.writelines("".join(f"{number:14}" for number in (count, *size)) + "\n" for count, size in samples)
    sys.stdout.write(f"{drift(samples):.2f} KiB of memory a round; {time.monotonic() - begin:.0f} s\n")
    found = grown(samples[0][1], samples[-1][1])
    if drift(samples) > MOST_DRIFT:
        found.append(f"memory: more than {MOST_DRIFT} KiB a round")
    sys.stdout.writelines(f"grown: {line}\n" for line in found)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
