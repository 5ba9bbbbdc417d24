"""Record good requests: what botocore sends in the tests of the services, one for each set of parameters."""

import json
import sys
from collections.abc import Mapping
from urllib.parse import SplitResult, parse_qsl

import pytest

from atoll.protocol import scope
from tests.fuzz.corpus import FILE, is_place
from tests.support.inprocess import InProcess

LONGEST = 4096


class Recorder:
    """A pytest plugin."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[str, str, str]] = {}

    def pytest_configure(self) -> None:
        """Look over the shoulder of every in-process client."""
        serve = InProcess._served

        def served(
            site: InProcess, request_headers: Mapping[str, str], method: str, place: SplitResult, body: bytes
        ) -> tuple[int, bytes]:
            status, answer = serve(site, request_headers, method, place, body)
            if status < 300 and len(body) <= LONGEST:
                rest = f"{method} {place.path}{'?' * bool(place.query)}{place.query}" if place.path != "/" else ""
                target = rest or request_headers.get("x-amz-target", "")
                self.keep(scope(request_headers).service, target, body.decode())
            return status, answer

        InProcess._served = served  # type: ignore[method-assign,assignment]

    def keep(self, service: str, target: str, body: str) -> None:
        """One request for each operation and set of names."""
        names = sorted(json.loads(body or "{}")) if target else sorted(name for name, _ in parse_qsl(body))
        action = target or dict(parse_qsl(body))["Action"]
        if is_place(target):
            path, _, query = target.partition("?")
            action = "/".join([*path.split("/")[:2], *sorted(name for name, _ in parse_qsl(query))])
        self.found.setdefault(f"{service} {action} {' '.join(names)}", (service, target, body))


def main() -> int:
    """Run the tests and write the file."""
    recorder = Recorder()
    # pytest would like to rewrite what is imported already: the package that our own plugin is in.
    quiet = ["-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    status = pytest.main([*quiet, *sys.argv[1:]], plugins=[recorder])
    lines = [json.dumps(recorder.found[key]) for key in sorted(recorder.found)]
    FILE.write_text("[\n" + ",\n".join(lines) + "\n]\n")
    print(f"{len(lines)} requests")
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
