"""NAT gateways and their addresses (facts 83-92)."""

from datetime import datetime
from typing import ClassVar

from atoll.model.entity import Entity


class NatGateway(Entity, frozen=True, kw_only=True):
    """A zonal NAT gateway. `due`: when it is to be looked at again, by the engine's clock."""

    KIND: ClassVar[str] = "natgateway"
    PREFIX: ClassVar[str] = "nat"
    INDEX: ClassVar[tuple[str, ...]] = ("home", "vpc", "subnet", "place", "timed", "interface")
    id: str
    vpc: str
    subnet: str
    zone: str
    connectivity: str = "public"
    state: str = "pending"  # pending, available, failed, deleting, deleted
    created: datetime
    deleted: datetime | None = None
    failure_code: str = ""
    failure_message: str = ""
    interface: str | None = None
    due: float | None = None

    @property
    def timed(self) -> bool | None:
        """Indexed: whether it waits for a time."""
        return True if self.due is not None else None

    @property
    def place(self) -> str | None:
        """Indexed: home and zone, while it counts towards the quota."""
        return f"{self.home}/{self.zone}" if self.state in ("pending", "available", "deleting") else None


class NatGatewayAddress(Entity, frozen=True, kw_only=True):
    """One address of a NAT gateway; slot 0 is its primary one. Public ones have an Elastic IP.

    `due`: when it is to be looked at again.
    """

    KIND: ClassVar[str] = "nat-gateway-address"
    KEY: ClassVar[tuple[str, ...]] = ("gateway", "slot")
    INDEX: ClassVar[tuple[str, ...]] = ("gateway", "allocation")
    gateway: str
    slot: str
    allocation: str | None = None
    private_ip: str = ""  # until it has one: what the user asked for, if anything
    association_id: str | None = None
    status: str = "associating"  # BC: associating, assigning, succeeded, failed, disassociating, unassigning
    failure_message: str = ""
    due: float | None = None
    until: float | None = None  # when one that drains is taken whatever connections it has

    @property
    def primary(self) -> bool:
        """Whether the gateway keeps it for life."""
        return self.slot == "0"
