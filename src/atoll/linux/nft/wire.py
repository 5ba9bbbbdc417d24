"""nftables messages: one table, its chains, sets, elements and rules, sent as one transaction."""

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from atoll.linux.netlink import (
    ACK,
    APPEND,
    CREATE,
    EXCL,
    Message,
    Netlink,
    attribute,
    attributes,
    be32,
    be64,
    nested,
    table,
    text,
)
from atoll.linux.nft.expr import TIMEOUT_OBJECT

TABLE = "atoll"
_SUBSYSTEM = 10 << 8
_NEWTABLE, _GETTABLE, _DELTABLE = 0, 1, 2
_NEWCHAIN, _GETCHAIN, _DELCHAIN = 3, 4, 5
_NEWRULE, _GETRULE, _DELRULE = 6, 7, 8
_NEWSET, _GETSET, _DELSET = 9, 10, 11
_NEWELEMENT, _GETELEMENT, _DELELEMENT = 12, 13, 14
_NEWOBJECT, _GETOBJECT, _DELOBJECT = 18, 19, 20
_BATCH_BEGIN, _BATCH_END = 16, 17
IPV4 = 2
_VERDICT_TYPE = 0xFFFFFF00
INTERVAL, MAP, TIMEOUT, DYNAMIC, CONCAT = 4, 8, 0x10, 0x20, 0x80
_MOST_DYNAMIC = 65_535
_ELEMENTS = 400  # a nested attribute holds 64 KiB


class Hook(NamedTuple):
    """Where a base chain hangs: netfilter hook, priority, chain type, and what happens at its end."""

    number: int
    priority: int
    kind: str = "filter"
    drop: bool = True


class SetShape(NamedTuple):
    """What a set holds: byte lengths of its key's fields, whether they are ranges, and a map's value.

    `types` and `value_type` are nft's own numbers of data types: the kernel ignores them, `nft list` reads them.
    """

    fields: tuple[int, ...]
    types: tuple[int, ...]
    ranges: bool = False
    value: int = 0
    value_type: int = 0
    verdicts: bool = False
    dynamic: bool = False  # rules write its elements; nobody else does
    outlives: int = 0  # seconds after its last use that such an element goes, 0 = by itself

    @property
    def key_length(self) -> int:
        """Each field takes whole registers."""
        return sum(length + (-length % 4) for length in self.fields)


class Timeout(NamedTuple):
    """Times of connections of one protocol: (number of the kernel's state, seconds); other states keep the usual."""

    protocol: int
    seconds: tuple[tuple[int, int], ...]

    @property
    def data(self) -> bytes:
        """The object's attributes."""
        times = (be32(state, seconds) for state, seconds in self.seconds)
        return attribute(1, struct.pack(">H", IPV4)) + attribute(2, bytes([self.protocol])) + nested(3, *times)

    def is_part_of(self, shown: "Timeout") -> bool:
        """Whether the kernel shows these times; it shows those of the other states as well."""
        return self.protocol == shown.protocol and set(self.seconds) <= set(shown.seconds)


class Element(NamedTuple):
    """One element: `data` is the encoded value of a map, empty in a set; `last` the upper ends, empty for points."""

    key: bytes
    last: bytes = b""
    data: bytes = b""


def _message(kind: int, flags: int, body: bytes) -> Message:
    return Message(_SUBSYSTEM | kind, flags, struct.pack(">BBH", IPV4, 0, 0) + body)


def transaction(netlink: Netlink, messages: Sequence[Message]) -> None:
    """Everything or nothing. NetlinkError names the message that the kernel refused."""
    if not messages:
        return
    frame = struct.pack(">BBH", 0, 0, 10)
    last = messages[-1]
    body = [*messages[:-1], last._replace(flags=last.flags | ACK)]
    netlink.transact([Message(_BATCH_BEGIN, 0, frame), *body, Message(_BATCH_END, 0, frame)])


