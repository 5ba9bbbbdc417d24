"""Instance metadata from inside guests, with real clients: as root and as an ordinary user."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios import host
from tests.scenarios.insides import Inside
from tests.scenarios.newcomers import AS_ROOT
from tests.scenarios.places import Place
from tests.scenarios.running import Atoll
from tests.scenarios.untrusted import folder_of
from tests.support.profiles import make_profile

pytestmark = pytest.mark.kernel

URL = "http://169.254.169.254"
TTL = "X-aws-ec2-metadata-token-ttl-seconds"
ACCOUNTS = ("111111111111", "222222222222")
ID = "/latest/meta-data/instance-id"


def put(url: str = f"{URL}/latest/api/token", seconds: float = 5) -> str:
    return f"curl -s -m {seconds} -X PUT {url} -H '{TTL}: 60'"


class Guests:
    """Two VPCs of two accounts with the same blocks, and an instance with the same address in each.

    Their groups and network ACLs let nothing pass in any direction, and their route tables lead nowhere.
    """

    def __init__(self, atoll: Atoll) -> None:
        self.atoll = atoll
        self.places = [Place(atoll, account) for account in ACCOUNTS]
        self.first, self.second = (self._closed(place) for place in self.places)

    def _closed(self, place: Place) -> str:
        ec2 = place.ec2
        subnet = place.new_subnet("10.0.9.0/24")
        table = ec2.create_route_table(VpcId=place.vpc)["RouteTable"]["RouteTableId"]
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        acl = ec2.create_network_acl(VpcId=place.vpc)["NetworkAcl"]["NetworkAclId"]
        mine = [{"Name": "association.subnet-id", "Values": [subnet]}]
        (held,) = ec2.describe_network_acls(Filters=mine)["NetworkAcls"]
        association = next(one for one in held["Associations"] if one["SubnetId"] == subnet)["NetworkAclAssociationId"]
        ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=acl)
        group = ec2.create_security_group(GroupName="closed", Description="closed", VpcId=place.vpc)["GroupId"]
        open_out = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissionsEgress"]
        ec2.revoke_security_group_egress(GroupId=group, IpPermissions=open_out)
        return self.launch(place, SubnetId=subnet, SecurityGroupIds=[group], PrivateIpAddress="10.0.9.77")

    def launch(self, place: Place, **asked: Any) -> str:
        usual = {"ImageId": "ami-12c6146b", "InstanceType": "t3.small", "MinCount": 1, "MaxCount": 1}
        made = place.ec2.run_instances(**{**usual, "SubnetId": place.subnet, **asked})
        instance = str(made["Instances"][0]["InstanceId"])
        place.ec2.get_waiter("instance_running").wait(InstanceIds=[instance])
        return instance

    def options(self, **changed: Any) -> None:
        """Change those of the first."""
        self.places[0].ec2.modify_instance_metadata_options(InstanceId=self.first, **changed)

    def sh(self, instance: str, script: str) -> str:
        return self.atoll.run("exec", instance, "--", "sh", "-c", script).out.strip()

    def token(self, instance: str) -> str:
        return self.sh(instance, put())

    def read(self, instance: str, path: str) -> str:
        """What is below /latest/, by version 2."""
        return self.sh(instance, f'T=$({put()}); curl -sf -m 5 -H "X-aws-ec2-metadata-token: $T" {URL}/latest/{path}')

    def status(self, instance: str, token: str = "", path: str = ID) -> str:
        """000: there was no answer."""
        header = f"-H 'X-aws-ec2-metadata-token: {token}'" if token else ""
        return self.sh(instance, f"curl -s -m 5 -o /dev/null -w '%{{http_code}}' {header} {URL}{path}")


@pytest.fixture(scope="module", params=["root", "user"] if AS_ROOT else ["user"])
def guests(request: pytest.FixtureRequest, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guests]:
    atoll = folder_of(request.param, home, tmp_path_factory.mktemp("metadata"))
    atoll.up()
    try:
        yield Guests(atoll)
    finally:
        atoll.delete()


def test_each_of_two_with_the_same_address_reads_about_itself(guests: Guests) -> None:
    for place, instance in zip(guests.places, (guests.first, guests.second), strict=True):
        assert guests.read(instance, "meta-data/instance-id") == instance
        assert guests.read(instance, "meta-data/local-ipv4") == "10.0.9.77"
        mac = guests.read(instance, "meta-data/mac")
        assert guests.sh(instance, "cat /sys/class/net/eth0/address") == mac
        assert guests.read(instance, f"meta-data/network/interfaces/macs/{mac}/vpc-id") == place.vpc
    token = guests.token(guests.first)
    assert guests.status(guests.first, token) == "200"
    assert guests.status(guests.second, token) == "401"


def test_the_newest_amazon_linux_asks_for_a_token(guests: Guests) -> None:
    place = guests.places[0]
    named = [{"Name": "name", "Values": ["al2023-ami-*-kernel-6.1-x86_64"]}]
    image = place.ec2.describe_images(Filters=named)["Images"][0]["ImageId"]
    instance = guests.launch(place, ImageId=image)
    assert guests.status(instance) == "401"
    assert guests.read(instance, "meta-data/ami-id") == image


def test_user_data_may_ask_in_its_first_moment(guests: Guests) -> None:
    script = f"#!/bin/sh\ncurl -s {URL}{ID} > /root/told\n"
    instance = guests.launch(guests.places[0], UserData=script)
    assert guests.sh(instance, "until [ -s /root/told ]; do :; done; cat /root/told") == instance
    assert guests.read(instance, "user-data") == script.strip()


def test_a_change_of_options_is_effective_at_once(guests: Guests) -> None:
    token = guests.token(guests.first)
    guests.options(HttpTokens="required")
    assert (guests.status(guests.first), guests.status(guests.first, token)) == ("401", "200")
    guests.options(HttpEndpoint="disabled")
    assert (guests.status(guests.first, token), guests.status(guests.second)) == ("403", "200")
    guests.options(HttpEndpoint="enabled", HttpTokens="optional")
    assert guests.status(guests.first) == "200"


def test_a_second_interface_asks_as_its_instance(guests: Guests) -> None:
    place = guests.places[0]
    made = place.ec2.create_network_interface(SubnetId=place.subnet)["NetworkInterface"]
    instance = guests.launch(place)
    place.ec2.attach_network_interface(
        NetworkInterfaceId=made["NetworkInterfaceId"], InstanceId=instance, DeviceIndex=1
    )
    macs = guests.read(instance, "meta-data/network/interfaces/macs/").split()
    assert f"{made['MacAddress']}/" in macs
    assert len(macs) == 2
    assert guests.sh(instance, f"curl -s -m 5 --interface {made['PrivateIpAddress']} {URL}{ID}") == instance


def test_containers_get_an_answer_as_far_as_the_hop_limit_goes(guests: Guests) -> None:
    instance = guests.launch(guests.places[0])
    modify = guests.places[0].ec2.modify_instance_metadata_options
    with Inside(guests.atoll, instance).container() as container:
        assert container.sh(f"curl -s -m 5 {URL}{ID}") == instance, "only answers to PUT are bounded"
        assert container.sh(put(seconds=0.5)) == ""
        assert len(guests.token(instance)) == 56, "the instance itself is one hop away"
        modify(InstanceId=instance, HttpPutResponseHopLimit=2)
        token = container.sh(put())
        assert len(token) == 56
        assert container.sh(f"curl -s -m 5 -H 'X-aws-ec2-metadata-token: {token}' {URL}{ID}") == instance
        modify(InstanceId=instance, HttpPutResponseHopLimit=1)
        assert container.sh(put(seconds=0.5)) == ""


REGION = "import botocore.utils as u; print(u.InstanceMetadataRegionFetcher(timeout=5).retrieve_region())"
KEYS = """
import json, botocore.session
found = botocore.session.Session().get_credentials()
print(json.dumps([found.method, *found.get_frozen_credentials()]))
"""


def test_botocore_finds_its_region_and_the_keys_of_its_role(guests: Guests) -> None:
    iam = guests.atoll.client("iam", ACCOUNTS[0])
    make_profile(iam, "web")
    instance = guests.launch(
        guests.places[0],
        IamInstanceProfile={"Name": "web"},
        MetadataOptions={"HttpTokens": "required"},
    )
    inside = Inside(guests.atoll, instance)
    assert inside.python(REGION) == "us-east-1"
    method, key, _, token, *_ = json.loads(inside.python(KEYS))
    assert method == "iam-role"
    said = guests.atoll.client("sts", key, aws_session_token=token).get_caller_identity()
    assert said["Arn"] == f"arn:aws:sts::{ACCOUNTS[0]}:assumed-role/web/{instance}"
    assert Inside(guests.atoll, guests.second).python(REGION) == "us-east-1"


MANY = """
import socket
opened = [socket.create_connection(("169.254.169.254", 80), 5) for _ in range(40)]
cut = 0
for one in opened[32:]:
    try:
        cut += one.recv(1) == b""
    except ConnectionResetError:
        cut += 1
