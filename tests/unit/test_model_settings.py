"""What an operator may choose: quotas that AWS would not raise together are refused in words."""

import pytest

from atoll.model.tx import Settings


def test_an_interface_has_at_most_a_thousand_rules_whatever_is_raised() -> None:
    groups, rules = "security-groups-per-interface", "rules-per-security-group"
    assert Settings().limits[groups] * Settings().limits[rules] <= 1000
    assert Settings(limits={groups: 10, rules: 100}).limits[rules] == 100
    for limits in ({groups: 11, rules: 100}, {rules: 201}, {groups: 17}):
        with pytest.raises(ValueError, match="AWS allows 1000: lower one of them"):
            Settings(limits=limits)
