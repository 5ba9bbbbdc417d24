"""Two network namespaces with a cable, and guests in one of them: what the tests of guests share.

Nothing is mounted and no namespace is named: the namespaces live as long as the two sleeping processes that hold
them. The cache of the image is made once a test session.
"""

import contextlib
import http.client
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

from atoll.guest import Boot, Guests
from atoll.linux import mounts
from atoll.linux.syscalls import Clone, inside

ADDRESS = "10.0.0.5"
CLIENT = "10.0.0.1"


class Lab:
    """Guests, the namespace that the guest under test lives in, and the one of its client."""

    def __init__(self, folder: Path, cache: Path, guest_netns: str, client_netns: str) -> None:
        self.folder = folder
        self.guest_netns = guest_netns
        self.client_netns = client_netns
        self.exits: list[tuple[str, int]] = []
        self.exited = threading.Event()
        self.guests = Guests(folder, cache, self.on_exit)

    def on_exit(self, instance: str, boot: int) -> None:
        self.exits.append((instance, boot))
        self.exited.set()

    def boot(self, user_data: str = "", *, number: int = 1, instance: str = "i-1") -> str:
        """Start and wait until user data is through; the console output."""
        name = "ip-10-0-0-5.ec2.internal"
        self.guests.start(Boot(instance, number, self.guest_netns, name, user_data.encode(), first=number == 1))
        self.until_printed("atoll: boot finished", instance)
        return self.guests.console(instance).decode()

    def until_printed(self, words: str, instance: str = "i-1", seconds: float = 30) -> None:
        """Wait for a line in the console; `tail` wakes up when the file changes."""
        console = self.folder / "instances" / instance / "console"
        with subprocess.Popen(["tail", "-n", "+1", "-f", console], stdout=subprocess.PIPE, text=True) as tail:
            timer = threading.Timer(seconds, tail.kill)
            timer.start()
            try:
                assert tail.stdout is not None
                assert any(words in line for line in tail.stdout), f"not printed in {seconds} s: {words}"
            finally:
                timer.cancel()
                tail.kill()

    def get(self, path: str = "/", port: int = 80) -> tuple[int, str]:
        """Status and body of an HTTP request to the guest from its client's namespace."""
        with inside(self.client_netns, Clone.NEWNET):
            connection = http.client.HTTPConnection(ADDRESS, port, timeout=5)
            connection.connect()
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def sh(self, script: str, instance: str = "i-1") -> tuple[int, str]:
        """Run a script in the guest: exit status, and what it printed."""
        out = self.folder / "said"
        with out.open("wb") as file, open("/dev/null", "rb") as null:
            fds = (null.fileno(), file.fileno(), file.fileno())
            status = self.guests.exec(instance, ["sh", "-c", script], {}, fds)
        return status, out.read_text()


@contextlib.contextmanager
def laboratory(folder: Path, cache: Path) -> Iterator[Lab]:
    with _namespace() as guest, _namespace() as client:
        for line in (
            f"link add eth0 netns {guest} type veth peer name cable netns {client}",
            f"-n {guest} link set lo up",
            f"-n {guest} addr add {ADDRESS}/24 dev eth0",
            f"-n {guest} link set eth0 up",
            f"-n {client} addr add {CLIENT}/24 dev cable",
            f"-n {client} link set cable up",
        ):
            _ip(line)
        made = Lab(folder, cache, f"/proc/{guest}/ns/net", f"/proc/{client}/ns/net")
        try:
            yield made
        finally:
            for instance in list((folder / "instances").iterdir()):
                made.guests.terminate(instance.name)
            made.guests.close()
            mounts.unmount_below(folder)


def _ip(words: str) -> None:
    """`-n PID` is done with nsenter: ip itself wants names, and names are mounts."""
    split = words.split()
    enter = ["nsenter", "--target", split[1], "--net"] if split[0] == "-n" else []
    subprocess.run([*enter, "ip", *split[2 if enter else 0 :]], check=True)


@contextlib.contextmanager
def _namespace() -> Iterator[int]:
    """A new network namespace, held by a process; its id."""
    with subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "echo ready; exec sleep infinity"], stdout=subprocess.PIPE, text=True
    ) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "ready\n"
            yield holder.pid
        finally:
            holder.send_signal(signal.SIGKILL)
