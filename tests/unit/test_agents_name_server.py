"""A resolver's sockets, on this machine's loopback: real clients, hostile ones, and what somebody else must answer."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import dns.asyncquery
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from atoll.agents import name_server
from atoll.agents.name_server import MOST_OF_ONE, MOST_PASSED_ON_OF_ONE, NameServer, PassOn, Sockets
from atoll.agents.names import Found
from atoll.linux import datagrams

NOBODY = Found(exists=False)
NAME = "web.ec2.internal."
LOOPBACK = "127.0.0.1"


class Lab:
    """A server that knows one name, and how often it was looked up."""

    def __init__(self, pass_on: PassOn | None) -> None:
        self.known: dict[str, Found] = {"web.ec2.internal": Found((("A", "10.0.0.5"),), 60)}
        self.asked = 0
        self.opened: list[asyncio.StreamWriter] = []
        self.server = NameServer(self._look_up, pass_on, lambda _: "eni-1", lambda asked: asked.peer[0])
        udp, tcp = datagrams.listen(0), socket.create_server((LOOPBACK, 0))
        self.udp, self.tcp = udp.getsockname()[1], tcp.getsockname()[1]
        self.sockets = Sockets(udp, tcp)

    def _look_up(self, name: str, kind: str) -> Found | None:
        self.asked += 1
        found = self.known.get(name, NOBODY)
        if found is NOBODY:
            return None
        return found if kind == "A" else found._replace(values=())

    async def by_udp(self, name: str = NAME, kind: str = "A", ip: str = LOOPBACK) -> dns.message.Message:
        return await dns.asyncquery.udp(dns.message.make_query(name, kind), ip, 5, port=self.udp)

    async def by_tcp(self, name: str = NAME, kind: str = "A") -> dns.message.Message:
        return await dns.asyncquery.tcp(dns.message.make_query(name, kind), LOOPBACK, 5, port=self.tcp)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        opened = await asyncio.open_connection(LOOPBACK, self.tcp)
        self.opened.append(opened[1])
        return opened


@contextlib.asynccontextmanager
async def lab(pass_on: PassOn | None = None) -> AsyncIterator[Lab]:
    made = Lab(pass_on)
    await made.server.start(made.sockets)
    try:
        yield made
    finally:
        made.server.close()
        for writer in made.opened:
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def run(test: Callable[[Lab], Awaitable[None]], pass_on: PassOn | None = None) -> None:
    async def running() -> None:
        async with lab(pass_on) as made:
            await test(made)

    asyncio.run(running())


def values(answer: dns.message.Message) -> list[str]:
    return [str(one) for rrset in answer.answer for one in rrset]


def test_both_ways_and_from_the_address_that_was_asked() -> None:
    async def test(made: Lab) -> None:
        for answer in (await made.by_udp(), await made.by_tcp(), await made.by_udp(ip="127.0.0.2")):
            assert values(answer) == ["10.0.0.5"]  # dnspython refuses what comes from another address

    run(test)


def test_a_question_that_comes_again_is_answered_as_before_until_something_changes() -> None:
    async def test(made: Lab) -> None:
        for _ in range(3):
            assert values(await made.by_udp()) == ["10.0.0.5"]
        assert made.asked == 1
        made.known["web.ec2.internal"] = Found((("A", "10.0.0.6"),), 60)
        made.server.forget()
        assert values(await made.by_udp()) == ["10.0.0.6"]
        made.known["web.ec2.internal"] = Found((("A", "10.0.0.6"), ("A", "10.0.0.7")), 60)
        made.server.forget()
        assert [len(values(await made.by_udp())) for _ in range(3)] == [2, 2, 2]
        assert made.asked == 5, "several values change places"

    run(test)


def test_what_is_too_long_for_udp_comes_by_tcp() -> None:
    async def test(made: Lab) -> None:
        made.known["web.ec2.internal"] = Found(tuple(("A", f"10.0.0.{last}") for last in range(200)), 60)
        short = await made.by_udp()
        assert short.flags & dns.flags.TC
        assert len(values(await made.by_tcp())) == 200

    run(test)


def test_several_questions_on_one_connection() -> None:
    async def test(made: Lab) -> None:
        reader, writer = await made.connect()
        with contextlib.closing(writer):
            wires = [dns.message.make_query(NAME, kind).to_wire() for kind in ("A", "AAAA")]
            writer.write(b"".join(len(wire).to_bytes(2, "big") + wire for wire in wires))
            for wire in wires:
                length = int.from_bytes(await reader.readexactly(2), "big")
                assert (await reader.readexactly(length))[:2] == wire[:2]

    run(test)


RUBBISH = [b"", b"\0", b"\xff\xff", b"\0\0", b"\xff\xff" + bytes(100), b"GET / HTTP/1.1\r\n\r\n", b"\0\x0c" + bytes(12)]


def test_rubbish_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_server, "PATIENCE", 0.05)

    async def test(made: Lab) -> None:
        for said in RUBBISH:
            reader, writer = await made.connect()
            writer.write(said)
            await asyncio.wait_for(reader.read(), 5)
            writer.close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            for said in (*RUBBISH, bytes(65_000)):
                client.sendto(said, (LOOPBACK, made.udp))
        assert values(await made.by_udp()) == ["10.0.0.5"]
        assert values(await made.by_tcp()) == ["10.0.0.5"]

    run(test)


def test_one_client_holds_few_connections() -> None:
    async def test(made: Lab) -> None:
        held = [await made.connect() for _ in range(MOST_OF_ONE)]
        reader, _ = await made.connect()
        with contextlib.suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 5) == b""
        assert values(await made.by_udp()) == ["10.0.0.5"]
        for _, writer in held:
            writer.close()
            await writer.wait_closed()
        for _ in range(1000):
            with contextlib.suppress(EOFError, OSError):
                assert values(await made.by_tcp()) == ["10.0.0.5"]
                return
        raise AssertionError("their places are not free again")

    run(test)


CODES = {"real.": dns.rcode.REFUSED, "other.": dns.rcode.SERVFAIL, "silent.": dns.rcode.SERVFAIL}


def test_who_knows_more_is_asked_and_believed_only_if_it_answers_that() -> None:
    heard: list[tuple[str, bool]] = []

    async def pass_on(wire: bytes, tcp: bool) -> bytes | None:
        query = dns.message.from_wire(wire)
        name = str(query.question[0].name)
        heard.append((name, tcp))
        answer = dns.message.make_response(query)
        answer.set_rcode(dns.rcode.REFUSED)
        if name == "other.":
            answer = dns.message.make_response(dns.message.make_query("x.", "A", id=query.id))
        return None if name == "silent." else answer.to_wire()

    async def test(made: Lab) -> None:
        assert values(await made.by_udp()) == ["10.0.0.5"]
        assert heard == [], "what is known here is told here"
        for ask, tcp in ((made.by_udp, False), (made.by_tcp, True)):
            for name, code in CODES.items():
                assert (await ask(name)).rcode() == code
                assert heard.pop() == (name, tcp)

    run(test, pass_on)


def test_who_waits_for_much_takes_nothing_from_the_others() -> None:
    """Names of somebody else's who never answers: one sender's are bounded, another's is still passed on."""
    silence: asyncio.Event = asyncio.Event()
    heard: list[str] = []
    more = asyncio.Event()

    async def pass_on(wire: bytes, _tcp: bool) -> bytes | None:
        name = str(dns.message.from_wire(wire).question[0].name)
        heard.append(name)
        more.set()
        await silence.wait()
        return None

    async def test(made: Lab) -> None:
        for source, count in ((LOOPBACK, MOST_PASSED_ON_OF_ONE + 8), ("127.0.0.2", 1)):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.bind((source, 0))
                for number in range(count):
                    query = dns.message.make_query(f"n{number}.of-{source.replace('.', '-')}.example.", "A")
                    sender.sendto(query.to_wire(), (LOOPBACK, made.udp))
        async with asyncio.timeout(5):
            while "n0.of-127-0-0-2.example." not in heard:
                more.clear()
                await more.wait()
        assert len(heard) == MOST_PASSED_ON_OF_ONE + 1
        silence.set()

    run(test, pass_on)


def test_without_anybody_else_a_name_that_nobody_knows_does_not_exist() -> None:
    async def test(made: Lab) -> None:
        assert (await made.by_udp("nobody.example.")).rcode() == dns.rcode.NXDOMAIN

    run(test)


def test_a_fault_of_ours_is_logged_and_costs_one_answer(caplog: pytest.LogCaptureFixture) -> None:
    async def test(made: Lab) -> None:
        made.known = {"web.ec2.internal": Found((("A", "no address"),), 60)}
        reader, writer = await made.connect()
        wire = dns.message.make_query(NAME, "A").to_wire()
        writer.write(len(wire).to_bytes(2, "big") + wire)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        assert "a question about a name failed" in caplog.text

    run(test)
