"""Options that change while an instance exists, one operation each: monitoring, maintenance, names, placement, CPU."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from atoll.model.kinds import Instance
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2 import placement_groups
from atoll.services.ec2.checks import invalid, refuse_members, unbuilt, wire
from atoll.services.ec2.instance_types import description
from atoll.services.ec2.lookup import need, need_all
from atoll.services.registry import Request, Response, operation

ENDED = frozenset({"shutting-down", "terminated"})
RECOVERY = ("default", "disabled")
HOSTNAME_TYPES = ("ip-name", "resource-name")
PREFERENCES = ("open", "none")


def _alive(tx: Tx, request: Request) -> Instance:
    instance = need(tx, Instance, request["InstanceId"])
    if instance.state in ENDED:
        raise AwsError("IncorrectInstanceState", f"The instance '{instance.id}' is {instance.state}.")
    return instance


def _stopped(tx: Tx, request: Request) -> Instance:
    instance = need(tx, Instance, request["InstanceId"])
    if instance.state != "stopped":
        raise AwsError("IncorrectInstanceState", f"The instance '{instance.id}' is not in the 'stopped' state.")
    return instance


def one_of(value: Any, parameter: str, choices: tuple[str, ...]) -> Any:
    """The value, if it is one of the choices."""
    if value not in choices:
        raise invalid(value, parameter, f"Expecting {' or '.join(choices)}.")
    return value


def _monitoring(*, enabled: bool) -> Callable[[Tx, Request], Response]:
    """The answer names the state on the way; the next Describe shows it reached."""
    words = "pending" if enabled else "disabling"

    def change(tx: Tx, request: Request) -> Response:
        instances = need_all(tx, Instance, request["InstanceIds"])
        for one in instances:
            if one.state in ENDED:
                raise AwsError("IncorrectInstanceState", f"The instance '{one.id}' is {one.state}.")
            tx.put(replace(one, monitoring=enabled))
        return {"InstanceMonitorings": [{"InstanceId": one.id, "Monitoring": {"State": words}} for one in instances]}

    return change


operation("MonitorInstances", "InstanceIds")(_monitoring(enabled=True))
operation("UnmonitorInstances", "InstanceIds")(_monitoring(enabled=False))


@operation("ModifyInstanceMaintenanceOptions", "InstanceId AutoRecovery RebootMigration")
def modify_instance_maintenance_options(tx: Tx, request: Request) -> Response:
    """Records: no instance here is ever recovered or migrated."""
    instance = _alive(tx, request)
    changed = replace(
        instance,
        auto_recovery=one_of(request.get("AutoRecovery") or instance.auto_recovery, "autoRecovery", RECOVERY),
        reboot_migration=one_of(
            request.get("RebootMigration") or instance.reboot_migration, "rebootMigration", RECOVERY
        ),
    )
    tx.put(changed)
    return {
        "InstanceId": instance.id,
        "AutoRecovery": changed.auto_recovery,
        "RebootMigration": changed.reboot_migration,
    }


def check_maintenance(options: Mapping[str, Any]) -> dict[str, str]:
    """RunInstances' MaintenanceOptions."""
    refuse_members(options, ("AutoRecovery",), "MaintenanceOptions")
    return {"auto_recovery": one_of(options.get("AutoRecovery") or "default", "autoRecovery", RECOVERY)}


@operation(
    "ModifyPrivateDnsNameOptions",
    "InstanceId PrivateDnsHostnameType EnableResourceNameDnsARecord EnableResourceNameDnsAAAARecord",
)
def modify_private_dns_name_options(tx: Tx, request: Request) -> Response:
    """The name itself is given at launch and stays; its kind changes only while the instance is stopped."""
    if request.get("EnableResourceNameDnsAAAARecord"):
        raise unbuilt("EnableResourceNameDnsAAAARecord=true")
    kind = request.get("PrivateDnsHostnameType")
    instance = _stopped(tx, request) if kind else _alive(tx, request)
    record = request.get("EnableResourceNameDnsARecord")
    tx.put(
        replace(
            instance,
            hostname_type=one_of(kind or instance.hostname_type, "privateDnsHostnameType", HOSTNAME_TYPES),
            resource_name_dns_a=instance.resource_name_dns_a if record is None else record,
        )
    )
    return {"Return": True}


