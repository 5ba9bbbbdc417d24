"""Every kind of entity, one family a file."""

from atoll.model.entity import Entity
from atoll.model.kinds.compute import ClientToken, Instance, InternetHost, KeyPair, MetadataOptions
from atoll.model.kinds.filters import (
    ALL_PROTOCOLS,
    NetworkAcl,
    NetworkAclAssociation,
    NetworkAclEntry,
    SecurityGroup,
    SecurityGroupRule,
)
from atoll.model.kinds.homes import Home
from atoll.model.kinds.interfaces import (
    AddressTransfer,
    Attachment,
    ElasticIp,
    InterfacePermission,
    NetworkInterface,
    PrivateAddress,
    PublicAddress,
)
from atoll.model.kinds.launching import (
    CreditDefault,
    LaunchTemplate,
    LaunchTemplateVersion,
    MetadataDefaults,
    PlacementGroup,
    ProfileAssociation,
)
from atoll.model.kinds.routing import RouteTable, RouteTableAssociation, VpcRoute
from atoll.model.kinds.storage import Modification, Volume, VolumeAttachment
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
    InterfacePermission,
    AddressTransfer,
    Volume,
    LaunchTemplate,
    LaunchTemplateVersion,
    PlacementGroup,
    ProfileAssociation,
    MetadataDefaults,
    CreditDefault,
)

BY_KIND: dict[str, type[Entity]] = {kind.KIND: kind for kind in KINDS}
BY_PREFIX: dict[str, type[Entity]] = {kind.PREFIX: kind for kind in KINDS if kind.PREFIX}

__all__ = [
    "ALL_PROTOCOLS",
    "BY_KIND",
    "BY_PREFIX",
    "KINDS",
    "AddressTransfer",
    "Attachment",
    "CidrReservation",
    "ClientToken",
    "CreditDefault",
    "DhcpOption",
    "DhcpOptions",
    "ElasticIp",
    "Entity",
    "Home",
    "Instance",
    "InterfacePermission",
    "InternetGateway",
    "InternetHost",
    "KeyPair",
    "LaunchTemplate",
    "LaunchTemplateVersion",
    "MetadataDefaults",
    "MetadataOptions",
    "Modification",
    "NetworkAcl",
    "NetworkAclAssociation",
    "NetworkAclEntry",
    "NetworkInterface",
    "PlacementGroup",
    "PrivateAddress",
    "ProfileAssociation",
    "PublicAddress",
    "RouteTable",
    "RouteTableAssociation",
    "SecurityGroup",
    "SecurityGroupRule",
    "Subnet",
    "Volume",
    "VolumeAttachment",
    "Vpc",
    "VpcBlock",
    "VpcRoute",
]
