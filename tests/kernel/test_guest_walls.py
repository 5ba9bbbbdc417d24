"""What a guest cannot see or change of its host, and exec into it."""

import hashlib
import os
import pty
import select
import threading
from pathlib import Path

import pytest

from atoll.guest import GuestError, prepare_image
from tests.kernel.guest_lab import Lab

pytestmark = pytest.mark.kernel


def test_forbidden_host_paths_are_absent(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = tmp_path_factory.mktemp("forbidden") / "secret"
    secret.write_text("s3cret")
    lab.boot()
    assert lab.sh(f"cat {secret}")[0] != 0
    for folder in ("/home/*", "/root", "/srv", "/opt", "/tmp", "/mnt", "/media", "/usr/local/bin"):
        assert lab.sh(f"find {folder} -type f | grep -v '^/home/ec2-user'")[1] == "", folder
    expected = "bin dev etc home lib* media mnt opt proc root run sbin srv sys tmp usr var"
    assert lab.sh("ls -A /")[1].split() == lab.sh(f"cd / && ls -d {expected}")[1].split()


def test_secrets_of_the_hosts_etc_are_absent(lab: Lab) -> None:
    lab.boot()
    _, shadow = lab.sh("cat /etc/shadow")
    assert "root:*:" in shadow
    accounts = [line.split(":") for line in shadow.splitlines()]
    assert [name for name, password, *_ in accounts if password not in ("*", "!")] == []
    for path in ("ssl/private", "ssh", "apt", "sudoers", "profile.d", "pip.conf", "wgetrc", "machine-id", "gitconfig"):
        assert lab.sh(f"ls /etc/{path}")[0] != 0, path


def test_what_a_guest_writes_stays_in_its_own_layer(lab: Lab, guest_cache: Path) -> None:
    before = _fingerprint(guest_cache)
    lab.boot("#!/bin/sh\nrm -r /usr/bin/perl /etc/services /usr/share/doc\necho x > /usr/bin/atoll-test\n")
    assert lab.sh("ls /usr/bin/perl /etc/services")[0] != 0
    assert Path("/usr/bin/perl").exists()
    assert not Path("/usr/bin/atoll-test").exists()
    assert _fingerprint(guest_cache) == before


@pytest.mark.skipif("ATOLL_CACHE" in os.environ, reason="there is no way to the packages from here (tools/run-tests)")
def test_making_the_image_changes_nothing_of_the_hosts(tmp_path: Path) -> None:
    watched = (
        "/var/lib/dpkg",
        "/var/lib/apt",
        "/var/cache/apt",
        "/etc/apt",
        "/usr/sbin",
        "/etc/apache2",
        "/var/log/apt",
    )
    before = {path: _fingerprint(Path(path)) for path in watched}
    image = prepare_image(tmp_path / "cache", lambda _: None)
    assert {path: _fingerprint(Path(path)) for path in watched} == before
    assert prepare_image(tmp_path / "cache", pytest.fail) == image


@pytest.mark.parametrize(
    "attempt",
    [
        "mknod /root/disk b 254 0",
        "mount -t tmpfs none /mnt",
        "mount -o remount,rw /sys",
        "umount /usr/local",
        "echo 1 > /proc/sys/kernel/panic",
        "echo b > /proc/sysrq-trigger",
        "chroot /proc/1/root/.. sh -c 'test -e /work'",
        "touch /run/atoll/x",
        "swapoff -a && unshare --mount true",
        "modprobe dummy",
        "hostname other",
    ],
)
def test_a_guest_cannot_reach_past_its_walls(lab: Lab, attempt: str) -> None:
    lab.boot()
    assert lab.sh(attempt)[0] != 0


def test_a_guest_may_forward_packets(lab: Lab) -> None:
    """NAT instances do: the sysctls of its own network namespace are its own."""
    lab.boot()
    assert lab.sh("sysctl -wq net.ipv4.ip_forward=1; cat /proc/sys/net/ipv4/ip_forward") == (0, "1\n")


def test_orphans_are_reaped(lab: Lab) -> None:
    lab.boot("#!/bin/sh\nfor n in 1 2 3 4 5; do (sh -c 'sleep 0.01 & exec true' &); done\n")
    status, _ = lab.sh("for n in $(seq 100); do ps axo stat | grep -q Z || exit 0; sleep 0.05; done; exit 1")
    assert status == 0


def test_exec_returns_the_exit_status_and_takes_an_environment(lab: Lab) -> None:
    lab.boot()
    with pytest.raises(GuestError, match="i-2 is not running"):
        lab.sh("true", "i-2")
    assert lab.sh("exit 7") == (7, "")
    into, from_us = os.pipe()
    read, write = os.pipe()
    os.write(from_us, b"sky\n")
    os.close(from_us)
    script = ["sh", "-c", "read what; echo $what $COLOUR; id -u"]
    assert lab.guests.exec("i-1", script, {"COLOUR": "blue"}, (into, write, write)) == 0
    assert os.read(read, 100) == b"sky blue\n0\n"
    for fd in (into, read, write):
        os.close(fd)


def test_exec_with_a_terminal(lab: Lab) -> None:
    lab.boot()
    ours, theirs = pty.openpty()
    status: list[int] = []
    shell = threading.Thread(
        target=lambda: status.append(lab.guests.exec("i-1", ["sh"], {}, (theirs, theirs, theirs), tty=True))
    )
    shell.start()
    os.write(ours, b"tty; exit 5\n")
    shell.join(20)
    assert status == [5]
    printed = b""
    while select.select([ours], [], [], 0)[0]:  # the terminal gives its echo and the answer one by one
        printed += os.read(ours, 4096)
    assert b"/dev/pts/0" in printed
    os.close(ours)
    os.close(theirs)


def _fingerprint(top: Path) -> str:
    sum_ = hashlib.sha256()
    for folder, names, files in sorted(os.walk(top)):
        for name in sorted(names + files):
            seen = os.lstat(os.path.join(folder, name))
            sum_.update(f"{folder}/{name} {seen.st_mode} {seen.st_size} {seen.st_mtime_ns}\n".encode())
    return sum_.hexdigest()
