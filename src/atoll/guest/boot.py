"""What one boot of an instance is, and what becomes of its user data (pure)."""

import msgspec

RESOLVER = "169.254.169.253"
"""Where the VPC's resolver answers in every subnet [aws-behaviour, DNS]."""


class Boot(msgspec.Struct, frozen=True):
    """One start of one instance; (instance, boot) names it, so that starting twice starts once."""

    instance: str
    boot: int
    """Counts the instance's starts, from 1."""
    netns: str
    """Path of an existing network namespace."""
    hostname: str
    """The private DNS name, "ip-10-0-0-5.ec2.internal"."""
    user_data: bytes = b""
    first: bool = True
    """Whether user data may run: AWS runs it at the first boot only."""
    software: str = ""
    """Name of the root file system that a user added (`software.py`); empty for Atoll's own."""
    resolver: str = RESOLVER
    """Address of the name server, empty for none."""


_UNRUN = (
    (b"#cloud-config", "user data is #cloud-config, which Atoll does not run: use a script that begins with #!"),
    (b"#cloud-boothook", "user data is a cloud-boothook, which Atoll does not run: use a script that begins with #!"),
    (b"#include", "user data is an #include list, which Atoll does not fetch: use a script that begins with #!"),
    (b"\x1f\x8b", "user data is compressed with gzip, which Atoll does not unpack: pass the script as it is"),
    (b"Content-Type: multipart", "user data is a MIME multipart archive, which Atoll does not unpack: pass the script"),
    (b"MIME-Version:", "user data is a MIME multipart archive, which Atoll does not unpack: pass the script"),
)


def notice(user_data: bytes) -> str:
    """Why this user data is not run, one sentence for the console; empty when it is run or there is none.

    cloud-init runs what begins with `#!` and tells other kinds apart by their first line.
    """
    if not user_data or user_data.startswith(b"#!"):
        return ""
    for start, why in _UNRUN:
        if user_data[: len(start)].lower() == start.lower():
            return why
    return "user data does not begin with #!, so it is not run"


def files(boot: Boot) -> dict[str, bytes]:
    """What the guest's init reads under /run/atoll, by file name."""
    _, _, domain = boot.hostname.partition(".")
    resolv = (f"search {domain}\n" if domain else "") + (f"nameserver {boot.resolver}\n" if boot.resolver else "")
    found = {
        "hostname": f"{boot.hostname}\n".encode(),
        "hosts": b"127.0.0.1   localhost localhost.localdomain\n::1         localhost6 localhost6.localdomain6\n",
        "resolv.conf": (resolv + "options timeout:2 attempts:5\n").encode(),
    }
    if boot.first and (why := notice(boot.user_data)):
        found["notice"] = f"{why}\n".encode()
    elif boot.first and boot.user_data:
        found["user-data"] = boot.user_data
    return found
