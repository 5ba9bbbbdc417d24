"""Network ACLs and which subnet has which (facts 140, 142, 144-146). Their entries: network_acl_entries."""

from collections.abc import Callable, Iterable

import msgspec

from atoll.model.kinds import (
    ALL_PROTOCOLS,
    NetworkAcl,
    NetworkAclAssociation,
    NetworkAclEntry,
    Subnet,
    Vpc,
)
from atoll.model.tx import Tx
from atoll.packet import ICMP, Prefix, has_ports
from atoll.packet.protocol import ICMPV6, protocol_name
from atoll.protocol import AwsError
from atoll.services.ec2.describe import Filters, Values, candidates, describe, text
from atoll.services.ec2.lookup import need
from atoll.services.ec2.tags import on_creation, tags_of
from atoll.services.registry import Request, Response, operation

FIRST_ENTRY = 100
LAST_ENTRY = 32767
"""The final refusal, which cannot be changed: shown as an entry, not stored (fact 140)."""


def create_default(tx: Tx, vpc: Vpc) -> NetworkAcl:
    """The default ACL of a new VPC: it lets everything through, both ways."""
    acl = NetworkAcl(id=tx.new_id("acl"), home=vpc.home, vpc=vpc.id, is_default=True)
    tx.put(acl)
    for egress in (False, True):
        tx.put(_whole(acl, FIRST_ENTRY, egress=egress, allow=True))
    return acl


def _whole(acl: NetworkAcl, number: int, *, egress: bool, allow: bool) -> NetworkAclEntry:
    """An entry that decides for every packet of its direction."""
    return NetworkAclEntry(
        home=acl.home,
        acl=acl.id,
        egress=egress,
        number=number,
        allow=allow,
        protocol=ALL_PROTOCOLS,
        cidr=Prefix.everything(),
    )


def associate_default(tx: Tx, subnet: Subnet) -> None:
    """A new subnet gets its VPC's default ACL (fact 144)."""
    acl = tx.only(NetworkAcl, "default_of", subnet.vpc)
    assert acl is not None, f"{subnet.vpc} has no default ACL"
    tx.put(NetworkAclAssociation(id=tx.new_id("aclassoc"), home=subnet.home, acl=acl.id, subnet=subnet.id))


def remove(tx: Tx, acl: NetworkAcl) -> None:
    """Delete an ACL with its entries."""
    for entry in tx.by(NetworkAclEntry, "acl", acl.id):
        tx.delete(entry)
    tx.delete(acl)


@operation("CreateNetworkAcl", "VpcId ClientToken TagSpecifications")
def create_network_acl(tx: Tx, request: Request) -> Response:
    """An ACL that refuses everything, both ways, until it gets entries (fact 140)."""
    vpc = need(tx, Vpc, request["VpcId"])
    if tx.count(NetworkAcl, "vpc", vpc.id) >= tx.limit("network-acls-per-vpc"):
        raise AwsError("NetworkAclLimitExceeded", "The maximum number of network ACLs has been reached.")
    acl = NetworkAcl(id=tx.new_id("acl"), home=tx.home, vpc=vpc.id, tags=on_creation(tx, request, "network-acl"))
    tx.put(acl)
    return {"NetworkAcl": shown(tx, acl), "ClientToken": request.get("ClientToken")}


@operation("DeleteNetworkAcl", "NetworkAclId")
def delete_network_acl(tx: Tx, request: Request) -> Response:
    """Refused for the default one, and while a subnet has it (fact 146)."""
    acl = need(tx, NetworkAcl, request["NetworkAclId"])
    if acl.is_default:
        raise AwsError("InvalidParameterValue", f"cannot delete default network ACL {acl.id}")
    if tx.count(NetworkAclAssociation, "acl", acl.id):
        raise AwsError("DependencyViolation", f"The networkAcl '{acl.id}' has dependencies and cannot be deleted.")
    remove(tx, acl)
    return {}


@operation("ReplaceNetworkAclAssociation", "AssociationId NetworkAclId")
def replace_network_acl_association(tx: Tx, request: Request) -> Response:
    """Another ACL for a subnet: the association gets a new id, unless the subnet has that ACL already (fact 144)."""
    old = need(tx, NetworkAclAssociation, request["AssociationId"])
    acl = need(tx, NetworkAcl, request["NetworkAclId"])
    subnet = tx.get(Subnet, old.subnet)
    if subnet is None or subnet.vpc != acl.vpc:
        raise AwsError(
            "InvalidParameterValue", f"network acl {acl.id} and subnet {old.subnet} belong to different networks"
        )
    if old.acl == acl.id:
        return {"NewAssociationId": old.id}
    new = msgspec.structs.replace(old, id=tx.new_id("aclassoc"), acl=acl.id)
    tx.delete(old)
    tx.put(new)
    return {"NewAssociationId": new.id}


