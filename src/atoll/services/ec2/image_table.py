"""The images that exist: what tutorials and Terraform's aws_ami look for, in every region.

Every one runs Atoll's own guest; names, owners and descriptions are those of the real ones, so that a search by name
and owner finds what it would find on AWS. Ids are made from region and name: real ids change with every release.
"""

import hashlib
from functools import lru_cache

import msgspec

from atoll.model.entity import Tags
from atoll.model.kinds import Instance, OwnImage

AMAZON = "137112412989"
WINDOWS = "801119661308"
SUSE = "013907871322"
CANONICAL = "099720109477"
DEBIAN = "136693071363"

X86 = "x86_64"
ARM = "arm64"


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """An image of one region."""

    id: str
    name: str
    description: str
    owner: str
    architecture: str
    created: str  # as AWS writes it: text
    root_device: str = "/dev/xvda"
    volume_type: str = "gp2"
    volume_gib: int = 8
    boot_mode: str | None = None
    imds_v2: bool = False
    windows: bool = False
    virtualization: str = "hvm"
    alias: str | None = "amazon"  # of the owner
    public: bool = True
    software: str = ""
    tags: Tags = ()

    @property
    def snapshot(self) -> str:
        """The id of its root snapshot."""
        return "snap-" + _digits(f"snapshot/{self.id}")


class _Release(msgspec.Struct, frozen=True):
    """An image in its architectures; `{arch}` stands for the architecture's name in the release's own words."""

    name: str
    description: str
    owner: str
    created: str
    architectures: dict[str, str]
    root_device: str = "/dev/xvda"
    volume_type: str = "gp2"
    boot_mode: str | None = None
    imds_v2: bool = False


_AMAZON_ARCH = {X86: "x86_64", ARM: "arm64"}
_DEBIAN_ARCH = {X86: "amd64", ARM: "arm64"}

RELEASES = (
    _Release(
        "al2023-ami-2023.12.20260930.0-kernel-6.1-{arch}",
        "Amazon Linux 2023 AMI 2023.12.20260930.0 {arch} HVM kernel-6.1",
        AMAZON, "2026-10-01T02:11:40.000Z", _AMAZON_ARCH, volume_type="gp3", boot_mode="uefi-preferred", imds_v2=True,
    ),
    _Release(
        "al2023-ami-2023.12.20260930.0-kernel-6.12-{arch}",
        "Amazon Linux 2023 AMI 2023.12.20260930.0 {arch} HVM kernel-6.12",
        AMAZON, "2026-10-01T02:12:10.000Z", _AMAZON_ARCH, volume_type="gp3", boot_mode="uefi-preferred", imds_v2=True,
    ),
    _Release(
        "amzn2-ami-hvm-2.0.20260930.0-{arch}-gp2",
        "Amazon Linux 2 LTS AMI 2.0.20260930.0 {arch} HVM gp2",
        AMAZON, "2026-10-01T01:20:05.000Z", _AMAZON_ARCH,
    ),
    _Release(
        "amzn2-ami-kernel-5.10-hvm-2.0.20260930.0-{arch}-gp2",
        "Amazon Linux 2 LTS Kernel 5.10 AMI 2.0.20260930.0 {arch} HVM gp2",
        AMAZON, "2026-10-01T01:21:30.000Z", _AMAZON_ARCH,
    ),
    _Release(
        "amzn-ami-hvm-2018.03.0.20231218.0-{arch}-gp2",
        "Amazon Linux AMI 2018.03.0.20231218.0 {arch} HVM gp2",
        AMAZON, "2023-12-19T00:48:33.000Z", {X86: "x86_64"},
    ),
    _Release(
        "ubuntu/images/hvm-ssd/ubuntu-focal-20.04-{arch}-server-20250530",
        "Canonical, Ubuntu, 20.04 LTS, {arch} focal image build on 2025-05-30",
        CANONICAL, "2025-05-30T05:02:17.000Z", _DEBIAN_ARCH, root_device="/dev/sda1",
    ),
    _Release(
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-{arch}-server-20260915",
        "Canonical, Ubuntu, 22.04 LTS, {arch} jammy image build on 2026-09-15",
        CANONICAL, "2026-09-15T04:12:51.000Z", _DEBIAN_ARCH, root_device="/dev/sda1",
    ),
    _Release(
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-{arch}-server-20260917",
        "Canonical, Ubuntu, 24.04, {arch} noble image",
        CANONICAL, "2026-09-17T06:40:29.000Z", _DEBIAN_ARCH, root_device="/dev/sda1", volume_type="gp3",
        boot_mode="uefi-preferred", imds_v2=True,
    ),
    _Release(
        "debian-12-{arch}-20260914-2230", "Debian 12 (20260914-2230)",
        DEBIAN, "2026-09-14T22:45:02.000Z", _DEBIAN_ARCH, volume_type="gp3", boot_mode="uefi-preferred",
    ),
    _Release(
        "debian-13-{arch}-20260914-2231", "Debian 13 (20260914-2231)",
        DEBIAN, "2026-09-14T22:51:47.000Z", _DEBIAN_ARCH, volume_type="gp3", boot_mode="uefi-preferred",
    ),
)  # fmt: skip

