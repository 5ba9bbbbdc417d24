"""Connections of the web servers, over real sockets: who half closes has its answer, who goes away holds nothing."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from atoll.app.http import WEB_SETTINGS, PatientProtocol
from atoll.app.metadata import MetadataProtocol

REQUEST = b"GET /%d HTTP/1.1\r\nhost: here\r\n\r\n"
PATIENCE = 10


class Site:
    """A web server that answers with the path, once it may."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.asked = asyncio.Event()
        self.ended = asyncio.Event()  # the client's half of a connection
        self.lost = asyncio.Event()
        self.port = 0

    async def __call__(
        self,
        scope: Mapping[str, Any],
        receive: Callable[[], Awaitable[Mapping[str, Any]]],
        send: Callable[[Mapping[str, Any]], Awaitable[None]],
    ) -> None:
        self.asked.set()
        await self.may_answer.wait()
        said = scope["path"].encode()
        fields = [(b"content-length", b"%d" % len(said))]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": said})


def run(story: Callable[[Site], Coroutine[Any, Any, None]]) -> None:
    """Tell it with a server that ends when it is told."""

    async def whole() -> None:
        site = Site()

        class Watched(PatientProtocol):
            def eof_received(self) -> bool:  # type: ignore[override]
                found = super().eof_received()
                site.ended.set()
                return found

            def connection_lost(self, exc: Exception | None) -> None:
                super().connection_lost(exc)
                site.lost.set()

        config = uvicorn.Config(site, **WEB_SETTINGS)
        made = functools.partial(Watched, config=config, server_state=ServerState(), app_state={})
        server = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0)
        site.port = server.sockets[0].getsockname()[1]
        async with server:
            await asyncio.wait_for(story(site), PATIENCE)

    asyncio.run(whole())


@contextlib.asynccontextmanager
async def client(site: Site, sent: bytes) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A client that has sent that."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    try:
        writer.write(sent)
        yield reader, writer
    finally:
        writer.close()


@pytest.mark.parametrize("count", [1, 2])
def test_who_half_closes_gets_what_was_asked_for_and_then_the_end(count: int) -> None:
    async def story(site: Site) -> None:
        async with client(site, b"".join(REQUEST % number for number in range(count))) as (reader, writer):
            writer.write_eof()
            if count == 1:  # while a second request waits, nothing more is read, not even the end
                await site.ended.wait()
            site.may_answer.set()
            said = await reader.read()
            assert [said.count(b"HTTP/1.1 200"), said.endswith(b"/%d" % (count - 1))] == [count, True]
            await site.lost.wait()

    run(story)


def test_who_half_closes_after_the_answer_is_hung_up_on() -> None:
    async def story(site: Site) -> None:
        site.may_answer.set()
        async with client(site, REQUEST % 1) as (reader, writer):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            assert await reader.readexactly(2) == b"/1"
            assert not site.lost.is_set(), "it is kept for another request"
            writer.write_eof()
            assert await reader.read() == b""
            await site.lost.wait()

    run(story)


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\nhal"])
def test_half_a_request_and_its_end_hold_nothing(sent: bytes) -> None:
    async def story(site: Site) -> None:
        async with client(site, sent) as (reader, writer):
            writer.write_eof()
            assert await reader.read() == b""
            await site.lost.wait()

    run(story)


def test_metadata_has_the_same_protocol() -> None:
    assert MetadataProtocol.eof_received is PatientProtocol.eof_received
    assert MetadataProtocol.on_response_complete is PatientProtocol.on_response_complete
