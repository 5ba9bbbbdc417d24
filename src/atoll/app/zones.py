"""`atoll az`: what is in each availability zone, and zones that fail and come back."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from atoll.app.hosts import SYSTEM
from atoll.model import outages
from atoll.model.kinds import BalancerZone, Instance, NatGateway, Outage, Subnet
from atoll.model.regions import REGIONS
from atoll.model.tx import Tx

if TYPE_CHECKING:
    from atoll.app.server import Server


def listed(server: "Server") -> list[dict[str, Any]]:
    """Every zone that has something in it or is down, by name. What ended is not counted."""
    return server.read(lambda: _listed(server.writer.draft(*SYSTEM)))


def _listed(tx: Tx) -> list[dict[str, Any]]:
    model = tx.base
    counts = {
        "subnets": Counter(one.zone for one in model.all(Subnet)),
        "instances": Counter(one.zone for one in model.all(Instance) if one.state != "terminated"),
        "nat_gateways": Counter(one.zone for one in model.all(NatGateway) if one.state != "deleted"),
        "load_balancer_nodes": Counter(one.zone for one in model.all(BalancerZone)),
    }
    found = []
    for region in REGIONS.values():
        for zone in region.zones:
            outage = outages.outage_of(tx, zone.name)
            here = {noun: count[zone.name] for noun, count in counts.items()}
            if outage is not None or any(here.values()):
                since = outage.since.isoformat() if outage is not None else None
                found.append({"zone": zone.name, "id": zone.id, "up": outage is None, "down_since": since, **here})
    return found


def down(server: "Server") -> list[str]:
    """The names of those that are. On the loop's thread."""
    return sorted(one.zone for one in server.writer.model.all(Outage))


def cut(server: "Server", zone: str) -> dict[str, Any]:
    """The zone of that name or id fails, for every account. `changed`: whether it was well. LookupError if there is
    none."""
    found = outages.find_zone(zone)
    written = server.on_loop(lambda: server.writer.write(*SYSTEM, lambda tx: outages.cut(tx, found.name)))
    return {"zone": found.name, "changed": written.result}


def restore(server: "Server", zone: str) -> dict[str, Any]:
    """The zone of that name or id comes back. `changed`: whether it was down. LookupError if there is none."""
    found = outages.find_zone(zone)
    written = server.on_loop(lambda: server.writer.write(*SYSTEM, lambda tx: outages.restore(tx, found.name)))
    return {"zone": found.name, "changed": written.result}
