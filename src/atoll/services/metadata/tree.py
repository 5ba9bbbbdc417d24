"""What an instance can read about itself: the model's records as the tree below /latest (facts 160 to 162)."""

from typing import Any

from atoll.model import names
from atoll.model.kinds import Instance, KeyPair, NetworkInterface, PlacementGroup, Subnet, Vpc
from atoll.model.tx import Tx
from atoll.services.ec2.image_table import image_of
from atoll.services.ec2.instance_shape import interfaces_of
from atoll.services.ec2.interface_shape import interface_shape, zone_id
from atoll.services.ec2.root_volumes import root_of
from atoll.services.metadata.credentials import Profile, credentials, info, moment, profile, spaced
from atoll.services.metadata.folders import Folder, Node, plain

VERSIONS = (
    "1.0", "2007-01-19", "2007-03-01", "2007-08-29", "2007-10-10", "2007-12-15", "2008-02-01", "2008-09-01",
    "2009-04-04", "2011-01-01", "2011-05-01", "2012-01-12", "2014-02-25", "2014-11-05", "2015-10-20", "2016-04-19",
    "2016-06-30", "2016-09-02", "2018-03-28", "2018-08-17", "2018-09-24", "2019-10-01", "2020-10-27", "2021-01-03",
    "2021-03-23", "2021-07-15", "2022-09-24", "2024-04-11", "latest",
)  # fmt: skip
"""All of them have the same tree here: what AWS added later is in the earlier ones as well."""


def root(tx: Tx, instance: Instance, secret: bytes) -> Folder:
    """Everything, from / on."""
    shapes = {one.id: interface_shape(tx, one) for one in interfaces_of(tx, instance)}
    below: dict[str, Node] = {
        "dynamic": Folder({"instance-identity": Folder({"document": _document(instance, shapes)})}),
        "meta-data": Folder(_meta_data(tx, instance, shapes, secret)),
    }
    if instance.user_data:
        below["user-data"] = instance.user_data
    version = Folder(below, plain)
    return Folder(dict.fromkeys(VERSIONS, version), plain)


Shapes = dict[str, dict[str, Any]]


def _meta_data(tx: Tx, instance: Instance, shapes: Shapes, secret: bytes) -> dict[str, Node]:
    primary = next(iter(shapes.values()))
    found: dict[str, Node] = {
        "ami-id": instance.image,
        "ami-launch-index": str(instance.launch_index),
        "ami-manifest-path": "(unknown)",
        "hostname": instance.private_dns,
        "instance-action": "none",
        "instance-id": instance.id,
        "instance-life-cycle": "on-demand",
        "instance-type": instance.type,
        "local-hostname": instance.private_dns,
        "local-ipv4": primary["PrivateIpAddress"],
        "mac": primary["MacAddress"],
        "network": Folder({"interfaces": Folder({"macs": Folder(_macs(tx, instance, shapes))})}),
        "placement": Folder(_placement(tx, instance)),
        "reservation-id": instance.reservation,
        "security-groups": "\n".join(group["GroupName"] for group in primary["Groups"]),
        "services": Folder({"domain": "amazonaws.com", "partition": "aws"}),
    }
    public = primary.get("Association")
    if public is not None:
        found["public-ipv4"] = public["PublicIp"]
        if public["PublicDnsName"]:
            found["public-hostname"] = public["PublicDnsName"]
    image = image_of(instance)
    if image is not None:
        found["profile"] = f"default-{image.virtualization}"
    return found | _options(tx, instance, secret)


def _options(tx: Tx, instance: Instance, secret: bytes) -> dict[str, Node]:
    """What only some instances have."""
    found: dict[str, Node] = {}
    volume = root_of(tx, instance)
    if volume is not None and volume.attachment is not None:
        device = volume.attachment.device
        found["block-device-mapping"] = Folder({"ami": device, "root": device})
    key = tx.only(KeyPair, "place", f"{instance.home}/{instance.key_name}") if instance.key_name else None
    if key is not None:
        openssh = Folder({"openssh-key": f"{key.public_key} {key.name}"})
        found["public-keys"] = Folder({"0": openssh}, lambda _: f"0={key.name}")
    if instance.metadata.tags == "enabled" and instance.tags:
        found["tags"] = Folder({"instance": Folder(dict(instance.tags))})
    mine = profile(tx, instance)
    if mine is not None:
        found["iam"] = Folder(_iam(tx, instance, mine, secret))
    return found


