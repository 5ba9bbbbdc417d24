"""Reading back: tampering is seen and healed, failures are undone, every way to a plan ends in the same state."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from atoll.fabric.contract import FabricError
from atoll.fabric.kernel import encode
from atoll.fabric.kernel.objects import Chain, Element, Route
from atoll.linux import netns, rtnl
from atoll.linux.netlink import NETFILTER, ROUTE, Netlink
from atoll.linux.nft import wire
from atoll.records import Table
from tests.kernel.fabric_lab import FabricLab, fabric_lab, private_world
from tests.support.random_plans import random_plan
from tests.unit.lagoon import IN, rule
from tests.unit.lagoon import lab as lagoon

pytestmark = pytest.mark.kernel


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[FabricLab]:
    with fabric_lab(tmp_path / "world", lagoon()) as made:
        yield made


def outside_nft(lab: FabricLab, *messages: object) -> None:
    """As somebody else with root would do it, through a socket of their own."""
    path = lab.fabric.router("vpc-1")
    assert path is not None
    with netns.call(path, lambda: Netlink(NETFILTER)) as netlink:
        wire.transaction(netlink, messages)  # type: ignore[arg-type]


def outside_route(lab: FabricLab, *messages: object) -> None:
    path = lab.fabric.router("vpc-1")
    assert path is not None
    with netns.call(path, lambda: Netlink(ROUTE)) as netlink:
        netlink.run(messages)  # type: ignore[arg-type]


def find(lab: FabricLab, kind: type, **fields: str) -> object:
    for record in lab.fabric.applied.records.values():
        if isinstance(record, kind) and all(str(getattr(record, name)) == value for name, value in fields.items()):
            return record
    raise AssertionError(f"no {kind.__name__} with {fields}")


def test_a_missing_element_is_seen_and_repaired(lab: FabricLab) -> None:
    record = find(lab, Element, set="sg-web/in4-open")
    assert isinstance(record, Element)
    numbers = lab.fabric._world.routers["vpc-1"].numbers
    outside_nft(lab, *wire.delete_elements(record.set, [encode.element(record, numbers)]))
    assert lab.fabric.observe() == ["missing element vpc-1 sg-web/in4-open 6-6 80-80"]
    lab.fabric.repair()
    assert lab.fabric.observe() == []
    assert lab.tcp("client", "198.18.0.7", 80).value == "refused"


def test_a_flipped_route_and_an_extra_one_are_seen(lab: FabricLab) -> None:
    record = find(lab, Route, table="rtb-pub", prefix="0.0.0.0/0", metric="0")
    assert isinstance(record, Route)
    numbers = lab.fabric._world.routers["vpc-1"].numbers
    flipped = encode.route(record, numbers)._replace(kind=rtnl.Kind.BLACKHOLE, link=0, via="")
    extra = rtnl.Route("10.7.0.0/16", rtnl.Kind.BLACKHOLE)
    outside_route(lab, rtnl.set_route(flipped), rtnl.set_route(extra))
    found = lab.fabric.observe()
    assert len(found) == 2
    assert found[0].startswith("different kernel-route vpc-1 rtb-pub 0.0.0.0/0 0")
    assert found[1].startswith("extra route vpc-1")
    lab.fabric.repair()
    assert lab.fabric.observe() == []


def test_a_changed_rule_a_set_and_a_table_of_somebody_are_seen(lab: FabricLab) -> None:
    record = find(lab, Chain, name="ends")
    assert isinstance(record, Chain)
    outside_nft(lab, wire.add_rule("ends", b""), wire.new_set("mine", wire.SetShape((4,), (7,)), 1))
    found = lab.fabric.observe()
    extra_rule = f"extra chain vpc-1 ends rule {len(record.rules)}"
    assert [line.split(":")[0] for line in found] == [extra_rule, "extra set vpc-1 mine"]
    lab.fabric.repair()
    assert lab.fabric.observe() == []


def test_a_refused_change_is_undone(lab: FabricLab) -> None:
    """Somebody has made an element that the change will make: the kernel refuses the whole transaction."""
    new = rule("sgr-9", "sg-web", IN, protocol=6, ports=(90, 90))
    key = bytes((6, 0, 0, 0)) + (90).to_bytes(2, "big") + b"\0\0"
    outside_nft(lab, *wire.add_elements("sg-web/in4-open", [wire.Element(key, key)]))
    before = lab.fabric.dump()
    with pytest.raises(FabricError, match="undone"):
        lab.put(new, rule("sgr-10", "sg-db", IN, "10.0.9.0/24"))
    assert lab.fabric.dump() == before
    outside_nft(lab, *wire.delete_elements("sg-web/in4-open", [wire.Element(key, key)]))
    lab.put(new)
    assert lab.fabric.observe() == []


def test_every_way_to_a_plan_ends_in_the_same_kernel_state(tmp_path: Path) -> None:
    seed = random.Random(7)
    plans = [Table(random_plan(seed)) for _ in range(8)] + [Table()]
    jumps = [seed.choice(plans) for _ in range(16)] + plans
    with private_world(tmp_path / "worlds") as folder:
        fresh = {}
        for number, one in enumerate(plans):
            place = folder / str(number)
            place.mkdir()
            lab = FabricLab(place)
            lab.become(one)
            assert lab.fabric.observe() == []
            fresh[id(one)] = lab.fabric.dump()
            lab.close()
        place = folder / "jumping"
        place.mkdir()
        lab = FabricLab(place)
        try:
            for one in jumps:
                lab.become(one)
                assert lab.fabric.observe() == []
                lab.reap()
                assert lab.fabric.dump() == fresh[id(one)]
        finally:
            lab.close()
        assert list(place.iterdir()) == []
