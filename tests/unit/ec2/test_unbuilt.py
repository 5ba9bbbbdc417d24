"""Operations that are not built: refused, unless the true answer is that there is nothing."""

import pytest

from atoll.protocol import AwsError, load
from atoll.services.elbv2_reads import READS
from atoll.services.empty_reads import EMPTY, MADE_HERE
from atoll.services.refusal_reasons import NO_CLASSIC, REASONS
from atoll.services.registry import OPERATIONS
from tests.support.expect import named, refused
from tests.support.inprocess import InProcess

EC2 = load("ec2")


@pytest.mark.parametrize(
    "operation",
    [
        "describe_vpc_endpoint_services",  # what AWS itself always has
        "describe_spot_price_history",
        "describe_reserved_instances_offerings",
        "describe_fpga_images",
        "create_transit_gateway",  # changes
    ],
)
def test_what_an_empty_answer_would_be_untrue_of_is_refused(cloud: InProcess, operation: str) -> None:
    assert "has not built it" in refused("InvalidAction", getattr(cloud.client(), operation))


def test_a_service_of_which_nothing_is_built_names_itself(cloud: InProcess) -> None:
    stacks = cloud.client("cloudformation")
    assert "does not serve the service 'cloudformation'" in refused("InvalidAction", stacks.describe_stacks)


@pytest.mark.parametrize("service", ["ec2", "elbv2"])
def test_every_operation_that_is_not_built_is_refused_or_empty(service: str) -> None:
    cloud, known = InProcess(), load(service)
    for operation in known.operations:
        if (service, operation) in OPERATIONS or (service == "elbv2" and operation in READS):
            continue
        if service == "ec2" and operation in EMPTY:
            assert cloud.call(operation) == {name: [] for name in known.output_lists(operation)}
        else:
            words = "not available in this region" if operation in NO_CLASSIC else f"action {operation} is not valid"
            with pytest.raises(AwsError, match=words):
                cloud.call(operation, service=service)


def test_there_is_no_classic_to_link_to(cloud: InProcess) -> None:
    assert set(EC2.operations) >= NO_CLASSIC
    assert not [name for name in NO_CLASSIC if name in EMPTY or name in REASONS or ("ec2", name) in OPERATIONS]
    told = refused("UnsupportedOperation", cloud.client().describe_vpc_classic_link)
    assert told.endswith("The functionality you requested is not available in this region.")


def test_the_table_of_empty_reads_names_reads_that_are_not_built() -> None:
    assert set(EC2.operations) >= EMPTY
    assert not [name for name in EMPTY if ("ec2", name) in OPERATIONS]
    assert {member for name in EMPTY for member in EC2.input_members(name)} >= MADE_HERE


def test_what_is_asked_for_by_name_does_not_exist(cloud: InProcess) -> None:
    ec2 = cloud.client()
    refused("InvalidFlowLogId.NotFound", ec2.describe_flow_logs, FlowLogIds=["fl-0123456789abcdef0"])
    refused("InvalidTransitGatewayID.NotFound", ec2.describe_transit_gateways, TransitGatewayIds=["tgw-1"])
    refused("InvalidVpcEndpointId.NotFound", ec2.describe_vpc_endpoints, VpcEndpointIds=["vpce-1"])


def test_of_things_that_exist_nothing_is_said(cloud: InProcess) -> None:
    ec2 = cloud.client()
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    assert "VpcIds" in refused("UnsupportedOperation", ec2.describe_vpc_encryption_controls, VpcIds=[vpc])


def test_nothing_is_in_the_bin(cloud: InProcess) -> None:
    ec2 = cloud.client()
    assert ec2.list_volumes_in_recycle_bin()["Volumes"] == []
    refused("InvalidSnapshot.NotFound", ec2.list_snapshots_in_recycle_bin, SnapshotIds=["snap-0123456789abcdef0"])
    refused("UnsupportedOperation", ec2.list_images_in_recycle_bin, ImageIds=["ami-0123456789abcdef0"])


def test_filters_and_pages_of_nothing(cloud: InProcess) -> None:
    describe = cloud.client().describe_transit_gateways
    assert describe(Filters=named("vpc-id", "vpc-1"), MaxResults=5)["TransitGateways"] == []
    refused("InvalidParameterValue", describe, Filters=[{"Name": "vpc-id"}])
    refused("InvalidParameterValue", describe, Filters=[{"Values": ["vpc-1"]}])
    refused("InvalidNextToken", describe, NextToken="x")
    refused("DryRunOperation", describe, DryRun=True)


def test_reasons_are_told_of_what_is_not_built(cloud: InProcess) -> None:
    assert set(EC2.operations) >= set(REASONS)
    assert not [name for name in REASONS if name in EMPTY or ("ec2", name) in OPERATIONS]
    for name, why in REASONS.items():
        with pytest.raises(AwsError) as caught:
            cloud.call(name)
        assert caught.value.code == "InvalidAction"
        assert caught.value.message.endswith(why)
