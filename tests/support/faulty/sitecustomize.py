"""Python imports this by itself where PYTHONPATH leads here: faults that a test asks for, by files in $FAULTS.

netlink: a number N; the N-th message or transaction from now on is refused, once. clock: seconds to be behind;
less than none: ahead.
"""

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from atoll.linux.netlink import Netlink, NetlinkError

FOLDER = Path(os.environ["FAULTS"])


def asked(name: str) -> float:
    """What a file says; 0 where there is none."""
    try:
        return float((FOLDER / name).read_text())
    except FileNotFoundError:
        return 0


def failing(real: Callable[..., Any]) -> Callable[..., Any]:
    """The same, but for the one that is to be refused."""

    def instead(*args: Any) -> Any:
        left = asked("netlink")
        if left:
            (FOLDER / "netlink").write_text(str(left - 1))
        if left == 1:
            raise NetlinkError(errno.ENOMEM, 0, "as the test asked for")
        return real(*args)

    return instead


def behind(real: Callable[[], float]) -> Callable[[], float]:
    """A clock that has stepped back."""
    return lambda: real() - asked("clock")


for name in ("run", "transact"):
    setattr(Netlink, name, failing(getattr(Netlink, name)))
time.time = behind(time.time)
