"""An entry "allow all" with a low number, left from a search for a fault: the first entry that matches decides.

What passes: whoever wears the web servers' group reaches the database, from any subnet.
"""

from typing import Any

from examples.bank.parts import EVERYWHERE, Bank


def make(ec2: Any, bank: Bank) -> None:
    """Make it."""
    for outbound in (False, True):
        ec2.create_network_acl_entry(
            NetworkAclId=bank.acls["database"],
            RuleNumber=1,
            Egress=outbound,
            Protocol="-1",
            CidrBlock=EVERYWHERE,
            RuleAction="allow",
        )


def mend(ec2: Any, bank: Bank) -> None:
    """Put it right."""
    for outbound in (False, True):
        ec2.delete_network_acl_entry(NetworkAclId=bank.acls["database"], RuleNumber=1, Egress=outbound)
