"""Instance types: their real limits and answers (fact 60)."""

import zlib
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from importlib import resources
from typing import Any, NamedTuple

import msgspec

from atoll.model.regions import REGIONS
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2.checks import invalid
from atoll.services.ec2.describe import answer, no_pages_with_ids, page, sift
from atoll.services.ec2.instance_type_filters import PATHS
from atoll.services.ec2.paths import at
from atoll.services.registry import Request, Response, operation

DEFAULT = "m1.small"
"""What RunInstances launches when no type is named [BC RunInstances]."""

MOST_ADDRESSES = 64
"""The largest number of private IPv4 addresses that any type allows on one ENI."""


class Limits(NamedTuple):
    """What a type allows."""

    interfaces: int
    addresses: int  # private IPv4 addresses of one ENI, the primary included


@cache
def _answers() -> dict[str, msgspec.Raw]:
    packed = (resources.files("atoll.services.ec2") / "data" / "instance-types.msgpack").read_bytes()
    return msgspec.msgpack.decode(zlib.decompress(packed), type=dict[str, msgspec.Raw])


def names() -> Iterable[str]:
    """Every type."""
    return _answers()


def exists(name: str) -> bool:
    """Whether AWS has such a type."""
    return name in _answers()


@lru_cache(maxsize=256)
def description(name: str) -> dict[str, Any]:
    """DescribeInstanceTypes' answer for one type; not to be changed. KeyError if there is none."""
    decoded: dict[str, Any] = msgspec.msgpack.decode(_answers()[name])
    return decoded


def limits(name: str) -> Limits:
    """How many ENIs an instance of the type may have, and how many private addresses each."""
    network = description(name)["NetworkInfo"]
    return Limits(network["MaximumNetworkInterfaces"], network["Ipv4AddressesPerInterface"])


def is_nitro(name: str) -> bool:
    """Whether the type is built on the Nitro System; metal types, which have no hypervisor, are counted to it."""
    shown = description(name)
    return bool(shown.get("Hypervisor") == "nitro" or shown["BareMetal"])


def need_type(name: str) -> str:
    """The type's name; InvalidParameterValue where there is none."""
    if not exists(name):
        raise AwsError("InvalidParameterValue", f"Invalid value '{name}' for InstanceType.")
    return name


LOCATIONS = ("region", "availability-zone", "availability-zone-id", "outpost")
OFFERING_PATHS = {"instance-type": "InstanceType", "location": "Location"}


@operation("DescribeInstanceTypes", "InstanceTypes Filters MaxResults NextToken IncludeUnsupportedInRegion")
def describe_instance_types(_tx: Tx, request: Request) -> Response:
    """Every type is offered in every region, so IncludeUnsupportedInRegion adds none."""
    no_pages_with_ids(request, "InstanceTypes")
    named = list(dict.fromkeys(request.get("InstanceTypes") or ()))
    unknown = [name for name in named if not exists(name)]
    if unknown:
        raise AwsError(
            "InvalidInstanceType", f"The following supplied instance types do not exist: [{', '.join(unknown)}]"
        )
    types = [description(name) for name in named or _answers()]
    return _described("InstanceTypes", types, request, PATHS, most=100)


@operation("DescribeInstanceTypeOfferings", "LocationType Filters MaxResults NextToken")
def describe_instance_type_offerings(tx: Tx, request: Request) -> Response:
    """Every type in every zone of every region; outposts there are none."""
    kind = request.get("LocationType") or "region"
    if kind not in LOCATIONS:
        raise invalid(kind, "locationType", f"Expecting one of {', '.join(LOCATIONS)}.")
    offerings = [
        {"InstanceType": name, "LocationType": kind, "Location": place}
        for place in _places(tx.region, kind)
        for name in _answers()
    ]
    return _described("InstanceTypeOfferings", offerings, request, OFFERING_PATHS, most=1000)


def _described(
    name: str, items: list[dict[str, Any]], request: Request, paths: Mapping[str, str], *, most: int
) -> Response:
    """One page of what passes the filters; pages are of `most` items where the request does not say."""
    kept = sift(items, request, paths.__contains__, lambda item, filter_: at(item, paths[filter_]))
    found, token = page(kept, {"MaxResults": most, **request}, most=most)
    return answer(name, found, token)


def _places(region: str, kind: str) -> list[str]:
    if kind == "region":
        return [region]
    if kind == "outpost":
        return []
    return [zone.name if kind == "availability-zone" else zone.id for zone in REGIONS[region].zones]
