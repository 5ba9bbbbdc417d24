"""The nft transaction of a delta: its order, and what is left out of it."""

import struct

from atoll.fabric.kernel.batch import Entry, is_late, messages
from atoll.fabric.kernel.numbers import Numbers
from atoll.fabric.kernel.objects import Chain, Element, Set
from atoll.fabric.kernel.pipeline import goto
from atoll.linux.netlink import Message

KINDS = {3: "new chain", 5: "delete chain", 6: "new rule", 8: "flush", 9: "new set", 11: "delete set"}
KINDS |= {12: "new element", 14: "delete element"}


def kinds(batch: list[Message]) -> list[str]:
    return [KINDS[message.kind & 0xFF] for message in batch]


def box(port: int, rules: tuple[str, ...] = ()) -> Element:
    return Element(domain="d", set="s", shape="box", low=(6, port), high=(6, port), rules=rules)


def verdict(chain: str) -> Element:
    return Element(domain="d", set="arrivals", shape="interface-verdict", low=("e1",), value=f"goto {chain}")


S, C = Set(domain="d", name="s", shape="box"), Chain(domain="d", name="c", rules=((goto("other"),),))


def test_structure_comes_before_elements() -> None:
    entries: list[Entry] = [(None, box(80)), (None, C), (None, S), (None, verdict("c"))]
    assert kinds(messages(entries, Numbers())) == ["new set", "new chain", "new rule", "new element", "new element"]


def test_elements_go_before_structure() -> None:
    entries: list[Entry] = [(C, None), (S, None), (verdict("c"), None)]
    assert kinds(messages(entries, Numbers())) == ["delete element", "flush", "delete chain", "delete set"]


def test_elements_of_a_set_that_goes_need_no_message() -> None:
    assert kinds(messages([(S, None), (box(80), None)], Numbers())) == ["delete set"]


def test_a_changed_chain_is_emptied_and_filled() -> None:
    other = Chain(domain="d", name="c", rules=((goto("x"),), (goto("y"),)))
    assert kinds(messages([(C, other)], Numbers())) == ["flush", "new rule", "new rule"]


def test_a_changed_verdict_goes_and_comes_in_one_transaction() -> None:
    assert kinds(messages([(verdict("a"), verdict("b"))], Numbers())) == ["delete element", "new element"]


def test_other_reasons_for_the_same_box_are_no_message() -> None:
    assert messages([(box(80, ("a",)), box(80, ("a", "b")))], Numbers()) == []


def test_many_elements_are_split_where_a_netlink_attribute_ends() -> None:
    batch = messages([(None, box(port)) for port in range(1000)], Numbers())
    assert kinds(batch) == ["new element"] * 3
    assert all(len(message.body) < 1 << 16 for message in batch)


def test_what_a_class_wears_goes_late() -> None:
    worn = Element(domain="d", set="worn", shape="class-slot-group", low=("sg-1", 0), value="sg-1")
    assert is_late(worn, None)
    assert not is_late(None, worn)
    assert not is_late(box(80), None)


def test_numbers_are_small_stable_and_used_again() -> None:
    numbers = Numbers()
    assert [numbers.take("segment", name) for name in ("a", "b", "a")] == [1, 2, 1]
    numbers.give_back("segment", "a")
    assert numbers.take("segment", "c") == 1
    assert numbers.take("table", "a") == 1
    assert numbers.get("class", "unfiltered") == 1


def test_a_segment_lies_in_the_upper_half_of_a_group() -> None:
    from atoll.linux.nft.expr import Number

    numbers = Numbers()
    numbers.take("segment", "a")
    assert numbers.resolve(Number("segment", "a")) == struct.pack("=I", 1 << 16)
