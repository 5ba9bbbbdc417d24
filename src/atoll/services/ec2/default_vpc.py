"""The default VPC that a region comes with, and what brings it back (facts 22-26)."""

from atoll.model.kinds import InternetGateway, Subnet, Vpc, VpcRoute
from atoll.model.regions import REGIONS, Zone
from atoll.model.tx import Tx
from atoll.packet import Prefix
from atoll.protocol import AwsError
from atoll.services.ec2 import subnets, vpcs
from atoll.services.ec2.checks import default_dhcp_options, missing, refuse_true
from atoll.services.registry import Request, Response, operation

BLOCK = Prefix.parse("172.31.0.0/16")
SUBNET_LENGTH = 20


def create(tx: Tx) -> Vpc:
    """The VPC with a public subnet in each zone (facts 22-24)."""
    vpc = Vpc(
        id=tx.new_id("vpc"),
        home=tx.home,
        blocks=(vpcs.new_block(tx, BLOCK),),
        is_default=True,
        dhcp_options=default_dhcp_options(tx.home),
        dns_hostnames=True,
    )
    main = vpcs.furnish(tx, vpc)
    gateway = InternetGateway(id=tx.new_id("igw"), home=tx.home, vpc=vpc.id)
    tx.put(gateway)
    tx.put(VpcRoute(home=tx.home, route_table=main.id, destination=Prefix.everything(), target=gateway.id))
    for zone in REGIONS[tx.region].zones:
        _subnet(tx, vpc, zone)
    return vpc


def _subnet(tx: Tx, vpc: Vpc, zone: Zone) -> Subnet:
    """A default subnet at the first free place (fact 23)."""
    taken = [one.prefix for one in tx.by(Subnet, "vpc", vpc.id)]
    step = 1 << (32 - SUBNET_LENGTH)
    places = (Prefix.of(4, BLOCK.base + start, SUBNET_LENGTH) for start in range(0, BLOCK.size, step))
    prefix = next((place for place in places if not any(place.overlaps(other) for other in taken)), None)
    if prefix is None:
        raise AwsError(
            "InsufficientCidrBlocks", f"The default VPC '{vpc.id}' has no free /{SUBNET_LENGTH} block for a subnet."
        )
    subnet = Subnet(
        id=tx.new_id("subnet"),
        home=tx.home,
        vpc=vpc.id,
        zone=zone.name,
        prefix=prefix,
        map_public_ip=True,
        default_for_az=True,
    )
    subnets.add(tx, subnet)
    return subnet


@operation("CreateDefaultVpc")
def create_default_vpc(tx: Tx, _request: Request) -> Response:
    """A new one where the first was deleted; nothing of that comes back (fact 26)."""
    if tx.only(Vpc, "default_home", tx.home) is not None:
        raise AwsError("DefaultVpcAlreadyExists", "A Default VPC already exists for this account in this region.")
    vpcs.check_quota(tx)
    return {"Vpc": vpcs.shown(tx, create(tx)) | {"State": "pending"}}


@operation("CreateDefaultSubnet", "AvailabilityZone AvailabilityZoneId Ipv6Native")
def create_default_subnet(tx: Tx, request: Request) -> Response:
    """A zone's default subnet where it was deleted: at the first free place of the default VPC (fact 25)."""
    refuse_true(request, "Ipv6Native")
    if not (request.get("AvailabilityZone") or request.get("AvailabilityZoneId")):
        raise missing("availabilityZone")
    zone = subnets.zone_named(tx, request)
    vpc = tx.only(Vpc, "default_home", tx.home)
    if vpc is None:
        raise AwsError("DefaultVpcDoesNotExist", "No default VPC exists for this account in this region.")
    for other in tx.by(Subnet, "vpc", vpc.id):
        if other.default_for_az and other.zone == zone.name:
            raise AwsError(
                "DefaultSubnetAlreadyExistsInAvailabilityZone",
                f"'{other.id}' is already the default subnet in {zone.name}.",
            )
    subnets.check_quota(tx, vpc)
    return {"Subnet": subnets.shown(tx, _subnet(tx, vpc, zone))}
