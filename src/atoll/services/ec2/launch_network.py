"""The network part of RunInstances: which ENIs an instance is to have, decided before any is made (fact 50)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from atoll.model.kinds import NetworkInterface, SecurityGroup, Subnet, Vpc
from atoll.model.outages import outage_of
from atoll.model.regions import REGIONS
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2 import prefixes
from atoll.services.ec2.attachments import check_card, check_interfaces, in_use
from atoll.services.ec2.checks import refuse_members, unbuilt
from atoll.services.ec2.instance_types import limits
from atoll.services.ec2.interface_making import asked_addresses
from atoll.services.ec2.lookup import need, need_unmanaged
from atoll.services.registry import Request

OF_NEW = (
    "AssociatePublicIpAddress", "ConnectionTrackingSpecification", "Description", "Groups", "Ipv4PrefixCount",
    "Ipv4Prefixes", "PrivateIpAddress", "PrivateIpAddresses", "SecondaryPrivateIpAddressCount", "SubnetId",
)  # fmt: skip
"""What only a new ENI can be given."""

TAKEN = (*OF_NEW, "DeleteOnTermination", "DeviceIndex", "InterfaceType", "NetworkCardIndex", "NetworkInterfaceId")


class Wanted(NamedTuple):
    """One ENI of the instance to be: an existing one, or a new one in `subnet`."""

    device_index: int
    subnet: Subnet
    existing: NetworkInterface | None
    specification: Mapping[str, Any]
    groups: tuple[str, ...]
    delete_on_termination: bool
    public: bool  # wants an automatic public address

    @property
    def addresses(self) -> int:
        """How many private addresses it needs from its subnet, one by one: prefixes have a look of their own."""
        if self.existing is not None:
            return 0
        return self.slots - self.prefixes

    @property
    def slots(self) -> int:
        """How many of the type's addresses a new one uses up: a prefix counts as one."""
        _, secondary, count = asked_addresses(self.specification)
        return 1 + len(secondary) + count + self.prefixes

    @property
    def prefixes(self) -> int:
        """How many prefixes a new one gets."""
        named, count = prefixes.asked_prefixes(self.specification)
        return len(named) + count


def wanted_interfaces(tx: Tx, request: Request, type_: str) -> list[Wanted]:
    """The ENIs by device index, checked against each other and against the type's limits."""
    found = _listed(tx, request) if request.get("NetworkInterfaces") else [_single(tx, request)]
    check_interfaces(type_, len(found))
    for one in found:
        held = prefixes.slots_of(tx, one.existing.id) if one.existing else one.slots
        if prefixes.prefixes_of(tx, one.existing.id) if one.existing else one.prefixes:
            prefixes.check_nitro(type_)
        if held > limits(type_).addresses:
            raise AwsError(
                "InvalidInterface.IpAddressLimitExceeded",
                f"The number of IP addresses of the interface at device index {one.device_index} exceeds the limit "
                f"of {limits(type_).addresses} for {type_}.",
            )
        if len(set(one.groups)) > tx.limit("security-groups-per-interface"):
            raise AwsError(
                "SecurityGroupsPerInstanceLimitExceeded",
                "The maximum number of security groups per instance has been reached.",
            )
    _check_zones(tx, request, found)
    return found


def _named_zone(tx: Tx, request: Request) -> str | None:
    """The zone that the placement names, by its name or by its id."""
    placement = request.get("Placement") or {}
    name, id_ = placement.get("AvailabilityZone"), placement.get("AvailabilityZoneId")
    known = {one.id: one.name for one in REGIONS[tx.region].zones}
    if id_ and id_ not in known:
        raise AwsError("InvalidParameterValue", f"Invalid availability zone-id: [{id_}]")
    if name and id_ and known[id_] != name:
        raise AwsError(
            "InvalidParameterCombination", f"The zone '{name}' is not the one with the id '{id_}': name one of them."
        )
    return name or (known[id_] if id_ else None)


def _check_zones(tx: Tx, request: Request, found: list[Wanted]) -> None:
    zones = {one.subnet.zone for one in found}
    named = _named_zone(tx, request)
    if len(zones) > 1:
        raise AwsError(
            "InvalidParameterCombination",
            "You may not attach a network interface to an instance if they are not in the same availability zone",
        )
    if named and named not in zones:
        raise AwsError(
            "InvalidParameterValue",
            f"The availability zone '{named}' is not that of the subnet '{found[0].subnet.id}'.",
        )


def _single(tx: Tx, request: Request) -> Wanted:
    """The one ENI of a call that lists none."""
    if request.get("PrivateIpAddress") and not request.get("SubnetId"):
        raise AwsError(
            "InvalidParameterCombination",
            "Specifying an IP address is only valid for VPC instances and thus requires a subnet in which to launch",
        )
    if request.get("SecurityGroups") and request.get("SubnetId"):
        raise AwsError(
            "InvalidParameterCombination", "The parameter groupName cannot be used with the parameter subnet"
        )
    subnet = need(tx, Subnet, request["SubnetId"]) if request.get("SubnetId") else default_subnet(tx, request)
    groups = [*(request.get("SecurityGroupIds") or ()), *_by_name(tx, subnet.vpc, request.get("SecurityGroups") or ())]
    kept = ("PrivateIpAddress",)
    return Wanted(
        device_index=0,
        subnet=subnet,
        existing=None,
        specification={name: request[name] for name in kept if name in request},
        groups=tuple(groups),
        delete_on_termination=True,
        public=subnet.map_public_ip,
    )


def _by_name(tx: Tx, vpc: str, names: Sequence[str]) -> list[str]:
    groups = [(name, tx.only(SecurityGroup, "place", f"{vpc}/{name.lower()}")) for name in names]
    for name, group in groups:
        if group is None:
            raise AwsError(
                "InvalidGroup.NotFound", f"The security group '{name}' does not exist in default VPC '{vpc}'"
            )
    return [group.id for _, group in groups if group is not None]


