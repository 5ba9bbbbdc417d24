"""What is known of availability zones beyond their names (model/regions.py)."""

from datetime import datetime
from typing import ClassVar

from atoll.model.entity import Entity


class Outage(Entity, frozen=True, kw_only=True):
    """A zone has failed, for every account: its power is cut. It lasts as long as this is there. `since`: from when."""

    KIND: ClassVar[str] = "outage"
    KEY: ClassVar[tuple[str, ...]] = ("zone",)
    zone: str  # its name: us-east-1a
    since: datetime
