"""Tags, on anything that has an id."""

from collections.abc import Iterator

from tests.machine.rules.base import Answer, Asked, Why, operation
from tests.machine.rules.world import World

NOT_FOUND = {
    "vpc": "InvalidVpcID.NotFound",
    "subnet": "InvalidSubnetID.NotFound",
    "igw": "InvalidInternetGatewayID.NotFound",
    "rtb": "InvalidRouteTableID.NotFound",
    "acl": "InvalidNetworkAclID.NotFound",
    "sg": "InvalidGroup.NotFound",
    "sgr": "InvalidSecurityGroupRuleId.NotFound",
    "eni": "InvalidNetworkInterfaceID.NotFound",
    "eipalloc": "InvalidAllocationID.NotFound",
    "i": "InvalidInstanceID.NotFound",
}


def taggable(world: World) -> Iterator[str]:
    """Everything that can have tags."""
    for things in (world.vpcs, world.subnets, world.gateways, world.tables, world.acls, world.groups):
        yield from things
    for more in (world.interfaces, world.elastic_ips, world.instances):
        yield from more
    for group in world.groups.values():
        yield from group.rules


def _known(why: Why, world: World, id_: str) -> None:
    prefix = id_.replace("~", "-").split("-")[0]
    why.when(id_ not in taggable(world), NOT_FOUND[prefix])


@operation("CreateTags", *NOT_FOUND.values(), "InvalidParameterValue", "TagLimitExceeded")
def create_tags(world: World, asked: Asked) -> Answer:
    """At most fifty a thing, and none of AWS's own."""
    why, (id_,) = Why(), asked["Resources"]
    _known(why, world, id_)
    given = {one["Key"]: one["Value"] for one in asked["Tags"]}
    why.when(any(key.startswith("aws:") for key in given), "InvalidParameterValue")
    after = {**world.tags.get(id_, {}), **given}
    why.when(len(after) > world.quotas["tags"], "TagLimitExceeded")
    why.stop()
    world.tags[id_] = after
    return {}


@operation("DeleteTags", *NOT_FOUND.values())
def delete_tags(world: World, asked: Asked) -> Answer:
    """With a value, only a tag that has it; a tag that is not there is no error."""
    why, (id_,) = Why(), asked["Resources"]
    _known(why, world, id_)
    why.stop()
    there = world.tags.get(id_, {})
    for one in asked["Tags"]:
        if one["Key"] in there and one.get("Value") in (None, there[one["Key"]]):
            del there[one["Key"]]
    return {}
