"""What an instance looks like in answers."""

from typing import Any

from atoll.model import names
from atoll.model.kinds import Instance, NetworkInterface, PlacementGroup, Vpc
from atoll.model.machines import CODES, REASONS, shown
from atoll.model.tx import Tx
from atoll.services.ec2.image_table import image_of
from atoll.services.ec2.images import platform_details, usage_operation
from atoll.services.ec2.instance_profiles import profile_of, profile_shape
from atoll.services.ec2.instance_types import description
from atoll.services.ec2.interface_shape import groups_shape, interface_shape, zone_id
from atoll.services.ec2.metadata_options import options_shape
from atoll.services.ec2.root_volumes import mappings_shape
from atoll.services.ec2.tags import tags_if_any

Shape = dict[str, Any]


def interfaces_of(tx: Tx, instance: Instance) -> list[NetworkInterface]:
    """Its ENIs by device index: eth0 first."""
    found = tx.by(NetworkInterface, "instance", instance.id)
    return sorted(found, key=lambda one: one.attachment.index if one.attachment else 0)


def state_shape(instance: Instance) -> Shape:
    """An InstanceState of the API."""
    name = shown(instance)
    return {"Code": CODES[name], "Name": name}


def instance_shape(tx: Tx, instance: Instance) -> Shape:
    """An Instance of the API. One that is terminated shows nothing of the network any more."""
    return {
        **_identity(instance),
        **_hardware(tx, instance),
        **_options(tx, instance),
        "Placement": _placement(tx, instance),
        **_network(tx, instance),
        "Tags": tags_if_any(instance),
    }


def _identity(instance: Instance) -> Shape:
    shape: Shape = {
        "AmiLaunchIndex": instance.launch_index,
        "ClientToken": instance.client_token,
        "ImageId": instance.image,
        "InstanceId": instance.id,
        "LaunchTime": instance.launched,
        "ProductCodes": [],
        "State": state_shape(instance),
        "StateTransitionReason": instance.state_reason,
    }
    if instance.key_name is not None:
        shape["KeyName"] = instance.key_name
    if instance.reason_code:
        shape["StateReason"] = {"Code": instance.reason_code, "Message": REASONS[instance.reason_code]}
    return shape


def _hardware(tx: Tx, instance: Instance) -> Shape:
    cores = description(instance.type)["VCpuInfo"]
    shape: Shape = {
        "BlockDeviceMappings": mappings_shape(tx, instance),
        "CpuOptions": {
            "CoreCount": instance.cores or cores["DefaultCores"],
            "ThreadsPerCore": instance.threads or cores["DefaultThreadsPerCore"],
        },
        "EbsOptimized": instance.ebs_optimized,
        "Hypervisor": "xen",
        "InstanceType": instance.type,
        "RootDeviceType": "ebs",
        "UsageOperationUpdateTime": instance.launched,
    }
    image = image_of(instance)
    if image is None:  # an image of an earlier release of Atoll
        return shape
    shape |= {
        "Architecture": image.architecture,
        "EnaSupport": image.virtualization == "hvm",
        "PlatformDetails": platform_details(image),
        "RootDeviceName": image.root_device,
        "UsageOperation": usage_operation(image),
        "VirtualizationType": image.virtualization,
        "CurrentInstanceBootMode": "uefi" if image.boot_mode else "legacy-bios",
    }
    if image.boot_mode:
        shape["BootMode"] = image.boot_mode
    if image.windows:
        shape["Platform"] = "windows"
    return shape


def _options(tx: Tx, instance: Instance) -> Shape:
    """What AWS always shows of options that instances here cannot have, and the few that they can."""
    profile = profile_of(tx, instance)
    shape: Shape = {"IamInstanceProfile": profile_shape(profile)} if profile else {}
    return shape | {
        "CapacityReservationSpecification": {"CapacityReservationPreference": instance.capacity_preference},
        "EnclaveOptions": {"Enabled": False},
        "HibernationOptions": {"Configured": False},
        "MaintenanceOptions": {
            "AutoRecovery": instance.auto_recovery,
            "RebootMigration": instance.reboot_migration,
        },
        "MetadataOptions": _metadata(instance),
        "Monitoring": {"State": "enabled" if instance.monitoring else "disabled"},
        "NetworkPerformanceOptions": {"BandwidthWeighting": "default"},
        "Operator": {"Managed": False},
        "PrivateDnsNameOptions": {
            "HostnameType": instance.hostname_type,
            "EnableResourceNameDnsARecord": instance.resource_name_dns_a,
            "EnableResourceNameDnsAAAARecord": False,
        },
    }


