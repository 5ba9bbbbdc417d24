"""What an account finds in a region that it has never called: AWS has been there before it (facts 22, 153).

It is written once, before the first call is served. So it costs nothing before, and never comes back by itself.
"""

from atoll.model.kinds import Home
from atoll.model.tx import Tx
from atoll.services.ec2 import default_vpc, dhcp_options


def is_ahead(tx: Tx) -> bool:
    """Whether this account has never called in this region."""
    return tx.get(Home, tx.home) is None


def prepare(tx: Tx) -> None:
    """Put what is there from the start; nothing the second time: two first calls may come at once."""
    if not is_ahead(tx):
        return
    tx.put(Home(home=tx.home))
    dhcp_options.create_default(tx)
    if tx.settings.default_vpc:
        default_vpc.create(tx)
