"""Network ACLs (facts 140, 141, 144 to 146)."""

from tests.machine.rules.base import Answer, Asked, Why, operation
from tests.machine.rules.vpcs import WORLD
from tests.machine.rules.world import Acl, Block, Entry, World

FINAL = 32767


@operation("CreateNetworkAcl", "InvalidVpcID.NotFound", "NetworkAclLimitExceeded")
def create_network_acl(world: World, asked: Asked) -> Answer:
    """It refuses everything until it has entries."""
    why = Why()
    vpc = why.find(world.vpcs, asked["VpcId"], "InvalidVpcID.NotFound")
    if vpc:
        beside = sum(one.vpc == vpc.id for one in world.acls.values())
        why.when(beside >= world.quotas["acls"], "NetworkAclLimitExceeded")
    why.stop()
    assert vpc
    acl = Acl(world.new("acl"), vpc.id, default=False)
    for egress in (False, True):
        acl.entries[egress, FINAL] = Entry("-1", "deny", WORLD)
    world.acls[acl.id] = acl
    return {"NetworkAcl": {"NetworkAclId": acl.id, "VpcId": vpc.id, "IsDefault": False, "Associations": []}}


@operation("DeleteNetworkAcl", "InvalidNetworkAclID.NotFound", "InvalidParameterValue", "DependencyViolation")
def delete_network_acl(world: World, asked: Asked) -> Answer:
    """Not the default one, and none that a subnet has."""
    why = Why()
    acl = why.find(world.acls, asked["NetworkAclId"], "InvalidNetworkAclID.NotFound")
    if acl:
        why.when(acl.default, "InvalidParameterValue")
        why.when(any(one.acl == acl.id for one in world.subnets.values()), "DependencyViolation")
    why.stop()
    assert acl
    del world.acls[acl.id]
    world.tags.pop(acl.id, None)
    return {}


def _entry(why: Why, asked: Asked) -> Entry | None:
    block: Block | None
    block = why.network6(asked["Ipv6CidrBlock"]) if "Ipv6CidrBlock" in asked else why.network(asked["CidrBlock"])
    why.when(not 1 <= asked["RuleNumber"] <= 32766, "InvalidParameterValue")
    entry = Entry(asked["Protocol"], asked["RuleAction"], block) if block else None
    if asked["Protocol"] in ("6", "17") and not why.when("PortRange" not in asked, "MissingParameter"):
        low, high = asked["PortRange"]["From"], asked["PortRange"]["To"]
        why.when(not 0 <= low <= high <= 65535, "InvalidParameterValue")
        if entry:
            entry.ports = low, high
    if asked["Protocol"] == "1" and not why.when("IcmpTypeCode" not in asked, "MissingParameter") and entry:
        entry.icmp = asked["IcmpTypeCode"]["Type"], asked["IcmpTypeCode"]["Code"]
    return entry


def _full(world: World, acl: Acl, asked: Asked) -> bool:
    """Whether a direction has as many entries of a family as it may; the final refusal of each counts (fact 140)."""
    version = 6 if "Ipv6CidrBlock" in asked else 4
    entries = [one for (egress, _), one in acl.entries.items() if egress == asked["Egress"]]
    beside = sum(one.block.version == version for one in entries) + (version == 6)
    return beside >= world.quotas["entries"]


ENTRY = ("InvalidNetworkAclID.NotFound", "InvalidParameterValue", "MissingParameter")


@operation("CreateNetworkAclEntry", *ENTRY, "NetworkAclEntryAlreadyExists", "NetworkAclEntryLimitExceeded")
def create_network_acl_entry(world: World, asked: Asked) -> Answer:
    """Each direction has its own numbers. The quota counts the final refusal."""
    why = Why()
    acl = why.find(world.acls, asked["NetworkAclId"], "InvalidNetworkAclID.NotFound")
    entry = _entry(why, asked)
    number = asked["Egress"], asked["RuleNumber"]
    if acl and not why.when(number in acl.entries and number[1] != FINAL, "NetworkAclEntryAlreadyExists"):
        why.when(_full(world, acl, asked), "NetworkAclEntryLimitExceeded")
    why.stop()
    assert acl
    assert entry
    acl.entries[number] = entry
    return {}


@operation("ReplaceNetworkAclEntry", *ENTRY, "InvalidNetworkAclEntry.NotFound", "NetworkAclEntryLimitExceeded")
def replace_network_acl_entry(world: World, asked: Asked) -> Answer:
    """An entry that there is."""
    why = Why()
    acl = why.find(world.acls, asked["NetworkAclId"], "InvalidNetworkAclID.NotFound")
    entry = _entry(why, asked)
    number = asked["Egress"], asked["RuleNumber"]
    if acl:
        missing = why.when(number not in acl.entries, "InvalidNetworkAclEntry.NotFound")
        if entry and not missing and acl.entries[number].block.version != entry.block.version:
            why.when(_full(world, acl, asked), "NetworkAclEntryLimitExceeded")
    why.stop()
    assert acl
    assert entry
    acl.entries[number] = entry
    return {}


@operation(
    "DeleteNetworkAclEntry",
    "InvalidNetworkAclID.NotFound",
    "InvalidParameterValue",
    "InvalidNetworkAclEntry.NotFound",
)
def delete_network_acl_entry(world: World, asked: Asked) -> Answer:
    """Not the final refusal."""
    why = Why()
    acl = why.find(world.acls, asked["NetworkAclId"], "InvalidNetworkAclID.NotFound")
    number = asked["Egress"], asked["RuleNumber"]
    why.when(not 1 <= number[1] <= 32766, "InvalidParameterValue")
    if acl:
        why.when(number not in acl.entries, "InvalidNetworkAclEntry.NotFound")
    why.stop()
    assert acl
    del acl.entries[number]
    return {}


@operation(
    "ReplaceNetworkAclAssociation",
    "InvalidAssociationID.NotFound",
    "InvalidNetworkAclID.NotFound",
    "InvalidParameterValue",
)
def replace_network_acl_association(world: World, asked: Asked) -> Answer:
    """Another ACL for a subnet, and a new association; with the same ACL nothing changes (fact 144)."""
    why, association = Why(), asked["AssociationId"]
    subnet = next((one for one in world.subnets.values() if one.acl_association == association), None)
    why.when(subnet is None, "InvalidAssociationID.NotFound")
    acl = why.find(world.acls, asked["NetworkAclId"], "InvalidNetworkAclID.NotFound")
    if subnet and acl:
        why.when(subnet.vpc != acl.vpc, "InvalidParameterValue")
    why.stop()
    assert subnet
    assert acl
    if subnet.acl != acl.id:
        subnet.acl, subnet.acl_association = acl.id, world.new("aclassoc")
    return {"NewAssociationId": subnet.acl_association}
