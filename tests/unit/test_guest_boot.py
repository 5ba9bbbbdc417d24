import pytest
from msgspec.structs import replace

from atoll.guest.boot import Boot, files, notice

BOOT = Boot("i-1", 1, "/proc/1/ns/net", "ip-10-0-0-5.ec2.internal")


@pytest.mark.parametrize("user_data", [b"", b"#!/bin/sh\n", b"#! /usr/bin/env python3\n"])
def test_scripts_and_nothing_need_no_notice(user_data: bytes) -> None:
    assert notice(user_data) == ""


@pytest.mark.parametrize(
    ("user_data", "says"),
    [
        (b"#cloud-config\n", "#cloud-config"),
        (b"#include http://x\n", "#include"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"content-type: MULTIPART/mixed", "MIME"),
        (b" #!/bin/sh", "does not begin with #!"),
    ],
)
def test_what_is_not_run_is_named(user_data: bytes, says: str) -> None:
    assert says in notice(user_data)


def test_init_is_told_names_and_resolver() -> None:
    told = files(replace(BOOT, servers=("10.0.0.2",), search="ec2.internal"))
    assert told["hostname"] == b"ip-10-0-0-5.ec2.internal\n"
    assert told["resolv.conf"] == b"search ec2.internal\nnameserver 10.0.0.2\noptions timeout:2 attempts:5\n"
    assert "user-data" not in told
    assert "notice" not in told
    assert files(BOOT)["resolv.conf"] == b"options timeout:2 attempts:5\n", "names fail at once"
    many = files(replace(BOOT, servers=("1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4")))["resolv.conf"]
    assert many.count(b"nameserver") == 3


def test_user_data_is_told_at_the_first_boot_only() -> None:
    script = Boot("i-1", 1, "", "x", b"#!/bin/sh\n")
    assert files(script)["user-data"] == b"#!/bin/sh\n"
    assert files(Boot("i-1", 2, "", "x", b"#!/bin/sh\n", first=False)).keys() == {"hostname", "hosts", "resolv.conf"}
    assert "user-data" not in files(Boot("i-1", 1, "", "x", b"#cloud-config\n"))
