"""Expressions of nftables rules, as small values that encode themselves.

Registers are numbered 0 to 15, four bytes each. A value that is known only when the rule is written (an interned
number) is a `Number`; everything else is bytes. What the kernel shows of a rule holds at least these attributes.
"""

import struct
from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

from atoll.linux.netlink import attribute, be32, be64, nested, text


class Number(NamedTuple):
    """A name for which a number is interned: ("table", "rtb-1")."""

    kind: str
    name: str


TIMEOUT_OBJECT = 7
"""nft's number of the type of objects that hold connection tracking's times."""

Resolve = Callable[[Number], bytes]
Value = bytes | Number


class Verdict(IntEnum):
    """Verdicts of rules and verdict maps."""

    DROP = 0
    ACCEPT = 1
    JUMP = -3
    GOTO = -4
    RETURN = -5


class Meta(IntEnum):
    """Keys of packet metadata that are used here."""

    MARK = 3
    IIFNAME = 6
    OIFNAME = 7
    NFPROTO = 15
    L4PROTO = 16
    IIFGROUP = 21
    OIFGROUP = 22


class Ct(IntEnum):
    """Keys of connection tracking that are used here."""

    STATE = 0
    DIRECTION = 1
    STATUS = 2
    MARK = 3
    PROTO_DST = 12
    ZONE = 17


class Base(IntEnum):
    """Where a payload offset counts from."""

    NETWORK = 1
    TRANSPORT = 2


class Load(NamedTuple):
    """Packet metadata into a register."""

    key: Meta
    to: int = 0

    def encode(self, _: Resolve) -> bytes:
        """See `encoded`."""
        return _expression("meta", be32(1, register(self.to)), be32(2, self.key))


class LoadCt(NamedTuple):
    """Connection tracking into a register; `direction` 0 = original, None where the key has none."""

    key: Ct
    to: int = 0
    direction: int | None = None

    def encode(self, _: Resolve) -> bytes:
        """See `encoded`."""
        way = b"" if self.direction is None else attribute(3, bytes([self.direction]))
        return _expression("ct", be32(1, register(self.to)), be32(2, self.key), way)


class LoadPacket(NamedTuple):
    """Bytes of the packet into a register."""

    base: Base
    offset: int
    length: int
    to: int = 0

    def encode(self, _: Resolve) -> bytes:
        """See `encoded`."""
        return _expression(
            "payload", be32(1, register(self.to)), be32(2, self.base), be32(3, self.offset), be32(4, self.length)
        )


class LoadRoute(NamedTuple):
    """The name of the interface to which destination and mark would be routed, 16 bytes into a register.

    `source`: to which the source would be routed, by the main table unless `marked`; empty for an address of the
    namespace's own.
    """

    to: int = 0
    source: bool = False
    marked: bool = False

    def encode(self, _: Resolve) -> bytes:
        """See `encoded`."""
        asked = (1 if self.source else 2) | (4 if self.marked or not self.source else 0)
        return _expression("fib", be32(1, register(self.to)), be32(2, 2), be32(3, asked))


class Set(NamedTuple):
    """A value into a register."""

    value: Value
    to: int = 0

    def encode(self, resolve: Resolve) -> bytes:
        """See `encoded`."""
        value = nested(2, attribute(1, _bytes(self.value, resolve)))
        return _expression("immediate", be32(1, register(self.to)), value)


class Mask(NamedTuple):
    """register = register & mask ^ flip."""

    mask: bytes
    flip: Value
    at: int = 0

    def encode(self, resolve: Resolve) -> bytes:
        """See `encoded`."""
        place = register(self.at)
        return _expression(
            "bitwise",
            be32(1, place),
            be32(2, place),
            be32(3, len(self.mask)),
            nested(4, attribute(1, self.mask)),
            nested(5, attribute(1, _bytes(self.flip, resolve))),
        )


class Is(NamedTuple):
    """Go on with the rule if the register holds the value (`negate`: if not)."""

    value: Value
    at: int = 0
    negate: bool = False

    def encode(self, resolve: Resolve) -> bytes:
        """See `encoded`."""
        value = nested(3, attribute(1, _bytes(self.value, resolve)))
        return _expression("cmp", be32(1, register(self.at)), be32(2, int(self.negate)), value)


class Between(NamedTuple):
    """Go on with the rule if the register lies between two values, both included (network byte order)."""

    low: bytes
    high: bytes
    at: int = 0

    def encode(self, _: Resolve) -> bytes:
        """See `encoded`."""
        ends = nested(3, attribute(1, self.low)), nested(4, attribute(1, self.high))
        return _expression("range", be32(1, register(self.at)), be32(2, 0), *ends)


class Lookup(NamedTuple):
    """Go on if the set holds the register's key (`negate`: if not). A map puts its value into register `to`."""

    set: str
    at: int = 0
    to: int | None = None
    negate: bool = False

    def encode(self, _: Resolve) -> bytes:
        """See `encoded`."""
        value = b"" if self.to is None else be32(3, register(self.to))
        return _expression("lookup", text(1, self.set), be32(2, register(self.at)), value, be32(5, int(self.negate)))


class LookupVerdict(NamedTuple):
    """Do what the verdict map says for the register's key; go on if it holds no such key."""

    set: str
    at: int = 0

    def encode(self, _: Resolve) -> bytes:
        """See `encoded`."""
        return _expression("lookup", text(1, self.set), be32(2, register(self.at)), be32(3, 0), be32(5, 0))


