"""The way in from outside: what the SOCKS proxy may lead to, and what names mean to it."""

from atoll.agents.socks import Proxy
from atoll.app.hosts import ALWAYS
from atoll.compile.internet import DEFAULT_PREFIX, host_id
from atoll.engine.writer import Writer
from atoll.fabric.contract import Fabric
from atoll.model.names import public_address
from atoll.packet import Prefix
from atoll.plan.rows import INTERNET, Route
from atoll.records import Table


def proxy(writer: Writer, fabric: Fabric, pool: str) -> Proxy:
    """A proxy whose connections come from the first internet host."""
    source = host_id(ALWAYS[0])
    blocks = (Prefix.parse(pool), Prefix.parse(DEFAULT_PREFIX))
    return Proxy(
        network=lambda: fabric.namespace(source),
        resolve=public_address,
        leads_to=lambda ip: any(block.holds(ip) for block in blocks) or _has_route(writer.plan, ip),
    )


def _has_route(plan: Table, ip: str) -> bool:
    """A public address in use from a pool of former days, when --public-pool was another."""
    return plan.get(Route, INTERNET, str(Prefix.parse(ip))) is not None
