"""What the wire costs: `python bench/protocol.py`.  botocore doing the same work stands beside it.

Prints medians; asserts nothing.
"""

import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

import botocore.session
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from atoll.protocol import parse, serialise
from atoll.protocol.service import Service, load

RULE = {
    "GroupId": "sg-0123456789abcdef0",
    "IpPermissions": [
        {
            "IpProtocol": "tcp",
            "FromPort": 80,
            "ToPort": 80,
            "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "the world"}],
        }
    ],
    "TagSpecifications": [{"ResourceType": "security-group-rule", "Tags": [{"Key": "Name", "Value": "web"}]}],
}


def vpc(number: int) -> dict[str, Any]:
    """One VPC as DescribeVpcs shows it."""
    block = f"10.{number % 256}.0.0/16"
    association = {
        "AssociationId": f"vpc-cidr-assoc-{number:017x}",
        "CidrBlock": block,
        "CidrBlockState": {"State": "associated"},
    }
    return {
        "VpcId": f"vpc-{number:017x}",
        "CidrBlock": block,
        "State": "available",
        "DhcpOptionsId": "dopt-0123456789abcdef0",
        "OwnerId": "123456789012",
        "InstanceTenancy": "default",
        "IsDefault": False,
        "CidrBlockAssociationSet": [association],
        "Tags": [{"Key": "Name", "Value": f"vpc {number}"}],
    }


def timed(work: Callable[[], object], times: int) -> float:
    """Median seconds of one run, after one to warm up."""
    work()
    spent = []
    for _ in range(times):
        start = perf_counter()
        work()
        spent.append(perf_counter() - start)
    return median(spent)


def show(what: str, seconds: float, unit: str) -> None:
    """One line of the report."""
    scale = {"us": 1e6, "ms": 1e3}[unit]
    print(f"{what:<58}{seconds * scale:>10.1f} {unit}")


def opening() -> None:
    """Opening EC2's model and compiling its most used operations."""
    load.cache_clear()
    start = perf_counter()
    ec2 = load("ec2")
    show("open the model of EC2", perf_counter() - start, "ms")
    start = perf_counter()
    botocore.session.Session().get_service_model("ec2")
    show("  botocore: the same", perf_counter() - start, "ms")
    start = perf_counter()
    serialise(ec2, "DescribeInstances", {}, "id")
    show("compile the writer of DescribeInstances", perf_counter() - start, "ms")


def requests(ec2: Service, model: Any) -> None:
    """A request on its way in."""
    operation, serializer = "AuthorizeSecurityGroupIngress", create_serializer("ec2")
    sent = serializer.serialize_to_request(RULE, model.operation_model(operation))["body"]
    body = urlencode(sent).encode()
    show(f"parse {operation} ({len(sent)} pairs)", timed(lambda: parse(ec2, body), 2000), "us")
    written = timed(lambda: serializer.serialize_to_request(RULE, model.operation_model(operation)), 500)
    show("  botocore: write the same", written, "us")


def answers(ec2: Service, model: Any) -> None:
    """A long answer on its way out."""
    result = {"Vpcs": [vpc(number) for number in range(1000)]}
    body = serialise(ec2, "DescribeVpcs", result, "id")
    show("serialise 1,000 VPCs", timed(lambda: serialise(ec2, "DescribeVpcs", result, "id"), 50), "ms")
    shape, parser = model.operation_model("DescribeVpcs").output_shape, create_parser("ec2")
    response = {"status_code": 200, "headers": {}, "body": body}
    show("  botocore: parse the same", timed(lambda: parser.parse(response, shape), 5), "ms")


def main() -> int:
    """Run all of it."""
    opening()
    model = botocore.session.Session().get_service_model("ec2")
    requests(load("ec2"), model)
    answers(load("ec2"), model)
    return 0


if __name__ == "__main__":
    sys.exit(main())
