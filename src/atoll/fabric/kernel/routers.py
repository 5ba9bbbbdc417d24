"""The namespaces of a world: routers with their open sockets and numbers, nodes with a path."""

from collections.abc import Sequence
from pathlib import Path

from atoll.fabric.kernel import names
from atoll.fabric.kernel.numbers import Numbers
from atoll.fabric.kernel.objects import Namespace
from atoll.linux import netns
from atoll.linux.netlink import NETFILTER, ROUTE, Message, Netlink
from atoll.linux.nft import wire

ROUTER_SYSCTLS = {
    "ipv6/conf/all/disable_ipv6": "1",
    "ipv6/conf/default/disable_ipv6": "1",
    "ipv4/ip_forward": "1",
    "ipv4/conf/all/rp_filter": "0",  # identity comes from the interface; law 1 delivers without a route back
    "ipv4/conf/default/rp_filter": "0",
    "ipv4/conf/all/accept_local": "1",  # ICMP errors of this router come back through one-armed forwarders
    "ipv4/conf/all/send_redirects": "0",
    "ipv4/conf/default/send_redirects": "0",
    "ipv4/conf/default/proxy_arp": "1",
    "ipv4/conf/all/route_localnet": "0",  # 127.0.0.0/8 is never on a wire, whatever the host allows itself
    "ipv4/conf/default/route_localnet": "0",
    "ipv4/icmp_ratelimit": "0",
    "netfilter/nf_conntrack_tcp_loose": "0",
    "netfilter/nf_conntrack_tcp_be_liberal": "1",
}
NODE_SYSCTLS = {
    # Said outright because a new namespace copies IPv4 settings from the host.
    "ipv4/ip_forward": "0",
    "ipv4/conf/all/rp_filter": "2",
    "ipv4/conf/default/rp_filter": "2",
    "ipv4/conf/all/promote_secondaries": "1",
    "ipv4/conf/default/promote_secondaries": "1",
    "ipv4/conf/all/route_localnet": "0",  # a host may have the API on its loopback
    "ipv4/conf/default/route_localnet": "0",
    "ipv4/icmp_ratelimit": "0",
}


class Router:
    """A domain's router: its namespace, one socket for routing, one for netfilter, its numbers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.numbers = Numbers()
        self.whole: set[str] = set()  # interfaces that were made to the end, so their pairs can be used again
        self.route = netns.call(path, lambda: Netlink(ROUTE))
        try:
            self.filter = netns.call(path, lambda: Netlink(NETFILTER))
        except BaseException:
            self.route.close()
            raise

    def routing(self, messages: Sequence[Message]) -> None:
        """Links, routes, rules, neighbours: one send, each message for itself."""
        if messages:
            self.route.run(messages)

    def filtering(self, messages: Sequence[Message]) -> None:
        """One nft transaction."""
        wire.transaction(self.filter, messages)

    def close(self) -> None:
        """Close the sockets."""
        self.route.close()
        self.filter.close()


class World:
    """Every namespace that the fabric made, below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.routers: dict[str, Router] = {}
        self.nodes: dict[str, Path] = {}

    def path(self, name: str) -> Path:
        """Where a namespace is mounted. Ids are AWS's; anything that cannot be a file name is replaced."""
        return self.folder / "".join(char if char.isalnum() or char in "-_." else "_" for char in name)

    def add_router(self, domain: str) -> None:
        """Make a domain's router, with an empty table."""
        path = self.path(names.router(domain))
        netns.create(path, ROUTER_SYSCTLS)
        try:
            router = Router(path)
        except BaseException:
            netns.delete(path)
            raise
        self.routers[domain] = router
        try:
            router.filtering([wire.new_table()])
        except BaseException:
            self.remove_router(domain)
            raise

    def add_node(self, node: str) -> None:
        """Make a node's namespace."""
        path = self.path(node)
        netns.create(path, NODE_SYSCTLS)
        self.nodes[node] = path

    def remove_router(self, domain: str) -> None:
        """End a router with everything in it."""
        router = self.routers.pop(domain, None)
        if router:
            router.close()
            netns.delete(router.path)

    def remove_node(self, node: str) -> None:
        """Let go of a node's namespace; it ends with the last process in it."""
        path = self.nodes.pop(node, None)
        if path:
            netns.delete(path)

    def remove(self, namespace: Namespace) -> None:
        """Either of both."""
        if namespace.router:
            self.remove_router(namespace.id.removeprefix(names.router("")))
        else:
            self.remove_node(namespace.id)

    def close(self) -> None:
        """End every namespace."""
        for domain in list(self.routers):
            self.remove_router(domain)
        for node in list(self.nodes):
            self.remove_node(node)
