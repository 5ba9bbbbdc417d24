"""Which backend has which slot: all eligible ones, each once, and few move when one of them changes."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from atoll.fabric.kernel.passes.balancers import slots
from atoll.plan.rows import Backend


def backends(flags: list[bool]) -> list[Backend]:
    return [
        Backend(frontend="f", address=f"10.0.0.{number}", port=80, eligible=flag) for number, flag in enumerate(flags)
    ]


@given(st.lists(st.booleans(), max_size=40))
def test_every_eligible_one_has_one_slot_and_nobody_else_any(flags: list[bool]) -> None:
    rows = backends(flags)
    assert sorted(slots(rows), key=lambda one: one.key) == sorted(
        (one for one in rows if one.eligible), key=lambda one: one.key
    )


def test_one_that_turns_away_and_comes_back_moves_few_others() -> None:
    whole = backends([True] * 300)
    full = slots(whole)
    for number in (0, 150, 299):
        without = [replace(one, eligible=place != number) for place, one in enumerate(whole)]
        moved = [slot for slot, one in enumerate(slots(without)) if one.address != full[slot].address]
        assert len(moved) <= 1
