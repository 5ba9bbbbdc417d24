"""DescribeInstanceTopology: where instances are in AWS's network. Here all are on one machine."""

from typing import Any

from atoll.model.kinds import Instance, PlacementGroup
from atoll.model.tx import Tx
from atoll.services.ec2 import paths
from atoll.services.ec2.describe import candidates, describe, most_named, no_pages_with_ids
from atoll.services.ec2.interface_shape import zone_id
from atoll.services.ec2.placement_groups import need_group
from atoll.services.registry import Request, Response, operation

USUAL_PAGE = 20


def topology_shape(tx: Tx, instance: Instance) -> dict[str, Any]:
    """An InstanceTopology of the API, without network nodes: AWS has none for types that it does not support."""
    shape: dict[str, Any] = {
        "AvailabilityZone": instance.zone,
        "InstanceId": instance.id,
        "InstanceType": instance.type,
        "NetworkNodes": [],
        "ZoneId": zone_id(instance.region, instance.zone),
    }
    group = tx.get(PlacementGroup, instance.placement_group) if instance.placement_group else None
    return shape | ({"GroupName": group.name} if group else {})


FILTERS = paths.filters(
    topology_shape,
    {"availability-zone": "AvailabilityZone", "instance-type": "InstanceType", "zone-id": "ZoneId"},
)


@operation("DescribeInstanceTopology", "InstanceIds GroupNames Filters MaxResults NextToken")
def describe_instance_topology(tx: Tx, request: Request) -> Response:
    """Those that are named, those of named placement groups, or all that there are."""
    no_pages_with_ids(request, "InstanceIds")
    most_named(request, "InstanceIds")
    most_named(request, "GroupNames")
    groups = {need_group(tx, name).id for name in request.get("GroupNames") or ()}
    found = [
        one
        for one in candidates(tx, Instance, request, "InstanceIds")
        if one.state != "terminated" and (not groups or one.placement_group in groups)
    ]
    asked = request if request.get("InstanceIds") else {"MaxResults": USUAL_PAGE, **request}
    return describe(tx, asked, found, FILTERS, "Instances", topology_shape, least=1, most=100)
