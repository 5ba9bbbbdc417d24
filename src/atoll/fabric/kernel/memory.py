"""New editions of a router's memory (edition.py), in step with what changes: the shell.

Sets and chains change in one transaction, and the new edition comes with it. Interfaces, routes and neighbours change
one by one, and forgetting what is tracked takes a while: meanwhile nothing is recalled or noted at all.
"""

from collections.abc import Iterator, Mapping, Sequence

from atoll.fabric.kernel import edition, names
from atoll.fabric.kernel.forget import forgetting
from atoll.fabric.kernel.numbers import Numbers
from atoll.fabric.kernel.objects import Element, Neighbour, Route, RouterAddress, TableRule, Trunk, Veth
from atoll.fabric.kernel.routers import Router, World
from atoll.linux import conntrack
from atoll.linux.netlink import Message
from atoll.linux.nft import wire
from atoll.linux.nft.expr import encoded
from atoll.records import Delta, Record

ONE_BY_ONE = (Veth, Trunk, Route, Neighbour, TableRule, RouterAddress)


def suspend(world: World, delta: Delta) -> None:
    """Before a change of this kind."""
    for domain in sorted({one for old, new in delta.values() for one in _shaken(old, new)}):
        router = world.routers.get(domain)
        if router and router.remembers and domain not in world.suspended:
            world.suspended.add(domain)
            router.filtering(list(_writing(edition.suspended(), router.numbers)))


def resume(world: World) -> None:
    """After it, with a new edition."""
    for domain in sorted(world.suspended):
        renew(world.routers[domain])
        world.suspended.discard(domain)


def renew(router: Router) -> None:
    """A new edition on its own."""
    transact(router, [])


def transact(router: Router, messages: Sequence[Message], *, suspended: bool = False) -> None:
    """One nft transaction, and with it a new edition, unless there is none to be had now."""
    if suspended or not router.remembers:
        router.filtering(messages)
        return
    if router.numbers.last_edition >= names.EDITIONS:
        _begin_anew(router)
    before = router.numbers.edition
    router.numbers.renew_edition(router.numbers.last_edition + 1)
    try:
        router.filtering([*messages, *_writing(edition.rules(), router.numbers)])
    except BaseException:
        router.numbers.edition = before  # whether the kernel has taken the other is unknown: no second one gets it
        raise


def _begin_anew(router: Router) -> None:
    """The numbers are used up. The next are known from earlier, so every note in a connection is wiped out before."""
    router.filtering(list(_writing(edition.suspended(), router.numbers)))
    noted = [one for one in conntrack.connections(router.filter) if one.mark & names.MEMORY]
    conntrack.clear_marks(router.filter, [(one, names.MEMORY) for one in noted])
    router.numbers.renew_edition(1)
    router.filtering(list(_writing(edition.rules(), router.numbers)))


def look(router: Router) -> None:
    """Whether the kernel's table remembers; if so, in an edition of ours from now on."""
    router.remembers = {name for name, _ in wire.chains(router.filter)} >= edition.rules().keys()
    renew(router)


def _writing(chains: Mapping[str, tuple[edition.Rule, ...]], numbers: Numbers) -> Iterator[Message]:
    for name, rules in chains.items():
        yield wire.flush_chain(name)
        for rule in rules:
            yield wire.add_rule(name, encoded(rule, numbers.resolve))


def _shaken(old: Record | None, new: Record | None) -> Iterator[str]:
    record = new or old
    if isinstance(record, Trunk):
        yield from (record.a, record.b)
    elif isinstance(record, ONE_BY_ONE) or (isinstance(old, Element) and forgetting(old, new)):
        yield getattr(record, "domain", "")
