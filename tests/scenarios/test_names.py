"""Names in real guests, with real clients (getaddrinfo, dig): as root and as an ordinary user."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.digging import Dug
from tests.scenarios.insides import Inside
from tests.scenarios.newcomers import AS_ROOT
from tests.scenarios.places import Place
from tests.scenarios.running import Atoll
from tests.scenarios.untrusted import folder_of

pytestmark = pytest.mark.kernel

ACCOUNTS = ("111111111111", "222222222222")
LINK_LOCAL, OWN, INTERNET = "169.254.169.253", "10.0.0.2", "203.0.113.53"
RESOLVE = """
import socket, sys
try:
    print(*sorted({one[4][0] for one in socket.getaddrinfo(sys.argv[1], None)}))
except socket.gaierror as error:
    print(error.args[0])
"""
NONAME = "-2"


class Named:
    """Two VPCs of two accounts with the same block, and in each a guest of the same address, which may send nothing."""

    def __init__(self, atoll: Atoll) -> None:
        self.atoll = atoll
        self.places = [Place(atoll, account) for account in ACCOUNTS]
        for place in self.places:
            place.ec2.modify_vpc_attribute(VpcId=place.vpc, EnableDnsHostnames={"Value": True})
        self.first, self.second = (self.launch(place, PrivateIpAddress="10.0.1.77") for place in self.places)
        self.ec2 = self.places[0].ec2

    def launch(self, place: Place, **asked: Any) -> str:
        """In no group that lets anything pass, in either direction."""
        ec2 = place.ec2
        closed = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["closed"]}])["SecurityGroups"]
        if not closed:
            group = ec2.create_security_group(GroupName="closed", Description="closed", VpcId=place.vpc)["GroupId"]
            out = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissionsEgress"]
            ec2.revoke_security_group_egress(GroupId=group, IpPermissions=out)
            closed = [{"GroupId": group}]
        usual = {"ImageId": "ami-12c6146b", "InstanceType": "t3.small", "MinCount": 1, "MaxCount": 1}
        asked = {"SubnetId": place.subnet, "SecurityGroupIds": [closed[0]["GroupId"]], **asked}
        instance = str(ec2.run_instances(**usual, **asked)["Instances"][0]["InstanceId"])
        ec2.get_waiter("instance_running").wait(InstanceIds=[instance])
        return instance

    def public(self, place: Place, instance: str) -> tuple[str, str]:
        """A new Elastic IP of that instance, and the name that DescribeInstances shows."""
        made = place.ec2.allocate_address(Domain="vpc")
        place.ec2.associate_address(AllocationId=made["AllocationId"], InstanceId=instance)
        return made["PublicIp"], place.described(instance)["PublicDnsName"]

    def resolved(self, instance: str, name: str) -> str:
        """By getaddrinfo, as its /etc/resolv.conf says: the addresses, or the number of the error."""
        said = self.atoll.run("exec", instance, "--", "/usr/bin/python3", "-Ic", RESOLVE, name)
        assert said.status == 0, said.err
        return said.out.strip()

    def outside(self, name: str, command: str = "run") -> str:
        """The same on a host of Atoll's internet."""
        return self.atoll.run(command, "--", "/usr/bin/python3", "-Ic", RESOLVE, name).out.strip()

    def dig(self, instance: str, *words: str, server: str = LINK_LOCAL) -> Dug:
        return Dug(Inside(self.atoll, instance).run("dig", f"@{server}", "+tries=1", "+time=5", *words))


@pytest.fixture(scope="module", params=["root", "user"] if AS_ROOT else ["user"])
def named(request: pytest.FixtureRequest, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Named]:
    atoll = folder_of(request.param, home, tmp_path_factory.mktemp("names"))
    atoll.up()
    try:
        yield Named(atoll)
    finally:
        atoll.delete()


