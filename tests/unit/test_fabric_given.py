"""What guests were given is known to whoever takes over."""

from pathlib import Path

from msgspec.structs import replace

from atoll.fabric.kernel.given import Given
from atoll.fabric.kernel.numbers import Ledger
from atoll.fabric.kernel.objects import GuestAddress

ONE = GuestAddress(
    domain="vpc-1",
    ip="10.0.1.5",
    node="i-a",
    port="eni-a",
    index=0,
    prefix="10.0.1.0/24",
    gateway="10.0.1.1",
    primary=True,
    powered=True,
)
OTHER = replace(ONE, ip="10.0.1.6", node="i-b", port="eni-b")


def again(path: Path, given: Given) -> Given:
    given.close()
    return Given(path)


def test_what_was_begun_and_what_was_done_are_told_apart_after_a_restart(tmp_path: Path) -> None:
    given = Given(tmp_path / "given")
    given.begin([ONE, OTHER])
    given.done([ONE])
    given = again(tmp_path / "given", given)
    assert given.known() == {ONE: True, OTHER: False}
    given.forget([ONE])
    given = again(tmp_path / "given", given)
    assert given.known() == {OTHER: False}
    given.close()


def test_power_makes_no_other_address(tmp_path: Path) -> None:
    given = Given(tmp_path / "given")
    given.done([ONE])
    given.forget([replace(ONE, powered=False)])
    assert given.known() == {}
    given.close()


def test_a_node_that_goes_takes_all_of_its_own(tmp_path: Path) -> None:
    given = Given(tmp_path / "given")
    given.done([ONE, replace(ONE, ip="10.0.1.9", primary=False), OTHER])
    given.forget_node("i-a")
    given.forget_node("i-never")
    assert again(tmp_path / "given", given).known() == {OTHER: True}
    given = Given(tmp_path / "given")
    given.keep({"i-a"})
    assert given.known() == {}
    given.close()


def test_a_ledger_is_written_anew_however_often_its_owner_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    live = {("segment", "subnet-1"): 1}
    for _ in range(10):
        ledger = Ledger(path)
        ledger.read()
        for number in range(Ledger.SLACK // 4):
            ledger.write("+" if number % 2 else "-", "segment", 1, "subnet-1", live)
        ledger.close()
    assert len(path.read_text().splitlines()) <= Ledger.SLACK + 2
