"""Calls against an independent model of AWS's rules; and that the machine tries every rule and sees what is wrong."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.machine.machine import Machine
from tests.machine.names import DisagreementError
from tests.machine.run import campaign
from tests.machine.site import settings
from tests.support.inprocess import InProcess

ROOT = Path(__file__).parents[2]

EXAMPLES, SEED, MOST = 60, 340, 300
"""So many, and more until everything that the rules know has been seen; 160 when the machine was last changed."""
SPOILT_SEED = 300
"""Comes soon to what is spoilt below."""


def test_atoll_answers_as_the_rules_say_and_every_rule_is_tried() -> None:
    command = [sys.executable, "-m", "tests.machine.run", *map(str, (EXAMPLES, SEED, MOST))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


Spoil = Callable[[str, dict[str, Any]], dict[str, Any]]


def spoilt(spoil: Spoil) -> type[Machine]:
    """A machine whose cloud answers something else."""

    class Faulty(InProcess):
        def _call(self, access_key: str, region: str, account: str, service: str, operation: str, params: Any) -> Any:
            return spoil(operation, super()._call(access_key, region, account, service, operation, params))

    class Spoilt(Machine):
        def cloud(self) -> InProcess:
            return Faulty(settings=settings())

    return Spoilt


def another_zone(operation: str, answer: dict[str, Any]) -> dict[str, Any]:
    """One field of one answer."""
    return {"Subnet": answer["Subnet"] | {"AvailabilityZone": "us-east-1f"}} if operation == "CreateSubnet" else answer


def no_blackholes(operation: str, answer: dict[str, Any]) -> dict[str, Any]:
    """A state that is shown too late."""
    if operation == "DescribeRouteTables":
        for table in answer["RouteTables"]:
            for route in table["Routes"]:
                route["State"] = "active"
    return answer


def one_more_free(operation: str, answer: dict[str, Any]) -> dict[str, Any]:
    """A count that misses one."""
    if operation == "DescribeSubnets":
        for subnet in answer["Subnets"]:
            subnet["AvailableIpAddressCount"] += 1
    return answer


def an_association_is_lost(operation: str, answer: dict[str, Any]) -> dict[str, Any]:
    """A thing that is not shown."""
    if operation == "DescribeRouteTables":
        for table in answer["RouteTables"]:
            table["Associations"] = [one for one in table["Associations"] if one["Main"]]
    return answer


@pytest.mark.parametrize("spoil", [another_zone, no_blackholes, one_more_free, an_association_is_lost])
def test_a_wrong_answer_is_seen(spoil: Spoil) -> None:
    with pytest.raises(DisagreementError):
        campaign(MOST, SPOILT_SEED, machine=spoilt(spoil), shrink=False)


@pytest.mark.parametrize("skipped", ["DeleteRoute", "ReplaceNetworkAclAssociation"])
def test_a_call_that_does_nothing_is_seen(skipped: str) -> None:
    """The answer is right and nothing has changed."""

    class Idle(InProcess):
        def _call(self, access_key: str, region: str, account: str, service: str, operation: str, params: Any) -> Any:
            before = dict(self.table.records)
            answer = super()._call(access_key, region, account, service, operation, params)
            if operation == skipped:
                after = dict(self.table.records)
                self.table.apply({key: (after.get(key), before.get(key)) for key in {*before, *after}})
            return answer

    class Skipping(Machine):
        def cloud(self) -> InProcess:
            return Idle(settings=settings())

    with pytest.raises(DisagreementError):
        campaign(MOST, SPOILT_SEED, machine=Skipping, shrink=False)


def test_a_check_that_is_missing_is_seen() -> None:
    """A quota is larger than the rules say, so a call that they refuse is answered."""

    class Lax(Machine):
        def cloud(self) -> InProcess:
            lax = settings()
            lax.limits["vpcs-per-region"] += 1
            return InProcess(settings=lax)

    with pytest.raises(DisagreementError):
        campaign(MOST, SPOILT_SEED, machine=Lax, shrink=False)
