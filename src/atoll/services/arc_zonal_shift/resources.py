"""GetManagedResource, ListManagedResources; ListAutoshifts, of which there are none: nobody shifts by himself here."""

from typing import Any

from atoll.model.kinds import BalancerZone, LoadBalancer
from atoll.model.regions import REGIONS
from atoll.model.tx import Tx
from atoll.services.arc_zonal_shift.common import SERVICE, active, managed, need_managed, page
from atoll.services.arc_zonal_shift.shifts import shape
from atoll.services.constraints import JSON, check_choice
from atoll.services.registry import Request, Response, operation


def _resource(tx: Tx, balancer: LoadBalancer) -> dict[str, Any]:
    """`appliedWeights`: 0 for the zone that traffic is moved away from, 1 for the others."""
    shift = active(tx, balancer)
    zones = {one.zone for one in tx.by(BalancerZone, "balancer", balancer.id)}
    ids = {zone.name: zone.id for zone in REGIONS[balancer.region].zones if zone.name in zones}
    shifts = []
    if shift is not None:
        shown = {name: value for name, value in shape(shift).items() if name != "status"}
        shifts.append(shown | {"appliedStatus": "APPLIED", "shiftType": "ZONAL_SHIFT"})
    return {
        "arn": balancer.arn,
        "name": balancer.name,
        "appliedWeights": {id_: float(shift is None or shift.zone != name) for name, id_ in ids.items()},
        "zonalShifts": shifts,
        "autoshifts": [],
        "zonalAutoshiftStatus": "DISABLED",
    }


@operation("GetManagedResource", "resourceIdentifier", service=SERVICE)
def get_managed_resource(tx: Tx, request: Request) -> Response:
    """A load balancer that has zonal shift enabled; any other is not known here."""
    return _resource(tx, need_managed(tx, request["resourceIdentifier"]))


@operation("ListManagedResources", "nextToken maxResults", service=SERVICE)
def list_managed_resources(tx: Tx, request: Request) -> Response:
    """All of them."""
    found = [_resource(tx, one) for one in managed(tx)]
    summaries = [
        one | {"availabilityZones": list(one["appliedWeights"]), "practiceRunStatus": "DISABLED"} for one in found
    ]
    return page(summaries, request)


@operation("ListAutoshifts", "nextToken status maxResults", service=SERVICE)
def list_autoshifts(_tx: Tx, request: Request) -> Response:
    """None."""
    if "status" in request:
        check_choice(JSON, "status", request["status"], ("ACTIVE", "COMPLETED"))
    return page((), request)
