"""Long analyses: a process of their own, over what stood when they were asked."""

import contextlib
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from atoll.app.analyst import Snapshot, ask, snapshot
from atoll.fabric.none import NoFabric
from atoll.model.kinds import Vpc
from atoll.plan.rows import Domain, DomainKind
from atoll.records import Table
from tests.support.signs import Sign
from tests.witness.clients import client
from tests.witness.cloud import Cloud


@pytest.fixture(autouse=True)
def _same_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with contextlib.closing(Cloud(1, NoFabric())) as made:
        yield made


def held(model: Table, plan: Table, begun: str, go_on: str) -> tuple[int, int]:
    """Says that it has begun, and waits until it may go on."""
    Path(begun).write_text("begun")
    with Path(go_on).open() as told:
        told.readline()
    domains = sum(row.kind is DomainKind.VPC for row in plan.all(Domain))
    return sum(1 for _ in model.all(Vpc)), domains


def refuse(model: Table, plan: Table, text: str) -> None:
    del model, plan
    raise LookupError(text)


def leave(model: Table, plan: Table) -> None:
    del model, plan
    os._exit(3)


def wait_for_ever(model: Table, plan: Table, begun: str) -> None:
    del model, plan
    Path(begun).write_text("begun")
    Path(begun).with_name("never").read_text()


def taken(cloud: Cloud) -> Snapshot:
    return snapshot(cloud.writer.model, cloud.plan)


def test_calls_are_answered_meanwhile_and_the_answer_is_about_the_moment_of_the_question(
    cloud: Cloud, tmp_path: Path
) -> None:
    begun, go_on = Sign(tmp_path / "begun"), Sign(tmp_path / "go-on")
    ec2 = client(cloud, 1)
    ec2.call("CreateVpc", CidrBlock="10.0.0.0/16")
    with contextlib.closing(begun), contextlib.closing(go_on), ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask, taken(cloud), held, str(begun.path), str(go_on.path))
        begun.wait()  # it runs, and ends only when it is told to go on
        ec2.call("CreateVpc", CidrBlock="10.1.0.0/16")
        assert len(ec2.call("DescribeVpcs")["Vpcs"]) == 2
        assert not asked.done()
        go_on.give()
        assert asked.result() == (1, 1)


def test_what_is_wrong_with_a_question_is_told_as_it_is(cloud: Cloud) -> None:
    with pytest.raises(LookupError, match="there is no such end"):
        ask(taken(cloud), refuse, "there is no such end")


def test_an_analysis_that_dies_is_no_answer(cloud: Cloud) -> None:
    with pytest.raises(RuntimeError, match="without an answer"):
        ask(taken(cloud), leave)


def test_an_analysis_ends_when_nobody_waits_for_it(cloud: Cloud, tmp_path: Path) -> None:
    begun, never = Sign(tmp_path / "begun"), Sign(tmp_path / "never")
    caller, gone = os.pipe()
    try:
        with contextlib.closing(begun), contextlib.closing(never), ThreadPoolExecutor(1) as pool:
            asked = pool.submit(lambda: ask(taken(cloud), wait_for_ever, str(begun.path), caller=caller))
            begun.wait()
            os.close(gone)
            with pytest.raises(RuntimeError, match="nobody waits"):
                asked.result()
    finally:
        os.close(caller)