def entries(tx: Tx, acl: NetworkAcl) -> list[NetworkAclEntry]:
    """Its entries, outbound ones first, by number; with the final refusals."""
    last = [_whole(acl, LAST_ENTRY, egress=egress, allow=False) for egress in (True, False)]
    return sorted([*tx.by(NetworkAclEntry, "acl", acl.id), *last], key=lambda one: (not one.egress, one.number))


def _of_entries(value: Callable[[NetworkAclEntry], object]) -> Values[NetworkAcl]:
    def values(tx: Tx, acl: NetworkAcl) -> Iterable[str]:
        return [text(found) for entry in entries(tx, acl) if (found := value(entry)) is not None]

    return values


def _of_associations(value: Callable[[NetworkAclAssociation], str]) -> Values[NetworkAcl]:
    return lambda tx, acl: [value(one) for one in tx.by(NetworkAclAssociation, "acl", acl.id)]


def _ports(entry: NetworkAclEntry) -> bool:
    return has_ports(entry.protocol) and entry.low != -1


def _protocol_names(entry: NetworkAclEntry) -> set[str]:
    """Filters take a protocol's number and its name."""
    return {str(entry.protocol), protocol_name(entry.protocol)}


FILTERS: Filters[NetworkAcl] = {
    "association.association-id": _of_associations(lambda one: one.id),
    "association.network-acl-id": _of_associations(lambda one: one.acl),
    "association.subnet-id": _of_associations(lambda one: one.subnet),
    "default": lambda _tx, acl: [text(acl.is_default)],
    "entry.cidr": _of_entries(lambda one: one.cidr if one.cidr.family == 4 else None),
    "entry.egress": _of_entries(lambda one: one.egress),
    "entry.icmp.code": _of_entries(lambda one: one.high if one.protocol in (ICMP, ICMPV6) else None),
    "entry.icmp.type": _of_entries(lambda one: one.low if one.protocol in (ICMP, ICMPV6) else None),
    "entry.ipv6-cidr": _of_entries(lambda one: one.cidr if one.cidr.family == 6 else None),
    "entry.port-range.from": _of_entries(lambda one: one.low if _ports(one) else None),
    "entry.port-range.to": _of_entries(lambda one: one.high if _ports(one) else None),
    "entry.protocol": lambda tx, acl: [name for one in entries(tx, acl) for name in _protocol_names(one)],
    "entry.rule-action": _of_entries(lambda one: "allow" if one.allow else "deny"),
    "entry.rule-number": _of_entries(lambda one: one.number),
    "network-acl-id": lambda _tx, acl: [acl.id],
    "owner-id": lambda _tx, acl: [acl.account],
    "vpc-id": lambda _tx, acl: [acl.vpc],
}


@operation("DescribeNetworkAcls", "NetworkAclIds Filters MaxResults NextToken")
def describe_network_acls(tx: Tx, request: Request) -> Response:
    """The network ACLs of this region."""
    indexed = {"network-acl-id": "id", "vpc-id": "vpc"}
    found = candidates(tx, NetworkAcl, request, "NetworkAclIds", indexed)
    return describe(tx, request, found, FILTERS, "NetworkAcls", shown)


def shown(tx: Tx, acl: NetworkAcl) -> Response:
    """As Describe shows it."""
    return {
        "Associations": [
            {"NetworkAclAssociationId": one.id, "NetworkAclId": acl.id, "SubnetId": one.subnet}
            for one in tx.by(NetworkAclAssociation, "acl", acl.id)
        ],
        "Entries": [shown_entry(entry) for entry in entries(tx, acl)],
        "IsDefault": acl.is_default,
        "NetworkAclId": acl.id,
        "Tags": tags_of(acl),
        "VpcId": acl.vpc,
        "OwnerId": acl.account,
    }


def shown_entry(entry: NetworkAclEntry) -> Response:
    """One entry; protocols are numbers here (fact 145)."""
    icmp = entry.protocol in (ICMP, ICMPV6)
    return {
        ("CidrBlock" if entry.cidr.family == 4 else "Ipv6CidrBlock"): str(entry.cidr),
        "Egress": entry.egress,
        "IcmpTypeCode": {"Type": entry.low, "Code": entry.high} if icmp else None,
        "PortRange": {"From": entry.low, "To": entry.high} if _ports(entry) else None,
        "Protocol": str(entry.protocol),
        "RuleAction": "allow" if entry.allow else "deny",
        "RuleNumber": entry.number,
    }
