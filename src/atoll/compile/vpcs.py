"""A VPC is a routing domain of its own."""

from collections.abc import Iterable

from atoll.compile.passes import of
from atoll.model.kinds import Vpc
from atoll.plan.rows import Domain, DomainKind, Row
from atoll.records import View


def domain(_view: View, vpc: Vpc) -> Iterable[Row]:
    """The VPC's domain."""
    yield Domain(id=vpc.id, kind=DomainKind.VPC, origin=(vpc.id,))


PASSES = (of(Vpc, domain),)
