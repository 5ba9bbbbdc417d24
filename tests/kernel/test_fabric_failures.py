"""Changes that break off, for whatever reason: undone, or suspect and then repaired; and removals by the batch."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from atoll.fabric.contract import FabricError, SuspectError
from atoll.fabric.kernel import reaper
from atoll.fabric.kernel.enforce import Enforcer
from atoll.linux import netns, rtnl
from atoll.linux.netlink import ROUTE, Netlink
from atoll.packet import TCP, UDP, Prefix
from atoll.plan.rows import Address, Deliver, Domain, DomainKind, Link, Port, Route, Row, Segment, ToLink, Wearing
from atoll.records import Table, inverse
from tests.kernel.fabric_lab import FabricLab, fabric_lab
from tests.unit.lagoon import IN, OUT, VPC, change, group, guest, nat, port, route, row, rule, world

pytestmark = pytest.mark.kernel


def plan() -> Table:
    """a, b and c in pub; ENI m is a's second."""
    return Table(
        [
            *world(),
            group("sg-all"),
            rule("all-in", "sg-all", IN, protocol=UDP),
            rule("all-out", "sg-all", OUT),
            *guest("a", "pub", "10.0.1.5", ["sg-all"]),
            *guest("b", "pub", "10.0.1.6", ["sg-all"]),
            *guest("c", "pub", "10.0.1.7", ["sg-all"]),
            *port("m", "i-a", 1, "pub", "10.0.1.60", ["sg-all"]),
            *nat("old", "pub", "10.0.1.90", table="rtb-priv"),
            *nat("more", "pub", "10.0.1.91"),
        ]
    )


def other() -> Table:
    """Another plan in which something of every kind comes, changes and goes: m moves to b, c loses its ENI, a
    NAT gateway takes another's place."""
    before = plan()
    rows: list[Row] = [
        Domain(id="vpc-2", kind=DomainKind.VPC),
        Segment(id="far", domain="vpc-2", site="az-a", prefix=Prefix.parse("10.9.1.0/24"), table="rtb-far"),
        route("rtb-far", "10.9.0.0/16", Deliver(), "vpc-2"),
        *guest("far", "far", "10.9.1.5", domain="vpc-2"),
        *guest("d", "pub-b", "10.0.3.9", ["sg-all", "sg-new"], site="az-b"),
        group("sg-new"),
        rule("new-in", "sg-new", IN, "10.0.1.0/24", TCP, (22, 25)),
        rule("all-in", "sg-all", IN, "10.0.0.0/16", UDP, (1, 99)),
        Address(domain=VPC, ip="10.0.1.61", port="eni-a", primary=False),
        replace(row(before, Port, "eni-m"), node="i-b"),
        *nat("new", "pub-b", "10.0.3.90", table="rtb-priv", site="az-b"),
        *nat("more", "pub", "10.0.1.91", "10.0.1.92"),
    ]
    gateway = nat("old", "pub", "10.0.1.90")
    gone: list[Row] = [row(before, Address, VPC, "10.0.1.7"), row(before, Port, "eni-c")]
    return change(before, *rows, without=[*gone, *gateway, row(before, Wearing, "eni-c", "0")])


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[FabricLab]:
    with fabric_lab(tmp_path / "world", plan()) as made:
        yield made


def break_off(monkeypatch: pytest.MonkeyPatch, step: str, *, after: bool, times: int) -> None:
    """So many calls of this step raise what no kernel raises: before they begin, or when all is done."""
    real: Callable[..., None] = getattr(Enforcer, step)
    left = iter(range(times))

    def broken(self: Enforcer, *args: object) -> None:
        failing = next(left, None) is not None
        if failing and not after:
            raise TypeError(f"{step} is broken")
        real(self, *args)
        if failing:
            raise AssertionError(f"{step} is broken")

    monkeypatch.setattr(Enforcer, step, broken)


def guest_sides(lab: FabricLab) -> dict[str, set[object]]:
    """What guests were configured with, numbers of interfaces left out."""
    sides: dict[str, set[object]] = {}
    for name in ("a", "b", "c"):
        with netns.call(lab.node(name), lambda: Netlink(ROUTE)) as netlink:
            names = {link.number: link.name for link in rtnl.links(netlink)}
            routes = [(one.prefix, names.get(one.link), one.via, one.table, one.metric) for one in rtnl.routes(netlink)]
            sides[name] = {*routes, *rtnl.rules(netlink)}
            sides[name] |= {(names[one.link], one.ip, one.length) for one in rtnl.addresses(netlink)}
    return sides


STEPS = [(step, False) for step in ("_namespaces", "_numbers", "_build", "_close", "_filter", "_open", "_clean")]
STEPS += [(step, True) for step, _ in STEPS[:-1]]
STEPS += [(step, after) for step in ("_make_veth", "_routing", "_transact", "_guests") for after in (False, True)]


