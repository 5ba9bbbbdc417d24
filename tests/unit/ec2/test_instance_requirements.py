"""Which instance types have the attributes that are asked for."""

from typing import Any

import botocore.session
import pytest

from atoll.services.ec2.instance_requirement_tables import VALUES
from atoll.services.ec2.instance_types import description
from tests.support.expect import pages, refused

HARDWARE = {"ArchitectureTypes": ["x86_64"], "VirtualizationTypes": ["hvm"]}
ANY: dict[str, Any] = {"VCpuCount": {"Min": 0}, "MemoryMiB": {"Min": 0}}


def found(ec2: Any, **requirements: Any) -> list[str]:
    answer = ec2.get_instance_types_from_instance_requirements(**HARDWARE, InstanceRequirements=ANY | requirements)
    return [one["InstanceType"] for one in answer["InstanceTypes"]]


def of(family: str, **requirements: Any) -> dict[str, Any]:
    return {"AllowedInstanceTypes": [f"{family}.*"], **requirements}


def test_neither_metal_nor_burstable_types_unless_they_are_asked_for(ec2: Any) -> None:
    usual = found(ec2)
    assert {"m5.large", "m5d.large", "c5.xlarge", "p4d.24xlarge"} <= set(usual)
    assert not {"m5.metal", "t3.micro", "m6g.large", "mac2.metal"} & set(usual)
    assert found(ec2, **of("m5", BareMetal="required")) == ["m5.metal"]
    assert {"m5.large", "m5.metal"} <= set(found(ec2, **of("m5", BareMetal="included")))
    assert "t3.micro" in found(ec2, BurstablePerformance="required", InstanceGenerations=["current"])
    assert "m5.large" not in found(ec2, BurstablePerformance="required")


@pytest.mark.parametrize(
    ("family", "requirements", "types"),
    [
        ("m5", {"VCpuCount": {"Min": 4, "Max": 8}}, {"m5.xlarge", "m5.2xlarge"}),
        ("m5", {"MemoryMiB": {"Min": 8192, "Max": 16384}}, {"m5.large", "m5.xlarge"}),
        ("m5", {"MemoryGiBPerVCpu": {"Min": 4.5}}, set()),
        ("m5", {"NetworkInterfaceCount": {"Max": 3}}, {"m5.large"}),
        ("m5", {"BaselineEbsBandwidthMbps": {"Max": 650}}, {"m5.large"}),
        ("m5", {"NetworkBandwidthGbps": {"Min": 25}}, {"m5.24xlarge"}),
        ("m5", {"CpuManufacturers": ["amd"]}, set()),
        ("m5", {"LocalStorage": "required"}, set()),
        ("i3", {"LocalStorage": "excluded"}, set()),
        ("i3", {"LocalStorageTypes": ["hdd"]}, set()),
        ("i3", {"TotalLocalStorageGB": {"Max": 500}}, {"i3.large"}),
        ("m1", {"InstanceGenerations": ["current"]}, set()),
        ("p4d", {"AcceleratorTypes": ["gpu"]}, {"p4d.24xlarge"}),
        ("p4d", {"AcceleratorTypes": ["fpga", "inference"]}, set()),
        ("p4d", {"AcceleratorNames": ["a100"]}, {"p4d.24xlarge"}),
        ("p4d", {"AcceleratorManufacturers": ["nvidia"]}, {"p4d.24xlarge"}),
        ("p4d", {"AcceleratorCount": {"Min": 8, "Max": 8}}, {"p4d.24xlarge"}),
        ("p4d", {"AcceleratorCount": {"Max": 0}}, set()),
        ("p4d", {"AcceleratorTotalMemoryMiB": {"Min": 327_680}}, {"p4d.24xlarge"}),
        ("p4d", {"AcceleratorTotalMemoryMiB": {"Min": 327_681}}, set()),
        ("g6f", {"AcceleratorCount": {"Min": 1, "Max": 1}, "AcceleratorTotalMemoryMiB": {"Min": 10_000}},
         {"g6f.4xlarge"}),
        ("p4d", {"RequireEncryptionInTransit": True}, {"p4d.24xlarge"}),
        ("p4d", {"RequireHibernateSupport": True}, set()),
        ("inf1", {"AcceleratorCount": {"Max": 1}, "VCpuCount": {"Min": 0, "Max": 4}}, {"inf1.xlarge"}),
        ("trn1", {"AcceleratorManufacturers": ["amazon-web-services"], "AcceleratorNames": ["trainium"]},
         {"trn1.2xlarge", "trn1.32xlarge"}),
        ("vt1", {"AcceleratorTypes": ["media"], "AcceleratorManufacturers": ["xilinx"], "AcceleratorNames": ["u30"]},
         {"vt1.3xlarge", "vt1.6xlarge", "vt1.24xlarge"}),
    ],
)  # fmt: skip
def test_each_attribute(ec2: Any, family: str, requirements: dict[str, Any], types: set[str]) -> None:
    assert set(found(ec2, **of(family, **requirements))) == types
    assert set(found(ec2, **of(family))) >= types


