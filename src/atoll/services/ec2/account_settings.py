"""Settings of an account in a region that stay as AWS gives them: here nothing could obey another choice.

Reads tell them; a change that asks for what is so already is granted, any other is refused (refusal_reasons.py).
"""

from typing import Any

from atoll.model.tx import Tx
from atoll.services.ec2.checks import invalid
from atoll.services.registry import Request, Response, operation

BY_ACCOUNT = {"ManagedBy": "account"}

FIXED: dict[str, dict[str, Any]] = {
    "GetSerialConsoleAccessStatus": {"SerialConsoleAccessEnabled": False, **BY_ACCOUNT},
    "DisableSerialConsoleAccess": {"SerialConsoleAccessEnabled": False},
    # AWS's default for accounts without public images; an image cannot be shared here at all
    "GetImageBlockPublicAccessState": {"ImageBlockPublicAccessState": "block-new-sharing", **BY_ACCOUNT},
    "GetSnapshotBlockPublicAccessState": {"State": "unblocked", **BY_ACCOUNT},
    "DisableSnapshotBlockPublicAccess": {"State": "unblocked"},
    "GetAllowedImagesSettings": {"State": "disabled", "ImageCriteria": [], **BY_ACCOUNT},
    "DisableAllowedImagesSettings": {"AllowedImagesSettingsState": "disabled"},
    "DescribeInstanceEventNotificationAttributes": {
        "InstanceTagAttribute": {"InstanceTagKeys": [], "IncludeAllTagsOfInstance": False}
    },
}
"""Operations without parameters, and their only answer [BC]."""


def _register(name: str, told: dict[str, Any]) -> None:
    @operation(name)
    def tell(_tx: Tx, _request: Request) -> Response:
        return told


for _name, _told in FIXED.items():
    _register(_name, _told)


@operation("EnableImageBlockPublicAccess", "ImageBlockPublicAccessState")
def enable_image_block_public_access(_tx: Tx, request: Request) -> Response:
    """It is on, in the one mode that there is."""
    asked = request["ImageBlockPublicAccessState"]
    if asked != "block-new-sharing":
        raise invalid(asked, "imageBlockPublicAccessState", "Expecting block-new-sharing.")
    return {"ImageBlockPublicAccessState": asked}


@operation("DescribeVpcBlockPublicAccessOptions")
def describe_vpc_block_public_access_options(tx: Tx, _request: Request) -> Response:
    """Off: internet gateways pass what route tables, network ACLs and security groups let pass."""
    return {
        "VpcBlockPublicAccessOptions": {
            "AwsAccountId": tx.account,
            "AwsRegion": tx.region,
            "ExclusionsAllowed": "allowed",
            "InternetGatewayBlockMode": "off",
            "State": "default-state",
            **BY_ACCOUNT,
        }
    }
