"""Destroying a small network in every order: what is in use says so in the right code, and each order ends clean.

`terraform destroy` deletes ten things at once and tries those again that are refused with DependencyViolation
(hashicorp/terraform-provider-aws, internal/service/ec2/, the delete functions of vpc_.go@00081ce41cc6,
vpc_subnet.go@00cda125a19d, vpc_internet_gateway.go@08923b68b5ad, vpc_security_group.go@01606926a0c0 and
ec2_eip.go@01606926a0c0); scripts and consoles delete in any order. The dependencies are facts 27 to 29, 68 and 130 of
AWS's behaviour.
"""

import random
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from atoll.protocol import AwsError
from tests.first_hour.account import ZONE, Account, only
from tests.support.expect import named, refused
from tests.support.inprocess import InProcess

Ids = dict[str, str]
Ask = Callable[..., dict[str, Any]]
"""Calls an operation by its name."""

DELETES: dict[str, list[tuple[str, list[str]]]] = {
    "vpc": [("DeleteVpc", ["VpcId=vpc"])],
    "subnet": [("DeleteSubnet", ["SubnetId=subnet"])],
    "gateway": [
        ("DetachInternetGateway", ["InternetGatewayId=gateway", "VpcId=vpc"]),
        ("DeleteInternetGateway", ["InternetGatewayId=gateway"]),
    ],
    "table": [("DeleteRouteTable", ["RouteTableId=table"])],
    "acl": [("DeleteNetworkAcl", ["NetworkAclId=acl"])],
    "group": [("DeleteSecurityGroup", ["GroupId=group"])],
    "referring": [("DeleteSecurityGroup", ["GroupId=referring"])],
    "interface": [("DeleteNetworkInterface", ["NetworkInterfaceId=interface"])],
    "address": [("ReleaseAddress", ["AllocationId=address"])],
}
"""Each thing of the network, and the calls that delete it."""

THINGS = frozenset(DELETES)


def keeps(thing: str, left: frozenset[str]) -> str | None:
    """The code with which AWS keeps a thing while these are left; None: it goes."""
    in_the_way = {
        "vpc": {"subnet", "gateway", "table", "acl", "group", "referring", "interface"},
        "subnet": {"interface"},
        "table": {"subnet"},
        "acl": {"subnet"},
        "group": {"interface", "referring"},
        "gateway": {"interface"} if "address" in left else set(),
        "address": {"interface"},
    }
    if not in_the_way.get(thing, set()) & left:
        return None
    return "InvalidIPAddress.InUse" if thing == "address" else "DependencyViolation"


