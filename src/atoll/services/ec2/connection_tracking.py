"""How long an ENI's security groups remember a silent connection (fact 137): what may be asked, what is shown."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec.structs import replace

from atoll.model.kinds import Tracking
from atoll.services.ec2.checks import invalid, refuse_members

PARAMETER = "ConnectionTrackingSpecification"


class Bounds(NamedTuple):
    """Where a time is kept, and its limits in seconds [BC ConnectionTrackingSpecificationRequest]."""

    field: str
    least: int
    most: int


TIMES = {
    "TcpEstablishedTimeout": Bounds("tcp_established", 60, 432_000),
    "UdpStreamTimeout": Bounds("udp_stream", 60, 180),
    "UdpTimeout": Bounds("udp", 30, 60),
}


def with_times(kept: Tracking, asked: Mapping[str, Any]) -> Tracking:
    """The settings with those times that a ConnectionTrackingSpecification names; the others stay."""
    refuse_members(asked, TIMES, PARAMETER)
    given = {name: seconds for name, seconds in asked.items() if seconds is not None}
    for name, seconds in given.items():
        bounds = TIMES[name]
        if not bounds.least <= seconds <= bounds.most:
            raise invalid(seconds, name, f"It must be {bounds.least} to {bounds.most} seconds.")
    return replace(kept, **{TIMES[name].field: seconds for name, seconds in given.items()})


def times_of(tracking: Tracking) -> dict[str, int]:
    """The times that were asked for, as the API names them; empty where all are the usual ones."""
    found = {name: getattr(tracking, bounds.field) for name, bounds in TIMES.items()}
    return {name: seconds for name, seconds in found.items() if seconds is not None}
