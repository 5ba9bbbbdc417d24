"""Route tables, their routes and associations."""

from typing import ClassVar

from atoll.model.entity import Entity
from atoll.packet import Prefix


class RouteTable(Entity, frozen=True, kw_only=True):
    """A route table. Local routes are not stored: each block of the VPC is one (fact 16)."""

    KIND: ClassVar[str] = "route-table"
    PREFIX: ClassVar[str] = "rtb"
    INDEX: ClassVar[tuple[str, ...]] = ("home", "vpc")
    id: str
    vpc: str


class RouteTableAssociation(Entity, frozen=True, kw_only=True):
    """Who uses a table: the VPC's main association (`main`), one subnet, or what comes in by one gateway (fact 112)."""

    KIND: ClassVar[str] = "route-table-association"
    PREFIX: ClassVar[str] = "rtbassoc"
    INDEX: ClassVar[tuple[str, ...]] = ("home", "route_table", "subnet", "gateway", "main_of")
    id: str
    route_table: str
    vpc: str
    subnet: str | None = None
    gateway: str | None = None
    main: bool = False

    @property
    def main_of(self) -> str | None:
        """Indexed: the VPC whose main association this is."""
        return self.vpc if self.main else None


class VpcRoute(Entity, frozen=True, kw_only=True):
    """A route that a user made, to a block (`destination`) or to all blocks of a prefix list.

    `target`: an id (igw-, eni-, ...); `instance`: named by the user instead of the ENI. Whether it is a blackhole is
    not stored: it follows from the target (fact 102).
    """

    KIND: ClassVar[str] = "vpc-route"
    KEY: ClassVar[tuple[str, ...]] = ("route_table", "to")
    INDEX: ClassVar[tuple[str, ...]] = ("home", "route_table", "target", "place", "prefix_list")
    route_table: str
    destination: Prefix | None = None
    prefix_list: str | None = None
    target: str
    instance: str | None = None

    @property
    def to(self) -> str:
        """Where it leads, as text: the block or the list's id."""
        return self.prefix_list or str(self.destination)

    @property
    def place(self) -> str:
        """Indexed: table and destination, so that one can ask whether it exists without reading it."""
        return f"{self.route_table}/{self.to}"
