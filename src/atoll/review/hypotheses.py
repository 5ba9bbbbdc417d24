"""What would be when zones are down or instances are stopped: the change of the model that nobody makes."""

from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from atoll.model.kinds import Instance, NetworkInterface, Outage
from atoll.model.outages import find_zone, outage_of
from atoll.model.regions import Zone
from atoll.records import Overlay

NOBODY = "000000000000/atoll"
"""The owner of what nobody has made."""

SINCE = datetime(1970, 1, 1, tzinfo=UTC)

GONE = ("shutting-down", "terminated")


class Hypothesis(msgspec.Struct, frozen=True):
    """Zones that are down, and instances that are stopped."""

    zones: tuple[Zone, ...] = ()
    instances: tuple[str, ...] = ()

    def __str__(self) -> str:
        """us-east-1a is down and i-1 is stopped"""
        zones = (f"{zone.name} is down" for zone in self.zones)
        return " and ".join((*zones, *(f"{name} is stopped" for name in self.instances)))

    def make(self, draft: Overlay) -> None:
        """Make it so in a draft: as `atoll az down` and StopInstances would."""
        for zone in self.zones:
            if outage_of(draft, zone.name) is None:
                draft.put(Outage(home=NOBODY, zone=zone.name, since=SINCE))
        for name in self.instances:
            instance = draft.get(Instance, name)
            assert instance is not None, f"{name} is no instance"
            draft.put(replace(instance, state="stopped"))
            for interface in draft.by(NetworkInterface, "instance", name):
                draft.put(replace(interface, public_ip=None))  # an automatic one is given back (fact 72)


def hypothesis(zones: str | list[str], instances: list[Instance]) -> Hypothesis:
    """Of zones by their names or ids, and of instances. LookupError says what there is none of."""
    named = [zones] if isinstance(zones, str) else zones
    there = sorted(one.id for one in instances if one.state not in GONE)
    if instances and not there:
        raise LookupError(f"{', '.join(one.id for one in instances)}: what is terminated cannot be stopped.")
    return Hypothesis(tuple(find_zone(name) for name in named), tuple(there))
