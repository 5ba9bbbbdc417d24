"""`atoll demo eni`: the article, claim by claim."""

import re

import pytest

from tests.scenarios.running import Atoll

pytestmark = pytest.mark.kernel


def test_every_claim_of_the_article_holds(own_atoll: Atoll) -> None:
    own_atoll.up()
    said = own_atoll.run("demo", "eni")
    assert said.status == 0, said.out
    counted = re.search(r"^(\d+) of (\d+) claims hold\.$", said.out, re.MULTILINE)
    assert counted
    assert counted[1] == counted[2]
    assert int(counted[1]) >= 30
    assert said.err.count("  holds  ") == int(counted[1])
    assert "FAILS" not in said.err
    assert own_atoll.run("status").status == 0
