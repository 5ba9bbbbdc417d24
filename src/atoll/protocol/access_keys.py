"""Temporary access keys: which account they belong to stands in the key itself, as in AWS's own.

ASIA, then 80 bits in base32: a one, the account in 40 bits, and 39 bits that say nothing to AWS's clients.  Ours hold
a random number and a check, so that a real key, whose account is its owner's affair, is not taken for one of ours.
"""

import re
import zlib
from base64 import b32decode, b32encode

RANDOM_BITS = 23

_SHAPE = re.compile(r"ASIA[A-Z2-7]{16}").fullmatch
_CHECK_BITS = 16
_MOST = 999_999_999_999


def issue(account: str, number: int) -> str:
    """A temporary key of that account; `number` has RANDOM_BITS bits."""
    told = int(account) << RANDOM_BITS | number
    whole = 1 << 79 | told << _CHECK_BITS | _check(told)
    return "ASIA" + b32encode(whole.to_bytes(10, "big")).decode()


def issued_for(access_key: str) -> str | None:
    """The account for which we issued that key; None for any other key."""
    if not _SHAPE(access_key):
        return None
    whole = int.from_bytes(b32decode(access_key[4:]), "big") & (1 << 79) - 1
    told = whole >> _CHECK_BITS
    if told >> RANDOM_BITS > _MOST or _check(told) != whole & (1 << _CHECK_BITS) - 1:
        return None
    return f"{told >> RANDOM_BITS:012d}"


def _check(told: int) -> int:
    return zlib.crc32(b"atoll" + told.to_bytes(8, "big")) & (1 << _CHECK_BITS) - 1
