"""The database's group names a web server's address instead of the web servers' group.

What dies: the connections of the web server in the other zone, and of every one that is launched from now on.
"""

from typing import Any

from examples.bank.parts import Bank


def make(ec2: Any, bank: Bank) -> None:
    """Make it."""
    by_group, by_address = _rules(bank)
    ec2.revoke_security_group_ingress(GroupId=bank.groups["database"], IpPermissions=[by_group])
    ec2.authorize_security_group_ingress(GroupId=bank.groups["database"], IpPermissions=[by_address])


def mend(ec2: Any, bank: Bank) -> None:
    """Put it right."""
    by_group, by_address = _rules(bank)
    ec2.authorize_security_group_ingress(GroupId=bank.groups["database"], IpPermissions=[by_group])
    ec2.revoke_security_group_ingress(GroupId=bank.groups["database"], IpPermissions=[by_address])


def _rules(bank: Bank) -> tuple[dict[str, Any], dict[str, Any]]:
    ports = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432}
    return (
        {**ports, "UserIdGroupPairs": [{"GroupId": bank.groups["web"]}]},
        {**ports, "IpRanges": [{"CidrIp": f"{bank.private_ips['web-a']}/32"}]},
    )
