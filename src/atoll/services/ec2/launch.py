"""RunInstances."""

import base64
import binascii
from typing import Any, NamedTuple

from msgspec.structs import replace

from atoll.model import names
from atoll.model.entity import Tags
from atoll.model.kinds import Instance, InstanceProfile, NetworkInterface, Vpc
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2 import (
    addressing,
    capacity,
    instance_profiles,
    launch_from_template,
    metadata_options,
    placement_groups,
    public_addresses,
    root_volumes,
)
from atoll.services.ec2.checks import invalid, missing, refuse_members, unbuilt
from atoll.services.ec2.credit_specifications import credits_at_launch
from atoll.services.ec2.image_table import Image
from atoll.services.ec2.images import resolved_image
from atoll.services.ec2.instance_options import HOSTNAME_TYPES, check_capacity, check_cpu, check_maintenance
from atoll.services.ec2.instance_shape import reservation_shape
from atoll.services.ec2.instance_types import DEFAULT, description, need_type
from atoll.services.ec2.interface_making import attach, make_interface
from atoll.services.ec2.key_pairs import need_key
from atoll.services.ec2.launch_network import Wanted, wanted_interfaces
from atoll.services.ec2.tags import merged, tags_for
from atoll.services.registry import Request, Response, operation

USER_DATA_BYTES = 16384
TENANCIES = ("default", "dedicated")
BEHAVIORS = ("stop", "terminate")
TAGGABLE = ("instance", "network-interface", "volume")
WITHOUT = ("spot-instances-request", "elastic-gpu")
"""What AWS tags at launch, and no instance here has."""


class Launch(NamedTuple):
    """What every instance of one call has in common."""

    reservation: str
    fields: dict[str, Any]
    interfaces: list[Wanted]
    root: root_volumes.Root
    place: placement_groups.Place
    profile: InstanceProfile | None
    interface_tags: Tags
    volume_tags: Tags


def repeated(tx: Tx, answer: Response) -> Response:
    """The answer to a call that repeats a ClientToken: what became of its instances (fact 250)."""
    instances = [tx.own(Instance, one["InstanceId"]) for one in answer["Instances"]]
    alive = [one for one in instances if one is not None and one.state != "terminated"]
    if len(alive) < len(instances):
        raise AwsError(
            "IdempotentInstanceTerminated",
            "The client token you have provided is associated with an instance that has already been terminated.",
        )
    return reservation_shape(tx, answer["ReservationId"], alive)


@operation(
    "RunInstances",
    "ImageId InstanceType MinCount MaxCount KeyName SecurityGroupIds SecurityGroups SubnetId PrivateIpAddress "
    "NetworkInterfaces UserData Placement Monitoring EbsOptimized DisableApiTermination DisableApiStop "
    "InstanceInitiatedShutdownBehavior PrivateDnsNameOptions TagSpecifications ClientToken BlockDeviceMappings "
    "LaunchTemplate IamInstanceProfile MetadataOptions CreditSpecification CpuOptions MaintenanceOptions "
    "CapacityReservationSpecification HibernationOptions EnclaveOptions NetworkPerformanceOptions "
    "InstanceMarketOptions",
    repeated=repeated,
)
def run_instances(tx: Tx, request: Request) -> Response:
    """As many instances as fit, between MinCount and MaxCount; pending until their guests run."""
    low, high = _counts(request)
    template = launch_from_template.chosen(tx, request["LaunchTemplate"]) if request.get("LaunchTemplate") else None
    if template is not None:
        request = launch_from_template.merged_request(template, request)
    if not request.get("ImageId"):
        raise missing("ImageId")
    image = resolved_image(tx, request["ImageId"])
    type_ = need_type(request.get("InstanceType") or DEFAULT)
    check_architecture(image, type_)
    _refuse_absent(request)
    interfaces = wanted_interfaces(tx, request, type_)
    place = placement_groups.wanted_place(tx, _placement(request), type_)
    specifications = request.get("TagSpecifications") or ()
    for specification in specifications:
        if specification.get("ResourceType") in WITHOUT:
            raise unbuilt(f"TagSpecifications of {specification['ResourceType']}")
    own_tags = merged(tx, (), tags_for(specifications, "instance", TAGGABLE))
    launch = Launch(
        reservation=tx.new_id("r"),
        fields={
            "image": image.id,
            "software": image.software,
            "type": type_,
            "key_name": need_key(tx, request["KeyName"]).name if request.get("KeyName") else None,
            "tags": (*own_tags, *(launch_from_template.system_tags(template) if template else ())),
            "metadata": metadata_options.options_at_launch(tx, request.get("MetadataOptions") or {}, image),
            "credits": credits_at_launch(tx, type_, _credits(request)),
            "placement_group": place.group.id if place.group else None,
            "tenancy": _tenancy(tx, _placement(request).get("Tenancy"), interfaces[0]),
            **_options(request, type_),
            **_hostname(request, interfaces[0]),
        },
        interfaces=interfaces,
        root=root_volumes.wanted_root(tx, image, request.get("BlockDeviceMappings") or ()),
        place=place,
        profile=instance_profiles.wanted_profile(tx, request.get("IamInstanceProfile") or {}),
        interface_tags=merged(tx, (), tags_for(specifications, "network-interface", TAGGABLE)),
        volume_tags=merged(tx, (), tags_for(specifications, "volume", TAGGABLE)),
    )
    capacity.check_launch(tx, interfaces[0].subnet.zone, type_)
    count = _fitting(tx, interfaces, low, high)
    if place.group is not None:
        placement_groups.check_room(tx, place.group, interfaces[0].subnet.zone, count)
    return reservation_shape(tx, launch.reservation, [_launch(tx, launch, index) for index in range(count)])


