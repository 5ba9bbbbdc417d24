"""What all demos build and look at, through the public API; everything carries the demo's tag."""

from typing import Any

from atoll.cli.demo.clean import tags

IMAGE = "ami-12c6146b"


class Builder:
    """Builds for one demo."""

    def __init__(self, ec2: Any, demo: str) -> None:
        self.ec2 = ec2
        self._demo = demo

    def vpc(self, block: str, name: str) -> str:
        """A VPC's id."""
        made = self.ec2.create_vpc(CidrBlock=block, TagSpecifications=self._tags("vpc", name))
        return str(made["Vpc"]["VpcId"])

    def subnet(self, vpc: str, block: str, zone: str, name: str) -> str:
        """A subnet's id."""
        made = self.ec2.create_subnet(
            VpcId=vpc, CidrBlock=block, AvailabilityZone=zone, TagSpecifications=self._tags("subnet", name)
        )
        return str(made["Subnet"]["SubnetId"])

    def gateway(self, vpc: str, name: str) -> str:
        """An internet gateway, attached."""
        made = self.ec2.create_internet_gateway(TagSpecifications=self._tags("internet-gateway", name))
        gateway = str(made["InternetGateway"]["InternetGatewayId"])
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        return gateway

    def route_table(self, vpc: str, name: str, *subnets: str) -> str:
        """A route table with the local route alone, associated with these subnets."""
        made = self.ec2.create_route_table(VpcId=vpc, TagSpecifications=self._tags("route-table", name))
        table = str(made["RouteTable"]["RouteTableId"])
        for subnet in subnets:
            self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        return table

    def group(self, vpc: str, name: str) -> str:
        """A security group with AWS's own rule alone: all outbound."""
        made = self.ec2.create_security_group(
            GroupName=name, Description=name, VpcId=vpc, TagSpecifications=self._tags("security-group", name)
        )
        return str(made["GroupId"])

    def acl(self, vpc: str, name: str) -> str:
        """A network ACL: nothing passes yet."""
        made = self.ec2.create_network_acl(VpcId=vpc, TagSpecifications=self._tags("network-acl", name))
        return str(made["NetworkAcl"]["NetworkAclId"])

    def interface(self, subnet: str, group: str, name: str) -> str:
        """An ENI that stands alone."""
        made = self.ec2.create_network_interface(
            SubnetId=subnet,
            Groups=[group],
            Description=name,
            TagSpecifications=self._tags("network-interface", name),
        )
        return str(made["NetworkInterface"]["NetworkInterfaceId"])

    def instance(self, name: str, user_data: str, **interface: Any) -> str:
        """A running instance, whose user data may not be through; `interface`: what its primary ENI is to be."""
        made = self.ec2.run_instances(
            ImageId=IMAGE,
            InstanceType="t2.micro",
            MinCount=1,
            MaxCount=1,
            UserData=user_data,
            NetworkInterfaces=[{"DeviceIndex": 0, **interface}],
            TagSpecifications=self._tags("instance", name),
        )
        instance = str(made["Instances"][0]["InstanceId"])
        self.ec2.get_waiter("instance_running").wait(InstanceIds=[instance])
        return instance

    def allocate(self, name: str) -> tuple[str, str]:
        """An Elastic IP: its allocation, its address."""
        made = self.ec2.allocate_address(Domain="vpc", TagSpecifications=self._tags("elastic-ip", name))
        return str(made["AllocationId"]), str(made["PublicIp"])

    def nat_gateway(self, subnet: str, allocation: str, name: str) -> str:
        """A NAT gateway that works."""
        made = self.ec2.create_nat_gateway(
            SubnetId=subnet, AllocationId=allocation, TagSpecifications=self._tags("natgateway", name)
        )
        gateway = str(made["NatGateway"]["NatGatewayId"])
        self.ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[gateway])
        return gateway

    def stop_and_start(self, *instances: str) -> None:
        """Stop these instances and start them again."""
        self.ec2.stop_instances(InstanceIds=list(instances))
        self.ec2.get_waiter("instance_stopped").wait(InstanceIds=list(instances))
        self.ec2.start_instances(InstanceIds=list(instances))
        self.ec2.get_waiter("instance_running").wait(InstanceIds=list(instances))

    def described(self, interface: str) -> dict[str, Any]:
        """DescribeNetworkInterfaces' answer for one."""
        found: dict[str, Any] = self.ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])[
            "NetworkInterfaces"
        ][0]
        return found

    def interface_of(self, instance: str, index: int = 0) -> str:
        """The ENI of an instance at a device index."""
        interfaces = self._instance(instance)["NetworkInterfaces"]
        return str(next(one for one in interfaces if one["Attachment"]["DeviceIndex"] == index)["NetworkInterfaceId"])

    def public_ip(self, instance: str) -> str:
        """The public address of an instance; empty if it has none."""
        return str(self._instance(instance).get("PublicIpAddress", ""))

    def private_ip(self, instance: str) -> str:
        """The primary private address of an instance."""
        return str(self._instance(instance)["PrivateIpAddress"])

    def name_of(self, instance: str, *, public: bool = False) -> str:
        """The private or the public name of an instance."""
        return str(self._instance(instance)["PublicDnsName" if public else "PrivateDnsName"])

    def _instance(self, instance: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
        return found

    def marks(self, name: str) -> list[dict[str, str]]:
        """The tags alone, for load balancers."""
        found: list[dict[str, str]] = self._tags("", name)[0]["Tags"]
        return found

    def _tags(self, resource: str, name: str) -> list[dict[str, Any]]:
        return tags(resource, self._demo, name)
