"""An account's clients, and the small network that most resources of a client stand in."""

from functools import cached_property
from typing import Any

from tests.scenarios.running import Atoll, Said
from tests.support.expect import named

REGION = "us-east-1"
ZONE, OTHER_ZONE = "us-east-1a", "us-east-1b"


def only(answer: list[Any]) -> Any:
    """The one item of a list, as the provider wants it (AssertSingleValueResult)."""
    assert len(answer) == 1, answer
    return answer[0]


class Account:
    """One account of the server."""

    def __init__(self, server: Atoll, id: str) -> None:  # noqa: A002 - AWS's word
        self.server = server
        self.id = id

    def client(self, service: str, region: str = REGION) -> Any:
        """A client of a service."""
        return self.server.client(service, self.id, region)

    @cached_property
    def ec2(self) -> Any:
        """The client of EC2."""
        return self.client("ec2")

    def aws(self, *words: str, stdin: str = "") -> Said:
        """The AWS CLI, as this account."""
        keys = {
            "AWS_ACCESS_KEY_ID": self.id,
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.server.endpoint,
            "AWS_PAGER": "",
        }
        return self.server.command("aws", *words, stdin=stdin, extra=keys)

    def vpc(self, block: str = "10.0.0.0/16", **params: Any) -> str:
        """A VPC."""
        return str(self.ec2.create_vpc(CidrBlock=block, **params)["Vpc"]["VpcId"])

    def subnet(self, vpc: str, block: str = "10.0.1.0/24", zone: str = ZONE, **params: Any) -> str:
        """A subnet."""
        made = self.ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=zone, **params)
        return str(made["Subnet"]["SubnetId"])

    def gateway(self, vpc: str) -> str:
        """An internet gateway, attached."""
        made = str(self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"])
        self.ec2.attach_internet_gateway(InternetGatewayId=made, VpcId=vpc)
        return made

    def group(self, vpc: str, name: str = "web") -> str:
        """A security group."""
        made = self.ec2.create_security_group(GroupName=name, Description="Managed by Terraform", VpcId=vpc)
        return str(made["GroupId"])

    def interface(self, subnet: str, **params: Any) -> str:
        """An ENI."""
        made = self.ec2.create_network_interface(SubnetId=subnet, **params)
        return str(made["NetworkInterface"]["NetworkInterfaceId"])

    @cached_property
    def image(self) -> str:
        """The newest Amazon Linux 2023."""
        found = self.ec2.describe_images(Owners=["amazon"], Filters=named("name", "al2023-ami-2023.*-x86_64"))["Images"]
        return str(max(found, key=lambda one: one["CreationDate"])["ImageId"])

    def launch(self, **params: Any) -> str:
        """One t3.micro, running."""
        asked = {"ImageId": self.image, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1, **params}
        made = self.ec2.run_instances(**asked)["Instances"]
        instance = str(only(made)["InstanceId"])
        self.ec2.get_waiter("instance_running").wait(InstanceIds=[instance])
        return instance

    def instance(self, id: str) -> dict[str, Any]:  # noqa: A002 - AWS's word
        """An instance as it is described."""
        reservation = only(self.ec2.describe_instances(InstanceIds=[id])["Reservations"])
        return dict(only(reservation["Instances"]))

    def terminate(self, *ids: str) -> None:
        """End instances, and wait until they have ended."""
        self.ec2.terminate_instances(InstanceIds=list(ids))
        self.ec2.get_waiter("instance_terminated").wait(InstanceIds=list(ids))
