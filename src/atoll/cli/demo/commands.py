"""atoll demo [eni|bank|nlb]: the articles, built and tried."""

from typing import Protocol

import typer

from atoll.cli.common import State, call, fail, folder, on
from atoll.cli.demo.claims import Claims
from atoll.cli.demo.lab import Lab

app = typer.Typer(help="The articles, built through the API and tried with real packets.", no_args_is_help=True)


class Demo(Protocol):
    """One article."""

    def run(self) -> Claims:
        """Build and try it."""


class Maker(Protocol):
    """How a demo is made."""

    def __call__(self, lab: Lab) -> Demo:
        """The demo, on this lab."""


@app.callback()
def _demos() -> None:
    """The articles, built through the API and tried with real packets."""


@app.command()
def eni(state: State = None) -> None:
    """Elastic network interfaces: a row a claim, expected beside seen. Exit status 0 only if all hold.

    Example: atoll demo eni
    """
    from atoll.cli.demo.eni import REGION, EniDemo

    _show(state, REGION, EniDemo)


@app.command()
def bank(state: State = None) -> None:
    """Secure VPC design: web servers for the world, and a database that nobody else reaches, line by line of defence.

    A row a claim, expected beside seen; exit status 0 only if all hold. It deletes the default VPC of eu-central-1.

    Example: atoll demo bank
    """
    from atoll.cli.demo.bank import REGION, BankDemo

    _show(state, REGION, BankDemo)


@app.command()
def nlb(state: State = None) -> None:
    """Private API servers behind a public network load balancer, over two zones, one of which fails.

    A row a claim, expected beside seen, and a time line; exit status 0 only if all hold. It takes about a minute, and
    works in eu-west-1, one of whose zones is down for some of it.

    Example: atoll demo nlb
    """
    from atoll.cli.demo.nlb import REGION, NlbDemo

    _show(state, REGION, NlbDemo)


def _show(state: State, region: str, demo: Maker) -> None:
    """Run it and show the table; ends the command."""
    try:
        from botocore.exceptions import ClientError  # asked here so that the advice comes before anything is built
    except ImportError:
        fail("the demos use boto3 as you would: pip install 'atoll[clients]'")
    found = call(state, {"do": "status"})
    if found["fabric"] == "none":
        fail("this Atoll runs without a network (--fabric none), so there is nothing to try.")
    try:
        claims = demo(Lab(folder(state).control, found["endpoint"], region)).run()
    except ClientError as error:
        fail(f"the demo was refused; is something of yours in {region} in its way? {error}")
    claims.show()
    where = on(state)
    print(f"{sum(claim.holds for claim in claims.rows)} of {len(claims.rows)} claims hold.")
    print(f'Atoll goes on at {found["endpoint"]}. Point the AWS CLI at it: eval "$(atoll env{where})"')
    print(f"Stop it: atoll down{where}")
    raise typer.Exit(0 if claims.hold else 1)
