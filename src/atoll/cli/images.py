"""image add, list, remove: root file systems of a user's own, as AMIs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from atoll.cli.common import Json, State, call, fail, note, show_json
from atoll.cli.environment import REGION

app = typer.Typer(help="Images of your own, for instances to be launched from.", no_args_is_help=True)

ACCOUNT = "123456789012"


class Imds(StrEnum):
    """ImdsSupport, as AWS writes it."""

    V2 = "v2.0"


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="The AMI's name.")],
    archive: Annotated[
        Path, typer.Argument(help="A tar of a root file system, or an OCI or docker-save archive; compressed or not.")
    ],
    description: Annotated[str, typer.Option(help="The AMI's description.")] = "",
    imds_support: Annotated[
        Imds | None, typer.Option(help="v2.0: instances of it ask for tokens unless told otherwise.")
    ] = None,
    account: Annotated[str, typer.Option(help="Whose it is: 12 digits.")] = ACCOUNT,
    region: Annotated[str, typer.Option(help="Where it is.")] = REGION,
    json: Json = False,
    state: State = None,
) -> None:
    """Add an image and print its id. It must hold /bin/sh, cat, chmod, cp, mkdir, rm and sleep for this machine.

    Example: docker save alpine -o alpine.tar && atoll image add alpine alpine.tar
    """
    request = {
        "do": "image-add",
        "name": name,
        "description": description,
        "imds_v2": imds_support is Imds.V2,
        "account": account,
        "region": region,
    }
    try:
        with archive.open("rb") as file:
            made: dict[str, Any] = call(state, request, (file.fileno(),))
    except OSError as error:
        fail(f"{archive} cannot be read: {error.strerror}")
    if json:
        show_json(made)
        return
    print(made["id"])
    if made["left_out"]:
        note(f"{made['left_out']} entries were left out: a guest's image holds no devices, pipes or sockets.")


@app.command("list")
def list_(json: Json = False, state: State = None) -> None:
    """List the images that were added.

    Example: atoll image list --json
    """
    found: list[dict[str, Any]] = call(state, {"do": "image-list"})
    if json:
        show_json(found)
        return
    for one in found:
        print(f"{one['id']}  {one['region']:14}  {one['account']}  {one['architecture']:6}  {one['name']}")


@app.command()
def remove(image: Annotated[str, typer.Argument(help="ami-...")], state: State = None) -> None:
    """Remove an image. Instances that were launched from it keep their files.

    Example: atoll image remove ami-0123456789abcdef0
    """
    call(state, {"do": "image-remove", "image": image})
    print(f"{image} is removed.")
