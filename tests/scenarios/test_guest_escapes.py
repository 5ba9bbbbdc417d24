"""What an untrusted guest tries against its host, with and without root. Each attempt works where no wall is."""

import subprocess
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.scenarios import host
from tests.scenarios.newcomers import AS_ROOT, by_root
from tests.scenarios.untrusted import ENVIRONMENT_SECRET, Ground, grounds

pytestmark = pytest.mark.kernel

__all__ = ["grounds"]

SYSCALL = """
import ctypes, os, platform, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
number = {number}[platform.machine()]
attribute = {attribute}
sys.exit(libc.syscall(number, {arguments}) < 0)
"""


def syscall(x86: int, arm: int, arguments: str, attribute: str = "b''") -> str:
    program = SYSCALL.format(number={"x86_64": x86, "aarch64": arm}, attribute=attribute, arguments=arguments)
    return f'/usr/bin/python3 -Ic "{program}"'


ATTEMPTS = {
    "mount a file system in memory": "mount -t tmpfs none /mnt",
    "mount proc": "mount -t proc none /mnt",
    "mount a folder elsewhere": "mount --bind /etc /mnt",
    "remount /sys for writing": "mount -o remount,rw /sys",
    "unmount": "umount /dev/shm",
    "mount cgroups": "mount -t cgroup -o pids none /mnt || mount -t cgroup2 none /mnt",
    "make a block device": "mknod /tmp/made b 254 0 && rm /tmp/made",
    "make a character device": "mknod /tmp/made c 1 1 && rm /tmp/made",
    "enter a namespace": "nsenter --net=/proc/self/ns/net true",
    "a user namespace": "unshare --user true",
    "a user namespace, and root in it": "unshare --user --map-root-user --mount true",
    "a mount namespace": "unshare --mount true",
    "a network namespace": "unshare --net true",
    "a process-id namespace": "unshare --pid --fork true",
    "what runs when a program crashes": 'v=$(cat /proc/sys/kernel/core_pattern); echo "$v" > '
    "/proc/sys/kernel/core_pattern",
    "how the machine swaps": "v=$(cat /proc/sys/vm/swappiness); echo $v > /proc/sys/vm/swappiness",
    "write to /sys": "echo change > /sys/class/net/lo/uevent",
    "host name": 'hostname "$(hostname)"',
    "set the clock": 'date -s "@$(date +%s)"',
    "keyrings": syscall(250, 219, "0, -2, 1"),
    "programs in the kernel": syscall(321, 280, "0, attribute, 72", "struct.pack('4I', 2, 4, 4, 1) + bytes(56)"),
    "faults by hand": syscall(323, 282, "0"),
    "io_uring": syscall(425, 425, "4, attribute", "ctypes.create_string_buffer(120)"),
    "a vsock to the machine's own host": "/usr/bin/python3 -Ic 'import socket; socket.socket(40, socket.SOCK_STREAM)'",
}
"""What has a wall of its own; every line succeeds for root in namespaces of its own."""


