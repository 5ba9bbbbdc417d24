"""Attaching and detaching (facts 33, 38-44, 48)."""

from tests.support.expect import refused
from tests.support.lab import Lab


def test_hot_attach_and_detach(lab: Lab) -> None:
    instance, eni = lab.launch(), lab.interface()
    answer = lab.ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=instance, DeviceIndex=1)
    assert answer["AttachmentId"].startswith("eni-attach-")
    assert answer["NetworkCardIndex"] == 0
    shown = lab.eni(eni)
    assert shown["Status"] == "in-use"
    attachment = shown["Attachment"]
    assert attachment.pop("AttachTime")
    assert attachment == {
        "AttachmentId": answer["AttachmentId"],
        "DeleteOnTermination": False,
        "DeviceIndex": 1,
        "NetworkCardIndex": 0,
        "InstanceId": instance,
        "InstanceOwnerId": "123456789012",
        "Status": "attached",
    }
    assert [one["Attachment"]["DeviceIndex"] for one in lab.instance(instance)["NetworkInterfaces"]] == [0, 1]
    lab.ec2.detach_network_interface(AttachmentId=answer["AttachmentId"], Force=True)
    assert lab.eni(eni)["Status"] == "available"
    assert "Attachment" not in lab.eni(eni)


def test_everything_follows_a_move(lab: Lab) -> None:
    group = lab.group("web")
    first, second = lab.launch(), lab.launch()
    eni = lab.interface(Groups=[group], Description="moving", PrivateIpAddresses=[{"PrivateIpAddress": "10.0.1.40"}])
    allocation, _ = lab.elastic_ip()
    lab.ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=eni)
    lab.ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, SourceDestCheck={"Value": False})
    attach = lab.ec2.attach_network_interface
    lab.ec2.detach_network_interface(
        AttachmentId=attach(NetworkInterfaceId=eni, InstanceId=first, DeviceIndex=1)["AttachmentId"]
    )
    before = lab.eni(eni)
    attach(NetworkInterfaceId=eni, InstanceId=second, DeviceIndex=1)
    after = lab.eni(eni)
    assert after.pop("Attachment")["InstanceId"] == second
    assert after == {**before, "Status": "in-use"}
    assert lab.address(allocation)["InstanceId"] == second


def test_warm_attach_at_an_index_with_a_gap(lab: Lab) -> None:
    instance = lab.launch(InstanceType="t3.small")
    lab.ec2.stop_instances(InstanceIds=[instance])
    lab.settle()
    lab.ec2.attach_network_interface(NetworkInterfaceId=lab.interface(), InstanceId=instance, DeviceIndex=2)
    assert [one["Attachment"]["DeviceIndex"] for one in lab.instance(instance)["NetworkInterfaces"]] == [0, 2]


def test_the_primary_interface_stays(lab: Lab) -> None:
    eth0 = lab.eni(lab.primary(lab.launch()))
    message = refused(
        "OperationNotPermitted",
        lab.ec2.detach_network_interface,
        AttachmentId=eth0["Attachment"]["AttachmentId"],
        Force=True,
    )
    assert message == "The network interface at device index 0 and networkCard index 0 cannot be detached."


def test_another_zone(lab: Lab) -> None:
    instance = lab.launch()
    message = refused(
        "InvalidParameterCombination",
        lab.ec2.attach_network_interface,
        NetworkInterfaceId=lab.interface(lab.other_zone),
        InstanceId=instance,
        DeviceIndex=1,
    )
    assert message == (
        "You may not attach a network interface to an instance if they are not in the same availability zone"
    )


def test_a_third_interface_on_a_t2_micro(lab: Lab) -> None:
    instance = lab.launch()
    attach = lab.ec2.attach_network_interface
    attach(NetworkInterfaceId=lab.interface(), InstanceId=instance, DeviceIndex=1)
    message = refused(
        "AttachmentLimitExceeded", attach, NetworkInterfaceId=lab.interface(), InstanceId=instance, DeviceIndex=2
    )
    assert message == "Interface count 3 exceeds the limit for t2.micro"


def test_an_index_in_use(lab: Lab) -> None:
    instance = lab.launch()
    for index in (0, -1):
        message = refused(
            "InvalidParameterValue",
            lab.ec2.attach_network_interface,
            NetworkInterfaceId=lab.interface(),
            InstanceId=instance,
            DeviceIndex=index,
        )
        assert str(index) in message


def test_an_attached_interface(lab: Lab) -> None:
    taken, instance = lab.primary(lab.launch()), lab.launch()
    message = refused(
        "InvalidNetworkInterface.InUse",
        lab.ec2.attach_network_interface,
        NetworkInterfaceId=taken,
        InstanceId=instance,
        DeviceIndex=1,
    )
    assert message == f"Interface: [{taken}] in use."


def test_more_addresses_than_the_type_allows(lab: Lab) -> None:
    instance, eni = lab.launch(), lab.interface(SecondaryPrivateIpAddressCount=2)
    refused(
        "PrivateIpAddressLimitExceeded",
        lab.ec2.attach_network_interface,
        NetworkInterfaceId=eni,
        InstanceId=instance,
        DeviceIndex=1,
    )


def test_an_instance_that_is_going_and_one_that_is_coming(lab: Lab) -> None:
    instance, eni = lab.launch(), lab.interface()
    lab.ec2.terminate_instances(InstanceIds=[instance])
    attach = lab.ec2.attach_network_interface
    refused("IncorrectState", attach, NetworkInterfaceId=eni, InstanceId=instance, DeviceIndex=1)
    attach(NetworkInterfaceId=eni, InstanceId=lab.launch_pending(), DeviceIndex=1)


def test_other_network_cards(lab: Lab) -> None:
    instance = lab.launch()
    refused(
        "UnsupportedOperation",
        lab.ec2.attach_network_interface,
        NetworkInterfaceId=lab.interface(),
        InstanceId=instance,
        DeviceIndex=1,
        NetworkCardIndex=1,
    )


def test_unknown_ids(lab: Lab) -> None:
    detach, attach = lab.ec2.detach_network_interface, lab.ec2.attach_network_interface
    refused("InvalidAttachmentID.NotFound", detach, AttachmentId="eni-attach-0123456789abcdef0")
    refused("InvalidNetworkInterfaceAttachmentId.Malformed", detach, AttachmentId="eni-0123456789abcdef0")
    eni = lab.interface()
    refused(
        "InvalidInstanceID.NotFound", attach, NetworkInterfaceId=eni, InstanceId="i-0123456789abcdef0", DeviceIndex=1
    )
    refused("InvalidInstanceID.Malformed", attach, NetworkInterfaceId=eni, InstanceId="i-1", DeviceIndex=1)


def test_dry_run(lab: Lab) -> None:
    instance, eni = lab.launch(), lab.interface()
    attach = lab.ec2.attach_network_interface
    refused("DryRunOperation", attach, NetworkInterfaceId=eni, InstanceId=instance, DeviceIndex=1, DryRun=True)
    assert lab.eni(eni)["Status"] == "available"