def build(ask: Ask) -> Ids:
    """A VPC with one of each; the interface wears the group and has the address, the subnet has table and ACL."""
    ids = {"vpc": str(ask("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])}
    of_vpc = {"VpcId": ids["vpc"]}
    place = {**of_vpc, "CidrBlock": "10.0.1.0/24", "AvailabilityZone": ZONE}
    ids["subnet"] = str(ask("CreateSubnet", **place)["Subnet"]["SubnetId"])
    ids["gateway"] = str(ask("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"])
    ask("AttachInternetGateway", InternetGatewayId=ids["gateway"], **of_vpc)
    ids["table"] = str(ask("CreateRouteTable", **of_vpc)["RouteTable"]["RouteTableId"])
    ask("CreateRoute", RouteTableId=ids["table"], DestinationCidrBlock="0.0.0.0/0", GatewayId=ids["gateway"])
    ask("AssociateRouteTable", RouteTableId=ids["table"], SubnetId=ids["subnet"])
    ids["acl"] = str(ask("CreateNetworkAcl", **of_vpc)["NetworkAcl"]["NetworkAclId"])
    asked = [{"Name": "association.subnet-id", "Values": [ids["subnet"]]}]
    (owner,) = ask("DescribeNetworkAcls", Filters=asked)["NetworkAcls"]
    (association,) = owner["Associations"]
    ask(
        "ReplaceNetworkAclAssociation",
        AssociationId=association["NetworkAclAssociationId"],
        NetworkAclId=ids["acl"],
    )
    for name in ("group", "referring"):
        ids[name] = str(ask("CreateSecurityGroup", GroupName=name, Description="d", **of_vpc)["GroupId"])
    reference = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": ids["group"]}]}
    ask("AuthorizeSecurityGroupIngress", GroupId=ids["referring"], IpPermissions=[reference])
    made = ask("CreateNetworkInterface", SubnetId=ids["subnet"], Groups=[ids["group"]])
    ids["interface"] = str(made["NetworkInterface"]["NetworkInterfaceId"])
    ids["address"] = str(ask("AllocateAddress", Domain="vpc")["AllocationId"])
    ask("AssociateAddress", AllocationId=ids["address"], NetworkInterfaceId=ids["interface"])
    return ids


def delete(ask: Ask, ids: Ids, thing: str, **more: Any) -> str | None:
    """The code with which it is refused; None: it is gone."""
    for operation, names in DELETES[thing]:
        params = {key: ids[value] for key, value in (name.split("=") for name in names)}
        try:
            ask(operation, **params, **more)
        except AwsError as error:
            return error.code
        except ClientError as error:
            return str(error.response["Error"]["Code"])
    return None


def replay(order: tuple[str, ...]) -> tuple[InProcess, Ids]:
    """The network without what this order has deleted; the same ids each time."""
    cloud = InProcess()
    ids = build(cloud.call)
    for thing in order:
        assert delete(cloud.call, ids, thing) is None, order
    return cloud, ids


def test_every_order() -> None:
    """All orders at once: whichever way the same things were deleted, what is left is the same to the last record; so
    each state needs one look at everything that could be deleted next."""
    reached: dict[frozenset[str], dict[Any, Any]] = {THINGS: dict(replay(())[0].table.records)}
    orders: list[tuple[str, ...]] = [()]
    for order in orders:  # grows while it is walked
        left = THINGS - set(order)
        cloud, ids = replay(order)
        for thing in sorted(left):
            said = delete(cloud.call, ids, thing, DryRun=True)
            assert said == (keeps(thing, left) or "DryRunOperation"), (thing, order)
            if keeps(thing, left) is None:
                after = dict(replay((*order, thing))[0].table.records)
                if left - {thing} not in reached:
                    reached[left - {thing}] = after
                    orders.append((*order, thing))
                assert after == reached[left - {thing}], (thing, order)
    assert frozenset() in reached
    assert replay(orders[-1])[0].entities() == set(), "the last of all orders leaves nothing"


def by_name(account: Account) -> Ask:
    """Operations by AWS's name, over the wire."""
    method = {operation: name for name, operation in account.ec2.meta.method_to_api_mapping.items()}
    return lambda operation, **params: dict(getattr(account.ec2, method[operation])(**params))


@pytest.mark.parametrize("seed", range(12))
def test_an_order_over_the_wire(account: Account, seed: int) -> None:
    """Round after round in one order, as a script that ignores errors would, until nothing is left."""
    ask = by_name(account)
    before = len(account.ec2.describe_vpcs()["Vpcs"])
    ids, order = build(ask), sorted(THINGS)
    random.Random(seed).shuffle(order)
    left = THINGS
    rounds = 0
    while left:
        rounds += 1
        for thing in [one for one in order if one in left]:
            said = delete(ask, ids, thing)
            assert said == keeps(thing, left), (thing, order, sorted(left))
            left = left if said else left - {thing}
    assert rounds <= 5, "address or interface, subnet, table and gateway, VPC"
    assert len(account.ec2.describe_vpcs()["Vpcs"]) == before
    assert account.ec2.describe_addresses()["Addresses"] == []
    mine = named("vpc-id", ids["vpc"])
    assert account.ec2.describe_security_groups(Filters=mine)["SecurityGroups"] == []
    assert account.ec2.describe_network_acls(Filters=mine)["NetworkAcls"] == []


def test_what_a_running_instance_keeps(account: Account) -> None:
    """Its second interface is InvalidParameterValue (it is in use), the first cannot be detached; terminated, it
    leaves what was there before it."""
    ec2 = account.ec2
    ids = build(by_name(account))
    instance = account.launch(SubnetId=ids["subnet"], SecurityGroupIds=[ids["group"]])
    primary = only(account.instance(instance)["NetworkInterfaces"])
    ec2.attach_network_interface(NetworkInterfaceId=ids["interface"], InstanceId=instance, DeviceIndex=1)
    refused("InvalidParameterValue", ec2.delete_network_interface, NetworkInterfaceId=ids["interface"])
    attachment = primary["Attachment"]["AttachmentId"]
    refused("OperationNotPermitted", ec2.detach_network_interface, AttachmentId=attachment)
    for thing in ("vpc", "subnet", "group", "gateway"):
        assert delete(by_name(account), ids, thing) == "DependencyViolation", thing
    account.terminate(instance)
    refused(
        "InvalidNetworkInterfaceID.NotFound",
        ec2.describe_network_interfaces,
        NetworkInterfaceIds=[primary["NetworkInterfaceId"]],
    )
    left = THINGS
    for thing in ("interface", "address", "subnet", "table", "acl", "referring", "group", "gateway", "vpc"):
        assert (thing, delete(by_name(account), ids, thing)) == (thing, keeps(thing, left))
        left -= {thing}


def test_what_goes_only_with_its_vpc(account: Account) -> None:
    """The default group, the default ACL and the main table, each in its own code."""
    ec2, vpc = account.ec2, account.vpc()
    mine = named("vpc-id", vpc)
    group = only(ec2.describe_security_groups(Filters=mine)["SecurityGroups"])["GroupId"]
    refused("CannotDelete", ec2.delete_security_group, GroupId=group)
    table = only(ec2.describe_route_tables(Filters=mine)["RouteTables"])
    refused("DependencyViolation", ec2.delete_route_table, RouteTableId=table["RouteTableId"])
    main = only(table["Associations"])["RouteTableAssociationId"]
    refused("InvalidParameterValue", ec2.disassociate_route_table, AssociationId=main)
    acl = only(ec2.describe_network_acls(Filters=mine)["NetworkAcls"])["NetworkAclId"]
    refused("InvalidParameterValue", ec2.delete_network_acl, NetworkAclId=acl)
    ec2.delete_vpc(VpcId=vpc)
    for read in (ec2.describe_security_groups, ec2.describe_route_tables, ec2.describe_network_acls):
        answer = read(Filters=mine)
        assert not any(value for name, value in answer.items() if name != "ResponseMetadata")
