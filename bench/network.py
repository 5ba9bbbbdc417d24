"""A VPC with a public subnet, for benchmarks."""

import time
from typing import Any

IMAGE = "ami-12c6146b"


def public_network(ec2: Any) -> tuple[str, str]:
    """(VPC, public subnet of 60,000 addresses) with an internet gateway."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/16", AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    ec2.create_route(RouteTableId=tables[0]["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    return vpc, subnet


def public_instance(ec2: Any, user_data: str) -> tuple[str, str, str]:
    """An instance with a group of its own that opens nothing: (group, public IP, subnet)."""
    vpc, subnet = public_network(ec2)
    group = ec2.create_security_group(GroupName="bench", Description="bench", VpcId=vpc)["GroupId"]
    made = ec2.run_instances(
        ImageId=IMAGE,
        InstanceType="t2.micro",
        MinCount=1,
        MaxCount=1,
        UserData=user_data,
        NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": subnet, "Groups": [group], "AssociatePublicIpAddress": True}],
    )
    instance = made["Instances"][0]["InstanceId"]
    ec2.get_waiter("instance_running").wait(InstanceIds=[instance])
    time.sleep(1.0)  # user data starts the server; the measuring loop counts any packet that it loses
    described = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    return group, described["PublicIpAddress"], subnet
