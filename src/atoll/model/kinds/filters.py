"""Security groups and network ACLs."""

from typing import ClassVar

from atoll.model.entity import Entity
from atoll.packet import Prefix

ALL_PROTOCOLS = -1


class SecurityGroup(Entity, frozen=True, kw_only=True):
    """A security group of one VPC. Its rules are entities of their own."""

    KIND: ClassVar[str] = "security-group"
    PREFIX: ClassVar[str] = "sg"
    INDEX: ClassVar[tuple[str, ...]] = ("home", "vpc", "place")
    id: str
    vpc: str
    name: str
    description: str

    @property
    def place(self) -> str:
        """Indexed: VPC and name, compared case-insensitively (fact 118)."""
        return f"{self.vpc}/{self.name.lower()}"


class SecurityGroupRule(Entity, frozen=True, kw_only=True):
    """One rule: one protocol and range, one source or destination.

    `protocol` -1 = all. `low`/`high`: ports for TCP and UDP, type and code for ICMP, -1 = any. Exactly one of
    `cidr` (IPv4 or IPv6), `peer_group` and `prefix_list` is set.
    """

    KIND: ClassVar[str] = "security-group-rule"
    PREFIX: ClassVar[str] = "sgr"
    INDEX: ClassVar[tuple[str, ...]] = ("home", "owner", "peer_group", "prefix_list")
    id: str
    owner: str  # the security group that it belongs to
    egress: bool
    protocol: int
    low: int = -1
    high: int = -1
    cidr: Prefix | None = None
    peer_group: str | None = None
    peer_account: str | None = None
    prefix_list: str | None = None
    description: str | None = None


class SecurityGroupVpcAssociation(Entity, frozen=True, kw_only=True):
    """A group that may be worn in a second VPC of its owner (fact 132)."""

    KIND: ClassVar[str] = "security-group-vpc-association"
    KEY: ClassVar[tuple[str, ...]] = ("group", "vpc")
    INDEX: ClassVar[tuple[str, ...]] = ("home", "group", "vpc", "place")
    group: str
    vpc: str

    @property
    def place(self) -> str:
        """Indexed: so that one can ask whether it exists without reading it."""
        return f"{self.group}/{self.vpc}"


class NetworkAcl(Entity, frozen=True, kw_only=True):
    """A network ACL."""

    KIND: ClassVar[str] = "network-acl"
    PREFIX: ClassVar[str] = "acl"
    INDEX: ClassVar[tuple[str, ...]] = ("home", "vpc", "default_of")
    id: str
    vpc: str
    is_default: bool = False

    @property
    def default_of(self) -> str | None:
        """Indexed: the VPC whose default ACL this is."""
        return self.vpc if self.is_default else None


class NetworkAclEntry(Entity, frozen=True, kw_only=True):
    """One numbered entry; 32767 is the final refusal, which is not stored (fact 140). Fields as in a group rule."""

    KIND: ClassVar[str] = "network-acl-entry"
    KEY: ClassVar[tuple[str, ...]] = ("acl", "egress", "number")
    INDEX: ClassVar[tuple[str, ...]] = ("home", "acl")
    acl: str
    egress: bool
    number: int
    allow: bool
    protocol: int
    cidr: Prefix
    low: int = -1
    high: int = -1


class NetworkAclAssociation(Entity, frozen=True, kw_only=True):
    """The one ACL of a subnet (fact 144)."""

    KIND: ClassVar[str] = "network-acl-association"
    PREFIX: ClassVar[str] = "aclassoc"
    INDEX: ClassVar[tuple[str, ...]] = ("home", "acl", "subnet")
    id: str
    acl: str
    subnet: str
