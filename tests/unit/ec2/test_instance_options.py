"""Options of instances that have operations of their own: monitoring, maintenance, names, CPU, reservations."""

from typing import Any

import pytest

from tests.support.expect import named, refused
from tests.support.lab import Lab

NOBODY = "i-0123456789abcdef0"


def stop(lab: Lab, instance: str) -> None:
    lab.ec2.stop_instances(InstanceIds=[instance])
    lab.settle()


def test_everything_that_aws_always_returns(lab: Lab) -> None:
    shown = lab.instance(lab.launch(InstanceType="t3.micro"))
    always = """
        AmiLaunchIndex Architecture BlockDeviceMappings CapacityReservationSpecification ClientToken CpuOptions
        CurrentInstanceBootMode EbsOptimized EnaSupport EnclaveOptions HibernationOptions Hypervisor ImageId
        InstanceId InstanceType LaunchTime MaintenanceOptions MetadataOptions Monitoring NetworkInterfaces
        NetworkPerformanceOptions Operator Placement PlatformDetails PrivateDnsName PrivateDnsNameOptions
        PrivateIpAddress ProductCodes PublicDnsName RootDeviceName RootDeviceType SecurityGroups SourceDestCheck
        State StateTransitionReason SubnetId UsageOperation UsageOperationUpdateTime VirtualizationType VpcId
    """
    assert set(always.split()) - set(shown) == set()
    assert shown["CpuOptions"] == {"CoreCount": 1, "ThreadsPerCore": 2}
    assert shown["MaintenanceOptions"] == {"AutoRecovery": "default", "RebootMigration": "default"}
    assert shown["NetworkPerformanceOptions"] == {"BandwidthWeighting": "default"}
    assert shown["CapacityReservationSpecification"] == {"CapacityReservationPreference": "open"}
    assert (shown["EnclaveOptions"], shown["HibernationOptions"]) == ({"Enabled": False}, {"Configured": False})
    assert shown["Placement"]["Tenancy"] == "default"
    assert shown["NetworkInterfaces"][0]["Attachment"]["NetworkCardIndex"] == 0


def test_what_asks_for_nothing_is_taken(lab: Lab) -> None:
    lab.launch(
        HibernationOptions={"Configured": False},
        EnclaveOptions={"Enabled": False},
        NetworkPerformanceOptions={"BandwidthWeighting": "default"},
        InstanceMarketOptions={"MarketType": "on-demand"},
        Placement={"AvailabilityZoneId": "use1-az6"},
    )


@pytest.mark.parametrize(
    ("code", "params"),
    [
        ("UnsupportedOperation", {"HibernationOptions": {"Configured": True}}),
        ("UnsupportedOperation", {"EnclaveOptions": {"Enabled": True}}),
        ("UnsupportedOperation", {"NetworkPerformanceOptions": {"BandwidthWeighting": "vpc-1"}}),
        ("UnsupportedOperation", {"InstanceMarketOptions": {"MarketType": "spot"}}),
        ("UnsupportedOperation", {"InstanceMarketOptions": {"SpotOptions": {"MaxPrice": "1"}}}),
        ("UnsupportedOperation", {"CpuOptions": {"AmdSevSnp": "enabled"}}),
        ("UnsupportedOperation", {"LicenseSpecifications": [{"LicenseConfigurationArn": "arn:x"}]}),
        ("UnsupportedOperation", {"KernelId": "aki-01234567"}),
        ("UnsupportedOperation", {"Ipv6AddressCount": 1}),
        ("InvalidParameterValue", {"MaintenanceOptions": {"AutoRecovery": "always"}}),
        ("InvalidParameterValue", {"CpuOptions": {"CoreCount": 9, "ThreadsPerCore": 1}}),
        ("InvalidParameterCombination", {"CpuOptions": {"CoreCount": 1}}),
        (
            "InvalidParameterValue",
            {"CapacityReservationSpecification": {"CapacityReservationPreference": "always"}},
        ),
        (
            "InvalidCapacityReservationId.NotFound",
            {"CapacityReservationSpecification": {"CapacityReservationTarget": {"CapacityReservationId": "cr-1"}}},
        ),
        ("InvalidParameterValue", {"Placement": {"AvailabilityZoneId": "use1-az99"}}),
        ("InvalidParameterValue", {"Placement": {"AvailabilityZoneId": "use1-az1"}}),
        (
            "InvalidParameterCombination",
            {"Placement": {"AvailabilityZone": "us-east-1a", "AvailabilityZoneId": "use1-az1"}},
        ),
    ],
)
def test_refused_options(lab: Lab, code: str, params: dict[str, Any]) -> None:
    refused(code, lab.launch_pending, **params)
    assert lab.ec2.describe_instances()["Reservations"] == []


