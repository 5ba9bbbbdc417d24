"""What outlives a kill, and what must not: connections and guests go on, half-begun programs and worlds end."""

import contextlib
import hashlib
import os
import select
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from atoll.linux import keeper
from tests.scenarios import host
from tests.scenarios.building import USER_DATA, described, instance, network
from tests.scenarios.running import PATIENCE, Atoll
from tests.scenarios.streams import connection
from tests.scenarios.test_world import with_guests

pytestmark = pytest.mark.kernel

BYTES = 64 << 20
"""More than all buffers on the way hold, so that most of it is sent after the kill."""

PART = 8 << 20
LARGE = f"""{USER_DATA}
seq 1 10000000 | head -c {BYTES} > /var/www/large && mv /var/www/large /var/www/html/
"""


def kill_server(atoll: Atoll) -> None:
    """SIGKILL; returns when the outer process has ended as well."""
    outer = host.outer(atoll.folder)
    os.kill(host.server(atoll.folder), signal.SIGKILL)
    host.until_ended({outer: "outer process"})


def receive(stream: socket.socket, count: int) -> bytes:
    parts = []
    while count:
        part = stream.recv(min(count, 1 << 16))
        assert part, f"{count} bytes are missing"
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


@pytest.mark.parametrize("victim", [host.server, host.outer], ids=["server", "outer process"])
def test_a_download_through_an_elastic_ip_goes_on_across_kill_and_restart(
    own_atoll: Atoll, victim: host.Choice
) -> None:
    own_atoll.up()
    ec2 = own_atoll.ec2()
    web = instance(ec2, network(ec2), "web", LARGE)
    allocation = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(AllocationId=allocation["AllocationId"], InstanceId=web)
    there = f"http://{allocation['PublicIp']}/large"
    until = ("curl", "-sfI", "--retry", "60", "--retry-all-errors", "--retry-delay", "1", "-o", "/dev/null", there)
    assert own_atoll.run("internet", "--", *until).status == 0
    with connection(own_atoll.folder, allocation["PublicIp"], 80) as stream:
        stream.settimeout(20)
        stream.sendall(b"GET /large HTTP/1.0\r\n\r\n")
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += receive(stream, 1)
        assert f"Content-Length: {BYTES}".encode() in head
        digest = hashlib.sha256(receive(stream, PART))
        outer = host.outer(own_atoll.folder)
        os.kill(victim(own_atoll.folder), signal.SIGKILL)
        host.until_ended({outer: "outer process"})
        digest.update(receive(stream, PART))
        own_atoll.up()
        digest.update(receive(stream, PART))
        ec2 = own_atoll.ec2()
        assert described(ec2, web)["PublicIpAddress"] == allocation["PublicIp"]
        digest.update(receive(stream, BYTES - 3 * PART))
        assert stream.recv(1) == b""
    whole = "".join(f"{number}\n" for number in range(1, 10_000_000)).encode()[:BYTES]
    assert digest.hexdigest() == hashlib.sha256(whole).hexdigest()


@pytest.mark.parametrize("how", [(), ("nohup",)], ids=["", "a server under nohup"])
@pytest.mark.parametrize("where", ["internet", "exec"])
def test_a_program_that_nobody_waits_for_any_more_is_hung_up(
    own_atoll: Atoll, where: str, how: tuple[str, ...]
) -> None:
    own_atoll.who = how
    own_atoll.up()
    ec2 = own_atoll.ec2()
    web = instance(ec2, network(ec2))
    target = ["internet"] if where == "internet" else ["exec", web]
    command = ["atoll", *target, "--", "bash", "-c", "echo begun; exec -a forgotten sleep 1000"]
    running = subprocess.Popen(
        command, env=own_atoll.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    )
    assert running.stdout is not None
    with running.stdout:
        assert running.stdout.readline() == b"begun\n"
        kill_server(own_atoll)
        assert running.stdout.read() == b"", "the pipe is held open by nobody"
    assert running.wait(20) != 0


