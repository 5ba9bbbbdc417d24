"""Write docs/coverage.md from the code: each operation, and what Atoll does with it."""

from pathlib import Path

from atoll.protocol import AwsError, Service, load
from atoll.services import served  # noqa: F401 - registers the handlers
from atoll.services.registry import OPERATIONS
from atoll.services.unbuilt import answer_unbuilt

PAGE = Path(__file__).parent.parent / "docs" / "coverage.md"

HEAD = """# Coverage

Made from the code by `make gen`; a test fails when it is stale.

- **built**: it does what AWS documents, with the parameters named here (and DryRun). Any other parameter is refused
  with `UnsupportedOperation`, which names it, and so is a member of a parameter that is not built (spot, Dedicated
  Hosts, enclaves, IPv6 addresses, data volumes).
- **truthfully empty**: it reads things that nothing here can make, so the true answer is that there are none; an id
  that it is asked for is NotFound.
- **refused**: `InvalidAction`, a 400 that no client retries; what there is of EC2-Classic alone is
  `UnsupportedOperation`, as on AWS in a region that never had it.

Every operation of EC2 and of Elastic Load Balancing v2 stands here; of STS, IAM, Systems Manager and zonal shift those
that are built, and every other is refused. A service that is not named here answers 400 in its own protocol and says
its name.
"""

REFUSALS = {"InvalidAction", "UnsupportedOperation"}
WHOLE = {"ec2": "EC2", "elbv2": "Elastic Load Balancing v2"}
BUILT = {
    "sts": "STS",
    "iam": "IAM (records: nothing is authorised by them)",
    "ssm": "Systems Manager",
    "arc-zonal-shift": "Zonal shift (ARC)",
}


def kind(service: Service, name: str) -> str:
    """built, truthfully empty or refused, as the server would answer."""
    if (service.name, name) in OPERATIONS:
        return "built"
    try:
        answer_unbuilt(service, name, {})
    except AwsError as error:  # another code: it read what it was asked for, which does not exist
        return "refused" if error.code in REFUSALS else "truthfully empty"
    return "truthfully empty"


def page() -> str:
    """The whole page."""
    sections = [section(name, title) for name, title in (WHOLE | BUILT).items()]
    return "\n".join([HEAD, *sections])


def section(name: str, title: str) -> str:
    """One service."""
    service = load(name)
    kinds = {operation: kind(service, operation) for operation in sorted(service.operations)}
    words = ("built", "truthfully empty", "refused")
    counts = ", ".join(f"{list(kinds.values()).count(one)} {one}" for one in words)
    lines = [f"## {title}: {counts}", "", "| operation | | parameters |", "|---|---|---|"]
    for operation, one in kinds.items():
        if one != "built" and name in BUILT:
            continue
        takes = ", ".join(sorted(OPERATIONS[name, operation].takes)) if one == "built" else ""
        lines.append(f"| {operation} | {one} | {takes} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