def test_a_guest_resolves_what_describe_shows_whatever_its_groups(named: Named) -> None:
    shown = named.places[0].described(named.first)
    assert shown["PrivateDnsName"] == "ip-10-0-1-77.ec2.internal"
    for name in (shown["PrivateDnsName"], "ip-10-0-1-77"):
        assert named.resolved(named.first, name) == "10.0.1.77"
    assert named.resolved(named.first, "no-such-host.ec2.internal") == NONAME
    assert named.resolved(named.first, "example.com") == NONAME


@pytest.mark.parametrize("server", [LINK_LOCAL, OWN])
@pytest.mark.parametrize("way", ["+notcp", "+tcp"])
def test_dig_sees_a_resolver_at_both_addresses_and_both_ways(named: Named, server: str, way: str) -> None:
    name = "ip-10-0-1-77.ec2.internal"
    found = named.dig(named.first, way, name, server=server)
    assert (found.status, found.records) == ("NOERROR", [(f"{name}.", "A", "10.0.1.77")])
    assert "flags: qr rd ra;" in found.text
    reverse = named.dig(named.first, way, "-x", "10.0.1.77", server=server)
    assert reverse.records == [("77.1.0.10.in-addr.arpa.", "PTR", f"{name}.")]
    six = named.dig(named.first, way, name, "AAAA", server=server)
    assert (six.status, [one[:2] for one in six.records]) == ("NOERROR", [("ec2.internal.", "SOA")])
    none = named.dig(named.first, way, "nope.ec2.internal", server=server)
    assert (none.status, [one[:2] for one in none.records]) == ("NXDOMAIN", [("ec2.internal.", "SOA")])


def test_a_public_name_leads_inside_from_inside_and_outside_from_outside(named: Named) -> None:
    """And in another VPC, which has the same addresses, outside."""
    ip, name = named.public(named.places[0], named.first)
    assert name == f"ec2-{ip.replace('.', '-')}.compute-1.amazonaws.com"
    assert named.resolved(named.first, name) == "10.0.1.77"
    assert named.resolved(named.second, name) == ip
    assert named.outside(name) == named.outside(name, "internet") == ip
    assert named.dig(named.second, "-x", ip).values == [f"{name}."]
    assert named.outside("ip-10-0-1-77.ec2.internal") == NONAME, "private names are nobody else's"


def test_the_reverse_name_that_was_set_is_told(named: Named) -> None:
    ec2 = named.places[1].ec2
    made = ec2.allocate_address(Domain="vpc")
    ec2.modify_address_attribute(AllocationId=made["AllocationId"], DomainName="mail.example.com")
    assert named.dig(named.first, "-x", made["PublicIp"]).values == ["mail.example.com."]
    ec2.reset_address_attribute(AllocationId=made["AllocationId"], Attribute="domain-name")
    assert named.dig(named.first, "-x", made["PublicIp"]).status == "NXDOMAIN"


def test_a_resource_name_is_told_only_when_it_was_asked_for(named: Named) -> None:
    place = named.places[0]
    options = {"HostnameType": "resource-name", "EnableResourceNameDnsARecord": True}
    instance = named.launch(place, PrivateDnsNameOptions=options)
    name, ip = place.described(instance)["PrivateDnsName"], place.private_ip(instance)
    assert name == f"{instance}.ec2.internal"
    assert named.resolved(named.first, name) == ip
    assert named.dig(named.first, "-x", ip).values == [f"{name}."]
    assert named.resolved(named.first, f"{named.first}.ec2.internal") == NONAME
    place.ec2.modify_private_dns_name_options(InstanceId=instance, EnableResourceNameDnsARecord=False)
    assert named.resolved(named.first, name) == NONAME
    assert named.resolved(named.first, f"ip-{ip.replace('.', '-')}.ec2.internal") == ip, "always told"


