"""The command line. It talks to the running server, over its control socket and over HTTP, and to nothing else."""


def main() -> None:
    """The `atoll` command."""
    from atoll.cli.commands import app

    app(prog_name="atoll")
