"""The bank's network: two public subnets, two for databases, one for others; groups by reference; ACLs of its own."""

from typing import Any

from atoll.cli.demo.bank_servers import DATABASE, DATABASE_DATA, web_data
from atoll.cli.demo.building import Builder

EVERYWHERE = "0.0.0.0/0"
PUBLIC = ("10.0.1.0/24", "10.0.2.0/24")
WAY_OUT = "10.0.3.0/24"
DATABASES = ("10.0.11.0/24", "10.0.12.0/24")
OTHERS = "10.0.21.0/24"
HTTP, POSTGRESQL, EPHEMERAL = (80, 80), (5432, 5432), (1024, 65535)
ALL = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": EVERYWHERE}]}

WEB_ACL = (
    # To the page from anywhere; to the databases; and the answers of both, since an ACL remembers nothing.
    (False, 100, HTTP, EVERYWHERE),
    (True, 100, EPHEMERAL, EVERYWHERE),
    (True, 110, POSTGRESQL, DATABASES[0]),
    (True, 120, POSTGRESQL, DATABASES[1]),
    (False, 110, EPHEMERAL, DATABASES[0]),
    (False, 120, EPHEMERAL, DATABASES[1]),
)
DATABASE_ACL = (
    (False, 100, POSTGRESQL, PUBLIC[0]),
    (False, 110, POSTGRESQL, PUBLIC[1]),
    (True, 100, EPHEMERAL, PUBLIC[0]),
    (True, 110, EPHEMERAL, PUBLIC[1]),
)
"""Entries: whether outbound, number, ports, block."""


class BankNetwork:
    """What was built, by name."""

    def __init__(self, build: Builder, zones: tuple[str, str]) -> None:
        self._build = build
        self._zones = zones
        self._ec2 = build.ec2

    def make(self) -> None:
        """All of it; the servers may still be starting."""
        build, (first, second) = self._build, self._zones
        self.vpc = build.vpc("10.0.0.0/16", "bank")
        self._ec2.modify_vpc_attribute(VpcId=self.vpc, EnableDnsHostnames={"Value": True})
        self.public = [build.subnet(self.vpc, PUBLIC[0], first, "public-a")]
        self.public.append(build.subnet(self.vpc, PUBLIC[1], second, "public-b"))
        self.way_out = build.subnet(self.vpc, WAY_OUT, first, "way-out")
        self.databases = [build.subnet(self.vpc, DATABASES[0], first, "database-a")]
        self.databases.append(build.subnet(self.vpc, DATABASES[1], second, "database-b"))
        self.others = build.subnet(self.vpc, OTHERS, first, "others")
        self.gateway = build.gateway(self.vpc, "bank")
        public = build.route_table(self.vpc, "public", *self.public, self.way_out)
        self.private_routes = build.route_table(self.vpc, "private", *self.databases, self.others)
        self._ec2.create_route(RouteTableId=public, DestinationCidrBlock=EVERYWHERE, GatewayId=self.gateway)
        self._groups()
        self.web_acl = self._acl("web", WEB_ACL, self.public)
        self.database_acl = self._acl("database", DATABASE_ACL, self.databases)
        self._servers()

    def _groups(self) -> None:
        self.web_group = self._build.group(self.vpc, "web")
        self.database_group = self._build.group(self.vpc, "database")
        self.other_group = self._build.group(self.vpc, "others")
        web = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": EVERYWHERE}]}
        self._ec2.authorize_security_group_ingress(GroupId=self.web_group, IpPermissions=[web])
        self._ec2.authorize_security_group_ingress(GroupId=self.database_group, IpPermissions=[self.from_web()])

    def from_web(self) -> dict[str, Any]:
        """PostgreSQL, from whoever wears the web servers' group, whatever their addresses."""
        pair = {"GroupId": self.web_group}
        return {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [pair]}

    def _servers(self) -> None:
        make, (public_a, public_b), (database_a, database_b) = self._build.instance, self.public, self.databases
        self.database = make(
            "database",
            DATABASE_DATA,
            SubnetId=database_a,
            Groups=[self.database_group],
            PrivateIpAddress=DATABASE,
        )
        web, other = [self.web_group], [self.other_group]
        # The first gets an automatic public address, the second an Elastic IP later.
        self.web_a = make("web-a", web_data("web-a"), SubnetId=public_a, Groups=web, AssociatePublicIpAddress=True)
        self.web_b = make("web-b", web_data("web-b"), SubnetId=public_b, Groups=web)
        self.admin = make("admin", "", SubnetId=public_a, Groups=other)
        self.standby = make("standby", "", SubnetId=database_b, Groups=web)
        self.tools = make("tools", "", SubnetId=self.others, Groups=web)

    def _acl(self, name: str, entries: tuple[tuple[bool, int, tuple[int, int], str], ...], subnets: list[str]) -> str:
        acl = self._build.acl(self.vpc, name)
        for outbound, number, ports, block in entries:
            self.entry(acl, outbound, number, ports, block)
        for subnet in subnets:
            self.use_acl(acl, subnet)
        return acl

    def entry(self, acl: str, outbound: bool, number: int, ports: tuple[int, int], block: str) -> None:
        """Allow TCP to these ports: inbound from the block, outbound to it."""
        self._ec2.create_network_acl_entry(
            NetworkAclId=acl,
            Egress=outbound,
            RuleNumber=number,
            Protocol="6",
            PortRange={"From": ports[0], "To": ports[1]},
            CidrBlock=block,
            RuleAction="allow",
        )

    def use_acl(self, acl: str, subnet: str) -> None:
        """A subnet has one ACL at any time: put this one in the place of what it has."""
        of_subnet = [{"Name": "association.subnet-id", "Values": [subnet]}]
        found = self._ec2.describe_network_acls(Filters=of_subnet)["NetworkAcls"][0]["Associations"]
        association = next(one for one in found if one["SubnetId"] == subnet)["NetworkAclAssociationId"]
        self._ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=acl)

    def default_acl(self) -> str:
        """The VPC's own ACL, which lets everything pass."""
        default = [{"Name": "vpc-id", "Values": [self.vpc]}, {"Name": "default", "Values": ["true"]}]
        return str(self._ec2.describe_network_acls(Filters=default)["NetworkAcls"][0]["NetworkAclId"])
