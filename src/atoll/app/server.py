"""Inside the world: build the parts, wire them, serve until told to stop."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable
from typing import Any

import uvicorn

from atoll.app.control import Control
from atoll.app.endpoint import Endpoint
from atoll.app.hosts import SYSTEM, add_hosts
from atoll.app.instances import NoGuests, RealGuests
from atoll.app.main import Options, settings, tell
from atoll.compile import constants
from atoll.engine.clock import SystemClock
from atoll.engine.effects import Effects
from atoll.engine.store import Store, StoreError
from atoll.engine.timers import Timers
from atoll.engine.writer import Writer
from atoll.fabric.contract import Fabric
from atoll.fabric.none import NoFabric
from atoll.guest import GuestError, Guests
from atoll.model.kinds import Instance
from atoll.model.machines import Event
from atoll.model.regions import REGIONS
from atoll.model.tx import NO_FACTS, Facts
from atoll.services.ec2 import lifecycle

log = logging.getLogger(__name__)


def serve(options: Options, api: socket.socket, control: socket.socket) -> int:
    """Serve until SIGTERM or `atoll down`; 0, or 1 when it could not start."""
    try:
        return asyncio.run(Server(options).run(api, control))
    except (StoreError, GuestError, OSError) as error:
        log.exception("cannot start")
        tell(options.ready_fd, {"error": str(error)})
        return 1


class Server:
    """One running Atoll."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.clock = SystemClock()
        self.started = self.clock.now()
        self.fabric: Fabric = _fabric(options)
        self.guests = None if options.fabric == "none" else self._guests()
        self.writer = Writer(
            Store(options.folder.database),
            self.fabric,
            self.clock,
            settings(options),
            constants(zone.name for region in REGIONS.values() for zone in region.zones),
            Facts(console=self.guests.console) if self.guests else NO_FACTS,
        )
        runner = RealGuests(self.guests, self.fabric.namespace) if self.guests else NoGuests()
        self.effects = Effects(runner, self.report)
        self.timers = Timers(self.writer, self.clock, self.report)
        self.stop = asyncio.Event()

    def _guests(self) -> Guests:
        return Guests(self.options.folder.guests, self.options.folder.cache, self._guest_ended)

    async def run(self, api: socket.socket, control: socket.socket) -> int:
        """Load, resume, serve, and leave in order."""
        self.loop = asyncio.get_running_loop()
        self.endpoint = f"http://{self.options.host}:{api.getsockname()[1]}"
        for number in (signal.SIGTERM, signal.SIGINT):
            self.loop.add_signal_handler(number, self.stop.set)
        await self.writer.load()
        await self.writer.write(*SYSTEM, add_hosts)
        alive = self.guests.running() if self.guests else [one.id for one in self.writer.model.all(Instance)]
        self.effects.resume(self.writer.model.all(Instance), alive)
        endpoint = Endpoint(self.writer, self.effects, self.reset)
        web = uvicorn.Server(_web_settings(endpoint))
        serving = asyncio.create_task(_serve_without_signals(web, api))
        controlling = Control(self, control)
        controlling.start()
        timing = asyncio.create_task(self.timers.run())
        reaping = asyncio.create_task(self._reap())
        tell(self.options.ready_fd, {"ok": {"endpoint": self.endpoint}})
        await self.stop.wait()
        web.should_exit = True
        await serving
        timing.cancel()
        reaping.cancel()
        controlling.close()
        await self._end()
        return 0

    async def _end(self) -> None:
        """Guests first, then the network, then the store."""
        await asyncio.to_thread(self.effects.close)
        if self.guests is not None:
            guests = self.guests
            for instance in guests.running():
                await asyncio.to_thread(guests.stop, instance, 1.0)
            guests.close()
        await self.writer.on_worker(self.fabric.close)
        self.writer.close()

    async def _reap(self) -> None:
        """Removals that cut nothing any more are done here, twice a second, between calls.

        A server whose state folder was deleted can keep nothing any more, and nobody could stop it: it ends.
        """
        while True:
            await asyncio.sleep(0.5)
            await self.writer.on_worker(self.fabric.reap)
            if not self.options.folder.lock.exists():
                log.error("the state folder %s is gone: ending", self.options.folder.path)
                self.stop.set()

    async def report(self, instance: str, boot: int, event: Event) -> None:
        """An event of an instance, through the same writer as any call."""
        written = await self.writer.write(*SYSTEM, lambda tx: lifecycle.on_event(tx, instance, boot, event))
        self.effects.follow(written.delta)

    def _guest_ended(self, instance: str, boot: int) -> None:
        """Called on a guest watcher's thread."""
        asyncio.run_coroutine_threadsafe(self.report(instance, boot, Event.EXITED), self.loop)

    async def reset(self) -> None:
        """The empty state: guests ended, nothing allocated."""
        await self.effects.idle()
        instances = [one.id for one in self.writer.model.all(Instance)]
        if self.guests is not None:
            for instance in instances:
                await asyncio.to_thread(self.guests.terminate, instance)
        await self.writer.reset()
        await self.writer.write(*SYSTEM, add_hosts)

    def on_loop(self, work: Callable[[], Any], timeout: float = 60.0) -> Any:
        """From another thread: run a coroutine function on the loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work(), self.loop).result(timeout)


def _fabric(options: Options) -> Fabric:
    if options.fabric == "none":
        return NoFabric()
    from atoll.fabric.kernel import KernelFabric  # not needed, nor its netlink, without a network

    return KernelFabric(options.folder.world)


def _web_settings(endpoint: Endpoint) -> uvicorn.Config:
    return uvicorn.Config(
        endpoint,
        http="httptools",
        loop="asyncio",
        lifespan="off",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=2,
    )


async def _serve_without_signals(web: uvicorn.Server, api: socket.socket) -> None:
    """uvicorn would take SIGTERM for itself; ours ends more than the web server."""
    await web._serve([api])
