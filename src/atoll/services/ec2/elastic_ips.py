"""Elastic IPs: allocate, release, describe."""

from typing import Any

from atoll.model.kinds import AddressTransfer, ElasticIp, NetworkInterface, PublicAddress
from atoll.model.tx import Tx
from atoll.packet import ip_number, ip_text
from atoll.protocol.errors import AwsError
from atoll.services.ec2 import paths, public_addresses
from atoll.services.ec2.checks import invalid
from atoll.services.ec2.describe import answer, candidates, select
from atoll.services.ec2.lookup import need
from atoll.services.ec2.tags import on_creation, tags_of
from atoll.services.registry import Request, Response, operation

POOL = "amazon"


@operation("AllocateAddress", "Domain Address PublicIpv4Pool NetworkBorderGroup TagSpecifications")
def allocate_address(tx: Tx, request: Request) -> Response:
    """An address of the public pool; `Address` asks for one by name, which AWS calls recovering it."""
    if request.get("Domain", "vpc") != "vpc":
        raise AwsError("UnsupportedOperation", "EC2-Classic is retired: the domain of an address is vpc.")
    if request.get("PublicIpv4Pool", POOL) != POOL:
        raise AwsError("InvalidPublicIpv4PoolID.NotFound", f"The pool ID '{request['PublicIpv4Pool']}' does not exist.")
    _check_border_group(tx, request)
    check_quota(tx)
    id_ = tx.new_id("eipalloc")
    public_ip = _named(tx, request["Address"], id_) if request.get("Address") else public_addresses.take(tx, id_)
    tx.put(ElasticIp(home=tx.home, id=id_, public_ip=public_ip, tags=on_creation(tx, request, "elastic-ip")))
    return {
        "AllocationId": id_,
        "PublicIpv4Pool": POOL,
        "NetworkBorderGroup": tx.region,
        "Domain": "vpc",
        "PublicIp": public_ip,
    }


def check_quota(tx: Tx) -> None:
    """Whether the account may have one more."""
    if tx.count(ElasticIp, "home", tx.home) >= tx.limit("elastic-ips-per-region"):
        raise AwsError("AddressLimitExceeded", "The maximum number of addresses has been reached.")


def _check_border_group(tx: Tx, request: Request) -> None:
    """The region itself is the only border group here."""
    named = request.get("NetworkBorderGroup")
    if named is not None and named != tx.region:
        raise invalid(named, "networkBorderGroup", f"This region's only border group is {tx.region}.")


def _named(tx: Tx, text: str, holder: str) -> str:
    try:
        family, number = ip_number(text)
    except ValueError:
        raise invalid(text, "address", "Invalid IPv4 address.") from None
    pool, ip = tx.settings.public_pool, ip_text(family, number)
    if not pool.holds(ip) or number in (pool.base, pool.last) or tx.get(PublicAddress, ip) is not None:
        raise AwsError("InvalidAddress.NotFound", f"Address '{ip}' not found.")
    tx.put(PublicAddress(home=tx.home, ip=ip, holder=holder))
    return ip


@operation("ReleaseAddress", "AllocationId PublicIp NetworkBorderGroup")
def release_address(tx: Tx, request: Request) -> Response:
    """By allocation id, once it is associated to nothing (fact 68)."""
    named = public_addresses.by_id(request, "AllocationId", "allocation id", "releasing a VPC elastic IP address")
    _check_border_group(tx, request)
    elastic = _mine(tx, named)
    if elastic.association_id is not None:
        raise AwsError("InvalidIPAddress.InUse", f"Address {elastic.public_ip} is in use.")
    if elastic.ptr is not None:
        raise AwsError(
            "InvalidAddress.Locked",
            f"Address {elastic.public_ip} is locked by its reverse DNS record: use ResetAddressAttribute first.",
        )
    offer = tx.get(AddressTransfer, elastic.id)
    if offer is not None:
        tx.delete(offer)
    public_addresses.give_back(tx, elastic.public_ip)
    tx.delete(elastic)
    return {}


def _mine(tx: Tx, allocation: str) -> ElasticIp:
    """The Elastic IP of this home; AuthFailure for another account's."""
    other = tx.get(ElasticIp, allocation)
    if other is not None and other.account != tx.account:
        raise AwsError("AuthFailure", f"The address with allocation id '{allocation}' does not belong to you.")
    return need(tx, ElasticIp, allocation)


def address_shape(tx: Tx, elastic: ElasticIp) -> dict[str, Any]:
    """An Address of the API (fact 69)."""
    shape: dict[str, Any] = {
        "AllocationId": elastic.id,
        "Domain": "vpc",
        "NetworkBorderGroup": elastic.region,
        "PublicIp": elastic.public_ip,
        "PublicIpv4Pool": POOL,
    }
    if elastic.tags:
        shape["Tags"] = tags_of(elastic)
    interface = tx.get(NetworkInterface, elastic.interface) if elastic.interface else None
    if interface is None:
        return shape
    shape |= {
        "AssociationId": elastic.association_id,
        "NetworkInterfaceId": interface.id,
        "NetworkInterfaceOwnerId": interface.account,
        "PrivateIpAddress": elastic.private_ip,
    }
    return shape | ({"InstanceId": interface.instance} if interface.instance else {})


FILTERS = paths.filters(
    address_shape,
    {
        "allocation-id": "AllocationId",
        "association-id": "AssociationId",
        "domain": "Domain",
        "instance-id": "InstanceId",
        "network-border-group": "NetworkBorderGroup",
        "network-interface-id": "NetworkInterfaceId",
        "network-interface-owner-id": "NetworkInterfaceOwnerId",
        "private-ip-address": "PrivateIpAddress",
        "public-ip": "PublicIp",
    },
)
INDEXED = {
    "allocation-id": "id",
    "association-id": "association_id",
    "network-interface-id": "interface",
    "public-ip": "public_ip",
}


@operation("DescribeAddresses", "AllocationIds PublicIps Filters")
def describe_addresses(tx: Tx, request: Request) -> Response:
    """The Elastic IPs; automatic addresses are not among them. There are no pages (fact 249)."""
    named = [_by_public_ip(tx, ip) for ip in request.get("PublicIps") or ()]
    found = named
    if request.get("AllocationIds") or not named:
        found = [*named, *candidates(tx, ElasticIp, request, "AllocationIds", INDEXED)]
    unique = {elastic.id: elastic for elastic in found}.values()
    return answer("Addresses", [address_shape(tx, one) for one in select(tx, unique, request, FILTERS)])


def _by_public_ip(tx: Tx, ip: str) -> ElasticIp:
    elastic = tx.only(ElasticIp, "public_ip", ip)
    if elastic is None or elastic.home != tx.home:
        raise AwsError("InvalidAddress.NotFound", f"Address '{ip}' not found.")
    return elastic
