"""Write docs/coverage.md from the code: each operation of EC2, and what Atoll does with it."""

from pathlib import Path

import atoll.services.ec2  # noqa: F401 - registers the handlers
from atoll.protocol import AwsError, Service, load
from atoll.services.registry import OPERATIONS
from atoll.services.unbuilt import answer_unbuilt

PAGE = Path(__file__).parent.parent / "docs" / "coverage.md"

HEAD = """# Coverage

Made from the code by `make gen`; a test fails when it is stale.

- **built**: it does what AWS documents, with the parameters named here (and DryRun). Any other parameter is refused
  with `UnsupportedOperation`, which names it.
- **truthfully empty**: it reads things that nothing here can make, so the true answer is that there are none; an id
  that it is asked for is NotFound.
- **refused**: `InvalidAction`, a 400 that no client retries.
"""


def kind(service: Service, name: str) -> str:
    """built, truthfully empty or refused, as the server would answer."""
    if (service.name, name) in OPERATIONS:
        return "built"
    try:
        answer_unbuilt(service, name, {})
    except AwsError:
        return "refused"
    return "truthfully empty"


def page() -> str:
    """The whole page."""
    ec2 = load("ec2")
    kinds = {name: kind(ec2, name) for name in sorted(ec2.operations)}
    counts = ", ".join(f"{list(kinds.values()).count(one)} {one}" for one in ("built", "truthfully empty", "refused"))
    lines = [HEAD, f"## EC2: {counts}", "", "| operation | | parameters |", "|---|---|---|"]
    for name, one in kinds.items():
        takes = ", ".join(sorted(OPERATIONS[ec2.name, name].takes)) if one == "built" else ""
        lines.append(f"| {name} | {one} | {takes} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
