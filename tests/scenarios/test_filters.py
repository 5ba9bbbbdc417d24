"""Network ACLs, prefix lists, edge route tables and shared groups on a running Atoll: boto3 above, real packets below.

Each denied probe has a canary that must arrive at the same guest, where a canary can tell anything.
"""

from typing import Any

import pytest

from tests.scenarios.places import CANARY, CLIENT, FORWARDING, OTHER, PORT, SILENCE, Place, forwarded, tcp

pytestmark = pytest.mark.kernel

EVERYWHERE = "0.0.0.0/0"


class Acl:
    """A network ACL on one subnet, made with its entries before the subnet gets it."""

    def __init__(self, place: Place, subnet: str) -> None:
        self.ec2 = place.ec2
        self.subnet = subnet
        self.id: str = self.ec2.create_network_acl(VpcId=place.vpc)["NetworkAcl"]["NetworkAclId"]

    def entry(self, number: int, *, egress: bool, allow: bool = True, **traffic: Any) -> None:
        asked = {"Protocol": "-1", "CidrBlock": EVERYWHERE} | traffic
        self.ec2.create_network_acl_entry(
            NetworkAclId=self.id,
            RuleNumber=number,
            Egress=egress,
            RuleAction="allow" if allow else "deny",
            **asked,
        )

    def delete(self, number: int, *, egress: bool) -> None:
        self.ec2.delete_network_acl_entry(NetworkAclId=self.id, RuleNumber=number, Egress=egress)

    def put(self) -> None:
        """From now on it is the subnet's."""
        filters = [{"Name": "association.subnet-id", "Values": [self.subnet]}]
        (old,) = self.ec2.describe_network_acls(Filters=filters)["NetworkAcls"]
        (way,) = [one for one in old["Associations"] if one["SubnetId"] == self.subnet]
        self.ec2.replace_network_acl_association(AssociationId=way["NetworkAclAssociationId"], NetworkAclId=self.id)


def ports(low: int, high: int) -> dict[str, Any]:
    return {"Protocol": "6", "PortRange": {"From": low, "To": high}}


PING = f"""
import socket, struct, sys
echo = struct.pack("!BBHHH", 8, 0, 0xF7FF - 77, 77, 0)  # its checksum leaves the sum of all words at 0xFFFF
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
s.settimeout({SILENCE})
s.connect((sys.argv[1], 0))
s.send(echo)
while True:
    try:
        packet = s.recv(1000)
    except TimeoutError:
        sys.exit(1)
    if packet[20] == 0 and packet[24:26] == echo[4:6]:
        sys.exit(0)
"""


def pings(place: Place, source: str, address: str) -> bool:
    """Whether an echo request is answered."""
    return place.atoll.run("exec", source, "--", "/usr/bin/python3", "-I", "-c", PING, address).status == 0


def test_an_acl_without_entries_closes_the_subnet_and_never_asks_inside_it(place: Place) -> None:
    group = place.group("web", tcp(PORT, EVERYWHERE))
    server, neighbour = place.launch(group), place.launch(group)
    public = place.public_ip(server)
    assert place.opening(CLIENT, public) == "connected"
    Acl(place, place.subnet).put()
    assert place.opening(CLIENT, public) == "silent"
    assert place.opening(server, CLIENT) == "silent"
    assert place.opening(neighbour, place.private_ip(server)) == "connected"


def test_replies_need_the_ephemeral_ports(place: Place) -> None:
    server = place.launch(place.group("web", tcp(PORT, EVERYWHERE)))
    public = place.public_ip(server)
    acl = Acl(place, place.subnet)
    acl.entry(100, egress=False, **ports(PORT, PORT))
    acl.put()
    assert place.opening(CLIENT, public) == "silent", "it gets in, and the answer does not leave"
    acl.entry(100, egress=True, **ports(32768, 65535))
    assert place.opening(CLIENT, public) == "connected"
    assert place.opening(server, CLIENT) == "silent"
    acl.entry(110, egress=True, **ports(PORT, PORT))
    assert place.opening(server, CLIENT) == "silent", "now the answer does not get in"
    acl.entry(110, egress=False, **ports(32768, 65535))
    assert place.opening(server, CLIENT) == "refused"


def test_a_change_cuts_an_established_flow_at_once_and_the_first_match_decides(place: Place) -> None:
    server = place.launch(place.group("web", tcp(PORT, f"{CLIENT}/32")))
    acl = Acl(place, place.subnet)
    for egress in (False, True):
        acl.entry(100, egress=egress)
    acl.put()
    seen = f"{CLIENT} {place.private_ip(server)}"
    with place.talk(CLIENT, place.public_ip(server)) as session:
        assert session.say() == seen
        acl.entry(90, egress=False, allow=False, CidrBlock=f"{CLIENT}/32")
        assert session.say() == "silent"
        assert place.opening(OTHER, place.public_ip(server), CANARY) == "connected"
        acl.entry(80, egress=False, CidrBlock=f"{CLIENT}/32", **ports(PORT, PORT))
    assert place.opening(CLIENT, place.public_ip(server)) == "connected"


