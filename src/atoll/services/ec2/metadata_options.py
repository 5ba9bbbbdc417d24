"""How instances' metadata answers: options of an instance, and an account's defaults for them (fact 159)."""

import re
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from atoll.model.kinds import Instance, MetadataDefaults, MetadataOptions
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2.checks import invalid, refuse_members, unbuilt, wire
from atoll.services.ec2.image_table import Image
from atoll.services.ec2.lookup import need
from atoll.services.registry import Request, Response, operation

SWITCH = ("enabled", "disabled")
CHOICES = {
    "HttpTokens": ("optional", "required"),
    "HttpEndpoint": SWITCH,
    "HttpProtocolIpv6": SWITCH,
    "InstanceMetadataTags": SWITCH,
}
FIELDS = {
    "HttpTokens": "tokens",
    "HttpPutResponseHopLimit": "hop_limit",
    "HttpEndpoint": "endpoint",
    "InstanceMetadataTags": "tags",
}
MEMBERS = (*FIELDS, "HttpProtocolIpv6")
MOST_HOPS = 64


def asked_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of MetadataOptions that a call sets; AWS's error for a value that there is not."""
    refuse_members(given, MEMBERS, "MetadataOptions")
    for name, choices in CHOICES.items():
        if given.get(name) is not None and given[name] not in choices:
            raise invalid(given[name], wire(name), f"Expecting {' or '.join(choices)}.")
    if given.get("HttpProtocolIpv6") == "enabled":
        raise unbuilt("HttpProtocolIpv6=enabled")
    hops = given.get("HttpPutResponseHopLimit")
    if hops is not None and not 1 <= hops <= MOST_HOPS:
        raise invalid(hops, "httpPutResponseHopLimit", f"Expecting a value between 1 and {MOST_HOPS}.")
    return {field: given[name] for name, field in FIELDS.items() if given.get(name) is not None}


def options_at_launch(tx: Tx, given: Mapping[str, Any], image: Image) -> MetadataOptions:
    """What the call says; else what the account has chosen; else what the image asks for."""
    asked = asked_options(given)
    account = _chosen(_defaults(tx))
    by_image: dict[str, Any] = {"tokens": "required", "hop_limit": 2} if image.imds_v2 else {}
    options = MetadataOptions(**{**by_image, **account, **asked})
    if _defaults(tx).enforced == "enabled" and options.tokens != "required":
        raise AwsError(
            "UnsupportedOperation",
            "The account enforces HttpTokens=required (HttpTokensEnforced): ask for it, or make it the default.",
        )
    return options


def options_shape(options: MetadataOptions) -> dict[str, Any]:
    """An InstanceMetadataOptionsResponse of the API."""
    return {
        "HttpEndpoint": options.endpoint,
        "HttpProtocolIpv6": "disabled",
        "HttpPutResponseHopLimit": options.hop_limit,
        "HttpTokens": options.tokens,
        "InstanceMetadataTags": options.tags,
        "State": "applied",
    }


TAG_KEY = re.compile(r"[0-9a-zA-Z\-_+=,.@:]{1,255}")
RESERVED_KEYS = (".", "..", "_index")


def check_tags(instance: Instance) -> None:
    """Tags that metadata shows are names in a path, so their keys may not be any text."""
    if instance.metadata.tags != "enabled":
        return
    for key, _ in instance.tags:
        if key in RESERVED_KEYS or not TAG_KEY.fullmatch(key):
            raise AwsError(
                "InvalidParameterValue",
                f"'{key}' is not a valid tag key. Tag keys must match pattern ([0-9a-zA-Z\\-_+=,.@:]{{1,255}}), and "
                "must not be a reserved name ('.', '..', '_index')",
            )


@operation(
    "ModifyInstanceMetadataOptions",
    "InstanceId HttpTokens HttpPutResponseHopLimit HttpEndpoint HttpProtocolIpv6 InstanceMetadataTags",
)
def modify_instance_metadata_options(tx: Tx, request: Request) -> Response:
    """What the call does not name stays; the answer says `pending`, the next Describe `applied`."""
    instance = need(tx, Instance, request["InstanceId"])
    if instance.state in ("shutting-down", "terminated"):
        raise AwsError("IncorrectInstanceState", f"The instance '{instance.id}' is {instance.state}.")
    asked = asked_options({name: value for name, value in request.items() if name != "InstanceId"})
    if not asked and request.get("HttpProtocolIpv6") is None:
        raise AwsError("MissingParameter", "The request must contain at least one metadata option.")
    options = replace(instance.metadata, **asked)
    if _defaults(tx).enforced == "enabled" and options.tokens != "required":
        raise AwsError("UnsupportedOperation", "The account enforces HttpTokens=required (HttpTokensEnforced).")
    changed = replace(instance, metadata=options)
    check_tags(changed)
    tx.put(changed)
    return {"InstanceId": instance.id, "InstanceMetadataOptions": options_shape(options) | {"State": "pending"}}


DEFAULTS = {
    "HttpTokens": "tokens",
    "HttpPutResponseHopLimit": "hop_limit",
    "HttpEndpoint": "endpoint",
    "InstanceMetadataTags": "tags_in_metadata",
    "HttpTokensEnforced": "enforced",
}


def _defaults(tx: Tx) -> MetadataDefaults:
    return tx.get(MetadataDefaults, tx.home) or MetadataDefaults(home=tx.home)


def _chosen(defaults: MetadataDefaults) -> dict[str, Any]:
    found = {field: getattr(defaults, DEFAULTS[name]) for name, field in FIELDS.items()}
    return {field: value for field, value in found.items() if value is not None}


@operation("ModifyInstanceMetadataDefaults", " ".join(DEFAULTS))
def modify_instance_metadata_defaults(tx: Tx, request: Request) -> Response:
    """For instances launched from now on; no-preference (for the hop limit -1) takes a choice back."""
    changed = _defaults(tx)
    for name, value in request.items():
        choices = {**CHOICES, "HttpTokensEnforced": SWITCH}.get(name)
        if choices is not None and value not in (*choices, "no-preference"):
            raise invalid(value, wire(name), f"Expecting {', '.join(choices)} or no-preference.")
        if choices is None and value != -1 and not 1 <= value <= MOST_HOPS:
            raise invalid(value, wire(name), f"Expecting -1 or a value between 1 and {MOST_HOPS}.")
        changed = replace(changed, **{DEFAULTS[name]: None if value in (-1, "no-preference") else value})
    tx.put(changed)
    return {"Return": True}


@operation("GetInstanceMetadataDefaults")
def get_instance_metadata_defaults(tx: Tx, _request: Request) -> Response:
    """What the account has chosen; what it has not is left out."""
    defaults = _defaults(tx)
    shown = {name: getattr(defaults, field) for name, field in DEFAULTS.items() if getattr(defaults, field) is not None}
    return {"AccountLevel": {**shown, "ManagedBy": "account"}}
