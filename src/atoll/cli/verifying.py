"""verify: intents as tests."""

import json
from pathlib import Path
from typing import Annotated, Any
from xml.etree import ElementTree

import typer

from atoll.cli.common import Json, State, call, fail, folder, note, show_json
from atoll.local.control import ControlError
from atoll.local.rehearsing import rehearse_cases

BAD_FILE = 2

File = Annotated[Path, typer.Argument(help="The file of intents (YAML): docs/analysis.md says how it is written.")]
ProofOnly = Annotated[bool, typer.Option("--proof-only", help="Send no packets.")]
JUnit = Annotated[Path | None, typer.Option("--junit", help="Also write a JUnit report to this file.")]


def verify(
    file: File, proof_only: ProofOnly = False, junit: JUnit = None, json: Json = False, state: State = None
) -> None:
    """Prove each intent of a file, then try it with real packets.

    Exit status 0 when all hold, 1 when one does not, 2 when the file is none or names nothing.

    Example: atoll verify intents.yaml
    """
    written = _read(file)
    results = call(state, {"do": "verify", "file": written, "proof_only": proof_only}, status=BAD_FILE)
    if not proof_only:
        try:
            rehearse_cases(folder(state), written, results, note)
        except ControlError as error:
            fail(str(error))
    if junit is not None:
        junit.write_bytes(_junit(str(file), results))
    if json:
        show_json(results)
    else:
        for result in results:
            print("\n".join(_lines(result)))
        print(f"{sum(one['holds'] for one in results)} of {len(results)} intents hold.")
    raise typer.Exit(0 if all(one["holds"] for one in results) else 1)


def _read(file: Path) -> object:
    import yaml

    try:
        written = yaml.safe_load(file.read_text())
        json.dumps(written)  # as it goes to the server: no dates, no keys but words
    except OSError as error:
        fail(f"{file}: {error.strerror}", BAD_FILE)
    except (yaml.YAMLError, UnicodeDecodeError, TypeError) as error:
        fail(f"{file} is no file of intents: {error}", BAD_FILE)
    return written


def _lines(result: dict[str, Any]) -> list[str]:
    mark = "holds" if result["holds"] else "FAILS"
    covered = f"{result['pairs']} pairs, {_number(result['flows'])} packets" if result["pairs"] else result["why"]
    where = " in a scratch world" if result["case"] else ""
    tried = f"; {len(result['tried'])} sent{where}" if result["tried"] else "; proof only" if result["case"] else ""
    lines = [f"{mark}  {result['text']}  ({covered}{tried})"]
    if result["holds"]:
        return lines
    return lines + [f"       {line}" for line in _against(result)]


def _against(result: dict[str, Any]) -> list[str]:
    """What speaks against it: the packet, its way, and whom to blame."""
    return [
        result["why"],
        *result["strayed"],
        *result["path"],
        *(f"blame: {one}" for one in result["blame"]),
    ]


def _number(count: int) -> str:
    return f"{count:,}" if count < 10_000_000 else f"{count:.1e}"


def _junit(name: str, results: list[dict[str, Any]]) -> bytes:
    failures = sum(not one["holds"] for one in results)
    suite = ElementTree.Element("testsuite", name=name, tests=str(len(results)), failures=str(failures))
    for one in results:
        case = ElementTree.SubElement(suite, "testcase", classname=name, name=one["text"])
        if not one["holds"]:
            ElementTree.SubElement(case, "failure", message=one["why"]).text = "\n".join(_against(one))
        elif not one["pairs"]:
            ElementTree.SubElement(case, "skipped", message=one["why"])
    written: bytes = ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True)
    return written
