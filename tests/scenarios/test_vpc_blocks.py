"""The default VPC and secondary blocks in real packets."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from tests.scenarios import building
from tests.scenarios.building import IMAGE, PAGE, USER_DATA, page
from tests.scenarios.places import CLIENT, OTHER, PORT, Place, from_group, tcp
from tests.scenarios.running import Atoll

pytestmark = pytest.mark.kernel

ACCOUNTS = count(110_000_000_000)
WHERE_OTHER_IS = "203.0.113.16/28"
"""A block that holds the internet host OTHER, and not CLIENT."""


@pytest.fixture
def account() -> str:
    """One for each test."""
    return f"{next(ACCOUNTS):012}"


@pytest.fixture
def ec2(atoll: Atoll, account: str) -> Iterator[Any]:
    """The account's client; what it launched is terminated."""
    made = atoll.ec2(account)
    yield made
    reservations = made.describe_instances()["Reservations"]
    made.terminate_instances(InstanceIds=[one["InstanceId"] for each in reservations for one in each["Instances"]])


def block(place: Place, cidr: str) -> str:
    made = place.ec2.associate_vpc_cidr_block(VpcId=place.vpc, CidrBlock=cidr)
    return str(made["CidrBlockAssociation"]["AssociationId"])


def test_the_first_launch_of_an_account_is_on_the_internet(atoll: Atoll, ec2: Any) -> None:
    group = ec2.create_security_group(GroupName="web", Description="web")["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[tcp(80, "0.0.0.0/0")])
    made = ec2.run_instances(
        ImageId=IMAGE, InstanceType="t2.micro", MinCount=1, MaxCount=1, SecurityGroups=["web"], UserData=USER_DATA
    )["Instances"][0]["InstanceId"]
    ec2.get_waiter("instance_running").wait(InstanceIds=[made], WaiterConfig=building.ONE_LOOK)
    web = building.described(ec2, made)
    assert web["PrivateIpAddress"].startswith("172.31.")
    assert page(atoll, web["PublicIpAddress"], patient=True) == PAGE


@pytest.mark.usefixtures("ec2")
def test_subnets_of_two_blocks_reach_one_another(atoll: Atoll, account: str) -> None:
    place = Place(atoll, account)
    association = block(place, "100.64.0.0/16")
    far = place.new_subnet("100.64.1.0/24")
    web = place.group("web", tcp(81, "10.0.0.0/16"))
    db = place.group("db", from_group(PORT, web), tcp(81, "10.0.0.0/16"))
    one, other = place.launch(web), place.launch(db, subnet=far, public=False)
    ip = place.private_ip(other)
    assert ip.startswith("100.64.1.")
    assert place.opening(one, ip) == "connected"
    assert place.opening(one, ip, 81) == "refused"
    assert place.opening(other, place.private_ip(one), 81) == "silent", "the rule names the primary block alone"
    place.ec2.terminate_instances(InstanceIds=[other])
    place.ec2.delete_subnet(SubnetId=far)
    place.ec2.disassociate_vpc_cidr_block(AssociationId=association)
    assert place.opening(one, ip) == "silent"


@pytest.mark.usefixtures("ec2")
def test_a_block_takes_its_addresses_from_the_internet_and_gives_them_back(atoll: Atoll, account: str) -> None:
    place = Place(atoll, account)
    server = place.launch(place.group("web", tcp(PORT, "0.0.0.0/0")))
    public = place.public_ip(server)
    with place.talk(OTHER, public) as session:
        assert session.opening == "connected"
        association = block(place, WHERE_OTHER_IS)
        assert place.opening(OTHER, public) == "silent", "the gateway refuses the VPC's own addresses"
        assert place.opening(CLIENT, public) == "connected"
        place.ec2.disassociate_vpc_cidr_block(AssociationId=association)
        assert session.say() == f"{OTHER} {place.private_ip(server)}"
    assert place.opening(OTHER, public) == "connected"
