"""Elastic IPs handed on to another account: offered, accepted within seven days, or taken back (fact 70).

What stands in the way (an association, a name for reverse look-ups, the quota) stops the acceptance, not the offer
[VPCUG vpc-eips: transfer].
"""

from datetime import timedelta
from typing import Any

from atoll.model.kinds import AddressTransfer, ElasticIp, PublicAddress
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2.checks import invalid
from atoll.services.ec2.describe import answer, page
from atoll.services.ec2.elastic_ips import check_quota
from atoll.services.ec2.interface_permissions import ACCOUNT
from atoll.services.ec2.lookup import need
from atoll.services.ec2.tags import on_creation
from atoll.services.registry import Request, Response, operation

OPEN = timedelta(days=7)
SHOWN = timedelta(days=3)
"""How long an accepted transfer is described to its source [API DescribeAddressTransfers]."""


def _shape(transfer: AddressTransfer, status: str | None = None) -> dict[str, Any]:
    """An AddressTransfer of the API, as its source sees it."""
    shape: dict[str, Any] = {
        "AddressTransferStatus": status or ("accepted" if transfer.accepted else "pending"),
        "AllocationId": transfer.allocation,
        "PublicIp": transfer.public_ip,
        "TransferAccountId": transfer.to_account,
        "TransferOfferExpirationTimestamp": transfer.expires,
    }
    return shape | ({"TransferOfferAcceptedTimestamp": transfer.accepted} if transfer.accepted else {})


def _stands(tx: Tx, transfer: AddressTransfer) -> bool:
    """Whether the transfer is still described: an offer until it ends, an accepted one for some days."""
    until = transfer.accepted + SHOWN if transfer.accepted else transfer.expires
    return tx.time < until


def _mine(tx: Tx) -> list[AddressTransfer]:
    return [transfer for transfer in tx.mine(AddressTransfer) if _stands(tx, transfer)]


@operation("EnableAddressTransfer", "AllocationId TransferAccountId")
def enable_address_transfer(tx: Tx, request: Request) -> Response:
    """An offer to one account; a later one takes its place."""
    elastic, account = need(tx, ElasticIp, request["AllocationId"]), request["TransferAccountId"]
    if not ACCOUNT.match(account) or account == tx.account:
        raise invalid(account, "transferAccountId", "Expecting the twelve digits of another account.")
    for past in tx.mine(AddressTransfer):
        if not _stands(tx, past):
            tx.delete(past)
    transfer = AddressTransfer(
        home=tx.home,
        allocation=elastic.id,
        public_ip=elastic.public_ip,
        to_account=account,
        expires=tx.time + OPEN,
    )
    tx.put(transfer)
    return {"AddressTransfer": _shape(transfer)}


@operation("DisableAddressTransfer", "AllocationId")
def disable_address_transfer(tx: Tx, request: Request) -> Response:
    """The offer is taken back."""
    elastic = need(tx, ElasticIp, request["AllocationId"])
    transfer = tx.get(AddressTransfer, elastic.id)
    if transfer is None or not _stands(tx, transfer):
        raise AwsError("InvalidParameterValue", f"There is no transfer of the address '{elastic.public_ip}'.")
    tx.delete(transfer)
    return {"AddressTransfer": _shape(transfer, "disabled")}


@operation("AcceptAddressTransfer", "Address TagSpecifications")
def accept_address_transfer(tx: Tx, request: Request) -> Response:
    """The address is this account's, under a new allocation id; its tags are gone."""
    transfer = _offered(tx, request["Address"])
    elastic = tx.get(ElasticIp, transfer.allocation)
    assert elastic is not None  # an offer ends with its address
    if elastic.association_id is not None:
        raise AwsError(
            "InvalidTransfer.AddressAssociated",
            f"The address {elastic.public_ip} is associated: its owner must disassociate it first.",
        )
    if elastic.ptr is not None:
        raise AwsError(
            "InvalidTransfer.AddressCustomPtrSet",
            f"The address {elastic.public_ip} has a reverse DNS record: its owner must remove it first.",
        )
    check_quota(tx)
    taken = ElasticIp(
        home=tx.home,
        id=tx.new_id("eipalloc"),
        public_ip=elastic.public_ip,
        tags=on_creation(tx, request, "elastic-ip"),
    )
    accepted = AddressTransfer(
        home=transfer.home,
        allocation=transfer.allocation,
        public_ip=transfer.public_ip,
        to_account=transfer.to_account,
        expires=transfer.expires,
        accepted=tx.time,
    )
    tx.delete(elastic)
    tx.put(taken)
    tx.put(PublicAddress(home=tx.home, ip=taken.public_ip, holder=taken.id))
    tx.put(accepted)
    shown = _shape(accepted)
    del shown["AllocationId"]  # the source's; the example in AWS's reference shows none
    return {"AddressTransfer": shown}


def _offered(tx: Tx, ip: str) -> AddressTransfer:
    """The offer of that address to this account, in this region."""
    for transfer in tx.by(AddressTransfer, "public_ip", ip):
        here = (transfer.to_account, transfer.region) == (tx.account, tx.region)
        if here and transfer.accepted is None and _stands(tx, transfer):
            return transfer
    raise AwsError("InvalidAddress.NotFound", f"Address '{ip}' not found: it is not offered to this account.")


@operation("DescribeAddressTransfers", "AllocationIds MaxResults NextToken")
def describe_address_transfers(tx: Tx, request: Request) -> Response:
    """To the source: offers that stand, and for some days what was accepted."""
    standing = {transfer.allocation: transfer for transfer in _mine(tx)}
    named = list(dict.fromkeys(request.get("AllocationIds") or ()))
    for id_ in named:
        if id_ not in standing:
            need(tx, ElasticIp, id_)
    found = [standing[id_] for id_ in named if id_ in standing] if named else list(standing.values())
    return answer("AddressTransfers", *page([_shape(transfer) for transfer in found], request))
