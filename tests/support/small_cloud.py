"""A small cloud as entities, for tests of what stands below the services."""

from datetime import UTC, datetime

from atoll.model.kinds import (
    Attachment,
    ElasticIp,
    Entity,
    Instance,
    InternetGateway,
    NetworkAcl,
    NetworkAclEntry,
    NetworkInterface,
    PrefixListEntry,
    PrivateAddress,
    RouteTable,
    RouteTableAssociation,
    SecurityGroup,
    SecurityGroupRule,
    SecurityGroupVpcAssociation,
    Subnet,
    Vpc,
    VpcBlock,
    VpcRoute,
)
from atoll.packet import Prefix

HOME = "123456789012/us-east-1"
TIME = datetime(2026, 1, 1, tzinfo=UTC)


def vpc_of(*blocks: str, vpc: str = "vpc-1") -> Vpc:
    """A VPC of these blocks, the primary one first."""
    made = (VpcBlock(association_id=f"{vpc}-{block}", prefix=Prefix.parse(block)) for block in blocks)
    return Vpc(home=HOME, id=vpc, blocks=tuple(made))


def network(vpc: str = "vpc-1", *blocks: str) -> list[Entity]:
    """A VPC as CreateVpc leaves it."""
    return [
        vpc_of(*(blocks or ("10.0.0.0/16",)), vpc=vpc),
        RouteTable(home=HOME, id=f"rtb-{vpc}", vpc=vpc),
        RouteTableAssociation(home=HOME, id=f"rtbassoc-{vpc}", route_table=f"rtb-{vpc}", vpc=vpc, main=True),
        NetworkAcl(home=HOME, id=f"acl-{vpc}", vpc=vpc, is_default=True),
        *(
            NetworkAclEntry(
                home=HOME,
                acl=f"acl-{vpc}",
                egress=egress,
                number=100,
                allow=True,
                protocol=-1,
                cidr=Prefix.everything(),
            )
            for egress in (False, True)
        ),
        *group("sg-default", vpc),
    ]


def group(id_: str, vpc: str = "vpc-1") -> list[Entity]:
    """A group as CreateSecurityGroup leaves it: everything out, nothing in."""
    out = SecurityGroupRule(
        home=HOME, id=f"sgr-{id_}-out", owner=id_, egress=True, protocol=-1, cidr=Prefix.everything()
    )
    return [SecurityGroup(home=HOME, id=id_, vpc=vpc, name=id_, description=""), out]


def rule(id_: str, owner: str, port: int, cidr: str | None = None, peer: str | None = None) -> SecurityGroupRule:
    """An inbound TCP rule."""
    return SecurityGroupRule(
        home=HOME,
        id=id_,
        owner=owner,
        egress=False,
        protocol=6,
        low=port,
        high=port,
        cidr=Prefix.parse(cidr) if cidr else None,
        peer_group=peer,
    )


def subnet(id_: str, block: str, vpc: str = "vpc-1") -> Subnet:
    """A subnet that uses the VPC's main table."""
    return Subnet(home=HOME, id=id_, vpc=vpc, zone="us-east-1a", prefix=Prefix.parse(block))


def interface(
    id_: str, where: Subnet, ip: str, groups: tuple[str, ...] = ("sg-default",), instance: str | None = None
) -> list[Entity]:
    """An ENI with its primary address, attached as eth0 if an instance is named."""
    attachment = None
    if instance is not None:
        attachment = Attachment(
            id=f"eni-attach-{id_}", instance=instance, index=0, time=TIME, delete_on_termination=True
        )
    return [
        NetworkInterface(
            home=HOME,
            id=id_,
            vpc=where.vpc,
            subnet=where.id,
            zone=where.zone,
            mac="02:00:00:00:00:01",
            groups=groups,
            primary_ip=ip,
            attachment=attachment,
        ),
        PrivateAddress(home=HOME, subnet=where.id, vpc=where.vpc, ip=ip, interface=id_, primary=True, slot=0),
    ]


def instance(id_: str, where: Subnet, state: str = "running") -> Instance:
    """An instance."""
    return Instance(
        home=HOME,
        id=id_,
        image="ami-12c6146b",
        type="t2.micro",
        zone=where.zone,
        vpc=where.vpc,
        subnet=where.id,
        reservation="r-1",
        launch_index=0,
        launched=TIME,
        state=state,
    )


def gateway(vpc: str | None = "vpc-1") -> InternetGateway:
    """An internet gateway."""
    return InternetGateway(home=HOME, id="igw-1", vpc=vpc)


def route(target: str, destination: str = "0.0.0.0/0", table: str = "rtb-vpc-1") -> VpcRoute:
    """A user's route."""
    return VpcRoute(home=HOME, route_table=table, destination=Prefix.parse(destination), target=target)


def list_route(target: str, name: str = "pl-1", table: str = "rtb-vpc-1") -> VpcRoute:
    """A user's route to a prefix list."""
    return VpcRoute(home=HOME, route_table=table, prefix_list=name, target=target)


def listed(cidr: str, name: str = "pl-1", added: int = 1, removed: int | None = None) -> PrefixListEntry:
    """An entry of a prefix list."""
    return PrefixListEntry(home=HOME, list=name, cidr=Prefix.parse(cidr), added=added, removed=removed)


def list_rule(id_: str, owner: str, name: str = "pl-1") -> SecurityGroupRule:
    """An inbound rule for everything that a list holds."""
    return SecurityGroupRule(home=HOME, id=id_, owner=owner, egress=False, protocol=-1, prefix_list=name)


def edge(gateway_id: str = "igw-1", table: str = "rtb-edge", vpc: str = "vpc-1") -> list[Entity]:
    """A table for what comes in by a gateway."""
    way = RouteTableAssociation(home=HOME, id="rtbassoc-edge", route_table=table, vpc=vpc, gateway=gateway_id)
    return [RouteTable(home=HOME, id=table, vpc=vpc), way]


def shared(id_: str, vpc: str) -> SecurityGroupVpcAssociation:
    """A group that may be worn in another VPC as well."""
    return SecurityGroupVpcAssociation(home=HOME, group=id_, vpc=vpc)


def elastic_ip(interface_id: str | None, private: str | None, public: str = "198.18.0.7") -> ElasticIp:
    """An Elastic IP, associated or not."""
    return ElasticIp(
        home=HOME,
        id="eipalloc-1",
        public_ip=public,
        association_id="eipassoc-1" if interface_id else None,
        interface=interface_id,
        private_ip=private,
    )
