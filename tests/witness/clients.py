"""Two ways to call the same cloud: through botocore, byte for byte as a user does, or past the wire."""

from typing import Any, Protocol

from botocore.exceptions import ClientError

from atoll.protocol import AwsError
from tests.support.inprocess import InProcess


class Client(Protocol):
    """What a design needs of a client."""

    def call(self, operation: str, *, service: str = "ec2", **params: Any) -> dict[str, Any]:
        """One call, as boto3 answers it. ClientError when it is refused."""
        ...


class Wire:
    """Through botocore's serialisation and parsing, and through Atoll's."""

    def __init__(self, cloud: InProcess) -> None:
        self._clients = {service: cloud.client(service) for service in ("ec2", "elbv2")}

    def call(self, operation: str, *, service: str = "ec2", **params: Any) -> dict[str, Any]:
        """See Client."""
        answer: dict[str, Any] = self._clients[service]._make_api_call(operation, params)
        return answer


class Direct:
    """Straight to the handlers, four times as fast; answers lose the empty members, as they would on the wire."""

    def __init__(self, cloud: InProcess) -> None:
        self._cloud = cloud

    def call(self, operation: str, *, service: str = "ec2", **params: Any) -> dict[str, Any]:
        """See Client."""
        try:
            answer: dict[str, Any] = _without_nothing(self._cloud.call(operation, service=service, **params))
        except AwsError as error:
            raise ClientError({"Error": {"Code": error.code, "Message": error.message}}, operation) from error
        return answer


def _without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nothing(part) for key, part in value.items() if part is not None}
    if isinstance(value, list | tuple):
        return [_without_nothing(part) for part in value]
    return value


WIRED = 10
"""Every so many seeds the calls go over the wire."""


def client(cloud: InProcess, seed: int, *, wired: bool | None = None) -> Client:
    """The client of a design."""
    return Wire(cloud) if (seed % WIRED == 0 if wired is None else wired) else Direct(cloud)
