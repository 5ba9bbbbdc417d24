"""The nft part of a delta as one transaction of a router: pure, so that its order can be tested.

Order inside: elements go, changed chains are emptied, sets, timeouts and chains come, rules come, chains, sets and
timeouts go, elements come. So nothing is removed while something refers to it, and nothing refers to what is not
there yet.
"""

from collections.abc import Iterator

from atoll.fabric.kernel import encode, sets
from atoll.fabric.kernel.numbers import Numbers
from atoll.fabric.kernel.objects import Chain, Element, Set, Timeout
from atoll.linux.netlink import Message
from atoll.linux.nft import wire
from atoll.records import Record

Entry = tuple[Record | None, Record | None]


def is_late(old: Record | None, new: Record | None) -> bool:
    """Whether a removal waits until interfaces have left their old class: nobody may be caught without groups."""
    return isinstance(old, Element) and new is None and old.shape in ("class", "class-slot-group")


def messages(entries: list[Entry], numbers: Numbers) -> list[Message]:
    """Everything of one router in one transaction."""
    gone_sets = {old.name for old, new in entries if isinstance(old, Set) and new is None}
    return [
        *_elements(entries, numbers, gone_sets, added=False),
        *_chains_and_sets(entries, numbers, gone_sets),
        *_elements(entries, numbers, gone_sets, added=True),
    ]


def _chains_and_sets(entries: list[Entry], numbers: Numbers, gone_sets: set[str]) -> Iterator[Message]:
    old_chains = {old.name: old for old, _ in entries if isinstance(old, Chain)}
    new_chains = {new.name: new for _, new in entries if isinstance(new, Chain)}
    new_sets = [new for old, new in entries if isinstance(new, Set) and old is None]
    yield from (wire.flush_chain(name) for name in old_chains)
    yield from (wire.new_set(one.name, sets.SHAPES[one.shape], n + 1) for n, one in enumerate(new_sets))
    yield from (wire.new_timeout(new.name, new.times) for old, new in entries if isinstance(new, Timeout) and not old)
    yield from (wire.new_chain(name, one.hook) for name, one in new_chains.items() if name not in old_chains)
    for name, one in new_chains.items():
        yield from (wire.add_rule(name, rule) for rule in encode.rules(one, numbers))
    yield from (wire.delete_chain(name) for name in old_chains if name not in new_chains)
    yield from (wire.delete_set(name) for name in sorted(gone_sets))
    yield from (wire.delete_timeout(old.name) for old, new in entries if isinstance(old, Timeout) and not new)


def _elements(entries: list[Entry], numbers: Numbers, gone_sets: set[str], *, added: bool) -> Iterator[Message]:
    """A changed element goes and comes; one whose reasons alone changed stays. Sets that go take theirs along."""
    by_set: dict[str, list[wire.Element]] = {}
    for old, new in entries:
        record, other = (new, old) if added else (old, new)
        if not isinstance(record, Element) or record.set in gone_sets:
            continue
        if isinstance(other, Element) and other.value == record.value:
            continue
        by_set.setdefault(record.set, []).append(encode.element(record, numbers))
    for name, elements in by_set.items():
        yield from wire.add_elements(name, elements) if added else wire.delete_elements(name, elements)
