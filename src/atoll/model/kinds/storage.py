"""Volumes: records alone, since a guest's disk is a layer of its own (docs/modelling.md)."""

from datetime import datetime
from typing import ClassVar

import msgspec

from atoll.model.entity import Entity


class VolumeAttachment(msgspec.Struct, frozen=True, kw_only=True):
    """A volume's place in an instance."""

    instance: str
    device: str
    time: datetime
    delete_on_termination: bool


class Modification(msgspec.Struct, frozen=True, kw_only=True):
    """What a volume was before its last change, and when that was."""

    size: int
    type: str
    iops: int | None
    throughput: int | None
    time: datetime


class Volume(Entity, frozen=True, kw_only=True):
    """A root volume: made with its instance, and deleted with it or left available."""

    KIND: ClassVar[str] = "volume"
    PREFIX: ClassVar[str] = "vol"
    INDEX: ClassVar[tuple[str, ...]] = ("home", "instance")
    id: str
    zone: str
    size: int  # GiB
    type: str
    snapshot: str
    created: datetime
    kms_key: str | None = None  # the ARN of the key that it is said to be encrypted with; None: not encrypted
    iops: int | None = None
    throughput: int | None = None
    attachment: VolumeAttachment | None = None
    modification: Modification | None = None
    auto_enable_io: bool = False

    @property
    def instance(self) -> str | None:
        """Indexed: the instance that it is attached to."""
        return self.attachment.instance if self.attachment else None
