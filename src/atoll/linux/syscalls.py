"""The few system calls that Python 3.11 does not offer, each a thin typed call through ctypes.

Every function raises OSError with the kernel's errno, naming the path where there is one. Namespaces belong
to the calling *thread*: `setns` into a user or mount namespace needs a process with one thread, network
namespaces may be entered by any thread at any time.
"""

import contextlib
import ctypes
import os
from collections.abc import Iterator
from enum import IntEnum, IntFlag

_libc = ctypes.CDLL(None, use_errno=True)


class Clone(IntFlag):
    """Namespace kinds for `unshare` and `setns` (linux/sched.h)."""

    NEWTIME = 0x00000080
    NEWNS = 0x00020000
    NEWCGROUP = 0x02000000
    NEWUTS = 0x04000000
    NEWIPC = 0x08000000
    NEWUSER = 0x10000000
    NEWPID = 0x20000000
    NEWNET = 0x40000000


class Mount(IntFlag):
    """Flags of mount(2) (linux/mount.h)."""

    NONE = 0
    RDONLY = 1
    NOSUID = 2
    NODEV = 4
    NOEXEC = 8
    REMOUNT = 32
    NOATIME = 1024
    BIND = 4096
    MOVE = 8192
    REC = 16384
    PRIVATE = 1 << 18
    SLAVE = 1 << 19
    SHARED = 1 << 20


class Umount(IntFlag):
    """Flags of umount2(2)."""

    NONE = 0
    FORCE = 1
    DETACH = 2
    NOFOLLOW = 8


class Prctl(IntEnum):
    """Options of prctl(2) that Atoll uses (linux/prctl.h)."""

    SET_PDEATHSIG = 1
    SET_DUMPABLE = 4
    SET_NAME = 15
    SET_CHILD_SUBREAPER = 36
    SET_NO_NEW_PRIVS = 38


def unshare(kinds: Clone) -> None:
    """Move the calling thread into new namespaces of these kinds."""
    _check(_libc.unshare(ctypes.c_int(kinds)))


def setns(fd: int, kinds: Clone | int = 0) -> None:
    """Move the calling thread into the namespace(s) of `fd` (/proc/PID/ns/*, or a pidfd); 0 = any kind."""
    _check(_libc.setns(ctypes.c_int(fd), ctypes.c_int(kinds)))


def mount(source: str, target: str, kind: str = "", flags: Mount = Mount.NONE, data: str = "") -> None:
    """mount(2). `data` is limited to one page by the kernel: keep overlay paths short."""
    _check(
        _libc.mount(
            os.fsencode(source),
            os.fsencode(target),
            kind.encode() or None,
            ctypes.c_ulong(flags),
            os.fsencode(data) if data else None,
        ),
        target,
    )


def umount(target: str, flags: Umount = Umount.NONE) -> None:
    """umount2(2)."""
    _check(_libc.umount2(os.fsencode(target), ctypes.c_int(flags)), target)


def pivot_root(new_root: str, put_old: str) -> None:
    """Make `new_root` (a mount point) the root of the calling process's mount namespace."""
    _check(_libc.pivot_root(os.fsencode(new_root), os.fsencode(put_old)), new_root)


def prctl(option: Prctl, argument: int = 0) -> int:
    """prctl(2) with one numeric argument."""
    return _check(_libc.prctl(ctypes.c_int(option), ctypes.c_ulong(argument), 0, 0, 0))


@contextlib.contextmanager
def inside(path: str, kind: Clone) -> Iterator[None]:
    """Run the block in the namespace at `path`, then return to the calling thread's own.

    Meant for network namespaces: the kernel lets a thread come and go between those freely.
    """
    with contextlib.ExitStack() as fds:
        home = _open(fds, f"/proc/thread-self/ns/{_PROC_NAME[kind]}")
        away = _open(fds, path)
        setns(away, kind)
        try:
            yield
        finally:
            setns(home, kind)


_PROC_NAME = {
    Clone.NEWNET: "net",
    Clone.NEWNS: "mnt",
    Clone.NEWUTS: "uts",
    Clone.NEWIPC: "ipc",
    Clone.NEWUSER: "user",
    Clone.NEWPID: "pid",
    Clone.NEWCGROUP: "cgroup",
}


def _open(fds: contextlib.ExitStack, path: str) -> int:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    fds.callback(os.close, fd)
    return fd


def _check(result: int, path: str | None = None) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)
    return result
