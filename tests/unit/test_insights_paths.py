"""Reachability Analyzer's answers through boto3: paths that there are, hop by hop, and what stops the others.

Each blocked path is blamed on something; when that alone is changed, the path is found (fact 218-222).
"""

from collections.abc import Callable
from ipaddress import IPv4Network

import pytest

from tests.support.analyses import Analyzer, codes, ids, kinds
from tests.support.expect import tag_specification
from tests.support.inprocess import InProcess
from tests.support.lab import Lab, look

ANY = "0.0.0.0/0"


class Town(Lab):
    """A public subnet with a web server; in another zone a private one with a database, which lets nobody in."""

    def __init__(self, cloud: InProcess) -> None:
        super().__init__(cloud)
        self.analyzer = Analyzer(cloud)
        self.table = self.table_of(self.subnet)
        self.private_table = self.table_of(self.other_zone)
        self.route(self.table, GatewayId=self.gateway)
        self.web_group, self.db_group = self.group("web"), self.group("db")
        self.allow(self.web_group, 80)
        self.web = self.instance_in(self.subnet, self.web_group, public=True)
        self.db = self.instance_in(self.other_zone, self.db_group)

    def table_of(self, subnet: str) -> str:
        made = str(self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"])
        self.ec2.associate_route_table(RouteTableId=made, SubnetId=subnet)
        return made

    def route(self, table: str, block: str = ANY, **target: str) -> None:
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock=block, **target)

    def allow(self, group: str, port: int, cidr: str = ANY, protocol: str = "tcp") -> None:
        permission = {"IpProtocol": protocol, "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": cidr}]}
        self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])

    def instance_in(self, subnet: str, group: str, *, public: bool = False) -> str:
        network = {"DeviceIndex": 0, "SubnetId": subnet, "Groups": [group], "AssociatePublicIpAddress": public}
        return self.launch(NetworkInterfaces=[network])

    def public_ip(self, instance: str) -> str:
        return str(self.instance(instance)["PublicIpAddress"])

    def acl(self, subnet: str) -> tuple[str, Callable[..., None]]:
        """The subnet's own network ACL, which lets everything pass by entries 200; and what adds an entry to it."""
        acl = str(self.ec2.create_network_acl(VpcId=self.vpc)["NetworkAcl"]["NetworkAclId"])
        (found,) = self.ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])[
            "NetworkAcls"
        ]
        (way,) = [one for one in found["Associations"] if one["SubnetId"] == subnet]
        self.ec2.replace_network_acl_association(AssociationId=way["NetworkAclAssociationId"], NetworkAclId=acl)

        def add(
            number: int, *, egress: bool, allow: bool, cidr: str = ANY, ports: tuple[int, int] | None = None
        ) -> None:
            told = {"Protocol": "6", "PortRange": {"From": ports[0], "To": ports[1]}} if ports else {"Protocol": "-1"}
            self.ec2.create_network_acl_entry(
                NetworkAclId=acl,
                RuleNumber=number,
                Egress=egress,
                RuleAction="allow" if allow else "deny",
                CidrBlock=cidr,
                **told,
            )

        for egress in (False, True):
            add(200, egress=egress, allow=True)
        return acl, add

    def nat(self, table: str) -> str:
        """A NAT gateway in the public subnet, to which the table leads."""
        allocation, _ = self.elastic_ip()
        made = self.ec2.create_nat_gateway(SubnetId=self.subnet, AllocationId=allocation)["NatGateway"]["NatGatewayId"]
        look(self.cloud)
        self.route(table, NatGatewayId=made)
        return str(made)


@pytest.fixture
def town(cloud: InProcess) -> Town:
    return Town(cloud)


@pytest.fixture
def ask(town: Town) -> Analyzer:
    return town.analyzer


@pytest.fixture
def cloud() -> InProcess:
    return InProcess()


