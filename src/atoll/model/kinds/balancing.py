"""Load balancers of Elastic Load Balancing v2: their zones, listeners, target groups and targets (facts 164-193)."""

from datetime import datetime
from typing import ClassVar

from atoll.model.entity import Entity, Tags

ARN = "arn:aws:elasticloadbalancing"


class LoadBalancer(Entity, frozen=True, kw_only=True):
    """A network load balancer. `due`: when it is to be looked at again, by the engine's clock.

    `attributes`: those that were set; the others are as AWS has them by default.
    """

    KIND: ClassVar[str] = "load-balancer"
    INDEX: ClassVar[tuple[str, ...]] = ("home", "name_in", "vpc", "timed")
    id: str  # 16 hexadecimal digits
    name: str
    scheme: str  # internet-facing, internal
    vpc: str
    groups: tuple[str, ...] = ()
    private_link: str = "on"  # whether its groups' inbound rules hold for PrivateLink
    state: str = "provisioning"  # provisioning, active
    created: datetime
    attributes: Tags = ()
    due: float | None = None

    @property
    def arn(self) -> str:
        """Its Amazon Resource Name."""
        return f"{ARN}:{self.region}:{self.account}:loadbalancer/net/{self.name}/{self.id}"

    @property
    def dns_name(self) -> str:
        """Its name in DNS (fact 169)."""
        return f"{self.name}-{self.id}.elb.{self.region}.amazonaws.com"

    @property
    def name_in(self) -> str:
        """Indexed: home and name, of which there is one."""
        return f"{self.home}/{self.name}"

    @property
    def timed(self) -> bool | None:
        """Indexed: whether it waits for a time."""
        return True if self.due is not None else None


class BalancerZone(Entity, frozen=True, kw_only=True):
    """One zone of a load balancer: its subnet, and there a node with an ENI of AWS's own (fact 168).

    `alive`: whether the node has been heard of lately.
    """

    KIND: ClassVar[str] = "load-balancer-zone"
    KEY: ClassVar[tuple[str, ...]] = ("balancer", "zone")
    INDEX: ClassVar[tuple[str, ...]] = ("balancer", "subnet")
    balancer: str
    zone: str
    subnet: str
    interface: str
    allocation: str | None = None  # the Elastic IP that the user named
    private_ip: str | None = None  # the private address that the user named
    alive: bool = True

    @property
    def node(self) -> str:
        """The node's id."""
        return f"elb-{self.balancer}-{self.zone}"


class ZonalShift(Entity, frozen=True, kw_only=True):
    """Traffic of a load balancer is moved away from a zone for a while.

    `due`: when that ends, by the engine's clock.
    """

    KIND: ClassVar[str] = "zonal-shift"
    INDEX: ClassVar[tuple[str, ...]] = ("home", "balancer", "timed")
    id: str
    balancer: str
    resource: str  # the load balancer's ARN
    zone: str  # the name of the zone
    started: datetime
    expires: datetime
    comment: str
    status: str = "ACTIVE"  # ACTIVE, EXPIRED, CANCELED
    due: float | None = None

    @property
    def timed(self) -> bool | None:
        """Indexed: whether it waits for a time."""
        return True if self.due is not None else None


class Listener(Entity, frozen=True, kw_only=True):
    """A port of a load balancer, and the target group that it forwards to."""

    KIND: ClassVar[str] = "listener"
    INDEX: ClassVar[tuple[str, ...]] = ("home", "balancer", "group")
    id: str
    balancer: str
    balancer_name: str
    protocol: str  # TCP, UDP, TCP_UDP
    port: int
    group: str
    attributes: Tags = ()

    @property
    def arn(self) -> str:
        """Its Amazon Resource Name."""
        return f"{ARN}:{self.region}:{self.account}:listener/net/{self.balancer_name}/{self.balancer}/{self.id}"


class TargetGroup(Entity, frozen=True, kw_only=True):
    """Where a listener forwards to, and how its targets are checked (fact 177). Times in seconds."""

    KIND: ClassVar[str] = "target-group"
    INDEX: ClassVar[tuple[str, ...]] = ("home", "name_in", "vpc")
    id: str
    name: str
    protocol: str  # TCP, UDP, TCP_UDP
    port: int
    vpc: str
    target_type: str  # instance, ip
    check_protocol: str = "TCP"  # TCP, HTTP, HTTPS
    check_port: str = "traffic-port"
    check_path: str = ""
    check_codes: str = ""  # the matcher: "200-399"
    interval: int = 30
    timeout: int = 10
    healthy_threshold: int = 5
    unhealthy_threshold: int = 2
    attributes: Tags = ()

    @property
    def arn(self) -> str:
        """Its Amazon Resource Name."""
        return f"{ARN}:{self.region}:{self.account}:targetgroup/{self.name}/{self.id}"

    @property
    def name_in(self) -> str:
        """Indexed: home and name, of which there is one."""
        return f"{self.home}/{self.name}"


class Target(Entity, frozen=True, kw_only=True):
    """An instance or an address that is registered with a target group, with a port.

    `health`, `reason`, `description`: what its checks have last shown. `until`: while it drains, when that ends.
    `ended`: its drain is over, and its connections are ended.
    """

    KIND: ClassVar[str] = "target"
    KEY: ClassVar[tuple[str, ...]] = ("group", "target", "port")
    INDEX: ClassVar[tuple[str, ...]] = ("home", "group", "target", "timed")
    group: str
    target: str  # i-... or an IPv4 address
    port: int
    health: str = "initial"  # initial, healthy, unhealthy
    reason: str = "Elb.RegistrationInProgress"
    description: str = "Target registration is in progress"
    until: float | None = None
    due: float | None = None
    ended: bool = False

    @property
    def timed(self) -> bool | None:
        """Indexed: whether it waits for a time."""
        return True if self.due is not None else None
