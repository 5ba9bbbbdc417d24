"""A resolver's sockets: questions come by UDP and TCP, what is known is answered, the rest passed on.

Everything that somebody else sends is rubbish until it is read (`dns_messages.py`); what each may hold is bounded.
"""

import asyncio
import contextlib
import logging
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, NamedTuple

from atoll.agents.names import Found
from atoll.linux import datagrams
from atoll.plan.services import DNS

if TYPE_CHECKING:
    from atoll.agents.dns_messages import Question

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Datagrams that are read in one go, so that the API is served between them: a new name takes about two ms."""

MOST, MOST_OF_ONE = 256, 32
"""TCP connections at once: of all, and of one that is told apart."""

MOST_PASSED_ON, MOST_PASSED_ON_OF_ONE = 256, 32
"""Questions at once that somebody else has to answer, of all and of one; those beyond are not answered."""

PATIENCE = 10.0
"""Seconds that a TCP client may take for each message, and to take each answer."""

REMEMBERED = 4096
"""Answers that are kept as they were sent, for questions that come again."""

LookUp = Callable[[str, str], Found | None]
"""What is known of a name, and of a type of DNS."""

PassOn = Callable[[bytes, bool], Awaitable[bytes | None]]
"""What somebody else answers to a message, by TCP or not; None for nothing."""


class Sockets(NamedTuple):
    """Where a resolver listens."""

    udp: socket.socket
    tcp: socket.socket


def sockets(note: Callable[[socket.socket], None] = lambda _: None) -> Sockets:
    """At port 53 of every address of the calling thread's network. `note` is done to the listener."""
    udp = datagrams.listen(DNS)
    tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        note(tcp)
        tcp.bind(("", DNS))
        tcp.listen(64)
    except OSError:
        udp.close()
        tcp.close()
        raise
    return Sockets(udp, tcp)


class NameServer:
    """Answers on the running loop until it is closed."""

    def __init__(
        self,
        look_up: LookUp,
        pass_on: PassOn | None = None,
        whose: Callable[[asyncio.BaseTransport], str] = lambda _: "",
        sender: Callable[[datagrams.Datagram], str] = lambda _: "",
    ) -> None:
        """`pass_on`: who answers what nobody here knows. `whose`, `sender`: who is behind a connection, a datagram."""
        self._look_up = look_up
        self._pass_on = pass_on
        self._whose = whose
        self._sender = sender
        self._tasks: set[asyncio.Task[None]] = set()
        self._passed_on: Counter[str] = Counter()
        self._of_one: Counter[str] = Counter()
        self._kept: dict[tuple[bool, bytes], bytes] = {}
        self._server: asyncio.Server | None = None
        self._udp: socket.socket | None = None

    async def start(self, at: Sockets) -> None:
        """Answer there."""
        self._udp = at.udp
        asyncio.get_running_loop().add_reader(at.udp, self._readable, at.udp)
        self._server = await asyncio.start_server(self._accepted, sock=at.tcp)

    def close(self) -> None:
        """Answer no more."""
        if self._udp is not None:
            asyncio.get_running_loop().remove_reader(self._udp)
            self._udp.close()
            self._udp = None
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()

    def forget(self) -> None:
        """What is known has changed."""
        self._kept.clear()

    def _readable(self, udp: socket.socket) -> None:
        for _ in range(AT_ONCE):
            try:
                asked = datagrams.receive(udp)
            except OSError:
                return
            told = self._told(asked.data, self._sender(asked), tcp=False)
            if isinstance(told, bytes):
                _send(udp, asked, told)
            elif told is not None:
                self._start(self._later(udp, asked, told))

    async def _later(self, udp: socket.socket, asked: datagrams.Datagram, waiting: Awaitable[bytes | None]) -> None:
        told = await waiting
        if told is not None and self._udp is udp:
            _send(udp, asked, told)

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _told(self, wire: bytes, who: str, *, tcp: bool) -> bytes | Awaitable[bytes | None] | None:
        """What is answered: at once, later, or never."""
        known = self._kept.get((tcp, wire[2:]))
        if known is not None:
            return wire[:2] + known
        try:
            return self._answer(wire, who, tcp=tcp)
        except Exception:
            log.exception("a question about a name failed: %s", wire[:300].hex())
            return None

    def _answer(self, wire: bytes, who: str, *, tcp: bool) -> bytes | Awaitable[bytes | None] | None:
        from atoll.agents import dns_messages as messages  # late: it takes 50 ms, and many an Atoll is never asked

        question = messages.read(wire)
        if question is None or isinstance(question, bytes):
            return question
        found = self._look_up(question.name, question.kind)
        if found is None and self._pass_on is not None:
            return self._ask(self._pass_on, question, wire, who, tcp=tcp)
        told = messages.written(question.answered(found), 65_535 if tcp else messages.most_of(question))
        if found is None or len(found.values) < 2:
            self._keep(wire, told, tcp=tcp)
        return told

    def _keep(self, wire: bytes, told: bytes, *, tcp: bool) -> None:
        if len(self._kept) >= REMEMBERED:
            self._kept.clear()
        if len(wire) <= 512:
            self._kept[tcp, wire[2:]] = told[2:]

    async def _ask(self, pass_on: PassOn, question: "Question", wire: bytes, who: str, *, tcp: bool) -> bytes | None:
        from atoll.agents import dns_messages as messages

        if self._passed_on.total() >= MOST_PASSED_ON or self._passed_on[who] >= MOST_PASSED_ON_OF_ONE:
            return None
        self._passed_on[who] += 1
        try:
            told = await pass_on(wire, tcp)
        finally:
            _fewer(self._passed_on, who)
        return told if told is not None and messages.is_answer(told, question) else messages.failed(question)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        who = self._whose(writer.transport)
        if self._of_one.total() >= MOST or self._of_one[who] >= MOST_OF_ONE:
            writer.transport.abort()
            return
        self._of_one[who] += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(OSError, EOFError):  # it went away, was too slow, or said too little
                while (told := await self._one_by_tcp(reader, who)) is not None:
                    writer.write(len(told).to_bytes(2, "big") + told)
                    await asyncio.wait_for(writer.drain(), PATIENCE)
        finally:
            self._tasks.discard(task)
            _fewer(self._of_one, who)
            writer.close()

    async def _one_by_tcp(self, reader: asyncio.StreamReader, who: str) -> bytes | None:
        async with asyncio.timeout(PATIENCE):
            length = int.from_bytes(await reader.readexactly(2), "big")
            wire = await reader.readexactly(length)
        told = self._told(wire, who, tcp=True)
        return told if told is None or isinstance(told, bytes) else await told


def _fewer(counted: Counter[str], who: str) -> None:
    counted[who] -= 1
    if not counted[who]:
        del counted[who]


def _send(udp: socket.socket, asked: datagrams.Datagram, told: bytes) -> None:
    """A datagram may always be lost: whoever asked asks again."""
    with contextlib.suppress(OSError):
        datagrams.answer(udp, asked, told)
