"""The world: private network, mount and process-id namespaces in which everything that Atoll builds lives.

    keeper        process 1 of the world; nobody's child, so nothing ends it but `atoll down`, or the state folder's end
    outer process joins the world, waits for the server, passes signals on
      server      a child, since only children come into a process-id namespace; its orphans become the keeper's

A server that dies leaves the world as it is: packets flow, guests run, and the next server joins. As an ordinary user
the world has a user namespace as well (`userns`). The host's links, routes, firewall, mounts and processes stay as they
are: whatever happens inside is gone with the keeper.
"""

import os
import select
import signal
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from atoll.linux import keeper, mounts, userns
from atoll.linux.syscalls import Clone, Mount, Prctl, mount, prctl, setns, unshare

PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
NAMESPACES = Clone.NEWNET | Clone.NEWNS | Clone.NEWPID
PATIENCE = 30.0
"""Seconds that a new keeper has to be ready; 20 ms were seen."""


class WorldError(Exception):
    """No world can be made or joined here; the message says why and what to do."""


class World(NamedTuple):
    """A world that lives. `fresh`: it was made just now, by this process."""

    keeper: keeper.Keeper
    fresh: bool


def find_or_make(lock: Path, scratch: Path) -> World:
    """The world whose keeper holds `lock`, or a new one. Call it in a process that has one thread.

    `scratch` becomes an empty file system of the new world's own. Raises WorldError.
    """
    found = keeper.find(lock)
    if found is not None:
        return World(found, fresh=False)
    told, tell = os.pipe()
    starter = os.fork()
    if starter == 0:
        in_child(lambda: _start(lock, scratch, tell))
    os.close(tell)
    os.waitpid(starter, 0)
    with os.fdopen(told, "rb") as words:
        said = words.read().decode() if select.select([words], [], [], PATIENCE)[0] else "it did not get ready"
    made = keeper.find(lock)
    if said != _READY or made is None:
        raise WorldError(said if said and said != _READY else "the world ended before it was ready")
    return World(made, fresh=True)


def hold_signals() -> None:
    """Hold back what asks this process to end: ended while it makes a world, it would leave a keeper alone."""
    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)


def let_signals() -> None:
    """Let them come, those that came meanwhile at once."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)


def enter_user(world: World) -> None:
    """Move this process, which must have one thread, into the world's user namespace, if it has one of its own."""
    if not os.path.samefile(f"/proc/{world.keeper.pid}/ns/user", "/proc/self/ns/user"):
        setns(world.keeper.fd, Clone.NEWUSER)
        os.setgroups([])


def enter(world: World, before_the_network: Callable[[], None] = lambda: None) -> None:
    """Move this process, which must have one thread, into the world; what it forks from then on is inside wholly.

    `before_the_network` is called when all but the network is the world's.
    """
    try:
        enter_user(world)
        setns(world.keeper.fd, NAMESPACES & ~Clone.NEWNET)
        before_the_network()
        setns(world.keeper.fd, Clone.NEWNET)
    except OSError as error:
        raise WorldError(f"the world of process {world.keeper.pid} cannot be joined: {error.strerror}") from error


def run_inside(serve: Callable[[], int]) -> int:
    """Run `serve` in a child; its exit status, or -n when signal n ended it. The child ends with this process.

    Signals that ask this process to end are passed on to it.
    """
    outer = os.pidfd_open(os.getpid())
    hold_signals()  # until the handlers are set they would end this process alone
    server = os.fork()
    if server == 0:
        in_child(lambda: _serve(serve, outer))
    os.close(outer)
    return _wait_passing_signals(server)


def run(serve: Callable[[], int], lock: Path, scratch: Path) -> int:
    """Run `serve` in a world that ends with it; its exit status, 128 + n for signal n. The caller stays out."""
    world = find_or_make(lock, scratch)
    try:
        child = os.fork()
        if child == 0:
            in_child(lambda: _enter_and_run(world, serve))
        return exit_status(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    finally:
        world.keeper.end()


def _enter_and_run(world: World, serve: Callable[[], int]) -> int:
    enter(world)
    return exit_status(run_inside(serve))


def exit_status(code: int) -> int:
    """As a shell has it: 128 + n for a process that signal n ended (-n)."""
    return code if code >= 0 else 128 - code


_READY = "ready"


def _start(lock: Path, scratch: Path, tell: int) -> int:
    """Make the namespaces and leave a keeper in them, whose parent ends at once; what goes wrong is told."""
    try:
        os.setsid()
        _let_go(tell)
        if userns.needed():
            userns.enter()
        unshare(NAMESPACES)
        keeper.block()
        if os.fork() == 0:
            in_child(lambda: _keep(lock, scratch, tell))
        return 0
    except userns.NoUserNamespaceError as error:
        _tell(tell, str(error))
    except OSError as error:
        _tell(tell, f"namespaces may not be made here ({error.strerror}). Why, and the cure: atoll doctor.")
    return 1


def _keep(lock: Path, scratch: Path, tell: int) -> int:
    try:
        mounts.make_private()
        mount("proc", "/proc", "proc", Mount.NOSUID | Mount.NODEV | Mount.NOEXEC)
        mounts.tmpfs(scratch, mode=0o700)
        return keeper.keep(lock, lambda: _tell(tell, _READY))
    except OSError as error:
        _tell(tell, f"the world cannot be furnished: {error}.")
        return 1


def _tell(tell: int, words: str) -> None:
    os.write(tell, words.encode())
    os.close(tell)


def _let_go(kept: int) -> None:
    """Hold nothing of the caller's: a keeper outlives it, and an open socket or lock would live on with it."""
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))


def _serve(serve: Callable[[], int], outer: int) -> int:
    prctl(Prctl.SET_PDEATHSIG, signal.SIGKILL)
    if select.select([outer], [], [], 0)[0]:
        return 1  # the outer process ended before it could be watched
    os.close(outer)
    let_signals()
    return serve()


def in_child(action: Callable[[], int]) -> None:
    """Run and leave: a child never returns into its parent's code."""
    status = 1
    try:
        status = action()
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(status)


def _wait_passing_signals(child: int) -> int:
    """Wait for `child`; its exit status, or -n when signal n ended it."""
    for number in PASSED_ON:
        signal.signal(number, lambda received, _frame: _pass_on(child, received))
    let_signals()
    while True:
        pid, status = os.wait()
        if pid == child:
            return os.waitstatus_to_exitcode(status)


def _pass_on(child: int, number: int) -> None:
    try:
        os.kill(child, number)
    except ProcessLookupError:
        return
