"""An available NAT gateway is a translator; what it translates to are its private addresses (facts 83-88).

Its port, routes and public addresses come from its ENI, as everybody's do (compile/interfaces.py, gateways.py).
"""

from collections.abc import Iterable

from atoll.compile.passes import of
from atoll.model.kinds import NatGateway, NatGatewayAddress
from atoll.plan.rows import Masquerade, Node, NodeKind, Row
from atoll.records import View


def translator(_view: View, gateway: NatGateway) -> Iterable[Row]:
    """While it is pending it does not work yet, from the call that deletes it on no more."""
    if gateway.state == "available":
        yield Node(id=gateway.id, site=gateway.zone, kind=NodeKind.TRANSLATOR, origin=(gateway.id,))


def masquerade(view: View, address: NatGatewayAddress) -> Iterable[Row]:
    """New connections get an address that is neither on its way in nor on its way out."""
    gateway = view.get(NatGateway, address.gateway)
    if gateway is not None and gateway.state == "available" and address.status == "succeeded":
        origin = (gateway.id, *([address.allocation] if address.allocation else []))
        yield Masquerade(node=gateway.id, address=address.private_ip, origin=origin)


PASSES = (of(NatGateway, translator), of(NatGatewayAddress, masquerade))
