"""What RunInstances takes from a launch template."""

from collections.abc import Iterable, Mapping
from typing import Any

from atoll.model.entity import Tags
from atoll.model.kinds import LaunchTemplateVersion
from atoll.model.tx import Tx
from atoll.services import registry
from atoll.services.ec2.launch_templates import DEFAULT, data_of, need_template, need_version
from atoll.services.registry import Request


def chosen(tx: Tx, specification: Mapping[str, Any]) -> LaunchTemplateVersion:
    """The version that RunInstances names; the default one where it names none."""
    return need_version(tx, need_template(tx, specification), specification.get("Version") or DEFAULT)


def merged_request(version: LaunchTemplateVersion, request: Request) -> Request:
    """RunInstances' parameters: those of the template, under those of the call.

    A parameter of the call takes the place of the template's. Tags are joined key by key, as Auto Scaling's groups,
    whose own tags win, show.
    """
    data = data_of(version)
    if "RamDiskId" in data:
        data["RamdiskId"] = data.pop("RamDiskId")
    registry.refuse_unknown(registry.OPERATIONS["ec2", "RunInstances"], data)
    given = {name: value for name, value in request.items() if name != "LaunchTemplate"}
    merged = {**data, **given}
    if "TagSpecifications" in data and "TagSpecifications" in given:
        merged["TagSpecifications"] = _joined(data["TagSpecifications"], given["TagSpecifications"])
    return merged


def _joined(under: Iterable[Mapping[str, Any]], over: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    tags: dict[str, dict[str, Any]] = {}
    for specification in (*under, *over):
        held = tags.setdefault(specification.get("ResourceType") or "", {})
        held.update({tag.get("Key"): tag for tag in specification.get("Tags") or ()})
    return [{"ResourceType": type_, "Tags": list(held.values())} for type_, held in tags.items()]


def system_tags(version: LaunchTemplateVersion) -> Tags:
    """The tags by which AWS remembers what an instance was launched from; Terraform reads them."""
    return (
        ("aws:ec2launchtemplate:id", version.template),
        ("aws:ec2launchtemplate:version", str(version.number)),
    )