print(cut)
opened[0].sendall(b"GET /latest/meta-data/instance-id HTTP/1.0\\r\\n\\r\\n")
print(opened[0].recv(15).decode())
"""
RUBBISH = """
import socket
HEAD = b"PUT / HTTP/1.1\\r\\n"
for said in (b"\\0\\xff rubbish\\r\\n\\r\\n", HEAD + b"x: " + b"y" * 40000, HEAD + b"a:b\\r\\n" * 600):
    with socket.create_connection(("169.254.169.254", 80), 5) as one:
        try:
            one.sendall(said)
            print(one.recv(12).decode())
        except ConnectionError:
            print("reset")
"""
"""No HTTP, a head that is too long (an answer may be lost in a reset, for not all was read), too many headers."""


def test_one_guest_holds_few_connections_and_harms_no_other(guests: Guests) -> None:
    said = guests.sh(guests.first, f"python3 -Ic '{MANY}'").split("\n")
    assert said == ["8", "HTTP/1.1 200 OK"]
    assert guests.read(guests.second, "meta-data/instance-id") == guests.second
    garbage, long, many = guests.sh(guests.first, f"python3 -Ic '{RUBBISH}'").split("\n")
    assert (garbage, many) == ("HTTP/1.1 400", "HTTP/1.1 400")
    assert long in ("HTTP/1.1 413", "reset")
    assert guests.status(guests.first) == "200"


def test_nobody_else_is_answered(guests: Guests) -> None:
    silent = f"curl -s -m 1 {URL}{ID}; echo $?"
    said = guests.atoll.run("internet", "--", "sh", "-c", silent).out.strip()
    assert said in ("7", "28"), said
    assert guests.status(guests.first) == "200"


def test_a_vpc_that_goes_leaves_nothing_of_the_service(guests: Guests) -> None:
    server, ec2 = host.server(guests.atoll.folder), guests.atoll.ec2("333333333333")
    ec2.describe_vpcs()

    def routers() -> set[str]:
        world = Path(f"/proc/{server}/root{guests.atoll.folder}/world")
        return {path.name for path in world.iterdir() if path.name.startswith("router-vpc")}

    def sockets() -> int:
        return sum(os.readlink(one).startswith("socket:") for one in Path(f"/proc/{server}/fd").iterdir())

    def until(reached: Callable[[], bool]) -> None:
        looks = (reached() or ec2.describe_vpcs() is None for _ in range(20_000))
        assert any(looks), f"{routers()}, {sockets()} sockets"

    before = routers()
    ec2.delete_vpc(VpcId=ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])
    until(lambda: routers() == before)
    held = sockets()
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    assert f"router-{vpc}" in routers()
    assert sockets() > held
    ec2.delete_vpc(VpcId=vpc)
    until(lambda: routers() == before and sockets() <= held)


def test_a_killed_server_is_followed_by_one_that_knows_its_tokens(guests: Guests) -> None:
    token = guests.token(guests.first)
    outer = host.outer(guests.atoll.folder)
    os.kill(host.server(guests.atoll.folder), signal.SIGKILL)
    host.until_ended({outer: "outer process"})
    inside = Inside(guests.atoll, guests.first)
    refused = inside.run("sh", "-c", f"curl -s -m 5 {URL}{ID}; echo $?")
    assert refused == "7\n", "nobody listens"
    guests.atoll.up()
    assert guests.status(guests.first, token) == "200"
    for instance in (guests.first, guests.second):
        assert guests.read(instance, "meta-data/instance-id") == instance
