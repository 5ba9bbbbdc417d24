"""What an instance reads about itself is what Describe calls say of it."""

import json

import pytest

from tests.support.lab import Lab
from tests.unit.metadata.guest import Guest

ALWAYS = """ami-id ami-launch-index ami-manifest-path block-device-mapping/ hostname instance-action instance-id
    instance-life-cycle instance-type local-hostname local-ipv4 mac network/ placement/ profile reservation-id
    security-groups services/"""


def test_the_top(guest: Guest) -> None:
    versions = guest.ask("/").content.decode().split("\n")
    assert (versions[0], versions[-1], "2021-03-23" in versions) == ("1.0", "latest", True)
    assert guest.lists("") == ["dynamic", "meta-data"]
    assert guest.lists("meta-data/") == ALWAYS.split()
    assert guest.ask("/2021-03-23/meta-data/instance-id").content.decode() == guest.id
    assert guest.ask("/2021-03-24/meta-data/").status == 404


@pytest.mark.parametrize("path", ["", "meta-data", "meta-data/placement", "meta-data/placement/region", "dynamic"])
def test_a_slash_at_the_end_makes_no_difference(guest: Guest, path: str) -> None:
    assert guest.read(path) == guest.read(f"{path}/") == guest.read(f"/{path}//")


def test_an_instance_without_extras(guest: Guest) -> None:
    shown = guest.lab.instance(guest.id)
    (eni,) = shown["NetworkInterfaces"]
    expected = {
        "ami-id": shown["ImageId"],
        "ami-launch-index": "0",
        "hostname": shown["PrivateDnsName"],
        "instance-id": guest.id,
        "instance-life-cycle": "on-demand",
        "instance-type": "t2.micro",
        "local-hostname": shown["PrivateDnsName"],
        "local-ipv4": shown["PrivateIpAddress"],
        "mac": eni["MacAddress"],
        "profile": "default-hvm",
        "security-groups": "default",
        "block-device-mapping/root": shown["RootDeviceName"],
        "block-device-mapping/ami": shown["RootDeviceName"],
        "placement/availability-zone": "us-east-1a",
        "placement/availability-zone-id": "use1-az6",
        "placement/region": "us-east-1",
        "services/domain": "amazonaws.com",
        "services/partition": "aws",
    }
    assert {path: guest.read(f"meta-data/{path}") for path in expected} == expected
    for absent in ("public-ipv4", "public-hostname", "public-keys", "iam/info", "tags/instance", "spot"):
        assert guest.status(f"meta-data/{absent}") == 404, absent
    assert guest.status("user-data") == 404
    assert guest.status("meta-data/instance-id/more") == 404
    assert guest.lists("meta-data/network/interfaces/macs/") == [f"{eni['MacAddress']}/"]


def test_user_data_comes_back_as_it_was_given(lab: Lab) -> None:
    guest = Guest(lab, UserData="#!/bin/sh\necho \u00e9\n")
    assert guest.lists("") == ["dynamic", "meta-data", "user-data"]
    told = guest.ask("/latest/user-data")
    assert (told.content.decode(), told.headers["content-type"]) == (
        "#!/bin/sh\necho \u00e9\n",
        "application/octet-stream",
    )


def test_the_identity_document(guest: Guest) -> None:
    assert guest.lists("dynamic") == ["instance-identity/"]
    assert guest.lists("dynamic/instance-identity/") == ["document"]
    document = json.loads(guest.read("dynamic/instance-identity/document"))
    assert document["instanceId"] == guest.id
    assert document["accountId"] == "123456789012"
    assert document["architecture"] == "x86_64"
    assert document["privateIp"] == guest.lab.instance(guest.id)["PrivateIpAddress"]
    assert document["pendingTime"] == "2023-11-14T22:13:20Z"
    assert document["region"] == "us-east-1"


def test_a_key_is_listed_by_number_and_name(lab: Lab) -> None:
    lab.ec2.create_key_pair(KeyName="mine", KeyType="ed25519")
    guest = Guest(lab, KeyName="mine")
    assert guest.read("meta-data/public-keys/") == "0=mine"
    assert guest.read("meta-data/public-keys/0/") == "openssh-key"
    key = guest.read("meta-data/public-keys/0/openssh-key").split(" ")
    assert (key[0], key[2]) == ("ssh-ed25519", "mine")