ABSENT = (
    ("HibernationOptions", "Configured", (False,)),
    ("EnclaveOptions", "Enabled", (False,)),
    ("NetworkPerformanceOptions", "BandwidthWeighting", ("default",)),
    ("InstanceMarketOptions", "MarketType", ("on-demand",)),
)
"""Options that no instance here can have, and the values that ask for nothing; clients send those by habit."""


def _refuse_absent(request: Request) -> None:
    for parameter, member, nothing in ABSENT:
        options = request.get(parameter) or {}
        refuse_members(options, (member,), parameter)
        if options.get(member, nothing[0]) not in nothing:
            raise unbuilt(f"{parameter}.{member}={options[member]}")


def _credits(request: Request) -> str | None:
    specification = request.get("CreditSpecification") or {}
    refuse_members(specification, ("CpuCredits",), "CreditSpecification")
    found: str | None = specification.get("CpuCredits")
    return found


def _counts(request: Request) -> tuple[int, int]:
    low, high = request["MinCount"], request["MaxCount"]
    if low < 1:
        raise invalid(low, "minCount", "Expecting at least 1.")
    if high < low:
        raise invalid(high, "maxCount", "Must be greater than or equal to minCount.")
    if high > 1 and request.get("PrivateIpAddress"):
        raise AwsError(
            "InvalidParameterCombination",
            "The parameter privateIpAddress cannot be used when launching more than one instance",
        )
    return low, high


def check_architecture(image: Image, type_: str) -> None:
    """InvalidParameterValue for an image that the type's processors cannot run."""
    known = description(type_)["ProcessorInfo"]["SupportedArchitectures"]
    if image.architecture not in known:
        raise AwsError(
            "InvalidParameterValue",
            f"The architecture '{','.join(known)}' of the specified instance type does not match the architecture "
            f"'{image.architecture}' of the specified AMI. Specify an instance type and an AMI that have matching "
            "architectures, and try again. You can use 'describe-instance-types' or 'describe-images' to discover "
            "the architecture of the instance type or AMI.",
        )


def user_data(text: str) -> bytes:
    """UserData, decoded; it comes as base64."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise AwsError("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.") from None
    return check_user_data(data)


def check_user_data(data: bytes) -> bytes:
    """At most 16 KiB before encoding (fact 162)."""
    if len(data) > USER_DATA_BYTES:
        raise AwsError("InvalidParameterValue", f"User data is limited to {USER_DATA_BYTES} bytes")
    return data


def check_behavior(behavior: str) -> str:
    """InstanceInitiatedShutdownBehavior."""
    if behavior not in BEHAVIORS:
        raise invalid(behavior, "instanceInitiatedShutdownBehavior", f"Expecting {' or '.join(BEHAVIORS)}.")
    return behavior


def check_ebs_optimized(type_: str, *, wanted: bool) -> bool:
    """EbsOptimized, which not every type can be."""
    if wanted and description(type_)["EbsInfo"]["EbsOptimizedSupport"] == "unsupported":
        raise AwsError(
            "InvalidParameterCombination",
            f"EBS-optimized instances are not supported for your requested configuration ({type_}).",
        )
    return wanted


def _options(request: Request, type_: str) -> dict[str, Any]:
    """The instance's fields that parameters of their own set."""
    monitoring = request.get("Monitoring") or {}
    refuse_members(monitoring, ("Enabled",), "Monitoring")
    return {
        "user_data": user_data(request["UserData"]) if request.get("UserData") else b"",
        "shutdown_behavior": check_behavior(request.get("InstanceInitiatedShutdownBehavior") or "stop"),
        "disable_api_termination": bool(request.get("DisableApiTermination")),
        "disable_api_stop": bool(request.get("DisableApiStop")),
        "monitoring": bool(monitoring.get("Enabled")),
        "ebs_optimized": check_ebs_optimized(type_, wanted=bool(request.get("EbsOptimized"))),
        "client_token": request.get("ClientToken") or "",
        **check_cpu(request.get("CpuOptions") or {}, type_),
        **check_maintenance(request.get("MaintenanceOptions") or {}),
        **check_capacity(request.get("CapacityReservationSpecification") or {}),
    }


