"""The second article, task by task, on the cloud's records: what its screens show."""

from tests.support.expect import refused
from tests.support.inprocess import ACCOUNT
from tests.support.lab import Lab


def test_the_articles_eight_tasks_and_its_scope(lab: Lab) -> None:
    ec2 = lab.ec2
    # 1: an instance with my-sg-1, which opens port 80; it has a primary ENI.
    first = lab.group("my-sg-1")
    ec2.authorize_security_group_ingress(GroupId=first, IpProtocol="tcp", FromPort=80, ToPort=80, CidrIp="0.0.0.0/0")
    instance = lab.launch(SecurityGroupIds=[first])
    eth0 = lab.primary(instance)
    # 2, 3: an Elastic IP on the primary ENI.
    primary_ip, public = lab.elastic_ip()
    ec2.associate_address(AllocationId=primary_ip, NetworkInterfaceId=eth0)
    # 4: the instance shows it.
    assert lab.instance(instance)["PublicIpAddress"] == public
    # 5: a second ENI in the same subnet, with my-sg-2, which opens nothing; it is available.
    second = lab.group("my-sg-2")
    eni = lab.interface(Groups=[second], Description="second-eni")
    assert lab.eni(eni)["Status"] == "available"
    # 6, 7: a second Elastic IP on the ENI while it is attached nowhere.
    second_ip, second_public = lab.elastic_ip()
    ec2.associate_address(AllocationId=second_ip, NetworkInterfaceId=eni, AllowReassociation=False)
    assert lab.eni(eni)["Association"]["PublicIp"] == second_public
    assert "InstanceId" not in lab.address(second_ip)
    # 8: attached as eth1.
    attachment = ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=instance, DeviceIndex=1)
    shown = lab.instance(instance)["NetworkInterfaces"]
    assert [one["NetworkInterfaceId"] for one in shown] == [eth0, eni]
    assert [one["Association"]["PublicIp"] for one in shown] == [public, second_public]
    assert [one["Association"]["IpOwnerId"] for one in shown] == [ACCOUNT, ACCOUNT]
    assert [one["Groups"][0]["GroupName"] for one in shown] == ["my-sg-1", "my-sg-2"]
    assert lab.eni(eni)["Status"] == "in-use"
    # Scope: several Elastic IPs on one ENI, through a secondary private address.
    assigned = ec2.assign_private_ip_addresses(NetworkInterfaceId=eth0, SecondaryPrivateIpAddressCount=1)
    (secondary,) = (one["PrivateIpAddress"] for one in assigned["AssignedPrivateIpAddresses"])
    third_ip, third_public = lab.elastic_ip()
    ec2.associate_address(AllocationId=third_ip, NetworkInterfaceId=eth0, PrivateIpAddress=secondary)
    assert [one["Association"]["PublicIp"] for one in lab.eni(eth0)["PrivateIpAddresses"]] == [public, third_public]
    refused(
        "PrivateIpAddressLimitExceeded",
        ec2.assign_private_ip_addresses,
        NetworkInterfaceId=eth0,
        SecondaryPrivateIpAddressCount=1,
    )
    ec2.unassign_private_ip_addresses(NetworkInterfaceId=eth0, PrivateIpAddresses=[secondary])
    assert "AssociationId" not in lab.address(third_ip)
    # Its rules: eth0 stays, a t2.micro has two ENIs, and they are of the instance's zone.
    refused(
        "OperationNotPermitted",
        ec2.detach_network_interface,
        AttachmentId=lab.eni(eth0)["Attachment"]["AttachmentId"],
    )
    refused(
        "AttachmentLimitExceeded",
        ec2.attach_network_interface,
        NetworkInterfaceId=lab.interface(),
        InstanceId=instance,
        DeviceIndex=2,
    )
    ec2.detach_network_interface(AttachmentId=attachment["AttachmentId"])
    elsewhere = lab.launch(SubnetId=lab.other_zone)
    refused(
        "InvalidParameterCombination",
        ec2.attach_network_interface,
        NetworkInterfaceId=eni,
        InstanceId=elsewhere,
        DeviceIndex=1,
    )
    # The ENI moves to another instance, and takes along what is its own.
    before = lab.eni(eni)
    neighbour = lab.launch()
    ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=neighbour, DeviceIndex=1)
    after = lab.eni(eni)
    kept = ("MacAddress", "PrivateIpAddresses", "Groups", "Association", "Description", "SourceDestCheck")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert lab.address(second_ip)["InstanceId"] == neighbour
    # A taken Elastic IP is refused where the box is not ticked, and moves otherwise; the earlier one stays allocated.
    refused(
        "Resource.AlreadyAssociated",
        ec2.associate_address,
        AllocationId=second_ip,
        NetworkInterfaceId=eth0,
        AllowReassociation=False,
    )
    ec2.associate_address(AllocationId=second_ip, NetworkInterfaceId=eth0)
    assert lab.instance(instance)["PublicIpAddress"] == second_public
    assert "AssociationId" not in lab.address(primary_ip)
