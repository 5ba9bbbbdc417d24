"""The way in from outside: what the SOCKS proxy may lead to, and what names mean to it."""

from atoll.agents.socks import Proxy
from atoll.app.hosts import ALWAYS
from atoll.app.name_service import NameService
from atoll.compile.internet import DEFAULT_PREFIX, host_id
from atoll.engine.writer import Writer
from atoll.fabric.contract import Fabric
from atoll.packet import Prefix
from atoll.plan.rows import INTERNET, Route
from atoll.records import Table


def proxy(writer: Writer, fabric: Fabric, names: NameService, pool: str) -> Proxy:
    """A proxy whose connections come from the first internet host. `pool`: where public addresses come from."""

    def resolve(name: str) -> str | None:
        found = names.look_up(INTERNET, name.lower().removesuffix("."), "A")
        return next((value for _, value in found.values), None) if found is not None else None

    source = host_id(ALWAYS[0])
    return Proxy(
        network=lambda: fabric.namespace(source),
        resolve=resolve,
        leads_to=lambda ip: is_on_internet(writer.plan, pool, ip),
    )


def is_on_internet(plan: Table, pool: str, ip: str) -> bool:
    """Whether it is an address of Atoll's internet, in use or not; in use also from a pool of former days."""
    if Prefix.parse(pool).holds(ip) or Prefix.parse(DEFAULT_PREFIX).holds(ip):
        return True
    return plan.get(Route, INTERNET, str(Prefix.parse(ip))) is not None
