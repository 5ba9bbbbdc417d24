"""A zone that has failed is a site that is down: law 7 says what becomes of all that is in it, and nothing else does.

Zones that are well have their rows among the constants.
"""

from collections.abc import Iterable

from atoll.compile.passes import of
from atoll.model.kinds import Outage
from atoll.plan.rows import Row, Site
from atoll.records import View


def site(_view: View, outage: Outage) -> Iterable[Row]:
    """While there is an outage."""
    yield Site(id=outage.zone, up=False, origin=(outage.zone,))


PASSES = (of(Outage, site),)