def test_from_the_internet_gateway_as_the_guide_shows_it(town: Town, ask: Analyzer) -> None:
    shown = ask.ask(town.gateway, town.web, FilterAtSource={"DestinationPortRange": {"FromPort": 80, "ToPort": 80}})
    assert shown["NetworkPathFound"] is True
    assert (shown["Explanations"], shown["AlternatePathHints"]) == ([], [])
    ahead, back = shown["ForwardPathComponents"], shown["ReturnPathComponents"]
    assert kinds(ahead) == ["igw", "acl", "sg", "eni", "i"]
    assert kinds(back) == ["i", "eni", "sg", "acl", "rtb", "igw"]
    for components in (ahead, back):
        assert [one["SequenceNumber"] for one in components] == list(range(1, len(components) + 1))
        assert all(one["AdditionalDetails"] == [] and one["Explanations"] == [] for one in components)
    eni, private = town.primary(town.web), town.instance(town.web)["PrivateIpAddress"]
    public = town.public_ip(town.web)
    gateway, acl, group, interface, instance = ahead
    assert gateway["Component"]["Arn"].endswith(f"internet-gateway/{town.gateway}")
    assert gateway["Vpc"]["Id"] == town.vpc
    header = gateway["InboundHeader"]
    assert header["DestinationAddresses"] == [f"{public}/32"]
    assert header["DestinationPortRanges"] == [{"From": 80, "To": 80}]
    assert header["Protocol"] == "6"
    assert header["SourcePortRanges"] == [{"From": 0, "To": 65535}]
    assert header["SourceAddresses"][:4] == ["0.0.0.0/5", "100.0.0.0/10", "100.128.0.0/9", "101.0.0.0/8"]
    private_ones = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
    let_pass = [IPv4Network(one) for one in header["SourceAddresses"]]
    assert sum(one.num_addresses for one in let_pass) == 2**32 - sum(
        IPv4Network(one).num_addresses for one in private_ones
    )
    assert not any(one.overlaps(IPv4Network(private)) for one in let_pass for private in private_ones)
    assert gateway["OutboundHeader"] == {"DestinationAddresses": [f"{private}/32"]}
    assert acl["AclRule"] == {
        "Cidr": ANY,
        "Egress": False,
        "Protocol": "all",
        "RuleAction": "allow",
        "RuleNumber": 100,
    }
    assert group["Component"]["Id"] == town.web_group
    assert group["SecurityGroupRule"] == {
        "Cidr": ANY,
        "Direction": "ingress",
        "PortRange": {"From": 80, "To": 80},
        "Protocol": "tcp",
    }
    assert (interface["Component"]["Id"], interface["AttachedTo"]["Id"]) == (eni, town.web)
    assert (interface["Subnet"]["Id"], interface["Vpc"]["Id"]) == (town.subnet, town.vpc)
    assert instance["Component"]["Id"] == town.web
    assert instance["InboundHeader"] == {**header, "DestinationAddresses": [f"{private}/32"]}
    assert "SecurityGroupRule" not in back[2], "the connection is known there: no rule is asked"
    assert back[3]["AclRule"]["Egress"] is True
    assert back[4]["Component"]["Id"] == town.table
    assert back[4]["RouteTableRoute"] == {
        "DestinationCidr": ANY,
        "GatewayId": town.gateway,
        "Origin": "createroute",
        "State": "active",
    }
    assert back[5]["OutboundHeader"]["SourceAddresses"] == [f"{public}/32"]
    assert back[5]["OutboundHeader"]["SourcePortRanges"] == [{"From": 80, "To": 80}]
    assert back[5]["OutboundHeader"]["DestinationAddresses"] == header["SourceAddresses"]


def test_between_subnets_and_zones(town: Town, ask: Analyzer) -> None:
    town.ec2.create_tags(Resources=[town.db], Tags=[{"Key": "Name", "Value": "db"}])
    town.ec2.authorize_security_group_ingress(
        GroupId=town.db_group,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": town.web_group}]}
        ],
    )
    shown = ask.ask(town.web, town.db, DestinationPort=5432)
    ahead = shown["ForwardPathComponents"]
    assert kinds(ahead) == ["i", "eni", "sg", "acl", "rtb", "acl", "sg", "eni", "i"]
    assert ahead[4]["RouteTableRoute"] == {
        "DestinationCidr": "10.0.0.0/16",
        "GatewayId": "local",
        "Origin": "createroutetable",
        "State": "active",
    }
    assert (ahead[3]["AclRule"]["Egress"], ahead[5]["AclRule"]["Egress"]) == (True, False)
    assert ahead[2]["SecurityGroupRule"] == {"Cidr": ANY, "Direction": "egress", "Protocol": "all"}
    assert ahead[6]["SecurityGroupRule"] == {
        "SecurityGroupId": town.web_group,
        "Direction": "ingress",
        "PortRange": {"From": 5432, "To": 5432},
        "Protocol": "tcp",
    }
    assert ahead[7]["AdditionalDetails"] == [{"AdditionalDetailType": "AVAILABILITY_ZONE_CROSSED"}]
    assert ahead[8]["Component"]["Name"] == "db"
    assert ahead[0]["OutboundHeader"]["SourceAddresses"] == [f"{town.instance(town.web)['PrivateIpAddress']}/32"]
    assert kinds(shown["ReturnPathComponents"]) == ["i", "eni", "sg", "acl", "rtb", "acl", "sg", "eni", "i"]


