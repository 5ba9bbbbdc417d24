"""What every demo does with the running Atoll: its API, its internet, and the insides of its instances."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from atoll.local.control import ask

PATIENCE = 2.0
"""Seconds after which no answer counts as silence. In AWS too a dropped packet is told from a late one by waiting."""

BOOT = 60.0
"""Seconds that user data has to bring a server up."""

PROBE = """
import socket, sys, urllib.request
ip, seconds = sys.argv[1], float(sys.argv[2])
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
try:
    body = opener.open(f"http://{ip}/", timeout=seconds).read().decode().strip()
    print("answers: " + body)
except OSError as error:
    reason = getattr(error, "reason", error)
    refused = isinstance(reason, ConnectionRefusedError)
    silent = isinstance(reason, (TimeoutError, socket.timeout))
    print("refused" if refused else "silent" if silent else f"error: {reason}")
"""


class Lab:
    """One demo's view: an API client for its region, and ways to try things."""

    def __init__(self, control: Path, endpoint: str, region: str) -> None:
        self._control = control
        self.ec2 = client("ec2", endpoint, region)
        self.region = region

    def http(self, ip: str, *, source: str = "203.0.113.10", seconds: float = PATIENCE) -> str:
        """GET / from a host of the internet: "answers: ...", "refused" or "silent"."""
        command = [sys.executable, "-I", "-c", PROBE, ip, str(seconds)]
        return self._output({"do": "internet", "ip": source, "command": command, "env": {}, "cwd": "/"})

    def http_once_up(self, ip: str) -> str:
        """The same, for a server that may still be starting: the first answer, or the last thing seen."""
        return until(lambda: self.http(ip), lambda seen: seen.startswith("answers"), BOOT)

    def inside(self, instance: str, *command: str) -> str:
        """What a command prints in an instance."""
        return self._output({"do": "exec", "instance": instance, "command": command, "tty": False, "env": {}})

    def _output(self, request: dict[str, Any]) -> str:
        read_end, write_end = os.pipe()
        with open(os.devnull, "r+b") as nothing, os.fdopen(read_end, "rb") as output:
            try:
                ask(self._control, request, (nothing.fileno(), write_end, write_end))
            finally:
                os.close(write_end)
            return output.read().decode(errors="replace").strip()

    def refusal(self, call: Callable[[], object]) -> str:
        """The error code that a call is refused with, or "accepted"."""
        from botocore.exceptions import ClientError

        try:
            call()
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "accepted"


def until(look: Callable[[], str], good: Callable[[str], bool], seconds: float) -> str:
    """Look again and again until it is good or the time is up; the last thing seen. `look` itself takes its time."""
    deadline = time.monotonic() + seconds
    seen = look()
    while not good(seen) and time.monotonic() < deadline:
        time.sleep(0.1)  # not busy while the server is still refusing
        seen = look()
    return seen


def client(service: str, endpoint: str, region: str) -> Any:
    """A boto3 client for this Atoll, whatever the user's own configuration says."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="atoll",
        aws_secret_access_key="atoll",
        config=Config(retries={"max_attempts": 1}, proxies={}),
    )
