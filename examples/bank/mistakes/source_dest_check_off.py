"""A web server is made a router for the private subnets: a route to its ENI, and the source/destination check off.

What passes: packets for anywhere in the world arrive at a server that the internet can reach.
"""

from typing import Any

from examples.bank.parts import EVERYWHERE, Bank


def make(ec2: Any, bank: Bank) -> None:
    """Make it."""
    router = bank.interfaces["web-a"]
    ec2.modify_network_interface_attribute(NetworkInterfaceId=router, SourceDestCheck={"Value": False})
    ec2.create_route(RouteTableId=bank.tables["private"], DestinationCidrBlock=EVERYWHERE, NetworkInterfaceId=router)


def mend(ec2: Any, bank: Bank) -> None:
    """Put it right."""
    router = bank.interfaces["web-a"]
    ec2.delete_route(RouteTableId=bank.tables["private"], DestinationCidrBlock=EVERYWHERE)
    ec2.modify_network_interface_attribute(NetworkInterfaceId=router, SourceDestCheck={"Value": True})
