"""Metadata options of instances, and an account's defaults for them (fact 159)."""

from typing import Any

import pytest

from tests.support.expect import named, refused
from tests.support.lab import Lab


def options(lab: Lab, **params: Any) -> dict[str, Any]:
    return dict(lab.instance(lab.launch(**params))["MetadataOptions"])


def newest(lab: Lab) -> str:
    """An image that launches with version 2 alone."""
    found = lab.ec2.describe_images(Filters=named("name", "al2023-ami-*-kernel-6.1-x86_64"))["Images"]
    return str(found[0]["ImageId"])


def test_defaults_are_the_images(lab: Lab) -> None:
    assert options(lab) == {
        "HttpEndpoint": "enabled",
        "HttpProtocolIpv6": "disabled",
        "HttpPutResponseHopLimit": 1,
        "HttpTokens": "optional",
        "InstanceMetadataTags": "disabled",
        "State": "applied",
    }
    shown = options(lab, ImageId=newest(lab), InstanceType="t3.micro")
    assert (shown["HttpTokens"], shown["HttpPutResponseHopLimit"]) == ("required", 2)
    shown = options(lab, ImageId=newest(lab), InstanceType="t3.micro", MetadataOptions={"HttpTokens": "optional"})
    assert (shown["HttpTokens"], shown["HttpPutResponseHopLimit"]) == ("optional", 2)


def test_modify(lab: Lab) -> None:
    instance = lab.launch_pending()
    assert lab.instance(instance)["MetadataOptions"]["State"] == "pending"
    lab.settle()
    modify = lab.ec2.modify_instance_metadata_options
    answer = modify(InstanceId=instance, HttpTokens="required", HttpPutResponseHopLimit=3)
    assert answer["InstanceMetadataOptions"]["State"] == "pending"
    modify(InstanceId=instance, HttpEndpoint="disabled", InstanceMetadataTags="enabled", HttpProtocolIpv6="disabled")
    shown = lab.instance(instance)["MetadataOptions"]
    assert shown == {
        "HttpEndpoint": "disabled",
        "HttpProtocolIpv6": "disabled",
        "HttpPutResponseHopLimit": 3,
        "HttpTokens": "required",
        "InstanceMetadataTags": "enabled",
        "State": "applied",
    }
    describe = lab.ec2.describe_instances
    assert describe(Filters=named("metadata-options.http-tokens", "required"))["Reservations"]
    assert not describe(Filters=named("metadata-options.http-tokens", "optional"))["Reservations"]


@pytest.mark.parametrize(
    ("code", "asked"),
    [
        ("InvalidParameterValue", {"HttpTokens": "maybe"}),
        ("InvalidParameterValue", {"HttpEndpoint": "on"}),
        ("InvalidParameterValue", {"InstanceMetadataTags": "on"}),
        ("InvalidParameterValue", {"HttpPutResponseHopLimit": 0}),
        ("InvalidParameterValue", {"HttpPutResponseHopLimit": 65}),
        ("UnsupportedOperation", {"HttpProtocolIpv6": "enabled"}),
    ],
)
def test_refused_options(lab: Lab, code: str, asked: dict[str, Any]) -> None:
    refused(code, lab.launch_pending, MetadataOptions=asked)
    instance = lab.launch()
    refused(code, lab.ec2.modify_instance_metadata_options, InstanceId=instance, **asked)


def test_which_instances_can_be_modified(lab: Lab) -> None:
    instance = lab.launch()
    modify = lab.ec2.modify_instance_metadata_options
    refused("MissingParameter", modify, InstanceId=instance)
    refused("InvalidInstanceID.NotFound", modify, InstanceId="i-0123456789abcdef0", HttpTokens="required")
    lab.ec2.terminate_instances(InstanceIds=[instance])
    refused("IncorrectInstanceState", modify, InstanceId=instance, HttpTokens="required")


def test_an_accounts_defaults(lab: Lab) -> None:
    modify, read = lab.ec2.modify_instance_metadata_defaults, lab.ec2.get_instance_metadata_defaults
    assert read()["AccountLevel"] == {"ManagedBy": "account"}
    assert modify(HttpTokens="required", HttpPutResponseHopLimit=4, InstanceMetadataTags="enabled")["Return"] is True
    assert read()["AccountLevel"] == {
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 4,
        "InstanceMetadataTags": "enabled",
        "ManagedBy": "account",
    }
    shown = options(lab)
    assert (shown["HttpTokens"], shown["HttpPutResponseHopLimit"]) == ("required", 4)
    assert options(lab, MetadataOptions={"HttpTokens": "optional"})["HttpTokens"] == "optional"
    modify(HttpTokens="no-preference", HttpPutResponseHopLimit=-1)
    assert read()["AccountLevel"] == {"InstanceMetadataTags": "enabled", "ManagedBy": "account"}
    assert options(lab)["HttpTokens"] == "optional"
    refused("InvalidParameterValue", modify, HttpTokens="maybe")
    refused("InvalidParameterValue", modify, HttpPutResponseHopLimit=65)
    other = lab.cloud.client(account="210987654321")
    assert other.get_instance_metadata_defaults()["AccountLevel"] == {"ManagedBy": "account"}


def test_what_an_account_enforces(lab: Lab) -> None:
    instance = lab.launch()
    lab.ec2.modify_instance_metadata_defaults(HttpTokensEnforced="enabled")
    refused("UnsupportedOperation", lab.launch_pending)
    assert options(lab, MetadataOptions={"HttpTokens": "required"})["HttpTokens"] == "required"
    modify = lab.ec2.modify_instance_metadata_options
    refused("UnsupportedOperation", modify, InstanceId=instance, HttpTokens="optional")
    modify(InstanceId=instance, HttpTokens="required")


@pytest.mark.parametrize("key", ["a b", "k8s.io/name", ".", "..", "_index", "\u00e9"])
def test_tags_that_metadata_shows_have_keys_that_can_be_names_in_a_path(lab: Lab, key: str) -> None:
    tagged = [{"ResourceType": "instance", "Tags": [{"Key": key, "Value": "x"}]}]
    shown = {"InstanceMetadataTags": "enabled"}
    refused("InvalidParameterValue", lab.launch_pending, TagSpecifications=tagged, MetadataOptions=shown)
    instance = lab.launch(TagSpecifications=tagged)
    modify = lab.ec2.modify_instance_metadata_options
    refused("InvalidParameterValue", modify, InstanceId=instance, **shown)
    lab.ec2.delete_tags(Resources=[instance], Tags=[{"Key": key}])
    modify(InstanceId=instance, **shown)
    refused("InvalidParameterValue", lab.ec2.create_tags, Resources=[instance], Tags=tagged[0]["Tags"])
    lab.ec2.create_tags(Resources=[instance], Tags=[{"Key": "a-b_c+d=e,f.g@h:i", "Value": "x"}])
