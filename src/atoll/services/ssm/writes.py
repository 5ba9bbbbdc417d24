"""PutParameter."""

import re

from atoll.model.kinds import Parameter, ParameterVersion
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.constraints import JSON, check_choice, violation
from atoll.services.identity import caller_arn
from atoll.services.registry import Request, Response, operation
from atoll.services.ssm.names import check_new, invalid, latest, named, versions
from atoll.services.ssm.public import IMAGE
from atoll.services.ssm.shapes import SECURE
from atoll.services.ssm.tags import tags_with

TYPES = ("String", "StringList", SECURE)
TIERS = ("Standard", "Advanced", "Intelligent-Tiering")
MOST_BYTES = {"Standard": 4096, "Advanced": 8192}
MOST_VERSIONS = 100
AMI = re.compile(r"ami-(?:[0-9a-f]{8}|[0-9a-f]{17})")
DEFAULT_KEY = "alias/aws/ssm"


@operation(
    "PutParameter", "Name Description Value Type KeyId Overwrite AllowedPattern Tags Tier DataType", service="ssm"
)
def put_parameter(tx: Tx, request: Request) -> Response:
    """A new parameter, or a new version of one.

    An AllowedPattern is refused: Python has no way to end a regular expression that takes for ever. Terraform sends an
    empty one, which is none.
    """
    if request.get("AllowedPattern"):
        raise AwsError(
            "UnsupportedOperation",
            "The parameter AllowedPattern of PutParameter is not built in Atoll. Leave it out, or see docs/coverage.md "
            "for what is.",
        )
    name = check_new(named(tx, request["Name"]).name if request["Name"].startswith("arn:") else request["Name"])
    tags = request.get("Tags") or ()
    if request.get("Overwrite") and tags:
        raise invalid(
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please "
            "remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or "
            "RemoveTagsFromResource."
        )
    known = tx.get(Parameter, tx.home, name)
    if known is not None and not request.get("Overwrite"):
        raise AwsError(
            "ParameterAlreadyExists",
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
        )
    if known is None and tx.count(Parameter, "home", tx.home) >= tx.limit("ssm-parameters-per-region"):
        raise AwsError("ParameterLimitExceeded", "The account has as many parameters in this region as it may have.")
    version = _version(tx, request, name, None if known is None else latest(tx, known))
    if known is not None:
        _make_room(tx, name)
    kept = known.tags if known is not None else tags_with((), tags)
    tx.put(Parameter(home=tx.home, name=name, latest=version.version, tags=kept))
    tx.put(version)
    return {"Version": version.version, "Tier": version.tier}


def _version(tx: Tx, request: Request, name: str, before: ParameterVersion | None) -> ParameterVersion:
    """The version that a request describes; what it leaves out is as it was before."""
    type_, data_type = _types(request, before)
    value = request["Value"]
    tier = _tier(request, value, "Standard" if before is None else before.tier)
    if data_type == IMAGE and not AMI.fullmatch(value):
        raise invalid(f"The value of a parameter of the data type {IMAGE} must be the id of an image (ami-...).")
    key = request.get("KeyId")
    if key is not None and type_ != SECURE:
        raise invalid("KeyId is required for SecureString type parameter only.")
    text = request.get("Description")
    if text is not None and len(text) > 1024:
        raise violation(JSON, "description", text[:100] + "...", "have length less than or equal to 1024")
    return ParameterVersion(
        home=tx.home,
        name=name,
        version=1 if before is None else before.version + 1,
        type=type_,
        value=value,
        modified=tx.time,
        modified_by=caller_arn(tx),
        description=before.description if text is None and before is not None else text,
        key_id=(key or (before.key_id if before is not None else None) or DEFAULT_KEY) if type_ == SECURE else None,
        tier=tier,
        data_type=data_type,
    )


def _types(request: Request, before: ParameterVersion | None) -> tuple[str, str]:
    type_ = request.get("Type") or (None if before is None else before.type)
    if type_ is None:
        raise invalid("A parameter type is required when you create a parameter.")
    check_choice(JSON, "type", type_, TYPES)
    if before is not None and type_ != before.type:
        raise AwsError(
            "HierarchyTypeMismatchException",
            f"The parameter is of type {before.type}; the type of a parameter cannot be changed.",
        )
    data_type = request.get("DataType") or (None if before is None else before.data_type) or "text"
    if data_type not in ("text", IMAGE):
        raise invalid(
            f"The following data type is not supported: {data_type[:100]} (Data type names are all lower-case)."
        )
    if data_type == IMAGE and type_ != "String":
        raise invalid(f"The data type {IMAGE} is for parameters of the type String alone.")
    return type_, data_type


def _tier(request: Request, value: str, before: str) -> str:
    """Intelligent tiering chooses by size, and no tier goes back to Standard."""
    wanted = check_choice(JSON, "tier", request.get("Tier") or before, TIERS)
    size = len(value.encode())
    if not value:
        raise violation(JSON, "value", "", "have length greater than or equal to 1")
    if wanted == "Intelligent-Tiering":
        wanted = "Advanced" if size > MOST_BYTES["Standard"] or before == "Advanced" else "Standard"
    if wanted == "Standard" and before == "Advanced":
        raise invalid(
            "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the "
            "advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced "
            "parameter and recreate it as a standard parameter."
        )
    if size > MOST_BYTES[wanted]:
        raise invalid(
            f"{wanted} tier parameters support a maximum parameter value of {MOST_BYTES[wanted]} characters."
            + (
                " To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier."
                if wanted == "Standard"
                else ""
            )
        )
    return wanted


def _make_room(tx: Tx, name: str) -> None:
    """The oldest version goes where there are a hundred, unless it has a label."""
    known = versions(tx, name)
    if len(known) < MOST_VERSIONS:
        return
    if known[0].labels:
        raise AwsError(
            "ParameterMaxVersionLimitExceeded",
            f"You attempted to create a new version of {name} by calling the PutParameter API with the overwrite "
            f"flag. Version {known[0].version}, the oldest version, can't be deleted because it has a label associated "
            "with it. Move the label to another version of the parameter, and try again.",
        )
    tx.delete(known[0])
