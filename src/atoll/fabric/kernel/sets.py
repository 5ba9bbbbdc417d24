"""The shapes of a router's sets and maps, and those that every router has."""

from atoll.linux.nft.wire import SetShape

FIELDS: dict[str, tuple[int, int]] = {
    "interface": (16, 41),
    "ip": (4, 7),
    "protocol": (1, 12),
    "port": (2, 13),
    "segment": (4, 19),
    "class": (4, 19),
    "group": (4, 19),
    "slot": (4, 19),
    "table": (4, 19),
}
"""A field's length in bytes and nft's number for its type: 41 interface name, 7 IPv4, 12 protocol, 13 port, 19 mark."""


def _value(fields: str) -> tuple[int, int]:
    """Length and type of a map's value: its fields together, each in whole registers, as a key's are."""
    length = kind = 0
    for field in fields.split():
        kind = kind << 6 | FIELDS[field][1]
        length += FIELDS[field][0] + (-FIELDS[field][0] % 4 if " " in fields else 0)
    return length, kind


def _shape(*fields: str, ranges: bool, value: str, verdicts: bool, dynamic: bool, outlives: int) -> SetShape:
    length, kind = _value(value)
    lengths, types = zip(*(FIELDS[field] for field in fields), strict=True)
    return SetShape(lengths, types, ranges, length, kind, verdicts, dynamic, outlives)


SHAPE_FIELDS: dict[str, tuple[str, ...]] = {
    "interface": ("interface",),
    "interface-ip": ("interface", "ip"),
    "interface-verdict": ("interface",),
    "interface-ip-ip": ("interface", "ip"),
    "interface-ip-verdict": ("interface", "ip"),
    "segment-verdict": ("segment",),
    "segment-segment": ("segment", "segment"),
    "class": ("class",),
    "class-slot-group": ("class", "slot"),
    "group-verdict": ("group",),
    "address-box": ("ip", "protocol", "port"),
    "box": ("protocol", "port"),
    "address": ("ip",),
    "slot-ip": ("slot",),
    "busy": ("ip", "ip", "protocol", "port"),
    "service": ("ip", "protocol", "port"),
    "asking": ("interface",),
    "served": ("ip", "protocol", "port"),
    "interface-table": ("interface",),
    "address-verdict": ("ip",),
    "listener": ("protocol", "port"),
    "listener-verdict": ("protocol", "port"),
    "target": ("ip", "protocol", "port", "port"),
    "slot-target": ("slot",),
}
"""The fields of each shape's key, in register order."""

VALUE_FIELDS: dict[str, str] = {
    "interface-ip-ip": "ip",
    "slot-ip": "ip",
    "class-slot-group": "group",
    "interface-table": "table",
    "slot-target": "ip port",
}
"""What a map's value is; shapes that end in "verdict" hold verdicts, the others are sets."""

DYNAMIC = {"busy": 0, "asking": 60, "served": 0}
"""Shapes of sets, and sets, whose elements the kernel makes while packets pass; seconds that they outlive their use, 0
where they end by themselves or stay."""

SHAPES: dict[str, SetShape] = {
    name: _shape(
        *fields,
        ranges=name.endswith("box"),
        value=VALUE_FIELDS.get(name, ""),
        verdicts=name.endswith("verdict"),
        dynamic=name in DYNAMIC,
        outlives=DYNAMIC.get(name, 0),
    )
    for name, fields in SHAPE_FIELDS.items()
}

STATIC_SETS = {
    "own": "interface-ip",  # what a port may send as, and what is its own
    "senders": "interface-ip-verdict",  # the same, to the segment's chain
    "translators": "interface",  # ports behind which a translator sends others' packets on
    "balancers": "interface",  # ports behind which a balancer sends others' packets on
    "returns": "interface-table",  # a balancer's port -> the table that leads answers back to it
    "homes": "address-verdict",  # a backend, to its segment's `home`, where the table leads through a middlebox
    "served": "served",  # what a balancer has sent something to: address, protocol, port
    "unguarded": "interface",  # ports without source/dest check
    "forwarders": "interface-verdict",  # unguarded ports, translators, balancers: where what others have sent goes
    "targets": "interface",  # guarded ports that some table names as a next hop
    "segments": "segment-verdict",  # to the chain that picks the route table, or drops while the site is down
    "within": "segment-segment",  # a segment and itself
    "leaving": "segment-verdict",  # the fence, outward
    "entering": "segment-verdict",  # the fence, inward; drop when the site is down
    "arrivals": "interface-verdict",  # links: to the chain that admits and picks the arrival table
    "departures": "interface-verdict",  # mapped links: to the chain that asks for a mapping
    "closed": "interface",  # links over which nothing may be opened from the other side
    "unmap": "interface-ip-ip",  # link, outside address -> inside address
    "remap": "interface-ip-ip",  # link, inside address -> outside address
    "boxed": "interface-ip",  # link, outside address: behind a middlebox, so the way there has a zone of its own
    "worn": "class-slot-group",  # what a class wears, one group a slot, then "end"
    "judge-out": "group-verdict",
    "judge-in": "group-verdict",
    "opens-out": "group-verdict",  # groups that open every protocol to the world, outward
    "opens-in": "group-verdict",
    "answered": "service",  # what the domain itself answers to its ports
    "asking": "asking",  # how fast each port asks for that
}