def test_an_interface_as_an_end_has_no_instance_after_it(town: Town, ask: Analyzer) -> None:
    shown = ask.ask(town.gateway, town.primary(town.web), DestinationPort=80)
    assert kinds(shown["ForwardPathComponents"]) == ["igw", "acl", "sg", "eni"]
    assert shown["ForwardPathComponents"][-1]["InboundHeader"]["DestinationPortRanges"] == [{"From": 80, "To": 80}]


def test_datagrams_need_no_way_back(town: Town, ask: Analyzer) -> None:
    assert ask.codes(town.gateway, town.web, protocol="udp", DestinationPort=53) == ["ENI_SG_RULES_MISMATCH"]
    town.allow(town.web_group, 53, protocol="udp")
    _, add = town.acl(town.subnet)
    add(10, egress=True, allow=False)
    shown = ask.ask(town.gateway, town.web, protocol="udp", DestinationPort=53)
    assert shown["NetworkPathFound"] is True
    assert shown["ReturnPathComponents"] == []
    assert shown["ForwardPathComponents"][0]["InboundHeader"]["Protocol"] == "17"
    assert ask.codes(town.gateway, town.web, DestinationPort=80) == ["SUBNET_ACL_RESTRICTION"]


def test_out_through_a_nat_gateway(town: Town, ask: Analyzer) -> None:
    assert ask.codes(town.db, town.gateway) == ["NO_ROUTE_TO_DESTINATION"]
    nat = town.nat(town.private_table)
    shown = ask.ask(town.db, town.gateway, DestinationPort=443)
    ahead = shown["ForwardPathComponents"]
    assert kinds(ahead) == ["i", "eni", "sg", "acl", "rtb", "acl", "nat", "acl", "rtb", "igw"]
    assert ahead[4]["RouteTableRoute"]["NatGatewayId"] == nat
    assert ids(ahead)[6] == nat
    (address,) = town.ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"][0]["NatGatewayAddresses"]
    assert ahead[6]["OutboundHeader"]["SourceAddresses"] == [f"{address['PrivateIp']}/32"]
    assert ahead[9]["OutboundHeader"]["SourceAddresses"] == [f"{address['PublicIp']}/32"]
    assert kinds(shown["ReturnPathComponents"])[0] == "igw"
    assert nat in ids(shown["ReturnPathComponents"])
    assert ask.codes(town.gateway, address_holder(town, nat), DestinationPort=80) == ["NGW_DEST_ADDRESS_PRESERVATION"]


def address_holder(town: Town, nat: str) -> str:
    (shown,) = town.ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"]
    return str(shown["NatGatewayAddresses"][0]["NetworkInterfaceId"])


def test_a_nat_gateway_hides_who_has_sent_it(town: Town, ask: Analyzer) -> None:
    """A private NAT gateway within the VPC: the database's rule names a group, which nobody is seen to wear."""
    pair = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": town.web_group}]}
    town.ec2.authorize_security_group_ingress(GroupId=town.db_group, IpPermissions=[pair])
    assert ask.ask(town.web, town.db, DestinationPort=5432)["NetworkPathFound"] is True
    subnet = town.make_subnet("10.0.3.0/24")
    made = town.ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
    look(town.cloud)
    town.route(town.table, "10.0.2.0/24", NatGatewayId=made)
    mismatch, hidden = ask.ask(town.web, town.db, DestinationPort=5432)["Explanations"]
    assert mismatch["ExplanationCode"] == "ENI_SG_RULES_MISMATCH"
    assert hidden["ExplanationCode"] == "SG_REFERENCES_NOT_PRESERVED"
    assert (hidden["Component"]["Id"], hidden["SecurityGroup"]["Id"]) == (made, town.db_group)
    assert hidden["SecurityGroupRule"]["SecurityGroupId"] == town.web_group
    assert ask.codes(town.web, town.db, DestinationPort=5433) == ["ENI_SG_RULES_MISMATCH"]


