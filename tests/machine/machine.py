"""A Hypothesis state machine: calls of all kinds, right ones and wrong ones, to Atoll and to AWS's rules."""

from collections import Counter
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.machine import draw
from tests.machine.draw import an, own_groups, pair
from tests.machine.rules import World
from tests.machine.rules.subnets import ZONES
from tests.machine.rules.tags import NOT_FOUND
from tests.machine.site import Outcome, Site, settings
from tests.support.inprocess import InProcess

IMAGE = "ami-12c6146b"
FLAG = st.booleans()
data = st.data()


class Machine(RuleBasedStateMachine):
    """One example: a cloud with a little in it, and calls."""

    outcomes: ClassVar[Counter[Outcome]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.site = Site(self.cloud(), self.outcomes)

    def cloud(self) -> InProcess:
        """What is tried."""
        return InProcess(settings=settings())

    @property
    def world(self) -> World:
        """What the rules say there is."""
        return self.site.world

    def call(self, operation: str, **asked: Any) -> None:
        """One call; nothing stands for a parameter that is left out."""
        self.site.call(operation, **{name: value for name, value in asked.items() if value is not None})

    @invariant()
    def described(self) -> None:
        self.site.look()

    @initialize()
    def start(self) -> None:
        """A little of everything: in an empty cloud most calls would find nothing to be about."""
        for block in ("10.0.0.0/16", "10.1.0.0/16"):
            self.call("CreateVpc", CidrBlock=block)
        vpc, other = self.world.vpcs
        self.call("AssociateVpcCidrBlock", VpcId=vpc, CidrBlock="10.2.0.0/16")
        self.call("AssociateVpcCidrBlock", VpcId=other, CidrBlock="10.3.0.0/16")
        self.call("ModifyVpcAttribute", VpcId=other, EnableDnsSupport={"Value": False})
        subnets = ((vpc, "10.0.0.0/28", 0), (vpc, "10.0.1.0/24", 1), (vpc, "10.2.0.0/24", 0), (other, "10.1.0.0/28", 0))
        for where, block, zone in subnets:
            self.call("CreateSubnet", VpcId=where, CidrBlock=block, AvailabilityZone=ZONES[zone])
        self.site.look()  # what the ids are of all that came with these
        self.call("CreateInternetGateway")
        self.call("AttachInternetGateway", InternetGatewayId="igw~0", VpcId=vpc)
        self.call("CreateRouteTable", VpcId=vpc)
        self.call("AssociateRouteTable", RouteTableId="rtb~2", SubnetId="subnet~1")
        self.call("CreateNetworkAcl", VpcId=vpc)
        self.call("ReplaceNetworkAclAssociation", AssociationId="aclassoc~1", NetworkAclId="acl~2")
        for name in ("web", "db"):
            self.call("CreateSecurityGroup", VpcId=vpc, GroupName=name, Description="for tests")
        self._run({"DeviceIndex": 0, "SubnetId": "subnet~0", "AssociatePublicIpAddress": True})
        self._run({"DeviceIndex": 0, "SubnetId": "subnet~1", "Groups": ["sg~2"]})
        self.call("CreateNetworkInterface", SubnetId="subnet~1")
        self.call("AttachNetworkInterface", NetworkInterfaceId="eni~2", InstanceId="i~1", DeviceIndex=1)
        self._run({"DeviceIndex": 0, "SubnetId": "subnet~1"}, goes=False)
        self.site.look()  # which volumes they have
        self.call("TerminateInstances", InstanceIds=["i~2"])
        self.call("CreateNetworkInterface", SubnetId="subnet~0", SecondaryPrivateIpAddressCount=9)
        for subnet in ("subnet~1", "subnet~3"):
            self.call("CreateNetworkInterface", SubnetId=subnet)
        self.call("ModifyInstanceAttribute", InstanceId="i~1", DisableApiTermination={"Value": True})
        for to, target in (("0.0.0.0/0", {"GatewayId": "igw~0"}), ("10.9.0.0/16", {"NetworkInterfaceId": "eni~0"})):
            self.call("CreateRoute", RouteTableId="rtb~2", DestinationCidrBlock=to, **target)
        for number in (100, 110):
            entry = {"RuleNumber": number, "Egress": False, "Protocol": "-1", "RuleAction": "allow"}
            self.call("CreateNetworkAclEntry", NetworkAclId="acl~2", CidrBlock="0.0.0.0/0", **entry)
        self.call("CreateNetworkAclEntry", NetworkAclId="acl~2", Ipv6CidrBlock="::/0", **entry | {"RuleNumber": 120})
        ranges = [{"CidrIp": block} for block in ("10.0.0.0/8", "10.5.0.0/16", "0.0.0.0/0")]
        web = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": ranges}
        self.call("AuthorizeSecurityGroupIngress", GroupId="sg~2", IpPermissions=[web])
        pairs = [{"GroupId": "sg~2"}, {"GroupId": "sg~3"}]
        db = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": pairs}
        self.call("AuthorizeSecurityGroupEgress", GroupId="sg~3", IpPermissions=[db])
        for most in (2, 4):
            self.call("CreateManagedPrefixList", PrefixListName="office", MaxEntries=most, AddressFamily="IPv4")
        in_list = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "PrefixListIds": [{"PrefixListId": "pl~0"}]}
        self.call("AuthorizeSecurityGroupIngress", GroupId="sg~3", IpPermissions=[in_list])
        self.call("CreateDhcpOptions", DhcpConfigurations=[{"Key": "domain-name", "Values": ["example.internal"]}])
        self.call("AssociateDhcpOptions", VpcId=other, DhcpOptionsId="dopt~1")
        self.call("CreateKeyPair", KeyName="one", KeyType="ed25519")
        for _ in range(2):
            self.call("AllocateAddress", Domain="vpc")
        self.site.look()  # which addresses were chosen
        secondary = self.world.interfaces["eni~4"].addresses[1]
        asked = {"NetworkInterfaceId": "eni~4", "PrivateIpAddress": secondary}
        self.call("AssociateAddress", AllocationId="eipalloc~1", **asked)

    # VPCs

    @rule(block=st.sampled_from(draw.VPC_BLOCKS))
    def create_vpc(self, block: str) -> None:
        self.call("CreateVpc", CidrBlock=block)

    @rule(vpc=draw.newest("vpc"))
    def delete_vpc(self, vpc: str) -> None:
        self.call("DeleteVpc", VpcId=vpc)

    @rule(vpc=an("vpc"), name=st.sampled_from(["EnableDnsSupport", "EnableDnsHostnames"]), value=FLAG)
    def modify_vpc_attribute(self, vpc: str, name: str, value: bool) -> None:
        self.call("ModifyVpcAttribute", VpcId=vpc, **{name: {"Value": value}})

    @rule(vpc=an("vpc"), block=st.sampled_from(draw.MORE_BLOCKS))
    def associate_vpc_cidr_block(self, vpc: str, block: str) -> None:
        self.call("AssociateVpcCidrBlock", VpcId=vpc, CidrBlock=block)

    @rule(association=an("vpc-cidr-assoc"))
    def disassociate_vpc_cidr_block(self, association: str) -> None:
        self.call("DisassociateVpcCidrBlock", AssociationId=association)

    # Subnets

    @rule(data=data, vpc=an("vpc"), zone=st.sampled_from([*ZONES[:2] * 3, "us-east-1z"]))
    def create_subnet(self, data: Any, vpc: str, zone: str) -> None:
        block = data.draw(draw.subnet_blocks(vpc))
        self.call("CreateSubnet", VpcId=vpc, CidrBlock=block, AvailabilityZone=zone)

    @rule(subnet=an("subnet"))
    def delete_subnet(self, subnet: str) -> None:
        self.call("DeleteSubnet", SubnetId=subnet)

    @rule(subnet=an("subnet"), value=FLAG)
    def modify_subnet_attribute(self, subnet: str, value: bool) -> None:
        self.call("ModifySubnetAttribute", SubnetId=subnet, MapPublicIpOnLaunch={"Value": value})

    # Internet gateways

    @rule()
    def create_internet_gateway(self) -> None:
        self.call("CreateInternetGateway")

    @rule(gateway=an("igw"))
    def delete_internet_gateway(self, gateway: str) -> None:
        self.call("DeleteInternetGateway", InternetGatewayId=gateway)

    @rule(gateway=an("igw"), vpc=an("vpc"))
    def attach_internet_gateway(self, gateway: str, vpc: str) -> None:
        self.call("AttachInternetGateway", InternetGatewayId=gateway, VpcId=vpc)

    @rule(both=pair("igw", "vpc"))
    def detach_internet_gateway(self, both: tuple[str, str]) -> None:
        self.call("DetachInternetGateway", InternetGatewayId=both[0], VpcId=both[1])

    # Route tables

    @rule(vpc=an("vpc"))
    def create_route_table(self, vpc: str) -> None:
        self.call("CreateRouteTable", VpcId=vpc)

    @rule(table=an("rtb"))
    def delete_route_table(self, table: str) -> None:
        self.call("DeleteRouteTable", RouteTableId=table)

    @rule(both=st.one_of(pair("rtb", "subnet"), pair("rtb", "igw")))
    def associate_route_table(self, both: tuple[str, str]) -> None:
        name = "GatewayId" if both[1].startswith("igw") else "SubnetId"
        self.call("AssociateRouteTable", RouteTableId=both[0], **{name: both[1]})

    @rule(association=an("rtbassoc"))
    def disassociate_route_table(self, association: str) -> None:
        self.call("DisassociateRouteTable", AssociationId=association)

    @rule(both=pair("rtbassoc", "rtb"))
    def replace_route_table_association(self, both: tuple[str, str]) -> None:
        self.call("ReplaceRouteTableAssociation", AssociationId=both[0], RouteTableId=both[1])

    # Routes

    @rule(data=data, both=pair("rtb", "igw"))
    def create_route_to_gateway(self, data: Any, both: tuple[str, str]) -> None:
        self._route("CreateRoute", data, both[0], GatewayId=both[1])

    @rule(data=data, both=pair("rtb", "eni"))
    def create_route_to_interface(self, data: Any, both: tuple[str, str]) -> None:
        self._route("CreateRoute", data, both[0], NetworkInterfaceId=both[1])

    @rule(data=data, both=pair("rtb", "i"))
    def create_route_to_instance(self, data: Any, both: tuple[str, str]) -> None:
        self._route("CreateRoute", data, both[0], InstanceId=both[1])

    @rule(data=data, both=pair("rtb", "igw"))
    def replace_route_by_gateway(self, data: Any, both: tuple[str, str]) -> None:
        self._route("ReplaceRoute", data, both[0], GatewayId=both[1])

    @rule(data=data, both=pair("rtb", "eni"))
    def replace_route_by_interface(self, data: Any, both: tuple[str, str]) -> None:
        self._route("ReplaceRoute", data, both[0], NetworkInterfaceId=both[1])

    @rule(data=data, both=pair("rtb", "i"))
    def replace_route_by_instance(self, data: Any, both: tuple[str, str]) -> None:
        self._route("ReplaceRoute", data, both[0], InstanceId=both[1])

    @rule(data=data, table=an("rtb"))
    def restore_route(self, data: Any, table: str) -> None:
        self._route("ReplaceRoute", data, table, LocalTarget=True)

    def _route(self, operation: str, data: Any, table: str, **target: Any) -> None:
        to = data.draw((draw.destinations if operation == "CreateRoute" else draw.own_destinations)(table))
        self.call(operation, RouteTableId=table, **draw.as_destination(to), **target)

    @rule(data=data, table=an("rtb"))
    def delete_route(self, data: Any, table: str) -> None:
        to = data.draw(draw.own_destinations(table))
        self.call("DeleteRoute", RouteTableId=table, **draw.as_destination(to))

    # Network ACLs

    @rule(vpc=an("vpc"))
    def create_network_acl(self, vpc: str) -> None:
        self.call("CreateNetworkAcl", VpcId=vpc)

    @rule(acl=draw.newest("acl"))
    def delete_network_acl(self, acl: str) -> None:
        self.call("DeleteNetworkAcl", NetworkAclId=acl)

    @rule(acl=an("acl"), entry=draw.ENTRIES)
    def create_network_acl_entry(self, acl: str, entry: dict[str, Any]) -> None:
        self.call("CreateNetworkAclEntry", NetworkAclId=acl, **entry)

    @rule(acl=an("acl"), entry=draw.ENTRIES)
    def replace_network_acl_entry(self, acl: str, entry: dict[str, Any]) -> None:
        self.call("ReplaceNetworkAclEntry", NetworkAclId=acl, **entry)

    @rule(data=data, acl=an("acl"))
    def replace_network_acl_entry_by_the_other_family(self, data: Any, acl: str) -> None:
        self.call("ReplaceNetworkAclEntry", NetworkAclId=acl, **data.draw(draw.of_the_other_family(acl)))

    @rule(acl=an("acl"), number=draw.NUMBERS, egress=FLAG)
    def delete_network_acl_entry(self, acl: str, number: int, egress: bool) -> None:
        self.call("DeleteNetworkAclEntry", NetworkAclId=acl, RuleNumber=number, Egress=egress)

    @rule(both=pair("aclassoc", "acl"))
    def replace_network_acl_association(self, both: tuple[str, str]) -> None:
        self.call("ReplaceNetworkAclAssociation", AssociationId=both[0], NetworkAclId=both[1])

    # Security groups

    @rule(vpc=an("vpc"), name=st.sampled_from(["web", "WEB", "db", "app", "bastion", "default", "sg-x"]))
    def create_security_group(self, vpc: str, name: str) -> None:
        self.call("CreateSecurityGroup", VpcId=vpc, GroupName=name, Description="for tests")

    @rule(group=draw.newest("sg"))
    def delete_security_group(self, group: str) -> None:
        self.call("DeleteSecurityGroup", GroupId=group)

    @rule(data=data, group=an("sg"), way=st.sampled_from(["Ingress", "Egress"]))
    def authorize(self, data: Any, group: str, way: str) -> None:
        self.call(f"AuthorizeSecurityGroup{way}", GroupId=group, IpPermissions=data.draw(draw.permissions(group)))

    @rule(data=data, group=an("sg"), way=st.sampled_from(["Ingress", "Egress"]))
    def revoke(self, data: Any, group: str, way: str) -> None:
        self.call(f"RevokeSecurityGroup{way}", GroupId=group, IpPermissions=data.draw(draw.permissions(group)))

    @rule(data=data, group=an("sg"), way=st.sampled_from(["Ingress", "Egress"]))
    def revoke_by_id(self, data: Any, group: str, way: str) -> None:
        ids = [data.draw(draw.own_rules(group))]
        self.call(f"RevokeSecurityGroup{way}", GroupId=group, SecurityGroupRuleIds=ids)

    @rule(data=data, group=an("sg"))
    def modify_rule(self, data: Any, group: str) -> None:
        changed = data.draw(draw.changed_rule(group))
        self.call("ModifySecurityGroupRules", GroupId=group, SecurityGroupRules=[changed])

    # Prefix lists

    @rule(entries=draw.LIST_BLOCKS, most=st.sampled_from([1, 1, 2, 2, 0]))
    def create_managed_prefix_list(self, entries: list[dict[str, str]], most: int) -> None:
        asked = {"PrefixListName": "more", "MaxEntries": most, "AddressFamily": "IPv4"}
        self.call("CreateManagedPrefixList", **asked, Entries=entries or None)

    @rule(data=data, id_=an("pl"), behind=st.sampled_from([None, 0, 0, 0, 1]))
    def modify_managed_prefix_list(self, data: Any, id_: str, behind: int | None) -> None:
        asked = data.draw(draw.list_changes(id_))
        if behind is not None and id_ in self.world.lists:
            asked["CurrentVersion"] = self.world.lists[id_].version + behind
        self.call("ModifyManagedPrefixList", PrefixListId=id_, **asked)

    @rule(id_=an("pl"))
    def delete_managed_prefix_list(self, id_: str) -> None:
        self.call("DeleteManagedPrefixList", PrefixListId=id_)

    # DHCP options, key pairs, reservations, volumes

    @rule(options=draw.OPTIONS)
    def create_dhcp_options(self, options: list[dict[str, Any]]) -> None:
        self.call("CreateDhcpOptions", DhcpConfigurations=options)

    @rule(id_=an("dopt"))
    def delete_dhcp_options(self, id_: str) -> None:
        self.call("DeleteDhcpOptions", DhcpOptionsId=id_)

    @rule(id_=st.one_of(an("dopt"), st.just("default")), vpc=an("vpc"))
    def associate_dhcp_options(self, id_: str, vpc: str) -> None:
        self.call("AssociateDhcpOptions", DhcpOptionsId=id_, VpcId=vpc)

    @rule(name=draw.KEY_NAMES)
    def create_key_pair(self, name: str) -> None:
        self.call("CreateKeyPair", KeyName=name, KeyType="ed25519")

    @rule(name=draw.KEY_NAMES)
    def delete_key_pair(self, name: str) -> None:
        self.call("DeleteKeyPair", KeyName=name)

    @rule(data=data, subnet=an("subnet"), kind=st.sampled_from(["prefix", "explicit"]))
    def create_subnet_cidr_reservation(self, data: Any, subnet: str, kind: str) -> None:
        block = data.draw(draw.reservation_blocks(subnet))
        self.call("CreateSubnetCidrReservation", SubnetId=subnet, Cidr=block, ReservationType=kind)

    @rule(id_=an("scr"))
    def delete_subnet_cidr_reservation(self, id_: str) -> None:
        self.call("DeleteSubnetCidrReservation", SubnetCidrReservationId=id_)

    @rule(id_=an("vol"))
    def delete_volume(self, id_: str) -> None:
        self.call("DeleteVolume", VolumeId=id_)

    @rule(instance=an("i"), goes=FLAG)
    def keep_volume(self, instance: str, goes: bool) -> None:
        mapping = {"DeviceName": "/dev/sda1", "Ebs": {"DeleteOnTermination": goes}}
        self.call("ModifyInstanceAttribute", InstanceId=instance, BlockDeviceMappings=[mapping])

    # Network interfaces

    @rule(data=data, both=own_groups("subnet"), more=st.sampled_from([None, None, 1, 6]), named=FLAG)
    def create_network_interface(self, data: Any, both: tuple[str, list[str]], more: int | None, named: bool) -> None:
        subnet, groups = both
        address = data.draw(draw.addresses(subnet)) if named else None
        self.call(
            "CreateNetworkInterface",
            SubnetId=subnet,
            Groups=groups or None,
            PrivateIpAddress=address,
            SecondaryPrivateIpAddressCount=more,
        )

    @rule(eni=an("eni"))
    def delete_network_interface(self, eni: str) -> None:
        self.call("DeleteNetworkInterface", NetworkInterfaceId=eni)

    @rule(both=own_groups("eni"))
    def wear_groups(self, both: tuple[str, list[str]]) -> None:
        groups = both[1] or ["sg-0123456789abcdef0"]
        self.call("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=both[0], Groups=groups)

    @rule(eni=an("eni"), what=st.sampled_from([("SourceDestCheck", False), ("Description", "eth9")]))
    def modify_network_interface(self, eni: str, what: tuple[str, Any]) -> None:
        name, value = what
        self.call("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=eni, **{name: {"Value": value}})

    @rule(data=data, eni=an("eni"), delete=FLAG)
    def delete_on_termination(self, data: Any, eni: str, delete: bool) -> None:
        attachment = data.draw(draw.own_attachment(eni))
        asked = {"AttachmentId": attachment, "DeleteOnTermination": delete}
        self.call("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=eni, Attachment=asked)

    @rule(eni=an("eni"), count=st.sampled_from([1, 1, 2, 12]))
    def assign_any_address(self, eni: str, count: int) -> None:
        self.call("AssignPrivateIpAddresses", NetworkInterfaceId=eni, SecondaryPrivateIpAddressCount=count)

    @rule(data=data, eni=an("eni"), move=st.sampled_from([None, True]))
    def assign_address(self, data: Any, eni: str, move: bool | None) -> None:
        given = [data.draw(draw.addresses_beside(eni))]
        asked = {"PrivateIpAddresses": given, "AllowReassignment": move}
        self.call("AssignPrivateIpAddresses", NetworkInterfaceId=eni, **asked)

    @rule(data=data, eni=an("eni"))
    def unassign_address(self, data: Any, eni: str) -> None:
        gone = [data.draw(draw.held_addresses(eni))]
        self.call("UnassignPrivateIpAddresses", NetworkInterfaceId=eni, PrivateIpAddresses=gone)

    @rule(
        both=st.one_of(pair("i", "eni"), st.tuples(an("i"), draw.FREE_INTERFACES)), index=st.sampled_from([0, 1, 2, 2])
    )
    def attach_network_interface(self, both: tuple[str, str], index: int) -> None:
        self.call("AttachNetworkInterface", InstanceId=both[0], NetworkInterfaceId=both[1], DeviceIndex=index)

    @rule(attachment=an("eni-attach"))
    def detach_network_interface(self, attachment: str) -> None:
        self.call("DetachNetworkInterface", AttachmentId=attachment)

    # Elastic IPs

    @rule()
    def allocate_address(self) -> None:
        self.call("AllocateAddress", Domain="vpc")

    @rule(allocation=an("eipalloc"))
    def release_address(self, allocation: str) -> None:
        self.call("ReleaseAddress", AllocationId=allocation)

    @rule(data=data, eip=an("eipalloc"), eni=an("eni"), named=FLAG, move=st.sampled_from([None, None, False, True]))
    def associate_address(self, data: Any, eip: str, eni: str, named: bool, move: bool | None) -> None:
        address = data.draw(draw.held_addresses(eni)) if named else None
        asked = {"PrivateIpAddress": address, "AllowReassociation": move}
        self.call("AssociateAddress", AllocationId=eip, NetworkInterfaceId=eni, **asked)

    @rule(eip=an("eipalloc"), instance=an("i"))
    def associate_with_instance(self, eip: str, instance: str) -> None:
        self.call("AssociateAddress", AllocationId=eip, InstanceId=instance)

    @rule(association=an("eipassoc"))
    def disassociate_address(self, association: str) -> None:
        self.call("DisassociateAddress", AssociationId=association)

    # Instances

    @rule(
        data=data,
        both=own_groups("subnet"),
        named=st.sampled_from([False, False, True]),
        public=st.sampled_from([None, True]),
        key=st.one_of(st.none(), st.none(), draw.KEY_NAMES),
        goes=FLAG,
    )
    def run_instance(
        self, data: Any, both: tuple[str, list[str]], named: bool, public: bool | None, key: str | None, goes: bool
    ) -> None:
        wanted: dict[str, Any] = {"DeviceIndex": 0, "SubnetId": both[0]}
        if both[1]:
            wanted["Groups"] = both[1]
        if named:
            wanted["PrivateIpAddress"] = data.draw(draw.addresses(both[0]))
        if public is not None:
            wanted["AssociatePublicIpAddress"] = public
        self._run(wanted, key, goes)

    @rule(eni=an("eni"))
    def run_with_interface(self, eni: str) -> None:
        self._run({"DeviceIndex": 0, "NetworkInterfaceId": eni})

    def _run(self, wanted: dict[str, Any], key: str | None = None, goes: bool = True) -> None:
        asked = {"ImageId": IMAGE, "InstanceType": "t2.micro", "MinCount": 1, "MaxCount": 1}
        root = {"DeviceName": "/dev/sda1", "Ebs": {"DeleteOnTermination": goes}}
        self.call("RunInstances", **asked, NetworkInterfaces=[wanted], KeyName=key, BlockDeviceMappings=[root])

    @rule(instance=an("i"), what=st.sampled_from(["Stop", "Start", "Reboot"]))
    def change_instance(self, instance: str, what: str) -> None:
        self.call(f"{what}Instances", InstanceIds=[instance])

    @rule(instance=an("i"))
    def terminate_instance(self, instance: str) -> None:
        self.call("TerminateInstances", InstanceIds=[instance])

    @rule(instance=an("i"), value=FLAG)
    def protect_instance(self, instance: str, value: bool) -> None:
        self.call("ModifyInstanceAttribute", InstanceId=instance, DisableApiTermination={"Value": value})

    # Tags

    @rule(id_=draw.TAGGED, tags=draw.TAGS)
    def create_tags(self, id_: str, tags: list[dict[str, str]]) -> None:
        self.call("CreateTags", Resources=[id_], Tags=tags)

    @rule(id_=draw.TAGGED, tag=st.sampled_from([{"Key": "Name"}, {"Key": "k1", "Value": "b"}]))
    def delete_tags(self, id_: str, tag: dict[str, str]) -> None:
        self.call("DeleteTags", Resources=[id_], Tags=[tag])

    # Ids of nothing

    @rule(kind=st.sampled_from(list(NOT_FOUND)))
    def tag_nothing(self, kind: str) -> None:
        for operation in ("CreateTags", "DeleteTags"):
            self.call(operation, Resources=[draw.nobody(kind)], Tags=[{"Key": "Name", "Value": "one"}])

    @rule(data=data, table=an("rtb"), name=st.sampled_from(["GatewayId", "InstanceId", "NetworkInterfaceId"]))
    def route_to_nothing(self, data: Any, table: str, name: str) -> None:
        target = {name: draw.nobody({"GatewayId": "igw", "InstanceId": "i"}.get(name, "eni"))}
        self._route("ReplaceRoute", data, table, **target)
        self.call("CreateRoute", RouteTableId=table, DestinationCidrBlock="10.77.0.0/16", **target)

    @rule(table=an("rtb"), acl=an("aclassoc"), eni=draw.FREE_INTERFACES, instance=an("i"))
    def join_nothing(self, table: str, acl: str, eni: str, instance: str) -> None:
        self.call("AssociateRouteTable", RouteTableId=table, SubnetId=draw.nobody("subnet"))
        self.call("AssociateRouteTable", RouteTableId=table, GatewayId=draw.nobody("igw"))
        self.call("ReplaceNetworkAclAssociation", AssociationId=acl, NetworkAclId=draw.nobody("acl"))
        nobody = {"InstanceId": draw.nobody("i")}, {"NetworkInterfaceId": draw.nobody("eni")}
        for wrong in nobody:
            right = {"InstanceId": instance, "NetworkInterfaceId": eni, "DeviceIndex": 1}
            self.call("AttachNetworkInterface", **right | wrong)

    @rule(data=data, group=an("sg"), way=st.sampled_from(["Ingress", "Egress"]))
    def rule_of_nothing(self, data: Any, group: str, way: str) -> None:
        """About a prefix list that there is not, and about no source at all."""
        said = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
        no_list = {**said, "PrefixListIds": [{"PrefixListId": draw.nobody("pl")}]}
        for verb in ("Authorize", "Revoke"):
            for wrong in (no_list, said):
                self.call(f"{verb}SecurityGroup{way}", GroupId=group, IpPermissions=[wrong])
        id_ = data.draw(draw.own_rules(group))
        for more in ({"PrefixListId": draw.nobody("pl")}, {}):
            changed = {"SecurityGroupRuleId": id_, "SecurityGroupRule": {**said, **more}}
            self.call("ModifySecurityGroupRules", GroupId=group, SecurityGroupRules=[changed])

    @rule(what=st.sampled_from(["Stop", "Start", "Reboot", "Terminate"]))
    def change_nothing(self, what: str) -> None:
        self.call(f"{what}Instances", InstanceIds=[draw.nobody("i")])