def test_icmp_types_and_ipv6_entries(place: Place) -> None:
    ping = {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    far = place.launch(place.group("far", ping), subnet=place.new_subnet("10.0.2.0/24"))
    near = place.launch(place.group("near", ping))
    acl = Acl(place, place.subnet)
    icmp = {"Protocol": "1", "IcmpTypeCode": {"Type": 8, "Code": -1}}
    for number, egress in enumerate((False, True), 100):
        acl.entry(number, egress=egress)
    place.ec2.create_network_acl_entry(
        NetworkAclId=acl.id, RuleNumber=1, Egress=True, RuleAction="deny", Protocol="-1", Ipv6CidrBlock="::/0"
    )
    acl.put()
    assert pings(place, near, place.private_ip(far))
    assert pings(place, far, place.private_ip(near))
    acl.entry(50, egress=False, allow=False, **icmp)
    assert pings(place, near, place.private_ip(far)), "the answer is of another type"
    assert not pings(place, far, place.private_ip(near))
    acl.delete(50, egress=False)
    acl.entry(50, egress=False, allow=False, **icmp | {"IcmpTypeCode": {"Type": 0, "Code": 0}})
    assert not pings(place, near, place.private_ip(far))
    assert pings(place, far, place.private_ip(near))


def prefix_list(place: Place, *blocks: str) -> str:
    made = place.ec2.create_managed_prefix_list(
        PrefixListName="people",
        AddressFamily="IPv4",
        MaxEntries=5,
        Entries=[{"Cidr": block} for block in blocks],
    )
    return str(made["PrefixList"]["PrefixListId"])


def test_a_prefix_list_in_a_rule_and_in_a_route(place: Place) -> None:
    people = prefix_list(place, f"{OTHER}/32")
    by_list = {"IpProtocol": "tcp", "FromPort": PORT, "ToPort": PORT, "PrefixListIds": [{"PrefixListId": people}]}
    server = place.launch(place.group("web", by_list))
    public = place.public_ip(server)
    assert place.denied(CLIENT, public, canary=(OTHER, public))
    assert place.opening(OTHER, public) == "connected"
    modify = place.ec2.modify_managed_prefix_list
    modify(PrefixListId=people, CurrentVersion=1, AddEntries=[{"Cidr": f"{CLIENT}/32"}])
    assert place.opening(CLIENT, public) == "connected"
    place.ec2.delete_route(RouteTableId=place.table, DestinationCidrBlock=EVERYWHERE)
    assert place.opening(CLIENT, public) == "silent"
    place.ec2.create_route(RouteTableId=place.table, DestinationPrefixListId=people, GatewayId=place.gateway)
    assert place.opening(CLIENT, public) == "connected"
    modify(PrefixListId=people, CurrentVersion=2, RemoveEntries=[{"Cidr": f"{CLIENT}/32"}])
    assert place.denied(CLIENT, public, canary=(OTHER, public))
    place.ec2.restore_managed_prefix_list_version(PrefixListId=people, PreviousVersion=2, CurrentVersion=3)
    assert place.opening(CLIENT, public) == "connected"


def test_a_middlebox_sees_what_comes_in_from_the_internet(place: Place) -> None:
    """AWS's inspection example (facts 112, 113): the gateway's table leads in, the subnet's table leads out."""
    server = place.launch(place.group("web", tcp(PORT, EVERYWHERE)))
    outside = place.new_subnet("10.0.9.0/24")
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": EVERYWHERE}]}
    box = place.launch(place.group("box", everything), subnet=outside, user_data=FORWARDING)
    eni = place.eth0(box)
    place.ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, SourceDestCheck={"Value": False})
    public, seen = place.public_ip(server), f"{CLIENT} {place.private_ip(server)}"

    edge = place.ec2.create_route_table(VpcId=place.vpc)["RouteTable"]["RouteTableId"]
    place.ec2.create_route(RouteTableId=edge, DestinationCidrBlock="10.0.1.0/24", NetworkInterfaceId=eni)
    inner = place.ec2.create_route_table(VpcId=place.vpc)["RouteTable"]["RouteTableId"]
    place.ec2.create_route(RouteTableId=inner, DestinationCidrBlock=EVERYWHERE, NetworkInterfaceId=eni)
    place.ec2.associate_route_table(RouteTableId=edge, GatewayId=place.gateway)
    place.ec2.associate_route_table(RouteTableId=inner, SubnetId=place.subnet)

    before = forwarded(place, box)
    with place.talk(CLIENT, public) as session:
        assert session.say() == seen
        assert forwarded(place, box) > before
        closed = "echo 0 > /proc/sys/net/ipv4/ip_forward"
        assert place.atoll.run("exec", box, "--", "sh", "-c", closed).status == 0
        assert session.say() == "silent", "the middlebox is on the way"
    assert place.opening(CLIENT, place.public_ip(box)) == "connected", "its own subnet has no route there"
    place.ec2.stop_instances(InstanceIds=[box])
    place.ec2.get_waiter("instance_stopped").wait(InstanceIds=[box])
    (table,) = place.ec2.describe_route_tables(RouteTableIds=[edge])["RouteTables"]
    assert table["Routes"][1]["State"] == "blackhole"
    assert place.opening(CLIENT, public) == "silent"
    for one in (edge, inner):
        (table,) = place.ec2.describe_route_tables(RouteTableIds=[one])["RouteTables"]
        place.ec2.disassociate_route_table(AssociationId=table["Associations"][0]["RouteTableAssociationId"])
    assert place.opening(CLIENT, public) == "connected"


def test_a_group_is_worn_in_a_second_vpc_and_means_who_wears_it_there(place: Place) -> None:
    group = place.group("shared")
    itself = {"IpProtocol": "tcp", "FromPort": PORT, "ToPort": PORT, "UserIdGroupPairs": [{"GroupId": group}]}
    place.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[itself])
    vpc = place.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    place.ec2.associate_security_group_vpc(GroupId=group, VpcId=vpc)
    made = place.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone="us-east-1a")
    subnet = made["Subnet"]["SubnetId"]
    one, two = (place.launch(group, subnet=subnet, public=False) for _ in range(2))
    assert place.opening(one, place.private_ip(two)) == "connected"
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    default = place.ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]
    stranger = place.launch(default, subnet=subnet, public=False)
    address = place.private_ip(two)
    assert place.denied(stranger, address, canary=(stranger, address))
