"""The database's subnet is made public so that somebody can use a tool from home: address, route, ACL and group.

What passes: the internet's connections to PostgreSQL.
"""

from typing import Any

from examples.bank.parts import EVERYTHING, Bank, give_public_address, take_public_address, use_acl, use_table


def make(ec2: Any, bank: Bank) -> None:
    """Make it."""
    subnet = bank.subnets["database-a"]
    use_table(ec2, subnet, bank.tables["public"])
    use_acl(ec2, subnet, bank.acls["default"])
    ec2.authorize_security_group_ingress(GroupId=bank.groups["database"], IpPermissions=[EVERYTHING])
    give_public_address(ec2, bank.interfaces["database"])


def mend(ec2: Any, bank: Bank) -> None:
    """Put it right."""
    subnet = bank.subnets["database-a"]
    take_public_address(ec2, bank.interfaces["database"])
    ec2.revoke_security_group_ingress(GroupId=bank.groups["database"], IpPermissions=[EVERYTHING])
    use_acl(ec2, subnet, bank.acls["database"])
    use_table(ec2, subnet, bank.tables["private"])
