"""The OCI configuration of a guest (pure): https://github.com/opencontainers/runtime-spec."""

from collections.abc import Iterable
from pathlib import Path

from atoll.guest import allowed, seccomp
from atoll.guest.boot import Boot

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {
    "PATH": PATH,
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "TERM": "xterm",
    "AWS_CA_BUNDLE": allowed.AUTHORITIES,
}
"""All of a guest's environment: nothing of the server's."""

CAPABILITIES = tuple(
    f"CAP_{name}"
    for name in (
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_ADMIN", "NET_BIND_SERVICE", "NET_RAW",
        "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    )
)  # fmt: skip
"""Docker's set, plus NET_ADMIN over the guest's own network namespace, without MKNOD: no device cgroup stands
between a guest and a device node that it made."""

_MASKED = (
    "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/key-users", "/proc/keys", "/proc/latency_stats",
    "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/firmware",
    "/sys/devices/virtual/powercap",
)  # fmt: skip
_READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sysrq-trigger")
_OPEN_FILES = 65535


def config(
    boot: Boot,
    root: Path,
    told: Path,
    sysctls: Iterable[str],
    open_files: int,
    *,
    processes: int | None = None,
    filtered: bool = True,
) -> dict[str, object]:
    """config.json for one boot. `root` is where the file system will be mounted, `told` what init reads.

    `sysctls` are the names below /proc/sys: all but `net`, which belongs to the guest's own network namespace
    (NAT instances set ip_forward there), are read-only. `open_files` is the server's own hard limit: a guest gets
    65,535 as on Amazon Linux, or less where there is less to give. `processes`: how many each user id may have in a
    user namespace; None outside of one, where the kernel asks nothing of root and counts others with the host's.
    `filtered`: whether the runtime can refuse system calls.
    """
    capabilities = list(CAPABILITIES)
    limits = {"RLIMIT_NOFILE": min(_OPEN_FILES, open_files)}
    if processes is not None:
        limits["RLIMIT_NPROC"] = processes
    return {
        "ociVersion": "1.0.2",
        "hostname": boot.hostname,
        "root": {"path": str(root), "readonly": False},
        "process": {
            "terminal": False,
            "user": {"uid": 0, "gid": 0},
            "args": ["/usr/lib/atoll/init"],
            "env": [f"{name}={value}" for name, value in ENVIRONMENT.items()],
            "cwd": "/",
            "capabilities": dict.fromkeys(("bounding", "effective", "permitted"), capabilities),
            "rlimits": [{"type": name, "hard": limit, "soft": limit} for name, limit in limits.items()],
            "noNewPrivileges": False,
        },
        "mounts": _mounts(told),
        "linux": {
            "namespaces": [
                *({"type": kind} for kind in ("pid", "ipc", "uts", "mount", "cgroup")),
                {"type": "network", "path": boot.netns},
            ],
            "maskedPaths": list(_MASKED),
            "readonlyPaths": [*_READ_ONLY, *(f"/proc/sys/{name}" for name in sorted(sysctls) if name != "net")],
            **({"seccomp": refused} if filtered and (refused := seccomp.profile()) else {}),
        },
    }


def _mounts(told: Path) -> list[dict[str, object]]:
    """Without a cgroup mount (runtimes differ over hybrid layouts) and without gid=5 on devpts (a gid that a
    single-id user namespace does not map)."""
    return [
        _mount("/proc", "proc", "nosuid", "noexec", "nodev"),
        _mount("/dev", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
        _mount("/dev/pts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"),
        _mount("/dev/shm", "tmpfs", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"),
        _mount("/dev/mqueue", "mqueue", "nosuid", "noexec", "nodev"),
        _mount("/sys", "sysfs", "nosuid", "noexec", "nodev", "ro"),
        _mount("/run", "tmpfs", "nosuid", "nodev", "mode=755", "size=65536k"),
        {
            "destination": "/run/atoll",
            "type": "bind",
            "source": str(told),
            "options": ["bind", "ro", "nodev", "nosuid"],
        },
    ]


def _mount(destination: str, kind: str, *options: str) -> dict[str, object]:
    return {"destination": destination, "type": kind, "source": kind, "options": list(options)}
