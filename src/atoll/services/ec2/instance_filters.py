"""The filters of DescribeInstances and DescribeInstanceStatus.

Three tables: what the instance itself says, what its description says, and what its ENIs' descriptions say.
"""

from typing import Any

from atoll.model.kinds import Instance
from atoll.model.machines import CODES, shown
from atoll.model.tx import Tx
from atoll.services.ec2 import paths
from atoll.services.ec2.describe import Filters
from atoll.services.ec2.instance_shape import instance_shape, interfaces_of
from atoll.services.ec2.interface_shape import FILTERS as INTERFACE_FILTERS
from atoll.services.ec2.interface_shape import interface_shape, zone_id


def _alive(instance: Instance, value: str) -> list[str]:
    """What a terminated instance no longer shows."""
    return [] if instance.state == "terminated" else [value]


OWN: Filters[Instance] = {
    "availability-zone": lambda _tx, one: [one.zone],
    "availability-zone-id": lambda _tx, one: [zone_id(one.region, one.zone)],
    "client-token": lambda _tx, one: [one.client_token],
    "image-id": lambda _tx, one: [one.image],
    "instance-id": lambda _tx, one: [one.id],
    "instance-state-code": lambda _tx, one: [str(CODES[shown(one)])],
    "instance-state-name": lambda _tx, one: [shown(one)],
    "instance-type": lambda _tx, one: [one.type],
    "key-name": lambda _tx, one: [one.key_name] if one.key_name else [],
    "launch-index": lambda _tx, one: [str(one.launch_index)],
    "owner-id": lambda _tx, one: [one.account],
    "reason": lambda _tx, one: [one.state_reason],
    "reservation-id": lambda _tx, one: [one.reservation],
    "subnet-id": lambda _tx, one: _alive(one, one.subnet),
    "vpc-id": lambda _tx, one: _alive(one, one.vpc),
    "instance-lifecycle": lambda _tx, _one: [],  # neither spot nor scheduled
}

SHOWN: Filters[Instance] = paths.filters(
    instance_shape,
    {
        "affinity": "Placement.Affinity",
        "architecture": "Architecture",
        "block-device-mapping.attach-time": "BlockDeviceMappings.Ebs.AttachTime",
        "block-device-mapping.delete-on-termination": "BlockDeviceMappings.Ebs.DeleteOnTermination",
        "block-device-mapping.device-name": "BlockDeviceMappings.DeviceName",
        "block-device-mapping.status": "BlockDeviceMappings.Ebs.Status",
        "block-device-mapping.volume-id": "BlockDeviceMappings.Ebs.VolumeId",
        "boot-mode": "BootMode",
        "capacity-reservation-id": "CapacityReservationId",
        "capacity-reservation-specification.capacity-reservation-preference": (
            "CapacityReservationSpecification.CapacityReservationPreference"
        ),
        "capacity-reservation-specification.capacity-reservation-target.capacity-reservation-id": (
            "CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationId"
        ),
        "capacity-reservation-specification.capacity-reservation-target.capacity-reservation-resource-group-arn": (
            "CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationResourceGroupArn"
        ),
        "current-instance-boot-mode": "CurrentInstanceBootMode",
        "dns-name": "PublicDnsName",
        "ebs-optimized": "EbsOptimized",
        "ena-support": "EnaSupport",
        "enclave-options.enabled": "EnclaveOptions.Enabled",
        "hibernation-options.configured": "HibernationOptions.Configured",
        "host-id": "Placement.HostId",
        "hypervisor": "Hypervisor",
        "iam-instance-profile.arn": "IamInstanceProfile.Arn",
        "iam-instance-profile.id": "IamInstanceProfile.Id",
        "instance.group-id": "SecurityGroups.GroupId",
        "instance.group-name": "SecurityGroups.GroupName",
        "ip-address": "PublicIpAddress",
        "ipv6-address": "Ipv6Address",
        "kernel-id": "KernelId",
        "launch-time": "LaunchTime",
        "maintenance-options.auto-recovery": "MaintenanceOptions.AutoRecovery",
        "metadata-options.http-endpoint": "MetadataOptions.HttpEndpoint",
        "metadata-options.http-protocol-ipv4": "MetadataOptions.HttpEndpoint",
        "metadata-options.http-protocol-ipv6": "MetadataOptions.HttpProtocolIpv6",
        "metadata-options.http-put-response-hop-limit": "MetadataOptions.HttpPutResponseHopLimit",
        "metadata-options.http-tokens": "MetadataOptions.HttpTokens",
        "metadata-options.instance-metadata-tags": "MetadataOptions.InstanceMetadataTags",
        "metadata-options.state": "MetadataOptions.State",
        "monitoring-state": "Monitoring.State",
        "network-performance-options.bandwidth-weighting": "NetworkPerformanceOptions.BandwidthWeighting",
        "operator.managed": "Operator.Managed",
        "operator.principal": "Operator.Principal",
        "outpost-arn": "OutpostArn",
        "placement-group-name": "Placement.GroupName",
        "placement-partition-number": "Placement.PartitionNumber",
        "platform": "Platform",
        "platform-details": "PlatformDetails",
        "private-dns-name": "PrivateDnsName",
        "private-dns-name-options.enable-resource-name-dns-a-record": (
            "PrivateDnsNameOptions.EnableResourceNameDnsARecord"
        ),
        "private-dns-name-options.enable-resource-name-dns-aaaa-record": (
            "PrivateDnsNameOptions.EnableResourceNameDnsAAAARecord"
        ),
        "private-dns-name-options.hostname-type": "PrivateDnsNameOptions.HostnameType",
        "private-ip-address": "PrivateIpAddress",
        "product-code": "ProductCodes.ProductCodeId",
        "product-code.type": "ProductCodes.ProductCodeType",
        "ramdisk-id": "RamdiskId",
        "requester-id": "RequesterId",
        "root-device-name": "RootDeviceName",
        "root-device-type": "RootDeviceType",
        "source-dest-check": "SourceDestCheck",
        "spot-instance-request-id": "SpotInstanceRequestId",
        "state-reason-code": "StateReason.Code",
        "state-reason-message": "StateReason.Message",
        "tenancy": "Placement.Tenancy",
        "tpm-support": "TpmSupport",
        "usage-operation": "UsageOperation",
        "usage-operation-update-time": "UsageOperationUpdateTime",
        "virtualization-type": "VirtualizationType",
    },
)


