"""Launch templates: create, modify, delete, describe.

A version keeps the data as it came: RunInstances decides what can be launched. What is wrong with it already is told
by the Warning of the call that stores it, as AWS does.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from atoll.model.kinds import LaunchTemplate, LaunchTemplateVersion, SecurityGroup, Subnet
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2 import paths
from atoll.services.ec2.checks import exactly_one, invalid, missing
from atoll.services.ec2.describe import describe
from atoll.services.ec2.images import resolved_image
from atoll.services.ec2.instance_types import need_type
from atoll.services.ec2.key_pairs import need_key
from atoll.services.ec2.lookup import ID, need
from atoll.services.ec2.tags import on_creation, tags_if_any
from atoll.services.identity import caller_arn, user_arn
from atoll.services.registry import Request, Response, operation

Data = dict[str, Any]

NAME = re.compile(r"[a-zA-Z0-9()./_-]{3,128}\Z")
NUMBER = re.compile(r"[1-9]\d{0,17}\Z")
LATEST, DEFAULT = "$Latest", "$Default"
MOST_DESCRIPTION = 255
BY = ("LaunchTemplateId", "LaunchTemplateName")


def creator(made: LaunchTemplate | LaunchTemplateVersion) -> str:
    """CreatedBy: whom GetCallerIdentity showed to who made it. The account's user, where that was not written down."""
    return made.creator or user_arn(made.account)


def template_shape(_tx: Tx, template: LaunchTemplate) -> Response:
    """A LaunchTemplate of the API."""
    return {
        "CreateTime": template.created,
        "CreatedBy": creator(template),
        "DefaultVersionNumber": template.default,
        "LatestVersionNumber": template.latest,
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "Operator": {"Managed": False},
        "Tags": tags_if_any(template),
    }


def data_of(version: LaunchTemplateVersion) -> Data:
    """The version's LaunchTemplateData."""
    decoded: Data = msgspec.msgpack.decode(version.data)
    return decoded


def by_name(tx: Tx, name: str) -> LaunchTemplate | None:
    """The template of that name in this account and region."""
    return tx.only(LaunchTemplate, "place", f"{tx.home}/{name}")


def need_name(tx: Tx, name: str) -> LaunchTemplate:
    """The template of that name; AWS's NotFoundException otherwise."""
    found = by_name(tx, name)
    if found is None:
        raise AwsError(
            "InvalidLaunchTemplateName.NotFoundException",
            f"The specified launch template, with template name {name}, does not exist.",
        )
    return found


def need_id(tx: Tx, id_: str) -> LaunchTemplate:
    """The template of that id; AWS's own text where it does not exist."""
    match = ID.match(id_)
    if match is not None and match[1] == LaunchTemplate.PREFIX and tx.own(LaunchTemplate, id_) is None:
        raise AwsError(
            "InvalidLaunchTemplateId.NotFound",
            f"The specified launch template, with template ID {id_}, does not exist.",
        )
    return need(tx, LaunchTemplate, id_)


def need_template(tx: Tx, request: Mapping[str, Any]) -> LaunchTemplate:
    """The template that a call names, by its id or by its name."""
    named = exactly_one(request, BY)
    value: str = request[named]
    return need_id(tx, value) if named == BY[0] else need_name(tx, value)


def versions_of(tx: Tx, template: LaunchTemplate) -> list[LaunchTemplateVersion]:
    """All of its versions, the newest first."""
    found = tx.by(LaunchTemplateVersion, "template", template.id)
    return sorted(found, key=lambda version: -version.number)


def number_of(template: LaunchTemplate, version: str) -> int:
    """The number that a version's name means; 0 where it is none."""
    if version in (LATEST, DEFAULT):
        return template.latest if version == LATEST else template.default
    return int(version) if NUMBER.match(version) else 0


def need_version(tx: Tx, template: LaunchTemplate, version: str) -> LaunchTemplateVersion:
    """The version by its number, $Latest or $Default."""
    if version not in (LATEST, DEFAULT) and not NUMBER.match(version):
        raise invalid(version, "version", "Expecting a version number, $Latest or $Default.")
    found = tx.get(LaunchTemplateVersion, template.id, str(number_of(template, version)))
    if found is None:
        raise AwsError(
            "InvalidLaunchTemplateId.VersionNotFound",
            f"Could not find the specified version {version} for the launch template with ID {template.id}.",
        )
    return found


Check = Callable[[Tx, Any], object]


def _each(kind: type[SecurityGroup]) -> Check:
    return lambda tx, ids: [need(tx, kind, one) for one in ids]


def _subnets(tx: Tx, interfaces: Iterable[Mapping[str, Any]]) -> None:
    for one in interfaces:
        if one.get("SubnetId"):
            need(tx, Subnet, one["SubnetId"])


