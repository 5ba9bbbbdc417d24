"""Settings that stay as AWS gives them: told, granted where they are so already, refused where they are not."""

from typing import Any

import pytest

from tests.support.expect import refused
from tests.support.inprocess import ACCOUNT, InProcess


def told(ec2: Any, operation: str, **params: Any) -> dict[str, Any]:
    answer = getattr(ec2, operation)(**params)
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


@pytest.mark.parametrize(
    ("operation", "params", "answer"),
    [
        ("get_serial_console_access_status", {}, {"SerialConsoleAccessEnabled": False, "ManagedBy": "account"}),
        ("disable_serial_console_access", {}, {"SerialConsoleAccessEnabled": False}),
        (
            "get_image_block_public_access_state",
            {},
            {"ImageBlockPublicAccessState": "block-new-sharing", "ManagedBy": "account"},
        ),
        (
            "enable_image_block_public_access",
            {"ImageBlockPublicAccessState": "block-new-sharing"},
            {"ImageBlockPublicAccessState": "block-new-sharing"},
        ),
        ("get_snapshot_block_public_access_state", {}, {"State": "unblocked", "ManagedBy": "account"}),
        ("disable_snapshot_block_public_access", {}, {"State": "unblocked"}),
        (
            "get_allowed_images_settings",
            {},
            {"State": "disabled", "ImageCriteria": [], "ManagedBy": "account"},
        ),
        ("disable_allowed_images_settings", {}, {"AllowedImagesSettingsState": "disabled"}),
        (
            "describe_instance_event_notification_attributes",
            {},
            {"InstanceTagAttribute": {"InstanceTagKeys": [], "IncludeAllTagsOfInstance": False}},
        ),
    ],
)
def test_what_is_so(ec2: Any, operation: str, params: dict[str, Any], answer: dict[str, Any]) -> None:
    assert told(ec2, operation, **params) == answer
    refused("DryRunOperation", getattr(ec2, operation), DryRun=True, **params)


@pytest.mark.parametrize(
    "operation",
    [
        "enable_serial_console_access",
        "disable_image_block_public_access",
        "enable_snapshot_block_public_access",
        "enable_allowed_images_settings",
        "register_instance_event_notification_attributes",
        "modify_vpc_block_public_access_options",
    ],
)
def test_what_would_change_it_is_refused(cloud: InProcess, operation: str) -> None:
    required: dict[str, dict[str, Any]] = {
        "enable_snapshot_block_public_access": {"State": "block-all-sharing"},
        "enable_allowed_images_settings": {"AllowedImagesSettingsState": "enabled"},
        "register_instance_event_notification_attributes": {"InstanceTagAttribute": {"IncludeAllTagsOfInstance": True}},
        "modify_vpc_block_public_access_options": {"InternetGatewayBlockMode": "block-ingress"},
    }
    refused("InvalidAction", getattr(cloud.client(), operation), **required.get(operation, {}))


def test_images_know_one_mode_of_blocking(ec2: Any) -> None:
    block = ec2.enable_image_block_public_access
    refused("InvalidParameterValue", block, ImageBlockPublicAccessState="unblocked")
    refused("MissingParameter", block)


def test_no_vpc_is_blocked(cloud: InProcess) -> None:
    shown = cloud.client(region="eu-west-1").describe_vpc_block_public_access_options()["VpcBlockPublicAccessOptions"]
    assert shown == {
        "AwsAccountId": ACCOUNT,
        "AwsRegion": "eu-west-1",
        "State": "default-state",
        "InternetGatewayBlockMode": "off",
        "ManagedBy": "account",
        "ExclusionsAllowed": "allowed",
    }
