"""An Atoll of a test's own: the real command, its own state folder, a port of its own."""

import contextlib
import os
import random
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import boto3
from botocore.config import Config

REPO = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
"""Where `atoll` and `aws` of this virtual environment are."""

PATIENCE = 120.0
"""Seconds that a command may take before it counts as hung; the first of all fetches the image's packages."""


class Said(NamedTuple):
    """How a command ended and what it printed."""

    status: int
    out: str
    err: str


PORTS = range(10_000, 32_768 - 10_000)
"""Below those that the kernel gives to connections, and so are the ports of their SOCKS proxies, 10000 higher: none is
taken between the choice and its use. Linux gives 32768 and above (net.ipv4.ip_local_port_range)."""


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    while True:
        with socket.socket() as tried, contextlib.suppress(OSError):
            tried.bind(("127.0.0.1", port := random.choice(PORTS)))
            return port


def environment(state: Path, **more: str) -> dict[str, str]:
    """A user's environment: nothing of AWS's or Atoll's but what is named, and no configuration files."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ATOLL_"))}
    return {
        **kept,
        "PATH": f"{BIN}:{kept['PATH']}",
        "HOME": str(state.parent),
        "LC_ALL": "C.UTF-8",
        "ATOLL_STATE": str(state),
        "ATOLL_CACHE": str(REPO / ".cache" / "atoll"),
        **more,
    }


class Atoll:
    """One Atoll on its own state folder; not running until `up`."""

    def __init__(self, folder: Path, who: Sequence[str] = ()) -> None:
        """`who`: words that make a command somebody else's ("newcomer.sh HOME")."""
        self.folder = folder
        self.who = tuple(who)
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.environment = environment(folder)

    def run(
        self, *words: str, stdin: str = "", extra: Mapping[str, str] | None = None, patience: float = PATIENCE
    ) -> Said:
        """`atoll WORDS` on this state folder."""
        return self.command("atoll", *words, stdin=stdin, extra=extra, patience=patience)

    def command(
        self, *words: str, stdin: str = "", extra: Mapping[str, str] | None = None, patience: float = PATIENCE
    ) -> Said:
        """Any command, in the same environment."""
        done = subprocess.run(
            [*self.who, *words],
            input=stdin,
            env={**self.environment, **(extra or {})},
            cwd=self.folder.parent,
            capture_output=True,
            text=True,
            timeout=patience,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def up(self, *options: str) -> Said:
        """Start it; it must."""
        said = self.run("up", "--port", str(self.port), *options)
        assert said.status == 0, said.err
        return said

    def down(self) -> Said:
        """Stop it, whether it runs or not."""
        said = self.run("down")
        assert said.status == 0, said.err
        return said

    def delete(self) -> None:
        """Stop it, and delete its folder if it has one."""
        if (self.folder / "atoll.db").exists():
            said = self.run("down", "--delete")
            assert said.status == 0, said.err
            assert not self.folder.exists()

    def ec2(self, account: str = "123456789012", region: str = "us-east-1") -> Any:
        """A client of EC2."""
        return self.client("ec2", account, region)

    def client(self, service: str, account: str = "123456789012", region: str = "us-east-1", **session: str) -> Any:
        """A client as a user would make one. Tests keep apart by account: an access key of 12 digits is one.

        `session`: what a session of STS has besides (aws_session_token).
        """
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key="any",
            config=Config(retries={"total_max_attempts": 1}, proxies={}),
            **session,
        )
