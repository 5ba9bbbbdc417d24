"""Network interfaces, their private addresses, Elastic IPs and the public pool."""

from datetime import datetime
from typing import ClassVar

import msgspec

from atoll.model.entity import Entity


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """An ENI's place in an instance; index 0 is the primary interface, which cannot be detached (fact 39)."""

    id: str  # eni-attach-
    instance: str
    index: int
    time: datetime
    delete_on_termination: bool
    status: str = "attached"
    owner: str = ""  # the instance's account, where it is not the ENI's


class Tracking(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds of silence after which an ENI's security groups forget a connection; None: as AWS has it (fact 137)."""

    tcp_established: int | None = None
    udp: int | None = None  # one way, or one question and one answer
    udp_stream: int | None = None


class NetworkInterface(Entity, frozen=True, kw_only=True):
    """An ENI. Everything here follows it when it moves (fact 33)."""

    KIND: ClassVar[str] = "network-interface"
    PREFIX: ClassVar[str] = "eni"
    INDEX: ClassVar[tuple[str, ...]] = (
        "home",
        "vpc",
        "subnet",
        "groups",
        "instance",
        "attachment_id",
        "mac",
        "public_in",
    )
    id: str
    nat_gateway: str | None = None  # it is that NAT gateway's, and nobody else's to change
    load_balancer: str | None = None  # it is a node's of that load balancer, and nobody else's to change
    vpc: str
    subnet: str
    zone: str
    mac: str
    groups: tuple[str, ...]
    description: str = ""
    source_dest_check: bool = True
    status: str = "available"
    attachment: Attachment | None = None
    public_ip: str | None = None  # the automatic public address, of the primary private address
    wants_public_ip: bool = False  # asked for at launch: a new address comes at each start (fact 72)
    primary_ip: str = ""
    tracking: Tracking = Tracking()

    @property
    def managed(self) -> bool:
        """Whether it is AWS's own: its owner sees it, and cannot change it (fact 87)."""
        return self.nat_gateway is not None or self.load_balancer is not None

    @property
    def instance(self) -> str | None:
        """Indexed: the instance that it is attached to."""
        return self.attachment.instance if self.attachment else None

    @property
    def attachment_id(self) -> str | None:
        """Indexed: the attachment's id."""
        return self.attachment.id if self.attachment else None

    @property
    def public_in(self) -> str | None:
        """Indexed: the VPC in which it has an automatic public address."""
        return self.vpc if self.public_ip else None


class PrivateAddress(Entity, frozen=True, kw_only=True):
    """A private IPv4 address of an ENI."""

    KIND: ClassVar[str] = "private-address"
    KEY: ClassVar[tuple[str, ...]] = ("subnet", "ip")
    INDEX: ClassVar[tuple[str, ...]] = ("interface", "subnet")
    subnet: str
    vpc: str
    ip: str
    interface: str
    primary: bool
    slot: int  # the order in which the ENI got its addresses; 0 = primary
    prefix: str = ""  # the delegated block that it is one address of, if any (fact 55)


class ElasticIp(Entity, frozen=True, kw_only=True):
    """An Elastic IP; bound to a private address of an ENI while `association_id` is set."""

    KIND: ClassVar[str] = "elastic-ip"
    PREFIX: ClassVar[str] = "eipalloc"
    INDEX: ClassVar[tuple[str, ...]] = (
        "home", "public_ip", "interface", "association_id", "last_association_id", "bound"
    )  # fmt: skip
    id: str
    public_ip: str
    association_id: str | None = None
    last_association_id: str | None = None  # which ended last: ending it again is no error (fact 67)
    interface: str | None = None
    private_ip: str | None = None
    ptr: str | None = None  # the name that its reverse look-up shall give

    @property
    def bound(self) -> str | None:
        """Indexed: ENI and private address."""
        return f"{self.interface}/{self.private_ip}" if self.interface else None


class PublicAddress(Entity, frozen=True, kw_only=True):
    """A public address in use, so that no two things get the same one. `holder`: eipalloc- or eni-."""

    KIND: ClassVar[str] = "public-address"
    KEY: ClassVar[tuple[str, ...]] = ("ip",)
    INDEX: ClassVar[tuple[str, ...]] = ("holder",)
    ip: str
    holder: str


class InterfacePermission(Entity, frozen=True, kw_only=True):
    """Leave for another account to attach an ENI to an instance of its own."""

    KIND: ClassVar[str] = "network-interface-permission"
    PREFIX: ClassVar[str] = "eni-perm"
    INDEX: ClassVar[tuple[str, ...]] = ("home", "interface")
    id: str
    interface: str
    to_account: str
    permission: str = "INSTANCE-ATTACH"


class AddressTransfer(Entity, frozen=True, kw_only=True):
    """An Elastic IP offered to another account; the offer stands for seven days (fact 70)."""

    KIND: ClassVar[str] = "address-transfer"
    KEY: ClassVar[tuple[str, ...]] = ("allocation",)
    INDEX: ClassVar[tuple[str, ...]] = ("home", "public_ip")
    allocation: str
    public_ip: str
    to_account: str
    expires: datetime
    accepted: datetime | None = None
