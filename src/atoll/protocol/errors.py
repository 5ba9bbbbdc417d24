"""The one exception that a caller of the protocol sees: an error in AWS's own terms."""

from collections.abc import Mapping


class AwsError(Exception):
    """An answer that is an error: AWS's code, its message, and the HTTP status.

    A status of 400 means "the usual one": where the service's model names another for this code,
    `serialise_error` sends that.  A status from 500 tells clients to try again.  `details`: what else the error says by
    its shape; JSON services alone have such.
    """

    def __init__(self, code: str, message: str, status: int = 400, details: Mapping[str, str] | None = None) -> None:
        super().__init__(code, message, status)
        self.code = code
        self.message = message
        self.status = status
        self.details = dict(details or {})

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
