"""The commands, in the order of the help."""

import typer

from atoll import __version__
from atoll.cli import (
    checking,
    cidr,
    comparing,
    environment,
    health,
    images,
    inside,
    life,
    reaching,
    tracing,
    verifying,
    zones,
)
from atoll.cli.demo import commands as demo

app = typer.Typer(
    help="Atoll: a real VPC on your own machine.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

PASSED = {"ignore_unknown_options": True}
"""For commands whose last words are another program's command line."""


@app.callback(invoke_without_command=True)
def _top(
    version: bool = typer.Option(False, "--version", help="Print the version.", is_eager=True),
) -> None:
    if version:
        print(f"atoll {__version__}")
        raise typer.Exit


app.command()(life.up)
app.command()(life.down)
app.command()(life.status)
app.command()(life.reset)
app.command()(life.logs)
app.command()(environment.env)
app.command()(health.doctor)
app.command("exec", context_settings=PASSED)(inside.exec_)
app.command()(inside.shell)
app.command(context_settings=PASSED)(inside.internet)
app.command(context_settings=PASSED)(inside.run)
app.command()(tracing.trace)
app.command()(reaching.reach)
app.command()(reaching.exposure)
app.command()(checking.check)
app.command()(verifying.verify)
app.command()(comparing.save)
app.command()(comparing.diff)
app.add_typer(zones.app, name="az")
app.command()(cidr.cidr)
app.add_typer(images.app, name="image")
app.add_typer(demo.app, name="demo")
