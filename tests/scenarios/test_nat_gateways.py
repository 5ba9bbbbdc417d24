"""A private subnet's way out, in real packets: section 15's rows of NAT gateways, and each filter on both passes."""

import contextlib
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.scenarios.building import ONE_LOOK
from tests.scenarios.places import (
    ASK,
    CLIENT,
    LISTEN,
    OTHER,
    PORT,
    Conversation,
    Place,
    counted,
    line,
    new_account,
    running,
    tcp,
)
from tests.scenarios.running import Atoll

pytestmark = pytest.mark.kernel

ECHO_PORT = 8080

SERVER = f"""
import socket, threading
def talk(c):
    with c:
        while c.recv(1000):
            c.sendall(b"still there\\n")
s = socket.create_server(("{CLIENT}", {ECHO_PORT}))
print("ready", flush=True)
while True:
    c, peer = s.accept()
    print(peer[0], flush=True)
    threading.Thread(target=talk, args=(c,), daemon=True).start()
"""


class Private(Place):
    """A place with a private subnet behind a NAT gateway, and a host in it."""

    def __init__(self, atoll: Atoll, account: str) -> None:
        super().__init__(atoll, account)
        made = self.ec2.allocate_address(Domain="vpc")
        self.allocation, self.elastic_ip = made["AllocationId"], made["PublicIp"]
        self.nat = self.new_nat(AllocationId=self.allocation)
        self.private = self.new_subnet("10.0.2.0/24")
        self.way_out = self.new_table(self.private)
        self.group_id = self.group("private", tcp(PORT, "0.0.0.0/0"))
        self.host = self.launch(self.group_id, subnet=self.private, public=False)

    def new_nat(self, **params: Any) -> str:
        """A NAT gateway in the public subnet; waiters that look once find it available."""
        made = self.ec2.create_nat_gateway(SubnetId=self.subnet, **params)["NatGateway"]["NatGatewayId"]
        self.ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[made], WaiterConfig=ONE_LOOK)
        return str(made)

    def new_table(self, subnet: str) -> str:
        """A table that leads out through the NAT gateway."""
        table = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=self.nat)
        return str(table)

    @contextlib.contextmanager
    def server(self) -> "Iterator[subprocess.Popen[str]]":
        """A server of the internet that tells whom it sees."""
        with running(self, CLIENT, SERVER) as process:
            assert line(process) == "ready"
            yield process


@contextlib.contextmanager
def behind_a_gateway(atoll: Atoll) -> Iterator[Private]:
    """One in an account of its own; what runs there is ended afterwards."""
    made = Private(atoll, new_account())
    yield made
    found = made.ec2.describe_instances(Filters=[{"Name": "instance-state-name", "Values": ["running"]}])
    ids = [one["InstanceId"] for reservation in found["Reservations"] for one in reservation["Instances"]]
    made.ec2.terminate_instances(InstanceIds=ids)
    for one in made.ec2.describe_nat_gateways()["NatGateways"]:
        made.ec2.delete_nat_gateway(NatGatewayId=one["NatGatewayId"])


@pytest.fixture
def place(atoll: Atoll) -> Iterator[Private]:
    with behind_a_gateway(atoll) as made:
        yield made


def test_a_private_host_goes_out_with_the_gateways_address_and_nothing_comes_in(place: Private) -> None:
    with place.server() as server:
        assert place.opening(place.host, CLIENT, ECHO_PORT) == "connected"
        assert line(server) == place.elastic_ip
    neighbour = place.launch(place.group_id)
    canary = (neighbour, place.private_ip(place.host))
    assert place.denied(CLIENT, place.elastic_ip, canary=canary)
    assert place.denied(OTHER, place.private_ip(place.host), canary=canary)
    traced = place.atoll.run("trace", place.host, f"{CLIENT}:{ECHO_PORT}")
    assert place.nat in traced.out


