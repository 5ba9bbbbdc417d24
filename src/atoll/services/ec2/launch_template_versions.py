"""Versions of launch templates: create, delete, describe."""

from collections.abc import Callable

from msgspec.structs import replace

from atoll.model.kinds import LaunchTemplate, LaunchTemplateVersion
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2 import paths
from atoll.services.ec2.checks import invalid
from atoll.services.ec2.describe import candidates, describe
from atoll.services.ec2.images import RESOLVE, resolved_image
from atoll.services.ec2.launch_templates import (
    BY,
    DEFAULT,
    LATEST,
    MOST_TEMPLATES,
    NUMBER,
    check_data,
    creator,
    data_of,
    described,
    need_template,
    need_version,
    number_of,
    put_version,
    versions_of,
    warnings,
)
from atoll.services.registry import Request, Response, operation


def version_shape(tx: Tx, version: LaunchTemplateVersion) -> Response:
    """A LaunchTemplateVersion of the API."""
    template = tx.get(LaunchTemplate, version.template)
    assert template is not None  # it ends with its versions
    shape: Response = {
        "CreateTime": version.created,
        "CreatedBy": creator(version),
        "DefaultVersion": version.number == template.default,
        "LaunchTemplateData": data_of(version),
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "Operator": {"Managed": False},
        "VersionNumber": version.number,
    }
    return shape | ({"VersionDescription": version.description} if version.description else {})


@operation(
    "CreateLaunchTemplateVersion",
    "LaunchTemplateId LaunchTemplateName LaunchTemplateData SourceVersion VersionDescription ClientToken ResolveAlias",
)
def create_launch_template_version(tx: Tx, request: Request) -> Response:
    """On a source version the call's parameters are laid over that one's."""
    template = need_template(tx, request)
    data, source = request["LaunchTemplateData"], request.get("SourceVersion")
    if source:
        data = {**data_of(need_version(tx, template, source)), **data}
    check_data(data)
    grown = replace(template, latest=template.latest + 1)
    tx.put(grown)
    version = put_version(tx, grown, data, described(request))
    return {"LaunchTemplateVersion": _shown_as(request)(tx, version), **warnings(tx, data)}


def _shown_as(request: Request) -> Callable[[Tx, LaunchTemplateVersion], Response]:
    """ResolveAlias: with the image that a parameter of Systems Manager names, instead of the parameter."""
    return _resolved if request.get("ResolveAlias") else version_shape


def _resolved(tx: Tx, version: LaunchTemplateVersion) -> Response:
    shape = version_shape(tx, version)
    data: Response = shape["LaunchTemplateData"]
    named = data.get("ImageId", "")
    if not named.startswith(RESOLVE):
        return shape
    return shape | {"LaunchTemplateData": data | {"ImageId": resolved_image(tx, named).id}}


MOST_DELETED = 200
"""Versions that one call may name [BC DeleteLaunchTemplateVersions]."""


@operation("DeleteLaunchTemplateVersions", "LaunchTemplateId LaunchTemplateName Versions")
def delete_launch_template_versions(tx: Tx, request: Request) -> Response:
    """Each on its own; the default version stays."""
    template = need_template(tx, request)
    if len(request["Versions"]) > MOST_DELETED:
        raise AwsError("InvalidParameterValue", f"At most {MOST_DELETED} versions can be deleted in one call.")
    done: list[Response] = []
    kept: list[Response] = []
    for named in request["Versions"]:
        told: Response = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name}
        told["VersionNumber"] = number = number_of(template, named)
        found = tx.get(LaunchTemplateVersion, template.id, str(number))
        if found is None:
            error = {"Code": "launchTemplateVersionDoesNotExist", "Message": f"Version {named} does not exist."}
            kept.append({**told, "ResponseError": error})
        elif number == template.default:
            error = {"Code": "unexpectedError", "Message": "The default version of a launch template stays."}
            kept.append({**told, "ResponseError": error})
        else:
            tx.delete(found)
            done.append(told)
    return {
        "SuccessfullyDeletedLaunchTemplateVersions": done,
        "UnsuccessfullyDeletedLaunchTemplateVersions": kept,
    }


VERSION_FILTERS = paths.filters(
    version_shape,
    {
        "create-time": "CreateTime",
        "ebs-optimized": "LaunchTemplateData.EbsOptimized",
        "http-endpoint": "LaunchTemplateData.MetadataOptions.HttpEndpoint",
        "http-protocol-ipv4": "LaunchTemplateData.MetadataOptions.HttpEndpoint",
        "host-resource-group-arn": "LaunchTemplateData.Placement.HostResourceGroupArn",
        "http-tokens": "LaunchTemplateData.MetadataOptions.HttpTokens",
        "iam-instance-profile": "LaunchTemplateData.IamInstanceProfile.Arn",
        "image-id": "LaunchTemplateData.ImageId",
        "instance-type": "LaunchTemplateData.InstanceType",
        "is-default-version": "DefaultVersion",
        "kernel-id": "LaunchTemplateData.KernelId",
        "license-configuration-arn": "LaunchTemplateData.LicenseSpecifications.LicenseConfigurationArn",
        "network-card-index": "LaunchTemplateData.NetworkInterfaces.NetworkCardIndex",
        "operator.managed": "Operator.Managed",
        "operator.principal": "Operator.Principal",
        "ram-disk-id": "LaunchTemplateData.RamDiskId",
    },
)


@operation(
    "DescribeLaunchTemplateVersions",
    "LaunchTemplateId LaunchTemplateName Versions MinVersion MaxVersion Filters MaxResults NextToken "
    "IncludeManagedResources ResolveAlias",
)
def describe_launch_template_versions(tx: Tx, request: Request) -> Response:
    """Of one template, the newest first; or the latest and default ones of all templates."""
    versions = list(dict.fromkeys(request.get("Versions") or ()))
    if any(request.get(name) for name in BY):
        found = _versions(tx, need_template(tx, request), request, versions)
    elif versions and set(versions) <= {LATEST, DEFAULT}:
        every = candidates(tx, LaunchTemplate, {}, "LaunchTemplateIds")
        pairs = [(one, version) for one in every for version in versions]
        found = list({one.key: one for one in (need_version(tx, *pair) for pair in pairs)}.values())
    else:
        raise AwsError(
            "MissingParameter",
            "Either a launch template ID or a launch template name must be specified in the request.",
        )
    shape = _shown_as(request)
    return describe(tx, request, found, VERSION_FILTERS, "LaunchTemplateVersions", shape, least=1, most=MOST_TEMPLATES)


def _versions(tx: Tx, template: LaunchTemplate, request: Request, named: list[str]) -> list[LaunchTemplateVersion]:
    least, most = request.get("MinVersion"), request.get("MaxVersion")
    if named and (least or most):
        raise AwsError(
            "InvalidParameterCombination",
            "Versions cannot be used with minVersion or maxVersion.",
        )
    if named:
        return list({one.number: one for one in (need_version(tx, template, name) for name in named)}.values())
    low = _bound(least, "minVersion", 1)
    high = _bound(most, "maxVersion", template.latest)
    return [one for one in versions_of(tx, template) if low <= one.number <= high]


def _bound(text: str | None, parameter: str, unnamed: int) -> int:
    if not text:
        return unnamed
    if not NUMBER.match(text):
        raise invalid(text, parameter, "Expecting a version number.")
    return int(text)
