"""AWS's public parameters: which images are the latest, and which regions and zones there are.

Made from the same tables as DescribeImages and DescribeRegions, so that what a parameter names exists here. Names are
those of AWS's, Canonical's and Debian's documentation; what those tables do not know (minimal images, services by
region, countries) is not found.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache

from atoll.model.kinds import ParameterVersion
from atoll.model.regions import REGIONS
from atoll.services.ec2.image_table import AMAZON, CANONICAL, DEBIAN, Image, images
from atoll.services.identity import user_arn

PREFIX = "/aws/service/"
IMAGE = "aws:ec2:image"
AWS = "000000000000"
"""The account of AWS's own here: ARNs of public parameters name none."""

_AL2023 = re.compile(r"al2023-ami-[\d.]+-kernel-([\d.]+)-(\w+)")
_AL2 = re.compile(r"(amzn2?-ami(?:-kernel-[\d.]+)?-hvm)-[\d.]+-(\w+)-gp2")
_UBUNTU = re.compile(r"ubuntu/images/hvm-ssd(?:-gp3)?/ubuntu-(\w+)-([\d.]+)-(\w+)-server-(\d+)")
_DEBIAN = re.compile(r"debian-(\d+)-(\w+)-([\d-]+)")
_DEBIAN_NAMES = {"12": "bookworm", "13": "trixie"}
_DEFAULT_KERNEL = "6.1"
"""Of Amazon Linux 2023 (kernel-default)."""


def _amazon(image: Image) -> Iterator[str]:
    place = f"{PREFIX}ami-amazon-linux-latest"
    if match := _AL2023.fullmatch(image.name):
        kernel, arch = match.groups()
        yield f"{place}/al2023-ami-kernel-{kernel}-{arch}"
        if kernel == _DEFAULT_KERNEL:
            yield f"{place}/al2023-ami-kernel-default-{arch}"
    elif match := _AL2.fullmatch(image.name):
        yield f"{place}/{match[1]}-{match[2]}-gp2"


def _ubuntu(image: Image) -> Iterator[str]:
    match = _UBUNTU.fullmatch(image.name)
    if match is None:
        return
    code, release, arch, serial = match.groups()
    for version in (release, code):
        for build in ("current", serial):
            place = f"{PREFIX}canonical/ubuntu/server/{version}/stable/{build}/{arch}"
            yield f"{place}/hvm/ebs-{image.volume_type}/ami-id"


def _debian(image: Image) -> Iterator[str]:
    match = _DEBIAN.fullmatch(image.name)
    if match is None:
        return
    release, arch, build = match.groups()
    for version in (release, _DEBIAN_NAMES[release]):
        for which in ("latest", build):
            yield f"{PREFIX}debian/release/{version}/{which}/{arch}"


_NAMERS = {AMAZON: _amazon, CANONICAL: _ubuntu, DEBIAN: _debian}


def _infrastructure() -> Iterator[tuple[str, str]]:
    place = f"{PREFIX}global-infrastructure"
    for region in REGIONS.values():
        here = f"{place}/regions/{region.name}"
        yield here, region.name
        yield f"{here}/longName", region.description
        yield f"{here}/domain", "amazonaws.com"
        yield f"{here}/partition", "aws"
        for zone in region.zones:
            yield f"{here}/availability-zones/{zone.id}", zone.id
            yield f"{place}/availability-zones/{zone.id}", zone.id
            yield f"{place}/availability-zones/{zone.id}/parent-region", region.name


@lru_cache(maxsize=64)
def public(region: str) -> dict[str, ParameterVersion]:
    """Every public parameter of a region by its name."""
    named = ((name, image) for image in images(region).values() for name in _names(image))
    made = {name: _parameter(region, name, image.id, image.created, IMAGE) for name, image in named}
    for name, value in _infrastructure():
        made[name] = _parameter(region, name, value, "2019-01-01T00:00:00.000Z", "text")
    return dict(sorted(made.items()))


@lru_cache(maxsize=64)
def names_by_image(region: str) -> dict[str, list[str]]:
    """The public parameters that name each image, by the image's id."""
    found: dict[str, list[str]] = {}
    for name, parameter in public(region).items():
        if parameter.data_type == IMAGE:
            found.setdefault(parameter.value, []).append(name)
    return found


def _names(image: Image) -> Iterable[str]:
    namer = _NAMERS.get(image.owner)
    return namer(image) if namer is not None else ()


def _parameter(region: str, name: str, value: str, modified: str, data_type: str) -> ParameterVersion:
    return ParameterVersion(
        home=f"{AWS}/{region}",
        name=name,
        version=1,
        type="String",
        value=value,
        modified=_time(modified),
        modified_by=user_arn(AWS),
        data_type=data_type,
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