FIXED = (
    Image(
        id="ami-12c6146b", name="Windows_Server-2008-R2_SP1-English-64Bit-Base-2017.10.13",
        description="Microsoft Windows Server 2008 R2 SP1 Datacenter 64-bit Locale English Base AMI provided by Amazon",
        owner=WINDOWS, architecture=X86, created="2017-10-13T20:30:44.000Z", root_device="/dev/sda1", windows=True,
        volume_gib=30,
    ),
    Image(
        id="ami-03cf127a", name="Windows_Server-2016-English-Nano-Base-2017.10.13",
        description="Microsoft Windows Server 2016 Nano Locale English AMI provided by Amazon",
        owner=WINDOWS, architecture=X86, created="2017-10-13T20:32:09.000Z", root_device="/dev/sda1", windows=True,
        volume_gib=30,
    ),
    Image(
        id="ami-fa7cdd89", name="suse-sles-11-sp4-v20151207-pv-ssd-x86_64",
        description="SUSE Linux Enterprise Server 11 Service Pack 4 ((PV, 64-bit, SSD-Backed)",
        owner=SUSE, architecture=X86, created="2015-12-08T12:14:04.000Z", root_device="/dev/sda",
        virtualization="paravirtual",
    ),
    Image(
        id="ami-f4cf1d8d", name="Windows_Server-2012-R2_RTM-English-64Bit-SQL_2016_SP1_Standard-2017.10.13",
        description="Microsoft Windows Server 2012 R2 RTM 64-bit Locale English with SQL Standard 2016 AMI provided by "
        "Amazon",
        owner=WINDOWS, architecture=X86, created="2017-10-13T20:31:27.000Z", root_device="/dev/sda1", windows=True,
        volume_gib=30,
    ),
)  # fmt: skip
"""Ids that test suites written for moto's server name; the same in every region."""


def _digits(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:17]


@lru_cache(maxsize=64)
def images(region: str) -> dict[str, Image]:
    """Every image of a region by its id."""
    made = (_image(region, release, arch) for release in RELEASES for arch in release.architectures)
    return {image.id: image for image in (*made, *FIXED)}


def _image(region: str, release: _Release, architecture: str) -> Image:
    word = release.architectures[architecture]
    name = release.name.format(arch=word)
    return Image(
        id="ami-" + _digits(f"{region}/{name}"),
        name=name,
        description=release.description.format(arch=word),
        owner=release.owner,
        architecture=architecture,
        created=release.created,
        root_device=release.root_device,
        volume_type=release.volume_type,
        boot_mode="uefi" if architecture == ARM else release.boot_mode,
        imds_v2=release.imds_v2,
    )


def own_image(entity: OwnImage) -> Image:
    """One that was added here."""
    return Image(
        id=entity.id,
        name=entity.name,
        description=entity.description,
        owner=entity.account,
        architecture=_architecture(entity.software),
        created=f"{entity.created:%Y-%m-%dT%H:%M:%S}.000Z",
        imds_v2=entity.imds_v2,
        alias=None,
        public=False,
        software=entity.software,
        tags=entity.tags,
    )


def image_of(instance: Instance) -> Image | None:
    """The image that an instance was launched from; of one that was added here, what is true for all of them."""
    if not instance.software:
        return images(instance.region).get(instance.image)
    return Image(
        id=instance.image,
        name="",
        description="",
        owner=instance.account,
        architecture=_architecture(instance.software),
        created="",
        alias=None,
        public=False,
        software=instance.software,
    )


def _architecture(software: str) -> str:
    return software.rpartition("-")[0]
