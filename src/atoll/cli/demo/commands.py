"""atoll demo [eni]: the articles, built and tried."""

import typer

from atoll.cli.common import State, call, fail, folder, on

app = typer.Typer(help="The articles, built through the API and tried with real packets.", no_args_is_help=True)


@app.callback()
def _demos() -> None:
    """The articles, built through the API and tried with real packets."""


@app.command()
def eni(state: State = None) -> None:
    """Elastic network interfaces: a row a claim, expected beside seen. Exit status 0 only if all hold.

    Example: atoll demo eni
    """
    try:
        import boto3  # noqa: F401 - asked here so that the advice comes before anything is built
    except ImportError:
        fail("the demos use boto3 as you would: pip install 'atoll[clients]'")
    from atoll.cli.demo.eni import REGION, EniDemo
    from atoll.cli.demo.lab import Lab

    found = call(state, {"do": "status"})
    if found["fabric"] == "none":
        fail("this Atoll runs without a network (--fabric none), so there is nothing to try.")
    claims = EniDemo(Lab(folder(state).control, found["endpoint"], REGION)).run()
    claims.show()
    where = on(state)
    print(f"{sum(claim.holds for claim in claims.rows)} of {len(claims.rows)} claims hold.")
    print(f'Atoll goes on at {found["endpoint"]}. Point the AWS CLI at it: eval "$(atoll env{where})"')
    print(f"Stop it: atoll down{where}")
    raise typer.Exit(0 if claims.hold else 1)
