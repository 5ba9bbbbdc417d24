"""The header of the proxy protocol, byte by byte as AWS's load balancers were seen to write it."""

import pytest

from atoll.agents.proxy_header import LENGTH, SIGNATURE, announcing, crc32c, nobody

SEEN = "0d0a0d0a000d0a515549540a 2111 0054 7b67c99a ac1f0c37 b116 024b 03 0004 08942207 04 003e" + "00" * 62
"""A connection of 123.103.201.154, port 45334, to a node at 172.31.12.55, port 587 (the test data of two decoders)."""

CHECK = "0d0a0d0a000d0a515549540a 2011 0054 03 0004 bce5951f 04 004a" + "00" * 74
"""A health check (kubernetes issue 57250)."""


def test_a_connection_is_announced_as_aws_does() -> None:
    header = announcing(("123.103.201.154", 45334), ("172.31.12.55", 587))
    assert header == bytes.fromhex(SEEN)
    assert len(header) == LENGTH
    assert header.startswith(SIGNATURE)


def test_a_health_check_is_nobodys() -> None:
    assert nobody() == bytes.fromhex(CHECK)


@pytest.mark.parametrize(
    ("data", "sum_"),
    [(bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43), (bytes(range(32)), 0x46DD794E), (b"123456789", 0xE3069283)],
)
def test_castagnolis_checksum(data: bytes, sum_: int) -> None:
    """Examples of RFC 3720, B.4, and the polynomial's usual check."""
    assert crc32c(data) == sum_
