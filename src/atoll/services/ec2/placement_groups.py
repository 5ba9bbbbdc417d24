"""Placement groups: records, since all instances run on one machine. What AWS checks by them is checked."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from atoll.model.kinds import Instance, PlacementGroup
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2 import paths
from atoll.services.ec2.checks import arn, invalid, missing
from atoll.services.ec2.describe import describe
from atoll.services.ec2.instance_types import description
from atoll.services.ec2.lookup import need_all
from atoll.services.ec2.tags import on_creation, tags_if_any
from atoll.services.registry import Request, Response, operation

STRATEGIES = ("cluster", "spread", "partition")
NAME = re.compile(r"[\x20-\x7e]{1,255}\Z")
MOST_PARTITIONS = 7
MOST_SPREAD = 7
"""Running instances of a spread group in one zone [EC2UG placement-strategies]."""


def group_shape(_tx: Tx, group: PlacementGroup) -> dict[str, Any]:
    """A PlacementGroup of the API."""
    shape: dict[str, Any] = {
        "GroupArn": arn(group, group.name),
        "GroupId": group.id,
        "GroupName": group.name,
        "State": "available",
        "Strategy": group.strategy,
        "Tags": tags_if_any(group),
    }
    optional = {"PartitionCount": group.partitions, "SpreadLevel": group.spread_level}
    return shape | {name: value for name, value in optional.items() if value is not None}


def _named(tx: Tx, name: str) -> PlacementGroup | None:
    return tx.only(PlacementGroup, "place", f"{tx.home}/{name}")


def need_group(tx: Tx, name: str) -> PlacementGroup:
    """The group of that name; InvalidPlacementGroup.Unknown otherwise."""
    found = _named(tx, name)
    if found is None:
        raise AwsError("InvalidPlacementGroup.Unknown", f"The Placement Group '{name}' is unknown.")
    return found


@operation("CreatePlacementGroup", "GroupName Strategy PartitionCount SpreadLevel TagSpecifications")
def create_placement_group(tx: Tx, request: Request) -> Response:
    """Cluster where no strategy is named; partitions are two where none are counted."""
    name, strategy = request.get("GroupName"), request.get("Strategy") or "cluster"
    if not name:
        raise missing("groupName")
    if not NAME.match(name):
        raise invalid(name, "groupName", "Expecting at most 255 ASCII characters.")
    if strategy not in STRATEGIES:
        raise invalid(strategy, "strategy", f"Expecting one of {', '.join(STRATEGIES)}.")
    if _named(tx, name) is not None:
        raise AwsError("InvalidPlacementGroup.Duplicate", f"The Placement Group '{name}' already exists.")
    if tx.count(PlacementGroup, "home", tx.home) >= tx.limit("placement-groups-per-region"):
        raise AwsError("PlacementGroupLimitExceeded", "The maximum number of placement groups has been reached.")
    group = PlacementGroup(
        home=tx.home,
        id=tx.new_id("pg"),
        tags=on_creation(tx, request, "placement-group"),
        name=name,
        strategy=strategy,
        partitions=_partitions(request, strategy),
        spread_level=_spread_level(request, strategy),
    )
    tx.put(group)
    return {"PlacementGroup": group_shape(tx, group)}


def _partitions(request: Request, strategy: str) -> int | None:
    count: int | None = request.get("PartitionCount")
    if strategy != "partition":
        if count is not None:
            raise AwsError(
                "InvalidParameterCombination", "The parameter partitionCount requires the strategy partition."
            )
        return None
    if count is not None and not 1 <= count <= MOST_PARTITIONS:
        raise invalid(count, "partitionCount", f"Expecting a value between 1 and {MOST_PARTITIONS}.")
    return count or 2


def _spread_level(request: Request, strategy: str) -> str | None:
    level: str | None = request.get("SpreadLevel")
    if strategy != "spread":
        if level is not None:
            raise AwsError("InvalidParameterCombination", "The parameter spreadLevel requires the strategy spread.")
        return None
    if level not in (None, "rack"):
        raise invalid(level, "spreadLevel", "Expecting rack: the level host is for Outposts alone.")
    return "rack"


@operation("DeletePlacementGroup", "GroupName")
def delete_placement_group(tx: Tx, request: Request) -> Response:
    """Only a group without instances; terminated ones do not count."""
    group = need_group(tx, request["GroupName"])
    if any(one.state != "terminated" for one in tx.by(Instance, "placement_group", group.id)):
        raise AwsError(
            "InvalidPlacementGroup.InUse", f"The placement group '{group.name}' is in use and may not be deleted."
        )
    tx.delete(group)
    return {}


FILTERS = paths.filters(
    group_shape,
    {
        "group-arn": "GroupArn",
        "group-name": "GroupName",
        "spread-level": "SpreadLevel",
        "state": "State",
        "strategy": "Strategy",
    },
)


@operation("DescribePlacementGroups", "GroupIds GroupNames Filters")
def describe_placement_groups(tx: Tx, request: Request) -> Response:
    """By id, by name, or all; there are no pages."""
    names, ids = request.get("GroupNames") or (), request.get("GroupIds") or ()
    named = [*(need_group(tx, name) for name in names), *need_all(tx, PlacementGroup, ids)]
    found = {one.id: one for one in named}.values() if names or ids else tx.mine(PlacementGroup)
    return describe(tx, request, found, FILTERS, "PlacementGroups", group_shape)


class Place(NamedTuple):
    """Where an instance is to be: its group, and the partition if one is named."""

    group: PlacementGroup | None
    partition: int | None


def wanted_place(tx: Tx, placement: Mapping[str, Any], type_: str) -> Place:
    """The group that a Placement names, by name or id, checked against the type."""
    name, id_, partition = placement.get("GroupName"), placement.get("GroupId"), placement.get("PartitionNumber")
    if name and id_:
        raise AwsError(
            "InvalidParameterCombination", "The parameter groupName cannot be used with the parameter groupId"
        )
    group = need_group(tx, name) if name else need_all(tx, PlacementGroup, [id_])[0] if id_ else None
    if partition is not None and (group is None or group.partitions is None):
        raise AwsError(
            "InvalidParameterCombination", "The parameter partitionNumber requires a partition placement group."
        )
    if group is None:
        return Place(None, None)
    if partition is not None and not 1 <= partition <= (group.partitions or 0):
        raise invalid(partition, "partitionNumber", f"The group '{group.name}' has {group.partitions} partitions.")
    if group.strategy not in description(type_)["PlacementGroupInfo"]["SupportedStrategies"]:
        raise AwsError(
            "InvalidParameterCombination",
            f"{group.strategy.capitalize()} placement groups are not supported by the '{type_}' instance type. "
            "Specify a supported instance type or change the placement group strategy, and try again.",
        )
    return Place(group, partition)


def check_room(tx: Tx, group: PlacementGroup, zone: str, count: int) -> None:
    """A cluster is in one zone; a spread group has seven running instances a zone at most."""
    alive = [one for one in tx.by(Instance, "placement_group", group.id) if one.state not in ("terminated", "stopped")]
    if group.strategy == "cluster" and any(one.zone != zone for one in alive):
        raise AwsError(
            "InvalidParameterCombination",
            f"The placement group '{group.name}' is a cluster in {alive[0].zone}: it cannot span zones.",
        )
    if group.strategy == "spread" and sum(one.zone == zone for one in alive) + count > MOST_SPREAD:
        raise AwsError(
            "InsufficientInstanceCapacity",
            f"A spread placement group has at most {MOST_SPREAD} running instances in one Availability Zone.",
        )


def next_partition(tx: Tx, place: Place) -> int | None:
    """The partition of one more instance: the named one, else the one with the fewest instances."""
    group = place.group
    if group is None or group.partitions is None:
        return None
    if place.partition is not None:
        return place.partition
    held = [one.partition for one in tx.by(Instance, "placement_group", group.id) if one.state != "terminated"]
    return min(range(1, group.partitions + 1), key=held.count)
