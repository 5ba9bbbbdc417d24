"""AWS Systems Manager: its parameters. Importing this package registers its handlers."""

from atoll.services.ssm import deletes, describe, labels, reads, tags, writes

__all__ = ["deletes", "describe", "labels", "reads", "tags", "writes"]
