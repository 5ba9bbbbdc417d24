"""What sizes, IOPS and throughputs a volume of each type may have [EC2UG ebs-volume-types; gp3's limits of 2025]."""

from typing import NamedTuple

from atoll.protocol.errors import AwsError
from atoll.services.ec2.checks import invalid


class VolumeType(NamedTuple):
    """A type's limits. `iops`: what may be asked for, None where nothing may; `ratio`: IOPS a GiB at most."""

    sizes: tuple[int, int]
    iops: tuple[int, int] | None = None
    ratio: int = 0
    needs_iops: bool = False
    throughput: tuple[int, int] | None = None
    boots: bool = True


TYPES = {
    "standard": VolumeType((1, 1024)),
    "gp2": VolumeType((1, 16384)),
    "gp3": VolumeType((1, 65536), (3000, 80000), 500, throughput=(125, 2000)),
    "io1": VolumeType((4, 16384), (100, 64000), 50, needs_iops=True),
    "io2": VolumeType((4, 65536), (100, 256000), 1000, needs_iops=True),
    "st1": VolumeType((125, 16384), boots=False),
    "sc1": VolumeType((125, 16384), boots=False),
}
GP3_FREE = (3000, 125)
"""What every gp3 volume has: IOPS whatever its size and ratio, and MiB/s."""


class Performance(NamedTuple):
    """A volume's size in GiB, its type, and what it does; None where AWS shows nothing."""

    size: int
    type: str
    iops: int | None
    throughput: int | None


def performance(type_: str, size: int, iops: int | None, throughput: int | None) -> Performance:
    """What a volume of these parameters has, defaults filled in; AWS's error where there is none such."""
    limits = TYPES.get(type_)
    if limits is None:
        raise invalid(type_, "volumeType", f"Expecting one of {', '.join(TYPES)}.")
    _within(size, limits.sizes, f"Volume size of {size} GiB")
    if iops is None and limits.needs_iops:
        raise AwsError("MissingParameter", f"The parameter iops must be specified for {type_} volumes.")
    for name, value, allowed in (("iops", iops, limits.iops), ("throughput", throughput, limits.throughput)):
        if value is not None and allowed is None:
            raise AwsError("InvalidParameterCombination", f"The parameter {name} is not supported for {type_} volumes.")
        if value is not None and allowed is not None:
            _within(value, allowed, f"Volume {name} of {value}")
    if type_ == "gp3":
        iops, throughput = iops or GP3_FREE[0], throughput or GP3_FREE[1]
        if throughput > iops / 4:
            raise AwsError(
                "InvalidParameterValue",
                f"Throughput (MiBps) to iops ratio of {throughput / iops:f} is too high; maximum is 0.250000 MiBps "
                "per iops",
            )
    free = GP3_FREE[0] if type_ == "gp3" else 0
    if iops is not None and iops > max(free, size * limits.ratio):
        raise AwsError(
            "InvalidParameterValue",
            f"Iops to volume size ratio of {iops / size:f} is too high; maximum is {limits.ratio}",
        )
    if type_ == "gp2":
        iops = min(max(100, 3 * size), 16000)
    return Performance(size, type_, iops, throughput)


def _within(value: int, allowed: tuple[int, int], what: str) -> None:
    least, most = allowed
    if value < least:
        raise AwsError("InvalidParameterValue", f"{what} is too low; minimum is {least}.")
    if value > most:
        raise AwsError("InvalidParameterValue", f"{what} is too high; maximum is {most}.")
