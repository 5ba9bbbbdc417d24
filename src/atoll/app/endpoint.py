"""The endpoint: AWS's APIs over HTTP, as an ASGI application.

One request: whose it is and which service (SigV4 scope), what it asks (parse), a read on the committed state or a
write through the one writer, and the answer in the service's own form. Errors of every kind leave in AWS's envelopes.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from atoll.app.analyses import Analyses
from atoll.engine.effects import Effects
from atoll.engine.timers import Timers
from atoll.engine.writer import CommitError, Writer
from atoll.model.tx import Tx
from atoll.protocol import (
    AwsError,
    Call,
    Scope,
    Service,
    account,
    answers_with,
    by_signing_name,
    check_method,
    headers,
    read,
    scope,
    serialise,
    serialise_error,
    unknown_service_error,
)
from atoll.services.ec2 import first_call
from atoll.services.registry import OPERATIONS, Response, answer, check_region, region_of
from atoll.services.unbuilt import answer_unbuilt

log = logging.getLogger(__name__)

Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Reply = tuple[int, Mapping[str, str], bytes]

GONE = b"\0gone"
"""What `_body` answers for a request that broke off; compared by identity."""

NOT_FOR_PAGES = (
    b"Atoll's API is for AWS's clients. Requests from web pages are refused: any page could change your network.\n"
)

LATE = b"\0late"
"""What `_body` answers for a request that took too long; compared by identity."""

PATIENCE = 30.0
"""Seconds for which the rest of a request is waited for."""

LARGEST_BODY = 4 * 1024 * 1024
"""More than any call of the services here needs: the largest, 200 filters of 200 values, is half of it."""
HOLD = 5.0
"""Seconds for which an answer waits for what it started (a guest's boot), so that the next Describe shows it done.
AWS's waiters sleep 15 seconds between looks."""


class Endpoint:
    """The ASGI application."""

    def __init__(
        self,
        writer: Writer,
        effects: Effects,
        timers: Timers,
        reset: Callable[[], Awaitable[object]] | None = None,
        admit: Callable[[Scope, Service, Mapping[str, str]], None] = lambda *_: None,
        analyses: Analyses | None = None,
    ) -> None:
        """`reset`: what POST /moto-api/reset does; None where there is nothing but AWS. `admit` raises AwsError for
        who may not call, as the scope and the headers say it. `analyses`: runs those of the network analyzers.
        """
        self._writer = writer
        self._effects = effects
        self._timers = timers
        self._reset = reset
        self._admit = admit
        self._analyses = analyses

    async def __call__(self, connection: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """ASGI's entry point."""
        if connection["type"] != "http":
            return
        body = await _body(receive)
        if body is GONE:
            return  # half a request: it is not known what was asked
        names = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in connection["headers"]}
        query = connection["query_string"].decode("latin-1")
        path = connection.get("raw_path", connection["path"].encode()).decode("latin-1")
        status, extra, content = await self.reply(connection["method"], path, names, query, body)
        if body is None or body is LATE:
            extra = {**extra, "connection": "close"}  # what may still come of it is nobody's request
        fields = [(name.encode(), value.encode()) for name, value in extra.items()]
        fields.append((b"content-length", str(len(content)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": fields})
        await send({"type": "http.response.body", "body": content})

    async def reply(self, method: str, path: str, names: Mapping[str, str], query: str, body: bytes | None) -> Reply:
        """Answer one HTTP request: its path as it was sent, and None for a body that is too large."""
        if "origin" in names or "sec-fetch-site" in names:
            return 403, {"content-type": "text/plain"}, NOT_FOR_PAGES
        if self._reset is not None and path == "/moto-api/reset" and method == "POST":
            await self._reset()
            return 200, {"content-type": "application/json"}, b'{"status": "ok"}'
        if self._reset is not None and path == "/_atoll/health":
            return 200, {"content-type": "application/json"}, b'{"status": "ok"}'
        return await self._aws(method, path, names, query, body)

    async def _aws(self, method: str, path: str, names: Mapping[str, str], query: str, body: bytes | None) -> Reply:
        request_id = str(uuid4())
        service: Service | None = by_signing_name("ec2")
        assert service is not None
        try:
            asked = scope(names, parse_qsl(query, keep_blank_values=True))
            service_asked = by_signing_name(asked.service)
            if service_asked is None:
                return _unserved(asked.service, names, request_id)
            service = service_asked
            self._admit(asked, service, names)
            check_method(service, method)
            if body is LATE:
                raise AwsError("RequestTimeout", f"The request did not arrive within {PATIENCE:.0f} seconds.", 408)
            if body is None:
                raise AwsError("RequestEntityTooLarge", f"The request is larger than {LARGEST_BODY} bytes.", 413)
            call = read(service, names, query.encode("latin-1"), body, method=method, path=path)
            result = await self._serve(service, call, asked)
            return (
                answers_with(service, call.operation),
                headers(request_id, service),
                serialise(service, call.operation, result, request_id),
            )
        except AwsError as error:
            told = error
        except CommitError as error:
            log.error("%s", error)
            told = AwsError("InternalError", str(error), 500)
        except Exception:
            log.exception("request %s failed", request_id)
            told = AwsError("InternalFailure", f"Atoll has a bug; 'atoll logs' shows it under {request_id}.", 400)
        status, content = serialise_error(service, told, request_id)
        return status, headers(request_id, service), content

    async def _serve(self, service: Service, call: Call, asked: Scope) -> Response:
        owner = account(asked.access_key)
        region = region_of(service.name, asked.region)
        check_region(region)
        built = OPERATIONS.get((service.name, call.operation))
        if built is None:
            return answer_unbuilt(service, call.operation, call.params)
        if service.name == "ec2" and first_call.is_ahead(self._writer.draft(owner, region)):
            await self._writer.write(owner, region, first_call.prepare)
        prepared = await asyncio.to_thread(built.prepare, call.params) if built.prepare else None

        def decide(tx: Tx) -> Response:
            tx.access_key = asked.access_key
            return answer(tx, service.name, call.operation, call.params, prepared)

        if service.is_read(call.operation):
            return decide(self._writer.draft(owner, region))
        written = await self._writer.write(owner, region, decide)
        started = [*self._effects.follow(written.delta), *self._timers.follow(written.delta)]
        started += self._analyses.follow(written.delta) if self._analyses is not None else []
        if started:
            await asyncio.wait(started, timeout=HOLD)
        return written.result


def _unserved(signing_name: str, names: Mapping[str, str], request_id: str) -> Reply:
    refusal = unknown_service_error(signing_name, names, request_id)
    return refusal.status, refusal.headers, refusal.body


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None when it is larger than any AWS request may be, GONE when the client went away in it, LATE
    when it took longer than our patience.

    Of a body that is too large the rest is read too, for as long as patience lasts, so that its client reads why.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            return await _whole(receive)
    except TimeoutError:
        return LATE


async def _whole(receive: Receive) -> bytes | None:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return GONE
        size += len(message.get("body", b""))
        if size <= LARGEST_BODY:
            parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts) if size <= LARGEST_BODY else None