def test_types_that_are_left_out(ec2: Any) -> None:
    rest = set(found(ec2, ExcludedInstanceTypes=["m5.*", "c5*"]))
    assert rest == {name for name in found(ec2) if not name.startswith(("m5.", "c5"))}


def test_without_accelerators(ec2: Any) -> None:
    none = found(ec2, AcceleratorCount={"Max": 0})
    assert none
    assert not [name for name in none if {"GpuInfo", "NeuronInfo", "FpgaInfo"} & set(description(name))]


def test_architecture_and_virtualization(ec2: Any) -> None:
    ask = ec2.get_instance_types_from_instance_requirements
    asked = ANY | {"AllowedInstanceTypes": ["m6g.large", "m5.large", "m3.large"]}

    def types(architectures: list[str], virtualizations: list[str]) -> set[str]:
        answer = ask(ArchitectureTypes=architectures, VirtualizationTypes=virtualizations, InstanceRequirements=asked)
        return {one["InstanceType"] for one in answer["InstanceTypes"]}

    assert types(["arm64"], ["hvm"]) == {"m6g.large"}
    assert types(["arm64", "x86_64"], ["hvm"]) == {"m6g.large", "m5.large", "m3.large"}
    assert types(["x86_64"], ["paravirtual"]) == {"m3.large"}


def test_the_values_are_botocores() -> None:
    model = botocore.session.Session().get_service_model("ec2")
    shape = model.operation_model("GetInstanceTypesFromInstanceRequirements").input_shape
    members: Any = shape.members["InstanceRequirements"].members
    for name, known in VALUES.items():
        assert set(known) == set(members[name].member.enum), name


def test_pages(ec2: Any) -> None:
    asked = {**HARDWARE, "InstanceRequirements": ANY | {"AllowedInstanceTypes": ["m5.large", "c5.*"]}}
    ask = ec2.get_instance_types_from_instance_requirements
    counts = pages(ask, "InstanceTypes", 5, **asked)
    assert set(counts[:-1]) == {5}
    assert sum(counts) == len(ask(**asked)["InstanceTypes"])


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("MissingParameter", {"VCpuCount": {}}),
        ("MissingParameter", {"MemoryMiB": {"Max": 5}}),
        ("InvalidParameterValue", {"VCpuCount": {"Min": 4, "Max": 2}}),
        ("InvalidParameterValue", {"CpuManufacturers": ["via"]}),
        ("InvalidParameterValue", {"BareMetal": "yes"}),
        ("InvalidParameterValue", {"AllowedInstanceTypes": ["m5.lar?e"]}),
        ("InvalidParameterValue", {"ExcludedInstanceTypes": ["m" * 31]}),
        ("InvalidParameterValue", {"ExcludedInstanceTypes": ["m5*"] * 401}),
        ("InvalidParameterCombination", {"AllowedInstanceTypes": ["m5*"], "ExcludedInstanceTypes": ["c5*"]}),
        ("UnsupportedOperation", {"OnDemandMaxPricePercentageOverLowestPrice": 20}),
        ("UnsupportedOperation", {"BaselinePerformanceFactors": {"Cpu": {"References": [{"InstanceFamily": "m6i"}]}}}),
    ],
)
def test_what_cannot_be_asked(ec2: Any, code: str, changed: dict[str, Any]) -> None:
    ask = ec2.get_instance_types_from_instance_requirements
    refused(code, ask, **HARDWARE, InstanceRequirements=ANY | changed)


def test_what_hardware_there_is_not(ec2: Any) -> None:
    ask = ec2.get_instance_types_from_instance_requirements
    for wrong in ({"ArchitectureTypes": ["vax"]}, {"VirtualizationTypes": ["xen"]}):
        refused("InvalidParameterValue", ask, **HARDWARE | wrong, InstanceRequirements=ANY)
    for name in ("ArchitectureTypes", "VirtualizationTypes"):
        asked = {key: value for key, value in HARDWARE.items() if key != name}
        refused("MissingParameter", ask, **asked, InstanceRequirements=ANY)