def test_security_groups(town: Town, ask: Analyzer) -> None:
    shown = ask.ask(town.gateway, town.web, DestinationPort=22)
    (told,) = shown["Explanations"]
    assert {name: told[name] for name in ("ExplanationCode", "Direction")} == {
        "ExplanationCode": "ENI_SG_RULES_MISMATCH",
        "Direction": "ingress",
    }
    assert told["NetworkInterface"]["Id"] == town.primary(town.web)
    assert [one["Id"] for one in told["SecurityGroups"]] == [town.web_group]
    assert (told["Subnet"]["Id"], told["Vpc"]["Id"]) == (town.subnet, town.vpc)
    assert shown["ForwardPathComponents"][-1]["Explanations"] == [told]
    town.allow(town.web_group, 22)
    assert ask.ask(town.gateway, town.web, DestinationPort=22)["NetworkPathFound"] is True
    assert ask.codes(town.web, town.db, DestinationPort=5432) == ["ENI_SG_RULES_MISMATCH", "SG_HAS_NO_RULES"]
    town.ec2.revoke_security_group_egress(
        GroupId=town.web_group, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": ANY}]}]
    )
    shown = ask.ask(town.web, town.db, DestinationPort=5432)
    assert codes(shown) == ["ENI_SG_RULES_MISMATCH", "SG_HAS_NO_RULES"] * 2
    assert [one["Direction"] for one in shown["Explanations"]] == ["egress", "egress", "ingress", "ingress"]
    town.allow(town.db_group, 5432)
    assert ask.codes(town.web, town.db, DestinationPort=5432) == ["ENI_SG_RULES_MISMATCH", "SG_HAS_NO_RULES"]


@pytest.mark.parametrize(
    ("egress", "cidr", "direction", "forward"),
    [(False, ANY, "ingress", True), (True, ANY, "egress", False)],
    ids=["the question", "the answer"],
)
def test_network_acls(town: Town, ask: Analyzer, egress: bool, cidr: str, direction: str, forward: bool) -> None:
    acl, add = town.acl(town.subnet)
    assert ask.ask(town.gateway, town.web, DestinationPort=80)["NetworkPathFound"] is True
    add(50, egress=egress, allow=False, cidr=cidr)
    shown = ask.ask(town.gateway, town.web, DestinationPort=80)
    (told,) = shown["Explanations"]
    assert told["ExplanationCode"] == "SUBNET_ACL_RESTRICTION"
    assert (told["Acl"]["Id"], told["Direction"], told["Subnet"]["Id"]) == (acl, direction, town.subnet)
    assert told["AclRule"] == {
        "Cidr": ANY,
        "Egress": egress,
        "Protocol": "all",
        "RuleAction": "deny",
        "RuleNumber": 50,
    }
    components = shown["ForwardPathComponents" if forward else "ReturnPathComponents"]
    assert [one["Explanations"] for one in components if one["Component"]["Id"] == acl] == [[told]]
    town.ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=50, Egress=egress)
    assert ask.ask(town.gateway, town.web, DestinationPort=80)["NetworkPathFound"] is True


def test_an_acl_without_a_matching_entry_names_none(town: Town, ask: Analyzer) -> None:
    acl, _ = town.acl(town.subnet)
    town.ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=200, Egress=False)
    (told,) = ask.ask(town.gateway, town.web, DestinationPort=80)["Explanations"]
    assert told["ExplanationCode"] == "SUBNET_ACL_RESTRICTION"
    assert "AclRule" not in told


def test_every_refusal_on_the_way_is_told(town: Town, ask: Analyzer) -> None:
    _, add = town.acl(town.other_zone)
    add(10, egress=False, allow=False, cidr="10.0.1.0/24")
    found = ask.codes(town.web, town.db, DestinationPort=5432)
    assert found == ["SUBNET_ACL_RESTRICTION", "ENI_SG_RULES_MISMATCH", "SG_HAS_NO_RULES"]


def test_the_set_that_is_shown_is_what_all_hops_let_pass(town: Town, ask: Analyzer) -> None:
    """Ports 80 and 443 are open, 443 to the ACL alone up to source port 2000: the header is of one of the ways."""
    town.allow(town.web_group, 443)
    _, add = town.acl(town.subnet)
    add(10, egress=False, allow=True, cidr="203.0.113.0/24", ports=(443, 443))
    add(20, egress=False, allow=False)
    shown = ask.ask(town.gateway, town.web)
    header = shown["ForwardPathComponents"][0]["InboundHeader"]
    assert header["SourceAddresses"] == ["203.0.113.0/24"]
    assert header["DestinationPortRanges"] == [{"From": 443, "To": 443}]
    assert shown["ForwardPathComponents"][1]["AclRule"]["RuleNumber"] == 10
    assert shown["ForwardPathComponents"][1]["AclRule"]["PortRange"] == {"From": 443, "To": 443}


