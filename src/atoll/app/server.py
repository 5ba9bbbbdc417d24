"""Inside the world: build the parts, wire them, serve until told to stop."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import uvicorn

from atoll.agents import health, uplink
from atoll.agents.dns_upstream import Upstream
from atoll.app import analyst, images, socks_port
from atoll.app.analyses import Analyses
from atoll.app.authority import Authority, authority
from atoll.app.aws_inside import Admission, AwsInside
from atoll.app.control import Control
from atoll.app.endpoint import Endpoint
from atoll.app.handshakers import Handshakers
from atoll.app.health_reports import HealthReports
from atoll.app.hosts import SYSTEM, add_hosts
from atoll.app.http import WEB_SETTINGS, PatientProtocol
from atoll.app.inner_api import InnerApi
from atoll.app.instances import NoGuests, RealGuests
from atoll.app.main import Options, settings, tell
from atoll.app.metadata import MetadataService, read_secret
from atoll.app.name_service import NameService
from atoll.app.outside import proxy
from atoll.compile import constants
from atoll.compile.internet import DEFAULT_PREFIX, RESOLVER, UPLINK, host_id
from atoll.engine.clock import SystemClock
from atoll.engine.effects import Effects
from atoll.engine.store import Store
from atoll.engine.timers import Timed, Timers, repeat
from atoll.engine.writer import Writer
from atoll.fabric.contract import Fabric
from atoll.fabric.none import NoFabric
from atoll.guest import Guests
from atoll.linux.keeper import is_at
from atoll.model.kinds import Instance, InternetHost, NatGateway
from atoll.model.machines import Event
from atoll.model.regions import REGIONS
from atoll.model.tx import NO_FACTS, Facts
from atoll.packet import Prefix
from atoll.plan.rows import Lease, Probe
from atoll.records import Delta
from atoll.review import states
from atoll.services import due, served  # noqa: F401 - registers the handlers
from atoll.services.ec2 import lifecycle

T = TypeVar("T")

log = logging.getLogger(__name__)


def serve(
    options: Options,
    api: socket.socket,
    control: socket.socket,
    socks: socket.socket | None,
    *,
    joined: bool,
    launcher: uplink.Launcher | None = None,
) -> int:
    """Serve until SIGTERM or `atoll down`; 0, or 1 when it could not start.

    `joined`: the world is an earlier server's, which was killed in it. `launcher`: waits to become the uplink's tool.
    """
    try:
        return asyncio.run(Server(options, launcher).run(api, control, socks, joined=joined))
    except Exception as error:
        log.exception("cannot start")
        tell(options.ready_fd, {"error": f"{error or type(error).__name__} (more: atoll logs)"})
        return 1


class Server:
    """One running Atoll."""

    def __init__(self, options: Options, launcher: uplink.Launcher | None = None) -> None:
        self.options = options
        self._launcher = launcher
        self.clock = SystemClock()
        self.started = self.clock.now()
        self.fabric: Fabric = _fabric(options)
        self.guests = None if options.fabric == "none" or options.rehearse else self._guests()
        self.writer = Writer(
            _store(options),
            self.fabric,
            self.clock,
            settings(options),
            constants((zone.name for region in REGIONS.values() for zone in region.zones), uplink=options.uplink),
            Facts(console=self.guests.console) if self.guests else NO_FACTS,
        )
        self.metadata = MetadataService(self.writer, self.fabric, read_secret(options.folder.secret))
        self.names = NameService(self.writer, self.fabric)
        self.runner = self._runner()
        self.effects = Effects(self.runner, self.report)
        self.timers = Timers(self.writer, self.clock, self.report, self.look)
        self.analyses = Analyses(self.writer)
        self.reports = HealthReports(self.writer)
        self.prober = health.Prober(self._node, self.reports.tell)
        self.handshakers = Handshakers(self.writer, self.fabric)
        self.stop = asyncio.Event()
        self.authority: Authority | None = None
        self._lock = os.open(options.folder.lock, os.O_RDONLY | os.O_CLOEXEC)

    def _runner(self) -> RealGuests | NoGuests:
        if self.guests is None:
            return NoGuests()
        return RealGuests(self.guests, self.fabric.namespace, self._lease, self._ready, lambda: self.authority)

    def _lease(self, vpc: str) -> Lease:
        """On a guest's thread."""
        return self.read(lambda: self.writer.plan.get(Lease, vpc) or Lease(domain=vpc))

    def _leased(self, plan: Delta) -> None:
        """Other DHCP options: guests that run are told at once. (AWS's ask every few hours.)"""
        for _, lease in plan.values():
            if isinstance(lease, Lease) and isinstance(self.runner, RealGuests):
                for instance in self.writer.model.by(Instance, "vpc", lease.domain):
                    self.loop.run_in_executor(None, self.runner.renew, instance.id, lease)

    def _ready(self) -> None:
        """On a guest's thread: wait for what it may ask in its first moment."""
        self.on_loop(self.metadata.ready)
        self.on_loop(self.names.ready)
        self.on_loop(lambda: asyncio.wait([self._aws]))

    def _guests(self) -> Guests:
        folder = self.options.folder
        made = Guests(
            folder.guests,
            folder.cache,
            lambda instance, boot: self._guest_ended(instance, boot, Event.EXITED),
            lambda instance, boot: self._guest_ended(instance, boot, Event.OVERRUN),
            self.options.limits,
            folder.cgroups,
        )
        for words in made.unbounded():
            log.warning("not bounded: %s", words)
        return made

    async def run(
        self, api: socket.socket, control: socket.socket, socks: socket.socket | None, *, joined: bool
    ) -> int:
        """Load, resume, serve, and leave in order."""
        self.loop = asyncio.get_running_loop()
        port = api.getsockname()[1]
        self.endpoint = f"http://{self.options.host}:{port}"
        self.socks = f"socks5h://{socks_port.LOOPBACK}:{socks.getsockname()[1]}" if socks is not None else None
        for number in (signal.SIGTERM, signal.SIGINT):
            self.loop.add_signal_handler(number, self.stop.set)
        await self.writer.load()
        await self.writer.write(*SYSTEM, add_hosts)
        self.handshakers.start()
        self.writer.watch(self.handshakers.follow)
        upstream = await self._connect_uplink()
        endpoint = Endpoint(self.writer, self.effects, self.timers, self.reset, analyses=self.analyses)
        web = uvicorn.Server(web_settings(endpoint))
        await self.metadata.start(web.server_state)
        await self.names.start(upstream.ask if upstream else None)
        self.options.folder.resolvers.write_text(f"nameserver {RESOLVER}\noptions timeout:2 attempts:2\n")
        self.writer.watch(self._leased)
        admission = Admission(self.writer, self.clock.now)
        inside = Endpoint(self.writer, self.effects, self.timers, admit=admission, analyses=self.analyses)
        aws = AwsInside(inside, web.server_state)
        self._aws = asyncio.create_task(self._serve_inside(aws))
        await self._resume(joined=joined)
        if self.options.rehearse is None:
            self.prober.begin(list(self.writer.plan.all(Probe)), self.reports.known)
            self.writer.watch(self.prober.follow)
        serving = asyncio.create_task(_serve_without_signals(web, api))
        self.inner_api = InnerApi(web, port)
        outside = proxy(self.writer, self.fabric, self.names, self.options.public_pool)
        if socks is not None:
            await outside.start(socks)
        controlling = Control(self, control)
        controlling.start()
        background = [asyncio.create_task(one) for one in (self.timers.run(), repeat(0.5, self._reap))]
        tell(self.options.ready_fd, {"ok": {"endpoint": self.endpoint, "socks": self.socks}})
        await self.stop.wait()
        await outside.close()
        self.handshakers.close()
        self.metadata.close()
        self.names.close()
        aws.close()
        web.should_exit = True
        await serving
        for task in background:
            task.cancel()
        await self.prober.close()
        await self.reports.close()
        await self.analyses.close()
        controlling.close()
        await self._end()
        return 0

    async def _connect_uplink(self) -> Upstream | None:
        """The name server of the real internet, if that is there."""
        namespace = self.fabric.namespace(host_id(UPLINK))
        if self._launcher is None or namespace is None:
            return None
        inward = (self.options.public_pool, DEFAULT_PREFIX)
        gateway = Prefix.parse(DEFAULT_PREFIX).address(1)
        await asyncio.to_thread(uplink.connect, namespace, self._launcher, inward, gateway)
        return Upstream(namespace, uplink.RESOLVER)

    async def _serve_inside(self, aws: AwsInside) -> None:
        """AWS's names lead somewhere, and guests that start from now on believe it. Nobody waits for this but they."""
        network = self.fabric.namespace(host_id(RESOLVER))
        if network is None:
            return
        try:
            made = await asyncio.to_thread(authority, self.options.folder.tls, self.clock.now())
            await aws.start(network, made.context())
        except (OSError, ValueError):
            log.exception("AWS cannot be served inside")
            return
        self.authority = made

    async def _resume(self, *, joined: bool) -> None:
        """Go on from what the states demand. In a world that went on, a guest that is gone has ended by itself.

        A guest of no instance is one that a server was about to end when it was killed: its reset was committed.
        """
        if self.guests is not None:
            for instance in self.guests.known():
                if self.writer.model.get(Instance, instance) is None:
                    await asyncio.to_thread(self.guests.terminate, instance)
        if joined and self.guests is not None:
            for instance, boot in self.guests.ended().items():
                await self.report(instance, boot, Event.EXITED)
            await self.effects.idle()  # nothing of them is left to end, so this is quick
        alive = self.guests.running() if self.guests else [one.id for one in self.writer.model.all(Instance)]
        self.effects.resume(self.writer.model.all(Instance), alive)
        self.analyses.resume()

    async def _end(self) -> None:
        """Guests first, all at once, then the network, then the store."""
        await self.effects.close()
        if self.guests is not None:
            guests = self.guests
            stops = (asyncio.to_thread(guests.stop, instance, 1.0) for instance in guests.running())
            for failure in await asyncio.gather(*stops, return_exceptions=True):
                if failure is not None:
                    log.error("a guest did not stop: %s", failure)
            guests.close()
        await self.writer.on_worker(self.fabric.close)
        self.writer.close()

    async def _reap(self) -> None:
        """Removals that cut nothing any more are done here, between calls.

        A server whose state folder was deleted can keep nothing any more, and nobody could stop it: it ends.
        """
        if not is_at(self._lock, self.options.folder.lock):
            log.error("the state folder %s is gone: ending", self.options.folder.path)
            self.stop.set()
        while await self.writer.on_worker(self.fabric.reap):
            continue  # a batch at a time, so that writes come in between

    async def report(self, instance: str, boot: int, event: Event) -> None:
        """An event of an instance, through the same writer as any call."""
        written = await self.writer.write(*SYSTEM, lambda tx: lifecycle.on_event(tx, instance, boot, event))
        self.effects.follow(written.delta)

    async def look(self, thing: Timed) -> None:
        """A thing's time has come: what becomes of it is written like any call of its owner's."""
        held = await self._held(thing) if isinstance(thing, NatGateway) else frozenset()
        await self.writer.write(thing.account, thing.region, lambda tx: due.look(tx, thing, held))

    async def _held(self, gateway: NatGateway) -> frozenset[str]:
        return await self.writer.on_worker(lambda: self.fabric.held(gateway.id))

    def _node(self, name: str) -> Path | None:
        """Where a load balancer's node asks from; None where there is no network."""
        return None if self.guests is None else self.fabric.namespace(name) or Path(name)

    def _guest_ended(self, instance: str, boot: int, event: Event) -> None:
        """Called on a guest watcher's thread."""
        asyncio.run_coroutine_threadsafe(self.report(instance, boot, event), self.loop)

    async def reset(self) -> None:
        """The empty state: nothing allocated, the guests of what was forgotten ended and their files gone.

        The hosts of the internet stay: the suite that asks for the reset may run on one of them (`atoll run`).
        """
        forgotten = await self.writer.reset(keep=lambda record: isinstance(record, InternetHost))
        await self.writer.write(*SYSTEM, add_hosts)
        await self.effects.idle()  # a guest that was just starting is there by now
        if self.guests is not None:
            for kind, *rest in forgotten:
                if kind == Instance.KIND:
                    await asyncio.to_thread(self.guests.terminate, rest[0])
            await asyncio.to_thread(images.sweep, self)

    def on_loop(self, work: Callable[[], Coroutine[Any, Any, T]], timeout: float = 300.0) -> T:
        """From another thread: run a coroutine function on the loop and wait for it."""
        try:
            return asyncio.run_coroutine_threadsafe(work(), self.loop).result(timeout)
        except TimeoutError as error:
            raise TimeoutError(f"it took longer than {timeout:.0f} s. See: atoll logs") from error

    def read(self, look: Callable[[], T]) -> T:
        """From another thread: look at model or plan on the thread that owns them."""

        async def looking() -> T:
            return look()

        return self.on_loop(looking)

    def analyse(self, question: analyst.Question[T], *words: object, caller: int | None = None) -> T:
        """From another thread: a question about the committed state that may take long, beside whatever is served."""
        taken = self.read(lambda: analyst.snapshot(self.writer.model, self.writer.plan))
        return analyst.ask(taken, question, *words, caller=caller)


def _store(options: Options) -> Store:
    store = Store(options.folder.database)
    if options.rehearse is not None:
        entities = states.read(options.rehearse.read_bytes()).model.records
        store.commit({key: (None, entity) for key, entity in entities.items()})
    return store


def _fabric(options: Options) -> Fabric:
    if options.fabric == "none":
        return NoFabric()
    from atoll.fabric.kernel import KernelFabric  # not needed, nor its netlink, without a network

    return KernelFabric(options.folder.world)


def web_settings(endpoint: Endpoint) -> uvicorn.Config:
    """How the API is served."""
    return uvicorn.Config(
        endpoint,
        http=PatientProtocol,
        **WEB_SETTINGS,
        date_header=True,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=2,
    )


async def _serve_without_signals(web: uvicorn.Server, api: socket.socket) -> None:
    """uvicorn would take SIGTERM for itself; ours ends more than the web server."""
    await web._serve([api])
