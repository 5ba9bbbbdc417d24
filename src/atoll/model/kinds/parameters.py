"""Systems Manager's parameters."""

from datetime import datetime
from typing import ClassVar

from atoll.model.entity import Entity


class Parameter(Entity, frozen=True, kw_only=True):
    """A parameter; what it says stands in its versions."""

    KIND: ClassVar[str] = "ssm-parameter"
    KEY: ClassVar[tuple[str, ...]] = ("home", "name")
    name: str
    latest: int


class ParameterVersion(Entity, frozen=True, kw_only=True):
    """A version of a parameter."""

    KIND: ClassVar[str] = "ssm-parameter-version"
    KEY: ClassVar[tuple[str, ...]] = ("home", "name", "version")
    INDEX: ClassVar[tuple[str, ...]] = ("parameter",)
    name: str
    version: int
    type: str  # String, StringList, SecureString
    value: str
    modified: datetime
    modified_by: str  # an ARN
    description: str | None = None
    key_id: str | None = None
    tier: str = "Standard"
    data_type: str = "text"
    labels: tuple[str, ...] = ()

    @property
    def parameter(self) -> str:
        """Indexed: home and name."""
        return f"{self.home}/{self.name}"
