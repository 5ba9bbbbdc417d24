"""Running a program for somebody who may go away."""

import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence

GRACE = 2.0
"""Seconds between a hang-up and the kill."""

RESTORED = {signal.SIGPIPE, signal.SIGXFSZ}
"""Python ignores these for itself, and subprocess gives programs the default."""

Fds = tuple[int, int, int]


def ignore_alone() -> None:
    """What this process was started to ignore (nohup: hang-ups), the programs that it starts need not ignore.

    An ignored signal stays ignored across exec; one with a handler is its default again.
    """
    for number in signal.valid_signals() - RESTORED:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def run_for(command: Sequence[str], fds: Fds, env: Mapping[str, str], caller: int | None = None) -> int:
    """Run a command with these descriptors as stdin, stdout and stderr; its exit status, 128 + n for signal n.

    It is hung up when this process is killed. `caller`: a descriptor that becomes readable when nobody waits for the
    command any more; it is then hung up as well, and killed if that does not end it.
    """
    stdin, stdout, stderr = fds
    bound = ending_with_us(command, signal.SIGHUP)
    with subprocess.Popen(bound, stdin=stdin, stdout=stdout, stderr=stderr, env=dict(env), cwd="/") as process:
        if caller is not None:
            _watch(process, caller)
        status = process.wait()
    return status if status >= 0 else 128 - status


def ending_with_us(command: Sequence[str], number: signal.Signals) -> list[str]:
    """The command, to be sent this signal when the thread that starts it ends."""
    return ["setpriv", "--pdeathsig", number.name.removeprefix("SIG"), "--", *command]


def _watch(process: "subprocess.Popen[bytes]", caller: int) -> None:
    """Return when the process has ended, by itself or because its caller went away."""
    ended = os.pidfd_open(process.pid)
    try:
        readable, _, _ = select.select([ended, caller], [], [])
        if ended in readable:
            return
        process.send_signal(signal.SIGHUP)
        if not select.select([ended], [], [], GRACE)[0]:
            process.kill()
    finally:
        os.close(ended)
