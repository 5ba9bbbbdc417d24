"""Base of every entity."""

from typing import ClassVar

from atoll.records import Record

Tags = tuple[tuple[str, str], ...]


class Entity(Record, frozen=True, kw_only=True):
    """A thing of the cloud. `home` is "account/region", where Describe calls find it."""

    PREFIX: ClassVar[str] = ""  # of its id: "vpc" for vpc-0123456789abcdef0; empty where it has no id of its own
    INDEX: ClassVar[tuple[str, ...]] = ("home",)
    home: str
    tags: Tags = ()

    @property
    def account(self) -> str:
        """The owner's account id: twelve digits."""
        return self.home.partition("/")[0]

    @property
    def region(self) -> str:
        """The region's name."""
        return self.home.partition("/")[2]