def test_routes_that_lead_nowhere(town: Town, ask: Analyzer) -> None:
    nat = town.nat(town.private_table)
    town.ec2.delete_nat_gateway(NatGatewayId=nat)
    look(town.cloud)
    shown = ask.ask(town.db, town.gateway, DestinationPort=443)
    (told,) = shown["Explanations"]
    assert told["ExplanationCode"] == "BAD_STATE_ROUTE"
    assert told["RouteTable"]["Id"] == town.private_table
    assert told["RouteTableRoute"] == {
        "DestinationCidr": ANY,
        "NatGatewayId": nat,
        "Origin": "createroute",
        "State": "blackhole",
    }
    town.ec2.replace_route(RouteTableId=town.private_table, DestinationCidrBlock=ANY, GatewayId=town.gateway)
    town.route(town.private_table, "8.0.0.0/8", NatGatewayId=town.nat(town.table_of(town.make_subnet("10.0.3.0/24"))))
    allocation, _ = town.elastic_ip()
    town.ec2.associate_address(AllocationId=allocation, InstanceId=town.db)
    asked = {"FilterAtSource": {"DestinationAddress": "8.8.8.8"}}
    assert ask.ask(town.db, town.gateway, **asked)["NetworkPathFound"] is True
    (one,) = [
        one["NatGatewayId"] for one in town.ec2.describe_nat_gateways()["NatGateways"] if one["State"] == "available"
    ]
    town.ec2.delete_nat_gateway(NatGatewayId=one)
    look(town.cloud)
    assert ask.codes(town.db, town.gateway, **asked) == ["BAD_STATE_ROUTE", "MORE_SPECIFIC_ROUTE"]


def test_public_addresses(town: Town, ask: Analyzer) -> None:
    town.route(town.private_table, GatewayId=town.gateway)
    town.allow(town.db_group, 80)
    (told,) = ask.ask(town.db, town.gateway)["Explanations"]
    assert told["ExplanationCode"] == "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"
    assert told["InternetGateway"]["Id"] == town.gateway
    assert told["NetworkInterface"]["Id"] == town.primary(town.db)
    (told,) = ask.ask(town.gateway, town.db, DestinationPort=80)["Explanations"]
    assert told["ExplanationCode"] == "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS"
    assert told["NetworkInterface"]["Id"] == town.primary(town.db)
    allocation, _ = town.elastic_ip()
    town.ec2.associate_address(AllocationId=allocation, InstanceId=town.db)
    assert ask.ask(town.db, town.gateway)["NetworkPathFound"] is True
    assert ask.ask(town.gateway, town.db, DestinationPort=80)["NetworkPathFound"] is True
    town.ec2.stop_instances(InstanceIds=[town.db])
    town.settle()
    assert ask.codes(town.gateway, town.db, DestinationPort=80) == ["BAD_STATE"]
    assert ask.codes(town.db, town.gateway)[0] == "BAD_STATE"


def test_a_detached_interface_is_not_let_in(town: Town, ask: Analyzer) -> None:
    """Seen on AWS: it can be named as the destination, and the gateway wants it attached."""
    spare = town.interface(Groups=[town.web_group])
    allocation, _ = town.elastic_ip()
    town.ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=spare)
    assert ask.codes(town.gateway, spare, DestinationPort=80) == ["IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS"]
    town.ec2.attach_network_interface(NetworkInterfaceId=spare, InstanceId=town.web, DeviceIndex=1)
    assert ask.ask(town.gateway, spare, DestinationPort=80)["NetworkPathFound"] is True


