"""What opens and what closes between two states of the shop, and by which rule."""

import contextlib
from collections.abc import Iterator

import pytest

from atoll.fabric.none import NoFabric
from atoll.review.compare import Change, Difference, compare
from atoll.review.states import State, read, written
from tests.unit.test_review_balancers import front
from tests.unit.test_review_checks import acl_of, entry, launch
from tests.unit.test_review_reaching import Shop, allow, build, shop
from tests.witness.clients import client
from tests.witness.cloud import Cloud

__all__ = ["shop"]

WORLD = [{"CidrIp": "0.0.0.0/0"}]


def saved(shop: Shop) -> State:
    return read(written(list(shop.cloud.writer.model.records.values())))


def lines(found: Difference) -> list[tuple[str, str, str, str]]:
    return [(one.effect, _short(one.sources), _short(one.destinations), one.services) for one in found.changes]


def _short(ends: list[str]) -> str:
    return ", ".join(end.partition(" ")[2].strip("()") or end for end in ends)


def only(found: Difference) -> Change:
    (one,) = found.changes
    return one


def test_a_saved_state_has_the_plan_of_the_running_one(shop: Shop) -> None:
    front(shop)
    state = saved(shop)
    assert dict(state.model.records) == dict(shop.cloud.writer.model.records)
    assert dict(state.plan.records) == dict(shop.cloud.plan.records)


def test_the_same_state_is_no_difference(shop: Shop) -> None:
    assert compare(saved(shop), saved(shop)) == Difference(wider=False, changes=[])


def test_a_rule_opens_a_port_and_its_end_closes_it(shop: Shop) -> None:
    base = saved(shop)
    allow(shop.ec2, shop.ids["sg-web"], 22, IpRanges=[{"CidrIp": "203.0.113.0/24"}])
    head = saved(shop)
    found = compare(base, head)
    assert found.wider
    one = only(found)
    assert lines(found) == [("opens", "internet", "web", "tcp 22")]
    assert (one.source_addresses, one.destination_addresses) == ("203.0.113.0/24", "")
    assert (one.packet.destination, one.packet.destination_port) == (shop.ids["public"], 22)
    (new,) = (line for line in one.by if "(new)" in line)
    assert new.startswith("sgr-")
    assert "tcp 22 from 203.0.113.0/24" in new
    back = compare(head, base)
    assert not back.wider
    assert lines(back) == [("closes", "internet", "web", "tcp 22")]
    assert any("(gone)" in line for line in only(back).by)
    assert any(line.startswith("now: security group, inbound") for line in only(back).by)


def test_what_a_rule_says_and_no_packet_does_is_no_difference(shop: Shop) -> None:
    base = saved(shop)
    allow(shop.ec2, shop.ids["sg-db"], 22, IpRanges=[{"CidrIp": "8.0.0.0/8"}])  # the internet has no way there
    allow(shop.ec2, shop.ids["sg-web"], 80, IpRanges=[{"CidrIp": "8.0.0.0/8"}])  # open already
    assert compare(base, saved(shop)).changes == []


def test_more_of_the_internet_is_wider(shop: Shop) -> None:
    allow(shop.ec2, shop.ids["sg-web"], 22, IpRanges=[{"CidrIp": "203.0.113.0/24"}])
    base = saved(shop)
    allow(shop.ec2, shop.ids["sg-web"], 22, IpRanges=[{"CidrIp": "8.8.8.0/24"}])
    one = only(compare(base, saved(shop)))
    assert (one.effect, one.source_addresses, one.packet.source) == ("opens", "8.8.8.0/24", "8.8.8.0")


