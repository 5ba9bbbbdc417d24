"""Attributes of network interfaces (facts 37, 49, 59, 73)."""

from typing import Any

import pytest

from tests.support.expect import refused
from tests.support.lab import Lab


def read(lab: Lab, eni: str, attribute: str) -> dict[str, Any]:
    answer = lab.ec2.describe_network_interface_attribute(NetworkInterfaceId=eni, Attribute=attribute)
    assert answer.pop("NetworkInterfaceId") == eni
    answer.pop("ResponseMetadata")
    return dict(answer)


def test_each_attribute_is_read_as_it_was_written(lab: Lab) -> None:
    eni, group = lab.interface(), lab.group("web")
    modify = lab.ec2.modify_network_interface_attribute
    modify(NetworkInterfaceId=eni, Description={"Value": "hello"})
    modify(NetworkInterfaceId=eni, SourceDestCheck={"Value": False})
    modify(NetworkInterfaceId=eni, Groups=[group])
    modify(NetworkInterfaceId=eni, AssociatePublicIpAddress=True)
    assert read(lab, eni, "description") == {"Description": {"Value": "hello"}}
    assert read(lab, eni, "sourceDestCheck") == {"SourceDestCheck": {"Value": False}}
    assert read(lab, eni, "groupSet") == {"Groups": [{"GroupId": group, "GroupName": "web"}]}
    assert read(lab, eni, "associatePublicIpAddress") == {"AssociatePublicIpAddress": True}
    assert read(lab, eni, "attachment") == {}
    lab.ec2.reset_network_interface_attribute(NetworkInterfaceId=eni, SourceDestCheck="true")
    assert read(lab, eni, "sourceDestCheck") == {"SourceDestCheck": {"Value": True}}


def test_delete_on_termination_is_the_attachments(lab: Lab) -> None:
    eni = lab.primary(lab.launch())
    attachment = read(lab, eni, "attachment")["Attachment"]
    assert attachment["DeleteOnTermination"] is True
    lab.ec2.modify_network_interface_attribute(
        NetworkInterfaceId=eni,
        Attachment={"AttachmentId": attachment["AttachmentId"], "DeleteOnTermination": False},
    )
    assert read(lab, eni, "attachment")["Attachment"] == {**attachment, "DeleteOnTermination": False}


@pytest.mark.parametrize(
    ("code", "params"),
    [
        ("InvalidParameterCombination", {}),
        ("MissingParameter", {"Attachment": {"AttachmentId": "eni-attach-0123456789abcdef0"}}),
        ("MissingParameter", {"Attachment": {"DeleteOnTermination": True}}),
        (
            "InvalidAttachmentID.NotFound",
            {"Attachment": {"AttachmentId": "eni-attach-0123456789abcdef0", "DeleteOnTermination": True}},
        ),
        ("UnsupportedOperation", {"Attachment": {"EnaQueueCount": 2}}),
        ("InvalidGroup.NotFound", {"Groups": ["sg-0123456789abcdef0"]}),
        ("InvalidParameterCombination", {"Description": {"Value": "x"}, "SourceDestCheck": {"Value": False}}),
        ("InvalidParameterCombination", {"ConnectionTrackingSpecification": {}}),
        ("InvalidParameterValue", {"ConnectionTrackingSpecification": {"UdpTimeout": 29}}),
        ("InvalidParameterValue", {"ConnectionTrackingSpecification": {"UdpTimeout": 61}}),
        ("InvalidParameterValue", {"ConnectionTrackingSpecification": {"UdpStreamTimeout": 59}}),
        ("InvalidParameterValue", {"ConnectionTrackingSpecification": {"UdpStreamTimeout": 181}}),
        ("InvalidParameterValue", {"ConnectionTrackingSpecification": {"TcpEstablishedTimeout": 59}}),
        ("InvalidParameterValue", {"ConnectionTrackingSpecification": {"TcpEstablishedTimeout": 432001}}),
        ("InvalidParameterValue", {"ConnectionTrackingSpecification": {"TcpEstablishedTimeout": 60, "UdpTimeout": 5}}),
        (
            "InvalidParameterCombination",
            {"ConnectionTrackingSpecification": {"UdpTimeout": 60}, "SourceDestCheck": {"Value": False}},
        ),
        ("UnsupportedOperation", {"EnablePrimaryIpv6": True}),
    ],
)
def test_refused_changes_change_nothing(lab: Lab, code: str, params: dict[str, object]) -> None:
    eni = lab.interface()
    before = lab.eni(eni)
    refused(
        code,
        lab.ec2.modify_network_interface_attribute,
        NetworkInterfaceId=eni,
        **params,
    )
    assert lab.eni(eni) == before


def test_refused_reads(lab: Lab) -> None:
    eni = lab.interface()
    describe = lab.ec2.describe_network_interface_attribute
    refused("InvalidParameterCombination", describe, NetworkInterfaceId=eni)
    refused("InvalidParameterValue", describe, NetworkInterfaceId=eni, Attribute="colour")
    refused("InvalidNetworkInterfaceID.NotFound", describe, NetworkInterfaceId="eni-0123456789abcdef0")
    refused("InvalidParameterCombination", lab.ec2.reset_network_interface_attribute, NetworkInterfaceId=eni)


def test_dry_run(lab: Lab) -> None:
    eni = lab.interface()
    modify = lab.ec2.modify_network_interface_attribute
    refused("DryRunOperation", modify, NetworkInterfaceId=eni, Description={"Value": "x"}, DryRun=True)
    assert lab.eni(eni)["Description"] == ""


def test_the_public_ip_flag_counts_on_the_primary_interface_of_a_running_instance(lab: Lab) -> None:
    instance = lab.launch()
    eni = lab.primary(instance)
    assert "PublicIpAddress" not in lab.instance(instance)
    modify = lab.ec2.modify_network_interface_attribute
    modify(NetworkInterfaceId=eni, AssociatePublicIpAddress=True)
    assert lab.instance(instance)["PublicIpAddress"] == lab.eni(eni)["Association"]["PublicIp"]
    modify(NetworkInterfaceId=eni, AssociatePublicIpAddress=False)
    assert "PublicIpAddress" not in lab.instance(instance)
    assert "Association" not in lab.eni(eni)