@by_root
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_the_attempt_works_where_no_wall_stands(attempt: str) -> None:
    bare = ["unshare", "--mount", "--net", "--uts", "--ipc", "--pid", "--fork", "--mount-proc"]
    done = subprocess.run([*bare, "sh", "-c", ATTEMPTS[attempt]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_the_attempt_fails_in_a_guest(grounds: Ground, attempt: str) -> None:
    assert grounds.sh(ATTEMPTS[attempt]).status != 0


def test_nothing_of_cgroups_is_in_a_guest(grounds: Ground) -> None:
    assert grounds.sh("find / -name 'release_agent' -o -name 'cgroup.procs' 2>/dev/null | head").out == ""
    assert grounds.sh("cut -d: -f3 /proc/self/cgroup | sort -u").out == "/\n"


def test_no_device_of_the_host(grounds: Ground) -> None:
    names = set(grounds.sh("ls /dev").out.split())
    allowed = {"core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout"}
    assert names <= allowed | {"tty", "urandom", "zero", "console"}
    assert grounds.sh("find / -xdev -type b 2>/dev/null").out == ""


def test_processes_of_the_host_and_of_other_guests_are_not_there(grounds: Ground) -> None:
    """Neither to be seen, nor traced, nor ended: process 1 is the guest's own."""
    mark = f"atoll-mark-{uuid.uuid4().hex}"
    command = ["sh", "-c", f": {mark}; echo ready; read _"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as outside:
        assert outside.stdout is not None
        assert outside.stdout.readline() == b"ready\n"
        assert mark in Path(f"/proc/{outside.pid}/cmdline").read_text()
        with grounds.running(grounds.bank, f"# {mark}\nprint('ready'); import time; time.sleep(60)"):
            seen = grounds.sh("cat /proc/[0-9]*/cmdline | tr '\\0' ' '").out
            assert "/usr/lib/atoll/init" in seen
            assert mark not in seen
            assert mark in grounds.sh("cat /proc/[0-9]*/cmdline", grounds.bank).out
            assert "atoll.app.main" not in seen
        outside.communicate(b"\n")
    assert grounds.sh("ls -di /proc/1/root/. / | awk '{ print $1 }' | uniq | wc -l").out == "1\n"


TRACE = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
SEIZE, ATTACH, DETACH = 0x4206, 16, 17
def traced(how, pid):
    if libc.ptrace(how, pid, None, None):
        return False
    if how == ATTACH:
        os.waitpid(pid, 0x40000000)
        libc.ptrace(DETACH, pid, None, None)
    return True
def read(pid):
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        memory.seek(int(maps.readline().split("-")[0], 16))
        return memory.read(4) == b"\\x7fELF"
def taken(pid):
    class Span(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
    into, wanted = ctypes.create_string_buffer(1), Span(8, 1)
    here = Span(ctypes.addressof(into), 1)
    libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(wanted), 1, 0)
    return ctypes.get_errno() == 14  # let in, and there is nothing at that address
WAYS = {
    "attach": lambda pid: traced(ATTACH, pid),
    "seize": lambda pid: traced(SEIZE, pid),
    "memory": read,
    "copy": taken,
    "handle": lambda pid: os.pidfd_open(pid) > 0,
    "namespaces": lambda pid: os.open(f"/proc/{pid}/ns/net", os.O_RDONLY) > 0,
    "root": lambda pid: bool(os.listdir(f"/proc/{pid}/root/")),
    "signal": lambda pid: os.kill(pid, 0) is None,
}
way, *pids = sys.argv[1:]
for pid in pids:
    try:
        if WAYS[way](int(pid)):
            print(pid)
    except OSError:
        pass
"""
TRACES = ("attach", "seize", "memory", "copy", "handle", "namespaces", "root", "signal")


@pytest.fixture
def outside(grounds: Ground) -> Iterator[list[str]]:
    """Processes whose numbers a guest might know: the server, its parent, the keeper, another guest's, a host's."""
    folder = grounds.atoll.folder
    first = Path(f"/proc/{host.keeper(folder)}/task/{host.keeper(folder)}/children").read_text().split()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as stranger:
        found = [host.server(folder), host.outer(folder), host.keeper(folder), int(first[-1]), stranger.pid]
        yield [str(pid) for pid in found]


@by_root
@pytest.mark.parametrize("way", TRACES)
def test_who_has_no_wall_round_him_traces_all_of_them(outside: list[str], way: str) -> None:
    done = subprocess.run(["/usr/bin/python3", "-Ic", TRACE, way, *outside], capture_output=True, text=True, check=True)
    assert done.stdout.split() == outside, done.stderr


@pytest.mark.parametrize("way", TRACES)
def test_no_process_outside_can_be_traced(grounds: Ground, outside: list[str], way: str) -> None:
    """By the numbers that they have on the host. A guest may do with its own processes as it likes."""
    traced = f"/usr/bin/python3 -Ic '{TRACE}' {way} $own {' '.join(outside)}"
    said = grounds.sh(f'sleep 1000 & own=$!; {traced} | sed "s/^$own$/own/"; kill $own')
    assert said.out == "own\n", said.err


def test_killing_all_that_can_be_killed_ends_nobody_else(grounds: Ground) -> None:
    grounds.sh("kill -KILL -1")
    assert grounds.atoll.run("status").status == 0
    for other in (grounds.teller, grounds.bank, grounds.stranger):
        assert grounds.sh("true", other).status == 0


PLACES = ("/root", "/run", "/tmp", "/srv", "/opt", "/var/tmp", "/var/lib", "/mnt", "/usr/local/etc", "/etc/ssl/private")


@pytest.fixture
def planted(grounds: Ground) -> Iterator[str]:
    """A file that everybody may read, in each forbidden place; its name is what it holds."""
    name = f"s3cret-{uuid.uuid4().hex}"
    folders = [Path(place) for place in PLACES if AS_ROOT and Path(place).is_dir()]
    folders += [grounds.atoll.folder.parent, grounds.atoll.folder, Path(grounds.atoll.environment["ATOLL_CACHE"])]
    with ExitStack() as undo:
        for folder in folders:
            place = folder / name
            place.write_text(name)
            undo.callback(place.unlink)
            place.chmod(0o644)
        assert len(folders) > 3 or not AS_ROOT  # an ordinary user may plant in his own alone
        yield name


def test_secrets_of_the_host_cannot_be_read(grounds: Ground, planted: str) -> None:
    search = (
        f"find / -name '{planted}' -not -path '/proc/[0-9]*' 2>/dev/null;"
        "grep -rl s3cret- /etc /home /root /run /tmp /srv /opt /var /mnt /media /usr/local /dev/shm 2>/dev/null"
    )
    assert grounds.sh(search).out == ""
    own = f"/root/{planted}"
    assert grounds.sh(f"echo {planted} > {own}; ({search}); rm {own}").out == f"{own}\n{own}\n", "it would be found"
    for folder in (*PLACES, grounds.atoll.folder, grounds.atoll.environment["ATOLL_CACHE"]):
        assert grounds.sh(f"cat {folder}/{planted}").status != 0


def test_the_environment_of_server_and_caller_cannot_be_read(grounds: Ground) -> None:
    """The server was started with the secret in its environment, and the command below runs with it too."""
    server = host.server(grounds.atoll.folder)
    assert ENVIRONMENT_SECRET.encode() in Path(f"/proc/{server}/environ").read_bytes()
    said = grounds.sh("cat /proc/[0-9]*/environ /proc/self/environ | tr '\\0' '\\n'; env")
    assert "LANG=C.UTF-8" in said.out
    assert ENVIRONMENT_SECRET not in said.out


def test_accounts_and_passwords_are_the_guests_own(grounds: Ground) -> None:
    hashes = {line.split(":")[1] for line in grounds.sh("cat /etc/shadow").out.splitlines()}
    assert hashes == {"*"}
    homes = {line.split(":")[5] for line in grounds.sh("cat /etc/passwd").out.splitlines() if ":1000:" in line}
    assert homes == {"/home/ec2-user"}


def test_the_control_socket_is_not_there(grounds: Ground) -> None:
    control = grounds.atoll.folder / "control"
    assert control.is_socket()
    connect = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    said = grounds.python(connect, str(control))
    assert (said.status, "FileNotFoundError" in said.err) == (1, True)
    assert grounds.sh("cat /proc/net/unix | grep -c control").out == "0\n"
