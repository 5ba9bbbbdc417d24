"""One moment of a cloud as a user sees it: the answers of Describe calls, and what the spec makes of them."""

from typing import Any

from tests.spec import World
from tests.witness.clients import Client
from tests.witness.cloud import HOSTS

KINDS = {
    "Vpcs": "DescribeVpcs",
    "Subnets": "DescribeSubnets",
    "RouteTables": "DescribeRouteTables",
    "InternetGateways": "DescribeInternetGateways",
    "SecurityGroups": "DescribeSecurityGroups",
    "NetworkAcls": "DescribeNetworkAcls",
    "NatGateways": "DescribeNatGateways",
    "NetworkInterfaces": "DescribeNetworkInterfaces",
    "Addresses": "DescribeAddresses",
}

Answers = dict[str, list[dict[str, Any]]]


def describe(client: Client) -> Answers:
    """Everything that decides about packets, as boto3 returns it."""
    answers: Answers = {kind: client.call(operation)[kind] for kind, operation in KINDS.items()}
    reservations = client.call("DescribeInstances")["Reservations"]
    answers["Instances"] = [instance for reservation in reservations for instance in reservation["Instances"]]
    answers["PrefixLists"] = [
        {**one, **client.call("GetManagedPrefixListEntries", PrefixListId=one["PrefixListId"])}
        for one in client.call("DescribeManagedPrefixLists")["PrefixLists"]
    ]
    return answers


def world(answers: Answers) -> World:
    """What the spec sees. ContradictionError: the API's own answers do not fit together."""
    return World.of(answers, HOSTS)
