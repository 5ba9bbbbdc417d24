"""The AWS CLI: waiters, --query, --filters, shorthand, and requests made from its own skeletons.

aws/aws-cli 1.45: awscli/clidriver.py, shorthand.py, customizations/generatecliskeleton.py, with botocore's waiters and
paginators.
"""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.first_hour.account import Account
from tests.first_hour.cli import Cli
from tests.support.expect import refused

KERNEL = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"


@pytest.fixture
def aws(account: Account, tmp_path: Path) -> Cli:
    return Cli(account, tmp_path)


def test_the_command_itself_shows_refusals_with_code_and_operation(account: Account) -> None:
    said = account.aws("ec2", "delete-vpc", "--vpc-id", "vpc-0123456789abcdef0")
    assert said.status in (254, 255)
    words = "An error occurred (InvalidVpcID.NotFound) when calling the DeleteVpc operation: "
    assert words + "The vpc ID 'vpc-0123456789abcdef0' does not exist" in said.err


def test_a_call_without_a_signature_or_with_a_word_too_many(account: Account, aws: Cli) -> None:
    said = aws.run("ec2", "describe-vpcs", "--no-sign-request")
    assert "An error occurred (MissingAuthenticationToken) when calling the DescribeVpcs operation" in said.err

    def add(params: dict[str, Any], **_event: Any) -> None:
        """A member of a model that is newer than Atoll's."""
        params["body"]["Colour"] = "red"

    ec2 = account.client("ec2")
    ec2.meta.events.register("before-call.ec2.DescribeVpcs", add)
    assert "Colour" in refused("UnknownParameter", ec2.describe_vpcs)


def test_a_tutorial_of_a_vpc_to_its_end(aws: Cli) -> None:
    """What AWS's own tutorial types (--query ... --output text), and the waiters of what it makes."""
    tags = "ResourceType=vpc,Tags=[{Key=Name,Value=my vpc}]"
    vpc = aws("create-vpc", "--cidr-block", "10.0.0.0/24", "--query", "Vpc.VpcId", "--tag-specifications", tags)
    aws("wait", "vpc-available", "--vpc-ids", vpc)
    place = ("--vpc-id", vpc, "--cidr-block", "10.0.0.0/28")
    subnet = aws("create-subnet", *place, "--query", "Subnet.SubnetId")
    aws("wait", "subnet-available", "--subnet-ids", subnet)
    gateway = aws("create-internet-gateway", "--query", "InternetGateway.InternetGatewayId")
    aws("wait", "internet-gateway-exists", "--internet-gateway-ids", gateway)
    aws("attach-internet-gateway", "--vpc-id", vpc, "--internet-gateway-id", gateway)
    main = (f"Name=vpc-id,Values={vpc}", "Name=association.main,Values=true")
    table = aws("describe-route-tables", "--filters", *main, "--query", "RouteTables[0].RouteTableId")
    route = ("--route-table-id", table, "--destination-cidr-block", "0.0.0.0/0", "--gateway-id", gateway)
    assert aws("create-route", *route) == "True"
    aws("modify-subnet-attribute", "--subnet-id", subnet, "--map-public-ip-on-launch")
    group = ("--group-name", "ssh", "--description", "ssh", "--vpc-id", vpc)
    id_ = aws("create-security-group", *group, "--query", "GroupId")
    aws("wait", "security-group-exists", "--group-ids", id_)
    flat = ("--protocol", "tcp", "--port", "22", "--cidr", "0.0.0.0/0")
    rule = "SecurityGroupRules[].[IpProtocol,FromPort,ToPort,CidrIpv4]"
    assert (
        aws("authorize-security-group-ingress", "--group-id", id_, *flat, "--query", rule) == "tcp\t22\t22\t0.0.0.0/0"
    )
    interface = aws("create-network-interface", "--subnet-id", subnet, "--query", "NetworkInterface.NetworkInterfaceId")
    aws("wait", "network-interface-available", "--network-interface-ids", interface)
    found = ("--filters", "Name=tag:Name,Values=my vpc", "--query", "Vpcs[*].[CidrBlock,State]")
    assert aws("describe-vpcs", *found) == "10.0.0.0/24\tavailable"


def test_an_instance_and_its_waiters(aws: Cli) -> None:
    """`aws ssm get-parameter` for the image, then every state that has a waiter."""
    image = aws.run("ssm", "get-parameter", "--name", KERNEL, "--query", "Parameter.Value", "--output", "text").out
    launch = ("--image-id", image.strip(), "--instance-type", "t3.micro", "--query", "Instances[0].InstanceId")
    instance = ("--instance-ids", aws("run-instances", *launch))
    for waiter in ("instance-exists", "instance-running", "instance-status-ok", "system-status-ok"):
        aws("wait", waiter, *instance)
    aws("stop-instances", *instance)
    aws("wait", "instance-stopped", *instance)
    was = aws("terminate-instances", *instance, "--query", "TerminatingInstances[0].PreviousState.Name")
    assert was == "stopped"
    aws("wait", "instance-terminated", *instance)


