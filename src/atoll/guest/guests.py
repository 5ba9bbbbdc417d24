"""Instances as OCI containers in network namespaces that exist already.

`<folder>/instances/<id>/`: `disk` (what the guest wrote; kept while stopped), `root` (where its file system is
mounted, seen by the guest alone), `told` (what init reads), `console`, `config.json`, `process.json`.
All calls block; call them on worker threads. Calls for one instance wait for each other.
"""

import contextlib
import logging
import os
import resource
import shutil
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path

import msgspec

from atoll.guest import bundle, record, runtime, software, watch
from atoll.guest.boot import Boot, files
from atoll.guest.disk import Disks
from atoll.guest.errors import GuestError
from atoll.guest.image import Image, assemble, assemble_other, prepare_image
from atoll.guest.layers import Progress
from atoll.guest.limits import Limits
from atoll.linux import mounts, userns
from atoll.linux.cgroups import Groups
from atoll.linux.process import run_for

log = logging.getLogger(__name__)

Ended = Callable[[str, int], None]

CONSOLE = 64 * 1024
"""Bytes of console output that are returned: the last 64 KiB, as GetConsoleOutput does."""

_AFTER_KILL = 10.0
_AGAIN = 0.1


class Guests:
    """The guests of one server.

    `on_exit(instance, boot)` is called on a thread of its own when a guest ended that was not stopped here: it
    shut itself down, or was killed. `on_overrun` is called instead when it was ended because it wrote too much.
    """

    def __init__(
        self,
        folder: Path,
        cache: Path,
        on_exit: Ended,
        on_overrun: Ended | None = None,
        limits: Limits | None = None,
        groups: Path | None = None,
    ) -> None:
        """`groups`: the file that says which control groups were made, `<folder>/cgroups` if it is not named."""
        self._limits = limits or Limits()
        self._instances = folder.absolute() / "instances"
        self._software = folder.absolute() / "images"
        self._cache = cache.absolute()
        self._on_exit = on_exit
        self._on_overrun = on_overrun or on_exit
        self._overrun: set[tuple[str, int]] = set()
        self._instances.mkdir(parents=True, exist_ok=True)
        if mounts.file_system(self._instances) == "overlay":
            # An overlay cannot write into another: in a container, say, what guests write is kept in memory.
            mounts.tmpfs(self._instances)
        self._runtimes = runtime.installed(folder.absolute() / "runtime")
        self._locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
        self._image_lock = threading.Lock()
        self._image: Image | None = None
        self._asked: set[tuple[str, int]] = set()
        self._groups = Groups(groups or folder.absolute() / "cgroups")
        self._watch = watch.Watch(self._ended)
        for instance, found in self._alive():
            self._watch.add((instance, found.boot), found.pid)
        self._disks = Disks(self._instances, self._limits.disk, self.running, self._end_overrun)

    def prepare(self, progress: Progress) -> Image:
        """Have the image ready; the first start does it otherwise. Raises GuestError when it cannot be made."""
        with self._image_lock:
            if self._image is None:
                self._image = prepare_image(self._cache, progress)
            return self._image

    def add_software(self, archive: int) -> software.Added:
        """Unpack the archive behind a descriptor, for boots that name it. Raises GuestError."""
        return software.add(archive, self._software)

    def sweep_software(self, needed: Container[str]) -> None:
        """Remove what was added and is not needed any more."""
        software.sweep(self._software, needed)

    def start(self, boot: Boot) -> None:
        """Start this boot of this instance; nothing if it runs already. Another boot that still runs is ended.

        Returns when the guest's init runs: user data goes on in the background. Raises GuestError.
        """
        image = self.prepare(lambda _: None)
        folder = self._instances / boot.instance
        with self._locks[boot.instance]:
            found = record.read(folder)
            if found and found.alive() and found.boot == boot.boot:
                return
            self._end(boot.instance, grace=0)
            for part in ("disk", "root"):
                (folder / part).mkdir(parents=True, exist_ok=True)
            _tell(boot, folder)
            self._bound(boot.instance)
            self._run(boot, folder, image)

    def renew(self, instance: str, resolvers: bytes) -> None:
        """Give a guest that runs another /etc/resolv.conf, as a DHCP client does; nothing if it does not run."""
        folder = self._instances / instance
        with self._locks[instance]:
            found = record.read(folder)
            if found is None or not found.alive():
                return
            draft = folder / "resolv.conf"
            draft.write_bytes(resolvers)
            draft.rename(folder / "told" / "resolv.conf")
            with contextlib.suppress(ProcessLookupError):
                os.kill(found.pid, signal.SIGUSR2)  # an init that has no trap yet reads the file later

    def stop(self, instance: str, grace: float) -> None:
        """Shut the guest down as AWS does: init has `grace` seconds to end it in order, then it is killed.

        What it wrote stays. Nothing if it does not run.
        """
        with self._locks[instance]:
            self._end(instance, grace)

    def terminate(self, instance: str) -> None:
        """End the guest at once; nothing of it stays. Nothing if there is none."""
        with self._locks[instance]:
            self._end(instance, grace=0)
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(self._instances / instance)

    def console(self, instance: str) -> bytes:
        """What init and user data printed in the last boot; empty when there was none."""
        try:
            with (self._instances / instance / "console").open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - CONSOLE))
                return file.read()
        except FileNotFoundError:
            return b""

    def exec(
        self,
        instance: str,
        argv: Sequence[str],
        env: Mapping[str, str],
        fds: tuple[int, int, int],
        *,
        tty: bool = False,
        caller: int | None = None,
    ) -> int:
        """Run a command in the guest as root with these descriptors as stdin, stdout and stderr; its exit status.

        With `tty` the first descriptor is a terminal and the command gets one of its own behind it. 255 when the
        runtime could not start the command (it says why on stderr). `caller`: see run_for. Raises GuestError when the
        guest is not running.
        """
        found = record.read(self._instances / instance)
        if found is None or not found.alive():
            raise GuestError(f"{instance} is not running")
        command = self._by_name(found.runtime).execute(instance, argv, {**bundle.ENVIRONMENT, **env}, tty=tty)
        with self._groups.joining(instance) as bounded:
            return run_for([*bounded, *command], fds, runtime.ENVIRONMENT, caller)

    def running(self) -> dict[str, int]:
        """Process id of the init of each guest that runs."""
        return {instance: found.pid for instance, found in self._alive()}

    def ended(self) -> dict[str, int]:
        """The last boot of each guest that was started in this world, not stopped here, and does not run any more."""
        found = ((folder.name, record.read(folder)) for folder in sorted(self._instances.iterdir()))
        return {instance: one.boot for instance, one in found if one and one.of_this_world() and not one.alive()}

    def known(self) -> list[str]:
        """Every instance of which something is here: a process, or what it wrote."""
        return sorted(folder.name for folder in self._instances.iterdir())

    def unbounded(self) -> list[str]:
        """Which of a guest's limits do not hold on this machine, each with the reason."""
        lacking = {"processes", "memory"} - self._groups.bounds()
        if userns.inside():
            lacking.discard("processes")  # by RLIMIT_NPROC
        return [f"guests' {limit}: no control group can be made for them here" for limit in sorted(lacking)]

    def close(self) -> None:
        """Stop watching. Guests go on: the next server finds them in `running()`."""
        self._disks.close()
        self._watch.close()
        if not self._alive():
            try:
                self._groups.close()
            except OSError as error:  # something still ends; `atoll down` and the next server sweep again
                log.warning("a control group is still in use: %s", error)

    def _bound(self, instance: str) -> None:
        try:
            self._groups.make(instance, msgspec.structs.asdict(self._limits))
        except OSError as error:
            raise GuestError(f"the control group of {instance} could not be made: {error}") from error

    def _end_overrun(self, instance: str, used: int) -> None:
        """A guest has written more than it may: it ends at once, and its console says why."""
        with self._locks[instance]:
            found = record.read(self._instances / instance)
            if found is None or not found.alive():
                return
            said = f"ended: it has written {used >> 20} MiB, a guest may write {self._limits.disk >> 20} MiB"
            log.warning("%s %s", instance, said)
            self._overrun.add((instance, found.boot))
            _end_process(found, grace=0)
            with (self._instances / instance / "console").open("ab") as console:
                console.write(f"atoll: {said}\n".encode())

    def _run(self, boot: Boot, folder: Path, image: Image) -> None:
        """Start the container with the first runtime that can; the one that did is asked first from then on."""
        failures = []
        for candidate in list(self._runtimes):
            try:
                self._launch(candidate, boot, folder, image)
            except GuestError as error:
                _forget(candidate, boot.instance)
                failures.append(str(error))
                continue
            self._runtimes.sort(key=lambda known: known.name != candidate.name)
            found = record.write(folder, boot.boot, int((folder / "pid").read_text()), candidate.name)
            self._asked.discard((boot.instance, boot.boot))
            self._watch.add((boot.instance, boot.boot), found.pid)
            return
        raise GuestError(f"{boot.instance} could not be started: {'; '.join(failures)}")

    def _launch(self, chosen: runtime.Runtime, boot: Boot, folder: Path, image: Image) -> None:
        """Mount the file system and start the container, in a mount namespace that only the container keeps."""
        _, open_files = resource.getrlimit(resource.RLIMIT_NOFILE)
        configured = bundle.config(
            boot,
            folder / "root",
            folder / "told",
            os.listdir("/proc/sys"),
            open_files,
            processes=self._limits.processes if userns.inside() else None,
            filtered=chosen.filters(),
        )
        (folder / "config.json").write_bytes(msgspec.json.encode(configured))
        for name in ("pid", ".pid"):  # a runtime that was killed left its draft, and does not write over one
            (folder / name).unlink(missing_ok=True)

        def apart() -> None:
            if boot.software:
                assemble_other(image, self._software / boot.software, folder / "disk", folder / "root")
            else:
                assemble(image, folder / "disk", folder / "root")
            chosen.hide_cgroups()
            with (folder / "console").open("wb") as console:
                runtime.call(chosen.run(boot.instance, folder, folder / "pid"), console.fileno(), bounded)

        try:
            with self._groups.joining(boot.instance) as bounded:
                mounts.apart(apart)
        except OSError as error:
            raise GuestError(f"its file system could not be mounted: {error}") from error

    def _end(self, instance: str, grace: float) -> None:
        """End the process if it lives, and the runtime's record of it."""
        folder = self._instances / instance
        found = record.read(folder)
        if found is None:
            # A server that was killed between starting a container and recording it left the runtime's record only.
            for known in self._runtimes:
                _forget(known, instance)
            self._groups.remove(instance)
            return
        if found.alive():
            self._asked.add((instance, found.boot))
        if not _end_process(found, grace):
            raise GuestError(f"process {found.pid} of {instance} does not end although it was killed")
        _forget(self._by_name(found.runtime), instance)
        try:
            self._groups.remove(instance)
        except OSError as error:
            raise GuestError(f"the control group of {instance} is still in use: {error}") from error
        (folder / "process.json").unlink()

    def _ended(self, key: tuple[str, int]) -> None:
        if key in self._asked:
            self._asked.discard(key)
        elif key in self._overrun:
            self._overrun.discard(key)
            self._on_overrun(*key)
        else:
            self._on_exit(*key)

    def _alive(self) -> list[tuple[str, record.Record]]:
        found = ((folder.name, record.read(folder)) for folder in sorted(self._instances.iterdir()))
        return [(instance, one) for instance, one in found if one and one.alive()]

    def _by_name(self, name: str) -> runtime.Runtime:
        for known in self._runtimes:
            if known.name == name:
                return known
        raise GuestError(f"this guest was started with {name}, which is no longer installed")


def _tell(boot: Boot, folder: Path) -> None:
    """Write what init reads."""
    told = folder / "told"
    shutil.rmtree(told, ignore_errors=True)
    told.mkdir()
    for name, content in files(boot).items():
        (told / name).write_bytes(content)


def _forget(known: runtime.Runtime, instance: str) -> None:
    if (known.state / instance).exists():
        runtime.call(known.delete(instance))


def _end_process(found: record.Record, grace: float) -> bool:
    """SIGTERM for `grace` seconds, then SIGKILL. True when the process is gone.

    SIGTERM is sent again and again: an init that has not come to set its trap yet does not notice the first.
    """
    try:
        fd = os.pidfd_open(found.pid)
    except ProcessLookupError:
        return True
    try:
        deadline = time.monotonic() + grace
        while found.alive() and time.monotonic() < deadline:
            signal.pidfd_send_signal(fd, signal.SIGTERM)
            watch.wait(found.pid, min(_AGAIN, grace))
        if found.alive():
            signal.pidfd_send_signal(fd, signal.SIGKILL)
        return not found.alive() or watch.wait(found.pid, _AFTER_KILL)
    except ProcessLookupError:
        return True
    finally:
        os.close(fd)
