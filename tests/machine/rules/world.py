"""The things of one account in one region, as AWS's Describe calls speak of them."""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Network

QUOTAS = {
    "vpcs": 3,
    "blocks": 2,
    "subnets": 3,
    "gateways": 3,
    "tables": 3,
    "routes": 2,
    "acls": 3,
    "entries": 3,
    "groups": 5,
    "rules": 3,
    "groups_of_interface": 2,
    "interfaces": 8,
    "addresses": 3,
    "keys": 2,
    "lists": 3,
    "tags": 50,
}
"""AWS's quotas (facts, section 1), as small as a few calls can fill: all but the last are settable."""


Block = IPv4Network | IPv6Network


@dataclass
class Vpc:
    """A VPC; `blocks` by association id, the first is the primary."""

    id: str
    blocks: dict[str, IPv4Network]
    options: str
    support: bool = True
    hostnames: bool = False


@dataclass
class Subnet:
    """A subnet, with the ACL that it has and the table that it was given, if it was."""

    id: str
    vpc: str
    block: IPv4Network
    zone: str
    acl: str
    acl_association: str
    public: bool = False
    table: str | None = None
    table_association: str | None = None


@dataclass
class Gateway:
    """An internet gateway, the VPC that it is attached to, and its edge table."""

    id: str
    vpc: str | None = None
    table: str | None = None
    table_association: str | None = None


@dataclass
class Route:
    """Where packets for a destination go: `kind` is a member's name of CreateRoute.

    `instance`: the one that the call named; it stands for its interface.
    """

    kind: str
    target: str
    origin: str = "CreateRoute"
    instance: str | None = None


@dataclass
class Table:
    """A route table."""

    id: str
    vpc: str
    routes: dict[Block, Route]
    main_association: str | None = None


@dataclass
class Entry:
    """An ACL's entry."""

    protocol: str
    action: str
    block: Block
    ports: tuple[int, int] | None = None
    icmp: tuple[int, int] | None = None


@dataclass
class Acl:
    """A network ACL; entries by (egress, number)."""

    id: str
    vpc: str
    default: bool
    entries: dict[tuple[bool, int], Entry] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """What makes a rule the same as another: everything but its description."""

    egress: bool
    protocol: str
    ports: tuple[int, int] | None
    block: str | None = None
    group: str | None = None
    list: str | None = None

    @property
    def source(self) -> str:
        """What kind of source it names: of one that there is it cannot be changed."""
        return "group" if self.group else "list" if self.list else "IPv6" if ":" in str(self.block) else "IPv4"


@dataclass
class Group:
    """A security group; rules by id."""

    id: str
    vpc: str
    name: str
    description: str
    rules: dict[str, Match] = field(default_factory=dict)


@dataclass
class Attachment:
    """What ties an interface to an instance."""

    id: str
    instance: str
    index: int
    delete: bool


@dataclass
class Interface:
    """A network interface; its addresses in order, the primary one first.

    `wants_public`: it was launched with an automatic public address; `public` is the one that it has now.
    """

    id: str
    subnet: str
    addresses: list[str]
    groups: list[str]
    description: str = ""
    check: bool = True
    attachment: Attachment | None = None
    wants_public: bool = False
    public: str | None = None


@dataclass
class Association:
    """What ties an Elastic IP to a private address."""

    id: str
    interface: str
    address: str


@dataclass
class ElasticIp:
    """An Elastic IP, by its allocation id; `ended` is the last association that it had before."""

    id: str
    public: str
    association: Association | None = None
    ended: str | None = None

    def end(self) -> None:
        """It leaves the address where it is."""
        if self.association:
            self.ended, self.association = self.association.id, None


@dataclass
class Instance:
    """An instance; a terminated one is still described, but has no interfaces."""

    id: str
    state: str
    subnet: str
    protected: bool = False
    key: str | None = None


@dataclass
class Volume:
    """An instance's root volume; without an instance when that was terminated and it was not to go with it."""

    id: str
    instance: str | None
    delete: bool = True


@dataclass
class Reservation:
    """A part of a subnet that addresses which nobody names keep out of."""

    id: str
    subnet: str
    block: IPv4Network
    kind: str


@dataclass
class KeyPair:
    """A key pair, by its id."""

    id: str
    name: str


@dataclass
class PrefixList:
    """A list of the account's own; `most`: how many entries it may hold, which is what it weighs in rules."""

    id: str
    name: str
    most: int
    entries: list[str]
    version: int = 1
    state: str = "create-complete"


DEFAULT_OPTIONS = {"domain-name": ["ec2.internal"], "domain-name-servers": ["AmazonProvidedDNS"]}
"""The set that us-east-1 has by itself (fact 153)."""


