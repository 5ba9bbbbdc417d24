"""What instances are launched from and with: launch templates, placement groups, profiles, an account's defaults."""

from datetime import datetime
from typing import ClassVar

from atoll.model.entity import Entity


class LaunchTemplate(Entity, frozen=True, kw_only=True):
    """A launch template; its versions are records of their own."""

    KIND: ClassVar[str] = "launch-template"
    PREFIX: ClassVar[str] = "lt"
    INDEX: ClassVar[tuple[str, ...]] = ("home", "place")
    id: str
    name: str
    created: datetime
    default: int = 1
    latest: int = 1  # the highest number ever given: numbers are not used again
    creator: str = ""  # the ARN of whoever made it

    @property
    def place(self) -> str:
        """Indexed: home and name."""
        return f"{self.home}/{self.name}"


class LaunchTemplateVersion(Entity, frozen=True, kw_only=True):
    """One version: RunInstances' parameters, by the names that launch templates have for them, as msgpack."""

    KIND: ClassVar[str] = "launch-template-version"
    KEY: ClassVar[tuple[str, ...]] = ("template", "number")
    INDEX: ClassVar[tuple[str, ...]] = ("template", "home")
    template: str
    number: int
    created: datetime
    data: bytes
    description: str | None = None
    creator: str = ""  # the ARN of whoever made it


class PlacementGroup(Entity, frozen=True, kw_only=True):
    """A placement group: a record, since all instances are on one machine."""

    KIND: ClassVar[str] = "placement-group"
    PREFIX: ClassVar[str] = "pg"
    INDEX: ClassVar[tuple[str, ...]] = ("home", "place")
    id: str
    name: str
    strategy: str  # cluster, spread, partition
    partitions: int | None = None
    spread_level: str | None = None

    @property
    def place(self) -> str:
        """Indexed: home and name."""
        return f"{self.home}/{self.name}"


class ProfileAssociation(Entity, frozen=True, kw_only=True):
    """An instance's IAM instance profile."""

    KIND: ClassVar[str] = "iam-instance-profile-association"
    PREFIX: ClassVar[str] = "iip-assoc"
    INDEX: ClassVar[tuple[str, ...]] = ("home", "instance")
    id: str
    instance: str
    arn: str
    time: datetime
    profile: str | None = None  # the profile's unique id; older states have none


class MetadataDefaults(Entity, frozen=True, kw_only=True):
    """What an account has chosen for the metadata options of its instances in a region; None: nothing."""

    KIND: ClassVar[str] = "metadata-defaults"
    KEY: ClassVar[tuple[str, ...]] = ("home",)
    tokens: str | None = None
    hop_limit: int | None = None
    endpoint: str | None = None
    tags_in_metadata: str | None = None
    enforced: str | None = None


class CreditDefault(Entity, frozen=True, kw_only=True):
    """The credit option that an account has chosen for a family of burstable types."""

    KIND: ClassVar[str] = "credit-default"
    KEY: ClassVar[tuple[str, ...]] = ("home", "family")
    family: str
    credits: str


class EbsDefaults(Entity, frozen=True, kw_only=True):
    """What an account has chosen for the encryption of its volumes in a region."""

    KIND: ClassVar[str] = "ebs-defaults"
    KEY: ClassVar[tuple[str, ...]] = ("home",)
    encrypted: bool = False
    kms_key: str | None = None  # ARN; None: AWS's own key
