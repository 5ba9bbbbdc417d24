"""What several scenarios start from: a VPC with a public subnet, and a web server in it, built with boto3."""

from typing import Any, NamedTuple

from tests.scenarios.running import Atoll

IMAGE = "ami-12c6146b"
PAGE = "here I am"
USER_DATA = f"""#!/bin/bash
yum install -y httpd
echo "{PAGE}" > /var/www/html/index.html
systemctl enable --now httpd
"""

ONE_LOOK = {"MaxAttempts": 1}
"""For botocore's waiters: the first look decides, so that none sleeps its 15 seconds."""


class Network(NamedTuple):
    """A VPC with one public subnet, and a group that opens port 80."""

    vpc: str
    subnet: str
    group: str


def network(ec2: Any, block: str = "10.0.0.0/16") -> Network:
    """A VPC whose only subnet, the whole of it, is public."""
    vpc = ec2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=block)["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    main = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]["RouteTableId"]
    ec2.create_route(RouteTableId=main, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    group = ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
    web = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[web])
    return Network(vpc, subnet, group)


def instance(ec2: Any, where: Network, name: str = "web", user_data: str = "") -> str:
    """A running instance with an automatic public address; its id."""
    made = ec2.run_instances(
        ImageId=IMAGE,
        InstanceType="t2.micro",
        MinCount=1,
        MaxCount=1,
        UserData=user_data,
        NetworkInterfaces=[
            {"DeviceIndex": 0, "SubnetId": where.subnet, "Groups": [where.group], "AssociatePublicIpAddress": True}
        ],
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}],
    )
    found = str(made["Instances"][0]["InstanceId"])
    ec2.get_waiter("instance_running").wait(InstanceIds=[found], WaiterConfig=ONE_LOOK)
    return found


def described(ec2: Any, instance_id: str) -> dict[str, Any]:
    """DescribeInstances' answer for one."""
    answer = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
    return dict(answer)


def page(atoll: Atoll, address: str, *, patient: bool = False) -> str:
    """What http://ADDRESS/ says to a host of the internet, or curl's complaint. Patient: the server may be starting."""
    # Without -S: with it curl also tells of the tries that failed before one succeeded.
    how = ("-s", "--retry", "30", "--retry-connrefused", "--retry-delay", "1") if patient else ("-sS",)
    said = atoll.run("internet", "--", "curl", *how, "--max-time", "2", f"http://{address}/")
    return (said.out + said.err).strip()