def default_subnet(tx: Tx, request: Request) -> Subnet:
    """The default VPC's default subnet: in the zone that is named, else in the first one that has not failed."""
    vpc = tx.only(Vpc, "default_home", tx.home)
    if vpc is None:
        names = " GroupName is only supported for EC2-Classic and default VPC." if request.get("SecurityGroups") else ""
        raise AwsError("VPCIdNotSpecified", f"No default VPC for this user.{names}")
    zone = _named_zone(tx, request)
    if zone and zone not in {one.name for one in REGIONS[tx.region].zones}:
        raise AwsError("InvalidParameterValue", f"Invalid availability zone: [{zone}]")
    subnets = [one for one in tx.by(Subnet, "vpc", vpc.id) if one.default_for_az and zone in (None, one.zone)]
    if not subnets:
        where = f"No default subnet for availability zone: '{zone}'." if zone else ""
        raise AwsError(
            "MissingInput", where or f"No subnets found for the default VPC '{vpc.id}'. Please specify a subnet."
        )
    return min(subnets, key=lambda one: (outage_of(tx, one.zone) is not None, one.zone))


AT_INSTANCE = {
    "SubnetId": "subnet ID",
    "SecurityGroupIds": "security groups",
    "SecurityGroups": "security groups",
    "PrivateIpAddress": "private IP address",
}
"""What cannot be said of the instance where its ENIs are listed."""


def _listed(tx: Tx, request: Request) -> list[Wanted]:
    for name, words in AT_INSTANCE.items():
        if request.get(name):
            raise AwsError(
                "InvalidParameterCombination",
                f"Network interfaces and an instance-level {words} may not be specified on the same request",
            )
    given = request["NetworkInterfaces"]
    if any(one.get("DeviceIndex") is None for one in given):
        raise AwsError("InvalidParameterValue", "Each network interface requires a device index.")
    indices = Counter(one["DeviceIndex"] for one in given)
    if 0 not in indices:
        raise AwsError(
            "InvalidParameterCombination", "When specifying network interfaces, you must include a device at index 0."
        )
    twice = [index for index, count in indices.items() if count > 1 or index < 0]
    if twice:
        raise AwsError("InvalidParameterValue", f"Device index {twice[0]} is used more than once or is negative.")
    existing = [one["NetworkInterfaceId"] for one in given if one.get("NetworkInterfaceId")]
    if len(existing) != len(set(existing)):
        raise AwsError("InvalidParameterValue", "A network interface may not be specified more than once.")
    found = [_one(tx, request, one, alone=len(given) == 1) for one in given]
    return sorted(found, key=lambda one: one.device_index)


def _one(tx: Tx, request: Request, given: Mapping[str, Any], *, alone: bool) -> Wanted:
    refuse_members(given, TAKEN, "NetworkInterfaces")
    if given.get("InterfaceType", "interface") != "interface":
        raise unbuilt(f"The interface type {given['InterfaceType']}")
    check_card(str(request.get("InstanceType", "")), given.get("NetworkCardIndex"))
    if given.get("AssociatePublicIpAddress") is not None:
        _check_public(given, alone=alone)
    if request["MaxCount"] > 1:
        _check_several(given)
    if given.get("NetworkInterfaceId"):
        return _existing(tx, given)
    subnet = need(tx, Subnet, given["SubnetId"]) if given.get("SubnetId") else default_subnet(tx, request)
    public = given.get("AssociatePublicIpAddress")
    return Wanted(
        device_index=given["DeviceIndex"],
        subnet=subnet,
        existing=None,
        specification=given,
        groups=tuple(given.get("Groups") or ()),
        delete_on_termination=given.get("DeleteOnTermination", True),
        public=alone and (subnet.map_public_ip if public is None else public),
    )


def _check_public(given: Mapping[str, Any], *, alone: bool) -> None:
    """Only the one new ENI of an instance gets an automatic public address (fact 71)."""
    if not alone:
        raise AwsError(
            "InvalidParameterCombination",
            "The associatePublicIPAddress parameter cannot be specified when launching with multiple network "
            "interfaces",
        )
    if given.get("NetworkInterfaceId"):
        raise AwsError(
            "InvalidParameterCombination",
            "The associatePublicIPAddress parameter cannot be specified for an existing network interface",
        )


def _check_several(given: Mapping[str, Any]) -> None:
    """What can be given to one instance only."""
    for name in ("Ipv4Prefixes", "NetworkInterfaceId", "PrivateIpAddress", "PrivateIpAddresses"):
        if given.get(name):
            raise AwsError(
                "InvalidParameterCombination",
                f"The parameter {name[0].lower()}{name[1:]} cannot be used when launching more than one instance",
            )


def _existing(tx: Tx, given: Mapping[str, Any]) -> Wanted:
    for name in OF_NEW:
        if given.get(name):
            raise AwsError(
                "InvalidParameterCombination",
                f"A network interface may not specify both a network interface ID and {name[0].lower()}{name[1:]}",
            )
    if given.get("DeleteOnTermination"):
        raise AwsError(
            "InvalidParameterCombination",
            "A network interface may not specify a network interface ID and delete on termination as true",
        )
    interface = need_unmanaged(tx, given["NetworkInterfaceId"])
    if interface.attachment is not None:
        raise in_use(interface.id)
    return Wanted(
        device_index=given["DeviceIndex"],
        subnet=need(tx, Subnet, interface.subnet),
        existing=interface,
        specification=given,
        groups=interface.groups,
        delete_on_termination=False,
        public=False,
    )
