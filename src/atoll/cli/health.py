"""doctor: what this machine lacks, and what cures it."""

import json as codec
import subprocess
import sys

import typer

from atoll.cli.common import Json, fail, show_json


def doctor(json: Json = False) -> None:
    """Say what this machine lacks for Atoll, and what cures it.

    The cure is an exact command. Exit status 1 if something must be cured.

    Example: atoll doctor
    """
    done = subprocess.run([sys.executable, "-m", "atoll.app.doctor"], capture_output=True, text=True, check=False)
    if not done.stdout:
        fail(f"the examination itself failed: {done.stderr.strip()[-500:]}")
    findings = codec.loads(done.stdout)
    if json:
        show_json(findings)
    else:
        for one in findings:
            print(f"{mark(one)}  {one['name']}: {one['found']}")
            if one["cure"]:
                print(f"      {one['cure']}")
        print("Atoll can run here." if done.returncode == 0 else "Atoll cannot run here yet: do what is said above.")
    raise typer.Exit(done.returncode)


def mark(finding: dict[str, object]) -> str:
    """Four letters before a line."""
    if not finding["cure"]:
        return "  ok"
    return "NEED" if finding["must"] else "note"