def test_a_detached_interface_is_an_end_like_others(town: Town, ask: Analyzer) -> None:
    """Seen on AWS: of two interfaces that are attached to nothing, one is reached from the other."""
    spare, other = town.interface(Groups=[town.web_group]), town.interface(Groups=[town.web_group])
    found = ask.ask(spare, other, DestinationPort=80)
    assert found["NetworkPathFound"] is True
    shown = [one["Component"]["Id"] for one in found["ForwardPathComponents"]]
    assert (shown[0], shown[-1]) == (spare, other)
    assert all("AttachedTo" not in one for one in found["ForwardPathComponents"])
    assert ask.codes(spare, other, DestinationPort=81) == ["ENI_SG_RULES_MISMATCH"]
    (shown,) = town.ec2.describe_network_interfaces(NetworkInterfaceIds=[other])["NetworkInterfaces"]
    address = shown["PrivateIpAddress"]
    assert ask.ask(town.web, DestinationPort=80, DestinationIp=address)["NetworkPathFound"] is True
    assert ask.codes(spare, town.gateway) == ["IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"]
    allocation, _ = town.elastic_ip()
    town.ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=spare)
    assert ask.codes(spare, town.gateway) == ["IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"]
    town.ec2.attach_network_interface(NetworkInterfaceId=spare, InstanceId=town.web, DeviceIndex=1)
    assert ask.ask(spare, town.gateway)["NetworkPathFound"] is True


def test_addresses_that_do_not_pass_a_gateway(town: Town, ask: Analyzer) -> None:
    at = "FilterAtSource"
    assert ask.codes(town.web, town.gateway, **{at: {"DestinationAddress": "192.168.1.1"}}) == [
        "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS"
    ]
    assert ask.codes(town.web, town.gateway, **{at: {"DestinationAddress": "100.64.0.1"}}) == [
        "IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS"
    ]
    ports = {"DestinationPortRange": {"FromPort": 80, "ToPort": 80}}
    for source, code in (
        ("192.168.1.1", "IGW_SOURCE_ADDRESS_NOT_IN_RFC1918_INGRESS"),
        ("100.64.0.1", "IGW_SOURCE_ADDRESS_NOT_IN_RFC6598_INGRESS"),
    ):
        assert ask.codes(town.gateway, town.web, **{at: {"SourceAddress": source, **ports}})[0] == code
    private = town.instance(town.web)["PrivateIpAddress"]
    assert ask.codes(town.gateway, town.web, **{at: {"DestinationAddress": private, **ports}}) == [
        "IGW_EXPECTS_PUBLIC_ADDRESS"
    ]
    assert ask.codes(town.gateway, town.web, **{at: {"DestinationAddress": "198.18.0.1", **ports}}) == [
        "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS"
    ]
    assert ask.codes(town.gateway, town.web, SourceIp="8.8.8.8", DestinationPort=22) == ["ENI_SG_RULES_MISMATCH"]
    assert ask.ask(town.gateway, town.web, SourceIp="8.8.8.8", DestinationPort=80)["NetworkPathFound"] is True


def test_a_gateway_with_a_route_table_of_its_own(town: Town, ask: Analyzer) -> None:
    """What comes in is led to a middlebox, which needs a public address; beyond it AWS follows nothing."""
    edge = town.ec2.create_route_table(VpcId=town.vpc)["RouteTable"]["RouteTableId"]
    town.ec2.associate_route_table(RouteTableId=edge, GatewayId=town.gateway)
    asked = {"DestinationPort": 80}
    assert ids(ask.ask(town.gateway, town.web, **asked)["ForwardPathComponents"])[1] != edge
    middlebox = town.instance_in(town.make_subnet("10.0.9.0/24"), town.web_group)
    town.ec2.modify_instance_attribute(InstanceId=middlebox, SourceDestCheck={"Value": False})
    town.route(edge, "10.0.1.0/24", NetworkInterfaceId=town.primary(middlebox))
    shown = ask.ask(town.gateway, town.web, **asked)
    (told,) = shown["Explanations"]
    assert told["ExplanationCode"] == "INGRESS_RTB_NO_PUBLIC_IP"
    assert (told["IngressRouteTable"]["Id"], told["InternetGateway"]["Id"]) == (edge, town.gateway)
    assert told["NetworkInterface"]["Id"] == town.primary(middlebox)
    assert ids(shown["ForwardPathComponents"]) == [town.gateway, edge]
    allocation, _ = town.elastic_ip()
    town.ec2.associate_address(AllocationId=allocation, InstanceId=middlebox)
    shown = ask.ask(town.gateway, town.web, **asked)
    (told,) = shown["Explanations"]
    assert (told["ExplanationCode"], told["Component"]["Id"]) == ("NO_PATH", town.primary(middlebox))
    assert ids(shown["ForwardPathComponents"])[-1] == town.primary(middlebox)
    town.ec2.stop_instances(InstanceIds=[middlebox])
    town.settle()
    (told,) = ask.ask(town.gateway, town.web, **asked)["Explanations"]
    assert (told["ExplanationCode"], told["RouteTableRoute"]["State"]) == ("BAD_STATE_ROUTE", "blackhole")
    assert told["RouteTableRoute"]["DestinationCidr"] == "10.0.1.0/24"