def test_monitoring(lab: Lab) -> None:
    first, second = lab.launch(), lab.launch(Monitoring={"Enabled": True})
    answer = lab.ec2.monitor_instances(InstanceIds=[first, second])["InstanceMonitorings"]
    assert answer == [{"InstanceId": one, "Monitoring": {"State": "pending"}} for one in (first, second)]
    assert lab.instance(first)["Monitoring"] == {"State": "enabled"}
    (off,) = lab.ec2.unmonitor_instances(InstanceIds=[second])["InstanceMonitorings"]
    assert off["Monitoring"] == {"State": "disabling"}
    assert lab.instance(second)["Monitoring"] == {"State": "disabled"}
    refused("InvalidInstanceID.NotFound", lab.ec2.monitor_instances, InstanceIds=[first, NOBODY])
    lab.ec2.terminate_instances(InstanceIds=[second])
    refused("IncorrectInstanceState", lab.ec2.monitor_instances, InstanceIds=[second])


def test_maintenance(lab: Lab) -> None:
    instance = lab.launch(MaintenanceOptions={"AutoRecovery": "disabled"})
    modify = lab.ec2.modify_instance_maintenance_options
    assert modify(InstanceId=instance, RebootMigration="disabled")["AutoRecovery"] == "disabled"
    assert lab.instance(instance)["MaintenanceOptions"] == {"AutoRecovery": "disabled", "RebootMigration": "disabled"}
    refused("InvalidParameterValue", modify, InstanceId=instance, AutoRecovery="always")
    refused("InvalidInstanceID.NotFound", modify, InstanceId=NOBODY)


def test_private_names(lab: Lab) -> None:
    instance = lab.launch()
    modify = lab.ec2.modify_private_dns_name_options
    modify(InstanceId=instance, EnableResourceNameDnsARecord=True)
    assert lab.instance(instance)["PrivateDnsNameOptions"]["EnableResourceNameDnsARecord"] is True
    refused("IncorrectInstanceState", modify, InstanceId=instance, PrivateDnsHostnameType="resource-name")
    refused("UnsupportedOperation", modify, InstanceId=instance, EnableResourceNameDnsAAAARecord=True)
    stop(lab, instance)
    modify(InstanceId=instance, PrivateDnsHostnameType="resource-name")
    assert lab.instance(instance)["PrivateDnsNameOptions"]["HostnameType"] == "resource-name"
    refused("InvalidParameterValue", modify, InstanceId=instance, PrivateDnsHostnameType="mine")


def test_cpu_options(lab: Lab) -> None:
    instance = lab.launch(InstanceType="m5.2xlarge", CpuOptions={"CoreCount": 2, "ThreadsPerCore": 1})
    assert lab.instance(instance)["CpuOptions"] == {"CoreCount": 2, "ThreadsPerCore": 1}
    modify = lab.ec2.modify_instance_cpu_options
    refused("IncorrectInstanceState", modify, InstanceId=instance, CoreCount=4, ThreadsPerCore=2)
    stop(lab, instance)
    assert modify(InstanceId=instance, CoreCount=4, ThreadsPerCore=2)["CoreCount"] == 4
    assert lab.instance(instance)["CpuOptions"] == {"CoreCount": 4, "ThreadsPerCore": 2}
    refused("InvalidParameterValue", modify, InstanceId=instance, CoreCount=5, ThreadsPerCore=2)


def test_capacity_reservations(lab: Lab) -> None:
    instance = lab.launch(CapacityReservationSpecification={"CapacityReservationPreference": "none"})
    shown = lab.instance(instance)["CapacityReservationSpecification"]
    assert shown == {"CapacityReservationPreference": "none"}
    modify, wanted = (
        lab.ec2.modify_instance_capacity_reservation_attributes,
        {"CapacityReservationPreference": "open"},
    )
    refused("IncorrectInstanceState", modify, InstanceId=instance, CapacityReservationSpecification=wanted)
    stop(lab, instance)
    modify(InstanceId=instance, CapacityReservationSpecification=wanted)
    describe = lab.ec2.describe_instances
    name = "capacity-reservation-specification.capacity-reservation-preference"
    assert describe(Filters=named(name, "open"))["Reservations"]


def test_bandwidth_has_the_usual_weights(lab: Lab) -> None:
    instance = lab.launch(InstanceType="m5.large")
    modify = lab.ec2.modify_instance_network_performance_options
    answer = modify(InstanceId=instance, BandwidthWeighting="default")
    assert (answer["InstanceId"], answer["BandwidthWeighting"]) == (instance, "default")
    assert lab.instance(instance)["NetworkPerformanceOptions"] == {"BandwidthWeighting": "default"}
    refused("UnsupportedOperation", modify, InstanceId=instance, BandwidthWeighting="vpc-1")
    refused("InvalidParameterValue", modify, InstanceId=instance, BandwidthWeighting="fast")
    refused("InvalidInstanceID.NotFound", modify, InstanceId="i-0123456789abcdef0", BandwidthWeighting="default")