def test_another_zone_uses_it_too(place: Private) -> None:
    far = place.ec2.create_subnet(VpcId=place.vpc, CidrBlock="10.0.3.0/24", AvailabilityZone="us-east-1b")
    place.ec2.associate_route_table(RouteTableId=place.way_out, SubnetId=far["Subnet"]["SubnetId"])
    host = place.launch(place.group_id, subnet=far["Subnet"]["SubnetId"], public=False)
    with place.server() as server:
        assert place.opening(host, CLIENT, ECHO_PORT) == "connected"
        assert line(server) == place.elastic_ip


def test_the_acl_of_its_subnet_judges_both_passes(place: Private) -> None:
    acls = place.ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [place.vpc]}])["NetworkAcls"]
    acl = place.ec2.create_network_acl(VpcId=place.vpc)["NetworkAcl"]["NetworkAclId"]
    for egress in (True, False):
        open_ = {"RuleNumber": 200, "Protocol": "-1", "RuleAction": "allow", "CidrBlock": "0.0.0.0/0"}
        place.ec2.create_network_acl_entry(NetworkAclId=acl, Egress=egress, **open_)
    (way,) = [one for one in acls[0]["Associations"] if one["SubnetId"] == place.subnet]
    named = {"AssociationId": way["NetworkAclAssociationId"], "NetworkAclId": acl}
    place.ec2.replace_network_acl_association(**named)
    assert place.opening(place.host, CLIENT) == "refused"
    for egress, block in (
        (False, "10.0.2.0/24"),
        (True, f"{CLIENT}/32"),
        (False, f"{CLIENT}/32"),
        (True, "10.0.2.0/24"),
    ):
        shut = {"NetworkAclId": acl, "Egress": egress, "RuleNumber": 100}
        place.ec2.create_network_acl_entry(Protocol="-1", RuleAction="deny", CidrBlock=block, **shut)
        assert place.opening(place.host, CLIENT) == "silent", (egress, block)
        place.ec2.delete_network_acl_entry(**shut)
        assert place.opening(place.host, CLIENT) == "refused", (egress, block)


def test_a_deleted_gateway_leaves_a_blackhole_and_its_elastic_ip(place: Private) -> None:
    with place.server() as server, place.talk(place.host, CLIENT, ECHO_PORT) as session:
        assert session.opening == "connected"
        assert line(server) == place.elastic_ip
        place.ec2.delete_nat_gateway(NatGatewayId=place.nat)
        assert place.opening(place.host, CLIENT, ECHO_PORT) == "silent"
    place.ec2.get_waiter("nat_gateway_deleted").wait(NatGatewayIds=[place.nat], WaiterConfig=ONE_LOOK)
    (table,) = place.ec2.describe_route_tables(RouteTableIds=[place.way_out])["RouteTables"]
    assert {one["State"] for one in table["Routes"] if one.get("NatGatewayId") == place.nat} == {"blackhole"}
    (address,) = place.ec2.describe_addresses(AllocationIds=[place.allocation])["Addresses"]
    assert "AssociationId" not in address
    place.nat = place.new_nat(AllocationId=place.allocation)
    way = {"RouteTableId": place.way_out, "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": place.nat}
    place.ec2.replace_route(**way)
    assert place.opening(place.host, CLIENT) == "refused"


def test_a_private_gateway_translates_inside_and_leads_nowhere_outside(place: Private) -> None:
    neighbour = place.launch(place.group_id)
    private = place.new_nat(ConnectivityType="private")
    way = {"RouteTableId": place.way_out, "NatGatewayId": private}
    place.ec2.replace_route(DestinationCidrBlock="0.0.0.0/0", **way)
    assert place.opening(place.host, CLIENT) == "silent"
    place.ec2.create_route(DestinationCidrBlock="10.0.1.0/24", **way)
    (shown,) = place.ec2.describe_nat_gateways(NatGatewayIds=[private])["NatGateways"]
    with place.talk(place.host, place.private_ip(neighbour)) as session:
        seen = shown["NatGatewayAddresses"][0]["PrivateIp"]
        assert session.say() == f"{seen} {place.private_ip(neighbour)}"


