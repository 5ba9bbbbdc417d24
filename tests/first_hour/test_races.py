"""Identical calls at the same moment: exactly one wins, and the others are told what AWS tells them.

Terraform runs ten operations at once (hashicorp/terraform@0000ad574e75 internal/command/arguments/extended.go,
DefaultParallelism), a test suite a worker a core.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.first_hour.account import Account, only
from tests.support.expect import named

RUNNERS = 6
Call = Callable[[], Any]
DONE = "done"


def race(calls: Sequence[Call]) -> list[Any]:
    """What came of each call, all let go at the same moment: its answer or its error's code."""
    start = Barrier(len(calls))

    def run(call: Call) -> Any:
        start.wait()
        try:
            return call()
        except ClientError as error:
            return error.response["Error"]["Code"]

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def outcomes(calls: Sequence[Call]) -> Counter[str]:
    """How often each outcome."""
    return Counter(one if isinstance(one, str) else DONE for one in race(calls))


def one_wins(code: str, runners: int = RUNNERS) -> Counter[str]:
    return Counter({DONE: 1, code: runners - 1})


def test_a_group_of_the_same_name(account: Account) -> None:
    vpc = account.vpc()
    make = account.ec2.create_security_group
    calls = [lambda: make(GroupName="web", Description="d", VpcId=vpc)] * RUNNERS
    assert outcomes(calls) == one_wins("InvalidGroup.Duplicate")
    asked = [*named("vpc-id", vpc), *named("group-name", "web")]
    only(account.ec2.describe_security_groups(Filters=asked)["SecurityGroups"])


def test_attaching_the_same_gateway(account: Account) -> None:
    ec2, vpc = account.ec2, account.vpc()
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    calls = [lambda: ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)] * RUNNERS
    assert outcomes(calls) == one_wins("Resource.AlreadyAssociated")
    found = only(ec2.describe_internet_gateways(InternetGatewayIds=[gateway])["InternetGateways"])
    assert found["Attachments"] == [{"State": "available", "VpcId": vpc}]


def test_attaching_two_gateways_to_one_vpc(account: Account) -> None:
    ec2, vpc = account.ec2, account.vpc()
    gateways = [ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"] for _ in range(2)]
    calls = [partial(ec2.attach_internet_gateway, InternetGatewayId=one, VpcId=vpc) for one in gateways]
    assert outcomes(calls) == one_wins("Resource.AlreadyAssociated", 2)
    only(ec2.describe_internet_gateways(Filters=named("attachment.vpc-id", vpc))["InternetGateways"])


def test_associating_the_same_address(account: Account) -> None:
    """With reassociation forbidden, as the console's unticked box does."""
    ec2, vpc = account.ec2, account.vpc()
    account.gateway(vpc)
    subnet = account.subnet(vpc)
    allocation = ec2.allocate_address(Domain="vpc")["AllocationId"]
    interfaces = [account.interface(subnet) for _ in range(RUNNERS)]

    def to(interface: str) -> Call:
        asked = {"AllocationId": allocation, "NetworkInterfaceId": interface, "AllowReassociation": False}
        return lambda: ec2.associate_address(**asked)

    assert outcomes([to(one) for one in interfaces]) == one_wins("Resource.AlreadyAssociated")
    found = ec2.describe_network_interfaces(NetworkInterfaceIds=interfaces)["NetworkInterfaces"]
    with_address = only([one["NetworkInterfaceId"] for one in found if "Association" in one])
    assert only(ec2.describe_addresses()["Addresses"])["NetworkInterfaceId"] == with_address


def test_attaching_the_same_interface(account: Account) -> None:
    ec2 = account.ec2
    subnet = account.subnet(account.vpc())
    instances, interface = [account.launch(SubnetId=subnet) for _ in range(2)], account.interface(subnet)

    def to(instance: str) -> Call:
        asked = {"NetworkInterfaceId": interface, "InstanceId": instance, "DeviceIndex": 1}
        return lambda: ec2.attach_network_interface(**asked)

    assert outcomes([to(one) for one in instances]) == one_wins("InvalidNetworkInterface.InUse", 2)
    account.terminate(*instances)


@pytest.mark.parametrize("what", ["subnet", "rule", "route", "acl entry", "key pair", "template"])
def test_the_same_thing_made_twice(account: Account, what: str) -> None:
    ec2, vpc = account.ec2, account.vpc()
    group, gateway = account.group(vpc, "g"), account.gateway(vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    entry = {"RuleNumber": 100, "Egress": False, "Protocol": "-1", "RuleAction": "deny", "CidrBlock": "0.0.0.0/0"}
    to_gateway = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway}
    make: dict[str, tuple[str, Call]] = {
        "subnet": ("InvalidSubnet.Conflict", lambda: ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")),
        "rule": (
            "InvalidPermission.Duplicate",
            lambda: ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule]),
        ),
        "route": ("RouteAlreadyExists", lambda: ec2.create_route(**to_gateway)),
        "acl entry": (
            "NetworkAclEntryAlreadyExists",
            lambda: ec2.create_network_acl_entry(NetworkAclId=acl, **entry),
        ),
        "key pair": ("InvalidKeyPair.Duplicate", lambda: ec2.create_key_pair(KeyName="k", KeyType="ed25519")),
        "template": (
            "InvalidLaunchTemplateName.AlreadyExistsException",
            lambda: ec2.create_launch_template(
                LaunchTemplateName="web", LaunchTemplateData={"InstanceType": "t3.micro"}
            ),
        ),
    }
    code, call = make[what]
    assert outcomes([call] * RUNNERS) == one_wins(code)


