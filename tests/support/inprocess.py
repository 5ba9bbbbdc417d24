"""An Atoll without a process, a network or a fabric: AWS's API over a table, for tests of the services.

A boto3 client's requests never leave the process: botocore's before-send event hands them to parse, the registry and
serialise, so both directions of the protocol are botocore's own. `call` goes to the registry directly.
"""

import hashlib
import io
import random
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

from atoll.engine.store import from_disk, to_disk
from atoll.model.kinds import ClientToken, OwnImage
from atoll.model.tx import Settings, Tx
from atoll.protocol import (
    AwsError,
    answers_with,
    by_signing_name,
    headers,
    load,
    read,
    scope,
    serialise,
    serialise_error,
)
from atoll.protocol import account as account_of
from atoll.records import Delta, Key, Record, Table
from atoll.services import registry
from atoll.services import served as _served  # noqa: F401 - registers the handlers
from atoll.services.ec2 import first_call
from atoll.services.unbuilt import answer_unbuilt

ACCOUNT = "123456789012"
REGION = "us-east-1"
START = 1_700_000_000.0
"""Seconds since the epoch: 2023-11-14T22:13:20Z."""

_GIVEN_TOKEN = re.compile(r"'ClientToken': '[^']*'")
"""botocore makes one up for each call that takes one."""
_SESSION = botocore.session.Session()


class InProcess:
    """One cloud: its table, a clock that stands still until a test sets it, and a seeded source of randomness.

    Without default VPCs, unless `settings` ask for them: tests count what they have made themselves.
    """

    def __init__(self, *, seed: int = 0, settings: Settings | None = None) -> None:
        self.table = Table()
        self.now = START
        self.settings = settings or Settings(default_vpc=False)
        self._given: set[Key] = set()
        self.rng = random.Random(seed)
        self._requests = 0
        self._calls = 0
        self._answers = hashlib.sha256()

    @property
    def answered(self) -> str:
        """How many calls it has had, and a digest of all answers to them, errors too, in their order."""
        return f"{self._calls} calls, {self._answers.hexdigest()}"

    def draft(self, region: str = REGION, account: str = ACCOUNT) -> Tx:
        """A draft over the table, for tests that read or write the model itself."""
        return Tx(self.table, now=self.now, account=account, region=region, rng=self.rng, settings=self.settings)

    def put(self, *records: Record) -> None:
        """Write entities past the API: what no operation can make yet."""
        tx = self.draft()
        for record in records:
            tx.put(record)
        self.commit(tx.delta())

    def put_own_image(self) -> OwnImage:
        """An image of the account's own: `atoll image add` makes them, and no operation."""
        tx = self.draft()
        own = OwnImage(
            home=tx.home,
            id="ami-0123456789abcdef0",
            name="mine",
            description="",
            created=tx.time,
            software="x86_64-" + "0" * 64,
        )
        self.put(own)
        return own

    def commit(self, delta: Delta) -> None:
        """Make a draft the truth, once each entity has shown that the disk would give it back as it is."""
        for key, (_, new) in delta.items():
            assert new is None or from_disk(key[0], to_disk(new)) == new, new
        self.table.apply(delta)

    def entities(self) -> set[Key]:
        """The keys of all that calls have made; a call's remembered ClientToken is no thing of the cloud."""
        return {key for key in self.table.records if key[0] != ClientToken.KIND} - self._given

    def call(
        self, operation: str, *, service: str = "ec2", region: str = REGION, account: str = ACCOUNT, **params: Any
    ) -> dict[str, Any]:
        """One call of a handler, committed; AwsError leaves the table as it was."""
        return self._noted(account, region, account, service, operation, params)

    def _noted(self, *asked: Any) -> dict[str, Any]:
        self._calls += 1
        said: object = None
        try:
            answer = said = self._call(*asked)
        except AwsError as error:
            said = (error.code, error.message)
            raise
        finally:
            self._answers.update(_GIVEN_TOKEN.sub("", repr(said)).encode())
        return answer

    def _call(
        self, access_key: str, region: str, account: str, service: str, operation: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        registry.check_region(region)
        if service == "ec2" and first_call.is_ahead(self.draft(region, account)):
            self._give(self.draft(region, account))
        tx = self.draft(region, account)
        tx.access_key = access_key
        if (service, operation) not in registry.OPERATIONS:
            return answer_unbuilt(load(service), operation, params)
        answer = registry.answer(tx, service, operation, params)
        self.commit(tx.delta())
        return answer

    def _give(self, tx: Tx) -> None:
        """What the endpoint does before a home's first call."""
        first_call.prepare(tx)
        given = tx.delta()
        self.commit(given)
        self._given.update(given)

    def client(self, service: str = "ec2", *, region: str = REGION, account: str = ACCOUNT) -> Any:
        """A client as boto3.client makes it; `account` is its access key, which says the account (design: drop-in).

        It does not check parameters itself: whatever a test names, the server decides.
        """
        client = _SESSION.create_client(
            service,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key="secret",
            endpoint_url="http://in.process",
            config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
        )
        answer: Any = self._answer  # the stubs say that handlers return nothing; this event wants an answer
        client.meta.events.register("before-send", answer)
        return client

    def _answer(self, request: AWSPreparedRequest, **_kwargs: Any) -> AWSResponse:
        asked = _text(request.headers)
        status, body = self._served(asked, str(request.method), urlsplit(request.url), _bytes(request.body))
        told: Any = headers(self._request_id, by_signing_name(scope(asked).service))
        return AWSResponse(request.url, status, told, _Raw(body))

    @property
    def _request_id(self) -> str:
        return f"00000000-0000-0000-0000-{self._requests:012d}"

    def _served(
        self, request_headers: Mapping[str, str], method: str, place: SplitResult, body: bytes
    ) -> tuple[int, bytes]:
        self._requests += 1
        signed = scope(request_headers)
        service = by_signing_name(signed.service)
        assert service is not None, signed.service
        try:
            asked = read(service, request_headers, place.query.encode(), body, method=method, path=place.path)
            region, account = registry.region_of(service.name, signed.region), account_of(signed.access_key)
            answer = self._noted(signed.access_key, region, account, service.name, asked.operation, asked.params)
        except AwsError as error:
            return serialise_error(service, error, self._request_id)
        return answers_with(service, asked.operation), serialise(service, asked.operation, answer, self._request_id)


class _Raw(io.BytesIO):
    """What AWSResponse reads a body from."""

    def stream(self, amount: int = 1 << 16, decode_content: bool = False) -> Iterator[bytes]:
        """The body in pieces."""
        del decode_content
        while piece := self.read(amount):
            yield piece


def _text(found: Any) -> dict[str, str]:
    return {name.lower(): value.decode() if isinstance(value, bytes) else str(value) for name, value in found.items()}


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else bytes(body.read())