def test_a_server_that_is_told_to_end_while_it_starts_leaves_nothing(own_atoll: Atoll) -> None:
    """At every moment that can be told apart from outside, in a new world and in one that is joined."""
    folder = own_atoll.folder
    moments: list[Callable[[int], bool]] = [
        lambda _: (folder / "lock").exists(),
        lambda _: (folder / "keeper").exists(),
        lambda _: is_kept(folder),
        lambda outer: bool(children(outer)),
        lambda _: (folder / "atoll.db").exists(),
        lambda _: (folder / "atoll.db-wal").exists(),
    ]
    for moment in moments:
        for name in ("lock", "keeper", "atoll.db", "atoll.db-wal", "atoll.db-shm"):
            (folder / name).unlink(missing_ok=True)
        told_while_starting(own_atoll, moment)
    own_atoll.up()
    kill_server(own_atoll)
    assert is_kept(folder)
    told_while_starting(own_atoll, lambda outer: bool(children(outer)))


def told_while_starting(atoll: Atoll, moment: Callable[[int], bool]) -> None:
    outer = begin(atoll)
    while not moment(outer.pid):
        assert outer.poll() is None
    outer.terminate()
    assert outer.wait(PATIENCE) in (0, 143)
    assert not is_kept(atoll.folder)
    assert host.family(atoll.folder) == {}


def begin(atoll: Atoll) -> "subprocess.Popen[bytes]":
    """What `atoll up` starts, without waiting for it."""
    command = [sys.executable, "-m", "atoll.app.main", "--state", str(atoll.folder), "--port", str(atoll.port)]
    return subprocess.Popen(
        command, env=atoll.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def is_kept(folder: Path) -> bool:
    found = keeper.find(folder / "keeper")
    if found is None:
        return False
    found.close()
    return True


def children(pid: int) -> list[str]:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return []


def test_guests_of_a_world_that_ended_boot_again_though_the_first_start_after_it_was_killed(own_atoll: Atoll) -> None:
    """They did not end by themselves: their world did."""
    processes = with_guests(own_atoll)
    os.kill(host.keeper(own_atoll.folder), signal.SIGKILL)
    host.until_ended(processes)
    outer = begin(own_atoll)
    while not is_kept(own_atoll.folder):
        assert outer.poll() is None
    kept = host.keeper(own_atoll.folder)
    outer.kill()
    outer.wait()
    host.until_ended({pid: name for pid, name in host.family(own_atoll.folder).items() if pid != kept})
    own_atoll.up()
    answer = own_atoll.ec2().describe_instances()
    states = [one["State"]["Name"] for made in answer["Reservations"] for one in made["Instances"]]
    assert states == ["running", "running"]


def test_a_guest_of_no_instance_is_ended_at_the_next_start(own_atoll: Atoll) -> None:
    """Its reset was committed, and then the server was killed."""
    with_guests(own_atoll)
    kill_server(own_atoll)
    with contextlib.closing(sqlite3.connect(own_atoll.folder / "atoll.db")) as db, db:
        db.execute("delete from row where kind != 'internet-host'")
    own_atoll.up()
    assert own_atoll.ec2().describe_instances()["Reservations"] == []
    assert list((own_atoll.folder / "guests" / "instances").iterdir()) == []
    assert not any(name.endswith("init") for name in host.family(own_atoll.folder).values())


def test_a_keeper_ends_with_its_state_folder_even_if_another_is_made_there(own_atoll: Atoll) -> None:
    processes = with_guests(own_atoll)
    kept = host.keeper(own_atoll.folder)
    kill_server(own_atoll)
    (own_atoll.folder / "keeper").unlink()
    (own_atoll.folder / "keeper").touch()
    handle = os.pidfd_open(kept)
    try:
        assert select.select([handle], [], [], 3 * keeper.LOOK)[0]
    finally:
        os.close(handle)
    host.until_ended(processes)


def test_a_server_comes_up_though_nobody_waits_for_it_any_more(own_atoll: Atoll) -> None:
    """`atoll up` was killed, or its terminal closed, while the server started."""
    read_end, write_end = os.pipe()
    command = [sys.executable, "-m", "atoll.app.main", "--state", str(own_atoll.folder), "--port", str(own_atoll.port)]
    log = own_atoll.folder.parent / "log"
    with log.open("wb") as file:
        server = subprocess.Popen(
            [*command, "--fabric", "none", "--ready-fd", str(write_end)],
            env=own_atoll.environment,
            pass_fds=(write_end,),
            stdout=file,
            stderr=file,
        )
    os.close(read_end)
    os.close(write_end)
    while own_atoll.run("status").status:
        assert server.poll() is None, log.read_text()
    own_atoll.down()
    assert server.wait(PATIENCE) == 0
