"""The database's ACL is put on a web server's subnet.

What dies: the internet's requests to that web server. The other zone goes on.
"""

from typing import Any

from examples.bank.parts import Bank, use_acl


def make(ec2: Any, bank: Bank) -> None:
    """Make it."""
    use_acl(ec2, bank.subnets["public-a"], bank.acls["database"])


def mend(ec2: Any, bank: Bank) -> None:
    """Put it right."""
    use_acl(ec2, bank.subnets["public-a"], bank.acls["web"])