class World:
    """Everything there is, and the ids that have been."""

    def __init__(self) -> None:
        self.quotas = dict(QUOTAS)
        self.vpcs: dict[str, Vpc] = {}
        self.subnets: dict[str, Subnet] = {}
        self.gateways: dict[str, Gateway] = {}
        self.tables: dict[str, Table] = {}
        self.acls: dict[str, Acl] = {}
        self.groups: dict[str, Group] = {}
        self.interfaces: dict[str, Interface] = {}
        self.elastic_ips: dict[str, ElasticIp] = {}
        self.instances: dict[str, Instance] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.volumes: dict[str, Volume] = {}
        self.reservations: dict[str, Reservation] = {}
        self.keys: dict[str, KeyPair] = {}
        self.lists: dict[str, PrefixList] = {}
        self.ever: dict[str, list[str]] = {}
        self.options: dict[str, dict[str, list[str]]] = {self.new("dopt"): DEFAULT_OPTIONS}

    def new(self, kind: str) -> str:
        """A token for an id (or address) that AWS will choose; kinds are the prefixes of AWS's ids."""
        made = self.ever.setdefault(kind, [])
        made.append(f"{kind}~{len(made)}")
        return made[-1]

    def chosen(self, token: str, address: str) -> None:
        """AWS has chosen an address where none was named: it must be one that it may choose."""
        if token.startswith("public~"):
            self._chosen_public(token, address)
        else:
            self._chosen_private(token, address)

    def _chosen_private(self, token: str, address: str) -> None:
        (holder,) = [one for one in self.interfaces.values() if token in one.addresses]
        allowed = address not in self.taken(holder.subnet) and IPv4Address(address) not in self.reserved(holder.subnet)
        assert allowed, f"{address} is taken or reserved in {holder.subnet}"
        assert IPv4Address(address) in self.subnets[holder.subnet].block, f"{address} is not of {holder.subnet}"
        kept = [one.block for one in self.reservations.values() if one.subnet == holder.subnet]
        assert not any(IPv4Address(address) in block for block in kept), f"{address} is reserved in {holder.subnet}"
        holder.addresses[holder.addresses.index(token)] = address
        for one in self.elastic_ips.values():
            if one.association and one.association.address == token:
                one.association.address = address

    def _chosen_public(self, token: str, address: str) -> None:
        all_: list[Interface | ElasticIp] = [*self.interfaces.values(), *self.elastic_ips.values()]
        assert address not in [one.public for one in all_], f"{address} is somebody's"
        (holder,) = [one for one in all_ if one.public == token]
        holder.public = address

    def taken(self, subnet: str) -> set[str]:
        """The addresses of a subnet that interfaces have."""
        return {address for one in self.interfaces.values() if one.subnet == subnet for address in one.addresses}

    def reserved(self, subnet: str) -> set[IPv4Address]:
        """AWS keeps the first four addresses and the last one of a subnet (user guide, subnet sizing)."""
        block = self.subnets[subnet].block
        return {*(block[n] for n in range(4)), block[-1]}

    def free(self, subnet: str) -> int:
        """How many addresses a subnet still has."""
        return self.subnets[subnet].block.num_addresses - 5 - len(self.taken(subnet))

    def assignable(self, subnet: str) -> int:
        """How many of them may be given to who names none: those that are not reserved."""
        kept = [one.block for one in self.reservations.values() if one.subnet == subnet]
        used = [IPv4Address(address) for address in self.taken(subnet) if "~" not in address]
        lost = sum(address in block for block in kept for address in (*used, *self.reserved(subnet)))
        return self.free(subnet) - sum(block.num_addresses for block in kept) + lost

    def held(self, instance: str) -> list[Interface]:
        """An instance's interfaces, by device index."""
        found = [one for one in self.interfaces.values() if one.attachment and one.attachment.instance == instance]
        return sorted(found, key=lambda one: one.attachment.index if one.attachment else 0)

    def vpc_of(self, subnet: str) -> Vpc:
        """The VPC of a subnet."""
        return self.vpcs[self.subnets[subnet].vpc]

    def gateway_of(self, vpc: str) -> Gateway | None:
        """The internet gateway that is attached to a VPC."""
        return next((one for one in self.gateways.values() if one.vpc == vpc), None)

    def main_table(self, vpc: str) -> Table:
        """The main route table of a VPC."""
        return next(one for one in self.tables.values() if one.vpc == vpc and one.main_association)

    def default_acl(self, vpc: str) -> Acl:
        """The default ACL of a VPC."""
        return next(one for one in self.acls.values() if one.vpc == vpc and one.default)

    def default_group(self, vpc: str) -> Group:
        """The default security group of a VPC."""
        return next(one for one in self.groups.values() if one.vpc == vpc and one.name == "default")

    def mapped(self, interface: Interface, address: str) -> ElasticIp | None:
        """The Elastic IP of one private address."""
        for one in self.elastic_ips.values():
            held = one.association
            if held and (held.interface, held.address) == (interface.id, address):
                return one
        return None