def test_the_last_vpcs_of_a_quota(account: Account) -> None:
    """Five a region, the default one among them."""
    calls = [lambda: account.ec2.create_vpc(CidrBlock="10.0.0.0/16")] * RUNNERS
    assert outcomes(calls) == Counter({DONE: 4, "VpcLimitExceeded": RUNNERS - 4})
    assert len(account.ec2.describe_vpcs()["Vpcs"]) == 5


def test_the_first_call_of_an_account(account: Account) -> None:
    """Whoever comes first, the account has one default VPC."""
    found = race([lambda: account.ec2.describe_vpcs()["Vpcs"]] * RUNNERS)
    assert {only(vpcs)["VpcId"] for vpcs in found} == {only(account.ec2.describe_vpcs()["Vpcs"])["VpcId"]}


def test_one_token_is_one_interface(account: Account) -> None:
    subnet = account.subnet(account.vpc())
    call = partial(account.interface, subnet, ClientToken="terraform-1")
    assert len(set(race([call] * RUNNERS))) == 1
    only(account.ec2.describe_network_interfaces(Filters=named("subnet-id", subnet))["NetworkInterfaces"])


def test_addresses_are_given_once(account: Account) -> None:
    """Eleven in a /28: the twelfth interface is told that there are none."""
    subnet = account.subnet(account.vpc(), "10.0.1.0/28")
    found = race([lambda: account.interface(subnet)] * 12)
    assert found.count("InsufficientFreeAddressesInSubnet") == 1
    interfaces = account.ec2.describe_network_interfaces(Filters=named("subnet-id", subnet))["NetworkInterfaces"]
    assert len({one["PrivateIpAddress"] for one in interfaces}) == 11


def test_deleting_the_same_thing(account: Account) -> None:
    vpc = account.vpc()
    calls = [lambda: account.ec2.delete_vpc(VpcId=vpc)] * RUNNERS
    assert outcomes(calls) == one_wins("InvalidVpcID.NotFound")


def test_making_in_what_is_being_deleted(account: Account) -> None:
    """Either the subnet is there and the VPC stays, or the VPC is gone and has no subnet."""
    for _ in range(5):
        vpc = account.vpc()
        made, deleted = race([partial(account.subnet, vpc), partial(account.ec2.delete_vpc, VpcId=vpc)])
        subnets = account.ec2.describe_subnets(Filters=named("vpc-id", vpc))["Subnets"]
        if deleted == "DependencyViolation":
            assert only(subnets)["SubnetId"] == made
            account.ec2.delete_subnet(SubnetId=made)
            account.ec2.delete_vpc(VpcId=vpc)
        else:
            assert (made, subnets) == ("InvalidVpcID.NotFound", [])
