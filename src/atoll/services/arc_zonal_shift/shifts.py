"""StartZonalShift, UpdateZonalShift, CancelZonalShift, ListZonalShifts; and what becomes of one when its time is over.

Its effects are the model's (model/balancing.py): the zone leaves the load balancer's name, and where cross-zone is on
its targets get nothing new. Connections go on (ELB:network/zonal-shift).
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from atoll.model.kinds import BalancerZone, LoadBalancer, ZonalShift
from atoll.model.regions import REGIONS
from atoll.model.tx import Tx
from atoll.services.arc_zonal_shift.common import (
    SERVICE,
    active,
    check_comment,
    conflict,
    invalid,
    missing,
    need_managed,
    page,
)
from atoll.services.constraints import JSON, check_choice, check_pattern
from atoll.services.registry import Request, Response, operation

STATUSES = ("ACTIVE", "EXPIRED", "CANCELED")
LONGEST = timedelta(hours=72)
EXPIRES_IN = re.compile(r"([1-9][0-9]*)(m|h)", re.ASCII)
ID = re.compile(r"[A-Za-z0-9-]+", re.ASCII)


def shape(shift: ZonalShift) -> dict[str, Any]:
    """A ZonalShift of the API."""
    return {
        "zonalShiftId": shift.id,
        "resourceIdentifier": shift.resource,
        "awayFrom": zone_id(shift),
        "expiryTime": shift.expires,
        "startTime": shift.started,
        "status": shift.status,
        "comment": shift.comment,
    }


def zone_id(shift: ZonalShift) -> str:
    """The zone, as this API names it: use1-az6."""
    return next(zone.id for zone in REGIONS[shift.region].zones if zone.name == shift.zone)


@operation("StartZonalShift", "resourceIdentifier awayFrom expiresIn comment", service=SERVICE)
def start_zonal_shift(tx: Tx, request: Request) -> Response:
    """Away from one zone of a load balancer, whatever its health, until it expires or is cancelled."""
    balancer = need_managed(tx, request["resourceIdentifier"])
    zone = _zone(tx, balancer, request["awayFrom"])
    comment, lasts = check_comment(request), _lasts(request["expiresIn"])
    now = active(tx, balancer)
    if now is not None:
        raise conflict("ZonalShiftAlreadyExists", f"There is an active zonal shift for {balancer.arn}.", now.id)
    digits = (tx.new_id("")[1:17] + tx.new_id("")[1:17]).lower()
    shift = ZonalShift(
        home=tx.home,
        id="-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])),
        balancer=balancer.id,
        resource=balancer.arn,
        zone=zone,
        started=tx.time,
        expires=tx.time + lasts,
        comment=comment,
        due=tx.now + lasts.total_seconds(),
    )
    tx.put(shift)
    return shape(shift)


def _zone(tx: Tx, balancer: LoadBalancer, asked: str) -> str:
    """The name of the load balancer's zone of that id."""
    zones = {zone.id: zone.name for zone in REGIONS[tx.region].zones}
    if asked not in zones:
        raise invalid("InvalidAz", f"{asked} is not the id of an Availability Zone of {tx.region}.")
    if tx.get(BalancerZone, balancer.id, zones[asked]) is None:
        raise invalid("UnsupportedAz", f"{balancer.arn} is not deployed in the Availability Zone {asked}.")
    return zones[asked]


def _lasts(text: str) -> timedelta:
    """For how long: "90m", "3h"; three days at most."""
    found = EXPIRES_IN.fullmatch(text) if 2 <= len(text) <= 5 else None
    if found is None:
        raise invalid("InvalidExpiresIn", f"{text!r} is no time such as 30m or 12h.")
    lasts = timedelta(**{"m": {"minutes": int(found[1])}, "h": {"hours": int(found[1])}}[found[2]])
    if lasts > LONGEST:
        raise invalid("InvalidExpiresIn", "A zonal shift expires after three days (72 hours) at most.")
    return lasts


def _need(tx: Tx, request: Request) -> ZonalShift:
    id_ = check_pattern(JSON, "zonalShiftId", request["zonalShiftId"], ID, 36, least=6)
    found = tx.own(ZonalShift, id_)
    if found is None:
        raise missing(f"zonal shift {id_}")
    if found.status != "ACTIVE":
        raise conflict("ZonalShiftStatusNotActive", f"The zonal shift {id_} is not active.", id_)
    return found


@operation("UpdateZonalShift", "zonalShiftId comment expiresIn", service=SERVICE)
def update_zonal_shift(tx: Tx, request: Request) -> Response:
    """A new comment, or another end, counted from now."""
    shift = _need(tx, request)
    if "comment" in request:
        shift = replace(shift, comment=check_comment(request))
    if "expiresIn" in request:
        lasts = _lasts(request["expiresIn"])
        shift = replace(shift, expires=tx.time + lasts, due=tx.now + lasts.total_seconds())
    tx.put(shift)
    return shape(shift)


@operation("CancelZonalShift", "zonalShiftId", service=SERVICE)
def cancel_zonal_shift(tx: Tx, request: Request) -> Response:
    """Traffic goes to the zone again."""
    shift = replace(_need(tx, request), status="CANCELED", due=None)
    tx.put(shift)
    return shape(shift)


@operation("ListZonalShifts", "nextToken status maxResults resourceIdentifier", service=SERVICE)
def list_zonal_shifts(tx: Tx, request: Request) -> Response:
    """Those of all managed resources that there are, over and going on, the newest first."""
    found: Iterable[ZonalShift] = reversed(tx.mine(ZonalShift))
    if "status" in request:
        status = check_choice(JSON, "status", request["status"], STATUSES)
        found = (one for one in found if one.status == status)
    if "resourceIdentifier" in request:
        found = (one for one in found if one.resource == request["resourceIdentifier"])
    return page([shape(one) | {"shiftType": "ZONAL_SHIFT"} for one in found], request)


def on_due(tx: Tx, id_: str) -> None:
    """The engine's entry: its time is over."""
    shift = tx.get(ZonalShift, id_)
    if shift is not None and shift.due is not None and shift.due <= tx.now:
        tx.put(replace(shift, status="EXPIRED", due=None))