def new_table() -> Message:
    """The one table of a namespace."""
    return _message(_NEWTABLE, CREATE | EXCL, text(1, TABLE))


def delete_table(family: int, name: str) -> Message:
    """A table and everything in it."""
    return _message(_DELTABLE, 0, text(1, name))._replace(body=struct.pack(">BBH", family, 0, 0) + text(1, name))


def new_chain(name: str, hook: Hook | None) -> Message:
    """A chain; with a hook it is a base chain."""
    body = text(1, TABLE) + text(3, name)
    if hook:
        body += nested(4, be32(1, hook.number), be32(2, hook.priority))
        body += be32(5, 0 if hook.drop else 1) + text(7, hook.kind)
    return _message(_NEWCHAIN, CREATE | EXCL, body)


def delete_chain(name: str) -> Message:
    """A chain that is empty and that nothing jumps to."""
    return _message(_DELCHAIN, 0, text(1, TABLE) + text(3, name))


def add_rule(chain: str, expressions: bytes) -> Message:
    """A rule at the end of a chain."""
    return _message(_NEWRULE, CREATE | APPEND, text(1, TABLE) + text(2, chain) + nested(4, expressions))


def flush_chain(name: str) -> Message:
    """Remove every rule of a chain."""
    return _message(_DELRULE, 0, text(1, TABLE) + text(2, name))


def new_set(name: str, shape: SetShape, number: int) -> Message:
    """A set or map. `number` tells it from other sets of one transaction."""
    flags = (MAP if shape.value or shape.verdicts else 0) | (INTERVAL | CONCAT if shape.ranges else 0)
    flags |= (DYNAMIC if shape.dynamic else 0) | (TIMEOUT if shape.outlives else 0)
    body = text(1, TABLE) + text(2, name) + be32(3, flags) + be32(4, _joined(shape.types)) + be32(5, shape.key_length)
    if shape.verdicts:
        body += be32(6, _VERDICT_TYPE) + be32(7, 16)
    elif shape.value:
        body += be32(6, shape.value_type) + be32(7, shape.value)
    if shape.dynamic:
        body += nested(9, be32(1, _MOST_DYNAMIC))
    if shape.outlives:
        body += be64(11, shape.outlives * 1000)
    if shape.ranges:
        body += nested(9, nested(2, *(nested(1, be32(1, length)) for length in shape.fields)))
    return _message(_NEWSET, CREATE | EXCL, body + be32(10, number))


def delete_set(name: str) -> Message:
    """A set that no rule looks into, with its elements."""
    return _message(_DELSET, 0, text(1, TABLE) + text(2, name))


def new_timeout(name: str, timeout: Timeout) -> Message:
    """A timeout object."""
    body = text(1, TABLE) + text(2, name) + be32(3, TIMEOUT_OBJECT) + nested(4, timeout.data)
    return _message(_NEWOBJECT, CREATE | EXCL, body)


def delete_timeout(name: str) -> Message:
    """A timeout object that no rule names; connections that have its times get the usual ones."""
    return _message(_DELOBJECT, 0, text(1, TABLE) + text(2, name) + be32(3, TIMEOUT_OBJECT))


def add_elements(name: str, elements: Sequence[Element]) -> Iterator[Message]:
    """Elements that are not there yet: one that is makes the transaction fail."""
    return _elements(_NEWELEMENT, CREATE | EXCL, name, elements)


def delete_elements(name: str, elements: Sequence[Element]) -> Iterator[Message]:
    """Elements that are there: one that is not makes the transaction fail."""
    return _elements(_DELELEMENT, 0, name, [element._replace(data=b"") for element in elements])


def _elements(kind: int, flags: int, name: str, elements: Sequence[Element]) -> Iterator[Message]:
    head = text(1, TABLE) + text(2, name)
    for start in range(0, len(elements), _ELEMENTS):
        chunk = elements[start : start + _ELEMENTS]
        yield _message(kind, flags, head + nested(3, *(nested(1, _element(element)) for element in chunk)))


