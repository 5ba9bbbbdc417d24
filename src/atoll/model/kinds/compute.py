"""Instances and key pairs."""

from datetime import datetime
from typing import ClassVar

import msgspec

from atoll.model.entity import Entity


class MetadataOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How an instance's metadata answers (fact 159)."""

    tokens: str = "optional"  # or required
    hop_limit: int = 1
    endpoint: str = "enabled"
    tags: str = "disabled"


class Instance(Entity, frozen=True, kw_only=True):
    """An instance. Its ENIs name it; it does not name them.

    `boot` counts the starts: effects on the guest are idempotent by (id, boot). `due`: when the state machine is to
    get its timer event, in seconds since the epoch.
    """

    KIND: ClassVar[str] = "instance"
    PREFIX: ClassVar[str] = "i"
    INDEX: ClassVar[tuple[str, ...]] = ("home", "vpc", "subnet", "timed", "placement_group")
    id: str
    image: str
    type: str
    zone: str
    vpc: str
    tenancy: str = "default"  # for life; of the launch or of its VPC then
    subnet: str
    reservation: str
    launch_index: int
    launched: datetime
    software: str = ""  # of an OwnImage; empty for Atoll's own. Kept although the image be gone
    state: str = "pending"
    state_reason: str = ""  # StateTransitionReason
    reason_code: str = "pending"  # StateReason.Code; empty while there is none
    forced: bool = False  # the guest is not asked to shut down in order: Force, or SkipOsShutdown
    boot: int = 1
    due: float | None = None
    key_name: str | None = None
    user_data: bytes = b""
    private_dns: str = ""
    hostname_type: str = "ip-name"  # or resource-name: what the private name is made of
    resource_name_dns_a: bool = False
    disable_api_termination: bool = False
    disable_api_stop: bool = False
    shutdown_behavior: str = "stop"  # InstanceInitiatedShutdownBehavior
    client_token: str = ""
    monitoring: bool = False
    ebs_optimized: bool = False
    metadata: MetadataOptions = MetadataOptions()
    credits: str | None = None  # CpuCredits; None: the default of its type's family
    placement_group: str | None = None
    partition: int | None = None
    auto_recovery: str = "default"
    reboot_migration: str = "default"
    capacity_preference: str = "open"
    cores: int | None = None  # CpuOptions; None: the type's default
    threads: int | None = None

    @property
    def timed(self) -> bool | None:
        """Indexed: waits for its timer."""
        return True if self.due is not None else None


class OwnImage(Entity, frozen=True, kw_only=True):
    """An image that was added here; its owner's alone. The images that AWS and others publish are no entities."""

    KIND: ClassVar[str] = "image"
    PREFIX: ClassVar[str] = "ami"
    id: str
    name: str
    description: str
    created: datetime
    software: str  # name of its files, "<architecture>-<digest>"
    imds_v2: bool = False


class KeyPair(Entity, frozen=True, kw_only=True):
    """A key pair. The private half is answered once and not kept."""

    KIND: ClassVar[str] = "key-pair"
    PREFIX: ClassVar[str] = "key"
    INDEX: ClassVar[tuple[str, ...]] = ("home", "place", "name")
    id: str
    name: str
    type: str  # rsa, ed25519
    fingerprint: str
    public_key: str
    created: datetime

    @property
    def place(self) -> str:
        """Indexed: home and name."""
        return f"{self.home}/{self.name}"


class ClientToken(Entity, frozen=True, kw_only=True):
    """The answer of a call that named a ClientToken, for its repetition (fact 250)."""

    KIND: ClassVar[str] = "client-token"
    KEY: ClassVar[tuple[str, ...]] = ("home", "operation", "token")
    INDEX: ClassVar[tuple[str, ...]] = ("day", "every")
    day: int  # since the epoch: answers of days past are forgotten
    operation: str
    token: str
    digest: str
    answer: bytes

    @property
    def every(self) -> bool:
        """Indexed: each of them."""
        return True


class InternetHost(Entity, frozen=True, kw_only=True):
    """A host on Atoll's internet, from which a user tries what the world sees."""

    KIND: ClassVar[str] = "internet-host"
    KEY: ClassVar[tuple[str, ...]] = ("ip",)
    ip: str
