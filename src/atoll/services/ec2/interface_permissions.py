"""Permissions of network interfaces: another account may attach an ENI to an instance of its own."""

import re
from typing import Any

from atoll.model.kinds import InterfacePermission, NetworkInterface
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2 import paths
from atoll.services.ec2.checks import invalid, missing, unbuilt
from atoll.services.ec2.describe import candidates, describe, no_pages_with_ids
from atoll.services.ec2.lookup import need, need_unmanaged
from atoll.services.registry import Request, Response, operation

ACCOUNT = re.compile(r"\d{12}\Z")
ATTACH = "INSTANCE-ATTACH"
PERMISSIONS = (ATTACH, "EIP-ASSOCIATE")
PAGE, MOST = 50, 255
"""Items a page where none is asked for, and at most [BC DescribeNetworkInterfacePermissions]."""


def permission_shape(_tx: Tx, permission: InterfacePermission) -> dict[str, Any]:
    """A NetworkInterfacePermission of the API."""
    return {
        "AwsAccountId": permission.to_account,
        "NetworkInterfaceId": permission.interface,
        "NetworkInterfacePermissionId": permission.id,
        "Permission": permission.permission,
        "PermissionState": {"State": "granted"},
    }


@operation("CreateNetworkInterfacePermission", "NetworkInterfaceId AwsAccountId Permission")
def create_network_interface_permission(tx: Tx, request: Request) -> Response:
    """To one account at a time [BC]; the same one again is answered as before."""
    interface = need_unmanaged(tx, request["NetworkInterfaceId"])
    permission, account = request["Permission"], request.get("AwsAccountId")
    if permission not in PERMISSIONS:
        raise invalid(permission, "permission", f"Expecting {' or '.join(PERMISSIONS)}.")
    if permission != ATTACH:
        raise unbuilt(f"The permission {permission}")
    if not account:
        raise missing("awsAccountId")
    if not ACCOUNT.match(account):
        raise invalid(account, "awsAccountId", "Expecting twelve digits.")
    granted = tx.only(InterfacePermission, "interface", interface.id)
    if granted is not None and granted.to_account != account:
        raise AwsError(
            "InvalidParameterValue",
            f"The network interface '{interface.id}' is open to the account {granted.to_account} already, by the "
            f"permission {granted.id}: delete that one first.",
        )
    if granted is None:
        granted = InterfacePermission(
            home=tx.home, id=tx.new_id("eni-perm"), interface=interface.id, to_account=account
        )
        tx.put(granted)
    return {"InterfacePermission": permission_shape(tx, granted)}


@operation("DeleteNetworkInterfacePermission", "NetworkInterfacePermissionId Force")
def delete_network_interface_permission(tx: Tx, request: Request) -> Response:
    """While the other account has the ENI attached only by force; it stays attached then."""
    permission = need(tx, InterfacePermission, request["NetworkInterfacePermissionId"])
    interface = tx.get(NetworkInterface, permission.interface)
    attachment = interface.attachment if interface else None
    if attachment is not None and attachment.owner == permission.to_account and not request.get("Force"):
        raise AwsError(
            "OperationNotPermitted",
            f"The network interface '{permission.interface}' is attached to an instance of the account "
            f"{permission.to_account}: detach it first, or use Force.",
        )
    tx.delete(permission)
    return {"Return": True}


PREFIX = "network-interface-permission"
FILTERS = paths.filters(
    permission_shape,
    {
        f"{PREFIX}.aws-account-id": "AwsAccountId",
        f"{PREFIX}.aws-service": "AwsService",
        f"{PREFIX}.network-interface-id": "NetworkInterfaceId",
        f"{PREFIX}.network-interface-permission-id": "NetworkInterfacePermissionId",
        f"{PREFIX}.permission": "Permission",
    },
)


@operation("DescribeNetworkInterfacePermissions", "NetworkInterfacePermissionIds Filters MaxResults NextToken")
def describe_network_interface_permissions(tx: Tx, request: Request) -> Response:
    """What this account has granted."""
    no_pages_with_ids(request, "NetworkInterfacePermissionIds")
    indexed = {f"{PREFIX}.network-interface-id": "interface"}
    found = candidates(tx, InterfacePermission, request, "NetworkInterfacePermissionIds", indexed)
    paged = {"MaxResults": PAGE, **request}
    return describe(tx, paged, found, FILTERS, "NetworkInterfacePermissions", permission_shape, most=MOST)


def need_attachable(tx: Tx, id_: str) -> NetworkInterface:
    """The ENI of that id that this account may attach: its own, or one that another account has opened to it."""
    other = tx.get(NetworkInterface, id_)
    if other is not None and other.account != tx.account and other.region == tx.region:
        granted = tx.only(InterfacePermission, "interface", id_)
        if granted is not None and granted.to_account == tx.account:
            return other
    return need_unmanaged(tx, id_)