def _iam(tx: Tx, instance: Instance, mine: Profile, secret: bytes) -> dict[str, Node]:
    found: dict[str, Node] = {"info": info(mine)}
    if mine.role is not None:
        told = credentials(secret, instance, mine.role, tx.now)
        found["security-credentials"] = Folder({mine.role.name: told.text})
    return found


def _placement(tx: Tx, instance: Instance) -> dict[str, Node]:
    found: dict[str, Node] = {
        "availability-zone": instance.zone,
        "availability-zone-id": zone_id(instance.region, instance.zone),
        "region": instance.region,
    }
    group = tx.get(PlacementGroup, instance.placement_group) if instance.placement_group else None
    if group is not None:
        found["group-name"] = group.name
    if instance.partition is not None:
        found["partition-number"] = str(instance.partition)
    return found


def _macs(tx: Tx, instance: Instance, shapes: Shapes) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for id_, shape in shapes.items():
        interface = tx.get(NetworkInterface, id_)
        assert interface is not None, id_
        found[interface.mac] = Folder(_interface(tx, instance, interface, shape))
    return found


def _interface(tx: Tx, instance: Instance, interface: NetworkInterface, shape: dict[str, Any]) -> dict[str, Node]:
    addresses = shape["PrivateIpAddresses"]
    subnet, vpc = tx.get(Subnet, interface.subnet), tx.get(Vpc, interface.vpc)
    assert subnet is not None, interface.subnet
    assert vpc is not None, interface.vpc
    assert interface.attachment is not None, interface.id
    blocks = [str(block.prefix) for block in vpc.blocks if block.state == "associated"]
    named = interface.attachment.index == 0
    found: dict[str, Node] = {
        "device-number": str(interface.attachment.index),
        "interface-id": interface.id,
        "local-hostname": instance.private_dns if named else names.private_name(instance.region, interface.primary_ip),
        "local-ipv4s": "\n".join(address["PrivateIpAddress"] for address in addresses),
        "mac": interface.mac,
        "network-card-index": "0",
        "owner-id": interface.account,
        "security-group-ids": "\n".join(interface.groups),
        "security-groups": "\n".join(group["GroupName"] for group in shape["Groups"]),
        "subnet-id": subnet.id,
        "subnet-ipv4-cidr-block": str(subnet.prefix),
        "vpc-id": vpc.id,
        "vpc-ipv4-cidr-block": blocks[0],
        "vpc-ipv4-cidr-blocks": "\n".join(blocks),
    }
    public = {one["Association"]["PublicIp"]: one["PrivateIpAddress"] for one in addresses if "Association" in one}
    if public:
        found["public-ipv4s"] = "\n".join(public)
        found["ipv4-associations"] = Folder(public)
    if "Association" in shape and shape["Association"]["PublicDnsName"]:
        found["public-hostname"] = shape["Association"]["PublicDnsName"]
    return found


def _document(instance: Instance, shapes: Shapes) -> str:
    """The instance identity document. AWS signs it, with keys that nobody else has: there are no signatures here."""
    image = image_of(instance)
    return spaced(
        {
            "accountId": instance.account,
            "architecture": image.architecture if image is not None else None,
            "availabilityZone": instance.zone,
            "billingProducts": None,
            "devpayProductCodes": None,
            "marketplaceProductCodes": None,
            "imageId": instance.image,
            "instanceId": instance.id,
            "instanceType": instance.type,
            "kernelId": None,
            "pendingTime": moment(instance.launched),
            "privateIp": next(iter(shapes.values()))["PrivateIpAddress"],
            "ramdiskId": None,
            "region": instance.region,
            "version": "2017-09-30",
        }
    )
