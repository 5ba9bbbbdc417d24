"""atoll verify on a case: what a rehearsal says of it, and that there may be none."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from atoll.cli import verifying
from atoll.cli.commands import app
from atoll.local import rehearsing
from atoll.local.control import ControlError
from atoll.local.servers import Started

PROVED = {
    "text": "when us-east-1a is down: allow: internet -> web:80",
    "holds": True,
    "pairs": 1,
    "flows": 64512,
    "why": "",
    "path": [],
    "blame": [],
    "tried": [],
    "strayed": [],
    "case": "us-east-1a is down",
    "number": 0,
}
SENT = {**PROVED, "case": "", "number": -1, "tried": ["tcp 203.0.113.10:49152 > 198.18.0.7:80: answer: refused"]}


class Server:
    """Answers the command: `fabric` is what it runs with, `seen` what is seen in the scratch world."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fabric: str, seen: dict[str, Any]) -> None:
        self.asked: list[str] = []
        self._fabric = fabric
        self._seen = seen
        monkeypatch.setattr(verifying, "call", self._answer)
        monkeypatch.setattr(rehearsing, "ask", self._answer)
        monkeypatch.setattr(rehearsing, "start", self._start)
        monkeypatch.setattr(rehearsing, "end", lambda *_: self.asked.append("end"))

    def _start(self, *_: object) -> Started:
        self.asked.append("start")
        return Started({}, subprocess.Popen("true"))

    def _answer(self, _state: object, request: dict[str, Any], *_fds: object, **_status: object) -> Any:
        self.asked.append(request["do"])
        if request["do"] == "status":
            return {"fabric": self._fabric}
        return [dict(self._seen if "case" in request else PROVED)] if request["do"] == "verify" else None


@pytest.fixture
def file(tmp_path: Path) -> str:
    made = tmp_path / "intents.yaml"
    made.write_text("version: 1\nexpect: [{allow: internet -> web:80}]\nwhen: [{az-down: us-east-1a}]\n")
    return str(made)


def test_a_case_is_tried_in_a_scratch_world(monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    server = Server(monkeypatch, "kernel", SENT)
    said = CliRunner().invoke(app, ["verify", file])
    assert (said.exit_code, "1 sent in a scratch world)" in said.output) == (0, True)
    assert server.asked == ["verify", "status", "suppose", "start", "verify", "end"]


def test_a_packet_that_does_otherwise_there_breaks_the_intent(monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    strayed = {**SENT, "holds": False, "why": "a packet did not do as proved", "strayed": ["tcp: did not arrive"]}
    server = Server(monkeypatch, "kernel", strayed)
    said = CliRunner().invoke(app, ["verify", file])
    assert (said.exit_code, said.output.startswith("FAILS  when us-east-1a is down")) == (1, True)
    assert "tcp: did not arrive" in said.output
    assert server.asked[-1] == "end"


def test_where_no_world_can_be_made_it_is_proved_alone_and_said(monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    Server(monkeypatch, "kernel", SENT)

    def fail(*_: object) -> None:
        raise ControlError("no room")

    monkeypatch.setattr(rehearsing, "start", fail)
    said = CliRunner().invoke(app, ["verify", file])
    assert said.exit_code == 0
    assert "; proof only)" in said.stdout
    assert said.stderr == "there is no scratch world for what would be, which is proved alone: no room\n"


@pytest.mark.parametrize(("fabric", "options"), [("none", []), ("kernel", ["--proof-only"])])
def test_without_a_network_or_wish_there_is_none(
    monkeypatch: pytest.MonkeyPatch, file: str, fabric: str, options: list[str]
) -> None:
    server = Server(monkeypatch, fabric, SENT)
    said = CliRunner().invoke(app, ["verify", file, *options])
    assert (said.exit_code, "; proof only)" in said.output) == (0, True)
    assert "suppose" not in server.asked
