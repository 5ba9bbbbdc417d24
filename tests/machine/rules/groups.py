"""Security groups (facts 116 to 118, 130)."""

from tests.machine.rules.base import Answer, Asked, Why, operation
from tests.machine.rules.world import Group, Match, World


@operation(
    "CreateSecurityGroup",
    "InvalidVpcID.NotFound",
    "InvalidGroup.Reserved",
    "InvalidParameterValue",
    "InvalidGroup.Duplicate",
    "SecurityGroupLimitExceeded",
)
def create_security_group(world: World, asked: Asked) -> Answer:
    """A name that the VPC does not have yet, whatever its case; what the group lets out is everything."""
    why, name = Why(), asked["GroupName"]
    vpc = why.find(world.vpcs, asked["VpcId"], "InvalidVpcID.NotFound")
    why.when(name == "default", "InvalidGroup.Reserved")
    why.when(name.startswith("sg-"), "InvalidParameterValue")
    why.when(len(world.groups) >= world.quotas["groups"], "SecurityGroupLimitExceeded")
    if vpc and name != "default":
        same = any(one.vpc == vpc.id and one.name.lower() == name.lower() for one in world.groups.values())
        why.when(same, "InvalidGroup.Duplicate")
    why.stop()
    assert vpc
    group = Group(world.new("sg"), vpc.id, name, asked["Description"])
    group.rules[world.new("sgr")] = Match(True, "-1", None, block="0.0.0.0/0")
    world.groups[group.id] = group
    return {"GroupId": group.id}


@operation("DeleteSecurityGroup", "InvalidGroup.NotFound", "CannotDelete", "DependencyViolation")
def delete_security_group(world: World, asked: Asked) -> Answer:
    """Not a default one, and none that an interface wears or another group names."""
    why = Why()
    group = why.find(world.groups, asked["GroupId"], "InvalidGroup.NotFound")
    if group:
        why.when(group.name == "default", "CannotDelete")
        worn = any(group.id in one.groups for one in world.interfaces.values())
        others = [one for one in world.groups.values() if one is not group]
        named = any(rule.group == group.id for one in others for rule in one.rules.values())
        why.when(worn or named, "DependencyViolation")
    why.stop()
    assert group
    del world.groups[group.id]
    for id_ in (group.id, *group.rules):
        world.tags.pop(id_, None)
    return {}
