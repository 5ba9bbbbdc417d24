"""Attributes of network interfaces: modify, reset, describe."""

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from atoll.model.kinds import NetworkInterface
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2 import connection_tracking, public_addresses, security_groups
from atoll.services.ec2.checks import attribute, missing, refuse_members, wire
from atoll.services.ec2.interface_shape import attachment_shape, groups_shape
from atoll.services.ec2.lookup import need, need_unmanaged
from atoll.services.registry import Request, Response, operation

NOTHING = AwsError("InvalidParameterCombination", "No attributes specified.")


def _description(tx: Tx, interface: NetworkInterface, request: Request) -> None:
    tx.put(replace(interface, description=request["Description"].get("Value") or ""))


def _source_dest_check(tx: Tx, interface: NetworkInterface, request: Request) -> None:
    tx.put(replace(interface, source_dest_check=attribute(request, "SourceDestCheck")))


def _groups(tx: Tx, interface: NetworkInterface, request: Request) -> None:
    tx.put(with_groups(tx, interface, request["Groups"]))


def _attachment(tx: Tx, interface: NetworkInterface, request: Request) -> None:
    tx.put(_with_attachment(interface, request["Attachment"]))


def _public_ip(tx: Tx, interface: NetworkInterface, request: Request) -> None:
    """Enabled for any ENI, it counts on the primary one alone (fact 73)."""
    flagged = replace(interface, wants_public_ip=request["AssociatePublicIpAddress"])
    tx.put(flagged)
    if flagged.wants_public_ip:
        public_addresses.grant(tx, flagged)
    else:
        public_addresses.release(tx, flagged)


def _tracking(tx: Tx, interface: NetworkInterface, request: Request) -> None:
    asked = request[connection_tracking.PARAMETER]
    tx.put(replace(interface, tracking=connection_tracking.with_times(interface.tracking, asked)))


CHANGES: dict[str, Callable[[Tx, NetworkInterface, Request], None]] = {
    "Description": _description,
    "SourceDestCheck": _source_dest_check,
    "Groups": _groups,
    "Attachment": _attachment,
    "AssociatePublicIpAddress": _public_ip,
    connection_tracking.PARAMETER: _tracking,
}


@operation("ModifyNetworkInterfaceAttribute", "NetworkInterfaceId " + " ".join(CHANGES))
def modify_network_interface_attribute(tx: Tx, request: Request) -> Response:
    """One attribute a call [BC]."""
    interface = need_unmanaged(tx, request["NetworkInterfaceId"])
    CHANGES[the_one(request, CHANGES)](tx, interface, request)
    return {}


def the_one(request: Request, attributes: Iterable[str]) -> str:
    """The one attribute that a call modifies (fact 49)."""
    given = [name for name in attributes if name in request]
    if not given:
        raise NOTHING
    if len(given) > 1:
        words = ", ".join(wire(name) for name in given)
        raise AwsError("InvalidParameterCombination", f"Fields for multiple attribute types specified: {words}")
    return given[0]


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


@operation("ResetNetworkInterfaceAttribute", "NetworkInterfaceId SourceDestCheck")
def reset_network_interface_attribute(tx: Tx, request: Request) -> Response:
    """The one attribute that can be reset, to true; AWS takes any text for it."""
    interface = need_unmanaged(tx, request["NetworkInterfaceId"])
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