def test_source_destination_check(town: Town, ask: Analyzer) -> None:
    """Seen on AWS: a source address that is none of the interface's is named first."""
    town.allow(town.db_group, 80)
    asked = {"FilterAtSource": {"SourceAddress": "192.168.99.1"}}
    shown = ask.ask(town.web, town.db, **asked)
    assert codes(shown)[0] == "ENI_SOURCE_DEST_CHECK_RESTRICTION"
    assert shown["Explanations"][0]["Direction"] == "egress"
    town.ec2.modify_instance_attribute(InstanceId=town.web, SourceDestCheck={"Value": False})
    assert "ENI_SOURCE_DEST_CHECK_RESTRICTION" not in codes(ask.ask(town.web, town.db, **asked))
    town.route(town.table, "10.7.0.0/16", InstanceId=town.db)
    shown = ask.ask(town.web, FilterAtSource={"DestinationAddress": "10.7.0.1"})
    assert codes(shown)[0] == "ENI_SOURCE_DEST_CHECK_RESTRICTION"
    assert shown["Explanations"][0]["Direction"] == "ingress"


def test_an_address_as_the_destination(town: Town, ask: Analyzer) -> None:
    private = town.instance(town.db)["PrivateIpAddress"]
    assert ask.codes(town.web, DestinationIp=private, DestinationPort=80)[0] == "ENI_SG_RULES_MISMATCH"
    town.allow(town.db_group, 80)
    shown = ask.ask(town.web, DestinationIp=private, DestinationPort=80)
    assert ids(shown["ForwardPathComponents"])[-1] == town.primary(town.db)
    assert ask.codes(town.web, DestinationIp="10.0.2.250", DestinationPort=80) == ["NO_POSSIBLE_DESTINATION"]
    shown = ask.ask(town.web, DestinationIp="8.8.8.8", DestinationPort=80)
    assert ids(shown["ForwardPathComponents"])[-1] == town.gateway
    public = town.public_ip(town.web)
    shown = ask.ask(
        town.gateway,
        FilterAtSource={"DestinationAddress": public, "DestinationPortRange": {"FromPort": 80, "ToPort": 80}},
    )
    assert ids(shown["ForwardPathComponents"])[-1] == town.primary(town.web)


def test_filters_at_the_destination(town: Town, ask: Analyzer) -> None:
    private = town.instance(town.web)["PrivateIpAddress"]
    good = {
        "SourceAddress": "8.8.8.8",
        "SourcePortRange": {"FromPort": 5, "ToPort": 9},
        "DestinationAddress": private,
        "DestinationPortRange": {"FromPort": 80, "ToPort": 90},
    }
    shown = ask.ask(town.gateway, town.web, FilterAtDestination=good)
    assert shown["NetworkPathFound"] is True
    header = shown["ForwardPathComponents"][0]["InboundHeader"]
    assert header["SourceAddresses"] == ["8.8.8.8/32"]
    assert header["SourcePortRanges"] == [{"From": 5, "To": 9}]
    assert header["DestinationPortRanges"] == [{"From": 80, "To": 80}]
    for member, value, code in (
        ("SourceAddress", private, "SOURCE_ADDRESS"),
        ("DestinationAddress", town.public_ip(town.web), "DESTINATION_ADDRESS"),
        ("DestinationPortRange", {"FromPort": 81, "ToPort": 90}, "DESTINATION_PORT_RANGE"),
    ):
        found = ask.codes(town.gateway, town.web, FilterAtDestination={**good, member: value})
        assert found == [f"FILTER_AT_DESTINATION_{code}"]
    narrow = {"FilterAtSource": {"SourcePortRange": {"FromPort": 1, "ToPort": 2}}}
    assert ask.codes(town.gateway, town.web, FilterAtDestination=good, **narrow) == [
        "FILTER_AT_DESTINATION_SOURCE_PORT_RANGE"
    ]
    assert ask.codes(town.gateway, town.web, DestinationIp="10.0.1.250") == [
        "FILTER_AT_DESTINATION_DESTINATION_ADDRESS"
    ]


