"""Kill the server at random moments of a stream of calls, start it again, and compare with what it had acknowledged.

    python -m tests.crash.run --runs 300 --seed 1
    tests/support/newcomer.sh HOME python -m tests.crash.run --cache HOME/cache     the same of an ordinary user's Atoll

Every client keeps a log of acknowledged answers (its `Shadow`), and is the only user of its account. After each
restart: what was acknowledged is there, a call without an answer is there whole or not at all, the kernel equals the
model, nothing is half made; and after another restart every Describe answers the same bytes.
"""

import argparse
import contextlib
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from atoll.linux import cgroups, keeper
from atoll.local.control import ask
from tests.crash.aws import Aws, BrokenError, RefusedError
from tests.crash.download import Download, served
from tests.crash.looking import half_made, half_made_of_user, temporary
from tests.crash.seen import answers, look, settling
from tests.crash.shadow import Shadow
from tests.crash.things import Step, Things
from tests.scenarios.running import environment, free_port

PATIENCE = 30.0
LOOK = 0.05
ACCOUNTS = ("111111111111", "222222222222", "333333333333")
DOWNLOADER = "444444444444"


class WrongError(Exception):
    """A promise was broken."""


class Server:
    """The server's process, started as `atoll up` does."""

    def __init__(self, folder: Path, fabric: str, more: Mapping[str, str] | None = None) -> None:
        """`more`: what its environment has beside that of all tests."""
        self.folder = folder
        self._more = more or {}
        self.port = free_port()
        self.fabric = fabric
        self.process: subprocess.Popen[bytes] | None = None
        self._ready = -1

    def begin(self) -> None:
        """Start it and return at once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary(self.folder).mkdir(exist_ok=True)
        read_end, write_end = os.pipe()
        command = [sys.executable, "-m", "atoll.app.main", "--state", str(self.folder), "--port", str(self.port)]
        with (self.folder / "atoll.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--fabric", self.fabric, "--ready-fd", str(write_end)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(write_end,),
                start_new_session=True,
                env=environment(self.folder, TMPDIR=str(temporary(self.folder)), **self._more),
            )
        os.close(write_end)
        self._ready = read_end

    def up(self) -> None:
        """Start it and wait until it is ready; it must be."""
        self.begin()
        with os.fdopen(self._ready, "rb") as lines:
            said = next((line for line in lines if b"progress" not in line[:12]), b"")
        if not said.startswith(b'{"ok"'):
            raise WrongError(f"it does not start: {said.decode()}")

    def abandon(self) -> None:
        """Nobody listens to what it says while it starts."""
        os.close(self._ready)

    def kill(self, victim: str) -> None:
        """SIGKILL to the server or to the outer process; returns when both are gone."""
        assert self.process is not None
        outer = self.process.pid
        pid = (_children(outer) or [outer])[-1] if victim == "server" else outer
        last = [os.pidfd_open(child) for child in _children(outer)]
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self.process.wait()
        for handle in last:
            _wait_for(handle)
            os.close(handle)

    def down(self) -> None:
        """As `atoll down`."""
        assert self.process is not None
        ask(self.folder / "control", {"do": "down"})
        if self.process.wait(PATIENCE):
            raise WrongError(f"it went down with status {self.process.returncode}")

    def end(self) -> None:
        """Everything down, whatever happened."""
        with contextlib.suppress(Exception):
            self.kill("outer")
        found = keeper.find(self.folder / "keeper")
        if found:
            found.end()
            found.close()
        cgroups.sweep(self.folder / "cgroups")


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _wait_for(handle: int) -> None:
    if not select.select([handle], [], [], PATIENCE)[0]:
        raise WrongError("a killed process does not end")


class Client:
    """One client: calls one after the other until the server goes away."""

    def __init__(self, account: str, rng: random.Random, instances: int) -> None:
        self.account = account
        self.shadow = Shadow(rng, instances)
        self.ids: dict[str, str] = {}
        self.open: Step | None = None  # sent, and not answered
        self.counts: Counter[str] = Counter()

    def work(self, port: int) -> None:
        """Until the connection breaks. WrongError when something that it began does not end."""
        aws = Aws(port, self.account)
        while True:
            step = self.open = self.shadow.step()
            try:
                self._call(aws, step)
                if step.settles:
                    until(lambda: not settling(aws), "what was begun does not end")
            except BrokenError as error:
                if not error.sent:
                    self.open = None
                return
            except RefusedError as error:
                self.open = None
                self.counts["refused"] += 1
                self.counts[f"refused {step.action} {error.args[0]}"] += 1

    def _call(self, aws: Aws, step: Step) -> None:
        params = {}
        for name, value in step.params.items():
            known = self.ids.get(value[1:-1], "x") if value.startswith("{") else value
            params[name] = known
        answer = aws.call(step.action, params, step.service)
        name, path = step.makes
        if name:
            self.ids[name] = answer.text(path)
        self.shadow.things = step.after(self.shadow.things)
        self.open = None
        self.counts["acknowledged"] += 1
        self.counts[step.action] += 1

    def judge(self, port: int) -> str:
        """What became of the open call: "whole", "none", or "" when there was none. WrongError for anything else."""
        aws = Aws(port, self.account)
        with contextlib.closing(aws):
            until(lambda: not settling(aws), "instances do not settle")
            seen = look(aws)
        before = _plain(self.shadow.things)
        after = _plain(self.open.after(self.shadow.things)) if self.open else None
        step, self.open = self.open, None
        self.ids |= seen.ids
        self.shadow.things = seen.things
        if _plain(seen.things) == before:
            return "none" if step else ""
        if _plain(seen.things) == after:
            return "whole"
        raise WrongError(
            f"account {self.account}: {_difference(before, _plain(seen.things))}; open call: {step and step[:2]}"
        )


def _plain(things: Things) -> dict[tuple[str, ...], tuple[str, ...]]:
    return {key: (*value[:4], *sorted(value[4:])) if key[0] == "eni" else value for key, value in things.items()}


def _difference(before: Things, seen: Things) -> str:
    keys = [key for key in {**before, **seen} if before.get(key) != seen.get(key)]
    return "; ".join(f"{key}: acknowledged {before.get(key)}, there {seen.get(key)}" for key in keys[:8])


def until(holds: Callable[[], bool], complaint: str, patience: float = PATIENCE) -> None:
    """Look until it holds; WrongError when it does not come to that in so many seconds."""
    end = time.monotonic() + patience
    while not holds():
        if time.monotonic() > end:
            raise WrongError(complaint)
        threading.Event().wait(LOOK)


class Series:
    """All runs on one state folder."""

    def __init__(self, server: Server, seed: int, instances: int) -> None:
        self.rng = random.Random(seed)
        self.server = server
        self.clients = [Client(account, random.Random(self.rng.random()), instances) for account in ACCOUNTS]
        self.counts: Counter[str] = Counter()
        self.times: Counter[str] = Counter()
        self.groups: set[Path] = set()  # control groups that the record ever named
        self.address = ""  # an Elastic IP
        self.download: Download | None = None

    def begin(self) -> None:
        """Up, with a download that goes on until the end, or until what is up is taken down."""
        self.server.up()
        if self.server.fabric == "kernel":
            with contextlib.closing(Aws(self.server.port, DOWNLOADER)) as aws:
                self.address = served(aws)
            self.download = Download(self.server.folder, self.address)

    def run(self, number: int) -> None:
        """One kill, one or more restarts, all comparisons. WrongError names the run."""
        try:
            self._run()
        except Exception as error:
            raise WrongError(f"run {number}: {error}") from error

    def _run(self) -> None:
        victim = self.rng.choices(("server", "outer"), (3, 1))[0]
        with ThreadPoolExecutor(len(self.clients)) as pool:
            working = [pool.submit(one.work, self.server.port) for one in self.clients]
            threading.Event().wait(self.rng.uniform(0.02, 1.0))
            self.server.kill(victim)
            for work in working:
                work.result()
        self.counts["runs"] += 1
        self.counts[f"kills of the {victim}"] += 1
        self.counts["kills inside a call"] += any(one.open for one in self.clients)
        self._downloads("without a server")
        self._kill_while_starting()
        self._timed("restart", self.server.up)
        self._downloads("after a restart")
        for one in self.clients:
            outcome = one.judge(self.server.port)
            if outcome:
                self.counts[f"open calls: {outcome}"] += 1
        self._compare()

    def _downloads(self, when: str) -> None:
        """No kill and no restart has stopped the download."""
        if self.download:
            if wrong := self.download.goes_on(PATIENCE):
                raise WrongError(f"the download {when}: {wrong}")
            self.counts[f"looks at the download {when}"] += 1

    def _kill_while_starting(self) -> None:
        while self.rng.random() < 0.35:
            self.server.begin()
            threading.Event().wait(self.rng.uniform(0.0, 1.0))
            self.server.kill(self.rng.choice(("server", "outer")))
            self.server.abandon()
            self.counts["kills while starting"] += 1

    def _compare(self) -> None:
        """The kernel equals the model; another restart, clean or not, changes no answer."""
        accounts = [Aws(self.server.port, account) for account in (*ACCOUNTS, DOWNLOADER)]
        if self.server.fabric == "kernel":
            self._timed("audit", lambda: self._nothing_half_made(accounts))
        before = [answers(aws) for aws in accounts]
        for aws in accounts:
            aws.close()
        if self.rng.random() < 0.5:
            if self.download:
                self._downloads("before down")
                self.download.close()
            self._timed("down", self.server.down)
            self.counts["clean restarts"] += 1
            self._timed("restart", self.server.up)
            if self.download:
                self.download = Download(self.server.folder, self.address)
        else:
            self.server.kill("server")
            self.counts["kills at rest"] += 1
            self._timed("restart", self.server.up)
            self._downloads("after a kill at rest")
        for aws, known in zip(accounts, before, strict=True):
            until(lambda aws=aws: not settling(aws), "instances do not settle")  # type: ignore[misc]
            again = answers(aws)
            for action, answer in known.items():
                if again[action] != answer:
                    raise WrongError(f"{action} answers otherwise:\n{answer!r}\n{again[action]!r}")
            self.counts["answers compared"] += len(known)
            aws.close()

    def _nothing_half_made(self, accounts: list[Aws]) -> None:
        found: list[str] = []

        def none() -> bool:
            if os.geteuid():
                found[:] = half_made_of_user(self.server.folder, self.server.port, (*ACCOUNTS, DOWNLOADER))
            else:
                found[:] = half_made(self.server.folder, accounts)
            return not found

        try:
            until(none, "")  # what waits for the reaper is too many until then
        except WrongError as error:
            raise WrongError(f"half made: {found[:10]}") from error
        parents = cgroups.recorded(self.server.folder / "cgroups")
        self.groups.update(parents)
        self.counts["guests' control groups"] += sum(path.is_dir() for one in parents for path in one.iterdir())

    def end(self) -> None:
        """Everything down; no control group may be left. WrongError."""
        if self.download:
            self.download.close()
        self.server.end()
        left = [str(path) for path in self.groups if path.exists()]
        if left:
            raise WrongError(f"control groups are left: {left}")

    def _timed(self, name: str, action: Any) -> None:
        begin = time.monotonic()
        action()
        self.times[name] += round((time.monotonic() - begin) * 1000)


def series(
    folder: Path,
    runs: int,
    seed: int,
    fabric: str = "kernel",
    instances: int = 1,
    told: Callable[[Counter[str]], object] = lambda _: None,
    more: Mapping[str, str] | None = None,
) -> Counter[str]:
    """So many runs; what was counted. WrongError for the first broken promise. `told`: after every tenth run."""
    made = Series(Server(folder, fabric, more), seed, instances)
    try:
        made.begin()
        for number in range(runs):
            made.run(number)
            if number % 10 == 9:
                told(made.counts)
        for one in made.clients:
            made.counts += one.counts
        return made.counts + Counter({f"milliseconds of {name}": spent for name, spent in made.times.items()})
    finally:
        made.end()


def _say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fabric", default="kernel")
    parser.add_argument("--cache", help="where what guests are made of is kept, if not with the tests'")
    parser.add_argument("--keep", action="store_true")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="atoll-crash-"))
    begin = time.monotonic()
    try:
        more = {"ATOLL_CACHE": asked.cache} if asked.cache else {}
        counts = series(folder / "state", asked.runs, asked.seed, asked.fabric, 1, lambda now: _say(dict(now)), more)
    finally:
        if not asked.keep:  # an ordinary user's guests have written with ids of his range
            subprocess.run([sys.executable, "-m", "tests.support.inside", "rm", "-r", str(folder)], check=True)
        else:
            _say(folder)
    for name, count in sorted(counts.items()):
        _say(f"{count:8} {name}")
    _say(f"{time.monotonic() - begin:8.0f} seconds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
