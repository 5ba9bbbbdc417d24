"""Secondary IPv4 blocks of a VPC (facts 8-16). Each is a local route of every table of the VPC."""

import msgspec

from atoll.model.kinds import RouteTable, Subnet, Vpc, VpcBlock, VpcRoute
from atoll.model.tx import Tx
from atoll.packet import Prefix
from atoll.protocol import AwsError
from atoll.services.ec2.checks import missing, refuse_true
from atoll.services.ec2.lookup import need
from atoll.services.ec2.vpcs import new_block, shown_block, usable_block
from atoll.services.registry import Request, Response, operation

TEN, TWELVE, SIXTEEN = map(Prefix.parse, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
BENCHMARK = Prefix.parse("198.19.0.0/16")
DEFAULT = Prefix.parse("172.31.0.0/16")
PRIVATE = (TEN, TWELVE, SIXTEEN)

RESTRICTED: tuple[tuple[Prefix, tuple[Prefix, ...]], ...] = (
    (TEN, (TWELVE, SIXTEEN, BENCHMARK)),
    (TWELVE, (TEN, SIXTEEN, DEFAULT, BENCHMARK)),
    (SIXTEEN, (TEN, TWELVE, BENCHMARK)),
    (BENCHMARK, PRIVATE),
    (Prefix.everything(), (*PRIVATE, BENCHMARK)),
)
"""Where the primary block lies, the first that fits, and what cannot join it then (fact 14)."""

LOW_TEN, LOWEST_TEN = map(Prefix.parse, ("10.0.0.0/15", "10.0.0.0/16"))
"""With a block in the first, none may come from the second (fact 14)."""


@operation("AssociateVpcCidrBlock", "VpcId CidrBlock AmazonProvidedIpv6CidrBlock")
def associate_vpc_cidr_block(tx: Tx, request: Request) -> Response:
    """One more block: the answer says associating, and every Describe after it associated (fact 10)."""
    refuse_true(request, "AmazonProvidedIpv6CidrBlock")
    vpc = need(tx, Vpc, request["VpcId"])
    if not request.get("CidrBlock"):
        raise missing("cidrBlock")
    prefix = usable_block(request["CidrBlock"])
    _check_restrictions(vpc, prefix)
    _check_overlap(tx, vpc, prefix)
    most = tx.limit("ipv4-blocks-per-vpc")
    if len(vpc.blocks) >= most:
        raise AwsError(
            "CidrLimitExceeded", f"This network {vpc.id} has met its maximum number of allowed CIDRs: {most}"
        )
    block = new_block(tx, prefix)
    tx.put(msgspec.structs.replace(vpc, blocks=(*vpc.blocks, block)))
    return _answer(vpc, block, "associating")


def _answer(vpc: Vpc, block: VpcBlock, state: str) -> Response:
    return {"CidrBlockAssociation": shown_block(block, state), "VpcId": vpc.id}


def _check_restrictions(vpc: Vpc, prefix: Prefix) -> None:
    """What the table of restrictions says of the VPC's primary block (fact 14)."""
    refused = next(ranges for primary, ranges in RESTRICTED if primary.covers(vpc.blocks[0].prefix))
    if any(LOW_TEN.covers(block.prefix) for block in vpc.blocks):
        refused = (*refused, LOWEST_TEN)
    if any(one.overlaps(prefix) for one in refused):
        raise AwsError(
            "InvalidVpc.Range",
            f"The CIDR '{prefix}' is restricted. Use a CIDR from the same private address range as the current VPC "
            "CIDR, or use a publicly-routable CIDR. For additional restrictions, see "
            "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html",
        )


def _check_overlap(tx: Tx, vpc: Vpc, prefix: Prefix) -> None:
    """Neither with another block, nor equal to or wider than the destination of a route (fact 12)."""
    if any(block.prefix.overlaps(prefix) for block in vpc.blocks):
        raise AwsError("InvalidVpc.Range", f"The CIDR '{prefix}' conflicts with another CIDR of the VPC '{vpc.id}'.")
    for table in tx.by(RouteTable, "vpc", vpc.id):
        for route in tx.by(VpcRoute, "route_table", table.id):
            if route.destination is not None and prefix.covers(route.destination):
                raise AwsError(
                    "InvalidVpc.Range",
                    f"The CIDR '{prefix}' is equal to or wider than the destination {route.destination} of a route "
                    f"in {table.id}. Delete the route, or choose a narrower CIDR.",
                )


@operation("DisassociateVpcCidrBlock", "AssociationId")
def disassociate_vpc_cidr_block(tx: Tx, request: Request) -> Response:
    """The block goes with its local routes; the primary one stays, and so does one that a subnet uses (fact 13)."""
    id_ = request["AssociationId"]
    vpc = tx.only(Vpc, "block_ids", id_)
    if vpc is None or vpc.home != tx.home:
        raise AwsError(
            "InvalidVpcCidrBlockAssociationID.NotFound", f"The vpc CIDR block association ID '{id_}' does not exist"
        )
    block = next(one for one in vpc.blocks if one.association_id == id_)
    if block == vpc.blocks[0]:
        raise AwsError(
            "OperationNotPermitted",
            f"The vpc CIDR block with association ID {id_} may not be disassociated. "
            "It is the primary IPv4 CIDR block of the VPC",
        )
    if any(block.prefix.covers(subnet.prefix) for subnet in tx.by(Subnet, "vpc", vpc.id)):
        raise AwsError(
            "InvalidCidrBlock.InUse", f"The vpc {vpc.id} currently has a subnet within CIDR block {block.prefix}"
        )
    _forget_local_targets(tx, vpc, block)
    tx.put(msgspec.structs.replace(vpc, blocks=tuple(one for one in vpc.blocks if one != block)))
    return _answer(vpc, block, "disassociating")


def _forget_local_targets(tx: Tx, vpc: Vpc, block: VpcBlock) -> None:
    """A local route whose target was replaced (fact 106) is still the block's, and goes with it."""
    for table in tx.by(RouteTable, "vpc", vpc.id):
        replaced = tx.get(VpcRoute, table.id, str(block.prefix))
        if replaced is not None:
            tx.delete(replaced)
