"""A VPC to try interfaces, Elastic IPs and instances in, and guests that report what their states demand."""

from typing import Any

from atoll.engine.timers import due_things
from atoll.model.kinds import Instance
from atoll.model.machines import EFFECTS, Effect, Event
from atoll.services.due import look as look_at
from atoll.services.ec2.lifecycle import on_event
from tests.support.inprocess import ACCOUNT, REGION, InProcess

DONE = {
    Effect.START: Event.STARTED,
    Effect.REBOOT: Event.STARTED,
    Effect.STOP: Event.STOPPED,
    Effect.TERMINATE: Event.GONE,
}


class Lab:
    """One VPC with two zones, an internet gateway, and the image of the articles."""

    def __init__(self, cloud: InProcess, *, gateway: bool = True) -> None:
        self.cloud = cloud
        self.ec2: Any = cloud.client()
        self.vpc: str = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnet = self.make_subnet("10.0.1.0/24", "us-east-1a")
        self.other_zone = self.make_subnet("10.0.2.0/24", "us-east-1b")
        if gateway:
            self.gateway: str = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
            self.ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        images = self.ec2.describe_images(
            Owners=["amazon"], Filters=[{"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}]
        )
        self.image: str = images["Images"][0]["ImageId"]

    def make_subnet(self, block: str, zone: str = "us-east-1a", *, public: bool = False) -> str:
        """A subnet; `public`: its instances get automatic public addresses."""
        made = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=block, AvailabilityZone=zone)
        subnet = str(made["Subnet"]["SubnetId"])
        if public:
            self.ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
        return subnet

    def group(self, name: str) -> str:
        """A security group."""
        made = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)
        return str(made["GroupId"])

    def interface(self, subnet: str | None = None, **params: Any) -> str:
        """A network interface."""
        made = self.ec2.create_network_interface(SubnetId=subnet or self.subnet, **params)
        return str(made["NetworkInterface"]["NetworkInterfaceId"])

    def launch(self, **params: Any) -> str:
        """A t2.micro in the subnet, running."""
        instance = self.launch_pending(**params)
        self.settle()
        return instance

    def launch_pending(self, **params: Any) -> str:
        """The same, before its guest runs."""
        asked = {"ImageId": self.image, "InstanceType": "t2.micro", "MinCount": 1, "MaxCount": 1, **params}
        if "NetworkInterfaces" not in asked:
            asked.setdefault("SubnetId", self.subnet)
        return str(self.ec2.run_instances(**asked)["Instances"][0]["InstanceId"])

    def elastic_ip(self) -> tuple[str, str]:
        """An Elastic IP: allocation id and address."""
        made = self.ec2.allocate_address(Domain="vpc")
        return str(made["AllocationId"]), str(made["PublicIp"])

    def event(self, instance: str, event: Event, boot: int | None = None) -> None:
        """Something happens to a guest."""
        happen(self.cloud, instance, event, boot)

    def settle(self) -> None:
        """Guests do what states demand, until none demands anything."""
        settle(self.cloud)

    def eni(self, id_: str) -> dict[str, Any]:
        """The ENI as it is described."""
        (found,) = self.ec2.describe_network_interfaces(NetworkInterfaceIds=[id_])["NetworkInterfaces"]
        return dict(found)

    def instance(self, id_: str) -> dict[str, Any]:
        """The instance as it is described."""
        (reservation,) = self.ec2.describe_instances(InstanceIds=[id_])["Reservations"]
        return dict(reservation["Instances"][0])

    def primary(self, instance: str) -> str:
        """Its eth0."""
        return str(self.instance(instance)["NetworkInterfaces"][0]["NetworkInterfaceId"])

    def address(self, allocation: str) -> dict[str, Any]:
        """The Elastic IP as it is described."""
        return dict(self.ec2.describe_addresses(AllocationIds=[allocation])["Addresses"][0])


def happen(cloud: InProcess, instance: str, event: Event, boot: int | None = None) -> None:
    """Something happens to a guest."""
    tx = cloud.draft(REGION, ACCOUNT)
    known = tx.get(Instance, instance)
    on_event(tx, instance, boot if boot is not None else known.boot if known else 0, event)
    cloud.commit(tx.delta())


def settle(cloud: InProcess) -> None:
    """Guests do what states demand, until none demands anything."""
    for one in list(cloud.table.all(Instance)):
        if one.state in EFFECTS:
            happen(cloud, one.id, DONE[EFFECTS[one.state]])
    assert not any(one.state in EFFECTS for one in cloud.table.all(Instance))
    look(cloud)


def look(cloud: InProcess, *held: str) -> None:
    """What the engine does about what is due. `held`: a NAT gateway's addresses that connections have."""
    for thing in due_things(cloud.table, cloud.now):
        tx = cloud.draft(thing.region, thing.account)
        look_at(tx, thing, held)
        cloud.commit(tx.delta())