def _element(element: Element) -> bytes:
    body = nested(1, attribute(1, element.key))
    if element.last:
        body += nested(10, attribute(1, element.last))
    return body + (nested(2, element.data) if element.data else b"")


def _joined(types: tuple[int, ...]) -> int:
    """How nft writes the type of a concatenation: six bits a field."""
    joined = 0
    for number in types:
        joined = joined << 6 | number
    return joined


def chains(netlink: Netlink) -> Iterator[tuple[str, Hook | None]]:
    """The chains of our table."""
    for found in _dump(netlink, _GETCHAIN, text(1, TABLE)):
        hook = None
        if 4 in found:
            place = table(found[4])
            hook = Hook(_be(place[1]), _signed(place[2]), _text(found[7]), _be(found[5]) == 0)
        yield _text(found[3]), hook


def rules(netlink: Netlink) -> Iterator[tuple[str, bytes]]:
    """The rules of our table in order: chain, expression list."""
    for found in _dump(netlink, _GETRULE, text(1, TABLE)):
        yield _text(found[2]), found.get(4, b"")


def sets(netlink: Netlink) -> Iterator[str]:
    """The names of our sets and maps."""
    for found in _dump(netlink, _GETSET, text(1, TABLE)):
        yield _text(found[2])


def timeouts(netlink: Netlink) -> Iterator[tuple[str, Timeout]]:
    """Our timeout objects by name, with the times of all states."""
    for found in _dump(netlink, _GETOBJECT, text(1, TABLE) + be32(3, TIMEOUT_OBJECT)):
        data = table(found[4])
        times = tuple((state, _be(seconds)) for state, seconds in attributes(data[3]))
        yield _text(found[2]), Timeout(data[2][0], times)


def elements(netlink: Netlink, name: str) -> Iterator[Element]:
    """The elements of one set."""
    for found in _dump(netlink, _GETELEMENT, text(1, TABLE) + text(2, name)):
        for _, data in attributes(found.get(3, b"")):
            parts = table(data)
            last = table(parts[10])[1] if 10 in parts else b""
            yield Element(table(parts[1])[1], last, parts.get(2, b""))


def tables(netlink: Netlink) -> Iterator[tuple[int, str]]:
    """Family and name of every table of the namespace."""
    header = struct.pack(">BBH", 0, 0, 0)
    for payload in netlink.dump(_SUBSYSTEM | _GETTABLE, header):
        yield payload[0], _text(table(payload[4:])[1])


def contains(shown: bytes, sent: bytes) -> bool:
    """Whether what the kernel shows holds every attribute that was sent, lists in the same order."""
    if shown == sent:
        return True
    ours, theirs = list(attributes(sent)), list(attributes(shown))
    if not _nests(ours, sent):
        return False
    if len({kind for kind, _ in ours}) < len(ours) or len(ours) == 1:
        return len(ours) == len(theirs) and all(
            a == b and contains(y, x) for (a, x), (b, y) in zip(ours, theirs, strict=True)
        )
    by_kind = dict(theirs)
    return all(kind in by_kind and contains(by_kind[kind], data) for kind, data in ours)


def _nests(found: list[tuple[int, bytes]], data: bytes) -> bool:
    return sum(4 + len(part) + (-len(part) % 4) for _, part in found) == len(data) and bool(found)


def _dump(netlink: Netlink, kind: int, body: bytes) -> Iterator[dict[int, bytes]]:
    header = struct.pack(">BBH", IPV4, 0, 0)
    return (table(payload[4:]) for payload in netlink.dump(_SUBSYSTEM | kind, header + body))


def _text(data: bytes) -> str:
    return data.rstrip(b"\0").decode()


def _be(data: bytes) -> int:
    return int(struct.unpack(">I", data)[0])


def _signed(data: bytes) -> int:
    return int(struct.unpack(">i", data)[0])
