"""Programs in an instance's network that are not in its container: this machine's own, and containers behind it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.scenarios import host
from tests.scenarios.running import PATIENCE, Atoll


class Inside:
    """The network of one instance."""

    def __init__(self, atoll: Atoll, instance: str) -> None:
        place = Path(f"/proc/{host.keeper(atoll.folder)}/root{atoll.folder}/world/{instance}")
        self.enter = [*host.entering(atoll.folder), "nsenter", f"--net={place}"]
        kept = {name: value for name, value in atoll.environment.items() if not name.startswith("AWS_")}
        self.environment = {**kept, "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}

    def run(self, *command: str) -> str:
        """What a program there prints; it must succeed."""
        done = subprocess.run(
            [*self.enter, *command],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def python(self, program: str) -> str:
        """What a program says in a Python that has botocore; nothing of AWS's is in its environment."""
        return self.run(sys.executable, "-Ic", program).strip()

    @contextmanager
    def container(self) -> Iterator["Container"]:
        """A network behind the instance, as a bridge of containers has it: one hop more, its addresses hidden."""
        script = "echo ready; while read command; do sh -c \"$command\" 2>&1 | tr '\\n' ' '; echo; done"
        with subprocess.Popen(
            [*self.enter, "unshare", "--net", "sh", "-c", script],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                made = Container(process)
                assert made.line() == "ready"
                self._forward(process.pid)
                made.sh("ip link set eth0 up; ip addr add 172.17.0.2/16 dev eth0; ip route add default via 172.17.0.1")
                yield made
            finally:
                assert process.stdin is not None
                process.stdin.close()
                self.run("nft", "delete table ip containers")

    def _forward(self, container: int) -> None:
        for command in (
            f"ip link add docker0 type veth peer name eth0 netns {container}",
            "ip addr add 172.17.0.1/16 dev docker0",
            "ip link set docker0 up",
            "sysctl -qw net.ipv4.ip_forward=1",
        ):
            self.run(*command.split())
        chain = "chain out { type nat hook postrouting priority 100; oifname eth0 masquerade; }"
        self.run("nft", f"table ip containers {{ {chain}; }}")


class Container:
    """A shell in it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def line(self) -> str:
        """The next line that it prints."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def sh(self, command: str) -> str:
        """What a command without double quotes prints, its lines joined by spaces."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        return self.line()
