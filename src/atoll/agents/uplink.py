"""The uplink: a node of Atoll's internet behind which the real internet lies, through slirp4netns.

Whoever has a way to Atoll's internet then has one to the real one, by the same routes, groups and ACLs. What comes from
inside leaves with the tool's own address, so nothing comes in. Private destinations, the host's loopback among them,
stay out of reach: on the real internet nobody has such an address. So does every address that the host has, since what
the tool sends there comes from the host itself, which its firewall lets pass.

The tool needs the host's network and the world's process ids, so that it ends with the world and not with a server:
`launcher` is forked where both are at hand, and waits for the word that the node's namespace is there.
"""

import os
import select
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from atoll.linux import netns, rtnl
from atoll.linux.netlink import ROUTE, Netlink

DEVICE = "tap0"
BLOCK, ADDRESS, GATEWAY, RESOLVER = "198.51.100.0/24", "198.51.100.100", "198.51.100.2", "198.51.100.3"
"""Between the node and the tool: TEST-NET-2 (RFC 5737), which nobody has. The tool answers names at RESOLVER."""

TOOL = "slirp4netns"
TUN = "/dev/net/tun"
PATIENCE = 10.0
"""Seconds that the tool has to make its device; 50 ms were seen."""

_FILTER = f"""
table ip uplink {{
  set host {{ type ipv4_addr; elements = {{ %s }}; }}
  chain out {{ type nat hook postrouting priority 100; oifname "{DEVICE}" masquerade; }}
  chain through {{
    type filter hook forward priority 0; policy drop;
    iifname "{DEVICE}" ct state established,related accept
    iifname "{DEVICE}" drop
    ip daddr {RESOLVER} accept
    ip daddr @host drop
    ip daddr {{ 0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16,
                198.51.100.0/24, 224.0.0.0/3 }} drop
    oifname "{DEVICE}" accept
  }}
}}
"""


_NOT_NEEDED = b"-"


class UplinkError(Exception):
    """There is no uplink; the message says why and what to do."""


def lacking() -> tuple[str, str]:
    """What this user lacks for an uplink, and the command that cures it; empty when nothing is."""
    if shutil.which(TOOL) is None:
        return f"{TOOL} is not installed", f"sudo apt-get install -y {TOOL}"
    if not os.access(TUN, os.R_OK | os.W_OK):
        return f"{TUN} may not be opened by you", f"sudo chmod 666 {TUN}"
    return "", ""


def check() -> None:
    """UplinkError where there can be no uplink."""
    found, cure = lacking()
    if found:
        raise UplinkError(f"--uplink: {found}: {cure}")


def command(namespace: str, ready: int) -> list[str]:
    """How the tool is started for the namespace at a path: nothing comes in, nothing of the host's loopback.

    It writes to the descriptor `ready` when its device is there.
    """
    how = [f"--ready-fd={ready}", "--netns-type=path", f"--cidr={BLOCK}", "--disable-host-loopback", "--mtu=1500"]
    return [TOOL, *how, namespace, DEVICE]


class Launcher:
    """A process that waits to become the tool. Make it in the host's network and the world's other namespaces."""

    def __init__(self) -> None:
        with Netlink(ROUTE) as netlink:
            self.host = {"127.0.0.1", *(one.ip for one in rtnl.addresses(netlink))}
        """The host's addresses."""
        waiting, self._word = os.pipe()
        self._up, ready = os.pipe()
        middle = os.fork()
        if middle == 0:
            try:
                # The keeper's child, as its parent ends: a child of the outer process that nobody waits for would keep
                # the world from ending.
                if os.fork() == 0:
                    os.close(self._word)
                    os.close(self._up)
                    _become(waiting, ready)
            finally:
                os._exit(0)
        os.waitpid(middle, 0)
        os.close(waiting)
        os.close(ready)

    def launch(self, namespace: Path) -> None:
        """Let it start for the namespace at that path, and wait until it is up. Once, by its maker or a child of that.

        Raises UplinkError when it ends instead, or does not come up in time.
        """
        os.write(self._word, str(namespace).encode())
        if not select.select([self._up], [], [], PATIENCE)[0] or not os.read(self._up, 1):
            raise UplinkError(f"{TOOL} did not come up. See: atoll logs")

    def dismiss(self) -> None:
        """It is not needed: it ends. It also ends when all who could tell it something have ended."""
        os.write(self._word, _NOT_NEEDED)


def _become(waiting: int, ready: int) -> None:
    try:
        namespace = os.read(waiting, 4096)
        if namespace and namespace != _NOT_NEEDED:
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            os.set_inheritable(ready, True)
            os.execvp(TOOL, command(namespace.decode(), ready))
    finally:
        os._exit(1)


def connect(namespace: Path, launcher: Launcher, inward: Iterable[str], gateway: str) -> None:
    """Make the node at `namespace` the uplink; what an earlier server left is used again.

    `inward`: the blocks that lie inside, behind `gateway`.

    Raises UplinkError when the tool does not come up. Blocking.
    """
    with netns.call(namespace, lambda: Netlink(ROUTE)) as netlink:
        _filter(namespace, launcher.host)
        if DEVICE in {link.name for link in rtnl.links(netlink)}:
            launcher.dismiss()
            return
        netns.call(namespace, lambda: netns.set_sysctls({"ipv4/ip_forward": "1", "ipv4/conf/all/rp_filter": "0"}))
        launcher.launch(namespace)
        links = {link.name: link.number for link in rtnl.links(netlink)}
        device = links[DEVICE]
        inside = [rtnl.Route(block, link=links["eth0"], via=gateway) for block in inward]
        netlink.run(
            [
                rtnl.link_up(DEVICE),
                rtnl.add_address(rtnl.Address(device, ADDRESS, 24)),
                *(rtnl.set_route(route) for route in inside),
                rtnl.set_route(rtnl.Route("0.0.0.0/0", link=device, via=GATEWAY)),
            ]
        )


def _filter(namespace: Path, host: Iterable[str]) -> None:
    enter = ["nsenter", f"--net={namespace}", "nft", "-f", "-"]
    rules = f"flush ruleset\n{_FILTER % ', '.join(sorted(host))}"
    done = subprocess.run(enter, input=rules, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UplinkError(f"the uplink's filter was refused: {done.stderr.strip()}")
