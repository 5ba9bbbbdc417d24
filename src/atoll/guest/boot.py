"""What one boot of an instance is, and what becomes of its user data (pure)."""

from collections.abc import Sequence

import msgspec

MOST_SERVERS = 3
"""So many name servers the C library asks; it reads no more."""


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
    servers: tuple[str, ...] = ()
    """Addresses of the name servers. Without one names fail at once instead of after a silence."""
    search: str = ""
    """Domains to complete a name with, with spaces between them."""
    authority: bytes = b""
    """The certificate, PEM, of an authority to trust besides those of the image."""
    authority_hash: str = ""
    """Under which OpenSSL looks for it."""


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


def resolvers(servers: Sequence[str], search: str) -> bytes:
    """/etc/resolv.conf as Amazon Linux writes it of what DHCP has told."""
    lines = [f"search {search}"] if search else []
    lines += [f"nameserver {one}" for one in servers[:MOST_SERVERS]]
    return "".join(f"{line}\n" for line in (*lines, "options timeout:2 attempts:5")).encode()


def files(boot: Boot) -> dict[str, bytes]:
    """What the guest's init reads under /run/atoll, by file name."""
    found = {
        "hostname": f"{boot.hostname}\n".encode(),
        "hosts": b"127.0.0.1   localhost localhost.localdomain\n::1         localhost6 localhost6.localdomain6\n",
        "resolv.conf": resolvers(boot.servers, boot.search),
    }
    if boot.authority:
        found["authority.pem"] = boot.authority
        found["authority.hash"] = f"{boot.authority_hash}\n".encode()
    if boot.first and (why := notice(boot.user_data)):
        found["notice"] = f"{why}\n".encode()
    elif boot.first and boot.user_data:
        found["user-data"] = boot.user_data
    return found
