"""Attributes of network interfaces: modify, reset, describe."""

from msgspec.structs import replace

from atoll.model.kinds import NetworkInterface
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2 import public_addresses, security_groups
from atoll.services.ec2.checks import attribute, missing, refuse_members
from atoll.services.ec2.interface_making import timeouts
from atoll.services.ec2.interface_shape import attachment_shape, groups_shape
from atoll.services.ec2.lookup import need
from atoll.services.registry import Request, Response, operation

NOTHING = AwsError("InvalidParameterCombination", "No attributes specified.")


@operation(
    "ModifyNetworkInterfaceAttribute",
    "NetworkInterfaceId Description SourceDestCheck Groups Attachment ConnectionTrackingSpecification "
    "AssociatePublicIpAddress",
)
def modify_network_interface_attribute(tx: Tx, request: Request) -> Response:
    """Any number of attributes at once, all or none (fact 49)."""
    interface = need(tx, NetworkInterface, request["NetworkInterfaceId"])
    if set(request) == {"NetworkInterfaceId"}:
        raise NOTHING
    changed = replace(interface, **timeouts(request))
    if "Description" in request:
        changed = replace(changed, description=request["Description"].get("Value") or "")
    if "SourceDestCheck" in request:
        changed = replace(changed, source_dest_check=attribute(request, "SourceDestCheck"))
    if "Groups" in request:
        changed = with_groups(tx, changed, request["Groups"])
    if "Attachment" in request:
        changed = _with_attachment(changed, request["Attachment"])
    tx.put(changed)
    if "AssociatePublicIpAddress" in request:
        _want_public_ip(tx, changed, wanted=request["AssociatePublicIpAddress"])
    return {}


def with_groups(tx: Tx, interface: NetworkInterface, groups: list[str]) -> NetworkInterface:
    """The ENI with other security groups instead; there is always at least one."""
    if not groups:
        raise AwsError("InvalidParameterValue", "You must specify at least one security group.")
    worn = tuple(dict.fromkeys(groups))
    security_groups.check_groups(tx, worn, interface.vpc)
    return replace(interface, groups=worn)


def _with_attachment(interface: NetworkInterface, asked: dict[str, object]) -> NetworkInterface:
    refuse_members(asked, ("AttachmentId", "DeleteOnTermination"), "Attachment")
    if asked.get("DeleteOnTermination") is None:
        raise missing("Attachment.DeleteOnTermination")
    attachment, named = interface.attachment, asked.get("AttachmentId")
    if not named:
        raise missing("Attachment.AttachmentId")
    if attachment is None or attachment.id != named:
        raise AwsError("InvalidAttachmentID.NotFound", f"The attachment ID '{named}' does not exist")
    kept = replace(attachment, delete_on_termination=bool(asked["DeleteOnTermination"]))
    return replace(interface, attachment=kept)


def _want_public_ip(tx: Tx, interface: NetworkInterface, *, wanted: bool) -> None:
    """Enabled for any ENI, it counts on the primary one alone (fact 73)."""
    flagged = replace(interface, wants_public_ip=wanted)
    tx.put(flagged)
    if wanted:
        public_addresses.grant(tx, flagged)
    else:
        public_addresses.release(tx, flagged)


@operation("ResetNetworkInterfaceAttribute", "NetworkInterfaceId SourceDestCheck")
def reset_network_interface_attribute(tx: Tx, request: Request) -> Response:
    """The one attribute that can be reset, to true; AWS takes any text for it."""
    interface = need(tx, NetworkInterface, request["NetworkInterfaceId"])
    if request.get("SourceDestCheck") is None:
        raise NOTHING
    tx.put(replace(interface, source_dest_check=True))
    return {}


ATTRIBUTES = ("description", "groupSet", "sourceDestCheck", "attachment", "associatePublicIpAddress")
"""fact 37"""


@operation("DescribeNetworkInterfaceAttribute", "NetworkInterfaceId Attribute")
def describe_network_interface_attribute(tx: Tx, request: Request) -> Response:
    """One attribute, named as AWS names it."""
    interface = need(tx, NetworkInterface, request["NetworkInterfaceId"])
    name = request.get("Attribute")
    if not name:
        raise NOTHING
    if name not in ATTRIBUTES:
        raise AwsError(
            "InvalidParameterValue", f"Value ({name}) for parameter attribute is invalid. Unknown attribute."
        )
    shown: dict[str, Response] = {
        "description": {"Description": {"Value": interface.description}},
        "groupSet": {"Groups": groups_shape(tx, interface.groups)},
        "sourceDestCheck": {"SourceDestCheck": {"Value": interface.source_dest_check}},
        "attachment": {"Attachment": attachment_shape(interface)} if interface.attachment else {},
        "associatePublicIpAddress": {"AssociatePublicIpAddress": interface.wants_public_ip},
    }
    return {"NetworkInterfaceId": interface.id, **shown[name]}
