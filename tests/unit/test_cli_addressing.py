"""Proposed blocks: whatever is asked for, they overlap with nothing, suffice, and lie where AWS takes them."""

import math
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.cli.addressing import (
    PRIVATE,
    RESERVED,
    SERVICES,
    Named,
    Network,
    NoRoomError,
    Tier,
    overlaps,
    propose,
    subnet_length,
)
from atoll.packet import Prefix

WORLD = tuple(map(Prefix.parse, ("10.0.0.0/8", "10.0.0.0/9", "192.168.0.0/16")))


def blocks() -> st.SearchStrategy[Prefix]:
    """Blocks in and about the private ranges, of any size."""
    inside = st.builds(
        lambda pool, offset, length: Prefix.parse(f"{pool.address(offset % pool.size)}/{length}"),
        st.sampled_from(PRIVATE),
        st.integers(0, (1 << 24) - 1),
        st.integers(9, 32),
    )
    return st.one_of(inside, st.sampled_from(WORLD))


def tiers() -> st.SearchStrategy[list[Tier]]:
    hosts = st.lists(st.integers(1, 3000), min_size=1, max_size=4)
    return hosts.map(lambda counts: [Tier(f"t{place}", count) for place, count in enumerate(counts)])


@given(st.integers(1, 8), st.integers(1, 6), tiers(), st.floats(1, 3), st.lists(blocks(), max_size=8))
def test_what_is_proposed_keeps_every_promise(
    vpcs: int, zones: int, wanted: list[Tier], growth: float, avoid: list[Prefix]
) -> None:
    try:
        found = propose(vpcs, zones, wanted, growth, avoid)
    except NoRoomError:
        return  # the next test asks for what there is room for
    assert len(found) == vpcs
    for one, other in combinations([network.block for network in found], 2):
        assert not one.overlaps(other)
    for network in found:
        keeps_its_promises(network, zones, wanted, growth)
        assert not any(network.block.overlaps(block) for block in [*avoid, SERVICES])


def keeps_its_promises(network: Network, zones: int, wanted: list[Tier], growth: float) -> None:
    assert any(pool.covers(network.block) for pool in PRIVATE)
    subnets = [subnet.block for subnet in network.subnets]
    for block in (network.block, *subnets):
        assert 16 <= block.length <= 28
        assert block.base % block.size == 0
    assert all(network.block.covers(block) for block in subnets)
    assert not any(one.overlaps(other) for one, other in combinations(subnets, 2))
    asked = sorted((tier.name, zone) for tier in wanted for zone in range(zones))
    assert sorted((subnet.tier.name, subnet.zone) for subnet in network.subnets) == asked
    for subnet in network.subnets:
        assert subnet.usable >= subnet.tier.hosts * growth
        assert subnet.usable == subnet.block.size - 5
    used = sum(block.size for block in subnets)
    assert network.block.size >= used * growth
    assert network.free == network.block.size - used


@given(st.integers(1, 50), st.lists(blocks(), max_size=8))
def test_there_is_no_room_only_when_there_is_none(vpcs: int, avoid: list[Prefix]) -> None:
    """VPCs of /16: the free ones can be counted one by one."""
    tier = [Tier("t", 16_000)]
    every = [Prefix.of(4, base, 16) for pool in PRIVATE for base in range(pool.base, pool.last, 1 << 16)]
    free = [block for block in every if not any(block.overlaps(bad) for bad in [*avoid, SERVICES])]
    if len(free) >= vpcs:
        assert [network.block for network in propose(vpcs, 1, tier, 2, avoid)] == free[:vpcs]
    else:
        with pytest.raises(NoRoomError, match=rf"only {len(free)} free blocks of /16"):
            propose(vpcs, 1, tier, 2, avoid)


@given(st.integers(1, 60_000), st.floats(1, 4))
def test_a_subnet_is_the_smallest_that_suffices(hosts: int, growth: float) -> None:
    needed = math.ceil(hosts * growth) + RESERVED
    try:
        length = subnet_length(Tier("t", hosts), growth)
    except NoRoomError:
        assert needed > 1 << 16
        return
    assert 1 << (32 - length) >= needed
    assert length == 28 or 1 << (31 - length) < needed


@pytest.mark.parametrize(("hosts", "length"), [(1, 28), (11, 28), (12, 27), (27, 27), (28, 26), (251, 24), (252, 23)])
def test_five_addresses_of_a_subnet_are_awss(hosts: int, length: int) -> None:
    assert subnet_length(Tier("t", hosts), 1) == length


@given(st.lists(st.builds(Named, st.sampled_from("abc"), blocks()), max_size=6))
def test_overlaps_are_the_pairs_that_share_an_address(named: list[Named]) -> None:
    found = overlaps(named)
    for one, other in combinations(named, 2):
        share = max(one.block.base, other.block.base) <= min(one.block.last, other.block.last)
        assert ((one, other) in found) == (share and one.name != other.name)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((1, 1, [Tier("web", 70_000)], 1), "web needs 70005 addresses"),
        ((1, 6, [Tier("web", 8_000)], 2), "fewer zones or hosts"),
        ((0, 1, [Tier("web", 1)], 1), "at least one"),
        ((1, 1, [], 1), "at least one"),
        ((1, 1, [Tier("web", 1)], 0.5), "at least one"),
    ],
)
def test_what_cannot_be_had_is_said_with_what_to_ask_for(
    arguments: tuple[int, int, list[Tier], float], words: str
) -> None:
    with pytest.raises(NoRoomError, match=words):
        propose(*arguments)