def test_a_public_host_whose_answers_go_by_it_is_not_answered_for(place: Private) -> None:
    """Section 15: what comes in by its own public address arrives, and its answers are lost."""
    made = place.ec2.allocate_address(Domain="vpc")
    place.ec2.associate_address(AllocationId=made["AllocationId"], InstanceId=place.host)
    neighbour = place.launch(place.group_id)
    assert place.denied(CLIENT, made["PublicIp"], canary=(neighbour, place.private_ip(place.host)))
    place.ec2.replace_route(RouteTableId=place.way_out, DestinationCidrBlock="0.0.0.0/0", GatewayId=place.gateway)
    assert place.opening(CLIENT, made["PublicIp"]) == "connected"


def test_errors_come_back_through_it_to_who_has_asked(place: Private) -> None:
    """No such port, and too large for the way: the packet that they quote is the sender's own again (fact 84)."""
    with running(place, place.host, ASK.format(ip=CLIENT, port=PORT)) as client:
        assert line(client) == "refused"
    told = place.atoll.run(
        "exec", place.host, "--", "ping", *["-n", "-c", "1", "-W", "1", "-M", "do", "-s", "8000"], CLIENT
    )
    assert told.status == 1
    assert "mtu = 1500" in told.out + told.err
    assert place.atoll.run("exec", place.host, "--", "ping", "-n", "-c", "1", "-W", "1", CLIENT).status == 0


WITHOUT_END = f"""
import socket
while True:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"load", ("{CLIENT}", 53))
"""
"""Datagrams, each a connection of its own."""


def test_one_that_is_deleted_under_load_sends_nothing_on_once_that_is_answered(place: Private) -> None:
    neighbour = place.launch(place.group_id)
    canary = f"{place.public_ip(neighbour)} question"

    def heard_of_the_canary() -> list[str]:
        """What the listener hears until it hears a neighbour, who needs no gateway."""
        with running(place, neighbour, ASK.format(ip=CLIENT, port=53)) as asking:
            assert line(asking) == "answer"
        return list(iter(lambda: line(listener), canary))

    with running(place, CLIENT, LISTEN.format(ip=CLIENT, port=53)) as listener:
        assert line(listener) == "ready"
        with running(place, place.host, WITHOUT_END):
            assert line(listener) == f"{place.elastic_ip} load"
            place.ec2.delete_nat_gateway(NatGatewayId=place.nat)
            assert set(heard_of_the_canary()) <= {f"{place.elastic_ip} load"}  # it was on its way before
            goes_on = counted(place, place.host, "Udp", "OutDatagrams") + 200
            while counted(place, place.host, "Udp", "OutDatagrams") < goes_on:
                continue
            assert heard_of_the_canary() == []


def test_an_address_that_leaves_keeps_its_connections_and_gets_no_new_ones(place: Private) -> None:
    """Secondary addresses by the API: both serve, until one is taken from the gateway and drains (fact 93)."""
    second = place.ec2.allocate_address(Domain="vpc")
    place.ec2.associate_nat_gateway_address(NatGatewayId=place.nat, AllocationIds=[second["AllocationId"]])
    with place.server() as server, contextlib.ExitStack() as held:
        talks: dict[str, Conversation] = {}
        while len(talks) < 2:
            made = held.enter_context(place.talk(place.host, CLIENT, ECHO_PORT))
            assert made.opening == "connected"
            talks[line(server)] = made
        assert set(talks) == {place.elastic_ip, second["PublicIp"]}
        (gateway,) = place.ec2.describe_nat_gateways(NatGatewayIds=[place.nat])["NatGateways"]
        (leaving,) = [one for one in gateway["NatGatewayAddresses"] if one["PublicIp"] == second["PublicIp"]]
        assert (leaving["Status"], leaving["IsPrimary"]) == ("succeeded", False)
        place.ec2.disassociate_nat_gateway_address(NatGatewayId=place.nat, AssociationIds=[leaving["AssociationId"]])
        for _ in range(8):
            assert place.opening(place.host, CLIENT, ECHO_PORT) == "connected"
            assert line(server) == place.elastic_ip
        assert talks[second["PublicIp"]].say() == "still there"
