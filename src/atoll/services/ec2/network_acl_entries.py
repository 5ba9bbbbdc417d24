"""Entries of network ACLs: numbered, first match decides, nothing is remembered (facts 141, 145, 146)."""

from atoll.model.kinds import ALL_PROTOCOLS, NetworkAcl, NetworkAclEntry
from atoll.model.tx import Tx
from atoll.packet import ICMP, Prefix, has_ports
from atoll.packet.protocol import ICMPV6
from atoll.protocol import AwsError
from atoll.services.ec2.checks import block, exactly_one, invalid, missing
from atoll.services.ec2.lookup import need
from atoll.services.ec2.network_acls import LAST_ENTRY
from atoll.services.ec2.permissions import protocol
from atoll.services.registry import Request, Response, operation

ENTRY = "NetworkAclId RuleNumber Protocol RuleAction Egress CidrBlock Ipv6CidrBlock IcmpTypeCode PortRange"
FAMILIES = {"CidrBlock": 4, "Ipv6CidrBlock": 6}


@operation("CreateNetworkAclEntry", ENTRY)
def create_network_acl_entry(tx: Tx, request: Request) -> Response:
    """One more entry; inbound and outbound ones are numbered apart."""
    acl = need(tx, NetworkAcl, request["NetworkAclId"])
    entry = _stated(acl, request)
    if _known(tx, acl, request) is not None:
        raise AwsError(
            "NetworkAclEntryAlreadyExists", f"The network acl entry identified by {entry.number} already exists."
        )
    _check_quota(tx, entry)
    tx.put(entry)
    return {}


@operation("ReplaceNetworkAclEntry", ENTRY)
def replace_network_acl_entry(tx: Tx, request: Request) -> Response:
    """Another entry at a number that is taken."""
    acl = need(tx, NetworkAcl, request["NetworkAclId"])
    entry = _stated(acl, request)
    known = _needed(tx, acl, request)
    if known.cidr.family != entry.cidr.family:
        _check_quota(tx, entry)
    tx.put(entry)
    return {}


@operation("DeleteNetworkAclEntry", "NetworkAclId RuleNumber Egress")
def delete_network_acl_entry(tx: Tx, request: Request) -> Response:
    """What it let pass is cut at once (fact 134)."""
    acl = need(tx, NetworkAcl, request["NetworkAclId"])
    _number(request)
    tx.delete(_needed(tx, acl, request))
    return {}


def _number(request: Request) -> int:
    number: int = request["RuleNumber"]
    if not 1 <= number < LAST_ENTRY:
        raise invalid(number, "ruleNumber", f"Must be between 1 and {LAST_ENTRY - 1}.")
    return number


def _known(tx: Tx, acl: NetworkAcl, request: Request) -> NetworkAclEntry | None:
    return tx.get(NetworkAclEntry, acl.id, str(request["Egress"]), str(request["RuleNumber"]))


def _needed(tx: Tx, acl: NetworkAcl, request: Request) -> NetworkAclEntry:
    known = _known(tx, acl, request)
    if known is None:
        way = "egress" if request["Egress"] else "ingress"
        raise AwsError(
            "InvalidNetworkAclEntry.NotFound",
            f"The network acl {acl.id} has no {way} entry identified by {request['RuleNumber']}.",
        )
    return known


def _check_quota(tx: Tx, entry: NetworkAclEntry) -> None:
    """20 a direction, IPv4 and IPv6 apart; the final refusal counts (quotas table)."""
    beside = tx.by(NetworkAclEntry, "acl", entry.acl)
    same = [one for one in beside if one.egress == entry.egress and one.cidr.family == entry.cidr.family]
    if len(same) + 1 >= tx.limit("network-acl-entries-per-direction"):
        raise AwsError("NetworkAclEntryLimitExceeded", "The maximum number of network ACL entries has been reached.")


def _stated(acl: NetworkAcl, request: Request) -> NetworkAclEntry:
    """The entry as the request states it, checked."""
    number = _number(request)
    action = request["RuleAction"]
    if action not in ("allow", "deny"):
        raise invalid(action, "ruleAction", "Specify allow or deny.")
    spoken = protocol(request["Protocol"])
    low, high = _range(spoken, request)
    return NetworkAclEntry(
        home=acl.home,
        acl=acl.id,
        egress=request["Egress"],
        number=number,
        allow=action == "allow",
        protocol=spoken,
        cidr=_block(request),
        low=low,
        high=high,
    )


def _block(request: Request) -> Prefix:
    name = exactly_one(request, FAMILIES)
    prefix = block(request[name], FAMILIES[name])
    if prefix is None:
        raise invalid(request[name], name[0].lower() + name[1:], "This is not a valid CIDR block.")
    return prefix


def _range(spoken: int, request: Request) -> tuple[int, int]:
    """Ports for TCP and UDP, type and code for ICMP; they mean nothing to other protocols (fact 145)."""
    if has_ports(spoken):
        return _ports(request)
    if spoken in (ICMP, ICMPV6):
        return _type_and_code(request)
    return ALL_PROTOCOLS, ALL_PROTOCOLS


def _ports(request: Request) -> tuple[int, int]:
    given = request.get("PortRange") or {}
    low, high = given.get("From"), given.get("To")
    if low is None or high is None:
        raise missing("portRange")
    if not 0 <= low <= high <= 65535:
        raise AwsError("InvalidParameterValue", f"Invalid TCP/UDP port range ({low}:{high})")
    return low, high


def _type_and_code(request: Request) -> tuple[int, int]:
    given = request.get("IcmpTypeCode") or {}
    kind, code = given.get("Type"), given.get("Code")
    if kind is None or code is None:
        raise missing("icmpTypeCode")
    if not -1 <= kind <= 255 or not -1 <= code <= 255 or (kind == -1 and code != -1):
        raise AwsError("InvalidParameterValue", f"Invalid ICMP type and code ({kind}:{code})")
    return kind, code
