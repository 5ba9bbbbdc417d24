"""A change, and a start, that break off at every one of their steps: refused by the kernel, or the server is killed."""

import contextlib
import errno
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from atoll.fabric.contract import FabricError, SuspectError
from atoll.fabric.kernel import KernelFabric
from atoll.linux import mounts, netns, rtnl
from atoll.linux.netlink import ROUTE, Message, Netlink, NetlinkError
from atoll.records import Delta, Table
from tests.kernel.fabric_lab import FabricLab, fabric_lab, private_world
from tests.kernel.test_fabric_failures import guest_sides, other, plan

pytestmark = pytest.mark.kernel

STRIDE = 7
"""Starts are tried at every so many steps, from three different first ones: each takes a world of its own."""


class Killed(BaseException):
    """SIGKILL in a test's own process: nothing is undone after it."""


class Steps:
    """Counts what reaches the kernel, message by message, and raises in place of one of them."""

    def __init__(self, patched: pytest.MonkeyPatch, at: int, error: BaseException) -> None:
        self.seen = 0
        self._at = at
        self._error = error
        patched.setattr(Netlink, "run", self._one_by_one(Netlink.run))
        for owner, name in ((Netlink, "transact"), (netns, "bind"), (netns, "set_sysctls"), (netns, "unmount")):
            patched.setattr(owner, name, self._counting(getattr(owner, name)))

    def _step(self) -> None:
        self.seen += 1
        if self.seen == self._at:
            raise self._error

    def _counting(self, real: Callable[..., object]) -> Callable[..., object]:
        def step(*args: object) -> object:
            self._step()
            return real(*args)

        return step

    def _one_by_one(self, real: Callable[[Netlink, Sequence[Message]], None]) -> Callable[..., None]:
        def run(netlink: Netlink, messages: Sequence[Message]) -> None:
            """As `Netlink.run`: what follows a refused message is done all the same."""
            first: NetlinkError | None = None
            for message in messages:
                try:
                    self._step()
                    real(netlink, [message])
                except NetlinkError as error:
                    first = first or error
            if first:
                raise first

        return run


def refused() -> NetlinkError:
    return NetlinkError(errno.ENOMEM, 0, "")


def delta(old: Table, new: Table) -> Delta:
    keys = {**old.records, **new.records}
    return {key: (old.find(key), new.find(key)) for key in keys if old.find(key) != new.find(key)}


def leave(fabric: KernelFabric) -> None:
    """As a killed process does: descriptors close, everything else stays."""
    for router in (*fabric._world.routers.values(), *fabric._world.forwarders.values()):
        router.close()


def take_up(folder: Path, of: Table) -> KernelFabric:
    fabric = KernelFabric(folder)
    fabric.start(delta(Table(), of))
    return fabric


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[FabricLab]:
    with fabric_lab(tmp_path / "world", plan()) as made:
        yield made


def test_a_change_that_the_kernel_refuses_at_any_step_is_undone(
    lab: FabricLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, sides = lab.fabric.dump(), guest_sides(lab)
    change, at, done = delta(plan(), other()), 0, False
    while not done:
        at += 1
        with monkeypatch.context() as patched:
            steps = Steps(patched, at, refused())
            try:
                lab.fabric.apply(change)
                done = True
            except SuspectError:
                pytest.fail(f"step {at} was not undone")
            except FabricError:
                pass
        if not done:
            assert lab.fabric.observe() == [], at
            assert lab.fabric.dump() == before, at
            assert guest_sides(lab) == sides, at
    assert at == steps.seen + 1 > 60
    assert lab.fabric.observe() == []


def test_a_change_that_is_killed_at_any_step_is_gone_after_the_next_start(
    lab: FabricLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, sides = lab.fabric.dump(), guest_sides(lab)
    change, at, done = delta(plan(), other()), 0, False
    folder = lab.fabric._world.folder
    while not done:
        at += 1
        with monkeypatch.context() as patched:
            Steps(patched, at, Killed())
            try:
                lab.fabric.apply(change)
                done = True
            except Killed:
                pass
        leave(lab.fabric)
        lab.fabric = take_up(folder, other() if done else plan())
        assert lab.fabric.observe() == [], at
        if not done:
            assert lab.fabric.dump() == before, at
            assert guest_sides(lab) == sides, at
    lab.plan = other()
    assert at > 60
    lab.delivered("a", "10.0.1.60", 99, "b")


def count(monkeypatch: pytest.MonkeyPatch, action: Callable[[], object]) -> int:
    with monkeypatch.context() as patched:
        steps = Steps(patched, 0, refused())
        action()
    return steps.seen


@pytest.mark.parametrize("first", range(0, STRIDE, 3))
def test_a_start_that_is_killed_at_any_step_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    """Also one that takes up what another left: each kill here is of such a start, but the very first."""
    with private_world(tmp_path / "worlds") as top:
        whole = FabricLab(make(top / "whole"))
        steps = count(monkeypatch, lambda: whole.fabric.start(delta(Table(), plan())))
        assert steps > 60
        expected, sides = whole.fabric.dump(), guest_sides(whole)
        whole.close()
        for at in range(first + 1, steps + 1, STRIDE):
            folder = make(top / str(at))
            fabric = KernelFabric(folder)
            with monkeypatch.context() as patched:
                Steps(patched, at, Killed())
                with pytest.raises(Killed):
                    fabric.start(delta(Table(), plan()))
            leave(fabric)
            lab = FabricLab(folder)
            with contextlib.closing(lab):
                lab.fabric.start(delta(Table(), plan()))
                assert lab.fabric.observe() == [], at
                assert lab.fabric.dump() == expected, at
                assert guest_sides(lab) == sides, at
                lab.plan = plan()
                lab.delivered("b", "10.0.1.60", 200, "a")


def make(folder: Path) -> Path:
    folder.mkdir()
    mounts.tmpfs(folder)
    return folder


def test_what_waited_to_be_removed_is_removed_by_the_next_start_all_at_once(
    lab: FabricLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.become(other())
    lab.become(plan())
    leave(lab.fabric)
    alone: list[str] = []
    monkeypatch.setattr(rtnl, "delete_link", alone.append)
    lab.fabric = take_up(lab.fabric._world.folder, plan())
    assert alone == []
    assert lab.fabric.observe() == []
    assert not lab.fabric.reap()


def test_what_a_guest_was_given_is_remembered_and_what_it_did_itself_is_left_alone(lab: FabricLab) -> None:
    with netns.call(lab.node("b"), lambda: Netlink(ROUTE)) as netlink:
        link = next(one.number for one in rtnl.links(netlink) if one.name == "eth0")
        netlink.run([rtnl.add_address(rtnl.Address(link, "10.0.1.77", 24))])
    sides = guest_sides(lab)
    leave(lab.fabric)
    lab.fabric = take_up(lab.fabric._world.folder, plan())
    assert guest_sides(lab) == sides
