"""Network namespaces kept alive by a bind mount on a file, as `ip netns` does."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from atoll.linux.mounts import bind, unmount
from atoll.linux.netlink import ROUTE, Netlink
from atoll.linux.rtnl import link_up
from atoll.linux.syscalls import Clone, inside, setns, unshare

T = TypeVar("T")


def create(path: Path, sysctls: Mapping[str, str]) -> None:
    """A new namespace at `path`, its loopback up and these /proc/sys/net values set ("ipv4/ip_forward": "1").

    It is bound last: a namespace that `is_one` finds is whole, even if its maker was killed.
    """
    path.touch()
    try:
        with _home():
            unshare(Clone.NEWNET)
            set_sysctls(sysctls)
            with Netlink(ROUTE) as netlink:
                netlink.run([link_up("lo")])
            bind(Path("/proc/thread-self/ns/net"), path)
    except BaseException:
        delete(path)
        raise


def delete(path: Path) -> None:
    """Let go of the namespace at `path`; it ends when nothing else holds it. Not an error when it is gone."""
    unmount(path)
    path.unlink(missing_ok=True)


def is_one(path: Path) -> bool:
    """Whether a namespace is mounted at `path`: not when it is gone, nor when making it broke off before the mount."""
    try:
        return path.stat().st_dev != path.parent.stat().st_dev
    except FileNotFoundError:
        return False


def call(path: Path, function: Callable[[], T]) -> T:
    """Run `function` in the namespace, and come back."""
    with inside(str(path), Clone.NEWNET):
        return function()


def set_sysctls(values: Mapping[str, str]) -> None:
    """Write /proc/sys/net values of the namespace that the thread is in."""
    for name, value in values.items():
        Path("/proc/sys/net", name).write_text(value)


@contextlib.contextmanager
def _home() -> Iterator[None]:
    """Bring the thread back to where it was, whatever happens inside."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield
    finally:
        setns(home, Clone.NEWNET)
        os.close(home)