def test_a_group_that_is_put_on_is_named(shop: Shop) -> None:
    base = saved(shop)
    interface = shop.ids["eni-db"]
    groups = [shop.ids["sg-db"], shop.ids["sg-web"]]
    shop.ec2.call("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=interface, Groups=groups)
    found = compare(base, saved(shop))
    assert lines(found) == [("opens", "web", "db", "tcp 80")]
    assert f"{interface} wears {shop.ids['sg-web']} (new)" in only(found).by


def test_answers_that_are_lost_close_and_arrivals_alone_open_by_half(shop: Shop) -> None:
    base = saved(shop)
    acl = acl_of(shop, shop.ids["subnet-db"])
    entry(shop, acl, 100, egress=False)
    half = saved(shop)
    found = compare(base, half)
    closed = [one for one in found.changes if one.effect == "closes" and one.services == "tcp 5432"]
    assert len(closed) == 1
    assert any(line.startswith("now: network ACL, outbound") for line in closed[0].by)
    assert not found.wider  # it arrived before
    shut = acl_of(shop, shop.ids["subnet-db"])
    assert shut != acl
    opened = compare(saved(shop), half)
    assert opened.wider
    assert ("half-opens", "web", "db", "tcp 5432") in lines(opened)


def test_what_one_rule_opens_for_many_is_one_change(shop: Shop) -> None:
    for _ in range(3):
        launch(shop, shop.ids["subnet-db"], shop.ids["sg-db"])
    launch(shop, shop.ids["subnet-web"], shop.ids["sg-web"])
    base = saved(shop)
    allow(shop.ec2, shop.ids["sg-web"], 22, IpRanges=[{"CidrIp": "10.0.2.0/24"}])
    one = only(compare(base, saved(shop)))
    assert (len(one.sources), len(one.destinations), one.services) == (4, 2, "tcp 22")


def test_what_one_rule_opens_among_its_wearers_is_one_change(shop: Shop) -> None:
    wearers = {shop.ids["eni-web"], *(launch(shop, shop.ids["subnet-web"], shop.ids["sg-web"]) for _ in range(2))}
    base = saved(shop)
    allow(shop.ec2, shop.ids["sg-web"], 7946, UserIdGroupPairs=[{"GroupId": shop.ids["sg-web"]}])
    one = only(compare(base, saved(shop)))
    assert {end.split()[0] for end in one.sources} == wearers
    assert {end.split()[0] for end in one.destinations} == wearers


def test_what_two_rules_open_is_two_changes(shop: Shop) -> None:
    other = launch(shop, shop.ids["subnet-web"], shop.ids["sg-web"])
    base = saved(shop)
    for source in ("eni-db", "eni-web"):
        (held,) = shop.ec2.call("DescribeNetworkInterfaces", NetworkInterfaceIds=[shop.ids[source]])[
            "NetworkInterfaces"
        ]
        allow(shop.ec2, shop.ids["sg-web"], 22, IpRanges=[{"CidrIp": f"{held['PrivateIpAddress']}/32"}])
    found = compare(base, saved(shop))
    assert len(found.changes) == 2  # db to both servers, and web to the other
    assert len({one.by[0] for one in found.changes}) == 2
    assert sum(any(other in end for end in one.destinations) for one in found.changes) == 2


def test_an_instance_that_comes_is_new_in_all_that_it_opens(shop: Shop) -> None:
    base = saved(shop)
    interface = launch(shop, shop.ids["subnet-db"], shop.ids["sg-db"])
    found = compare(base, saved(shop))
    mine = [one for one in found.changes if any(interface in end for end in one.destinations)]
    assert [(one.effect, one.services) for one in mine] == [("opens", "tcp 5432")]
    assert mine[0].by[0] == f"{interface} new"
    gone = compare(saved(shop), base)
    assert [one.by[0] for one in gone.changes if any(interface in end for end in one.destinations)] == [
        f"{interface} gone"
    ]


def test_another_public_address_opens_nothing(shop: Shop) -> None:
    base = saved(shop)
    (held,) = shop.ec2.call("DescribeAddresses")["Addresses"]
    shop.ec2.call("DisassociateAddress", AssociationId=held["AssociationId"])
    assert not compare(base, saved(shop)).wider
    other = shop.ec2.call("AllocateAddress", Domain="vpc")["AllocationId"]
    shop.ec2.call("AssociateAddress", AllocationId=other, NetworkInterfaceId=shop.ids["eni-web"])
    shop.ec2.call("ReleaseAddress", AllocationId=held["AllocationId"])
    assert compare(base, saved(shop)).changes == []


def test_pairs_that_are_not_asked_about_are_no_difference(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    states = [saved(shop)]
    allow(shop.ec2, shop.ids["sg-web"], 22, IpRanges=[{"CidrIp": "10.0.2.0/24"}])
    states.append(saved(shop))
    shop.ec2.call("AssignPrivateIpAddresses", NetworkInterfaceId=shop.ids["eni-db"], SecondaryPrivateIpAddressCount=1)
    launch(shop, shop.ids["subnet-db"], shop.ids["sg-web"])
    states.append(saved(shop))
    acl = acl_of(shop, shop.ids["subnet-db"])
    entry(shop, acl, 100, egress=False)
    entry(shop, acl, 100, egress=True, Protocol="6", PortRange={"From": 40000, "To": 65535})
    states.append(saved(shop))
    shop.ec2.call("StopInstances", InstanceIds=[shop.ids["web"]])
    states.append(saved(shop))
    pairs = [(base, head) for base in states for head in states]
    quick = [compare(*pair) for pair in pairs]
    monkeypatch.setattr("atoll.review.compare.straight", lambda *_: {})
    assert [compare(*pair) for pair in pairs] == quick
    assert sum(bool(one.changes) for one in quick) == len(pairs) - len(states)


@pytest.fixture
def rebuilt() -> Iterator[Shop]:
    """The shop, built once more elsewhere: no id is the same."""
    with contextlib.closing(Cloud(2, NoFabric())) as cloud:
        yield Shop(cloud, ec2 := client(cloud, 2), build(ec2))


def test_states_that_were_built_apart_are_compared_by_names(shop: Shop, rebuilt: Shop) -> None:
    assert not set(shop.ids.values()) & set(rebuilt.ids.values())
    assert compare(saved(shop), saved(rebuilt)).changes == []
    allow(rebuilt.ec2, rebuilt.ids["sg-web"], 22, IpRanges=WORLD)
    found = compare(saved(shop), saved(rebuilt))
    assert sorted(lines(found)) == [("opens", "db", "web", "tcp 22"), ("opens", "internet", "web", "tcp 22")]
    assert all(any("tcp 22 from 0.0.0.0/0" in line for line in one.by) for one in found.changes)
    assert not any("new" in line for one in found.changes for line in one.by)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "no saved state"),
        (b"{}", "no saved state"),
        (b'{"atoll": "state", "format": 2, "entities": {}}', "has format 2"),
        (b'{"atoll": "state", "format": 1, "entities": {"spaceship": [{}]}}', "does not know: 'spaceship'"),
        (b'{"atoll": "state", "format": 1, "entities": {"vpc": [{}]}}', "no saved state"),
    ],
)
def test_a_file_that_is_no_state_is_told(text: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read(text)
