"""What happens to packets on their way: no way back, no such port, too large, a gateway that refuses, a middlebox."""

import pytest

from tests.scenarios.places import (
    ASK,
    CLIENT,
    FORWARDING,
    LISTEN,
    PORT,
    Place,
    forwarded,
    from_group,
    line,
    refused,
    running,
    tcp,
    udp,
)

pytestmark = pytest.mark.kernel

PING = {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}

BULK = """
import socket
s = socket.create_connection(("{ip}", {port}), timeout=5)
s.sendall(b"x" * 999 + b"\\n")
for _ in range(200):
    s.sendall(b"x" * 1000)
    s.recv(1000)
print("complete", flush=True)
"""
"""Two hundred thousand bytes to a server that answers as it reads."""


def test_datagrams_come_in_one_way_without_a_route_back(place: Place) -> None:
    server = place.launch(place.group("web", udp(PORT, "0.0.0.0/0")))
    place.ec2.delete_route(RouteTableId=place.table, DestinationCidrBlock="0.0.0.0/0")
    with running(place, server, LISTEN.format(ip="0.0.0.0", port=PORT)) as listener:
        assert line(listener) == "ready"
        said = running(place, CLIENT, ASK.format(ip=place.public_ip(server), port=PORT))
        with said as client:
            assert line(listener) == f"{CLIENT} question"
            assert line(client) == "silent"
        place.ec2.create_route(RouteTableId=place.table, DestinationCidrBlock="0.0.0.0/0", GatewayId=place.gateway)
        with running(place, CLIENT, ASK.format(ip=place.public_ip(server), port=PORT)) as client:
            assert line(client) == "answer"


def test_the_gateway_refuses_private_and_shared_destinations(place: Place) -> None:
    server = place.launch(place.group("web"))
    for inside in ("192.168.7.7", "100.64.0.1"):
        assert place.opening(server, inside) == "silent"
        traced = place.atoll.run("trace", server, f"{inside}:{PORT}")
        assert "refused by the gateway" in traced.out, traced.out
    assert place.opening(server, CLIENT) == "refused"


def test_a_port_that_nobody_has_is_refused_by_icmp_through_the_elastic_ip(place: Place) -> None:
    """Errors belong to their connection: past groups and rules, and translated with the packet that they quote."""
    server = place.launch(place.group("web", udp(PORT, "0.0.0.0/0")))
    with running(place, CLIENT, ASK.format(ip=place.public_ip(server), port=PORT)) as client:
        assert line(client) == "refused", "inward: it quotes the address that the client has asked"
    with running(place, server, ASK.format(ip=CLIENT, port=PORT)) as client:
        assert line(client) == "refused", "outward: it quotes the server's own address"


def test_too_large_a_packet_is_told_of_the_path_and_streams_fit_it(place: Place) -> None:
    """Inside the VPC 9001 bytes, past the gateway 1500."""
    group = place.group("web", tcp(PORT, "0.0.0.0/0"), PING)
    server, neighbour = place.launch(group), place.launch(group)
    large = ("-n", "-c", "1", "-W", "1", "-M", "do", "-s", "8000")
    assert place.atoll.run("exec", server, "--", "ping", *large, place.private_ip(neighbour)).status == 0
    told = place.atoll.run("exec", server, "--", "ping", *large, CLIENT)
    assert told.status == 1
    assert "mtu = 1500" in told.out + told.err or "mtu=1500" in told.out + told.err
    with running(place, server, BULK.format(ip=place.public_ip(neighbour), port=PORT)) as client:
        assert line(client) == "complete"


def test_a_middlebox_takes_the_local_routes_place_only_with_its_check_off(place: Place) -> None:
    """Facts 58, 105, 106, 113: two subnets speak through it while the local route leads there, and lose group names."""
    box_subnet, far_subnet = place.new_subnet("10.0.9.0/24"), place.new_subnet("10.0.2.0/24")
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    box = place.launch(place.group("box", everything), subnet=box_subnet, user_data=FORWARDING)
    near_group = place.group("near", everything)
    far_group = place.group("far", tcp(PORT, "10.0.0.0/16"), from_group(81, near_group))
    near, far = place.launch(near_group), place.launch(far_group, subnet=far_subnet)
    address, eni = place.private_ip(far), place.eth0(box)
    assert (place.opening(near, address), place.opening(near, address, 81)) == ("connected", "refused")

    tables = []
    for subnet in (place.subnet, far_subnet):
        tables.append(place.ec2.create_route_table(VpcId=place.vpc)["RouteTable"]["RouteTableId"])
        place.ec2.associate_route_table(RouteTableId=tables[-1], SubnetId=subnet)
        local = {"RouteTableId": tables[-1], "DestinationCidrBlock": "10.0.0.0/16"}
        assert refused(place.ec2.delete_route, **local) == "InvalidParameterValue"
        place.ec2.replace_route(NetworkInterfaceId=eni, **local)
    assert place.opening(near, address) == "silent", "the box takes only what is for itself"
    off = {"NetworkInterfaceId": eni, "SourceDestCheck": {"Value": False}}
    place.ec2.modify_network_interface_attribute(**off)
    before = forwarded(place, box)
    with place.talk(near, address) as session:
        assert session.say() == f"{place.private_ip(near)} {address}"
    assert forwarded(place, box) > before
    assert place.opening(near, address, 81) == "silent", "a group's name does not survive the hop"
    for table in tables:
        place.ec2.replace_route(RouteTableId=table, DestinationCidrBlock="10.0.0.0/16", LocalTarget=True)
    before = forwarded(place, box)
    assert (place.opening(near, address), place.opening(near, address, 81)) == ("connected", "refused")
    assert forwarded(place, box) == before
