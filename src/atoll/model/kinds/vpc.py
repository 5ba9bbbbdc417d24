"""VPCs with their blocks, subnets with their reservations, DHCP options sets and internet gateways."""

from typing import ClassVar

import msgspec

from atoll.model.entity import Entity
from atoll.packet import Prefix


class VpcBlock(msgspec.Struct, frozen=True, kw_only=True):
    """An IPv4 block of a VPC; the first is the primary, which never changes (fact 8). At most 50 (quota)."""

    association_id: str
    prefix: Prefix
    state: str = "associated"


class Vpc(Entity, frozen=True, kw_only=True):
    """A VPC."""

    KIND: ClassVar[str] = "vpc"
    PREFIX: ClassVar[str] = "vpc"
    INDEX: ClassVar[tuple[str, ...]] = ("home", "default_home", "block_ids", "dhcp_options")
    id: str
    blocks: tuple[VpcBlock, ...]
    is_default: bool = False
    tenancy: str = "default"
    dhcp_options: str = "default"
    dns_support: bool = True
    dns_hostnames: bool = False
    network_address_usage_metrics: bool = False
    state: str = "available"

    @property
    def named(self) -> bool:
        """Whether AWS gives names to what is in it, and tells them: that takes both attributes [BC Instance]."""
        return self.dns_support and self.dns_hostnames

    @property
    def default_home(self) -> str | None:
        """Indexed: the home of which this is the default VPC."""
        return self.home if self.is_default else None

    @property
    def block_ids(self) -> tuple[str, ...]:
        """Indexed: the association ids of its blocks."""
        return tuple(block.association_id for block in self.blocks)


class DhcpOption(msgspec.Struct, frozen=True, kw_only=True):
    """One option of a set: its name and what it is set to."""

    name: str
    values: tuple[str, ...]


class DhcpOptions(Entity, frozen=True, kw_only=True):
    """A set of DHCP options; it never changes (fact 153). At most six options (fact 154)."""

    KIND: ClassVar[str] = "dhcp-options"
    PREFIX: ClassVar[str] = "dopt"
    id: str
    options: tuple[DhcpOption, ...]


class Subnet(Entity, frozen=True, kw_only=True):
    """A subnet: one block in one availability zone, for life."""

    KIND: ClassVar[str] = "subnet"
    PREFIX: ClassVar[str] = "subnet"
    INDEX: ClassVar[tuple[str, ...]] = ("home", "vpc")
    id: str
    vpc: str
    zone: str  # the name: us-east-1a
    prefix: Prefix
    map_public_ip: bool = False
    default_for_az: bool = False
    hostname_type: str = "ip-name"
    resource_name_dns_a: bool = False
    state: str = "available"


class CidrReservation(Entity, frozen=True, kw_only=True):
    """A part of a subnet that automatic addresses keep out of. `use`: prefix or explicit."""

    KIND: ClassVar[str] = "subnet-cidr-reservation"
    PREFIX: ClassVar[str] = "scr"
    INDEX: ClassVar[tuple[str, ...]] = ("home", "subnet")
    id: str
    subnet: str
    prefix: Prefix
    use: str
    description: str = ""


class InternetGateway(Entity, frozen=True, kw_only=True):
    """An internet gateway, attached to at most one VPC."""

    KIND: ClassVar[str] = "internet-gateway"
    PREFIX: ClassVar[str] = "igw"
    INDEX: ClassVar[tuple[str, ...]] = ("home", "vpc")
    id: str
    vpc: str | None = None
