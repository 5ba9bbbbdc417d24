"""check: what is wrong with a design."""

from typing import Annotated, Any

import typer

from atoll.cli.common import Json, State, call, show_json

BAD_QUESTION = 2

KINDS = (
    "open-database",
    "not-private",
    "balancer-no-way",
    "balancer-one-zone",
    "one-nat",
    "cut-replies",
    "dead-rule",
    "default-vpc",
    "overlapping-blocks",
    "stale-group",
    "idle-address",
)
"""What a shell proposes; the server knows whether there is such a kind."""


def _begun(incomplete: str) -> list[str]:
    return [kind for kind in KINDS if kind.startswith(incomplete)]


Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--kind",
        help="Look for this kind of finding alone; may be repeated. docs/analysis.md lists them.",
        autocompletion=_begun,
    ),
]


def check(
    region: Annotated[str | None, typer.Option(help="Findings about this region alone.")] = None,
    kind: Kinds = None,
    json: Json = False,
    state: State = None,
) -> None:
    """List what is wrong with the design, and prove it.

    Exit status 0 when there is nothing, 1 when there is something, 2 when there is no such region or kind.

    Example: atoll check --region us-east-1
    """
    found = call(state, {"do": "check", "region": region, "kinds": kind or []}, status=BAD_QUESTION)
    if json:
        show_json(found)
    else:
        for number, one in enumerate(found):
            print("\n" * (number > 0) + "\n".join(_lines(one)))
        print("Nothing found." if not found else f"\n{_count(found)}")
    raise typer.Exit(1 if found else 0)


def _lines(one: dict[str, Any]) -> list[str]:
    return [
        f"{one['severity']:6}  {one['kind']}: {one['text']}",
        *(f"        {line}" for line in one["evidence"]),
        *([f"        rules: {', '.join(one['rules'])}"] if one["packet"] and one["rules"] else []),
        f"        to change: {one['change']}",
    ]


def _count(found: list[dict[str, Any]]) -> str:
    by_severity: dict[str, int] = {}
    for one in found:
        by_severity[one["severity"]] = by_severity.get(one["severity"], 0) + 1
    counts = ", ".join(f"{number} {severity}" for severity, number in by_severity.items())
    return f"{len(found)} finding{'s' * (len(found) > 1)}: {counts}."
