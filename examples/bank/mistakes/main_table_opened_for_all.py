"""The main route table gets a route to the internet, "so that every subnet has it"; one had no table of its own.

What passes: as soon as a server of that subnet has a public address, the internet's connections to it.
"""

from typing import Any

from examples.bank.parts import (
    EVERYWHERE,
    Bank,
    give_public_address,
    table_association,
    take_public_address,
)


def make(ec2: Any, bank: Bank) -> None:
    """Make it."""
    ec2.create_route(RouteTableId=bank.main_table, DestinationCidrBlock=EVERYWHERE, GatewayId=bank.gateway)
    ec2.disassociate_route_table(AssociationId=table_association(ec2, bank.subnets["others"]))
    give_public_address(ec2, bank.interfaces["tools"])


def mend(ec2: Any, bank: Bank) -> None:
    """Put it right."""
    take_public_address(ec2, bank.interfaces["tools"])
    ec2.associate_route_table(RouteTableId=bank.tables["private"], SubnetId=bank.subnets["others"])
    ec2.delete_route(RouteTableId=bank.main_table, DestinationCidrBlock=EVERYWHERE)
