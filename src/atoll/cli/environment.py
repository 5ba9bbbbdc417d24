"""env: how to point AWS's clients at Atoll."""

from collections.abc import Mapping
from typing import Annotated

import typer

from atoll.cli.common import State, call

SERVED = ("ARC_ZONAL_SHIFT", "EC2", "ELASTIC_LOAD_BALANCING_V2", "IAM", "SSM", "STS")
"""Services that Atoll serves, as AWS_ENDPOINT_URL_<SERVICE> names them. One by one, so that others (a Terraform
backend on S3, say) still go where they went."""

KEYS = {"AWS_ACCESS_KEY_ID": "atoll", "AWS_SECRET_ACCESS_KEY": "atoll"}
REGION = "us-east-1"


def env(
    everything: Annotated[bool, typer.Option("--all", help="Send every service to Atoll, served or not.")] = False,
    profile: Annotated[str | None, typer.Option(help="Print a profile for the AWS config file instead.")] = None,
    state: State = None,
) -> None:
    """Print the environment that points AWS's clients at this Atoll.

    Example: eval "$(atoll env)"
    """
    endpoint = call(state, {"do": "status"})["endpoint"]
    if profile is not None:
        print(profile_text(profile, endpoint, everything=everything))
        return
    for name, value in variables(endpoint, everything=everything).items():
        print(f"export {name}={value or chr(34) * 2}")


def variables(endpoint: str, *, everything: bool = False) -> dict[str, str]:
    """The environment variables."""
    urls = {"AWS_ENDPOINT_URL": endpoint} if everything else {f"AWS_ENDPOINT_URL_{name}": endpoint for name in SERVED}
    return {
        **urls,
        **KEYS,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
    }


PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy")


def filled(environment: Mapping[str, str], endpoint: str) -> dict[str, str]:
    """A program's environment on Atoll's internet: the user's own, and of ours what the user has not set.

    A general AWS_ENDPOINT_URL of the user's is for these services as well. Proxies are left out: theirs are in the
    network that the program leaves, and would stand between it and every public address.
    """
    own = {name: value for name, value in environment.items() if name.lower() not in PROXIES}
    ours = variables(endpoint, everything="AWS_ENDPOINT_URL" in own)
    region = own.get("AWS_REGION") or own.get("AWS_DEFAULT_REGION") or REGION  # some clients read one, some the other
    return {**ours, "AWS_REGION": region, "AWS_DEFAULT_REGION": region, **own}


def profile_text(name: str, endpoint: str, *, everything: bool = False) -> str:
    """A profile for ~/.aws/config."""
    lines = [f"[profile {name}]", f"region = {REGION}", "aws_access_key_id = atoll", "aws_secret_access_key = atoll"]
    if everything:
        return "\n".join([*lines, f"endpoint_url = {endpoint}"])
    served = [f"{service.lower()} =\n  endpoint_url = {endpoint}" for service in SERVED]
    return "\n".join([*lines, f"services = {name}", "", f"[services {name}]", *served])
