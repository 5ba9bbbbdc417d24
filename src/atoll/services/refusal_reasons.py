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
_HOSTS = "All instances share this machine: leave the tenancy at default."

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
    "GetConsoleScreenshot": "A guest has no screen: use GetConsoleOutput, or the command atoll shell.",
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
