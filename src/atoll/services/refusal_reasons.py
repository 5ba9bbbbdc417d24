"""Why some known operations are not built, in words that say what to do instead."""

_VOLUMES = (
    "An instance has its root volume alone, a record: leave data volumes out, or keep their files on the root volume."
)
_SNAPSHOTS = "A volume is a record: there is nothing in it to take a snapshot of."
_IMAGES = (
    "Images are a fixed table, and each runs the same guest: an image made of an instance would not hold what was "
    "installed there. Launch one of DescribeImages, and install by UserData."
)
_CLASSIC = "EC2-Classic is retired: every Elastic IP is of the domain vpc already."
_SPOT = "Every instance is on demand: use RunInstances without InstanceMarketOptions."
_HOSTS = "All instances share this machine, which is one account's host already: use the tenancy default or dedicated."
_LONG_IDS = "All ids are long, on AWS too since the periods of choice ended."
_ALLOWED = "Images are a fixed table, and all of them are allowed."

REASONS = {
    **dict.fromkeys(("AttachVolume", "CopyVolumes", "CreateVolume", "DetachVolume", "EnableVolumeIO"), _VOLUMES),
    **dict.fromkeys(("CopySnapshot", "CreateReplaceRootVolumeTask", "CreateSnapshot", "CreateSnapshots"), _SNAPSHOTS),
    **dict.fromkeys(
        (
            "CopyImage",
            "CreateImage",
            "DeregisterImage",
            "DisableImage",
            "DisableImageDeprecation",
            "DisableImageDeregistrationProtection",
            "EnableImage",
            "EnableImageDeprecation",
            "EnableImageDeregistrationProtection",
            "ImportImage",
            "ModifyImageAttribute",
            "RegisterImage",
            "ResetImageAttribute",
        ),
        _IMAGES,
    ),
    **dict.fromkeys(("MoveAddressToVpc", "RestoreAddressToClassic"), _CLASSIC),
    **dict.fromkeys(("RequestSpotFleet", "RequestSpotInstances"), _SPOT),
    **dict.fromkeys(("AllocateHosts", "ModifyHosts", "ReleaseHosts"), _HOSTS),
    **dict.fromkeys(("ModifyIdFormat", "ModifyIdentityIdFormat"), _LONG_IDS),
    **dict.fromkeys(("EnableAllowedImagesSettings", "ReplaceImageCriteriaInAllowedImagesSettings"), _ALLOWED),
    "DescribeVpcEndpointServices": "AWS offers services there, and no endpoint to one can be made here.",
    "DisableImageBlockPublicAccess": "An image cannot be shared with anybody here, so this stays on.",
    "EnableSerialConsoleAccess": "A guest has no serial console to connect to: use the command atoll shell.",
    "EnableSnapshotBlockPublicAccess": "There are no snapshots of one's own whose sharing could be blocked.",
    "ModifyVpcBlockPublicAccessOptions": "Nothing here would obey it: use route tables, ACLs and security groups.",
    "RegisterInstanceEventNotificationAttributes": "Nothing here schedules events or tells of them.",
    "ReportInstanceStatus": "Nobody would read the report.",
    "ValidateSecurityGroupQuotasForInterface": "AWS lets nobody but its own services call it.",
    "GetConsoleScreenshot": "A guest has no screen: use GetConsoleOutput, or the command atoll shell.",
    "GetInstanceTpmEkPub": "A guest has no TPM.",
    "GetInstanceUefiData": "A guest has no firmware.",
    "SendDiagnosticInterrupt": "A guest has no kernel of its own that could be interrupted.",
}

NO_CLASSIC = frozenset(
    {
        "AttachClassicLinkVpc",
        "DescribeClassicLinkInstances",
        "DescribeVpcClassicLink",
        "DescribeVpcClassicLinkDnsSupport",
        "DetachClassicLinkVpc",
        "DisableVpcClassicLink",
        "DisableVpcClassicLinkDnsSupport",
        "EnableVpcClassicLink",
        "EnableVpcClassicLinkDnsSupport",
    }
)
"""What AWS refuses where there is no EC2-Classic; old clients ask for it at every VPC, and know that refusal."""
