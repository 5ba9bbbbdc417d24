"""The namespaces of a world: routers with their open sockets and numbers, nodes with a path."""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from atoll.fabric.kernel import guests, names
from atoll.fabric.kernel.given import Given
from atoll.fabric.kernel.numbers import Ledger, Numbers
from atoll.fabric.kernel.objects import Forwards, GuestAddress, Namespace
from atoll.linux import netns, rtnl
from atoll.linux.netlink import NETFILTER, ROUTE, Message, Netlink
from atoll.linux.nft import wire
from atoll.packet import TCP, UDP

ROUTER_SYSCTLS = {
    "ipv6/conf/all/disable_ipv6": "1",
    "ipv6/conf/default/disable_ipv6": "1",
    "ipv4/ip_forward": "1",
    "ipv4/conf/all/rp_filter": "0",  # identity comes from the interface; law 1 delivers without a route back
    "ipv4/conf/default/rp_filter": "0",
    "ipv4/conf/all/accept_local": "1",  # ICMP errors of this router come back through one-armed forwarders
    "ipv4/conf/all/send_redirects": "0",
    "ipv4/conf/default/send_redirects": "0",
    # A guest may send these itself: routers go by the plan alone.
    "ipv4/conf/all/accept_redirects": "0",
    "ipv4/conf/default/accept_redirects": "0",
    "ipv4/conf/all/accept_source_route": "0",
    "ipv4/conf/default/accept_source_route": "0",
    "ipv4/conf/default/proxy_arp": "1",
    "ipv4/conf/all/route_localnet": "0",  # 127.0.0.0/8 is never on a wire, whatever the host allows itself
    "ipv4/conf/default/route_localnet": "0",
    "ipv4/icmp_ratelimit": "0",
    "ipv4/ip_early_demux": "0",  # hardly a packet is for a socket here: none is looked for before routing
    "netfilter/nf_conntrack_tcp_loose": "0",
    "netfilter/nf_conntrack_tcp_be_liberal": "1",
    # Both ends have closed it; Linux would remember it for 120 s, and 2,200 new ones a second would fill the table.
    "netfilter/nf_conntrack_tcp_timeout_time_wait": str(names.CLOSED),
    **{f"netfilter/nf_conntrack_{name}": str(seconds) for name, seconds in names.USUAL_IDLE.items()},
}
LOCAL_AFTER_MAIN = (
    rtnl.delete_rule(rtnl.Rule(0, rtnl.LOCAL)),
    rtnl.add_rule(rtnl.Rule(0, rtnl.LOCAL, mask=names.TABLE_BITS, inverted=True)),
    rtnl.add_rule(rtnl.Rule(32766, rtnl.LOCAL)),
)
"""Policy rules: what is only delivered is looked up once, in the main table, without asking first whether it is for the
router itself. What a route table decides is asked that before, as ever."""

GIVEN = "given.addresses"
"""Where it is remembered what guests were configured with. No id of AWS's holds a dot."""

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


def _forwarding(tcp: int, other: int) -> dict[str, str]:
    """What a node that forwards is given: and for how many seconds it remembers a silent connection."""
    idle = {
        **dict.fromkeys(("established", "close_wait", "unacknowledged", "max_retrans"), tcp),
        **dict.fromkeys(("udp_timeout", "udp_timeout_stream", "icmp_timeout"), other),
    }
    usual = {name: value for name, value in ROUTER_SYSCTLS.items() if not name.endswith(("accept_local", "proxy_arp"))}
    prefixes = {name: "" if name.startswith(("udp", "icmp")) else "tcp_timeout_" for name in idle}
    return usual | {f"netfilter/nf_conntrack_{prefixes[name]}{name}": str(idle[name]) for name in idle}


FORWARDING_SYSCTLS: Mapping[Forwards, dict[str, str]] = {
    "translator": _forwarding(names.IDLE, names.IDLE),
    "balancer": _forwarding(names.BALANCED_IDLE[TCP], names.BALANCED_IDLE[UDP]),
}


