"""AWS Security Token Service. Importing this package registers its handlers."""

from atoll.services.sts import callers, sessions

__all__ = ["callers", "sessions"]
