"""A subnet is a segment: its route table and its network ACL are its own or, failing that, the VPC's."""

from collections.abc import Iterable

from atoll.compile.passes import of
from atoll.model.kinds import NetworkAcl, NetworkAclAssociation, RouteTableAssociation, Subnet
from atoll.plan.rows import Row, Segment
from atoll.records import View


def segment(view: View, subnet: Subnet) -> Iterable[Row]:
    """The subnet's segment."""
    yield Segment(
        id=subnet.id,
        domain=subnet.vpc,
        site=subnet.zone,
        prefix=subnet.prefix,
        table=_table(view, subnet),
        fence=_fence(view, subnet),
        origin=(subnet.id,),
    )


def _table(view: View, subnet: Subnet) -> str:
    own = view.by(RouteTableAssociation, "subnet", subnet.id)
    chosen = own or view.by(RouteTableAssociation, "main_of", subnet.vpc)
    return chosen[0].route_table


def _fence(view: View, subnet: Subnet) -> str | None:
    own = view.by(NetworkAclAssociation, "subnet", subnet.id)
    if own:
        return own[0].acl
    default = view.keys(NetworkAcl, "default_of", subnet.vpc)
    return default[0][1] if default else None


PASSES = (of(Subnet, segment),)
