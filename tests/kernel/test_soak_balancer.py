"""Some thousand connections through a load balancer while its targets come and go; bench/soak_load_balancer.py has
200,000."""

from pathlib import Path

import pytest

from tests.kernel.soak_balancer import HAPPENINGS, soak

pytestmark = pytest.mark.kernel

CONNECTIONS, BURSTS = 4_000, 3


@pytest.mark.parametrize("seed", [1, 2])
def test_none_is_lost_that_would_be_kept(tmp_path: Path, seed: int) -> None:
    with soak(tmp_path / "world", seed) as one:
        counts = one.run(CONNECTIONS, BURSTS)
    assert counts.made >= CONNECTIONS
    assert counts.ended
    assert counts.kept > 1_000
    assert set(counts.happened) == HAPPENINGS
