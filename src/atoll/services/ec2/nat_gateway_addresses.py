"""Secondary addresses of NAT gateways: associate, disassociate, assign, unassign (fact 85).

An address that leaves drains first: new connections do not get it any more, those that have it keep it for a while. It
is gone when there are none of them left, or its time is over.
"""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from atoll.model.kinds import NatGateway, NatGatewayAddress, Subnet
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.ec2.checks import invalid
from atoll.services.ec2.lookup import need
from atoll.services.ec2.nat_gateway_states import plan_next
from atoll.services.ec2.nat_gateways import (
    PRIVATE,
    PUBLIC,
    addresses_of,
    chosen,
    claimed,
    new_address,
    paired,
    shown_address,
)
from atoll.services.registry import Request, Response, operation

DRAIN, LONGEST_DRAIN = 350, 4000
"""Seconds, as AWS's documentation of MaxDrainDurationSeconds has them [BC]."""


@operation("AssociateNatGatewayAddress", "NatGatewayId AllocationIds PrivateIpAddresses")
def associate_nat_gateway_address(tx: Tx, request: Request) -> Response:
    """More Elastic IPs for a public gateway; whether each can be had shows later."""
    gateway = _available(tx, request, PUBLIC)
    ips = _claimed(tx, gateway, request.get("PrivateIpAddresses") or ())
    pairs = paired(tx, request["AllocationIds"], ips, before=len(addresses_of(tx, gateway)))
    return _add(tx, gateway, pairs)


@operation("AssignPrivateNatGatewayAddress", "NatGatewayId PrivateIpAddresses PrivateIpAddressCount")
def assign_private_nat_gateway_address(tx: Tx, request: Request) -> Response:
    """More private addresses for a private gateway, by name or by number."""
    gateway = _available(tx, request, PRIVATE)
    ips = _claimed(tx, gateway, request.get("PrivateIpAddresses") or ())
    count = request.get("PrivateIpAddressCount")
    if not ips and count is None:
        raise AwsError("MissingParameter", "The request must contain privateIpAddresses or privateIpAddressCount")
    return _add(tx, gateway, chosen(tx, ips, count, before=len(addresses_of(tx, gateway))))


@operation("DisassociateNatGatewayAddress", "NatGatewayId AssociationIds MaxDrainDurationSeconds")
def disassociate_nat_gateway_address(tx: Tx, request: Request) -> Response:
    """Secondary Elastic IPs leave a public gateway, and stay allocated."""
    gateway = _available(tx, request, PUBLIC)
    held = {one.association_id: one for one in addresses_of(tx, gateway) if one.association_id}
    named = list(dict.fromkeys(request["AssociationIds"]))
    for association in named:
        if association not in held:
            raise AwsError("InvalidAssociationID.NotFound", f"The association ID '{association}' does not exist")
    return _drain(tx, request, gateway, [held[one] for one in named], "disassociating")


@operation("UnassignPrivateNatGatewayAddress", "NatGatewayId PrivateIpAddresses MaxDrainDurationSeconds")
def unassign_private_nat_gateway_address(tx: Tx, request: Request) -> Response:
    """Secondary private addresses leave a private gateway."""
    gateway = _available(tx, request, PRIVATE)
    held = {one.private_ip: one for one in addresses_of(tx, gateway) if one.status == "succeeded"}
    named = list(dict.fromkeys(request["PrivateIpAddresses"]))
    for ip in named:
        if ip not in held:
            raise invalid(ip, "privateIpAddress", f"It is not assigned to {gateway.id}.")
    return _drain(tx, request, gateway, [held[one] for one in named], "unassigning")


def _available(tx: Tx, request: Request, connectivity: str) -> NatGateway:
    gateway = need(tx, NatGateway, request["NatGatewayId"])
    if gateway.state != "available":
        raise AwsError("IncorrectState", f"NAT gateway {gateway.id} is {gateway.state}, and must be available.")
    if gateway.connectivity != connectivity:
        raise AwsError("InvalidParameterValue", f"NAT gateway {gateway.id} is not a {connectivity} one.")
    return gateway


def _claimed(tx: Tx, gateway: NatGateway, ips: Iterable[str]) -> list[str]:
    subnet = tx.get(Subnet, gateway.subnet)
    assert subnet is not None  # a subnet with an ENI cannot be deleted
    return [claimed(tx, subnet, ip) for ip in ips]


def _add(tx: Tx, gateway: NatGateway, pairs: Iterable[tuple[str | None, str]]) -> Response:
    first = 1 + max(int(one.slot) for one in addresses_of(tx, gateway))
    added = [new_address(tx, gateway, first + number, *pair) for number, pair in enumerate(pairs)]
    return _put(tx, gateway, added)


def _drain(tx: Tx, request: Request, gateway: NatGateway, going: Sequence[NatGatewayAddress], status: str) -> Response:
    seconds = request.get("MaxDrainDurationSeconds")
    seconds = DRAIN if seconds is None else seconds
    if not 1 <= seconds <= LONGEST_DRAIN:
        raise invalid(seconds, "maxDrainDurationSeconds", f"Expecting a number between 1 and {LONGEST_DRAIN}.")
    for one in going:
        if one.primary:
            raise AwsError("InvalidParameterValue", f"The primary address of {gateway.id} stays as long as it does.")
        if one.status != "succeeded":
            raise AwsError("IncorrectState", f"The address {one.private_ip} of {gateway.id} is {one.status}.")
    return _put(tx, gateway, [replace(one, status=status, due=tx.now, until=tx.now + seconds) for one in going])


def _put(tx: Tx, gateway: NatGateway, addresses: Sequence[NatGatewayAddress]) -> Response:
    for one in addresses:
        tx.put(one)
    plan_next(tx, gateway)
    shown = [shown_address(tx, gateway, one) for one in addresses]
    return {"NatGatewayId": gateway.id, "NatGatewayAddresses": shown}
