"""A cloud without a process, and its clients."""

from typing import Any

import pytest

from tests.support.inprocess import InProcess
from tests.support.lab import Lab


@pytest.fixture
def cloud() -> InProcess:
    return InProcess()


@pytest.fixture
def ec2(cloud: InProcess) -> Any:
    return cloud.client()


@pytest.fixture
def lab(cloud: InProcess) -> Lab:
    return Lab(cloud)


@pytest.fixture
def vpc(ec2: Any) -> str:
    """The id of a VPC 10.0.0.0/16."""
    return str(ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])


@pytest.fixture
def group(ec2: Any, vpc: str) -> str:
    """The id of a security group "web" in that VPC, as it is created."""
    made = ec2.create_security_group(GroupName="web", Description="d", VpcId=vpc)
    return str(made["GroupId"])