CHECKS: Mapping[str, Check] = {
    "ImageId": resolved_image,
    "InstanceType": lambda _tx, name: need_type(name),
    "KeyName": need_key,
    "SecurityGroupIds": _each(SecurityGroup),
    "NetworkInterfaces": _subnets,
}


def warnings(tx: Tx, data: Data) -> Response:
    """What a launch would refuse at once; the template is stored all the same."""
    errors: list[Response] = []
    for name, check in CHECKS.items():
        if not data.get(name):
            continue
        try:
            check(tx, data[name])
        except AwsError as error:
            errors.append({"Code": error.code, "Message": error.message})
    return {"Warning": {"Errors": errors}} if errors else {}


def described(request: Request) -> str | None:
    """VersionDescription."""
    description: str | None = request.get("VersionDescription")
    if description is not None and len(description) > MOST_DESCRIPTION:
        raise invalid(description, "versionDescription", f"At most {MOST_DESCRIPTION} characters.")
    return description


def put_version(tx: Tx, template: LaunchTemplate, data: Data, description: str | None) -> LaunchTemplateVersion:
    """The template's newest version."""
    if tx.count(LaunchTemplateVersion, "template", template.id) >= tx.limit("launch-template-versions"):
        raise AwsError(
            "ResourceLimitExceeded", f"The maximum number of versions of the launch template {template.id} was reached."
        )
    version = LaunchTemplateVersion(
        home=tx.home,
        template=template.id,
        number=template.latest,
        created=tx.time,
        creator=caller_arn(tx),
        data=msgspec.msgpack.encode(data),
        description=description,
    )
    tx.put(version)
    return version


@operation(
    "CreateLaunchTemplate",
    "LaunchTemplateName LaunchTemplateData VersionDescription TagSpecifications ClientToken",
)
def create_launch_template(tx: Tx, request: Request) -> Response:
    """With its first version, which is the default."""
    name, data = request["LaunchTemplateName"], request["LaunchTemplateData"]
    if not NAME.match(name):
        raise AwsError(
            "InvalidLaunchTemplateName.MalformedException",
            "A launch template name must be between 3 and 128 characters, and may contain letters, numbers, and the "
            "characters - ( ) . / _.",
        )
    if by_name(tx, name) is not None:
        raise AwsError("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.")
    check_data(data)
    if tx.count(LaunchTemplate, "home", tx.home) >= tx.limit("launch-templates-per-region"):
        raise AwsError("ResourceLimitExceeded", "The maximum number of launch templates has been reached.")
    template = LaunchTemplate(
        home=tx.home,
        id=tx.new_id("lt"),
        tags=on_creation(tx, request, "launch-template"),
        name=name,
        created=tx.time,
        creator=caller_arn(tx),
    )
    tx.put(template)
    put_version(tx, template, data, described(request))
    return {"LaunchTemplate": template_shape(tx, template), **warnings(tx, data)}


def check_data(data: Data) -> None:
    """A version says something."""
    if not data:
        raise missing("LaunchTemplateData")


@operation("ModifyLaunchTemplate", "LaunchTemplateId LaunchTemplateName DefaultVersion ClientToken")
def modify_launch_template(tx: Tx, request: Request) -> Response:
    """Another default version."""
    template = need_template(tx, request)
    if not request.get("DefaultVersion"):
        raise missing("SetDefaultVersion")
    version = need_version(tx, template, request["DefaultVersion"])
    changed = replace(template, default=version.number)
    tx.put(changed)
    return {"LaunchTemplate": template_shape(tx, changed)}


@operation("DeleteLaunchTemplate", "LaunchTemplateId LaunchTemplateName")
def delete_launch_template(tx: Tx, request: Request) -> Response:
    """With all of its versions; instances launched from it stay as they are."""
    template = need_template(tx, request)
    for version in versions_of(tx, template):
        tx.delete(version)
    tx.delete(template)
    return {"LaunchTemplate": template_shape(tx, template)}


FILTERS = paths.filters(
    template_shape,
    {
        "create-time": "CreateTime",
        "launch-template-name": "LaunchTemplateName",
        "operator.managed": "Operator.Managed",
        "operator.principal": "Operator.Principal",
    },
)
MOST_TEMPLATES = 200


@operation(
    "DescribeLaunchTemplates",
    "LaunchTemplateIds LaunchTemplateNames Filters MaxResults NextToken IncludeManagedResources",
)
def describe_launch_templates(tx: Tx, request: Request) -> Response:
    """By id, by name, or all; none is managed by a service here."""
    names, ids = request.get("LaunchTemplateNames") or (), request.get("LaunchTemplateIds") or ()
    named = {one.id: one for one in (*(need_name(tx, name) for name in names), *(need_id(tx, id_) for id_ in ids))}
    found = list(named.values()) if names or ids else tx.mine(LaunchTemplate)
    return describe(tx, request, found, FILTERS, "LaunchTemplates", template_shape, least=1, most=MOST_TEMPLATES)