def _placement(request: Request) -> dict[str, Any]:
    placement: dict[str, Any] = request.get("Placement") or {}
    known = ("AvailabilityZone", "AvailabilityZoneId", "GroupId", "GroupName", "PartitionNumber", "Tenancy")
    refuse_members(placement, known, "Placement")
    if placement.get("Tenancy") == "host":
        raise unbuilt("Placement.Tenancy=host: a Dedicated Host")
    return placement


def _tenancy(tx: Tx, asked: str | None, primary: Wanted) -> str:
    """Dedicated where the VPC is, whatever the call says (EC2UG:dedicated-instance)."""
    vpc = tx.get(Vpc, primary.subnet.vpc)
    assert vpc is not None, primary.subnet.vpc
    if asked not in (None, *TENANCIES):
        raise invalid(asked, "tenancy", f"Expecting {' or '.join(TENANCIES)}.")
    return "dedicated" if "dedicated" in (asked, vpc.tenancy) else "default"


def _hostname(request: Request, primary: Wanted) -> dict[str, Any]:
    """PrivateDnsNameOptions; the subnet's where the call says nothing."""
    options = request.get("PrivateDnsNameOptions") or {}
    refuse_members(
        options,
        ("HostnameType", "EnableResourceNameDnsARecord", "EnableResourceNameDnsAAAARecord"),
        "PrivateDnsNameOptions",
    )
    if options.get("EnableResourceNameDnsAAAARecord"):
        raise unbuilt("EnableResourceNameDnsAAAARecord=true")
    type_ = options.get("HostnameType") or primary.subnet.hostname_type
    if type_ not in HOSTNAME_TYPES:
        raise invalid(type_, "hostnameType", f"Expecting {' or '.join(HOSTNAME_TYPES)}.")
    records = options.get("EnableResourceNameDnsARecord")
    return {
        "hostname_type": type_,
        "resource_name_dns_a": primary.subnet.resource_name_dns_a if records is None else records,
    }


def _fitting(tx: Tx, interfaces: list[Wanted], low: int, high: int) -> int:
    """How many instances one launch may have and the subnets have addresses for; an error below MinCount."""
    most = tx.limit("instances-per-launch")
    if low > most:
        raise AwsError(
            "InstanceLimitExceeded",
            f"You have requested more instances ({low}) than your current instance limit of {most} allows for the "
            "specified instance type.",
        )
    high = min(high, most)
    needs: dict[str, int] = {}
    for one in interfaces:
        needs[one.subnet.id] = needs.get(one.subnet.id, 0) + one.addresses
    subnets = {one.subnet.id: one.subnet for one in interfaces}
    fits = min(high, *(addressing.assignable(tx, subnets[id_]) // need for id_, need in needs.items() if need), high)
    if fits < low:
        short = next(
            id_ for id_, need in needs.items() if need and addressing.assignable(tx, subnets[id_]) < need * low
        )
        raise AwsError(
            "InsufficientFreeAddressesInSubnet",
            f"There are not enough free addresses in subnet '{short}' to satisfy the requested number of instances.",
        )
    return fits


def _launch(tx: Tx, launch: Launch, index: int) -> Instance:
    primary = launch.interfaces[0]
    instance = Instance(
        home=tx.home,
        id=tx.new_id("i"),
        zone=primary.subnet.zone,
        vpc=primary.subnet.vpc,
        subnet=primary.subnet.id,
        reservation=launch.reservation,
        launch_index=index,
        launched=tx.time,
        partition=placement_groups.next_partition(tx, launch.place),
        **launch.fields,
    )
    metadata_options.check_tags(instance)
    tx.put(instance)
    root_volumes.make(tx, instance, launch.root, launch.volume_tags)
    if launch.profile is not None:
        instance_profiles.associate(tx, instance, launch.profile)
    attached = [_interface(tx, launch, instance, one) for one in launch.interfaces]
    named = replace(instance, private_dns=_private_name(instance, attached[0]))
    tx.put(named)
    public_addresses.grant(tx, attached[0])
    return named


def _interface(tx: Tx, launch: Launch, instance: Instance, one: Wanted) -> NetworkInterface:
    interface = one.existing
    if interface is None:
        made = make_interface(tx, one.subnet, one.specification, groups=one.groups, tags=launch.interface_tags)
        interface = replace(made, wants_public_ip=one.public)
    return attach(tx, interface, instance.id, one.device_index, delete_on_termination=one.delete_on_termination)


def _private_name(instance: Instance, primary: NetworkInterface) -> str:
    if instance.hostname_type == "resource-name":
        return names.resource_name(instance.region, instance.id)
    return names.private_name(instance.region, primary.primary_ip)