def test_tags_are_shown_where_that_was_asked_for(lab: Lab) -> None:
    tags = [{"Key": "Name", "Value": "web"}, {"Key": "Team@x", "Value": "\u00e9"}]
    guest = Guest(lab, TagSpecifications=[{"ResourceType": "instance", "Tags": tags}])
    assert guest.status("meta-data/tags/") == 404
    guest.options(InstanceMetadataTags="enabled")
    assert guest.lists("meta-data/tags/instance/") == ["Name", "Team@x"]
    assert guest.read("meta-data/tags/instance/Team@x") == "\u00e9"
    lab.ec2.create_tags(Resources=[guest.id], Tags=[{"Key": "Name", "Value": "db"}])
    assert guest.read("meta-data/tags/instance/Name") == "db"


class TestInterfaces:
    def test_every_address_and_what_is_associated_with_it(self, lab: Lab) -> None:
        lab.ec2.modify_vpc_attribute(VpcId=lab.vpc, EnableDnsHostnames={"Value": True})
        lab.ec2.associate_vpc_cidr_block(VpcId=lab.vpc, CidrBlock="10.1.0.0/16")
        guest = Guest(lab)
        second = lab.interface(Groups=[lab.group("one"), lab.group("two")], SecondaryPrivateIpAddressCount=1)
        lab.ec2.attach_network_interface(NetworkInterfaceId=second, InstanceId=guest.id, DeviceIndex=1)
        allocation, public = lab.elastic_ip()
        shown = lab.eni(second)
        ips = [one["PrivateIpAddress"] for one in shown["PrivateIpAddresses"]]
        lab.ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=second, PrivateIpAddress=ips[1])
        mac = f"meta-data/network/interfaces/macs/{shown['MacAddress']}"
        expected = {
            "device-number": "1",
            "interface-id": second,
            "ipv4-associations/": public,
            f"ipv4-associations/{public}": ips[1],
            "local-hostname": shown["PrivateDnsName"],
            "local-ipv4s": "\n".join(ips),
            "mac": shown["MacAddress"],
            "owner-id": "123456789012",
            "public-ipv4s": public,
            "security-groups": "one\ntwo",
            "security-group-ids": "\n".join(group["GroupId"] for group in shown["Groups"]),
            "subnet-id": lab.subnet,
            "subnet-ipv4-cidr-block": "10.0.1.0/24",
            "vpc-id": lab.vpc,
            "vpc-ipv4-cidr-block": "10.0.0.0/16",
            "vpc-ipv4-cidr-blocks": "10.0.0.0/16\n10.1.0.0/16",
        }
        assert {path: guest.read(f"{mac}/{path}") for path in expected} == expected
        assert guest.status(f"{mac}/public-hostname") == 404, "only the primary address's"
        assert len(guest.lists("meta-data/network/interfaces/macs")) == 2

    def test_a_public_address_comes_and_goes(self, lab: Lab) -> None:
        guest = Guest(lab)
        allocation, public = lab.elastic_ip()
        lab.ec2.associate_address(AllocationId=allocation, InstanceId=guest.id)
        assert guest.read("meta-data/public-ipv4") == public
        assert guest.status("meta-data/public-hostname") == 404, "the VPC gives no names"
        lab.ec2.modify_vpc_attribute(VpcId=lab.vpc, EnableDnsHostnames={"Value": True})
        assert guest.read("meta-data/public-hostname") == lab.instance(guest.id)["PublicDnsName"] != ""
        association = lab.address(allocation)["AssociationId"]
        lab.ec2.disassociate_address(AssociationId=association)
        assert guest.status("meta-data/public-ipv4") == 404

    def test_one_that_is_detached_is_not_there(self, lab: Lab) -> None:
        guest, second = Guest(lab), lab.interface()
        attached = lab.ec2.attach_network_interface(NetworkInterfaceId=second, InstanceId=guest.id, DeviceIndex=1)
        mac = lab.eni(second)["MacAddress"]
        assert guest.read(f"meta-data/network/interfaces/macs/{mac}/interface-id") == second
        lab.ec2.detach_network_interface(AttachmentId=attached["AttachmentId"])
        assert guest.status(f"meta-data/network/interfaces/macs/{mac}/interface-id") == 404