def test_the_attributes_of_a_vpc(named: Named) -> None:
    place = named.places[1]
    ip, name = named.public(place, named.second)
    private = "ip-10-0-1-77.ec2.internal"
    assert named.outside(name) == ip
    place.ec2.modify_vpc_attribute(VpcId=place.vpc, EnableDnsHostnames={"Value": False})
    assert place.described(named.second)["PublicDnsName"] == ""
    assert named.resolved(named.second, private) == NONAME
    assert named.outside(name) == NONAME
    place.ec2.modify_vpc_attribute(VpcId=place.vpc, EnableDnsHostnames={"Value": True})
    assert named.resolved(named.second, private) == "10.0.1.77"
    place.ec2.modify_vpc_attribute(VpcId=place.vpc, EnableDnsSupport={"Value": False})
    for way in ("+notcp", "+tcp"):
        words = ("sh", "-c", f"dig @{OWN} +tries=1 +time=1 {way} {private} | grep -c 'timed out'")
        assert Inside(named.atoll, named.second).run(*words).strip() == "1"
    assert named.resolved(named.first, private) == "10.0.1.77", "the other VPC's answers"
    place.ec2.modify_vpc_attribute(VpcId=place.vpc, EnableDnsSupport={"Value": True})
    assert named.resolved(named.second, private) == "10.0.1.77"


def test_dhcp_options_are_what_a_guest_asks_and_a_change_is_told_at_once(named: Named) -> None:
    place = named.places[1]
    usual = place.ec2.describe_vpcs(VpcIds=[place.vpc])["Vpcs"][0]["DhcpOptionsId"]
    waits = "until %s /etc/resolv.conf; do :; done; cat /etc/resolv.conf"

    def told(until: str, instance: str = named.second) -> list[str]:
        said = named.atoll.run("exec", instance, "--", "timeout", "20", "sh", "-c", waits % until)
        assert said.status == 0, said.err
        return said.out.splitlines()

    assert told("grep -q nameserver") == ["search ec2.internal", f"nameserver {OWN}", "options timeout:2 attempts:5"]
    made = place.ec2.create_dhcp_options(
        DhcpConfigurations=[
            {"Key": "domain-name", "Values": ["corp.example"]},
            {"Key": "domain-name-servers", "Values": [INTERNET, "AmazonProvidedDNS"]},
        ]
    )["DhcpOptions"]["DhcpOptionsId"]
    place.ec2.associate_dhcp_options(DhcpOptionsId=made, VpcId=place.vpc)
    mine = ["search corp.example", f"nameserver {INTERNET}", f"nameserver {OWN}", "options timeout:2 attempts:5"]
    assert told("grep -q corp") == mine
    later = named.launch(place)
    assert told("grep -q corp", later) == mine
    place.ec2.associate_dhcp_options(DhcpOptionsId="default", VpcId=place.vpc)
    assert told("! grep -q nameserver") == ["options timeout:2 attempts:5"]
    place.ec2.associate_dhcp_options(DhcpOptionsId=usual, VpcId=place.vpc)
    assert told("grep -q ec2.internal")[:2] == ["search ec2.internal", f"nameserver {OWN}"]
    assert named.resolved(named.second, "ip-10-0-1-77") == "10.0.1.77"


def test_user_data_may_ask_in_its_first_moment(named: Named) -> None:
    script = "#!/bin/sh\ngetent hosts $(hostname) > /root/told\n"
    instance = named.launch(named.places[0], UserData=script)
    said = named.atoll.run(
        "exec", instance, "--", "timeout", "20", "sh", "-c", "until [ -s /root/told ]; do :; done; cat /root/told"
    )
    ip = named.places[0].private_ip(instance)
    assert said.out.split() == [ip, f"ip-{ip.replace('.', '-')}.ec2.internal"]


def test_a_program_on_the_internet_keeps_its_resolv_conf_outside(named: Named) -> None:
    before = Path("/etc/resolv.conf").read_bytes()
    for command in ("run", "internet"):
        assert named.atoll.run(command, "--", "cat", "/etc/resolv.conf").out.startswith(f"nameserver {INTERNET}\n")
    missing = named.atoll.run("internet", "--", "no-such-command", "a")
    assert (missing.status, missing.err) == (127, "atoll: no-such-command: not found\n")
    assert named.atoll.run("internet", "--", "sh", "-c", 'echo "$0" "$@"; exit 7', "a  b", "").out == "a  b \n"
    assert Path("/etc/resolv.conf").read_bytes() == before
