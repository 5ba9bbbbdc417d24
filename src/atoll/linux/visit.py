"""A process of the user's own moves to a network of the world, and to nothing else of the world.

Its files, processes, terminal and user stay the caller's; what it starts goes with it.
"""

import fcntl
import os
from pathlib import Path

from atoll.linux.syscalls import Clone, Mount, mount, setns, unshare

NS_GET_USERNS = 0xB701
"""ioctl_ns(2): a descriptor of the user namespace that a namespace belongs to."""

RESOLVERS = Path("/etc/resolv.conf")


def visit(network: int) -> None:
    """Move this process, which must have one thread, to the network namespace behind the descriptor.

    Root may go there straight away. An ordinary user may where the world is the user's own: by way of its user
    namespace, as root in it, and then on to a user namespace inside, in which the user has the same ids as outside and
    no power over the world. PermissionError where it is somebody else's world.
    """
    try:
        setns(network, Clone.NEWNET)
    except PermissionError:
        _by_way_of_its_owner(network)


def _by_way_of_its_owner(network: int) -> None:
    user, group = os.geteuid(), os.getegid()
    owner = fcntl.ioctl(network, NS_GET_USERNS)
    try:
        setns(owner, Clone.NEWUSER)
    finally:
        os.close(owner)
    setns(network, Clone.NEWNET)
    inner_user, inner_group = os.geteuid(), os.getegid()
    unshare(Clone.NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")  # without it the kernel refuses the map of groups
    Path("/proc/self/uid_map").write_text(f"{user} {inner_user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {inner_group} 1")


def ask_instead(resolvers: Path) -> None:
    """After `visit`: let this process ask the name servers in that file, since the caller's cannot be reached.

    Where there is no /etc/resolv.conf the C library asks the loopback's, and names fail at once. The mounts that this
    process sees are a copy from now on: what is mounted outside later is seen here too, what is mounted here is not
    seen outside.
    """
    if not RESOLVERS.exists():
        return
    unshare(Clone.NEWNS)
    mount("none", "/", flags=Mount.REC | Mount.SLAVE)
    mount(str(resolvers), str(RESOLVERS.resolve()), flags=Mount.BIND)
