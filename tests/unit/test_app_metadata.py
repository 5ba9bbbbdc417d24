"""The metadata service's sockets: who may connect, for how long, and with which VPCs they come and go."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from uvicorn.server import ServerState

from atoll.app import metadata
from atoll.app.metadata import MOST_OF_A_PORT, MetadataProtocol, MetadataService, read_secret
from atoll.compile import constants
from atoll.engine.clock import ManualClock
from atoll.engine.store import Store
from atoll.engine.writer import Writer
from atoll.fabric.none import NoFabric
from atoll.model.kinds import Entity
from atoll.model.tx import Settings, Tx
from atoll.packet import TCP
from atoll.plan.services import Service
from tests.fuzz.sockets import spoilt
from tests.scenarios.running import free_port
from tests.support import small_cloud as cloud

WHO = ("123456789012", "us-east-1")


class Loopback(NoFabric):
    """Every VPC listens in this process's own network, and whoever connects is `port`."""

    port: str | None = "eni-1"

    def router(self, domain: str) -> Path | None:
        return Path("/proc/self/ns/net") if domain.startswith("vpc-") else None

    def port_behind(self, domain: str, interface: int) -> str | None:
        assert (domain, interface) == ("vpc-1", 1), "the loopback's number"
        return self.port


class Bench:
    """A service over a small cloud, its listener on this machine's loopback."""

    def __init__(self, port: int) -> None:
        self.fabric = Loopback()
        self.writer = Writer(Store(None), self.fabric, ManualClock(), Settings(), constants(["us-east-1a"]), seed=1)
        self.service = MetadataService(self.writer, self.fabric, b"secret")
        self.at = port

    async def put(self, *entities: Entity) -> None:
        def decide(tx: Tx) -> None:
            for entity in entities:
                tx.put(entity)

        await self.writer.write(*WHO, decide)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.at)

    async def ask(self, said: bytes = b"GET /latest/meta-data/instance-id HTTP/1.1\r\nhost: x\r\n\r\n") -> bytes:
        """Everything that is answered until the connection ends."""
        reader, writer = await self.connect()
        with contextlib.closing(writer):
            writer.write(said)
            with contextlib.suppress(ConnectionResetError):
                return await asyncio.wait_for(reader.read(), 5)
            return b"reset"


@contextlib.asynccontextmanager
async def bench(port: int) -> AsyncIterator[Bench]:
    made = Bench(port)
    await made.writer.load()
    await made.service.start(ServerState())
    try:
        yield made
    finally:
        made.service.close()
        made.writer.close()


Story = Callable[[Bench], Coroutine[Any, Any, None]]
Tell = Callable[[Story], None]


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch) -> Tell:
    """Run a story; nobody enters a namespace for it."""
    at = Service("127.0.0.1", TCP, free_port())
    monkeypatch.setattr(metadata, "METADATA", at)
    monkeypatch.setattr(metadata, "call_in", lambda _path, function: function())

    def run(story: Story) -> None:
        async def whole() -> None:
            async with bench(at.port) as made:
                where = cloud.subnet("subnet-1", "10.0.1.0/24")
                interface = cloud.interface("eni-1", where, "10.0.1.5", instance="i-1")
                await made.put(*cloud.network(), where, *interface, cloud.instance("i-1", where))
                await made.service.ready()
                await story(made)

        asyncio.run(whole())

    return run


def test_the_instance_behind_the_port_is_answered(tell: Tell) -> None:
    async def story(bench: Bench) -> None:
        head, _, body = (await bench.ask()).partition(b"\r\n\r\n")
        assert body == b"i-1"
        lines = head.decode().split("\r\n")
        assert lines[0] == "HTTP/1.1 200 OK"
        assert {"server: EC2ws", "connection: close", "content-length: 3"} <= set(lines)
        head, _, body = (await bench.ask(b"HEAD / HTTP/1.1\r\nhost: x\r\n\r\n")).partition(b"\r\n\r\n")
        assert (head[:15], body) == (b"HTTP/1.1 200 OK", b"")

    tell(story)


