"""CIDR reservations of subnets: AWS's user guide, "Subnet CIDR reservations"."""

from tests.machine.rules.base import Answer, Asked, Why, operation
from tests.machine.rules.world import Reservation, World


@operation("CreateSubnetCidrReservation", "InvalidSubnetID.NotFound", "InvalidParameterValue")
def create_subnet_cidr_reservation(world: World, asked: Asked) -> Answer:
    """A part of the subnet, apart from the others; who has an address in it keeps it."""
    why = Why()
    subnet = why.find(world.subnets, asked["SubnetId"], "InvalidSubnetID.NotFound")
    block = why.network(asked["Cidr"])
    if subnet and block:
        beside = [one.block for one in world.reservations.values() if one.subnet == subnet.id]
        why.when(not block.subnet_of(subnet.block), "InvalidParameterValue")
        why.when(any(block.overlaps(one) for one in beside), "InvalidParameterValue")
    why.stop()
    assert subnet
    assert block
    made = Reservation(world.new("scr"), subnet.id, block, asked["ReservationType"])
    world.reservations[made.id] = made
    told = {"SubnetCidrReservationId": made.id, "SubnetId": subnet.id, "Cidr": str(block), "ReservationType": made.kind}
    return {"SubnetCidrReservation": told}


@operation("DeleteSubnetCidrReservation", "InvalidSubnetCidrReservationId.NotFound")
def delete_subnet_cidr_reservation(world: World, asked: Asked) -> Answer:
    """Its addresses serve everybody again."""
    why = Why()
    found = why.find(world.reservations, asked["SubnetCidrReservationId"], "InvalidSubnetCidrReservationId.NotFound")
    why.stop()
    assert found
    del world.reservations[found.id]
    return {"DeletedSubnetCidrReservation": {"SubnetCidrReservationId": found.id}}
