"""The profile of refused system calls: complete, and nothing that user data needs."""

import re
from pathlib import Path

import pytest

from atoll.guest import seccomp


def _denied() -> set[str]:
    profile = seccomp.profile("x86_64")
    assert profile is not None
    return {name for rule in profile["syscalls"] if not rule["args"] for name in rule["names"]}


def test_what_escapes_are_made_of_is_refused() -> None:
    assert {"mount", "setns", "bpf", "keyctl", "finit_module", "kexec_load", "open_by_handle_at"} <= _denied()


def test_what_programs_need_is_not() -> None:
    assert not {"clone", "unshare", "ptrace", "socket", "ioctl", "chroot", "execve", "personality"} & _denied()


def test_every_name_is_one_of_the_kernels() -> None:
    """A misspelt name would be ignored by the runtime."""
    headers = list(Path("/usr/include").rglob("asm*/unistd*.h"))
    if not headers:
        pytest.skip("this machine has no kernel headers")
    known = {name for path in headers for name in re.findall(r"__NR_(\w+)", path.read_text())}
    assert {name for name in _denied() if name not in known} == set()


def test_new_user_namespaces_are_refused_whatever_else_is_asked_for() -> None:
    profile = seccomp.profile("aarch64")
    assert profile is not None
    (rule,) = (one for one in profile["syscalls"] if "unshare" in one["names"])
    (flags,) = rule["args"]
    assert (0x10000000 | 0x20000) & flags["value"] == flags["valueTwo"]
    assert 0x20000 & flags["value"] != flags["valueTwo"]
    assert "clone3" in _denied(), "its flags cannot be seen by a filter"


def test_a_machine_that_is_not_in_the_table_has_no_profile() -> None:
    assert seccomp.profile("vax") is None
