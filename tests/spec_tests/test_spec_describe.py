"""What the judge refuses to judge: answers it does not know, and answers that contradict each other."""

from collections.abc import Callable

import pytest

from tests.spec import ContradictionError, UnsupportedError, judge
from tests.spec_tests.account import WORLD, Account, Record, from_internet, lab


@pytest.fixture
def account() -> Account:
    made = lab()
    made.server("a1", "subnet-a", "10.0.1.10", "10.0.1.11")
    made.elastic("198.18.0.1", "eni-a1")
    return made


def table(account: Account) -> Record:
    return account.find("RouteTables", "RouteTableId", "rtb-of-subnet-a")


def gateway(account: Account) -> Record:
    return account.find("InternetGateways", "InternetGatewayId", "igw-of-vpc-1")


def interface(account: Account) -> Record:
    return account.find("NetworkInterfaces", "NetworkInterfaceId", "eni-a1")


UNSUPPORTED: dict[str, Callable[[Account], object]] = {
    "kinds": lambda a: a.answers.update(TransitGateways=[{}]),
    "target": lambda a: table(a)["Routes"].append({"DestinationCidrBlock": "9.0.0.0/8", "TransitGatewayId": "tgw-1"}),
    "lambda": lambda a: interface(a).update(InterfaceType="lambda"),
    "several addresses": lambda a: a.nat("n", "subnet-a", "10.0.1.9", "10.0.1.8"),
}


def two_acls(account: Account) -> None:
    account.acl("subnet-a")
    account.answers["NetworkAcls"] *= 2


def one_public_address_twice(account: Account) -> None:
    account.server("b1", "subnet-b", "10.0.2.2")
    account.automatic("198.18.0.1", "eni-b1")


CONTRADICTIONS: dict[str, Callable[[Account], object]] = {
    "main route table: vpc-2": lambda a: a.answers["Vpcs"].append({"VpcId": "vpc-2", "CidrBlock": "10.0.0.0/16"}),
    "main route table: vpc-1": lambda a: table(a)["Associations"].append({"Main": True}),
    "two route tables: subnet-a": lambda a: a.table("rtb", "vpc-1")["Associations"].append({"SubnetId": "subnet-a"}),
    "two network ACLs: subnet-a": two_acls,
    "two routes": lambda a: table(a)["Routes"].append({"DestinationCidrBlock": WORLD, "GatewayId": "igw-of-vpc-1"}),
    "10.9.0.0/16.* contradicts": lambda a: table(a)["Routes"].append(
        {"DestinationCidrBlock": "10.9.0.0/16", "GatewayId": "local", "State": "active"}
    ),
    "no local route to 10.0.0.0/16": lambda a: table(a)["Routes"].pop(0),
    "address held twice: .*10.0.1.11": lambda a: a.eni("eni-x", "subnet-a", "10.0.1.11"),
    "public address held twice: 198.18.0.1": one_public_address_twice,
    "has no internet gateway": lambda a: gateway(a).update(Attachments=[]),
    "knows of .*198.18.0.9": lambda a: a.automatic("198.18.0.9", "eni-a1", "10.0.1.11"),
    "knows of .*198.18.0.1": lambda a: a.automatic(None, "eni-a1"),
    "knows of .*eni-a1": lambda a: a.answers["Addresses"][0].update(PrivateIpAddress="10.0.1.11"),
    "igw-of-vpc-1.* contradicts": lambda a: a.route("subnet-a", WORLD, "igw-of-vpc-1", "blackhole"),
    "igw-other.* contradicts": lambda a: a.route("subnet-a", WORLD, "igw-other"),
    "eni-none.* contradicts": lambda a: a.route("subnet-a", WORLD, "eni-none"),
}


@pytest.mark.parametrize("said", UNSUPPORTED)
def test_what_it_does_not_know_it_refuses(account: Account, said: str) -> None:
    account.world()
    UNSUPPORTED[said](account)
    with pytest.raises(UnsupportedError, match=said.split()[0]):
        account.world()


@pytest.mark.parametrize("said", CONTRADICTIONS)
def test_what_cannot_be_true_together_it_refuses(account: Account, said: str) -> None:
    account.world()
    CONTRADICTIONS[said](account)
    with pytest.raises(ContradictionError, match=said):
        account.world()


@pytest.mark.parametrize(
    ("instance", "active", "blackhole"),
    [
        ("running", True, False),
        ("stopped", False, True),
        ("terminated", False, True),
        ("stopping", True, True),
        ("pending", True, True),
    ],
)
def test_a_route_to_an_instance_is_a_blackhole_while_it_is_stopped(
    account: Account, instance: str, active: bool, blackhole: bool
) -> None:
    account.instance("i-a1", instance)
    for state, believed in (("active", active), ("blackhole", blackhole)):
        account.route("subnet-c", WORLD, "eni-a1", state)
        if believed:
            account.world()
        else:
            with pytest.raises(ContradictionError):
                account.world()


def test_unknown_kinds_without_content_are_no_matter(account: Account) -> None:
    account.answers["TransitGateways"] = []
    assert judge(account.world(), from_internet("198.18.0.1")).answered


def test_an_automatic_address_is_on_the_primary_address(account: Account) -> None:
    account.elastic("198.18.0.1", None)
    account.automatic("198.18.9.9", "eni-a1")
    assert judge(account.world(), from_internet("198.18.9.9")).destination == "10.0.1.10"


def test_an_association_that_is_going_counts_no_more(account: Account) -> None:
    going = {"SubnetId": "subnet-a", "AssociationState": {"State": "disassociated"}}
    table(account)["Associations"] = [going]
    assert not judge(account.world(), from_internet("198.18.0.1")).answered  # the main table has no way out
