"""Instances described: DescribeInstances, DescribeInstanceStatus, GetConsoleOutput, GetPasswordData."""

import base64
from typing import Any

from atoll.model.kinds import Instance
from atoll.model.outages import outage_of
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2 import paths
from atoll.services.ec2.describe import answer, candidates, describe, most_named, no_pages_with_ids, page, select
from atoll.services.ec2.image_table import image_of
from atoll.services.ec2.instance_filters import FILTERS, INDEXED, OWN
from atoll.services.ec2.instance_shape import reservations, state_shape
from atoll.services.ec2.instance_types import is_nitro
from atoll.services.ec2.interface_shape import zone_id
from atoll.services.ec2.lookup import need
from atoll.services.registry import Request, Response, operation


@operation("DescribeInstances", "InstanceIds Filters MaxResults NextToken IncludeManagedResources")
def describe_instances(tx: Tx, request: Request) -> Response:
    """Pages count instances, not reservations."""
    no_pages_with_ids(request, "InstanceIds")
    found = select(tx, candidates(tx, Instance, request, "InstanceIds", INDEXED), request, FILTERS)
    shown, token = page(found, request)
    return answer("Reservations", reservations(tx, shown), token)


def _check(tx: Tx, instance: Instance) -> dict[str, Any]:
    """How it stands: what runs in a zone that has failed is reached by nobody [BC InstanceStatusDetails]."""
    if instance.state != "running":
        return {"Status": "not-applicable"}
    outage = outage_of(tx, instance.zone)
    if outage is None:
        return {"Status": "ok", "Details": [{"Name": "reachability", "Status": "passed"}]}
    since = max(outage.since, instance.launched)
    return {
        "Status": "impaired",
        "Details": [{"Name": "reachability", "Status": "failed", "ImpairedSince": since}],
    }


def _status_shape(tx: Tx, instance: Instance) -> dict[str, Any]:
    check = _check(tx, instance)
    shape = {
        "AvailabilityZone": instance.zone,
        "AvailabilityZoneId": zone_id(instance.region, instance.zone),
        "Events": [],
        "InstanceId": instance.id,
        "InstanceState": state_shape(instance),
        "InstanceStatus": check,
        "Operator": {"Managed": False},
        "SystemStatus": check,
    }
    looked_at = is_nitro(instance.type)  # AWS looks at the volumes of no others
    return shape | ({"AttachedEbsStatus": check} if looked_at else {})


STATUS_FILTERS = {
    **{
        name: OWN[name]
        for name in ("availability-zone", "availability-zone-id", "instance-state-code", "instance-state-name")
    },
    **paths.filters(
        _status_shape,
        {
            "application-status.status": "ApplicationStatus.Status",
            "attached-ebs-status.status": "AttachedEbsStatus.Status",
            "event.code": "Events.Code",
            "event.description": "Events.Description",
            "event.instance-event-id": "Events.InstanceEventId",
            "event.not-after": "Events.NotAfter",
            "event.not-before": "Events.NotBefore",
            "event.not-before-deadline": "Events.NotBeforeDeadline",
            "instance-status.reachability": "InstanceStatus.Details.Status",
            "instance-status.status": "InstanceStatus.Status",
            "operator.managed": "Operator.Managed",
            "operator.principal": "Operator.Principal",
            "system-status.reachability": "SystemStatus.Details.Status",
            "system-status.status": "SystemStatus.Status",
        },
    ),
}


@operation(
    "DescribeInstanceStatus", "InstanceIds Filters MaxResults NextToken IncludeAllInstances IncludeManagedResources"
)
def describe_instance_status(tx: Tx, request: Request) -> Response:
    """Running instances, or all. Checks pass from the moment that the guest runs, and fail while its zone does."""
    no_pages_with_ids(request, "InstanceIds")
    most_named(request, "InstanceIds")
    found = candidates(tx, Instance, request, "InstanceIds")
    if not request.get("IncludeAllInstances"):
        found = [one for one in found if one.state in ("running", "rebooting")]
    return describe(tx, request, found, STATUS_FILTERS, "InstanceStatuses", _status_shape)


@operation("GetConsoleOutput", "InstanceId Latest")
def get_console_output(tx: Tx, request: Request) -> Response:
    """What the guest wrote, as of now: there is no older copy. Latest is for Nitro instances, as on AWS."""
    instance = need(tx, Instance, request["InstanceId"])
    if request.get("Latest") and not is_nitro(instance.type):
        raise AwsError(
            "UnsupportedOperation",
            "This instance type does not support retrieving the latest console logs. Only instance types on Nitro "
            "hypervisor support latest console logs.",
        )
    if instance.state == "terminated":
        raise AwsError("IncorrectInstanceState", f"The instance '{instance.id}' is terminated; its console is gone.")
    output = base64.b64encode(tx.facts.console(instance.id)).decode()
    return {"InstanceId": instance.id, "Timestamp": tx.time, "Output": output}


@operation("GetPasswordData", "InstanceId")
def get_password_data(tx: Tx, request: Request) -> Response:
    """Nothing, as on AWS for an instance that is not Windows.

    For a Windows image AWS answers nothing for some minutes, then the password, so clients ask until there is one:
    they are told at once that here there never will be.
    """
    instance = need(tx, Instance, request["InstanceId"])
    image = image_of(instance)
    if image is not None and image.windows:
        raise AwsError(
            "UnsupportedOperation",
            f"The guest of the instance '{instance.id}' is Atoll's own, as of every image here: it is not Windows and "
            "has no administrator's password.",
        )
    return {"InstanceId": instance.id, "Timestamp": tx.time, "PasswordData": ""}