@operation("ModifyInstancePlacement", "InstanceId GroupName GroupId PartitionNumber Tenancy Affinity")
def modify_instance_placement(tx: Tx, request: Request) -> Response:
    """Into another placement group, or with an empty GroupName out of any, while the instance is stopped.

    Tenancy changes only to a Dedicated Host and back: InvalidTenancy for the rest [BC]. There are no such hosts here.
    """
    if request.get("Affinity") not in (None, "default"):
        raise unbuilt(f"Affinity={request['Affinity']}: Dedicated Hosts")
    instance = _stopped(tx, request)
    tenancy = request.get("Tenancy") or instance.tenancy
    if tenancy == "host" and instance.tenancy == "dedicated":
        raise unbuilt("Tenancy=host: a Dedicated Host")
    if tenancy != instance.tenancy:
        raise AwsError("InvalidTenancy", f"The tenancy of an instance of tenancy {instance.tenancy} cannot be changed")
    named = [name for name in ("GroupName", "GroupId", "PartitionNumber") if name in request]
    if not named and "Tenancy" not in request:
        raise AwsError("MissingParameter", "The request must name a placement to change to.")
    if not named:
        return {"Return": True}
    place = placement_groups.wanted_place(tx, {name: request[name] for name in named}, instance.type)
    if place.group is not None:
        placement_groups.check_room(tx, place.group, instance.zone, 1)
    partition = placement_groups.next_partition(tx, place)
    tx.put(replace(instance, placement_group=place.group.id if place.group else None, partition=partition))
    return {"Return": True}


def check_cpu(options: Mapping[str, Any], type_: str) -> dict[str, int | None]:
    """CpuOptions: both counts, of those that the type allows."""
    refuse_members(options, ("CoreCount", "ThreadsPerCore"), "CpuOptions")
    cores, threads = options.get("CoreCount"), options.get("ThreadsPerCore")
    if cores is None and threads is None:
        return {"cores": None, "threads": None}
    if cores is None or threads is None:
        raise AwsError("InvalidParameterCombination", "CpuOptions requires both coreCount and threadsPerCore.")
    allowed = description(type_)["VCpuInfo"]
    for name, value, members in (
        ("CoreCount", cores, allowed.get("ValidCores", [allowed["DefaultCores"]])),
        ("ThreadsPerCore", threads, allowed.get("ValidThreadsPerCore", [allowed["DefaultThreadsPerCore"]])),
    ):
        if value not in members:
            told = ", ".join(str(one) for one in members)
            raise invalid(value, wire(name), f"The instance type {type_} allows {told}.")
    return {"cores": cores, "threads": threads}


@operation("ModifyInstanceCpuOptions", "InstanceId CoreCount ThreadsPerCore")
def modify_instance_cpu_options(tx: Tx, request: Request) -> Response:
    """While the instance is stopped; a record, since guests share this machine's processors."""
    instance = _stopped(tx, request)
    given = {name: request[name] for name in ("CoreCount", "ThreadsPerCore") if name in request}
    changed = replace(instance, **check_cpu(given, instance.type))
    tx.put(changed)
    return {"InstanceId": instance.id, "CoreCount": changed.cores, "ThreadsPerCore": changed.threads}


@operation("ModifyInstanceNetworkPerformanceOptions", "InstanceId BandwidthWeighting")
def modify_instance_network_performance_options(tx: Tx, request: Request) -> Response:
    """The weighting that every instance has: nothing here could weigh otherwise."""
    instance, asked = _alive(tx, request), request["BandwidthWeighting"]
    if one_of(asked, "bandwidthWeighting", ("default", "vpc-1", "ebs-1")) != "default":
        raise unbuilt(f"BandwidthWeighting={asked}")
    return {"InstanceId": instance.id, "BandwidthWeighting": asked}


def check_capacity(specification: Mapping[str, Any]) -> dict[str, str]:
    """CapacityReservationSpecification: there are no reservations, so open and none are the same."""
    refuse_members(
        specification,
        ("CapacityReservationPreference", "CapacityReservationTarget"),
        "CapacityReservationSpecification",
    )
    target = specification.get("CapacityReservationTarget") or {}
    if target:
        named = target.get("CapacityReservationId") or target.get("CapacityReservationResourceGroupArn")
        raise AwsError("InvalidCapacityReservationId.NotFound", f"The capacity reservation ID '{named}' does not exist")
    preference = specification.get("CapacityReservationPreference") or "open"
    return {"capacity_preference": one_of(preference, "capacityReservationPreference", PREFERENCES)}


@operation("ModifyInstanceCapacityReservationAttributes", "InstanceId CapacityReservationSpecification")
def modify_instance_capacity_reservation_attributes(tx: Tx, request: Request) -> Response:
    """While the instance is stopped."""
    instance = _stopped(tx, request)
    tx.put(replace(instance, **check_capacity(request["CapacityReservationSpecification"])))
    return {"Return": True}
