"""Zones by name and id, and what a draft says of them."""

import pytest

from atoll.model import outages
from atoll.model.kinds import Outage
from atoll.model.regions import REGIONS
from tests.support.inprocess import START, InProcess


def test_a_zone_is_known_by_name_and_by_id() -> None:
    assert outages.find_zone("us-east-1a") == outages.find_zone("use1-az6") == ("us-east-1a", "use1-az6")
    assert outages.find_zone("eu-west-1b").id == "euw1-az1"


@pytest.mark.parametrize(("asked", "told"), [("us-east-1g", "us-east-1f"), ("eu-west-1", "eu-west-1c"), ("", "us-")])
def test_what_is_no_zone_is_refused_with_what_there_is(asked: str, told: str) -> None:
    with pytest.raises(LookupError, match=told):
        outages.find_zone(asked)


def test_an_outage_is_everybodys_and_lasts_until_it_ends() -> None:
    cloud = InProcess()
    draft = cloud.draft(account="000000000000")
    assert outages.cut(draft, "us-east-1a")
    cloud.commit(draft.delta())
    cloud.now += 60
    other = cloud.draft()
    found = outages.outage_of(other, "us-east-1a")
    assert isinstance(found, Outage)
    assert found.since.timestamp() == START
    assert not outages.cut(other, "us-east-1a"), "it keeps the time at which it began"
    assert outages.well(other, REGIONS["us-east-1"].zones) == [f"us-east-1{letter}" for letter in "bcdef"]
    assert outages.restore(other, "us-east-1a")
    assert not outages.restore(other, "us-east-1a")
    assert outages.outage_of(other, "us-east-1a") is None
