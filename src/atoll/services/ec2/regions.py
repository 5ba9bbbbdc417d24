"""Regions and availability zones (fact 257). All commercial regions are there and opted in."""

from collections.abc import Callable, Iterable, Mapping

from atoll.model.regions import REGIONS, Region, Zone
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.ec2.checks import invalid
from atoll.services.ec2.describe import sift
from atoll.services.registry import Request, Response, operation

NOT_REQUIRED = "opt-in-not-required"


def _endpoint(region: Region) -> str:
    return f"ec2.{region.name}.amazonaws.com"


def _opt_in_status(region: Region) -> str:
    return "opted-in" if region.opt_in else NOT_REQUIRED


REGION_FILTERS: Mapping[str, Callable[[Region], str]] = {
    "endpoint": _endpoint,
    "opt-in-status": _opt_in_status,
    "region-name": lambda region: region.name,
}


@operation("DescribeRegions", "RegionNames AllRegions Filters")
def describe_regions(_tx: Tx, request: Request) -> Response:
    """Every region is opted in, so AllRegions adds none."""
    names = request.get("RegionNames")
    _check_known("region", names, REGIONS)
    named = [region for region in REGIONS.values() if not names or region.name in names]
    kept = sift(named, request, REGION_FILTERS.__contains__, lambda one, name: [REGION_FILTERS[name](one)])
    return {
        "Regions": [
            {"OptInStatus": _opt_in_status(region), "RegionName": region.name, "Endpoint": _endpoint(region)}
            for region in kept
        ]
    }


def _check_known(noun: str, names: Iterable[str] | None, known: Iterable[str]) -> None:
    unknown = sorted(set(names or ()) - set(known))
    if unknown:
        raise AwsError("InvalidParameterValue", f"Invalid {noun}: [{', '.join(unknown)}]")


def _group_name(region: Region) -> str:
    return f"{region.name}-zg-1"


def _shown(region: Region, zone: Zone) -> Response:
    return {
        "OptInStatus": NOT_REQUIRED,
        "Messages": [],
        "RegionName": region.name,
        "ZoneName": zone.name,
        "ZoneId": zone.id,
        "GroupName": _group_name(region),
        "NetworkBorderGroup": region.name,
        "ZoneType": "availability-zone",
        "GroupLongName": f"{region.description} 1",
        "State": "available",
    }


ZONE_FILTERS = {
    "group-long-name": "GroupLongName",
    "group-name": "GroupName",
    "opt-in-status": "OptInStatus",
    "region-name": "RegionName",
    "state": "State",
    "zone-id": "ZoneId",
    "zone-name": "ZoneName",
    "zone-type": "ZoneType",
    "message": None,
    "parent-zone-id": None,
    "parent-zone-name": None,
}
"""Each filter's member of the answer; no zone has a parent or a message."""


@operation("DescribeAvailabilityZones", "ZoneNames ZoneIds AllAvailabilityZones Filters")
def describe_availability_zones(tx: Tx, request: Request) -> Response:
    """This region's zones; there are no Local Zones, so AllAvailabilityZones adds none."""
    region = REGIONS[tx.region]
    names, ids = request.get("ZoneNames"), request.get("ZoneIds")
    _check_known("availability zone", names, (zone.name for zone in region.zones))
    _check_known("availability zone-id", ids, (zone.id for zone in region.zones))
    named = [
        _shown(region, zone)
        for zone in region.zones
        if (not names or zone.name in names) and (not ids or zone.id in ids)
    ]

    def values(zone: Response, name: str) -> list[str]:
        member = ZONE_FILTERS[name]
        return [zone[member]] if member else []

    return {"AvailabilityZones": sift(named, request, ZONE_FILTERS.__contains__, values)}


@operation("ModifyAvailabilityZoneGroup", "GroupName OptInStatus")
def modify_availability_zone_group(tx: Tx, request: Request) -> Response:
    """Local Zones and Wavelength Zones, which one opts in to, there are none; a region's own zones have no choice."""
    asked, name = request["OptInStatus"], request["GroupName"]
    if asked != "opted-in":
        raise invalid(asked, "optInStatus", "The only valid value is opted-in.")
    if name in {_group_name(region) for region in REGIONS.values()}:
        raise invalid(name, "groupName", f"The opt-in status of this group is {NOT_REQUIRED}.")
    raise invalid(name, "groupName", f"There is no such group in {tx.region}: here are no Local or Wavelength Zones.")
