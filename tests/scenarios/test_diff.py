"""atoll save and atoll diff: what opens from one state to another, as people, programs and pull requests read it."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.scenarios.running import Atoll

SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "203.0.113.0/24"}]}


class Changed(NamedTuple):
    """An Atoll with a web server, its state before port 22 was opened, and that after."""

    atoll: Atoll
    before: str
    after: str


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changed]:
    folder = tmp_path_factory.mktemp("diff")
    atoll = Atoll(folder / "state")
    atoll.up("--fabric", "none")
    ec2 = atoll.ec2()
    group = ec2.create_security_group(GroupName="web", Description="web")["GroupId"]
    tags: list[dict[str, Any]] = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web"}]}]
    ec2.run_instances(
        ImageId="ami-12c6146b",
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        SecurityGroupIds=[group],
        TagSpecifications=tags,
    )
    before, after = (str(folder / name) for name in ("before.json", "after.json"))
    assert atoll.run("save", before).out == f"Saved: {before}\n"
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[SSH])
    assert atoll.run("save", after).status == 0
    yield Changed(atoll, before, after)
    atoll.delete()


def test_what_opens_is_status_1_with_the_rule_that_opens_it(changed: Changed) -> None:
    for head in ([changed.after], ["running"], []):
        said = changed.atoll.run("diff", changed.before, *head)
        assert said.status == 1
        first, packet, *by, _, count = said.out.splitlines()
        assert first.startswith("opens          tcp 22  internet (203.0.113.0/24) -> eni-")
        assert first.endswith("(web)")
        assert packet.startswith("               packet tcp 203.0.113.10:49152 > 198.18.")
        assert any("by sgr-" in line and line.endswith(": tcp 22 from 203.0.113.0/24 (new)") for line in by)
        assert count == "1 opened, 0 closed."


def test_what_closes_and_what_stays_is_status_0(changed: Changed) -> None:
    said = changed.atoll.run("diff", changed.after, changed.before)
    assert (said.status, said.out.splitlines()[-1]) == (0, "0 opened, 1 closed.")
    same = changed.atoll.run("diff", changed.after)
    assert (same.status, same.out) == (0, "No flow opens, and none closes.\n")


def test_saved_states_are_compared_without_a_server(changed: Changed, tmp_path: Path) -> None:
    nobody = Atoll(tmp_path / "nobody")
    assert nobody.run("status").status == 3
    assert nobody.run("diff", changed.before, changed.after).status == 1
    assert nobody.run("diff", changed.before).status == 2


def test_programs_and_pull_requests_get_the_same(changed: Changed) -> None:
    told = json.loads(changed.atoll.run("diff", changed.before, "--json").out)
    assert told["wider"]
    (one,) = told["changes"]
    assert (one["effect"], one["services"], one["source_addresses"]) == ("opens", "tcp 22", "203.0.113.0/24")
    said = changed.atoll.run("diff", changed.before, changed.after, "--markdown")
    title, _, head, rule, row, *_ = said.out.splitlines()
    assert said.status == 1
    assert title == f"### Network: something opens from `{changed.before}` to `{changed.after}`"
    assert {line.count("|") for line in (head, rule, row)} == {7}
    assert row.startswith("| **opens** | tcp 22 | internet (203.0.113.0/24) | eni-")


def test_a_saved_state_is_for_its_owner_alone(changed: Changed) -> None:
    assert stat.S_IMODE(Path(changed.before).stat().st_mode) == 0o600


def test_what_is_no_state_is_status_2(changed: Changed, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text("{}")
    for words, told in (
        (("diff", str(other)), f"{other} cannot be compared: it is no saved state"),
        (("diff", str(tmp_path / "nothing")), "No such file"),
        (("diff", changed.before, "--json", "--markdown"), "choose one"),
        (("save", str(tmp_path / "no-folder" / "state.json")), "No such file"),
    ):
        said = changed.atoll.run(*words)
        assert (said.status, told in said.err) == (2, True), said.err
    assert [one.name for one in tmp_path.iterdir()] == ["other.json"]
