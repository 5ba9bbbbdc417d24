"""The nodes of a load balancer: which subnets it may have, and the ENI that it gets in each (facts 165-168)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from atoll.model.kinds import BalancerZone, ElasticIp, InternetGateway, LoadBalancer, NetworkInterface, Subnet
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.ec2 import addressing, public_addresses
from atoll.services.ec2.address_associations import bind
from atoll.services.ec2.checks import refuse_members
from atoll.services.ec2.interface_making import check_quota, end_interface, free_mac, give_address
from atoll.services.elbv2.common import refused, unfit
from atoll.services.registry import Request

FEWEST_FREE = 8


class Asked(NamedTuple):
    """What is asked of one zone."""

    subnet: Subnet
    allocation: str | None = None
    private_ip: str | None = None


def asked_mappings(tx: Tx, request: Request, scheme: str) -> list[Asked]:
    """Subnets or SubnetMappings, checked as far as they stand alone."""
    named = request.get("Subnets") or ()
    given: Sequence[Mapping[str, Any]] = request.get("SubnetMappings") or ()
    if named and given:
        raise refused("You must specify either subnets or subnet mappings, not both")
    if not named and not given:
        raise refused("At least one subnet must be specified")
    found = [_mapping(tx, one, scheme) for one in given or [{"SubnetId": name} for name in named]]
    zones = [one.subnet.zone for one in found]
    if len({one.subnet.id for one in found}) < len(found) or len(set(zones)) < len(zones):
        raise unfit("A load balancer cannot be attached to multiple subnets in the same Availability Zone")
    if len({one.subnet.vpc for one in found}) > 1:
        raise unfit("All subnets must belong to the same VPC")
    allocations = [one.allocation for one in found if one.allocation]
    if len(set(allocations)) < len(allocations):
        raise unfit("An Elastic IP can be used in one Availability Zone only")
    return found


def _mapping(tx: Tx, given: Mapping[str, Any], scheme: str) -> Asked:
    refuse_members(given, ("SubnetId", "AllocationId", "PrivateIPv4Address"), "SubnetMappings")
    if not given.get("SubnetId"):
        raise refused("A subnet mapping must name a subnet")
    subnet = tx.own(Subnet, given["SubnetId"])
    if subnet is None:
        raise AwsError("SubnetNotFound", f"The subnet ID '{given['SubnetId']}' does not exist")
    allocation, ip = given.get("AllocationId") or None, given.get("PrivateIPv4Address") or None
    if allocation and scheme != "internet-facing":
        raise unfit("Elastic IP addresses can be given to internet-facing load balancers only")
    if ip and scheme == "internet-facing":
        raise unfit("Private IPv4 addresses can be given to internal load balancers only")
    return Asked(subnet, allocation, ip)


def check_place(tx: Tx, mapping: Asked, scheme: str) -> None:
    """Whether a new node can be there: free addresses, an internet gateway, its Elastic IP (facts 166, 167)."""
    subnet = mapping.subnet
    if addressing.available(tx, subnet) < FEWEST_FREE:
        raise AwsError(
            "InvalidSubnet",
            f"Not enough IP space available in {subnet.id}. ELB requires at least {FEWEST_FREE} free IP addresses "
            "in each subnet.",
        )
    if scheme == "internet-facing" and not tx.count(InternetGateway, "vpc", subnet.vpc):
        raise AwsError("InvalidSubnet", f"VPC {subnet.vpc} has no internet gateway")
    if mapping.private_ip:
        _check_private(tx, subnet, mapping.private_ip)
    if mapping.allocation:
        elastic = tx.own(ElasticIp, mapping.allocation)
        if elastic is None:
            raise AwsError("AllocationIdNotFound", f"The allocation IDs '{mapping.allocation}' do not exist")
        if elastic.association_id is not None:
            raise AwsError("ResourceInUse", "The allocation IDs are not available for use")


def _check_private(tx: Tx, subnet: Subnet, ip: str) -> None:
    try:
        addressing.claim_ip(tx, subnet, ip)
    except AwsError as error:
        raise unfit(error.message) from error


def add_node(tx: Tx, balancer: LoadBalancer, mapping: Asked) -> BalancerZone:
    """A node in the mapping's zone, with an ENI of AWS's own and its address."""
    check_quota(tx)
    subnet = mapping.subnet
    interface = NetworkInterface(
        home=balancer.home,
        id=tx.new_id("eni"),
        load_balancer=balancer.id,
        vpc=subnet.vpc,
        subnet=subnet.id,
        zone=subnet.zone,
        mac=free_mac(tx),
        groups=balancer.groups,
        description=f"ELB net/{balancer.name}/{balancer.id}",
        source_dest_check=False,
        status="in-use",
        primary_ip=mapping.private_ip or addressing.allocate_ip(tx, subnet),
    )
    tx.put(interface)
    held = give_address(tx, interface, interface.primary_ip, 0)
    if mapping.allocation:
        elastic = tx.own(ElasticIp, mapping.allocation)
        assert elastic is not None, mapping
        bind(tx, elastic, interface, held)
    elif balancer.scheme == "internet-facing":
        tx.put(replace(interface, public_ip=public_addresses.take(tx, interface.id)))
    zone = BalancerZone(
        home=balancer.home,
        balancer=balancer.id,
        zone=subnet.zone,
        subnet=subnet.id,
        interface=interface.id,
        allocation=mapping.allocation,
        private_ip=mapping.private_ip,
    )
    tx.put(zone)
    return zone


def end_node(tx: Tx, zone: BalancerZone) -> None:
    """The node and its ENI are gone; its Elastic IP stays allocated."""
    interface = tx.get(NetworkInterface, zone.interface)
    if interface is not None:
        end_interface(tx, interface)
    tx.delete(zone)


def nodes_of(tx: Tx, balancer: LoadBalancer) -> list[BalancerZone]:
    """Its zones, by name."""
    return sorted(tx.by(BalancerZone, "balancer", balancer.id), key=lambda one: one.zone)


def zones_shape(tx: Tx, zones: Iterable[BalancerZone]) -> list[dict[str, Any]]:
    """AvailabilityZones of the API. Addresses are shown where the user gave them (fact 193)."""
    return [
        {"ZoneName": one.zone, "SubnetId": one.subnet, "LoadBalancerAddresses": _addresses(tx, one)} for one in zones
    ]


def _addresses(tx: Tx, zone: BalancerZone) -> list[dict[str, str]]:
    elastic = tx.get(ElasticIp, zone.allocation) if zone.allocation else None
    if elastic is not None:
        return [{"IpAddress": elastic.public_ip, "AllocationId": elastic.id}]
    return [{"PrivateIPv4Address": zone.private_ip}] if zone.private_ip else []
