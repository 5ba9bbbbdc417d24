"""Attaching network interfaces to instances and detaching them."""

import re

from atoll.model.kinds import Attachment, Instance, NetworkInterface
from atoll.model.machines import POWERED
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2 import prefixes
from atoll.services.ec2.instance_types import limits
from atoll.services.ec2.interface_making import attach, detach
from atoll.services.ec2.interface_permissions import need_attachable
from atoll.services.ec2.lookup import need
from atoll.services.ec2.private_addresses import limit_exceeded
from atoll.services.registry import Request, Response, operation

ATTACHMENT = re.compile(r"eni-attach-(?:[0-9a-f]{8}|[0-9a-f]{17})\Z")
ATTACHABLE = POWERED | {"stopped"}
"""States in which ENIs come and go: hot and warm (fact 38)."""


@operation("AttachNetworkInterface", "NetworkInterfaceId InstanceId DeviceIndex NetworkCardIndex")
def attach_network_interface(tx: Tx, request: Request) -> Response:
    """Attached when the call returns. The ENI is not deleted with the instance (fact 48)."""
    interface = need_attachable(tx, request["NetworkInterfaceId"])
    instance = need(tx, Instance, request["InstanceId"])
    index: int = request["DeviceIndex"]
    if interface.attachment is not None:
        raise in_use(interface.id)
    if instance.state not in ATTACHABLE:
        raise AwsError("IncorrectState", f"Instance '{instance.id}' is not 'running' or 'stopped'.")
    if interface.zone != instance.zone:
        raise AwsError(
            "InvalidParameterCombination",
            "You may not attach a network interface to an instance if they are not in the same availability zone",
        )
    _check_index(tx, instance, index)
    check_card(instance.type, request.get("NetworkCardIndex"))
    count = tx.count(NetworkInterface, "instance", instance.id) + 1
    check_interfaces(instance.type, count)
    if prefixes.prefixes_of(tx, interface.id):
        prefixes.check_nitro(instance.type)
    if prefixes.slots_of(tx, interface.id) > limits(instance.type).addresses:
        raise limit_exceeded(interface.id)
    attached = attach(tx, interface, instance.id, index, delete_on_termination=False)
    assert attached.attachment is not None
    return {"AttachmentId": attached.attachment.id, "NetworkCardIndex": 0}


def in_use(interface: str) -> AwsError:
    """The ENI is attached already (fact 42)."""
    return AwsError("InvalidNetworkInterface.InUse", f"Interface: [{interface}] in use.")


def check_interfaces(type_: str, count: int) -> None:
    """Whether an instance of the type may have so many ENIs (fact 43)."""
    if count > limits(type_).interfaces:
        raise AwsError("AttachmentLimitExceeded", f"Interface count {count} exceeds the limit for {type_}")


def check_card(type_: str, card: int | None) -> None:
    """Every ENI here is on the first network card."""
    if card:
        raise AwsError(
            "UnsupportedOperation", f"Network cards other than 0 are not built in Atoll ({type_}, network card {card})."
        )


def _check_index(tx: Tx, instance: Instance, index: int) -> None:
    """Any free index will do; 0 never is one (fact 41)."""
    if index < 0:
        raise AwsError("InvalidParameterValue", f"Value ({index}) for parameter deviceIndex is invalid.")
    for other in tx.by(NetworkInterface, "instance", instance.id):
        if other.attachment is not None and other.attachment.index == index:
            raise AwsError(
                "InvalidParameterValue",
                f"Instance '{instance.id}' already has an interface attached at device index '{index}'.",
            )


@operation("DetachNetworkInterface", "AttachmentId Force")
def detach_network_interface(tx: Tx, request: Request) -> Response:
    """Detached when the call returns, so Force has nothing left to skip."""
    named = request["AttachmentId"]
    if not ATTACHMENT.match(named):
        raise AwsError("InvalidNetworkInterfaceAttachmentId.Malformed", f'Invalid id: "{named}"')
    interface = tx.only(NetworkInterface, "attachment_id", named)
    if interface is None or interface.attachment is None or not _may_detach(tx, interface, interface.attachment):
        raise AwsError("InvalidAttachmentID.NotFound", f"The attachment ID '{named}' does not exist")
    if interface.attachment.index == 0:
        raise AwsError(
            "OperationNotPermitted",
            "The network interface at device index 0 and networkCard index 0 cannot be detached.",
        )
    detach(tx, interface)
    return {}


def _may_detach(tx: Tx, interface: NetworkInterface, attachment: Attachment) -> bool:
    """The ENI's owner may, and that of the instance that it is attached to."""
    return interface.region == tx.region and tx.account in (interface.account, attachment.owner)
