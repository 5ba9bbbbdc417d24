"""System calls that no guest makes, as an OCI profile (pure).

Everything else is allowed: what a guest's capabilities, namespaces and file system do not let it do is refused by
those. This is a second wall in front of the parts of the kernel that most escapes have gone through. User namespaces
are among them: in one of its own a guest would have every capability over what it makes there.
"""

import platform
from typing import Any

EPERM, ENOSYS = 1, 38

DENIED = (
    # mounts
    "mount", "umount", "umount2", "pivot_root", "fsopen", "fsconfig", "fsmount", "fspick", "move_mount", "open_tree",
    "mount_setattr", "open_by_handle_at", "quotactl", "quotactl_fd", "swapon", "swapoff", "acct",
    # namespaces that are not the guest's
    "setns",
    # kernels and their modules
    "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "reboot", "syslog",
    # programs in the kernel, and looking into it
    "bpf", "perf_event_open", "userfaultfd", "lookup_dcookie", "kcmp",
    # keyrings are not namespaced
    "add_key", "keyctl", "request_key",
    # clocks and ports of the machine
    "settimeofday", "clock_settime", "clock_settime64", "stime", "adjtimex", "clock_adjtime", "clock_adjtime64",
    "ioperm", "iopl", "vm86", "vm86old",
)  # fmt: skip

MISSING = ("clone3", "io_uring_setup", "io_uring_enter", "io_uring_register")
"""Answered as an older kernel does, so that programs take the older way: clone3's flags cannot be seen by a filter, and
what io_uring does passes by it."""

NEWUSER = 0x10000000
_AF_VSOCK = 40
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_LOW = 0xFFFFFFFF

ARCHITECTURES = {
    "x86_64": ("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"),
    "aarch64": ("SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"),
    "ppc64le": ("SCMP_ARCH_PPC64LE",),
    "riscv64": ("SCMP_ARCH_RISCV64",),
}
"""Programs for any other architecture are killed."""


def profile(machine: str = "") -> dict[str, Any] | None:
    """linux.seccomp of config.json; None for a machine whose architectures are not in the table."""
    architectures = ARCHITECTURES.get(machine or platform.machine())
    if architectures is None:
        return None
    return {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": list(architectures),
        "syscalls": [
            _refused(DENIED, EPERM),
            _refused(MISSING, ENOSYS),
            _refused(("unshare", "clone"), EPERM, _has(0, NEWUSER, NEWUSER)),
            _refused(("socket",), EPERM, {"index": 0, "value": _AF_VSOCK, "op": "SCMP_CMP_EQ"}),
            # A terminal that `atoll exec` passes in is its user's: nobody types into it from here.
            *(_refused(("ioctl",), EPERM, _has(1, _LOW, asked)) for asked in (_TIOCSTI, _TIOCLINUX)),
        ],
    }


def _refused(names: tuple[str, ...], error: int, *conditions: dict[str, Any]) -> dict[str, Any]:
    return {"names": list(names), "action": "SCMP_ACT_ERRNO", "errnoRet": error, "args": list(conditions)}


def _has(index: int, mask: int, value: int) -> dict[str, Any]:
    """The argument with only the bits of `mask` equals `value`."""
    return {"index": index, "value": mask, "valueTwo": value, "op": "SCMP_CMP_MASKED_EQ"}
