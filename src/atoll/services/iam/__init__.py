"""AWS Identity and Access Management, as records: nothing is authorised by them. Importing registers its handlers."""

from atoll.services.iam import (
    account,
    instance_profiles,
    policies,
    policy_versions,
    role_attachments,
    role_policies,
    roles,
    tags,
)

__all__ = [
    "account",
    "instance_profiles",
    "policies",
    "policy_versions",
    "role_attachments",
    "role_policies",
    "roles",
    "tags",
]
