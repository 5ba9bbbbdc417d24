"""Intents for when a zone is down: their packets are sent in a scratch world, and the running one stays as it is."""

import contextlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from atoll.local import control, rehearsing, servers
from atoll.local.folder import StateFolder
from atoll.testing.network import IntentError, Network
from tests.scenarios.places import new_account
from tests.scenarios.running import Atoll
from tests.scenarios.test_analyses import holding
from tests.scenarios.twins import LOOKS, Twins
from tests.support.signs import Sign

pytestmark = pytest.mark.kernel

ZONES = ("us-east-1a", "us-east-1b")


class Rehearsed(Twins):
    """A server in each of two zones behind one load balancer, all healthy, and intents about them."""

    def __init__(self, atoll: Atoll, account: str) -> None:
        super().__init__(atoll, account, cross_zone=True)
        self.home = account

    def verify(self, folder: Path, when: str, *options: str) -> tuple[int, list[dict[str, Any]]]:
        """The results of intents of now and of these cases."""
        said = self.atoll.run("verify", str(self.written(folder, when)), "--json", *options)
        assert said.out, said.err
        return said.status, json.loads(said.out)

    def written(self, folder: Path, when: str) -> Path:
        """A file of intents."""
        names = (f"  {zone}: {{instance: {server}}}\n" for zone, server in self.servers.items())
        file = folder / "intents.yaml"
        file.write_text(
            f"version: 1\nscope: {{account: '{self.home}', region: us-east-1}}\nnames:\n"
            f"  api: {{load-balancer: front}}\n{''.join(names)}"
            f"expect:\n  - allow: internet -> api:80\nwhen:\n{when}"
        )
        return file

    def found(self, saved: Path) -> dict[str, Any]:
        """What a saved state says of the servers' health, and of the nodes: whether they are heard of."""
        entities = json.loads(saved.read_text())["entities"]
        zones = {server: zone for zone, server in self.servers.items()}
        nodes = [one for one in entities["load-balancer-zone"] if self.balancer.endswith(one["balancer"])]
        return {
            **{zones[one["target"]]: one["health"] for one in entities["target"] if one["target"] in zones},
            **{one["zone"]: one["alive"] for one in nodes},
        }


@pytest.fixture(scope="module")
def twins(atoll: Atoll) -> Iterator[Rehearsed]:
    made = Rehearsed(atoll, new_account())
    made.becomes(a="healthy", b="healthy")
    yield made
    made.close()


def test_a_zone_that_would_be_down_is_tried_with_packets(twins: Rehearsed, tmp_path: Path) -> None:
    before = twins.atoll.run("status", "--json").out
    when = f"""
  - az-down: us-east-1a
    expect:
      - allow: internet -> api:80
      - deny: internet -> b:22
      - deny: internet -> a
      - deny: b -> a
  - stopped: {twins.servers["b"]}
    expect:
      - allow: internet -> api:80
      - deny: a -> b
      - deny: b -> internet
"""
    status, results = twins.verify(tmp_path, when)
    told = [(one["text"], one["why"], one["strayed"]) for one in results if not one["holds"]]
    assert (status, told) == (0, [])
    now, *cases = results
    assert (now["case"], len(now["tried"])) == ("", 2)  # both of its nodes
    assert [one["case"] for one in cases] == ["us-east-1a is down"] * 4 + [f"{twins.servers['b']} is stopped"] * 3
    sent = [len(one["tried"]) for one in cases]
    assert sent == [1, 1, 1, 1, 2, 1, 0]  # the name leads to the nodes that are up; who is stopped sends nothing
    assert "answer" in cases[0]["tried"][0]
    assert all("did not arrive" in cases[place]["tried"][0] for place in (1, 2, 3, 5))
    after = json.loads(twins.atoll.run("status", "--json").out)
    assert after["counts"] == json.loads(before)["counts"]
    assert "DOWN" not in twins.atoll.run("az").out


def test_what_would_not_hold_fails_with_its_packet(twins: Rehearsed, tmp_path: Path) -> None:
    status, results = twins.verify(tmp_path, "  - az-down: [us-east-1a, us-east-1b]\n")
    assert status == 1
    (broken,) = (one for one in results if not one["holds"])
    assert broken["text"] == "when us-east-1a is down and us-east-1b is down: allow: internet -> api:80"
    assert broken["strayed"] == []
    assert any("is down" in line for line in broken["blame"])


