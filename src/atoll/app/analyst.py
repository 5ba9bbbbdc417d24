"""Analyses that may take long: a process of their own answers them, from a snapshot of model and plan.

The loop thread gives a list of its records away, which are values and never change, and goes on serving; whatever is
written meanwhile is not in the answer. The process ends with its question, with this server, or when nobody waits for
the answer any more.
"""

import os
import pickle
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import IO, Any, BinaryIO, NamedTuple, TypeVar, cast

from atoll.linux.process import ending_with_us
from atoll.records import Record, Table

T = TypeVar("T")

BATCH = 500
"""Records that are written down at once: other threads have their turn after each batch."""

Question = Callable[..., T]
"""A function of a module, of the model, the plan and then its own arguments."""


class Snapshot(NamedTuple):
    """All records of one moment."""

    model: list[Record]
    plan: list[Record]


def snapshot(model: Table, plan: Table) -> Snapshot:
    """To be taken on the thread that owns both: it costs a list of references."""
    return Snapshot(list(model.records.values()), list(plan.records.values()))


def ask(snapshot: Snapshot, question: Question[T], *words: object, caller: int | None = None) -> T:
    """The answer to a question about a snapshot, from a process of its own.

    `caller`: a descriptor that becomes readable when nobody waits for the answer any more. LookupError and ValueError
    are the question's own; RuntimeError says that the process did not answer.
    """
    command = ending_with_us([sys.executable, "-m", "atoll.app.analyst"], signal.SIGKILL)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            with process.stdin as pipe:
                for part in _parts(snapshot, question, words):
                    pipe.write(part)
            said = _read(process.stdout, caller)
        except BrokenPipeError:
            said = b""
        finally:
            process.kill()  # it has answered, or nobody waits
    if not said:
        raise RuntimeError("the analysis ended without an answer")
    error, answer = pickle.loads(said)
    if error is not None:
        raise error
    return cast("T", answer)


def _parts(snapshot: Snapshot, question: Question[Any], words: tuple[object, ...]) -> Iterator[bytes]:
    yield pickle.dumps((question, words))
    for records in snapshot:
        for start in range(0, len(records), BATCH):
            yield pickle.dumps(records[start : start + BATCH])
        yield pickle.dumps([])


def _read(answers: IO[bytes], caller: int | None) -> bytes:
    watched = [answers.fileno(), *([] if caller is None else [caller])]
    said: list[bytes] = []
    while True:
        readable, _, _ = select.select(watched, [], [])
        if answers.fileno() not in readable:
            raise RuntimeError("nobody waits for the answer any more")
        part = os.read(answers.fileno(), 1 << 16)
        if not part:
            return b"".join(said)
        said.append(part)


def main(asked: BinaryIO, answers: BinaryIO) -> None:
    """Read one question with its snapshot, and answer it."""
    question, words = pickle.load(asked)
    tables = (Table(_records(asked)), Table(_records(asked)))
    try:
        said: tuple[Exception | None, object] = (None, question(*tables, *words))
    except (ValueError, LookupError) as error:
        said = (type(error)(*error.args), None)
    answers.write(pickle.dumps(said))
    answers.flush()


def _records(asked: BinaryIO) -> Iterator[Record]:
    while batch := pickle.load(asked):
        yield from batch


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
