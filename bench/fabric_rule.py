"""One rule, from plan rows to packets that obey, against the number of ENIs in the VPC. A slope is a bug.

python -m bench.fabric_rule [ENIS ...]      as root; everything happens in a private network namespace
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from atoll.packet import UDP
from atoll.plan.rows import Address, Node, NodeKind, Port, Row, Rule, Wearing
from atoll.records import Table
from tests.kernel.fabric_lab import FabricLab, private_world
from tests.unit.lagoon import IN, OUT, group, guest, rule, world

PORTS_PER_NODE = 15
REPEAT = 300


def plan(enis: int) -> list[Row]:
    """a and b in subnet pub, and so many more ENIs in the same group, fifteen to a node."""
    rows = [
        *world(),
        group("sg-a"),
        group("sg-b"),
        rule("a-out", "sg-a", OUT),
        rule("b-out", "sg-b", OUT),
        rule("b-canary", "sg-b", IN, "10.0.0.0/16", UDP, (9, 9)),
        *(rule(f"b-{n}", "sg-b", IN, f"10.0.{n}.0/24", UDP, (100, 200 + n)) for n in range(10)),
        *guest("a", "pub", "10.0.1.5", ["sg-a"]),
        *guest("b", "pub", "10.0.1.6", ["sg-b"]),
    ]
    rows += [Node(id=f"n-{n}", site="az-a", kind=NodeKind.GUEST) for n in range(-(-enis // PORTS_PER_NODE))]
    for number in range(enis - 2):
        ip = f"10.0.{number // 250 + 10}.{number % 250 + 2}"
        name = f"e-{number}"
        rows += [
            Port(
                id=name,
                segment="pub",
                mac=f"02:01:00:00:{number >> 8:02x}:{number & 255:02x}",
                node=f"n-{number // PORTS_PER_NODE}",
                index=number % PORTS_PER_NODE,
            ),
            Address(domain="vpc-1", ip=ip, port=name, primary=True),
            Wearing(port=name, slot=0, filter="sg-b"),
        ]
    return rows


RULES = {
    "apart from the group's other rules": rule("b-new", "sg-b", IN, "10.0.0.0/16", UDP, (7, 7)),
    "across ten of them": rule("b-new", "sg-b", IN, "10.0.0.0/12", UDP, (7, 150)),
}


def measure(enis: int, folder: Path) -> None:
    folder.mkdir()
    lab = FabricLab(folder)
    try:
        start = time.perf_counter()
        lab.become(Table(plan(enis)))
        built = time.perf_counter() - start
        for name, opened in RULES.items():
            cells = [f"{enis:>7}", f"{built:>8.2f} s", *repeat(lab, opened), f"  {name}"]
            print("  ".join(cells), flush=True)
    finally:
        lab.close()


def repeat(lab: FabricLab, opened: Rule) -> list[str]:
    receiver, sender = lab.udp("b", 7), lab.udp("a")
    adds, packets, removals = [], [], []
    for number in range(REPEAT):
        start = time.perf_counter()
        lab.fabric.apply({opened.key: (None, opened)})
        added = time.perf_counter()
        sender.send(b"%d" % number, "10.0.1.6", 7)
        arrived = receiver.receive()
        obeyed = time.perf_counter()
        lab.fabric.apply({opened.key: (opened, None)})
        removed = time.perf_counter()
        assert arrived is not None
        assert arrived.data == b"%d" % number
        adds.append(added - start)
        packets.append(obeyed - start)
        removals.append(removed - obeyed)
    return [cell(values) for values in (adds, packets, removals)]


def cell(values: list[float]) -> str:
    ordered = sorted(values)
    return f"{statistics.median(values) * 1e3:>7.3f} / {ordered[-1 - len(ordered) // 100] * 1e3:>6.3f} ms"


def main() -> None:
    sizes = [int(word) for word in sys.argv[1:]] or [10, 100, 1_000]
    print("   ENIs       build   add, p50 / p99      add to packet        remove")
    with tempfile.TemporaryDirectory() as name, private_world(Path(name) / "world") as folder:
        for size in sizes:
            measure(size, folder / str(size))


if __name__ == "__main__":
    main()
