"""A server that is no web server gets the web servers' group, for its port 80.

What passes: its connections to the database, which listens to whoever wears that group.
"""

from typing import Any

from examples.bank.parts import Bank


def make(ec2: Any, bank: Bank) -> None:
    """Make it."""
    groups = [bank.groups["others"], bank.groups["web"]]
    ec2.modify_network_interface_attribute(NetworkInterfaceId=bank.interfaces["admin"], Groups=groups)


def mend(ec2: Any, bank: Bank) -> None:
    """Put it right."""
    ec2.modify_network_interface_attribute(NetworkInterfaceId=bank.interfaces["admin"], Groups=[bank.groups["others"]])