def test_one_connection_has_one_answer_however_much_it_asks(tell: Tell) -> None:
    async def story(bench: Bench) -> None:
        request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
        assert (await bench.ask(request * 20)).count(b"HTTP/1.1 200 OK") == 1
        endless = b"PUT /latest/api/token HTTP/1.1\r\ncontent-length: 60000\r\n\r\n"
        assert (await bench.ask(endless)).startswith(b"HTTP/1.1 400")

    tell(story)


def test_a_port_that_is_gone_gets_nothing(tell: Tell) -> None:
    async def story(bench: Bench) -> None:
        bench.fabric.port = None
        assert await bench.ask() in (b"", b"reset")
        bench.fabric.port = "eni-2"
        assert (await bench.ask()).startswith(b"HTTP/1.1 404")

    tell(story)


def test_who_says_nothing_or_never_ends_is_waited_for_no_longer_than_patience(
    tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MetadataProtocol, "PATIENCE", 0.1)

    async def story(bench: Bench) -> None:
        for said in (b"", b"GET / HTTP/1.1\r\nx: "):
            assert (await bench.ask(said)).startswith(b"HTTP/1.1 408")
        too_long = await bench.ask(b"GET / HTTP/1.1\r\nx: " + b"y" * 20_000)
        assert too_long.startswith(b"HTTP/1.1 413") or too_long == b"reset", "not all of it was read"
        assert b"<h1>400 - Bad Request</h1>" in await bench.ask(b"rubbish\r\n\r\n")

    tell(story)


GOOD = (
    b"GET /latest/meta-data/instance-id HTTP/1.1\r\nhost: x\r\n\r\n",
    b"PUT /latest/api/token HTTP/1.1\r\nhost: x\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n",
    b"GET /latest/dynamic/instance-identity/document HTTP/1.1\r\nhost: x\r\nX-aws-ec2-metadata-token: y\r\n\r\n",
)


def test_whatever_bytes_come_are_answered_or_refused_and_the_next_is_answered(
    tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MetadataProtocol, "PATIENCE", 0.05)
    rng = random.Random(7)

    async def story(bench: Bench) -> None:
        seen = set()
        for _ in range(40):
            hostile = [spoilt(spoilt(rng.choice(GOOD), rng), rng) for _ in range(8)]
            answers = await asyncio.gather(*map(bench.ask, hostile))
            seen |= {answer[:12] for answer in answers}
            assert (await bench.ask(GOOD[0])).endswith(b"\r\n\r\ni-1")
        kinds = {b"HTTP/1.1 200", b"HTTP/1.1 400", b"HTTP/1.1 401", b"HTTP/1.1 408"}
        assert (
            kinds <= seen <= kinds | {b"HTTP/1.1 %d" % status for status in (403, 404, 405, 413, 417)} | {b"", b"reset"}
        )

    tell(story)


def test_a_port_has_few_connections_at_once(tell: Tell) -> None:
    async def story(bench: Bench) -> None:
        held = [await bench.connect() for _ in range(MOST_OF_A_PORT)]
        assert await bench.ask() in (b"", b"reset")
        held[0][1].close()
        await held[0][1].wait_closed()
        while not (await bench.ask()).startswith(b"HTTP/1.1 200"):
            pass  # the server has not seen the end yet
        for _, writer in held[1:]:
            writer.close()

    tell(story)


def test_a_listener_goes_with_its_vpc_and_so_do_its_connections(tell: Tell) -> None:
    async def story(bench: Bench) -> None:
        reader, writer = await bench.connect()
        assert (await bench.ask()).startswith(b"HTTP/1.1 200")
        await bench.writer.reset()
        with contextlib.suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
        with pytest.raises(ConnectionRefusedError):
            await bench.connect()

    tell(story)


def test_the_secret_outlives_its_maker_and_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    made = read_secret(file)
    assert len(made) == 32
    assert read_secret(file) == made
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_bytes(b"cut off")
    assert read_secret(file) not in (made, b"cut off")
