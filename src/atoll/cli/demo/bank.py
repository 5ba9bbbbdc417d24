"""The article "Secure AWS VPC Design and Configuration": the bank, each line of its defence tried on its own."""

from collections.abc import Callable
from functools import partial

from atoll.cli.addressing import Named, overlaps
from atoll.cli.cidr import shared
from atoll.cli.demo.bank_network import ALL, EPHEMERAL, EVERYWHERE, PUBLIC, BankNetwork
from atoll.cli.demo.bank_servers import DATABASE, PAGE, ROWS
from atoll.cli.demo.bank_way_out import names_and_way_out
from atoll.cli.demo.building import Builder
from atoll.cli.demo.claims import Claims
from atoll.cli.demo.clean import clean, no_default_vpc
from atoll.cli.demo.lab import INTERNET, PORTS, Lab
from atoll.packet import Prefix

DEMO = "bank"
REGION = "eu-central-1"
TITLE = "Secure VPC design: the bank, claim by claim"
NOTHING = f"0 of {PORTS[1]:,} arrive"
NOTHING_AT_ALL = f"0 of {2 * PORTS[1]:,} arrive"
SILENCE = 1.0
"""Seconds; an answer takes about a millisecond here."""


class BankDemo:
    """The state that one part leaves to the next."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.ec2 = lab.ec2
        self.build = Builder(lab.ec2, DEMO)
        self.net = BankNetwork(self.build, (f"{REGION}a", f"{REGION}b"))
        self.claims = Claims(TITLE)

    def run(self) -> Claims:
        """All of it; the bank stands as designed when it ends."""
        clean(self.ec2, DEMO)
        self.region()
        self.net.make()
        self.page()
        self.silence()
        self.access_lists()
        self.groups()
        self.mistakes()
        self.public_addresses()
        names_and_way_out(self.lab, self.build, self.net, self.claims, self.elastic)
        self.address_blocks()
        return self.claims

    def region(self) -> None:
        """The article's note: the default VPC should be removed."""
        if self._default_vpcs() == "none":
            self.ec2.create_default_vpc()
        no_default_vpc(self.ec2)
        self._claim("the region's default VPC can be deleted", "none", self._default_vpcs())

    def page(self) -> None:
        """What the client wanted: a web application that shows what the database holds."""
        lab, net, address = self.lab, self.net, self.build.public_ip(self.net.web_a)
        seen = lab.http_once_up(address, PAGE, lambda said: ROWS in said)
        self._claim("the internet gets web-a's page, with rows from the database", f"answers: web-a: {ROWS}", seen)
        self.allocation, self.elastic = self.build.allocate("web-b")
        self.ec2.associate_address(AllocationId=self.allocation, NetworkInterfaceId=self.build.interface_of(net.web_b))
        seen = lab.http_once_up(self.elastic, PAGE, lambda said: ROWS in said)
        self._claim("... and web-b's, in the other zone, at an Elastic IP", f"answers: web-b: {ROWS}", seen)
        lab.inside(
            net.database, "sudo", "-u", "postgres", "psql", "bank", "-c", "INSERT INTO accounts VALUES ('Hedy', 1)"
        )
        expected = f"answers: web-a: {ROWS}, Hedy 1.00"
        self._claim("a new row is on the page at once", expected, lab.http(address, PAGE))
        lab.inside(
            net.database, "sudo", "-u", "postgres", "psql", "bank", "-c", "DELETE FROM accounts WHERE balance = 1"
        )
        doors = lab.scan(INTERNET, address, net.web_a).answered
        self._claim("of all ports of a web server the internet finds one", "80", doors)

    def silence(self) -> None:
        """The database takes nothing from outside the VPC, and listens to the web servers alone."""
        lab, net = self.lab, self.net
        doors = lab.scan(net.web_a, DATABASE, net.database).answered
        self._claim("of all ports of the database a web server finds one", "5432", doors)
        for source, who in (
            (INTERNET, "the internet, at the database's address"),
            (net.admin, "another server in web-a's own subnet, without its group"),
            (net.standby, "the second database subnet, wearing the web servers' group"),
            (net.tools, "a third private subnet, wearing the web servers' group"),
        ):
            self._denied(
                f"every port, TCP and UDP: {who}", NOTHING_AT_ALL, partial(self._scan, source, DATABASE, udp=True)
            )

    def access_lists(self) -> None:
        """Network ACLs remember nothing: without the ephemeral ports no answer comes back."""
        ec2, net = self.ec2, self.net
        ec2.delete_network_acl_entry(NetworkAclId=net.database_acl, RuleNumber=100, Egress=True)
        self._claim("database ACL without ephemeral ports to web-a's subnet", "silent", self._database(net.web_a))
        self._claim("... web-b, whose subnet has its own entry, is served", "connected", self._database(net.web_b))
        net.entry(net.database_acl, True, 100, EPHEMERAL, PUBLIC[0])
        self._claim("... the entry is back: web-a is served", "connected", self._database(net.web_a))

    def groups(self) -> None:
        """A group as source means its members of the moment."""
        ec2, net, admin = self.ec2, self.net, self.build.interface_of(self.net.admin)
        self._claim("a server outside the web group", "silent", self._database(net.admin))
        ec2.modify_network_interface_attribute(NetworkInterfaceId=admin, Groups=[net.web_group])
        self._claim("... joins it: served, and no rule was changed", "connected", self._database(net.admin))
        ec2.modify_network_interface_attribute(NetworkInterfaceId=admin, Groups=[net.other_group])
        self._claim("... leaves it", "silent", self._database(net.admin))

    def mistakes(self) -> None:
        """One line of defence after the other falls, and the database stays silent until the last one has."""
        ec2, lab, net = self.ec2, self.lab, self.net
        group = net.database_group
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[ALL])
        self._denied(
            "its group opened to the world, every TCP port: no public address, no route",
            NOTHING,
            partial(self._scan, INTERNET, DATABASE),
        )
        self._denied(
            "... the ACL blocks though the group is wrong: the third subnet",
            NOTHING,
            partial(self._scan, net.tools, DATABASE),
        )
        allocation, public = self.build.allocate("mistake")
        ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=self.build.interface_of(net.database))
        self._denied("a public address as well: the ACL stands", NOTHING, partial(self._scan, INTERNET, public))
        ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[ALL])
        net.use_acl(net.default_acl(), net.databases[0])
        self._denied(
            "the other way round, ACL open and group right: the internet",
            NOTHING,
            partial(self._scan, INTERNET, public),
        )
        self._denied(
            "... a server without the group, in web-a's subnet", NOTHING, partial(self._scan, net.admin, DATABASE)
        )
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[ALL])
        few = lab.scan(INTERNET, public, net.database, ports=(5400, 5499))
        self._claim("both wrong: packets of the internet arrive", "100 of 100 arrive", str(few))
        self._claim(
            "... and no answer leaves: no route to the internet",
            "silent",
            lab.tcp(INTERNET, public, 5432, seconds=SILENCE),
        )
        ec2.create_route(RouteTableId=net.private_routes, DestinationCidrBlock=EVERYWHERE, GatewayId=net.gateway)
        self._claim("a route as well: the last line has fallen", "connected", lab.tcp(INTERNET, public, 5432))
        ec2.delete_route(RouteTableId=net.private_routes, DestinationCidrBlock=EVERYWHERE)
        ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[ALL])
        net.use_acl(net.database_acl, net.databases[0])
        self._denied("all put right: silent again", NOTHING, partial(self._scan, INTERNET, public))
        ec2.release_address(AllocationId=self._disassociated(allocation))

    def public_addresses(self) -> None:
        """The article's table, row by row: the automatic public address against the Elastic IP."""
        ec2, lab, net, build = self.ec2, self.lab, self.net, self.build
        before = build.public_ip(net.web_a)
        listed = [one["PublicIp"] for one in ec2.describe_addresses()["Addresses"]]
        held = f"Elastic IP {self.elastic in listed}, automatic {before in listed}"
        self._claim(
            "the account's own addresses, which have always cost when idle", "Elastic IP True, automatic False", held
        )
        build.stop_and_start(net.web_a, net.web_b)
        after = build.public_ip(net.web_a)
        changed = "lost" if before and after and before != after else f"{before}, then {after}"
        self._claim("stop and start: the automatic address", "lost", changed)
        self._claim("... the Elastic IP", self.elastic, build.public_ip(net.web_b))
        seen = lab.http_once_up(self.elastic, PAGE, lambda said: ROWS in said)
        self._claim("... which shows the page again", f"answers: web-b: {ROWS}", seen)
        seen = lab.refusal(lambda: ec2.describe_addresses(PublicIps=[after]))
        self._claim("the automatic address is nothing that could be moved", "InvalidAddress.NotFound", seen)
        ec2.associate_address(AllocationId=self.allocation, NetworkInterfaceId=build.interface_of(net.web_a))
        seen = lab.http_once_up(self.elastic, PAGE, lambda said: ROWS in said)
        self._claim("the Elastic IP moves to the other instance", f"answers: web-a: {ROWS}", seen)
        ec2.associate_address(AllocationId=self.allocation, NetworkInterfaceId=build.interface_of(net.web_b))

    def address_blocks(self) -> None:
        """Blocks are chosen once: what AWS refuses, what only Atoll warns of, and how many VPCs there may be."""
        ec2, lab, net, refusal = self.ec2, self.lab, self.net, self.lab.refusal
        inside = refusal(lambda: ec2.create_subnet(VpcId=net.vpc, CidrBlock="10.0.1.128/25"))
        self._claim("a subnet that overlaps another is refused", "InvalidSubnet.Conflict", inside)
        second = refusal(lambda: ec2.associate_vpc_cidr_block(VpcId=net.vpc, CidrBlock="10.0.0.0/16"))
        self._claim("a second block that overlaps the first is refused", "InvalidVpc.Range", second)
        primary = ec2.describe_vpcs(VpcIds=[net.vpc])["Vpcs"][0]["CidrBlockAssociationSet"][0]["AssociationId"]
        changed = refusal(lambda: ec2.disassociate_vpc_cidr_block(AssociationId=primary))
        self._claim("the first block cannot be changed", "OperationNotPermitted", changed)
        further = [self.build.vpc("10.0.0.0/16", "twin")]
        blocks = [Named(one["VpcId"], Prefix.parse(one["CidrBlock"])) for one in ec2.describe_vpcs()["Vpcs"]]
        warned = "; ".join(shared(one, other) for one, other in overlaps(blocks))
        here = {one.name: one for one in blocks}
        expected = shared(*(one for one in here.values() if one.name in (net.vpc, further[0])))
        self._claim("two VPCs with one block: AWS makes them, atoll cidr warns", expected, warned)
        while (refused := refusal(lambda: further.append(self.build.vpc("10.9.0.0/16", "further")))) == "accepted":
            pass
        count = len(ec2.describe_vpcs()["Vpcs"])
        self._claim("five VPCs in a region, and no sixth", "VpcLimitExceeded at 5", f"{refused} at {count}")
        for vpc in further:
            ec2.delete_vpc(VpcId=vpc)
        seen = lab.http(self.elastic, PAGE)
        self._claim("after all this the bank is as it was", f"answers: web-b: {ROWS}", seen)

    def _claim(self, text: str, expected: str, seen: str) -> None:
        self.claims.add(text, expected, seen)

    def _denied(self, text: str, expected: str, look: Callable[[], str]) -> None:
        """Nothing arrives, while a web server's connection (the canary) does arrive at the same database."""
        seen = look()
        canary = self._database(self.net.web_b)
        self._claim(text, expected, seen if canary == "connected" else f"the canary was {canary}: {seen}")

    def _scan(self, source: str, address: str, *, udp: bool = False) -> str:
        return str(self.lab.scan(source, address, self.net.database, udp=udp))

    def _database(self, source: str) -> str:
        return self.lab.tcp(source, DATABASE, 5432, seconds=SILENCE)

    def _disassociated(self, allocation: str) -> str:
        found = self.ec2.describe_addresses(AllocationIds=[allocation])["Addresses"][0]
        self.ec2.disassociate_address(AssociationId=found["AssociationId"])
        return allocation

    def _default_vpcs(self) -> str:
        found = self.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
        return ", ".join(one["VpcId"] for one in found) or "none"
