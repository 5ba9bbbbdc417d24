"""What a service says of itself."""

import pytest

from atoll.protocol import by_signing_name, enum_values, limits, load, shape_of
from atoll.protocol.shapes import ListOf, Scalar, Structure
from tests.protocol import oracle


@pytest.mark.parametrize(
    ("signing_name", "service"),
    [
        ("ec2", "ec2"),
        ("elasticloadbalancing", "elbv2"),
        ("cloudformation", "cloudformation"),
        ("sts", "sts"),
        ("ssm", "ssm"),
        ("arc-zonal-shift", "arc-zonal-shift"),
    ],
)
def test_signing_names(signing_name: str, service: str) -> None:
    found = by_signing_name(signing_name)
    assert found is not None
    assert found.name == service
    assert found is load(service)


@pytest.mark.parametrize("name", ["s3", "elbv2", "", "../ec2"])
def test_signing_names_that_mean_no_service(name: str) -> None:
    assert by_signing_name(name) is None


@pytest.mark.parametrize("name", ["s3", "", "../data/ec2"])
def test_services_that_there_are_none(name: str) -> None:
    with pytest.raises(KeyError):
        load(name)


@pytest.mark.parametrize("service", oracle.SERVICES)
def test_the_model_is_botocores(service: str) -> None:
    ours, theirs = load(service), oracle.model(service)
    said = theirs.metadata
    assert ours.protocol == said["protocol"]
    assert ours.namespace.rstrip("/") == said.get("xmlNamespace", "").rstrip("/")
    assert (ours.meta.api_version, ours.meta.endpoint_prefix) == (said["apiVersion"], said["endpointPrefix"])
    assert (ours.meta.service_id, ours.meta.signing_name) == (said["serviceId"], theirs.signing_name)
    assert ours.meta.full_name == said["serviceFullName"]


def test_members_and_lists() -> None:
    ec2 = load("ec2")
    assert set(ec2.input_members("DeleteVpc")) == {"VpcId", "DryRun"}
    assert ec2.output_lists("DescribeVpcs") == ("Vpcs",)
    assert ec2.output_lists("DescribeTags") == ("Tags",)
    assert ec2.output_lists("DeleteVpc") == ()
    assert load("elbv2").output_lists("DescribeTargetGroups") == ("TargetGroups",)


@pytest.mark.parametrize(
    "name", ["DescribeVpcs", "GetConsoleOutput", "ListImagesInRecycleBin", "SearchLocalGatewayRoutes"]
)
def test_reads(name: str) -> None:
    assert load("ec2").is_read(name)


@pytest.mark.parametrize("name", ["CreateVpc", "DeleteVpc", "ModifyVpcAttribute", "RunInstances"])
def test_writes(name: str) -> None:
    assert not load("ec2").is_read(name)


def test_shapes_by_path() -> None:
    ec2 = load("ec2")
    assert isinstance(shape_of(ec2, "RunInstances"), Structure)
    assert isinstance(shape_of(ec2, "RunInstances", "NetworkInterfaces"), ListOf)
    index = shape_of(ec2, "RunInstances", "NetworkInterfaces.DeviceIndex")
    assert isinstance(index, Scalar)
    assert index.kind == "integer"
    for path in ("Nothing", "NetworkInterfaces.Nothing", "MinCount.Nothing"):
        with pytest.raises(KeyError):
            shape_of(ec2, "RunInstances", path)


def test_enums_and_limits() -> None:
    ec2 = load("ec2")
    assert enum_values(ec2, "CreateVpc", "InstanceTenancy") == ("default", "dedicated", "host")
    assert "vpc" in enum_values(ec2, "CreateVpc", "TagSpecifications.ResourceType")
    assert enum_values(ec2, "CreateVpc", "CidrBlock") == ()
    assert limits(ec2, "DescribeVpcs", "MaxResults") == (5, 1000)
    assert limits(ec2, "DescribeVpcs", "") == (None, None)
