"""Zones that fail and come back.

An Outage is all that the model has of it, and a Site that is down all that the plan has (compile/sites.py): no entity
changes with its zone, so what comes back is as it was. A draft that asks "what if" puts one.
"""

from collections.abc import Iterable

from atoll.model.kinds import Outage
from atoll.model.regions import REGIONS, Zone
from atoll.model.tx import Tx
from atoll.records import View


def find_zone(text: str) -> Zone:
    """The zone of that name or id. LookupError, with what to write instead."""
    for region in REGIONS.values():
        for zone in region.zones:
            if text in zone:
                return zone
    near = REGIONS.get(text) or REGIONS["us-east-1"]
    known = ", ".join(zone.name for zone in near.zones)
    raise LookupError(f"There is no availability zone {text!r}. Those of {near.name}: {known}")


def outage_of(view: View, zone: str) -> Outage | None:
    """The outage of the zone of that name; None while it is well."""
    return view.get(Outage, zone)


def cut(tx: Tx, zone: str) -> bool:
    """The zone of that name fails now; whether it was well."""
    if outage_of(tx, zone) is not None:
        return False
    tx.put(Outage(home=tx.home, zone=zone, since=tx.time))
    return True


def restore(tx: Tx, zone: str) -> bool:
    """The zone of that name comes back; whether it was down."""
    found = outage_of(tx, zone)
    if found is not None:
        tx.delete(found)
    return found is not None


def well(view: View, zones: Iterable[Zone]) -> list[str]:
    """The names of those that are not down."""
    return [zone.name for zone in zones if outage_of(view, zone.name) is None]