def test_waiting_for_what_is_not_there_fails(aws: Cli) -> None:
    gone = ("--network-interface-ids", "eni-0123456789abcdef0")
    said = aws.run("ec2", "wait", "network-interface-available", *gone)
    assert said.status == 255
    assert "Waiter NetworkInterfaceAvailable failed" in said.err
    assert "InvalidNetworkInterfaceID.NotFound" in said.err


def test_filters_queries_and_pages(aws: Cli, account: Account) -> None:
    """Shorthand, JSON and wildcards in --filters; --max-items and --starting-token over pages of --page-size."""
    group = account.group(account.vpc())
    ports = [{"IpProtocol": "udp", "FromPort": port, "ToPort": port} for port in range(1, 13)]
    everyone = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    account.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[one | everyone for one in ports])
    groups = ("describe-security-groups", "--filters")
    assert aws(*groups, "Name=group-name,Values=w*,x?", "--query", "SecurityGroups[].GroupId") == group
    asked = json.dumps([{"Name": "group-id", "Values": [group]}])
    assert aws(*groups, asked, "--query", "length(SecurityGroups[0].IpPermissions)") == "12"
    open_ones = "SecurityGroups[].IpPermissions[?FromPort>`10`].FromPort[]"
    assert aws(*groups, asked, "--query", open_ones) == "11\t12"

    def rules(*words: str) -> Any:
        by_pages = ("--filters", f"Name=group-id,Values={group}", "--page-size", "5", "--output", "json")
        return json.loads(aws("describe-security-group-rules", *by_pages, *words))

    everything = rules()["SecurityGroupRules"]
    assert len(everything) == 13
    first = rules("--max-items", "7")
    rest = rules("--starting-token", first["NextToken"])
    assert first["SecurityGroupRules"] + rest["SecurityGroupRules"] == everything


KEPT: dict[str, dict[str, Any]] = {
    "create-vpc": {
        "CidrBlock": "10.0.0.0/16",
        "TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "x"}]}],
    },
    "describe-instances": {"Filters": [{"Name": "instance-state-name", "Values": ["running"]}], "MaxResults": 5},
    "create-security-group": {"GroupName": "g", "Description": "d"},
    "allocate-address": {"Domain": "vpc", "NetworkBorderGroup": "us-east-1"},
}
"""What a user keeps of a skeleton, by operation."""


@pytest.mark.parametrize("operation", KEPT)
def test_skeletons_come_back_as_requests(aws: Cli, operation: str) -> None:
    """--generate-cli-skeleton input names every parameter; what is filled in is sent with --cli-input-json."""
    skeleton = json.loads(aws(operation, "--generate-cli-skeleton", "input"))
    assert set(KEPT[operation]) <= set(skeleton)
    assert json.loads(aws(operation, "--cli-input-json", json.dumps(KEPT[operation]), "--output", "json"))


@pytest.mark.parametrize("operation", ["describe-addresses", "create-network-interface", "create-subnet"])
def test_a_skeleton_that_nobody_filled_in_is_refused_for_its_values(aws: Cli, operation: str) -> None:
    """Every parameter is there, and empty: the server reads them all, and says which it does not like."""
    skeleton = aws(operation, "--generate-cli-skeleton", "input")
    said = aws.run("ec2", operation, "--cli-input-json", skeleton)
    assert said.status in (254, 255)
    assert "An error occurred (" in said.err
    assert "InternalFailure" not in said.err


def test_user_data_from_a_file_and_a_key_to_a_file(aws: Cli, tmp_path: Path) -> None:
    """file://, and --query KeyMaterial --output text > key.pem; the newest image by --query alone."""
    script = tmp_path / "user-data.sh"
    script.write_text("#!/bin/sh\necho hello\n")
    material = aws("create-key-pair", "--key-name", "k", "--key-type", "ed25519", "--query", "KeyMaterial")
    assert material.startswith("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    asked = ("--owners", "amazon", "--filters", "Name=name,Values=amzn2-ami-hvm-*-x86_64-gp2")
    image = aws("describe-images", *asked, "--query", "sort_by(Images, &CreationDate)[-1].ImageId")
    launch = ("--image-id", image, "--instance-type", "t2.micro", "--key-name", "k", "--user-data", f"file://{script}")
    instance = aws("run-instances", *launch, "--query", "Instances[0].InstanceId")
    read = ("--instance-id", instance, "--attribute", "userData", "--query", "UserData.Value")
    assert base64.b64decode(aws("describe-instance-attribute", *read)).decode() == script.read_text()
    aws("terminate-instances", "--instance-ids", instance)