@pytest.mark.parametrize(("step", "after"), STEPS)
def test_whatever_breaks_a_change_off_it_is_undone(
    lab: FabricLab, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    before, sides = lab.fabric.dump(), guest_sides(lab)
    break_off(monkeypatch, step, after=after, times=1)
    with pytest.raises(FabricError, match=f"undone: .*Error: {step} is broken"):
        lab.become(other())
    assert lab.fabric.observe() == []
    assert lab.fabric.dump() == before
    assert guest_sides(lab) == sides
    lab.delivered("c", "10.0.1.60", 200, "a")
    lab.become(other())
    assert lab.fabric.observe() == []
    lab.delivered("a", "10.0.1.60", 99, "b")


@pytest.mark.parametrize("step", ["_build", "_filter", "_open", "_clean"])
def test_a_change_that_cannot_even_be_undone_is_suspect_until_repaired(
    lab: FabricLab, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = lab.fabric.dump()
    break_off(monkeypatch, step, after=step != "_clean", times=2)
    with pytest.raises(SuspectError, match="undoing it as well") as caught:
        lab.become(other())
    assert "vpc-2" in caught.value.domains
    assert lab.fabric.observe() != []
    lab.fabric.repair()
    assert lab.fabric.observe() == []
    assert lab.fabric.dump() == before
    lab.become(other())
    assert lab.fabric.observe() == []
    lab.delivered("a", "10.0.1.60", 99, "b")


def test_a_change_whose_commit_failed_can_be_taken_back_after_a_repair(
    lab: FabricLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Applied, but not committed: taking it back fails too, so it still holds; later it is taken back after all."""
    before, sides = lab.fabric.dump(), guest_sides(lab)
    new = other()
    keys = {**lab.plan.records, **new.records}
    delta = {key: (lab.plan.find(key), new.find(key)) for key in keys if lab.plan.find(key) != new.find(key)}
    lab.fabric.apply(delta)
    applied = lab.fabric.dump()
    for times, error in ((1, FabricError), (2, SuspectError)):
        with monkeypatch.context() as patched:
            break_off(patched, "_filter", after=True, times=times)
            with pytest.raises(error):
                lab.fabric.apply(inverse(delta))
        lab.fabric.repair()
        assert lab.fabric.dump() == applied
    lab.fabric.apply(inverse(delta))
    assert lab.fabric.observe() == []
    assert lab.fabric.dump() == before
    assert guest_sides(lab) == sides
    lab.delivered("c", "10.0.1.60", 200, "a")


def test_a_link_comes_back_with_another_mtu_while_the_old_one_waits(lab: FabricLab) -> None:
    link = row(lab.plan, Link, "igw")
    arrivals = [one for one in lab.plan.records.values() if isinstance(one, Route) and one.via == ToLink("igw")]
    lab.put(without=[link, *arrivals])
    lab.put(replace(link, mtu=1500), *arrivals)
    assert lab.fabric.observe() == []
    lab.put(without=[link, *arrivals])
    lab.put(replace(link, mtu=1500), *arrivals)
    assert lab.fabric.observe() == []
    while lab.fabric.reap():
        pass
    assert lab.fabric.observe() == []


def test_removals_are_done_by_the_batch(lab: FabricLab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounded work a call; what is needed again is taken from the middle of the queue; the last call says so."""
    monkeypatch.setattr(reaper, "BATCH", 4)
    addresses = {f"n{number}": f"10.0.1.{100 + number}" for number in range(10)}
    crowd = [one for name, ip in addresses.items() for one in guest(name, "pub", ip, ["sg-all"])]
    lab.put(*crowd)
    lab.fabric.reap()
    path = lab.fabric.router(VPC)
    assert path is not None
    with netns.call(path, lambda: Netlink(ROUTE)) as netlink:

        def left() -> int:
            return len(list(rtnl.links(netlink)))

        many = left()
        lab.put(without=crowd)
        assert left() == many
        seen = []
        for _ in range(2):
            assert lab.fabric.reap()
            seen.append(many - left())
        again = guest("n9", "pub", "10.0.1.109", ["sg-all"])
        lab.put(*again)
        lab.delivered("a", "10.0.1.109", 53, "n9")
        while lab.fabric.reap():
            seen.append(many - left())
        assert seen[:2] == [4, 8]
        assert many - left() == 9
    assert not lab.fabric.reap()
    assert [lab.fabric.namespace(f"i-{name}") is not None for name in addresses] == [False] * 9 + [True]
    assert lab.fabric.observe() == []
    lab.delivered("a", "10.0.1.109", 54, "n9")
