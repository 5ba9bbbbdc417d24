"""The OCI runtime: runc, or crun where runc is missing or fails. Found by trying, once a process."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from atoll.guest.errors import GuestError
from atoll.linux import mounts
from atoll.linux.process import ending_with_us

_CGROUPS = Path("/sys/fs/cgroup")
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
"""What a runtime process gets of the server's environment: nothing."""


class Runtime(msgspec.Struct, frozen=True):
    """A runtime and the folder in which it keeps its records of containers."""

    name: str
    program: str
    state: Path

    def run(self, container: str, bundle: Path, pid_file: Path) -> list[str]:
        """Start a container in the background; its process id goes to `pid_file`."""
        return [*self._global(), "run", "--detach", "--bundle", str(bundle), "--pid-file", str(pid_file), container]

    def execute(self, container: str, argv: Sequence[str], env: Mapping[str, str], *, tty: bool) -> list[str]:
        """Run a command in a running container, in the foreground."""
        words = [f"--env={name}={value}" for name, value in env.items()]
        return [*self._global(), "exec", *(["--tty"] if tty else []), *words, "--cwd", "/", container, *argv]

    def delete(self, container: str) -> list[str]:
        """Forget a container, killing what is left of it."""
        return [*self._global(), "delete", "--force", container]

    def filters(self) -> bool:
        """Whether it can refuse system calls: built with libseccomp, as both runtimes say with their version."""
        return "seccomp" in _version(self.program).lower()

    def hide_cgroups(self) -> None:
        """In a mount namespace of our own: let the runtime find no cgroup it could write.

        It starts inside the guest's group already (linux/cgroups.py) and shall make none of its own: so none is left
        behind when the world ends, and hybrid layouts, which crun refuses, do not matter. runc goes on when cgroups
        are read-only and it believes to be rootless; crun wants to see none.
        """
        if not _CGROUPS.is_dir():
            return
        if self.name == "crun":
            mounts.tmpfs(_CGROUPS)
        else:
            mounts.read_only_below(_CGROUPS)

    def _global(self) -> list[str]:
        no_cgroups = ["--cgroup-manager=disabled"] if self.name == "crun" else ["--rootless=true"]
        return [self.program, "--root", str(self.state), *no_cgroups]


def installed(state: Path) -> list[Runtime]:
    """Runtimes on this machine, in order of preference."""
    found = ((name, shutil.which(name, path=ENVIRONMENT["PATH"])) for name in ("runc", "crun"))
    runtimes = [Runtime(name, program, state) for name, program in found if program]
    if not runtimes:
        raise GuestError("instances need an OCI runtime, and neither runc nor crun is installed: install runc")
    return runtimes


@lru_cache
def _version(program: str) -> str:
    _check_present(program)
    done = subprocess.run(
        [program, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, env=ENVIRONMENT, check=False
    )
    return done.stdout


def _check_present(program: str) -> None:
    if not os.access(program, os.X_OK):
        raise GuestError(f"instances need an OCI runtime, and {program} is gone: install runc")


def call(argv: Sequence[str], output: int = subprocess.DEVNULL, before: Sequence[str] = ()) -> None:
    """Run a runtime command to its end; what it starts prints to `output`. Raises GuestError with its log.

    `before`: words to put before the command's own.
    """
    _check_present(argv[0])
    # The log has no name, so that none is left behind when this process is killed.
    with os.fdopen(os.memfd_create("runtime-log"), "rb") as log:
        named = f"--log=/proc/self/fd/{log.fileno()}"
        # Ended with the server: the next one would start what this one is still starting.
        command = ending_with_us([*before, argv[0], named, *argv[1:]], signal.SIGKILL)
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(log.fileno(),),
            env=ENVIRONMENT,
            cwd="/",
            check=False,
        )
        if done.returncode:
            words = log.read().decode(errors="replace").strip()
            raise GuestError(f"{Path(argv[0]).name} failed: {words or f'exit status {done.returncode}'}")
