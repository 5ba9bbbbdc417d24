"""GetInstanceTypesFromInstanceRequirements: which types have the attributes that are asked for.

Each attribute is one line of a table: how a type's description answers for it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2.checks import invalid, missing, refuse_members, wire
from atoll.services.ec2.describe import answer, page
from atoll.services.ec2.instance_types import description, names
from atoll.services.ec2.wildcards import matcher
from atoll.services.registry import Request, Response, operation

Type = Mapping[str, Any]
"""A type as DescribeInstanceTypes shows it."""

WHERE = "InstanceRequirements"

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


def _storage(type_: Type) -> Mapping[str, Any]:
    info: Mapping[str, Any] = type_.get("InstanceStorageInfo", {})
    return info


NUMBERS: dict[str, Callable[[Type], float]] = {
    "VCpuCount": _vcpus,
    "MemoryMiB": lambda type_: type_["MemoryInfo"]["SizeInMiB"],
    "MemoryGiBPerVCpu": lambda type_: type_["MemoryInfo"]["SizeInMiB"] / 1024 / _vcpus(type_),
    "NetworkInterfaceCount": lambda type_: type_["NetworkInfo"]["MaximumNetworkInterfaces"],
    "TotalLocalStorageGB": lambda type_: _storage(type_).get("TotalSizeInGB", 0),
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
CHOICES = ("included", "required", "excluded")
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
ARCHITECTURES = ("i386", "x86_64", "arm64", "x86_64_mac", "arm64_mac")
VIRTUALIZATIONS = ("hvm", "paravirtual")

Test = Callable[[Type], bool]


def _check_values(asked: Mapping[str, Any]) -> None:
    for name, known in VALUES.items():
        for value in asked.get(name) or ():
            if value not in known:
                raise invalid(value, wire(name), f"Expecting {', '.join(known)}.")
    for name in KINDS:
        if asked.get(name) not in (None, *CHOICES):
            raise invalid(asked[name], wire(name), f"Expecting {', '.join(CHOICES)}.")


def _range(name: str, asked: Mapping[str, Any]) -> Test:
    least, most = asked.get("Min"), asked.get("Max")
    if least is not None and most is not None and least > most:
        raise invalid(most, f"{WHERE}.{name}.Max", f"It is less than Min, {least}.")
    value = NUMBERS[name]
    return lambda type_: (least is None or value(type_) >= least) and (most is None or value(type_) <= most)


def _any_of(read: Callable[[Type], set[str]], wanted: Iterable[str]) -> Test:
    chosen = frozenset(wanted)
    return lambda type_: not chosen.isdisjoint(read(type_))


def _kind(read: Test, choice: str) -> Test:
    return lambda type_: choice == "included" or read(type_) == (choice == "required")


def _needed(can: Test, wanted: bool) -> Test:
    return lambda type_: not wanted or can(type_)


def _disks(wanted: Iterable[str]) -> Test:
    """Of types that have local storage at all: whether there must be some, LocalStorage says."""
    chosen = frozenset(wanted)
    return lambda type_: all(disk["Type"] in chosen for disk in _storage(type_).get("Disks", ()))


def _named(patterns: Iterable[str], *, wanted: bool) -> Test:
    matches = matcher(patterns)
    return lambda type_: matches([type_["InstanceType"]]) == wanted


def _check(asked: Mapping[str, Any]) -> None:
    refuse_members(asked, TESTS, WHERE)
    _check_values(asked)
    for name in ("VCpuCount", "MemoryMiB"):
        if (asked.get(name) or {}).get("Min") is None:
            raise missing(f"{WHERE}.{name}.Min")
    if asked.get("AllowedInstanceTypes") and asked.get("ExcludedInstanceTypes"):
        raise AwsError(
            "InvalidParameterCombination",
            "The parameter allowedInstanceTypes cannot be used with the parameter excludedInstanceTypes",
        )


TESTS: dict[str, Callable[[Any], Test]] = {
    **{name: partial(_range, name) for name in NUMBERS},
    **{name: partial(_any_of, read) for name, read in WORDS.items()},
    **{name: partial(_kind, has) for name, has in KINDS.items()},
    **{name: partial(_needed, can) for name, can in NEEDS.items()},
    "LocalStorageTypes": _disks,
    "AllowedInstanceTypes": partial(_named, wanted=True),
    "ExcludedInstanceTypes": partial(_named, wanted=False),
}
"""What makes of an attribute's value the test of a type."""


def tests(asked: Mapping[str, Any]) -> list[Test]:
    """What InstanceRequirements ask of a type, one by one; AWS's error for what cannot be asked."""
    _check(asked)
    given = {name: value for name, value in asked.items() if value not in (None, [], {})}
    return [TESTS[name](value) for name, value in {**USUAL, **given}.items()]


def _checked(request: Request, name: str, known: tuple[str, ...]) -> list[str]:
    asked: list[str] = request[name]
    if not asked:
        raise missing(name)
    for value in asked:
        if value not in known:
            raise invalid(value, wire(name), f"Expecting {', '.join(known)}.")
    return asked


@operation(
    "GetInstanceTypesFromInstanceRequirements",
    "ArchitectureTypes VirtualizationTypes InstanceRequirements MaxResults NextToken",
)
def get_instance_types_from_instance_requirements(_tx: Tx, request: Request) -> Response:
    """By attributes alone: capacity and prices are not looked at, on AWS neither."""
    architectures = _checked(request, "ArchitectureTypes", ARCHITECTURES)
    virtualizations = _checked(request, "VirtualizationTypes", VIRTUALIZATIONS)
    wanted = [
        _any_of(lambda type_: set(type_["ProcessorInfo"]["SupportedArchitectures"]), architectures),
        _any_of(lambda type_: set(type_["SupportedVirtualizationTypes"]), virtualizations),
        *tests(request[WHERE]),
    ]
    found = [name for name in names() if all(test(description(name)) for test in wanted)]
    shown, token = page(found, {"MaxResults": 1000, **request}, least=1)
    return answer("InstanceTypes", ({"InstanceType": name} for name in shown), token)