def test_gateways_are_ends_alone(town: Town, ask: Analyzer) -> None:
    """From one instance to another by its public address: AWS does not follow that."""
    other = town.instance_in(town.subnet, town.web_group, public=True)
    asked = {"FilterAtSource": {"DestinationAddress": town.public_ip(other)}}
    (told,) = ask.ask(town.web, other, **asked)["Explanations"]
    assert (told["ExplanationCode"], told["InternetGateway"]["Id"]) == ("IGW_NAT_REFLECTION", town.gateway)


def test_what_cannot_be_connected(town: Town, ask: Analyzer) -> None:
    far = town.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = town.ec2.create_subnet(VpcId=far, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    eni = town.ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    (told,) = ask.ask(town.web, eni)["Explanations"]
    assert told["ExplanationCode"] == "DISCONNECTED_VPCS"
    assert (told["SourceVpc"]["Id"], told["DestinationVpc"]["Id"]) == (town.vpc, far)
    loose = town.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    assert ask.codes(town.web, loose) == ["UNASSOCIATED_COMPONENT"]
    town.ec2.attach_internet_gateway(InternetGatewayId=loose, VpcId=far)
    assert ask.codes(town.gateway, loose) == ["DISCONNECTED_VPCS"]
    path = ask.path(town.web, eni)
    town.ec2.delete_network_interface(NetworkInterfaceId=eni)
    assert codes(ask.analysed(path)) == ["NO_SOURCE_OR_DESTINATION"]
    doomed = town.instance_in(town.subnet, town.web_group)
    path = ask.path(doomed, town.db)
    town.ec2.terminate_instances(InstanceIds=[doomed])
    town.settle()
    assert codes(ask.analysed(path)) == ["UNASSOCIATED_COMPONENT"]


def test_components_that_a_path_shall_pass(town: Town, ask: Analyzer) -> None:
    nat = town.nat(town.private_table)
    other = town.ec2.create_nat_gateway(SubnetId=town.subnet, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
    look(town.cloud)
    arn = f"arn:aws:ec2:us-east-1:123456789012:natgateway/{nat}"
    path = ask.path(town.db, town.gateway, DestinationPort=443)
    assert ask.analysed(path, FilterInArns=[arn])["NetworkPathFound"] is True
    shown = ask.analysed(path, FilterOutArns=[arn])
    assert shown["NetworkPathFound"] is False
    assert codes(shown) == ["COMPONENT_FILTER_RESTRICTION_REMOVED_COMPONENT"]
    assert shown["Explanations"][0]["Component"]["Id"] == nat
    assert shown["FilterOutArns"] == [arn]
    elsewhere = arn.replace(nat, other)
    shown = ask.analysed(path, FilterInArns=[elsewhere])
    assert codes(shown) == ["COMPONENT_FILTER_RESTRICTION"]
    assert shown["Explanations"][0]["Component"]["Id"] == other
    through_eni = f"arn:aws:ec2:us-east-1:123456789012:network-interface/{address_holder(town, nat)}"
    assert ask.analysed(path, FilterInArns=[through_eni])["NetworkPathFound"] is True
    peering = "arn:aws:ec2:us-east-1:123456789012:vpc-peering-connection/pcx-fakearn1"
    shown = ask.analysed(path, FilterInArns=[peering])
    told = {"ExplanationCode": "COMPONENT_FILTER_RESTRICTION", "Component": {"Id": "pcx-fakearn1", "Arn": peering}}
    assert (shown["Status"], shown["Explanations"]) == ("succeeded", [told])
    assert ask.analysed(path, FilterOutArns=[peering])["NetworkPathFound"] is True
    gone = ask.analysed(path, FilterInArns=[arn.replace(nat, "nat-0123456789abcdef0")])
    assert (gone["Status"], "NetworkPathFound" in gone) == ("failed", False)
    assert "missing component" in gone["StatusMessage"]


def test_tags_are_names(town: Town, ask: Analyzer) -> None:
    town.ec2.create_tags(Resources=[town.vpc, town.subnet], Tags=[{"Key": "Name", "Value": "x"}])
    shown = ask.analysed(
        ask.path(
            town.gateway,
            town.web,
            DestinationPort=80,
            TagSpecifications=tag_specification("network-insights-path", Name="way in"),
        )
    )
    assert shown["ForwardPathComponents"][0]["Vpc"]["Name"] == "x"
    assert shown["ForwardPathComponents"][3]["Subnet"]["Name"] == "x"