def test_tests_in_python_have_their_packets_sent_as_well(twins: Rehearsed, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[StateFolder] = []

    def start(command: list[str], where: StateFolder, progress: servers.Progress) -> servers.Started:
        started.append(where)
        return servers.start(command, where, progress)

    monkeypatch.setattr(rehearsing, "start", start)
    scope, names = {"account": twins.home}, {"api": {"load-balancer": "front"}, "b": {"instance": twins.servers["b"]}}
    network = Network(twins.atoll.folder, names, scope)
    down = network.when(az_down=ZONES[0])
    down.allow("internet -> api:80")
    down.deny("internet -> b:22")
    assert len(started) == 2
    with pytest.raises(IntentError, match="us-east-1a is down and us-east-1b is down"):
        network.when(az_down=list(ZONES)).allow("internet -> api:80")
    Network(twins.atoll.folder, names, scope, proof_only=True).when(az_down=ZONES[0]).allow("internet -> api:80")
    assert len(started) == 3


def test_who_wants_no_packets_gets_the_proof_alone(twins: Rehearsed, tmp_path: Path) -> None:
    status, results = twins.verify(tmp_path, "  - az-down: us-east-1b\n", "--proof-only")
    assert (status, [one["tried"] for one in results]) == (0, [[], []])
    said = twins.atoll.run("verify", str(tmp_path / "intents.yaml"), "--proof-only").out.splitlines()
    assert said[1].startswith("holds  when us-east-1b is down: allow: internet -> api:80")
    assert said[1].endswith("; proof only)")


def test_a_scratch_world_ends_with_the_command_that_has_started_it(twins: Rehearsed, tmp_path: Path) -> None:
    programs, hold = tmp_path / "bin", tmp_path / "hold"
    hold.mkdir()
    holding(programs)
    begun, go_on = Sign(hold / "begun"), Sign(hold / "go-on")
    file = twins.written(tmp_path, "  - az-down: us-east-1a\n")
    environment = {
        **twins.atoll.environment,
        "PATH": f"{programs}:{twins.atoll.environment['PATH']}",
        "HOLD": str(hold),
        "TMPDIR": str(tmp_path),
    }
    with contextlib.closing(begun), contextlib.closing(go_on):
        with subprocess.Popen(["atoll", "verify", str(file)], env=environment, stdout=subprocess.DEVNULL) as verifying:
            begun.wait()  # the second server is at its analysis; the first has programs of its own
            verifying.kill()
        (scratch,) = tmp_path.glob("atoll-*/state")
        ended = subprocess.run(["flock", "-w", "60", str(scratch / "lock"), "true"], check=False)
    assert ended.returncode == 0
    assert Atoll(scratch).run("status").status == 3


def test_what_would_be_is_what_comes_of_it(twins: Rehearsed, tmp_path: Path) -> None:
    """The same zone fails in truth: real checks find what was settled, and no flow is another. The last test, since it
    takes the checks a while to find the zone well again.
    """
    supposed, came = tmp_path / "supposed.json", tmp_path / "came.json"
    file = yaml.safe_load(twins.written(tmp_path, "  - az-down: us-east-1a\n").read_text())
    with supposed.open("wb") as made:
        request = {"do": "suppose", "file": file, "case": 0}
        control.ask(StateFolder(twins.atoll.folder).control, request, [made.fileno()])
    health = twins.found(supposed)
    assert health == {"a": "unhealthy", "b": "healthy", ZONES[0]: False, ZONES[1]: True}
    assert twins.atoll.run("diff", str(supposed)).status == 1  # as it is there is more
    assert twins.atoll.run("az", "down", ZONES[0]).status == 0
    try:
        for _ in range(LOOKS):
            assert twins.atoll.run("save", str(came)).status == 0
            if twins.found(came) == health:
                break
        assert twins.found(came) == health
        said = twins.atoll.run("diff", str(supposed), str(came))
        assert said.out == "No flow opens, and none closes.\n"
    finally:
        assert twins.atoll.run("az", "up", ZONES[0]).status == 0
