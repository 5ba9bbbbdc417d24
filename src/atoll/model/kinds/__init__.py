"""Every kind of entity, one family a file."""

from atoll.model.entity import Entity
from atoll.model.kinds.compute import ClientToken, Instance, InternetHost, KeyPair
from atoll.model.kinds.filters import (
    ALL_PROTOCOLS,
    NetworkAcl,
    NetworkAclAssociation,
    NetworkAclEntry,
    SecurityGroup,
    SecurityGroupRule,
)
from atoll.model.kinds.homes import Home
from atoll.model.kinds.identity import InstanceProfile, Policy, PolicyAttachment, Role, RolePolicy, Session
from atoll.model.kinds.interfaces import Attachment, ElasticIp, NetworkInterface, PrivateAddress, PublicAddress
from atoll.model.kinds.parameters import Parameter, ParameterVersion
from atoll.model.kinds.routing import RouteTable, RouteTableAssociation, VpcRoute
from atoll.model.kinds.vpc import (
    CidrReservation,
    DhcpOption,
    DhcpOptions,
    InternetGateway,
    Subnet,
    Vpc,
    VpcBlock,
)

KINDS: tuple[type[Entity], ...] = (
    Vpc,
    Subnet,
    CidrReservation,
    DhcpOptions,
    InternetGateway,
    RouteTable,
    RouteTableAssociation,
    VpcRoute,
    SecurityGroup,
    SecurityGroupRule,
    NetworkAcl,
    NetworkAclEntry,
    NetworkAclAssociation,
    NetworkInterface,
    PrivateAddress,
    ElasticIp,
    PublicAddress,
    Instance,
    KeyPair,
    ClientToken,
    InternetHost,
    Home,
    Role,
    RolePolicy,
    Policy,
    PolicyAttachment,
    InstanceProfile,
    Session,
    Parameter,
    ParameterVersion,
)

BY_KIND: dict[str, type[Entity]] = {kind.KIND: kind for kind in KINDS}
BY_PREFIX: dict[str, type[Entity]] = {kind.PREFIX: kind for kind in KINDS if kind.PREFIX}

__all__ = [
    "ALL_PROTOCOLS",
    "BY_KIND",
    "BY_PREFIX",
    "KINDS",
    "Attachment",
    "CidrReservation",
    "ClientToken",
    "DhcpOption",
    "DhcpOptions",
    "ElasticIp",
    "Entity",
    "Home",
    "Instance",
    "InstanceProfile",
    "InternetGateway",
    "InternetHost",
    "KeyPair",
    "NetworkAcl",
    "NetworkAclAssociation",
    "NetworkAclEntry",
    "NetworkInterface",
    "Parameter",
    "ParameterVersion",
    "Policy",
    "PolicyAttachment",
    "PrivateAddress",
    "PublicAddress",
    "Role",
    "RolePolicy",
    "RouteTable",
    "RouteTableAssociation",
    "SecurityGroup",
    "SecurityGroupRule",
    "Session",
    "Subnet",
    "Vpc",
    "VpcBlock",
    "VpcRoute",
]
