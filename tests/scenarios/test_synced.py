"""What is acknowledged is on the disk: strace on the running server shows the order of write, sync and answer."""

import re
import subprocess
from collections.abc import Iterable
from typing import NamedTuple

import pytest

from tests.scenarios import host
from tests.scenarios.running import Atoll

LOG = "atoll.db-wal>"
ANSWER = "HTTP/1.1 200"
_LINE = re.compile(r"(\d+) +(?:<\.\.\. (\w+) resumed>)?(.*?)(<unfinished \.\.\.>)?$")


class Call(NamedTuple):
    """A system call: the lines of the trace at which it began and had ended."""

    text: str
    begun: int
    ended: int

    def on_log(self, *names: str) -> bool:
        """Whether it is one of these calls, successful, on the log of writes."""
        named = self.text.startswith(tuple(f"{name}(" for name in names))
        return named and LOG in self.text and re.search(r" = \d+$", self.text) is not None


def calls(trace: Iterable[str]) -> list[Call]:
    """The calls in the lines of `strace -f`, those that were interrupted by another thread's put together."""
    found: list[Call] = []
    begun: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(trace):
        match = _LINE.match(line)
        assert match, line
        thread, resumed, text, unfinished = match.groups()
        if unfinished:
            begun[thread] = (text, number)
        elif resumed:
            start, first = begun.pop(thread)
            found.append(Call(start + text, first, number))
        else:
            found.append(Call(text, number, number))
    return found + [Call(f"{text}<unfinished ...>", number, number) for text, number in begun.values()]


def complaints(trace: Iterable[str], made: str) -> list[str]:
    """What is wrong in the order of one call's writes, sync and answer. `made`: the id that it made."""
    all_ = calls(trace)
    answers = [call for call in all_ if ANSWER in call.text]
    if len(answers) != 1:
        return [f"{len(answers)} answers"]
    written = [call for call in all_ if call.on_log("pwrite64", "write", "pwritev", "writev")]
    if not any(made in call.text for call in written if call.ended < answers[0].begun):
        return ["what was made was not written before the answer"]
    last = max(call.ended for call in written if call.begun < answers[0].begun)
    synced = [call for call in all_ if call.on_log("fsync", "fdatasync")]
    if not any(last < call.begun and call.ended < answers[0].begun for call in synced):
        return ["the last write was not synced before the answer"]
    return []


@pytest.mark.kernel
def test_the_log_of_writes_is_synced_before_the_answer_is_sent(own_atoll: Atoll) -> None:
    own_atoll.up()
    own_atoll.ec2().describe_vpcs()  # the account's first call writes by itself
    trace = own_atoll.folder / "trace"
    traced = "trace=fsync,fdatasync,write,writev,pwrite64,pwritev,sendto,sendmsg,sendmmsg"
    watching = subprocess.Popen(
        ["strace", "-f", "-y", "-e", traced, "-s", "5000", "-o", str(trace), "-p", str(host.server(own_atoll.folder))],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert watching.stderr is not None
        assert "attached" in watching.stderr.readline()
        made = own_atoll.ec2().create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    finally:
        watching.terminate()
        watching.communicate()
    lines = trace.read_text().splitlines()
    assert complaints([line for line in lines if "+++" not in line and "---" not in line], made) == []


WRITE, SYNC, SENT = (
    '7 pwrite64(9</s/atoll.db-wal>, "vpc-1", 5, 0) = 5',
    "7 fdatasync(9</s/atoll.db-wal>) = 0",
    '5 sendto(11<socket:[3]>, "HTTP/1.1 200 OK", 15, 0, NULL, 0) = 15',
)
BEGUN, ENDED = "7 fdatasync(9</s/atoll.db-wal> <unfinished ...>", "7 <... fdatasync resumed>) = 0"


@pytest.mark.parametrize(
    ("trace", "good"),
    [
        ([WRITE, SYNC, SENT], True),
        ([WRITE, BEGUN, ENDED, SENT], True),
        ([WRITE, SENT, SYNC], False),
        ([WRITE, SENT], False),
        ([SYNC, WRITE, SENT], False),
        ([SENT, WRITE, SYNC], False),
        ([WRITE, BEGUN, SENT, ENDED], False),
        ([WRITE, SYNC, WRITE, SENT], False),
        ([WRITE, SYNC.replace("= 0", "= -1 EIO (Input/output error)"), SENT], False),
        ([WRITE, SYNC.replace("atoll.db-wal", "atoll.db"), SENT], False),
        ([WRITE.replace("vpc-1", "vpc-2"), SYNC, SENT], False),
        ([WRITE, SYNC], False),
    ],
)
def test_another_order_is_seen(trace: list[str], good: bool) -> None:
    assert (complaints(trace, "vpc-1") == []) == good
