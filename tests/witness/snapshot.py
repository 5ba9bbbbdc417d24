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
    answers |= _balancers(client)
    answers["PrefixLists"] = [
        {**one, **client.call("GetManagedPrefixListEntries", PrefixListId=one["PrefixListId"])}
        for one in client.call("DescribeManagedPrefixLists")["PrefixLists"]
    ]
    return answers


def _balancers(client: Client) -> Answers:
    """Load balancers, listeners and target groups, with their attributes; groups with the health of their targets."""

    def call(operation: str, **named: str) -> dict[str, Any]:
        return client.call(operation, service="elbv2", **named)

    def attributed(kind: str, one: dict[str, Any]) -> dict[str, Any]:
        arn = f"{kind}Arn"
        return {**one, "Attributes": call(f"Describe{kind}Attributes", **{arn: one[arn]})["Attributes"]}

    balancers = [attributed("LoadBalancer", one) for one in call("DescribeLoadBalancers")["LoadBalancers"]]
    listeners = [
        attributed("Listener", one)
        for balancer in balancers
        for one in call("DescribeListeners", LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    ]
    groups = [attributed("TargetGroup", one) for one in call("DescribeTargetGroups")["TargetGroups"]]
    for group in groups:
        described = call("DescribeTargetHealth", TargetGroupArn=group["TargetGroupArn"])
        group["Targets"] = described["TargetHealthDescriptions"]
    return {"LoadBalancers": balancers, "Listeners": listeners, "TargetGroups": groups}


def world(answers: Answers) -> World:
    """What the spec sees. ContradictionError: the API's own answers do not fit together."""
    return World.of(answers, HOSTS)
