"""Prefix delegation on the wire: sixteen addresses reach their ENI while it has them (fact 55)."""

from ipaddress import ip_network

import pytest

from tests.scenarios.places import PORT, Place, tcp
from tests.scenarios.running import Atoll

pytestmark = pytest.mark.kernel


def test_every_address_of_a_prefix_is_reached_until_it_is_given_back(atoll: Atoll) -> None:
    place = Place(atoll, "550000000055")
    server = place.launch(place.group("web", tcp(PORT, "10.0.0.0/16")))
    client = place.launch(place.group("client"))
    interface = place.eth0(server)
    given = place.ec2.assign_private_ip_addresses(NetworkInterfaceId=interface, Ipv4PrefixCount=1)
    (block,) = [one["Ipv4Prefix"] for one in given["AssignedIpv4Prefixes"]]
    first, *_, last = [str(ip) for ip in ip_network(block)]
    assert place.opening(client, first) == "connected"
    with place.talk(client, last) as session:
        assert session.opening == "connected"
        assert session.say() == f"{place.private_ip(client)} {last}"
        place.ec2.unassign_private_ip_addresses(NetworkInterfaceId=interface, Ipv4Prefixes=[block])
        assert session.say() == "silent"
    canary = (client, place.private_ip(server))
    assert place.denied(client, first, canary=canary)
    assert place.denied(client, last, canary=canary)
    place.ec2.terminate_instances(InstanceIds=[server, client])
