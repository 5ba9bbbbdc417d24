"""AWS's commercial regions and their availability zones.

Sources: names and descriptions as in botocore's endpoint data; zone letters and ids as accounts see them (fact 257;
the mapping from letter to id differs between accounts, this one is a usual one). Regions opened after March 2019 must
be opted in on AWS; here all are.
"""

from typing import NamedTuple


class Zone(NamedTuple):
    """An availability zone: "us-east-1a" and "use1-az6"."""

    name: str
    id: str


class Region(NamedTuple):
    """A region."""

    name: str
    description: str
    opt_in: bool
    zones: tuple[Zone, ...]


def _region(name: str, code: str, description: str, zones: str = "a1 b2 c3", *, opt_in: bool = False) -> Region:
    """`zones`: letter of the name, then number of the id."""
    pairs = tuple(Zone(f"{name}{zone[0]}", f"{code}-az{zone[1:]}") for zone in zones.split())
    return Region(name, description, opt_in, pairs)


REGIONS: dict[str, Region] = {
    region.name: region
    for region in (
        _region("af-south-1", "afs1", "Africa (Cape Town)", opt_in=True),
        _region("ap-east-1", "ape1", "Asia Pacific (Hong Kong)", opt_in=True),
        _region("ap-east-2", "ape2", "Asia Pacific (Taipei)", opt_in=True),
        _region("ap-northeast-1", "apne1", "Asia Pacific (Tokyo)", "a4 c1 d2"),
        _region("ap-northeast-2", "apne2", "Asia Pacific (Seoul)", "a1 b2 c3 d4"),
        _region("ap-northeast-3", "apne3", "Asia Pacific (Osaka)"),
        _region("ap-south-1", "aps1", "Asia Pacific (Mumbai)", "a1 b3 c2"),
        _region("ap-south-2", "aps2", "Asia Pacific (Hyderabad)", opt_in=True),
        _region("ap-southeast-1", "apse1", "Asia Pacific (Singapore)"),
        _region("ap-southeast-2", "apse2", "Asia Pacific (Sydney)", "a1 b3 c2"),
        _region("ap-southeast-3", "apse3", "Asia Pacific (Jakarta)", opt_in=True),
        _region("ap-southeast-4", "apse4", "Asia Pacific (Melbourne)", opt_in=True),
        _region("ap-southeast-5", "apse5", "Asia Pacific (Malaysia)", opt_in=True),
        _region("ap-southeast-6", "apse6", "Asia Pacific (New Zealand)", opt_in=True),
        _region("ap-southeast-7", "apse7", "Asia Pacific (Thailand)", opt_in=True),
        _region("ca-central-1", "cac1", "Canada (Central)", "a1 b2 d4"),
        _region("ca-west-1", "caw1", "Canada West (Calgary)", opt_in=True),
        _region("eu-central-1", "euc1", "Europe (Frankfurt)"),
        _region("eu-central-2", "euc2", "Europe (Zurich)", opt_in=True),
        _region("eu-north-1", "eun1", "Europe (Stockholm)"),
        _region("eu-south-1", "eus1", "Europe (Milan)", opt_in=True),
        _region("eu-south-2", "eus2", "Europe (Spain)", opt_in=True),
        _region("eu-west-1", "euw1", "Europe (Ireland)", "a3 b1 c2"),
        _region("eu-west-2", "euw2", "Europe (London)", "a2 b3 c1"),
        _region("eu-west-3", "euw3", "Europe (Paris)"),
        _region("il-central-1", "ilc1", "Israel (Tel Aviv)", opt_in=True),
        _region("me-central-1", "mec1", "Middle East (UAE)", opt_in=True),
        _region("me-south-1", "mes1", "Middle East (Bahrain)", opt_in=True),
        _region("mx-central-1", "mxc1", "Mexico (Central)", opt_in=True),
        _region("sa-east-1", "sae1", "South America (Sao Paulo)"),
        _region("us-east-1", "use1", "US East (N. Virginia)", "a6 b1 c2 d4 e3 f5"),
        _region("us-east-2", "use2", "US East (Ohio)"),
        _region("us-west-1", "usw1", "US West (N. California)", "a3 b1"),
        _region("us-west-2", "usw2", "US West (Oregon)", "a2 b1 c3 d4"),
    )
}


def known_region(name: str | None) -> None:
    """LookupError with words for the user where there is no such region; None is all of them."""
    if name is not None and name not in REGIONS:
        raise LookupError(f"There is no region {name!r}. Example: us-east-1")
