"""An address of a NAT gateway has 55,000 connections to one destination, and not one more (fact 85)."""

import time
from functools import partial
from pathlib import Path

import pytest

from atoll.linux.packets import call_in
from tests.kernel.fabric_lab import FabricLab, fabric_lab
from tests.kernel.test_fabric_translators import DB, EIP, SERVER, flood, inside, left, plan

pytestmark = pytest.mark.kernel

MOST, PART = 55_000, 500
SENDERS = (("db", DB, 2_000), ("db2", "10.0.2.6", 31_000))
"""Two hosts, each with 27,500 ports of its own and a few more, so that none has to be given another port."""


def fill(lab: FabricLab) -> list[float]:
    """55,000 datagrams to one destination, each a connection; the time after each part of them."""
    marks = [time.perf_counter()]
    for source, ip, first in SENDERS:
        for start in range(first, first + MOST // len(SENDERS), PART):
            flood(lab, source, ip, range(start, start + PART))
            lab.delivered("db", SERVER, 54, "server")  # nothing waits in any queue any more
            marks.append(time.perf_counter())
    return marks


def test_the_next_is_dropped_and_other_destinations_are_as_before(tmp_path: Path) -> None:
    with fabric_lab(tmp_path / "world", plan()) as lab:
        # However long it takes here, the first is not forgotten before the last has come.
        call_in(inside(lab), partial(Path("/proc/sys/net/netfilter/nf_conntrack_udp_timeout").write_text, "36000"))
        receiver = lab.udp("server", 53)
        fill(lab)
        assert len(left(lab)) == MOST + 1  # and the canary's
        receiver.waiting()
        flood(lab, "db", DB, range(60_000, 60_100))
        lab.delivered("db", SERVER, 54, "server")
        assert receiver.waiting() == []
        flood(lab, "db", DB, range(2_000, 2_010))  # those that are known go on
        lab.delivered("db", SERVER, 54, "server")
        assert len(receiver.waiting()) == 10
        assert lab.delivered("db2", "203.0.113.10", 53, "client").ip == EIP
