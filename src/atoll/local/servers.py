"""A server in the background: started, waited for until it is ready, and ended. Errors are ControlError, in words."""

import fcntl
import os
import subprocess
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec

from atoll.local.control import ControlError, ask
from atoll.local.folder import StateFolder

Progress = Callable[[str], None]


class Started(NamedTuple):
    """A server that is ready: what it says of itself, and its process, whose end has to be waited for."""

    said: dict[str, Any]
    process: "subprocess.Popen[bytes]"


def start(command: list[str], where: StateFolder, progress: Progress) -> Started:
    """Start the server with this command and wait until it is ready."""
    read_end, write_end = os.pipe()
    with os.fdopen(os.open(where.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as log:
        server = subprocess.Popen(
            [*command, "--ready-fd", str(write_end)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(write_end,),
            start_new_session=True,
        )
    os.close(write_end)
    try:
        with os.fdopen(read_end, "rb") as lines:
            ready = _ready(lines, progress)
    except KeyboardInterrupt:
        server.terminate()  # else it would come up behind the back of somebody who just said no
        server.wait()
        raise
    except ControlError:
        server.wait()
        raise
    if ready is None:
        server.wait()
        raise ControlError(f"the server ended before it was ready. See: atoll logs --state {where.path}")
    return Started(ready, server)


def _ready(lines: Iterable[bytes], progress: Progress) -> dict[str, Any] | None:
    """What a server that is starting says of itself; None when it ends without a word."""
    for line in lines:
        message: dict[str, Any] = msgspec.json.decode(line)
        if "progress" in message:
            progress(message["progress"])
        elif "error" in message:
            raise ControlError(message["error"])
        else:
            return dict(message["ok"])
    return None


def end(where: StateFolder) -> None:
    """Stop the server that runs there, and wait until its world has ended."""
    ask(where.control, {"do": "down"})
    with where.lock.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the outermost process holds it until then
