"""The database's ACL has no entry for the way back: ACLs remember nothing.

What dies: the answers of the database. To the web servers it looks as if the database were gone.
"""

from typing import Any

from examples.bank.parts import Bank

BACK = {100: "10.0.1.0/24", 110: "10.0.2.0/24"}


def make(ec2: Any, bank: Bank) -> None:
    """Make it."""
    for number in BACK:
        ec2.delete_network_acl_entry(NetworkAclId=bank.acls["database"], RuleNumber=number, Egress=True)


def mend(ec2: Any, bank: Bank) -> None:
    """Put it right."""
    for number, block in BACK.items():
        ec2.create_network_acl_entry(
            NetworkAclId=bank.acls["database"],
            RuleNumber=number,
            Egress=True,
            Protocol="6",
            PortRange={"From": 1024, "To": 65535},
            CidrBlock=block,
            RuleAction="allow",
        )
