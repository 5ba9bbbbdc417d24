"""A random design in the making: what exists so far, and the calls that made it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Any, NamedTuple, TypeVar

from botocore.exceptions import ClientError

from tests.witness.clients import client
from tests.witness.cloud import Cloud

T = TypeVar("T")


@dataclass
class Vpc:
    """A VPC, what belongs to it, and whether a gateway is attached. `blocks`: the primary one first."""

    id: str
    blocks: list[IPv4Network]
    gateway: str | None = None
    subnets: list["Subnet"] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    acls: list[str] = field(default_factory=list)
    edge_table: str | None = None
    main_table: str = ""


@dataclass
class Subnet:
    """A subnet and the route table that it uses."""

    id: str
    vpc: Vpc
    block: IPv4Network
    zone: str
    table: str


@dataclass
class Eni:
    """A network interface with its private addresses, the primary one first."""

    id: str
    subnet: Subnet
    addresses: list[str]
    instance: str | None
    prefixes: list[str] = field(default_factory=list)

    def holds(self) -> set[str]:
        """All of its private addresses, those of its prefixes too."""
        return {*self.addresses, *(str(ip) for block in self.prefixes for ip in IPv4Network(block))}


@dataclass
class Nat:
    """A NAT gateway, and the allocation of its Elastic IP if it is public."""

    id: str
    subnet: Subnet
    allocation: str | None


@dataclass
class Instance:
    """An instance, and how many interfaces it may have and has."""

    id: str
    zone: str
    type: str
    running: bool = True


@dataclass
class Balancer:
    """A network load balancer, and its subnets by zone."""

    arn: str
    vpc: Vpc
    zones: dict[str, Subnet]


@dataclass
class TargetGroup:
    """A target group, whose targets are what RegisterTargets takes."""

    arn: str
    vpc: Vpc
    type: str
    targets: list[dict[str, Any]] = field(default_factory=list)


INTERFACES = {"t2.micro": 2, "t3.small": 3, "m5.large": 3, "c5.xlarge": 4}
"""What the types allow (fact 60)."""


DEAF = "nobody listens"


class Line(NamedTuple):
    """A call that was taken, or DEAF."""

    operation: str
    params: dict[str, Any]
    answer: dict[str, Any]


class Design:
    """What a seed leads to.

    `calls`: each call as text, refusals with their codes, in order; `script`: what was called, with what was answered,
    to be played again; `features`: those that made something.
    """

    def __init__(self, seed: int, cloud: Cloud, *, wired: bool | None = None) -> None:
        """`wired`: its calls go over the wire; else by the seed (clients.py)."""
        self.seed = seed
        self.rng = random.Random(f"design {seed}")
        self.cloud = cloud
        self.calls: list[str] = []
        self.script: list[Line] = []
        self.features: list[str] = []
        self.vpcs: list[Vpc] = []
        self.enis: list[Eni] = []
        self.instances: list[Instance] = []
        self.nats: list[Nat] = []
        self.balancers: list[Balancer] = []
        self.target_groups: list[TargetGroup] = []
        self.deaf: set[tuple[str, int]] = set()
        """Interfaces and ports at which nobody listens; elsewhere everybody does."""
        self.elastic_ips: list[str] = []
        self.prefix_lists: list[str] = []
        self.client = client(cloud, seed, wired=wired)

    @property
    def subnets(self) -> list[Subnet]:
        """All subnets of all VPCs."""
        return [subnet for vpc in self.vpcs for subnet in vpc.subnets]

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        """One call. A refusal is the generator's mistake: ClientError."""
        self.calls.append(f"{operation} {params}")
        answer = self.client.call(operation, **params)
        self.script.append(Line(operation, params, answer))
        return answer

    def turn_deaf(self, eni: str, port: int) -> None:
        """Nobody listens there any more, or somebody does again."""
        self.calls.append(f"nobody listens, or somebody does again, on {port} of {eni}")
        self.script.append(Line(DEAF, {"eni": eni, "port": port}, {}))
        self.deaf ^= {(eni, port)}

    def attempt(self, operation: str, **params: Any) -> dict[str, Any] | None:
        """One call that the cloud may refuse."""
        try:
            return self.call(operation, **params)
        except ClientError as refusal:
            self.calls[-1] += f"  -> {refusal.response['Error']['Code']}"
            return None

    def chance(self, probability: float) -> bool:
        """A throw of the dice."""
        return self.rng.random() < probability

    def some(self, things: Sequence[T], low: int, high: int) -> list[T]:
        """Between `low` and `high` of them, as far as there are that many."""
        count = min(self.rng.randint(low, high), len(things))
        return self.rng.sample(list(things), count)

    def one(self, things: Sequence[T]) -> T:
        """One of them."""
        return self.rng.choice(things)
