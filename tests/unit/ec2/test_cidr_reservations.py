"""CIDR reservations of subnets, and the addresses that keep out of them."""

from typing import Any

import pytest

from atoll.model.kinds import PrivateAddress, Subnet
from atoll.protocol import AwsError
from atoll.services.ec2 import addressing
from tests.support.expect import named, pages, refused, tag_specification
from tests.support.inprocess import ACCOUNT, InProcess
from tests.support.lab import Lab

UNKNOWN = "scr-0123456789abcdef0"


@pytest.fixture
def subnet(ec2: Any, vpc: str) -> str:
    return str(ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/27")["Subnet"]["SubnetId"])


def reserve(ec2: Any, subnet: str, cidr: str, use: str = "explicit", **more: Any) -> str:
    made = ec2.create_subnet_cidr_reservation(SubnetId=subnet, Cidr=cidr, ReservationType=use, **more)
    return str(made["SubnetCidrReservation"]["SubnetCidrReservationId"])


def test_create_get_and_delete(cloud: InProcess, ec2: Any, subnet: str) -> None:
    before = cloud.entities()
    made = ec2.create_subnet_cidr_reservation(
        SubnetId=subnet,
        Cidr="10.0.1.17/28",
        ReservationType="prefix",
        Description="pods",
        TagSpecifications=tag_specification("subnet-cidr-reservation", Name="pods"),
    )["SubnetCidrReservation"]
    assert made["SubnetCidrReservationId"].startswith("scr-")
    assert {key: value for key, value in made.items() if key != "SubnetCidrReservationId"} == {
        "SubnetId": subnet,
        "Cidr": "10.0.1.16/28",
        "ReservationType": "prefix",
        "OwnerId": ACCOUNT,
        "Description": "pods",
        "Tags": [{"Key": "Name", "Value": "pods"}],
    }
    found = ec2.get_subnet_cidr_reservations(SubnetId=subnet)
    assert found["SubnetIpv4CidrReservations"] == [made]
    assert found["SubnetIpv6CidrReservations"] == []
    id_ = made["SubnetCidrReservationId"]
    refused("DryRunOperation", ec2.delete_subnet_cidr_reservation, SubnetCidrReservationId=id_, DryRun=True)
    deleted = ec2.delete_subnet_cidr_reservation(SubnetCidrReservationId=id_)["DeletedSubnetCidrReservation"]
    assert deleted == made
    assert cloud.entities() == before


@pytest.mark.parametrize("cidr", ["10.0.2.0/28", "10.0.1.0/26", "10.0.1.0", "elephant", "2001:db8::/80", "10.0.1.8/29"])
def test_blocks_that_cannot_be_reserved(ec2: Any, subnet: str, cidr: str) -> None:
    reserve(ec2, subnet, "10.0.1.8/30")
    create = ec2.create_subnet_cidr_reservation
    refused("InvalidParameterValue", create, SubnetId=subnet, Cidr=cidr, ReservationType="explicit")


def test_what_is_refused(cloud: InProcess, ec2: Any, subnet: str) -> None:
    create, good = ec2.create_subnet_cidr_reservation, {"Cidr": "10.0.1.16/28", "ReservationType": "explicit"}
    refused("InvalidSubnetID.NotFound", create, SubnetId="subnet-01234567", **good)
    refused("InvalidParameterValue", create, SubnetId=subnet, Cidr="10.0.1.16/28", ReservationType="mine")
    refused("MissingParameter", create, SubnetId=subnet, ReservationType="prefix")
    refused("DryRunOperation", create, SubnetId=subnet, DryRun=True, **good)
    refused("InvalidSubnetID.NotFound", ec2.get_subnet_cidr_reservations, SubnetId="subnet-01234567")
    delete = ec2.delete_subnet_cidr_reservation
    message = refused("InvalidSubnetCidrReservationId.NotFound", delete, SubnetCidrReservationId=UNKNOWN)
    assert message == f"The subnet CIDR reservation ID '{UNKNOWN}' does not exist"
    refused("InvalidSubnetCidrReservationId.Malformed", delete, SubnetCidrReservationId="scr-x")
    id_ = reserve(ec2, subnet, "10.0.1.16/28")
    other = cloud.client(account="210987654321")
    refused(
        "InvalidSubnetCidrReservationId.NotFound", other.delete_subnet_cidr_reservation, SubnetCidrReservationId=id_
    )


def test_filters_tags_and_pages(ec2: Any, subnet: str) -> None:
    ids = [reserve(ec2, subnet, f"10.0.1.{last}/32", ("explicit", "prefix")[last % 2]) for last in range(8, 20)]
    ec2.create_tags(Resources=[ids[0]], Tags=[{"Key": "Name", "Value": "a"}])
    find = ec2.get_subnet_cidr_reservations
    member = "SubnetIpv4CidrReservations"
    assert len(find(SubnetId=subnet, Filters=named("reservationType", "pre*"))[member]) == 6
    assert len(find(SubnetId=subnet, Filters=named("subnet-id", subnet))[member]) == 12
    for name, value in (("tag:Name", "a"), ("tag-key", "Name")):
        (found,) = find(SubnetId=subnet, Filters=named(name, value))[member]
        assert found["SubnetCidrReservationId"] == ids[0]
    refused("InvalidParameterValue", find, SubnetId=subnet, Filters=named("colour", "blue"))
    assert pages(find, member, 5, SubnetId=subnet) == [5, 5, 2]


def test_a_subnet_takes_its_reservations_along(cloud: InProcess, ec2: Any, vpc: str) -> None:
    before = cloud.entities()
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.9.0/24")["Subnet"]["SubnetId"]
    reserve(ec2, subnet, "10.0.9.16/28")
    ec2.delete_subnet(SubnetId=subnet)
    assert cloud.entities() == before


def interface(ec2: Any, subnet: str, **more: Any) -> str:
    return str(ec2.create_network_interface(SubnetId=subnet, **more)["NetworkInterface"]["PrivateIpAddress"])


def test_automatic_addresses_keep_out_and_named_ones_need_not(ec2: Any, subnet: str) -> None:
    reserve(ec2, subnet, "10.0.1.8/29")
    id_ = reserve(ec2, subnet, "10.0.1.16/28", "prefix")
    given = {interface(ec2, subnet) for _ in range(4)}
    assert given == {f"10.0.1.{last}" for last in range(4, 8)}
    refused("InsufficientFreeAddressesInSubnet", ec2.create_network_interface, SubnetId=subnet)
    assert ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["AvailableIpAddressCount"] == 27 - 4
    assert interface(ec2, subnet, PrivateIpAddress="10.0.1.9") == "10.0.1.9"
    ec2.delete_subnet_cidr_reservation(SubnetCidrReservationId=id_)
    assert interface(ec2, subnet) in {f"10.0.1.{last}" for last in range(16, 31)}


def test_addresses_in_use_may_be_reserved_and_stay(ec2: Any, subnet: str) -> None:
    used = interface(ec2, subnet)
    reserve(ec2, subnet, f"{used}/32")
    (shown,) = ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert shown["PrivateIpAddress"] == used


@pytest.mark.parametrize(
    ("reserved", "left"),
    [
        ([], range(4, 31)),
        (["10.0.1.0/27"], range(0)),
        (["10.0.1.0/29"], range(8, 31)),
        (["10.0.1.24/29", "10.0.1.0/28"], range(16, 24)),
        (["10.0.1.31/32", "10.0.1.0/30"], range(4, 31)),
        (["10.0.1.4/30", "10.0.1.8/29"], range(16, 31)),
    ],
)
def test_every_address_outside_is_given_once(
    cloud: InProcess, ec2: Any, subnet: str, reserved: list[str], left: range
) -> None:
    for cidr in reserved:
        reserve(ec2, subnet, cidr)
    tx = cloud.draft()
    record = tx.get(Subnet, subnet)
    assert record is not None
    given = []
    for _ in left:
        given.append(addressing.allocate_ip(tx, record))
        tx.put(
            PrivateAddress(
                home=tx.home, subnet=subnet, vpc=record.vpc, ip=given[-1], interface="eni-1", primary=True, slot=0
            )
        )
    assert sorted(int(ip.rpartition(".")[2]) for ip in given) == list(left)
    with pytest.raises(AwsError, match="InsufficientFreeAddressesInSubnet"):
        addressing.allocate_ip(tx, record)


def test_a_launch_takes_as_many_as_fit_outside(cloud: InProcess) -> None:
    lab = Lab(cloud)
    subnet = lab.make_subnet("10.0.9.0/28")
    reserve(lab.ec2, subnet, "10.0.9.8/29")
    interface(lab.ec2, subnet, PrivateIpAddress="10.0.9.9")
    asked = {"ImageId": lab.image, "InstanceType": "t2.micro", "SubnetId": subnet, "MaxCount": 9}
    refused("InsufficientFreeAddressesInSubnet", lab.ec2.run_instances, MinCount=5, **asked)
    assert len(lab.ec2.run_instances(MinCount=2, **asked)["Instances"]) == 4
