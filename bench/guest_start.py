"""How long a guest takes: start to init running, user data to first answer, stop, terminate.

python bench/guest_start.py [ROUNDS]    (as root)
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from atoll.guest import Boot, prepare_image
from tests.kernel.guest_lab import Lab, laboratory

PAGE = "#!/bin/sh\nyum install -y httpd\necho hi >/var/www/html/index.html\nsystemctl start httpd\n"


def main(rounds: int) -> None:
    took: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="atoll-bench-") as folder:
        cache = Path(folder) / "cache"
        timed(took, "image, nothing cached", lambda: prepare_image(cache, print))
        timed(took, "image, cached", lambda: prepare_image(cache, print))
        with laboratory(Path(folder) / "state", cache) as lab:
            lab.guests.prepare(print)
            for _ in range(rounds):
                one(lab, took)
    for name, values in took.items():
        ms = sorted(value * 1000 for value in values)
        print(f"{name:<40} median {statistics.median(ms):7.1f} ms  ({ms[0]:.1f}-{ms[-1]:.1f}, n={len(ms)})")


def one(lab: Lab, took: dict[str, list[float]]) -> None:
    boot = Boot("i-1", 1, lab.guest_netns, "ip-10-0-0-5.ec2.internal", PAGE.encode())
    began = time.perf_counter()
    timed(took, "start, until init runs", lambda: lab.guests.start(boot))
    lab.until_printed("boot finished")
    lab.get()
    took.setdefault("start to first answer of Apache", []).append(time.perf_counter() - began)
    timed(took, "exec of true", lambda: lab.sh("true"))
    timed(took, "stop with Apache running", lambda: lab.guests.stop("i-1", 10))
    timed(took, "second start", lambda: lab.guests.start(boot))
    timed(took, "terminate while running", lambda: lab.guests.terminate("i-1"))


def timed(took: dict[str, list[float]], name: str, action: Callable[[], object]) -> None:
    began = time.perf_counter()
    action()
    took.setdefault(name, []).append(time.perf_counter() - began)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
