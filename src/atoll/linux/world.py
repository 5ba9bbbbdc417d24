"""The world: private network, mount and process-id namespaces in which everything that Atoll builds lives.

    outer process ── waits, passes signals on
        keeper    ── process 1 of the world: reaps orphans; when it ends, the kernel ends every process of the world
            server

The host's links, routes, firewall, mounts and processes stay as they are: whatever happens inside is gone with it.
A process that has unshared its pid namespace cannot start threads, so the server is a child inside, not the caller.
"""

import os
import select
import signal
from collections.abc import Callable
from pathlib import Path

from atoll.linux import mounts
from atoll.linux.syscalls import Clone, Mount, Prctl, mount, prctl, unshare

PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
NAMESPACES = Clone.NEWNET | Clone.NEWNS | Clone.NEWPID


def try_out() -> None:
    """Make the namespaces in a child and throw them away. PermissionError where they may not be made."""
    child = os.fork()
    if child == 0:
        try:
            unshare(NAMESPACES)
        except OSError:
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        raise PermissionError("namespaces may not be made")


def run(serve: Callable[[], int], scratch: Path) -> int:
    """Make a world, run `serve` in it, and return its exit status when the world has ended.

    `scratch` becomes an empty file system of the world's own. Must be called while the process has one thread.
    Raises OSError (EPERM) where namespaces may not be made.
    """
    outer = os.pidfd_open(os.getpid())
    unshare(NAMESPACES)
    mounts.make_private()
    # Held back until the handlers are set: process 1 of a namespace loses a signal for which it has none.
    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)
    keeper = os.fork()
    if keeper == 0:
        _in_child(lambda: _keep(serve, scratch, outer))
    status = _wait_passing_signals(keeper)
    mounts.unmount(scratch)  # this process shares the mount namespace of the world, and may go on
    return status


def _keep(serve: Callable[[], int], scratch: Path, outer: int) -> int:
    prctl(Prctl.SET_PDEATHSIG, signal.SIGKILL)
    if select.select([outer], [], [], 0)[0]:
        return 1  # the outer process ended before it could be watched
    mount("proc", "/proc", "proc", Mount.NOSUID | Mount.NODEV | Mount.NOEXEC)
    mounts.tmpfs(scratch, mode=0o700)
    server = os.fork()
    if server == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
        _in_child(serve)
    return _wait_passing_signals(server)


def _in_child(action: Callable[[], int]) -> None:
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
    """Reap whatever ends, until `child` does; its status, or 128 + the signal that ended it."""
    for number in PASSED_ON:
        signal.signal(number, lambda received, _frame: _pass_on(child, received))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
    while True:
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _pass_on(child: int, number: int) -> None:
    try:
        os.kill(child, number)
    except ProcessLookupError:
        return
