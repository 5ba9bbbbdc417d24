"""The database's group is opened to the world, "only for a moment".

What passes: every server in the web servers' subnets reaches the database, whatever its group. What still holds: the
internet has no way in, and other subnets are stopped by the ACL.
"""

from typing import Any

from examples.bank.parts import EVERYTHING, Bank


def make(ec2: Any, bank: Bank) -> None:
    """Make it."""
    ec2.authorize_security_group_ingress(GroupId=bank.groups["database"], IpPermissions=[EVERYTHING])


def mend(ec2: Any, bank: Bank) -> None:
    """Put it right."""
    ec2.revoke_security_group_ingress(GroupId=bank.groups["database"], IpPermissions=[EVERYTHING])
