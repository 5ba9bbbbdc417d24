"""How a type's description answers for each attribute of InstanceRequirements [BC]."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Type = Mapping[str, Any]
"""A type as DescribeInstanceTypes shows it."""

ACCELERATORS = {
    "gpu": ("GpuInfo", "Gpus"),
    "fpga": ("FpgaInfo", "Fpgas"),
    "inference": ("InferenceAcceleratorInfo", "Accelerators"),
    "media": ("MediaAcceleratorInfo", "Accelerators"),
}
"""Where a description has the accelerators of each kind."""

MANUFACTURERS = {"AWS": "amazon-web-services"}
"""Where descriptions write another name than requirements, beside the case."""


def _manufacturer(name: str) -> str:
    return MANUFACTURERS.get(name, name.lower())


def _accelerators(type_: Type) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each with its kind. Trainium chips are in NeuronInfo alone; the other chips there stand under inference too."""
    for kind, (info, member) in ACCELERATORS.items():
        for one in type_.get(info, {}).get(member, ()):
            yield kind, one
    if "InferenceAcceleratorInfo" not in type_:
        for one in type_.get("NeuronInfo", {}).get("NeuronDevices", ()):
            yield "inference", {"Manufacturer": "AWS", **one}


def _name(accelerator: Mapping[str, Any]) -> str:
    """As requirements write it: "Virtex UltraScale (VU9P)" is vu9p."""
    name: str = accelerator["Name"].lower()
    return name[name.index("(") + 1 : -1] if name.endswith(")") else name.replace(" ", "-")


def _count(accelerator: Mapping[str, Any]) -> int:
    """A part of a GPU that stands for one counts as one."""
    return int(accelerator.get("LogicalGpuCount", accelerator["Count"]))


def _memory(type_: Type) -> int:
    return sum(_count(one) * one.get("MemoryInfo", {}).get("SizeInMiB", 0) for _, one in _accelerators(type_))


def _vcpus(type_: Type) -> int:
    return int(type_["VCpuInfo"]["DefaultVCpus"])


def _network(type_: Type) -> float:
    return sum(float(one.get("BaselineBandwidthInGbps", 0)) for one in type_["NetworkInfo"]["NetworkCards"])


def local_storage(type_: Type) -> Mapping[str, Any]:
    """Its disks; empty for a type that has none."""
    info: Mapping[str, Any] = type_.get("InstanceStorageInfo", {})
    return info


NUMBERS: dict[str, Callable[[Type], float]] = {
    "VCpuCount": _vcpus,
    "MemoryMiB": lambda type_: type_["MemoryInfo"]["SizeInMiB"],
    "MemoryGiBPerVCpu": lambda type_: type_["MemoryInfo"]["SizeInMiB"] / 1024 / _vcpus(type_),
    "NetworkInterfaceCount": lambda type_: type_["NetworkInfo"]["MaximumNetworkInterfaces"],
    "TotalLocalStorageGB": lambda type_: local_storage(type_).get("TotalSizeInGB", 0),
    "BaselineEbsBandwidthMbps": lambda type_: (
        type_["EbsInfo"].get("EbsOptimizedInfo", {}).get("BaselineBandwidthInMbps", 0)
    ),
    "AcceleratorCount": lambda type_: sum(_count(one) for _, one in _accelerators(type_)),
    "AcceleratorTotalMemoryMiB": _memory,
    "NetworkBandwidthGbps": _network,
}
"""Attributes with a least and a greatest value."""

WORDS: dict[str, Callable[[Type], set[str]]] = {
    "CpuManufacturers": lambda type_: {_manufacturer(type_["ProcessorInfo"]["Manufacturer"])},
    "InstanceGenerations": lambda type_: {"current" if type_["CurrentGeneration"] else "previous"},
    "AcceleratorTypes": lambda type_: {kind for kind, _ in _accelerators(type_)},
    "AcceleratorManufacturers": lambda type_: {_manufacturer(one["Manufacturer"]) for _, one in _accelerators(type_)},
    "AcceleratorNames": lambda type_: {_name(one) for _, one in _accelerators(type_)},
}
"""Attributes of which one of some values must be there."""

KINDS: dict[str, Callable[[Type], bool]] = {
    "BareMetal": lambda type_: type_["BareMetal"],
    "BurstablePerformance": lambda type_: type_["BurstablePerformanceSupported"],
    "LocalStorage": lambda type_: type_["InstanceStorageSupported"],
}
"""Attributes that are included, required or excluded."""

USUAL = {"BareMetal": "excluded", "BurstablePerformance": "excluded"}
"""What holds of them when nothing is said; local storage is included."""

NEEDS: dict[str, Callable[[Type], bool]] = {
    "RequireHibernateSupport": lambda type_: type_["HibernationSupported"],
    "RequireEncryptionInTransit": lambda type_: type_["NetworkInfo"]["EncryptionInTransitSupported"],
}

VALUES = {
    "CpuManufacturers": ("intel", "amd", "amazon-web-services", "apple"),
    "InstanceGenerations": ("current", "previous"),
    "AcceleratorTypes": ("gpu", "fpga", "inference", "media"),
    "AcceleratorManufacturers": ("amazon-web-services", "amd", "nvidia", "xilinx", "habana"),
    "AcceleratorNames": (
        "a100", "inferentia", "k520", "k80", "m60", "radeon-pro-v520", "t4", "vu9p", "v100", "a10g", "h100", "t4g",
        "l40s", "l4", "gaudi-hl-205", "inferentia2", "trainium", "trainium2", "u30",
    ),
    "LocalStorageTypes": ("hdd", "ssd"),
}  # fmt: skip
"""The values of attributes that have some."""
