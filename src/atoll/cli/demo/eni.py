"""The article "Handling Elastic Network Interfaces in AWS": its eight tasks and its key features, each one tried."""

from typing import Any

from atoll.cli.demo.building import Builder
from atoll.cli.demo.claims import Claims
from atoll.cli.demo.clean import clean
from atoll.cli.demo.lab import Lab

DEMO = "eni"
REGION = "us-east-1"
TITLE = "Elastic network interfaces: the article, claim by claim"
CLIENT = "203.0.113.10"

PAGE = "Testing ENI"
USER_DATA = f"""#!/bin/bash
yum update -y
yum install -y httpd
echo "{PAGE}" > /var/www/html/index.html
systemctl enable --now httpd
"""
WEB = [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
LOG_LOCAL_ADDRESS = """
for folder in /etc/apache2/conf-enabled /etc/httpd/conf.d; do
  [ -d "$folder" ] && echo 'CustomLog /var/log/local-address "%A"' > "$folder/local-address.conf"
done
systemctl restart httpd
"""
ANSWERS = f"answers: {PAGE}"


class EniDemo:
    """The state that one task leaves to the next."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.ec2 = lab.ec2
        self.build = Builder(lab.ec2, DEMO)
        self.claims = Claims(TITLE)

    def run(self) -> Claims:
        """All of it, in the article's order."""
        clean(self.ec2, DEMO)
        self.network()
        self.first_interface()
        self.second_interface()
        self.several_addresses()
        self.refusals()
        self.move()
        self.reassociation()
        self.stop_and_start()
        return self.claims

    def network(self) -> None:
        """What the article takes for granted: a VPC with a public subnet. The second subnet is in another AZ."""
        build = self.build
        self.vpc = build.vpc("10.0.0.0/16", "eni-lab")
        self.subnet = build.subnet(self.vpc, "10.0.1.0/24", f"{REGION}a", f"{REGION}a")
        self.other_subnet = build.subnet(self.vpc, "10.0.2.0/24", f"{REGION}b", f"{REGION}b")
        gateway = build.gateway(self.vpc, "eni-lab")
        table = build.route_table(self.vpc, "public", self.subnet, self.other_subnet)
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)

    def first_interface(self) -> None:
        """Tasks 1 to 4: an instance with Apache, and an Elastic IP on its primary ENI."""
        self.group_1 = self.build.group(self.vpc, "my-sg-1")
        self.ec2.authorize_security_group_ingress(GroupId=self.group_1, IpPermissions=WEB)
        self.instance = self._launch("eni-web")
        self.eth0 = self.build.interface_of(self.instance, 0)
        self.allocation_1, self.ip_1 = self.build.allocate("first")
        self.ec2.associate_address(AllocationId=self.allocation_1, NetworkInterfaceId=self.eth0)
        seen = self.lab.http_once_up(self.ip_1)
        self._claim("my-sg-1 opens port 80: the Elastic IP on eth0 answers the internet", ANSWERS, seen)
        self._claim("Apache's log shows the client's own address", CLIENT, self._logged_client())

    def second_interface(self) -> None:
        """Tasks 5 to 8: a second ENI with a closed group, a second Elastic IP, attached as eth1."""
        self.group_2 = self.build.group(self.vpc, "my-sg-2")
        self.second = self.build.interface(self.subnet, self.group_2, "second-eni")
        self._claim("a new ENI is available", "available", self._status(self.second))
        self.allocation_2, self.ip_2 = self.build.allocate("second")
        bound = self.ec2.associate_address(
            AllocationId=self.allocation_2, NetworkInterfaceId=self.second, AllowReassociation=False
        )
        self._claim("an Elastic IP goes onto an unattached ENI", "eipassoc", bound["AssociationId"].split("-")[0])
        self.ec2.attach_network_interface(NetworkInterfaceId=self.second, InstanceId=self.instance, DeviceIndex=1)
        self._claim("attached, it is in-use", "in-use", self._status(self.second))
        self._claim("the guest sees both interfaces", "eth0 eth1", self._links(self.instance))
        both = " ".join(sorted((self.eth0, self.second)))
        self._claim("... and its metadata names both", both, self._named_in_metadata())
        self._claim(
            "my-sg-2 has no rule: the second address is silent, not refused", "silent", self.lab.http(self.ip_2)
        )
        self._claim("meanwhile the first address answers", ANSWERS, self.lab.http(self.ip_1))
        self.ec2.authorize_security_group_ingress(GroupId=self.group_2, IpPermissions=WEB)
        self._claim("port 80 opened in my-sg-2: the second address answers", ANSWERS, self.lab.http(self.ip_2))
        self._claim("... and the first still does", ANSWERS, self.lab.http(self.ip_1))
        self.ec2.revoke_security_group_ingress(GroupId=self.group_2, IpPermissions=WEB)
        self._claim("the rule revoked: the second is silent again", "silent", self.lab.http(self.ip_2))
        self._claim("... and the first still answers", ANSWERS, self.lab.http(self.ip_1))

    def several_addresses(self) -> None:
        """The article's scope: several Elastic IPs on one ENI, one a private address."""
        answer = self.ec2.assign_private_ip_addresses(NetworkInterfaceId=self.eth0, SecondaryPrivateIpAddressCount=1)
        private = answer["AssignedPrivateIpAddresses"][0]["PrivateIpAddress"]
        allocation, public = self.build.allocate("third")
        self.ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=self.eth0, PrivateIpAddress=private)
        self._claim("a third Elastic IP on eth0's secondary address answers", ANSWERS, self.lab.http(public))
        self._claim("Apache was asked at the secondary address", private, self._address_asked(public))
        too_many = self.lab.refusal(
            lambda: self.ec2.assign_private_ip_addresses(NetworkInterfaceId=self.eth0, SecondaryPrivateIpAddressCount=1)
        )
        self._claim("a t2.micro's ENI takes two addresses, not three", "PrivateIpAddressLimitExceeded", too_many)
        self.ec2.unassign_private_ip_addresses(NetworkInterfaceId=self.eth0, PrivateIpAddresses=[private])
        left = self.ec2.describe_addresses(AllocationIds=[allocation])["Addresses"][0]
        self._claim(
            "unassigning it drops the association, the Elastic IP stays",
            "allocated, unassociated",
            "allocated, associated" if "AssociationId" in left else "allocated, unassociated",
        )
        self._claim("... and is silent", "silent", self.lab.http(public))
        self.ec2.release_address(AllocationId=allocation)

    def refusals(self) -> None:
        """The article's key features 2 and 3."""
        ec2, refusal = self.ec2, self.lab.refusal
        primary = ec2.describe_network_interfaces(NetworkInterfaceIds=[self.eth0])["NetworkInterfaces"][0]
        attachment = primary["Attachment"]["AttachmentId"]
        self._claim(
            "the primary ENI cannot be detached",
            "OperationNotPermitted",
            refusal(lambda: ec2.detach_network_interface(AttachmentId=attachment)),
        )
        third = self.build.interface(self.subnet, self.group_1, "third-eni")
        self._claim(
            "a third ENI on a t2.micro is refused",
            "AttachmentLimitExceeded",
            refusal(
                lambda: ec2.attach_network_interface(NetworkInterfaceId=third, InstanceId=self.instance, DeviceIndex=2)
            ),
        )
        far = self.build.interface(self.other_subnet, self.group_1, "far-eni")
        self.instance_2 = self._launch("eni-second")
        self._claim(
            "an ENI of another AZ is refused",
            "InvalidParameterCombination",
            refusal(
                lambda: ec2.attach_network_interface(NetworkInterfaceId=far, InstanceId=self.instance_2, DeviceIndex=1)
            ),
        )
        for interface in (third, far):
            ec2.delete_network_interface(NetworkInterfaceId=interface)

    def move(self) -> None:
        """Key feature 5: the ENI moves to another instance of the AZ, and everything it owns with it."""
        ec2 = self.ec2
        ec2.authorize_security_group_ingress(GroupId=self.group_2, IpPermissions=WEB)
        before = self.build.described(self.second)
        ec2.detach_network_interface(AttachmentId=before["Attachment"]["AttachmentId"])
        ec2.get_waiter("network_interface_available").wait(NetworkInterfaceIds=[self.second])
        self._claim("detached, its Elastic IP is silent", "silent", self.lab.http(self.ip_2))
        own = f"second instance {self.instance_2}"
        self.lab.inside(self.instance_2, "sh", "-c", f"echo '{own}' > /var/www/html/index.html")
        ec2.attach_network_interface(NetworkInterfaceId=self.second, InstanceId=self.instance_2, DeviceIndex=1)
        after = self.build.described(self.second)
        self._claim("moved, it keeps MAC, addresses, groups and Elastic IP", _owned(before), _owned(after))
        self._claim("traffic now reaches the second instance", f"answers: {own}", self.lab.http_once_up(self.ip_2))
        self._claim("the first instance still answers at its own", ANSWERS, self.lab.http(self.ip_1))

    def reassociation(self) -> None:
        """Task 7's box: "Allow this Elastic IP address to be reassociated"."""
        ec2 = self.ec2
        refused = self.lab.refusal(
            lambda: ec2.associate_address(
                AllocationId=self.allocation_1, NetworkInterfaceId=self.second, AllowReassociation=False
            )
        )
        self._claim("a taken Elastic IP, reassociation not allowed: refused", "Resource.AlreadyAssociated", refused)
        ec2.associate_address(AllocationId=self.allocation_1, NetworkInterfaceId=self.second)
        own = f"answers: second instance {self.instance_2}"
        self._claim("without the flag it moves", own, self.lab.http(self.ip_1))
        left = ec2.describe_addresses(AllocationIds=[self.allocation_2])["Addresses"][0]
        self._claim(
            "the address that it pushed aside stays allocated",
            "allocated, unassociated",
            "allocated, associated" if "AssociationId" in left else "allocated, unassociated",
        )
        ec2.associate_address(AllocationId=self.allocation_1, NetworkInterfaceId=self.eth0)
        self._claim("moved back, the first instance answers there", ANSWERS, self.lab.http(self.ip_1))

    def stop_and_start(self) -> None:
        """The automatic public address is lost on a stop; the Elastic IP is not."""
        ec2 = self.ec2
        # An instance with two ENIs gets no automatic address when it starts (aws-behaviour 72).
        ec2.detach_network_interface(AttachmentId=self.build.described(self.second)["Attachment"]["AttachmentId"])
        both = [self.instance, self.instance_2]
        before = self.build.public_ip(self.instance_2)
        ec2.stop_instances(InstanceIds=both)
        ec2.get_waiter("instance_stopped").wait(InstanceIds=both)
        self._claim("stopped, the Elastic IP is silent", "silent", self.lab.http(self.ip_1))
        ec2.start_instances(InstanceIds=both)
        ec2.get_waiter("instance_running").wait(InstanceIds=both)
        after = self.build.public_ip(self.instance_2)
        changed = "changed" if before and after and before != after else f"{before} -> {after}"
        self._claim("stop and start: the automatic public IP changes", "changed", changed)
        self._claim("... the Elastic IP stays", self.ip_1, self.build.public_ip(self.instance))
        self._claim("... and answers again, from the enabled service", ANSWERS, self.lab.http_once_up(self.ip_1))

    def _claim(self, text: str, expected: str, seen: str) -> None:
        self.claims.add(text, expected, seen)

    def _launch(self, name: str) -> str:
        return self.build.instance(
            name,
            USER_DATA,
            SubnetId=self.subnet,
            Groups=[self.group_1],
            AssociatePublicIpAddress=name == "eni-second",
        )

    def _status(self, interface: str) -> str:
        return str(self.build.described(interface)["Status"])

    def _links(self, instance: str) -> str:
        names = self.lab.inside(instance, "ls", "/sys/class/net").split()
        return " ".join(sorted(name for name in names if name.startswith("eth")))

    def _named_in_metadata(self) -> str:
        """The ENIs of which the instance is told at 169.254.169.254."""
        macs = "http://169.254.169.254/latest/meta-data/network/interfaces/macs/"
        script = f"for mac in $(curl -s {macs}); do curl -s {macs}${{mac}}interface-id; echo; done"
        return " ".join(sorted(self.lab.inside(self.instance, "sh", "-c", script).split()))

    def _logged_client(self) -> str:
        lines = self.lab.inside(self.instance, "cat", "/var/log/httpd/access_log").splitlines()
        return lines[-1].split()[0] if lines else "nothing logged"

    def _address_asked(self, public: str) -> str:
        """The local address of a request to a public one, in Apache's own words (its log's %A)."""
        self.lab.inside(self.instance, "sh", "-c", LOG_LOCAL_ADDRESS)
        self.lab.http(public)
        lines = self.lab.inside(self.instance, "cat", "/var/log/local-address").splitlines()
        return lines[-1] if lines else "nothing logged"


def _owned(interface: dict[str, Any]) -> str:
    groups = ",".join(group["GroupId"] for group in interface["Groups"])
    public = interface.get("Association", {}).get("PublicIp", "no Elastic IP")
    return f"{interface['MacAddress']} {interface['PrivateIpAddress']} {groups} {public}"
