"""The control socket: what the command line asks of the running server, one thread a connection."""

import logging
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from atoll.app import images, reviewing, zones
from atoll.app.hosts import ensure_host
from atoll.app.names import find_instance
from atoll.app.tracing import trace
from atoll.app.verifying import verify_file, write_case
from atoll.compile.internet import host_id
from atoll.guest.errors import GuestError
from atoll.linux.process import run_for
from atoll.local import control
from atoll.model.kinds import KINDS, Vpc
from atoll.plan.dump import dump
from atoll.plan.rows import INTERNET
from atoll.review import states

if TYPE_CHECKING:
    from atoll.app.server import Server

log = logging.getLogger(__name__)

_ASKING = """
names=$1; shift
! [ -e /etc/resolv.conf ] || mount --bind "$names" /etc/resolv.conf
command -v -- "$1" >/dev/null || { echo "atoll: $1: not found" >&2; exit 127; }
exec "$@"
"""
"""How a command asks Atoll's internet for names, and not who is asked outside: in mounts of its own."""

Request = dict[str, Any]
Fds = list[int]


class Call(NamedTuple):
    """One request, the descriptors that came with it, and the connection: readable when the caller has gone away."""

    request: Request
    fds: Fds
    caller: int


class Control:
    """Accepts on the control socket until closed."""

    def __init__(self, server: "Server", listener: socket.socket) -> None:
        self._server = server
        self._listener = listener
        self._deeds: dict[str, Callable[[Call], Any]] = {
            "status": self._status,
            "down": self._down,
            "reset": self._reset,
            "exec": self._exec,
            "internet": self._internet,
            "run": self._run,
            "trace": self._trace,
            "reach": lambda call: reviewing.reach(server, call.request, call.caller),
            "exposure": lambda call: reviewing.exposure(server, call.request, call.caller),
            "check": lambda call: reviewing.check(server, call.request, call.caller),
            "verify": lambda call: verify_file(server, call.request, call.caller),
            "suppose": lambda call: write_case(server, call.request, call.fds[0], call.caller),
            "save": self._save,
            "blocks": self._blocks,
            "image-add": lambda call: images.add(server, call.request, call.fds[0]),
            "image-list": lambda _call: images.listed(server),
            "image-remove": lambda call: images.remove(server, call.request["image"]),
            "zones": lambda _call: zones.listed(server),
            "zone-down": lambda call: zones.cut(server, call.request["zone"]),
            "zone-up": lambda call: zones.restore(server, call.request["zone"]),
            "audit": self._audit,
            "plan": self._plan,
        }

    def start(self) -> None:
        """Accept on a thread of its own."""
        threading.Thread(target=self._accept, name="control", daemon=True).start()

    def close(self) -> None:
        """Accept no more."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), name="control-call", daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        fds: Fds = []
        with connection:
            try:
                request, fds = control.receive(connection)
                deed = self._deeds.get(str(request.get("do")))
                if deed is None:
                    raise ValueError(f"this server cannot do {request.get('do')!r}: is it an older Atoll?")
                reply = {"ok": deed(Call(request, fds, connection.fileno()))}
            except (ValueError, LookupError, GuestError, OSError) as error:
                reply = {"error": str(error)}
            except Exception as error:
                log.exception("control call failed")
                reply = {"error": f"Atoll has a bug: {error}. See: atoll logs"}
            finally:
                for fd in fds:
                    os.close(fd)
            try:
                control.send(connection, reply)
            except OSError:
                log.info("the caller of a control call went away")

    def _status(self, _call: Call) -> Any:
        server = self._server
        counts = server.read(self._counts)
        return {
            "pid": server.options.pid,
            "endpoint": server.endpoint,
            "socks": server.socks,
            "fabric": server.options.fabric,
            "state": str(server.options.folder.path),
            "seconds": round(server.clock.now() - server.started),
            "zones_down": server.read(lambda: zones.down(server)),
            "unbounded": server.guests.unbounded() if server.guests else [],
            "counts": {name: count for name, count in counts.items() if count},
        }

    def _counts(self) -> dict[str, int]:
        model = self._server.writer.model
        return {kind.KIND: sum(1 for _ in model.all(kind)) for kind in KINDS if kind.PREFIX}

    def _down(self, _call: Call) -> Any:
        server = self._server
        server.loop.call_soon_threadsafe(server.stop.set)

    def _reset(self, _call: Call) -> Any:
        self._server.on_loop(self._server.reset)

    def _exec(self, call: Call) -> Any:
        server = self._server
        if server.guests is None:
            raise ValueError("This Atoll runs without a network (--fabric none): its instances are records only.")
        request = call.request
        instance = server.read(lambda: find_instance(server.writer.model, request["instance"]))
        stdin, stdout, stderr = call.fds
        return server.guests.exec(
            instance.id,
            request["command"],
            request["env"],
            (stdin, stdout, stderr),
            tty=request["tty"],
            caller=call.caller,
        )

    def _internet(self, call: Call) -> Any:
        """Run a program of the host's on an internet host; its exit status."""
        request = call.request
        namespace = self._host_namespace(request["ip"])
        stdin, stdout, stderr = call.fds
        enter = ["nsenter", f"--net={namespace}", f"--wd={request['cwd']}", "--", "unshare", "--mount"]
        names = str(self._server.options.folder.resolvers)
        command = [*enter, "sh", "-c", _ASKING, "atoll", names, *request["command"]]
        return run_for(command, (stdin, stdout, stderr), request["env"], call.caller)

    def _run(self, call: Call) -> Any:
        """Hand the network of an internet host over, with the API in it, for the caller to move there itself."""
        server = self._server
        namespace = self._host_namespace(call.request["ip"])
        endpoint = server.on_loop(lambda: server.inner_api.open(namespace))
        network = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
        try:
            with socket.socket(fileno=os.dup(call.fds[0])) as way:
                socket.send_fds(way, [b"network"], [network])
        finally:
            os.close(network)
        return {"endpoint": endpoint, "resolvers": str(server.options.folder.resolvers)}

    def _host_namespace(self, ip: str) -> Path:
        namespace = self._server.fabric.namespace(self._host(ip))
        if namespace is None:
            raise ValueError("This Atoll runs without a network (--fabric none): there is no internet here.")
        return namespace

    def _host(self, ip: str) -> str:
        """The internet host of that address, made if there is none yet; the id of its node."""
        ensure_host(self._server, ip)
        return host_id(ip)

    def _trace(self, call: Call) -> Any:
        source = call.request["source"]
        if source.startswith(f"{INTERNET}:"):
            self._host(source.removeprefix(f"{INTERNET}:"))
        return trace(self._server, call.request)

    def _save(self, call: Call) -> Any:
        """All entities, to the descriptor that came with the call."""
        entities = self._server.read(lambda: list(self._server.writer.model.records.values()))
        with open(os.dup(call.fds[0]), "wb") as file:
            file.write(states.written(entities))

    def _blocks(self, _call: Call) -> Any:
        """The address blocks of all VPCs, whoever's they are."""
        return self._server.read(
            lambda: [
                {
                    "vpc": vpc.id,
                    "name": dict(vpc.tags).get("Name", ""),
                    "account": vpc.account,
                    "region": vpc.region,
                    "default": vpc.is_default,
                    "block": str(block.prefix),
                }
                for vpc in self._server.writer.model.all(Vpc)
                for block in vpc.blocks
                if block.state == "associated"
            ]
        )

    def _audit(self, _call: Call) -> Any:
        server = self._server
        return server.on_loop(lambda: server.writer.on_worker(server.fabric.observe))

    def _plan(self, _call: Call) -> Any:
        return self._server.read(lambda: dump(self._server.writer.plan))