def _metadata(instance: Instance) -> Shape:
    """The options take hold with the guest: on the way there they are pending."""
    state = "pending" if instance.state == "pending" else "applied"
    return options_shape(instance.metadata) | {"State": state}


def _placement(tx: Tx, instance: Instance) -> Shape:
    group = tx.get(PlacementGroup, instance.placement_group) if instance.placement_group else None
    shape: Shape = {
        "AvailabilityZone": instance.zone,
        "AvailabilityZoneId": zone_id(instance.region, instance.zone),
        "GroupName": group.name if group else "",
        "Tenancy": instance.tenancy,
    }
    if group is not None:
        shape["GroupId"] = group.id
    if instance.partition is not None:
        shape["PartitionNumber"] = instance.partition
    return shape


def _network(tx: Tx, instance: Instance) -> Shape:
    if instance.state == "terminated":
        return {"NetworkInterfaces": [], "PrivateDnsName": "", "PublicDnsName": "", "SecurityGroups": []}
    interfaces = interfaces_of(tx, instance)
    primary = interfaces[0]
    vpc = tx.get(Vpc, instance.vpc)
    shape: Shape = {
        "NetworkInterfaces": [instance_interface(interface_shape(tx, one)) for one in interfaces],
        "PrivateDnsName": instance.private_dns,
        "PrivateIpAddress": primary.primary_ip,
        "PublicDnsName": "",
        "SecurityGroups": groups_shape(tx, primary.groups),
        "SourceDestCheck": primary.source_dest_check,
        "SubnetId": instance.subnet,
        "VpcId": instance.vpc,
    }
    public = shape["NetworkInterfaces"][0].get("Association", {}).get("PublicIp")
    if public is not None:
        shape["PublicIpAddress"] = public
        if vpc is not None and vpc.named:
            shape["PublicDnsName"] = names.public_name(instance.region, public)
    return shape


OF_ENI = ("AllocationId", "AssociationId", "InstanceId", "InstanceOwnerId")
"""What DescribeNetworkInterfaces says of an association or attachment, and DescribeInstances does not."""


def instance_interface(shape: Shape) -> Shape:
    """An ENI as an instance shows it: the ENI's own shape without what the instance says already."""
    kept: Shape = {
        name: shape[name]
        for name in (
            "ConnectionTrackingConfiguration", "Description", "Groups", "InterfaceType", "Ipv4Prefixes",
            "Ipv6Addresses", "MacAddress", "NetworkInterfaceId", "Operator", "OwnerId", "PrivateDnsName",
            "PrivateIpAddress", "SourceDestCheck", "Status", "SubnetId", "VpcId",
        )
        if name in shape
    }  # fmt: skip
    for name in ("Association", "Attachment"):
        if name in shape:
            kept[name] = _without(shape[name])
    kept["PrivateIpAddresses"] = [
        address | ({"Association": _without(address["Association"])} if "Association" in address else {})
        for address in shape["PrivateIpAddresses"]
    ]
    return kept


def _without(shape: Shape) -> Shape:
    return {name: value for name, value in shape.items() if name not in OF_ENI}


def reservations(tx: Tx, instances: list[Instance]) -> list[Shape]:
    """Instances by the call that launched them."""
    grouped: dict[str, list[Instance]] = {}
    for instance in instances:
        grouped.setdefault(instance.reservation, []).append(instance)
    return [reservation_shape(tx, id_, members) for id_, members in grouped.items()]


def reservation_shape(tx: Tx, id_: str, instances: list[Instance]) -> Shape:
    """A Reservation of the API; its groups are EC2-Classic's, so there are none."""
    return {
        "Groups": [],
        "Instances": [instance_shape(tx, one) for one in instances],
        "OwnerId": instances[0].account,
        "ReservationId": id_,
    }
