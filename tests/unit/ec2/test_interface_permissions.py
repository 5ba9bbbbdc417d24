"""Permissions of network interfaces: another account attaches what was opened to it."""

from typing import Any

import pytest

from tests.support.expect import named, pages, refused
from tests.support.inprocess import ACCOUNT, InProcess
from tests.support.lab import Lab

OTHER = "210987654321"
ATTACH = "INSTANCE-ATTACH"


class Guest(Lab):
    """Another account's VPC and instances in the same cloud."""

    def __init__(self, cloud: InProcess) -> None:
        before = cloud.client
        cloud.client = lambda *_args, **_more: before(account=OTHER)  # type: ignore[method-assign]
        super().__init__(cloud)
        cloud.client = before  # type: ignore[method-assign]


def grant(lab: Lab, interface: str, account: str = OTHER) -> dict[str, Any]:
    answer = lab.ec2.create_network_interface_permission(
        NetworkInterfaceId=interface, AwsAccountId=account, Permission=ATTACH
    )
    return dict(answer["InterfacePermission"])


def test_create_and_describe(lab: Lab) -> None:
    interface = lab.interface()
    made = grant(lab, interface)
    assert made == {
        "AwsAccountId": OTHER,
        "NetworkInterfaceId": interface,
        "NetworkInterfacePermissionId": made["NetworkInterfacePermissionId"],
        "Permission": ATTACH,
        "PermissionState": {"State": "granted"},
    }
    assert made["NetworkInterfacePermissionId"].startswith("eni-perm-")
    assert grant(lab, interface) == made
    describe = lab.ec2.describe_network_interface_permissions
    others = [grant(lab, lab.interface()) for _ in range(5)]
    prefix = "network-interface-permission"
    for name, value in {
        f"{prefix}.network-interface-id": interface,
        f"{prefix}.network-interface-permission-id": made["NetworkInterfacePermissionId"],
    }.items():
        assert describe(Filters=named(name, value))["NetworkInterfacePermissions"] == [made]
    found = describe(Filters=named(f"{prefix}.aws-account-id", "2109*"))["NetworkInterfacePermissions"]
    assert found == [made, *others]
    ids = [made["NetworkInterfacePermissionId"]]
    assert describe(NetworkInterfacePermissionIds=ids)["NetworkInterfacePermissions"] == [made]
    assert pages(describe, "NetworkInterfacePermissions", 5) == [5, 1]
    refused("InvalidParameterValue", describe, MaxResults=256)
    refused("InvalidPermissionID.NotFound", describe, NetworkInterfacePermissionIds=["eni-perm-0123456789abcdef0"])
    refused("InvalidPermissionID.Malformed", describe, NetworkInterfacePermissionIds=["eni-0123456789abcdef0"])


@pytest.mark.parametrize(
    ("code", "params"),
    [
        ("InvalidNetworkInterfaceID.NotFound", {"NetworkInterfaceId": "eni-0123456789abcdef0"}),
        ("InvalidParameterValue", {"Permission": "EVERYTHING"}),
        ("UnsupportedOperation", {"Permission": "EIP-ASSOCIATE"}),
        ("UnsupportedOperation", {"AwsService": "rds"}),
        ("MissingParameter", {"AwsAccountId": ""}),
        ("InvalidParameterValue", {"AwsAccountId": "me"}),
    ],
)
def test_refused_permissions(lab: Lab, code: str, params: dict[str, str]) -> None:
    asked = {"NetworkInterfaceId": lab.interface(), "AwsAccountId": OTHER, "Permission": ATTACH, **params}
    refused(code, lab.ec2.create_network_interface_permission, **asked)
    assert lab.ec2.describe_network_interface_permissions()["NetworkInterfacePermissions"] == []


def test_one_account_at_a_time(lab: Lab) -> None:
    interface = lab.interface()
    made = grant(lab, interface)
    create, delete = lab.ec2.create_network_interface_permission, lab.ec2.delete_network_interface_permission
    other = {"NetworkInterfaceId": interface, "AwsAccountId": "111122223333", "Permission": ATTACH}
    refused("InvalidParameterValue", create, **other)
    assert delete(NetworkInterfacePermissionId=made["NetworkInterfacePermissionId"])["Return"] is True
    create(**other)
    id_ = made["NetworkInterfacePermissionId"]
    refused("InvalidPermissionID.NotFound", delete, NetworkInterfacePermissionId=id_)


def test_the_other_account_attaches_it(lab: Lab) -> None:
    guest = Guest(lab.cloud)
    interface, instance = lab.interface(), guest.launch()
    attach = {"NetworkInterfaceId": interface, "InstanceId": instance, "DeviceIndex": 1}
    refused("InvalidNetworkInterfaceID.NotFound", guest.ec2.attach_network_interface, **attach)
    permission = grant(lab, interface)["NetworkInterfacePermissionId"]
    guest.ec2.attach_network_interface(**attach)
    shown = lab.eni(interface)
    assert (shown["OwnerId"], shown["Attachment"]["InstanceOwnerId"]) == (ACCOUNT, OTHER)
    assert [one["NetworkInterfaceId"] for one in guest.instance(instance)["NetworkInterfaces"]][1:] == [interface]
    delete, named_ = lab.ec2.delete_network_interface_permission, {"NetworkInterfacePermissionId": permission}
    refused("OperationNotPermitted", delete, **named_)
    delete(**named_, Force=True)
    assert lab.eni(interface)["Status"] == "in-use"
    stranger = lab.cloud.client(account="111122223333")
    attachment = {"AttachmentId": shown["Attachment"]["AttachmentId"]}
    refused("InvalidAttachmentID.NotFound", stranger.detach_network_interface, **attachment)
    guest.ec2.detach_network_interface(**attachment)
    assert lab.eni(interface)["Status"] == "available"


def test_a_permission_ends_with_its_interface(lab: Lab) -> None:
    interface = lab.interface()
    grant(lab, interface)
    lab.ec2.delete_network_interface(NetworkInterfaceId=interface)
    assert lab.ec2.describe_network_interface_permissions()["NetworkInterfacePermissions"] == []