class SetMark(NamedTuple):
    """The packet's mark from a register."""

    at: int = 0

    def encode(self, _: Resolve) -> bytes:
        """See `encoded`."""
        return _expression("meta", be32(2, Meta.MARK), be32(3, register(self.at)))


class SetCt(NamedTuple):
    """The connection's mark, or the packet's zone, from a register."""

    key: Ct
    at: int = 0

    def encode(self, _: Resolve) -> bytes:
        """See `encoded`."""
        return _expression("ct", be32(2, self.key), be32(4, register(self.at)))


class Translate(NamedTuple):
    """Source (0) or destination (1) translation of IPv4 to the address in a register.

    `ports`: the registers of the lowest and of the highest port that it may get; its own is kept where that is one.
    """

    kind: int
    at: int = 0
    ports: tuple[int, int] | None = None

    def encode(self, _: Resolve) -> bytes:
        """See `encoded`."""
        place = register(self.at)
        ports = b"".join(be32(5 + number, register(at)) for number, at in enumerate(self.ports or ()))
        return _expression("nat", be32(1, self.kind), be32(2, 2), be32(3, place), be32(4, place), ports)


class Hash(NamedTuple):
    """A number below `modulus` from so many bytes of registers, the same for the same bytes."""

    length: int
    modulus: int
    at: int = 0
    to: int = 0

    def encode(self, _: Resolve) -> bytes:
        """See `encoded`."""
        places = be32(1, register(self.at)), be32(2, register(self.to))
        return _expression("hash", *places, be32(3, self.length), be32(4, self.modulus), be32(5, 1), be32(7, 0))


class MoreThan(NamedTuple):
    """Go on with the rule if more connections than `most`, this one included, have the key in the registers.

    `set`: a dynamic one, in which the kernel counts them.
    """

    set: str
    most: int
    at: int = 0

    def encode(self, _: Resolve) -> bytes:
        """See `encoded`."""
        limit = text(1, "connlimit") + nested(2, be32(1, self.most), be32(2, 1))
        return _expression("dynset", text(1, self.set), be32(3, 0), be32(4, register(self.at)), nested(7, limit))


class Faster(NamedTuple):
    """Go on with the rule if more packets than `rate` a second have the key in the registers, `rate` saved at most.

    `set`: a dynamic one, in which the kernel counts them.
    """

    set: str
    rate: int
    at: int = 0

    def encode(self, _: Resolve) -> bytes:
        """See `encoded`."""
        inverted = 1
        rate = be64(1, self.rate), be64(2, 1), be32(3, self.rate), be32(4, 0), be32(5, inverted)
        counted = nested(7, text(1, "limit") + nested(2, *rate))
        return _expression("dynset", text(1, self.set), be32(3, 1), be32(4, register(self.at)), counted)


class Remember(NamedTuple):
    """Put the key in the registers into a dynamic set, where it stays."""

    set: str
    at: int = 0

    def encode(self, _: Resolve) -> bytes:
        """See `encoded`."""
        return _expression("dynset", text(1, self.set), be32(3, 0), be32(4, register(self.at)))


class SetTimeout(NamedTuple):
    """A connection that is not confirmed yet, of the protocol of that timeout object, gets its times."""

    name: str

    def encode(self, _: Resolve) -> bytes:
        """See `encoded`."""
        return _expression("objref", be32(1, TIMEOUT_OBJECT), text(2, self.name))


class Reset(NamedTuple):
    """Answer with a TCP reset in the name of the destination, and drop the packet."""

    def encode(self, _: Resolve) -> bytes:
        """See `encoded`."""
        return _expression("reject", be32(1, 1))


class Do(NamedTuple):
    """End the rule with a verdict."""

    verdict: Verdict
    chain: str = ""

    def encode(self, _: Resolve) -> bytes:
        """See `encoded`."""
        return _expression("immediate", be32(1, 0), nested(2, verdict_data(self.verdict, self.chain)))


Expression = (
    Load
    | LoadCt
    | LoadPacket
    | LoadRoute
    | Set
    | Mask
    | Is
    | Between
    | Lookup
    | LookupVerdict
    | SetMark
    | SetCt
    | Translate
    | Hash
    | MoreThan
    | Faster
    | Remember
    | SetTimeout
    | Reset
    | Do
)


def encoded(expressions: tuple[Expression, ...], resolve: Resolve) -> bytes:
    """The attributes of a rule's expression list; `resolve` gives the bytes of interned numbers."""
    return b"".join(nested(1, expression.encode(resolve)) for expression in expressions)


def verdict_data(verdict: Verdict, chain: str = "") -> bytes:
    """A verdict as data of a rule or of a verdict map."""
    return nested(2, be32(1, verdict), text(2, chain) if chain else b"")


def register(number: int) -> int:
    """The kernel's number of a four-byte register; it names aligned ones as 16-byte registers when it lists them."""
    return 1 + number // 4 if number % 4 == 0 else 8 + number


def host32(number: int) -> bytes:
    """Marks and groups lie in registers in the machine's own byte order."""
    return struct.pack("=I", number)


def _bytes(value: Value, resolve: Resolve) -> bytes:
    return resolve(value) if isinstance(value, Number) else value


def _expression(name: str, *attributes: bytes) -> bytes:
    return text(1, name) + nested(2, *attributes)
