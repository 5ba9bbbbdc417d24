"""200,000 TCP connections through a network load balancer while its targets come, drain, fail their checks and recover.

python -m bench.soak_load_balancer [CONNECTIONS] [SEED]        as root

One that is lost, or goes where it may not, ends the run with the words that say so (tests/kernel/soak_balancer.py).
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.kernel.soak_balancer import BURST, soak

BURSTS = 20
"""So many bursts of connections after each thing that happens to a target."""


def main() -> int:
    connections = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as folder, soak(Path(folder), seed) as one:
        print(f"{connections} connections, {BURST} at once, {BURSTS} times after each change; seed {seed}")
        print(one.run(connections, BURSTS))
    return 0


if __name__ == "__main__":
    sys.exit(main())
