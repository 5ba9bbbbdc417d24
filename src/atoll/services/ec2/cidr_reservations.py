"""CIDR reservations of subnets: what automatic addresses keep out of [VPCUG:subnet-cidr-reservation].

Addresses in use stay in use when a reservation comes or goes, and an address that a caller names may be a reserved one.
"""

from atoll.model.kinds import CidrReservation, Subnet
from atoll.model.tx import Tx
from atoll.packet import Prefix
from atoll.services.ec2.checks import block, invalid
from atoll.services.ec2.describe import Filters, describe
from atoll.services.ec2.lookup import need
from atoll.services.ec2.tags import on_creation, tags_if_any
from atoll.services.registry import Request, Response, operation

USES = ("prefix", "explicit")


@operation("CreateSubnetCidrReservation", "SubnetId Cidr ReservationType Description TagSpecifications")
def create_subnet_cidr_reservation(tx: Tx, request: Request) -> Response:
    """Keep a part of the subnet back."""
    subnet = need(tx, Subnet, request["SubnetId"])
    use = request["ReservationType"]
    if use not in USES:
        raise invalid(use, "reservationType", "Specify prefix or explicit.")
    reservation = CidrReservation(
        id=tx.new_id("scr"),
        home=tx.home,
        subnet=subnet.id,
        prefix=_free_part(tx, subnet, request["Cidr"]),
        use=use,
        description=request.get("Description") or "",
        tags=on_creation(tx, request, "subnet-cidr-reservation"),
    )
    tx.put(reservation)
    return {"SubnetCidrReservation": shown(tx, reservation)}


def _free_part(tx: Tx, subnet: Subnet, named: str) -> Prefix:
    """The block, if it lies in the subnet and in no other reservation."""
    prefix = block(named)
    if prefix is None and block(named, 6) is None:
        raise invalid(named, "cidr", "This is not a valid CIDR block.")
    if prefix is None or not subnet.prefix.covers(prefix):
        raise invalid(named, "cidr", f"It is not within the CIDR {subnet.prefix} of the subnet '{subnet.id}'.")
    for other in tx.by(CidrReservation, "subnet", subnet.id):
        if other.prefix.overlaps(prefix):
            raise invalid(named, "cidr", f"It overlaps with the reservation '{other.id}' of {other.prefix}.")
    return prefix


@operation("DeleteSubnetCidrReservation", "SubnetCidrReservationId")
def delete_subnet_cidr_reservation(tx: Tx, request: Request) -> Response:
    """Its free addresses serve everybody again."""
    reservation = need(tx, CidrReservation, request["SubnetCidrReservationId"])
    tx.delete(reservation)
    return {"DeletedSubnetCidrReservation": shown(tx, reservation)}


FILTERS: Filters[CidrReservation] = {
    "reservationType": lambda _tx, reservation: [reservation.use],
    "subnet-id": lambda _tx, reservation: [reservation.subnet],
}


@operation("GetSubnetCidrReservations", "SubnetId Filters MaxResults NextToken")
def get_subnet_cidr_reservations(tx: Tx, request: Request) -> Response:
    """The reservations of one subnet; none of IPv6."""
    subnet = need(tx, Subnet, request["SubnetId"])
    found = tx.by(CidrReservation, "subnet", subnet.id)
    answer = describe(tx, request, found, FILTERS, "SubnetIpv4CidrReservations", shown)
    return answer | {"SubnetIpv6CidrReservations": []}


def shown(_tx: Tx, reservation: CidrReservation) -> Response:
    """As Get shows it."""
    return {
        "SubnetCidrReservationId": reservation.id,
        "SubnetId": reservation.subnet,
        "Cidr": str(reservation.prefix),
        "ReservationType": reservation.use,
        "OwnerId": reservation.account,
        "Description": reservation.description or None,
        "Tags": tags_if_any(reservation),
    }
