"""Idle times of connection tracking: asked for at creation, at launch, by a template, and changed; shown; compiled."""

from tests.support.expect import refused
from tests.support.lab import Lab

NAME = "ConnectionTrackingSpecification"


def shown(lab: Lab, eni: str) -> object:
    return lab.eni(eni).get("ConnectionTrackingConfiguration")


def modify(lab: Lab, eni: str, **times: int) -> None:
    lab.ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, ConnectionTrackingSpecification=times)


def test_nobody_has_asked_for_anything(lab: Lab) -> None:
    assert shown(lab, lab.interface()) is None


def test_at_creation(lab: Lab) -> None:
    asked = {"TcpEstablishedTimeout": 60, "UdpTimeout": 60, "UdpStreamTimeout": 61}
    made = lab.ec2.create_network_interface(SubnetId=lab.subnet, ConnectionTrackingSpecification=asked)
    assert made["NetworkInterface"]["ConnectionTrackingConfiguration"] == asked
    assert shown(lab, made["NetworkInterface"]["NetworkInterfaceId"]) == asked


def test_a_change_leaves_the_times_that_it_does_not_name(lab: Lab) -> None:
    eni = lab.interface(ConnectionTrackingSpecification={"UdpTimeout": 45})
    modify(lab, eni, TcpEstablishedTimeout=350)
    assert shown(lab, eni) == {"TcpEstablishedTimeout": 350, "UdpTimeout": 45}
    modify(lab, eni, UdpTimeout=30, UdpStreamTimeout=180)
    assert shown(lab, eni) == {"TcpEstablishedTimeout": 350, "UdpTimeout": 30, "UdpStreamTimeout": 180}


def test_at_launch_and_by_a_template_of_the_instance(lab: Lab) -> None:
    asked = {"TcpEstablishedTimeout": 432000, "UdpStreamTimeout": 60}
    network = {"DeviceIndex": 0, "SubnetId": lab.subnet, NAME: asked}
    made = lab.ec2.run_instances(
        ImageId="ami-12c6146b", InstanceType="t3.small", MinCount=1, MaxCount=1, NetworkInterfaces=[network]
    )["Instances"][0]
    assert made["NetworkInterfaces"][0]["ConnectionTrackingConfiguration"] == asked
    data = lab.ec2.get_launch_template_data(InstanceId=made["InstanceId"])["LaunchTemplateData"]
    assert data["NetworkInterfaces"][0][NAME] == asked
    again = {"DeviceIndex": 0, "SubnetId": lab.subnet, NAME: data["NetworkInterfaces"][0][NAME]}
    lab.ec2.create_launch_template(
        LaunchTemplateName="same",
        LaunchTemplateData={"ImageId": "ami-12c6146b", "InstanceType": "t3.small", "NetworkInterfaces": [again]},
    )
    other = lab.ec2.run_instances(LaunchTemplate={"LaunchTemplateName": "same"}, MinCount=1, MaxCount=1)
    assert other["Instances"][0]["NetworkInterfaces"][0]["ConnectionTrackingConfiguration"] == asked


def test_an_interface_that_exists_already_keeps_its_own(lab: Lab) -> None:
    network = {"DeviceIndex": 0, "NetworkInterfaceId": lab.interface(), NAME: {"UdpTimeout": 60}}
    refused("InvalidParameterCombination", lab.launch, NetworkInterfaces=[network])
