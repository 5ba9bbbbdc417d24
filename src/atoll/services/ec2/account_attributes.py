"""What holds for a whole account."""

from atoll.model.kinds import Vpc
from atoll.model.tx import Tx
from atoll.services.ec2.checks import invalid
from atoll.services.registry import Request, Response, operation


def _attributes(tx: Tx) -> dict[str, str]:
    """By name [BC DescribeAccountAttributes]; max-instances limits nothing any more, on AWS neither."""
    default = tx.only(Vpc, "default_home", tx.home)
    addresses = str(tx.limit("elastic-ips-per-region"))
    return {
        "supported-platforms": "VPC",
        "vpc-max-security-groups-per-interface": str(tx.limit("security-groups-per-interface")),
        "max-elastic-ips": addresses,
        "max-instances": "20",
        "vpc-max-elastic-ips": addresses,
        "default-vpc": default.id if default else "none",
    }


@operation("DescribeAccountAttributes", "AttributeNames")
def describe_account_attributes(tx: Tx, request: Request) -> Response:
    """All attributes, or those that are named."""
    known = _attributes(tx)
    names = request.get("AttributeNames") or known
    for name in names:
        if name not in known:
            raise invalid(name, "attributeName", "Unknown account attribute.")
    return {
        "AccountAttributes": [
            {"AttributeName": name, "AttributeValues": [{"AttributeValue": value}]}
            for name, value in known.items()
            if name in names
        ]
    }
