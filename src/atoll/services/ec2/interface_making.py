"""Making and ending ENIs, whoever asks: CreateNetworkInterface and RunInstances name the same parameters."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from atoll.model.entity import Tags
from atoll.model.kinds import (
    Attachment,
    ElasticIp,
    InterfacePermission,
    NetworkInterface,
    PrivateAddress,
    Subnet,
    Tracking,
)
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2 import connection_tracking, prefixes, public_addresses, security_groups, subnets, vpcs
from atoll.services.ec2.checks import refuse_members
from atoll.services.ec2.instance_types import MOST_ADDRESSES

Specification = Mapping[str, Any]


def make_interface(
    tx: Tx, subnet: Subnet, specification: Specification, *, groups: Sequence[str], tags: Tags = ()
) -> NetworkInterface:
    """An available ENI in the subnet, with its addresses.

    `specification`: Description, PrivateIpAddress, PrivateIpAddresses, SecondaryPrivateIpAddressCount, Ipv4Prefixes,
    Ipv4PrefixCount and ConnectionTrackingSpecification, as the API names them. `groups`: none named means the VPC's
    default (fact 51).
    """
    check_quota(tx)
    worn = tuple(dict.fromkeys(groups)) or (vpcs.default_group(tx, subnet.vpc).id,)
    security_groups.check_groups(tx, worn, subnet.vpc, subnet=subnet.id)
    primary, secondary, count = asked_addresses(specification)
    blocks, block_count = prefixes.asked_prefixes(specification)
    if 1 + len(blocks) + block_count > MOST_ADDRESSES:
        raise AwsError("PrivateIpAddressLimitExceeded", "Number of private addresses will exceed limit.")
    asked = specification.get(connection_tracking.PARAMETER)
    interface = NetworkInterface(
        home=tx.home,
        id=tx.new_id("eni"),
        tags=tags,
        vpc=subnet.vpc,
        subnet=subnet.id,
        zone=subnet.zone,
        mac=free_mac(tx),
        groups=worn,
        description=specification.get("Description") or "",
        primary_ip=subnets.claim_ip(tx, subnet, primary) if primary else subnets.allocate_ip(tx, subnet),
        tracking=Tracking() if asked is None else connection_tracking.with_times(Tracking(), asked),
    )
    tx.put(interface)
    give_address(tx, interface, interface.primary_ip, 0)
    for slot, ip in enumerate(secondary, start=1):
        give_address(tx, interface, subnets.claim_ip(tx, subnet, ip), slot)
    for slot in range(1 + len(secondary), 1 + len(secondary) + count):
        give_address(tx, interface, subnets.allocate_ip(tx, subnet), slot)
    prefixes.delegate(tx, interface, subnet, blocks, block_count, 1)
    return interface


def check_quota(tx: Tx) -> None:
    """Whether the account may have one more ENI; those of services count too."""
    if tx.count(NetworkInterface, "home", tx.home) >= tx.limit("interfaces-per-region"):
        raise AwsError("NetworkInterfaceLimitExceeded", "The maximum number of network interfaces has been reached.")


def free_mac(tx: Tx) -> str:
    """Unique among all ENIs (fact 57)."""
    while tx.only(NetworkInterface, "mac", mac := tx.new_mac()) is not None:
        pass
    return mac


def give_address(tx: Tx, interface: NetworkInterface, ip: str, slot: int) -> PrivateAddress:
    """Write that the ENI has this private address."""
    held = PrivateAddress(
        home=interface.home,
        subnet=interface.subnet,
        vpc=interface.vpc,
        ip=ip,
        interface=interface.id,
        primary=slot == 0,
        slot=slot,
    )
    tx.put(held)
    return held


def asked_addresses(specification: Specification) -> tuple[str | None, list[str], int]:
    """The primary address (None: choose one), the secondary ones by name, and how many more to choose.

    At most one may be primary, and names and a count exclude each other [BC CreateNetworkInterface].
    """
    primary: str | None = specification.get("PrivateIpAddress")
    secondary: list[str] = []
    for one in specification.get("PrivateIpAddresses") or ():
        refuse_members(one, ("PrivateIpAddress", "Primary"), "PrivateIpAddresses")
        ip = one.get("PrivateIpAddress")
        if not ip:
            raise AwsError("MissingParameter", "The request must contain the parameter privateIpAddress")
        if not one.get("Primary"):
            secondary.append(ip)
        elif primary is None:
            primary = ip
        else:
            raise AwsError("InvalidParameterCombination", "Only one private IP address can be designated as primary.")
    count = specification.get("SecondaryPrivateIpAddressCount")
    if count is not None and specification.get("PrivateIpAddresses"):
        raise AwsError(
            "InvalidParameterCombination",
            "The parameter secondaryPrivateIpAddressCount cannot be used with the parameter privateIpAddresses",
        )
    if count is not None and count < 0:
        raise AwsError(
            "InvalidParameterValue", f"Value ({count}) for parameter secondaryPrivateIpAddressCount is invalid."
        )
    if 1 + len(secondary) + (count or 0) > MOST_ADDRESSES:
        raise AwsError("PrivateIpAddressLimitExceeded", "Number of private addresses will exceed limit.")
    return primary, secondary, count or 0


def attach(
    tx: Tx, interface: NetworkInterface, instance: str, index: int, *, delete_on_termination: bool
) -> NetworkInterface:
    """The ENI at an index of an instance; everything that it has stays its own (fact 33)."""
    attachment = Attachment(
        id=tx.new_id("eni-attach"),
        instance=instance,
        index=index,
        time=tx.time,
        delete_on_termination=delete_on_termination,
        owner=tx.account if tx.account != interface.account else "",
    )
    attached = replace(interface, status="in-use", attachment=attachment)
    tx.put(attached)
    return attached


def detach(tx: Tx, interface: NetworkInterface) -> NetworkInterface:
    """The ENI on its own again. It keeps its addresses and Elastic IPs, but no automatic public one."""
    bare = public_addresses.release(tx, interface)
    free = replace(bare, status="available", attachment=None)
    tx.put(free)
    return free


def end_interface(tx: Tx, interface: NetworkInterface) -> None:
    """Delete the ENI: its addresses are free, its Elastic IPs stay allocated (fact 259)."""
    bare = public_addresses.release(tx, interface)
    for elastic in tx.by(ElasticIp, "interface", interface.id):
        unbind(tx, elastic)
    for address in tx.by(PrivateAddress, "interface", interface.id):
        tx.delete(address)
    for permission in tx.by(InterfacePermission, "interface", interface.id):
        tx.delete(permission)
    tx.delete(bare)


def unbind(tx: Tx, elastic: ElasticIp) -> ElasticIp:
    """The Elastic IP without its association, which is remembered: undoing it again is no error (fact 67)."""
    free = replace(
        elastic, association_id=None, last_association_id=elastic.association_id, interface=None, private_ip=None
    )
    tx.put(free)
    return free
