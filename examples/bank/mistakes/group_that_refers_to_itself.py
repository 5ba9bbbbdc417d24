"""The database's group names itself as the source instead of the web servers' group: one wrong line in a list of ids.

What dies: the web servers' connections. The database would listen to databases alone.
"""

from typing import Any

from examples.bank.parts import Bank


def make(ec2: Any, bank: Bank) -> None:
    """Make it."""
    _exchange(ec2, bank, "web", "database")


def mend(ec2: Any, bank: Bank) -> None:
    """Put it right."""
    _exchange(ec2, bank, "database", "web")


def _exchange(ec2: Any, bank: Bank, old: str, new: str) -> None:
    group = bank.groups["database"]
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[_from(bank.groups[old])])
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[_from(bank.groups[new])])


def _from(group: str) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": group}]}
