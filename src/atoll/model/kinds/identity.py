"""Who and what somebody may be: records of IAM and sessions of STS. Nothing is authorised by them.

They belong to an account and to no region: `home` is "account/aws-global".
"""

from datetime import datetime
from typing import ClassVar

from atoll.model.entity import Entity


class _Named(Entity, frozen=True, kw_only=True):
    """A thing with a name that is unique in its account whatever the case of its letters."""

    KEY: ClassVar[tuple[str, ...]] = ("home", "folded")
    id: str
    name: str
    path: str
    created: datetime

    @property
    def folded(self) -> str:
        """The name as it is unique."""
        return self.name.lower()


class Role(_Named, frozen=True, kw_only=True):
    """A role."""

    KIND: ClassVar[str] = "iam-role"
    trust: str  # AssumeRolePolicyDocument
    description: str | None = None
    longest_session: int = 3600
    boundary: str | None = None  # ARN of a policy


class RolePolicy(Entity, frozen=True, kw_only=True):
    """An inline policy of a role."""

    KIND: ClassVar[str] = "iam-role-policy"
    KEY: ClassVar[tuple[str, ...]] = ("home", "role", "name")
    INDEX: ClassVar[tuple[str, ...]] = ("holder",)
    role: str
    name: str
    document: str

    @property
    def holder(self) -> str:
        """Indexed: home and role."""
        return f"{self.home}/{self.role}"


class Policy(_Named, frozen=True, kw_only=True):
    """A managed policy of the account's own; `document` is that of its default version."""

    KIND: ClassVar[str] = "iam-policy"
    document: str
    description: str | None = None
    default: int = 1  # the number of the default version
    newest: int = 1  # the highest number that has been given away
    updated: datetime | None = None  # when the newest version was made; None: with the policy


class PolicyVersion(Entity, frozen=True, kw_only=True):
    """A version of a policy of the account's own, at most five. A policy of which only the first was made has none."""

    KIND: ClassVar[str] = "iam-policy-version"
    KEY: ClassVar[tuple[str, ...]] = ("home", "policy", "number")
    INDEX: ClassVar[tuple[str, ...]] = ("holder",)
    policy: str  # the policy's id
    number: int
    document: str
    created: datetime

    @property
    def holder(self) -> str:
        """Indexed: home and policy."""
        return f"{self.home}/{self.policy}"


class PolicyAttachment(Entity, frozen=True, kw_only=True):
    """A managed policy, AWS's or the account's own, on a role."""

    KIND: ClassVar[str] = "iam-policy-attachment"
    KEY: ClassVar[tuple[str, ...]] = ("home", "role", "policy")
    INDEX: ClassVar[tuple[str, ...]] = ("holder", "attached")
    role: str
    policy: str  # its ARN

    @property
    def holder(self) -> str:
        """Indexed: home and role."""
        return f"{self.home}/{self.role}"

    @property
    def attached(self) -> str:
        """Indexed: home and policy."""
        return f"{self.home}/{self.policy}"


class InstanceProfile(_Named, frozen=True, kw_only=True):
    """An instance profile; AWS's quota is one role in it."""

    KIND: ClassVar[str] = "iam-instance-profile"
    INDEX: ClassVar[tuple[str, ...]] = ("home", "holder")
    role: str | None = None

    @property
    def holder(self) -> str | None:
        """Indexed: home and role."""
        return None if self.role is None else f"{self.home}/{self.role}"


class Session(Entity, frozen=True, kw_only=True):
    """Temporary credentials of an assumed role. Their secret is answered once and not kept."""

    KIND: ClassVar[str] = "sts-session"
    INDEX: ClassVar[tuple[str, ...]] = ("home",)
    id: str  # the access key
    arn: str
    user: str  # UserId
    expires: datetime
    token: str = ""  # what the session's token gives by `digest`; empty for a session of an earlier Atoll
