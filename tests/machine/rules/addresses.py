"""Elastic IPs (facts 61 to 68)."""

from tests.machine.rules.base import Answer, Asked, Why, operation
from tests.machine.rules.public import refresh
from tests.machine.rules.world import Association, ElasticIp, Interface, World


@operation("AllocateAddress", "AddressLimitExceeded")
def allocate_address(world: World, asked: Asked) -> Answer:
    """One of the pool's."""
    why = Why()
    why.when(len(world.elastic_ips) >= world.quotas["addresses"], "AddressLimitExceeded")
    why.stop()
    made = ElasticIp(world.new("eipalloc"), world.new("public"))
    world.elastic_ips[made.id] = made
    return {"AllocationId": made.id, "PublicIp": made.public, "Domain": "vpc"}


@operation("ReleaseAddress", "InvalidAllocationID.NotFound", "InvalidIPAddress.InUse")
def release_address(world: World, asked: Asked) -> Answer:
    """Not while it is associated."""
    why = Why()
    found = why.find(world.elastic_ips, asked["AllocationId"], "InvalidAllocationID.NotFound")
    if found:
        why.when(found.association is not None, "InvalidIPAddress.InUse")
    why.stop()
    assert found
    del world.elastic_ips[found.id]
    world.tags.pop(found.id, None)
    return {}


def _place(why: Why, world: World, asked: Asked) -> Interface | None:
    """The interface that is named, or the only one of the instance."""
    if "NetworkInterfaceId" in asked:
        return why.find(world.interfaces, asked["NetworkInterfaceId"], "InvalidNetworkInterfaceID.NotFound")
    instance = why.find(world.instances, asked["InstanceId"], "InvalidInstanceID.NotFound")
    if instance is None:
        return None
    held = world.held(instance.id)
    return None if why.when(len(held) != 1, "InvalidInstanceID") else held[0]


@operation(
    "AssociateAddress",
    "InvalidAllocationID.NotFound",
    "InvalidNetworkInterfaceID.NotFound",
    "InvalidInstanceID.NotFound",
    "InvalidInstanceID",
    "InvalidParameterValue",
    "Gateway.NotAttached",
    "Resource.AlreadyAssociated",
)
def associate_address(world: World, asked: Asked) -> Answer:
    """It moves unless the call forbids that; what was there before stays allocated; a repeat changes nothing."""
    why = Why()
    found = why.find(world.elastic_ips, asked["AllocationId"], "InvalidAllocationID.NotFound")
    place = _place(why, world, asked)
    if place:
        address = asked.get("PrivateIpAddress", place.addresses[0])
        why.when(address not in place.addresses, "InvalidParameterValue")
        why.when(world.gateway_of(world.vpc_of(place.subnet).id) is None, "Gateway.NotAttached")
    if found and place:
        held = found.association
        same = held is not None and (held.interface, held.address) == (place.id, address)
        moves = held is not None and not same
        why.when(moves and asked.get("AllowReassociation") is False, "Resource.AlreadyAssociated")
    why.stop()
    assert found
    assert place
    if same:
        assert held
        return {"AssociationId": held.id}
    before = world.interfaces[held.interface] if held else None
    if there := world.mapped(place, address):
        there.end()
    found.end()
    found.association = Association(world.new("eipassoc"), place.id, address)
    if address == place.addresses[0]:
        place.public = None
    if before:
        refresh(world, before)
    return {"AssociationId": found.association.id}


@operation("DisassociateAddress", "InvalidAssociationID.NotFound")
def disassociate_address(world: World, asked: Asked) -> Answer:
    """It stays allocated. The call may be repeated (fact 67)."""
    why, id_ = Why(), asked["AssociationId"]
    all_ = world.elastic_ips.values()
    found = next((one for one in all_ if one.association and one.association.id == id_), None)
    why.when(found is None and id_ not in [one.ended for one in all_], "InvalidAssociationID.NotFound")
    why.stop()
    if found and found.association:
        place = world.interfaces[found.association.interface]
        found.end()
        refresh(world, place)
    return {}
