"""Health checks: real connections from a node's own address, again and again, and what they say of a target.

`after` is the whole decision, pure. The prober asks by the plan's Probe rows and tells what changes; what it asks goes
through routes, fences and filters like any packet.
"""

import asyncio
import contextlib
import logging
import resource
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from atoll.agents.proxy_header import nobody
from atoll.linux.packets import call_in
from atoll.plan.rows import Probe
from atoll.records import Delta

log = logging.getLogger(__name__)

INITIAL, HEALTHY, UNHEALTHY = "initial", "healthy", "unhealthy"
LONGEST_HEAD = 64 * 1024
MOST = min(1024, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4)
"""Checks at once; those beyond wait for their turn. The API needs files as well."""


class Answer(NamedTuple):
    """What one check came to. `reason`, `description`: AWS's words for a failure (fact 178)."""

    passed: bool
    reason: str = ""
    description: str = ""


PASSED = Answer(True)
TIMED_OUT = Answer(False, "Target.Timeout", "Request timed out")
FAILED = Answer(False, "Target.FailedHealthChecks", "Health checks failed")


class Standing(NamedTuple):
    """What the checks so far have come to; `passed`, `failed`: how many in a row."""

    health: str = INITIAL
    reason: str = "Elb.InitialHealthChecking"
    description: str = "Initial health checks in progress"
    passed: int = 0
    failed: int = 0

    @property
    def said(self) -> tuple[str, str, str]:
        """What others hear of it."""
        return self.health, self.reason, self.description


def after(probe: Probe, before: Standing, answer: Answer) -> Standing:
    """The standing when one more check is done. A new target needs one that passes (fact 178)."""
    passed, failed = (before.passed + 1, 0) if answer.passed else (0, before.failed + 1)
    if answer.passed and (before.health in (INITIAL, HEALTHY) or passed >= probe.healthy):
        return Standing(HEALTHY, "", "", passed, failed)
    if not answer.passed and (before.health == UNHEALTHY or failed >= probe.unhealthy):
        return Standing(UNHEALTHY, answer.reason, answer.description, passed, failed)
    return before._replace(passed=passed, failed=failed)


def allowed(codes: str, status: int) -> bool:
    """Whether a status is one of "200-299,302"."""
    for part in codes.split(","):
        low, _, high = part.partition("-")
        if int(low) <= status <= int(high or low):
            return True
    return False


Network = Callable[[str], Path | None]
Report = Callable[[str, tuple[str, str, str]], Awaitable[None]]
Sleep = Callable[[float], Awaitable[None]]


class Prober:
    """A task for each Probe row.

    `network`: the namespace of a node; None where there is no network at all, and then every check passes, as every
    guest starts there. `report`: a probe's id and what is said of it now. `sleep`: waits between checks. `most`: so
    many checks are under way at once.
    """

    def __init__(self, network: Network, report: Report, sleep: Sleep = asyncio.sleep, most: int = MOST) -> None:
        self._network = network
        self._report = report
        self._sleep = sleep
        self._turns = asyncio.Semaphore(most)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._standings: dict[str, Standing] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def begin(self, probes: Iterable[Probe], known: Callable[[str], Standing]) -> None:
        """Go on from what is known already."""
        for probe in probes:
            self._standings[probe.id] = known(probe.id)
            self._start(probe)

    def follow(self, delta: Delta) -> None:
        """The plan has changed: probes come, change (what they have found stays), and go."""
        for old, new in delta.values():
            if isinstance(new, Probe):
                self._start(new)
            elif isinstance(old, Probe):
                self._stop(old)

    def _start(self, probe: Probe) -> None:
        running = self._tasks.pop(probe.id, None)
        if running is not None:
            running.cancel()
        self._standings.setdefault(probe.id, Standing())
        self._tasks[probe.id] = asyncio.get_running_loop().create_task(self._run(probe))

    def _stop(self, probe: Probe) -> None:
        """What is no longer checked is as if it never had been."""
        self._tasks.pop(probe.id).cancel()
        del self._standings[probe.id]
        task = asyncio.get_running_loop().create_task(self._tell(probe.id, Standing()))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _run(self, probe: Probe) -> None:
        await self._tell(probe.id, self._standings[probe.id])
        while True:
            try:
                answer = await self._ask(probe)
            except Exception:  # one check of ours that breaks must not end all that would follow
                log.exception("the check %s broke", probe.id)
                answer = Answer(False, "Elb.InternalError", "Health checks failed due to an internal error")
            before = self._standings[probe.id]
            now = self._standings[probe.id] = after(probe, before, answer)
            if now.said != before.said:
                await self._tell(probe.id, now)
            await self._sleep(probe.interval)

    async def _tell(self, name: str, standing: Standing) -> None:
        try:
            await self._report(name, standing.said)
        except Exception:
            log.exception("what was found of %s could not be written down", name)

    async def _ask(self, probe: Probe) -> Answer:
        namespace = self._network(probe.node)
        if namespace is None:
            return PASSED
        async with self._turns:
            return await ask(namespace, probe)

    async def close(self) -> None:
        """Stop asking."""
        tasks = [*self._tasks.values(), *self._ending]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()


async def ask(namespace: Path, probe: Probe) -> Answer:
    """One check. A closed port is refused at once; what is filtered on its way times out."""
    opened = await asyncio.to_thread(call_in, namespace, lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    opened.setblocking(False)
    try:
        async with asyncio.timeout(probe.timeout):
            loop = asyncio.get_running_loop()
            await loop.sock_connect(opened, (probe.address, probe.port))
            if probe.header:
                await loop.sock_sendall(opened, nobody())
            return PASSED if probe.protocol == "tcp" else await _request(opened, probe)
    except TimeoutError:
        return TIMED_OUT
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
        return FAILED
    finally:
        opened.close()


async def _request(opened: socket.socket, probe: Probe) -> Answer:
    """GET the path; certificates are not checked, as AWS does not."""
    host = f"{opened.getsockname()[0]}:{probe.port}"
    secure = probe.protocol == "https"
    reader, writer = await asyncio.open_connection(
        sock=opened,
        limit=LONGEST_HEAD,
        ssl=_unchecked() if secure else None,
        server_hostname="" if secure else None,
    )
    try:
        head = f"GET {probe.path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: ELB-HealthChecker/2.0\r\n"
        writer.write(f"{head}Accept: */*\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        words = (await reader.readline()).split(None, 2)
        if len(words) < 2 or not words[0].startswith(b"HTTP/"):
            return FAILED
        status = int(words[1])
    finally:
        with contextlib.suppress(OSError):
            writer.close()
    if allowed(probe.codes, status):
        return PASSED
    return Answer(False, "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{status}]")


def _unchecked() -> ssl.SSLContext:
    """It asks nothing of the other side, so it need not read the authorities that this machine trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