def _interfaces(tx: Tx, instance: Instance) -> dict[str, Any]:
    return {"Interfaces": [interface_shape(tx, one) for one in interfaces_of(tx, instance)]}


OF_INTERFACES = {
    "addresses.association.allocation-id": "PrivateIpAddresses.Association.AllocationId",
    "addresses.association.association-id": "PrivateIpAddresses.Association.AssociationId",
    "addresses.association.ip-owner-id": "PrivateIpAddresses.Association.IpOwnerId",
    "addresses.association.public-dns-name": "PrivateIpAddresses.Association.PublicDnsName",
    "addresses.private-dns-name": "PrivateIpAddresses.PrivateDnsName",
    "association.allocation-id": "Association.AllocationId",
    "association.association-id": "Association.AssociationId",
    "association.ip-owner-id": "Association.IpOwnerId",
    "association.public-dns-name": "Association.PublicDnsName",
    "association.public-ip": "Association.PublicIp",
    "addresses.association.carrier-ip": "PrivateIpAddresses.Association.CarrierIp",
    "addresses.association.customer-owned-ip": "PrivateIpAddresses.Association.CustomerOwnedIp",
    "association.carrier-ip": "Association.CarrierIp",
    "association.customer-owned-ip": "Association.CustomerOwnedIp",
    "deny-all-igw-traffic": "DenyAllIgwTraffic",
    "ipv4-prefixes.ipv4-prefix": "Ipv4Prefixes.Ipv4Prefix",
    "ipv6-address": "Ipv6Address",
    "ipv6-addresses.is-primary-ipv6": "Ipv6Addresses.IsPrimaryIpv6",
    "ipv6-native": "Ipv6Native",
    "ipv6-prefixes.ipv6-prefix": "Ipv6Prefixes.Ipv6Prefix",
    "outpost-arn": "OutpostArn",
    "attachment.network-card-index": "Attachment.NetworkCardIndex",
    "group-name": "Groups.GroupName",
    "public-dns-name": "Association.PublicDnsName",
    "tag-key": "TagSet.Key",
    "tag-value": "TagSet.Value",
}
"""What is asked of an instance's ENIs beyond DescribeNetworkInterfaces' own filters."""


def _of_interfaces(name: str) -> Any:
    def values(tx: Tx, instance: Instance) -> list[str]:
        return [value for one in interfaces_of(tx, instance) for value in INTERFACE_FILTERS[name](tx, one)]

    return values


FILTERS: Filters[Instance] = {
    **OWN,
    **SHOWN,
    **{f"network-interface.{name}": _of_interfaces(name) for name in INTERFACE_FILTERS},
    **paths.filters(
        _interfaces, {f"network-interface.{name}": f"Interfaces.{path}" for name, path in OF_INTERFACES.items()}
    ),
}

INDEXED = {"instance-id": "id", "vpc-id": "vpc", "subnet-id": "subnet"}
"""Filters whose exact values are found without looking at other instances."""