class Router:
    """A domain's router: its namespace, one socket for routing, one for netfilter, its numbers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ledger = Ledger(_ledger(path))
        self.numbers = Numbers(self._ledger)
        self.whole: set[str] = set()  # interfaces that were made to the end, so their pairs can be used again
        self.remembers = False  # whether it has the chains of edition.py
        self.behind: dict[int, str] = {}  # the port, or the link, behind the interface of that number
        with contextlib.ExitStack() as opened:
            opened.callback(self._ledger.close)
            self.route = opened.enter_context(netns.call(path, lambda: Netlink(ROUTE)))
            self.filter = opened.enter_context(netns.call(path, lambda: Netlink(NETFILTER)))
            self._opened = opened.pop_all()

    def routing(self, messages: Sequence[Message]) -> None:
        """Links, routes, rules, neighbours: one send, each message for itself."""
        if messages:
            self.route.run(messages)

    def filtering(self, messages: Sequence[Message]) -> None:
        """One nft transaction."""
        wire.transaction(self.filter, messages)

    def finish(self, link: rtnl.Link) -> None:
        """A pair has been made to the end. Its alias says so to whoever takes over: it is set last."""
        self.routing([rtnl.set_alias(link.number, link.alias)])
        self.know(link)

    def know(self, link: rtnl.Link) -> None:
        """That pair is whole."""
        self.whole.add(link.name)
        self.behind[link.number] = link.alias

    def forget(self, name: str) -> None:
        """The interface of that name is gone."""
        with contextlib.suppress(KeyError):
            del self.behind[self.numbers.get("interface", name)]
        self.numbers.give_back("interface", name)
        self.whole.discard(name)

    def close(self) -> None:
        """Close sockets and ledger; the namespace goes on."""
        self._opened.close()


def _ledger(path: Path) -> Path:
    """Where a router's numbers are remembered. No id of AWS's holds a dot."""
    return path.with_name(f"{path.name}.numbers")


class World:
    """Every namespace that the fabric made, below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.routers: dict[str, Router] = {}
        self.nodes: dict[str, Path] = {}
        self.forwarders: dict[str, Router] = {}  # nodes whose inside is ours too
        self.suspended: set[str] = set()  # routers that remember nothing now (memory.py)
        self._ledger: Given | None = None

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
            self._delete_router(path)
            raise
        self.routers[domain] = router
        try:
            router.filtering([wire.new_table()])
            router.routing(LOCAL_AFTER_MAIN)
        except BaseException:
            self.remove_router(domain)
            raise

    def add_node(self, node: str, *, forwards: Forwards | None = None) -> None:
        """Make a node's namespace; that of one that forwards has an empty table."""
        path = self.path(node)
        netns.create(path, FORWARDING_SYSCTLS[forwards] if forwards else NODE_SYSCTLS)
        self.nodes[node] = path
        if not forwards:
            return
        try:
            self.forwarders[node] = Router(path)
            self.forwarders[node].filtering([wire.new_table()])
        except BaseException:
            self.remove_node(node)
            raise

    def filter_of(self, name: str) -> Router:
        """Whose table holds what is of that domain, or of that forwarding node."""
        return self.routers.get(name) or self.forwarders[name]

    def give(self, node: str, addresses: list[GuestAddress]) -> None:
        """Configure a guest with addresses, and remember it past this process's end."""
        self._given().begin(addresses)
        guests.configure(self.nodes[node], addresses)
        self._given().done(addresses)

    def take_from(self, node: str, addresses: list[GuestAddress]) -> None:
        """Take from a guest what it was given."""
        self._given().begin(addresses)
        guests.clear(self.nodes[node], addresses)
        self._given().forget(addresses)

    def _given(self) -> Given:
        """Opened when it is first needed: an empty folder is one that nobody has built in."""
        if self._ledger is None:
            self._ledger = Given(self.folder / GIVEN)
        return self._ledger

    def settle_guests(self, applied: Iterable[GuestAddress]) -> None:
        """Make guests' sides equal to what was applied, where an earlier server was killed over one of them."""
        wanted = {replace(one, powered=True): one for one in applied}
        known = self._given().known()
        gone = _by_node(one for one in known if one not in wanted)
        for node, addresses in gone.items():
            self.take_from(node, addresses)
        # Taking away may have taken what an address that stays needs as well, so its node is given all of its own.
        lacking = [one for key, one in wanted.items() if one.powered and (one.node in gone or not known.get(key))]
        for node, addresses in _by_node(lacking).items():
            self.give(node, addresses)

    def is_empty(self) -> bool:
        """Whether nobody has built anything in this folder yet."""
        return next(self.folder.iterdir(), None) is None

    def take_up(self, wanted: Iterable[Namespace]) -> list[Namespace]:
        """Know again the namespaces of an earlier server, and end those that are not wanted; those that are missing."""
        missing: list[Namespace] = []
        kept: set[Path] = {self.folder / GIVEN}
        for namespace in wanted:
            path = self.path(namespace.id)
            if not netns.is_one(path):
                missing.append(namespace)
                continue
            kept |= {path, _ledger(path)} if namespace.router or namespace.forwards else {path}
            if namespace.router:
                self.routers[namespace.id.removeprefix(names.router(""))] = Router(path)
            else:
                self.nodes[namespace.id] = path
            if namespace.forwards:
                self.forwarders[namespace.id] = Router(path)
        for path in [path for path in self.folder.iterdir() if path not in kept]:
            netns.delete(path)
        self._given().keep(self.nodes)
        return missing

    def remove_router(self, domain: str) -> None:
        """End a router with everything in it."""
        router = self.routers.pop(domain, None)
        self.suspended.discard(domain)
        if router:
            router.close()
            self._delete_router(router.path)

    def _delete_router(self, path: Path) -> None:
        netns.delete(path)
        _ledger(path).unlink(missing_ok=True)

    def remove_node(self, node: str) -> None:
        """Let go of a node's namespace; it ends with the last process in it."""
        path = self.nodes.pop(node, None)
        forwarder = self.forwarders.pop(node, None)
        if forwarder:
            forwarder.close()
            _ledger(forwarder.path).unlink(missing_ok=True)
        if path:
            self._given().forget_node(node)
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
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None
        (self.folder / GIVEN).unlink(missing_ok=True)


def _by_node(addresses: Iterable[GuestAddress]) -> dict[str, list[GuestAddress]]:
    found: dict[str, list[GuestAddress]] = {}
    for one in addresses:
        found.setdefault(one.node, []).append(one)
    return found
