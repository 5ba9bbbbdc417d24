"""What stands beside the network: DHCP options sets (facts 153 to 155), key pairs, root volumes."""

from tests.machine.rules.base import Answer, Asked, Why, operation
from tests.machine.rules.world import KeyPair, World

OPTIONS = ("domain-name", "domain-name-servers", "ntp-servers", "netbios-name-servers", "netbios-node-type")


@operation("CreateDhcpOptions", "MissingParameter", "InvalidParameterValue")
def create_dhcp_options(world: World, asked: Asked) -> Answer:
    """Known options, each with values."""
    why = Why()
    given = {one["Key"]: one["Values"] for one in asked["DhcpConfigurations"]}
    why.when(not given, "MissingParameter")
    why.when(any(name not in OPTIONS or not values for name, values in given.items()), "InvalidParameterValue")
    why.stop()
    made = world.new("dopt")
    world.options[made] = given
    return {"DhcpOptions": {"DhcpOptionsId": made}}


@operation("DeleteDhcpOptions", "InvalidDhcpOptionID.NotFound", "DependencyViolation")
def delete_dhcp_options(world: World, asked: Asked) -> Answer:
    """None that a VPC has; and not the region's own, which the next VPC will have."""
    why, id_ = Why(), asked["DhcpOptionsId"]
    why.find(world.options, id_, "InvalidDhcpOptionID.NotFound")
    used = any(vpc.options == id_ for vpc in world.vpcs.values()) or id_ == next(iter(world.options))
    why.when(used, "DependencyViolation")
    why.stop()
    del world.options[id_]
    return {}


@operation("AssociateDhcpOptions", "InvalidVpcID.NotFound", "InvalidDhcpOptionID.NotFound")
def associate_dhcp_options(world: World, asked: Asked) -> Answer:
    """A set, or none at all."""
    why, id_ = Why(), asked["DhcpOptionsId"]
    vpc = why.find(world.vpcs, asked["VpcId"], "InvalidVpcID.NotFound")
    if id_ != "default":
        why.find(world.options, id_, "InvalidDhcpOptionID.NotFound")
    why.stop()
    assert vpc
    vpc.options = id_
    return {}


@operation("CreateKeyPair", "InvalidKeyPair.Duplicate", "KeyPairLimitExceeded")
def create_key_pair(world: World, asked: Asked) -> Answer:
    """A name that there is not yet."""
    why, name = Why(), asked["KeyName"]
    why.when(any(one.name == name for one in world.keys.values()), "InvalidKeyPair.Duplicate")
    why.when(len(world.keys) >= world.quotas["keys"], "KeyPairLimitExceeded")
    why.stop()
    made = KeyPair(world.new("key"), name)
    world.keys[made.id] = made
    return {"KeyName": name, "KeyPairId": made.id}


@operation("DeleteKeyPair")
def delete_key_pair(world: World, asked: Asked) -> Answer:
    """What there is not is no error [BC]; instances keep the name."""
    gone = [one for one in world.keys.values() if one.name == asked["KeyName"]]
    for one in gone:
        del world.keys[one.id]
    return {"Return": True, **({"KeyPairId": gone[0].id} if gone else {})}


@operation("DeleteVolume", "InvalidVolume.NotFound", "VolumeInUse")
def delete_volume(world: World, asked: Asked) -> Answer:
    """One that its instance left behind."""
    why = Why()
    volume = why.find(world.volumes, asked["VolumeId"], "InvalidVolume.NotFound")
    if volume:
        why.when(volume.instance is not None, "VolumeInUse")
    why.stop()
    assert volume
    del world.volumes[volume.id]
    return {}
