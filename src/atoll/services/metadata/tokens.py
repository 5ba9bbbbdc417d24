"""Tokens of version 2: good for the instance that asked, until a moment that stands in the token itself."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64Error

LONGEST = 21_600
"""Seconds (fact 157)."""

_MOMENT = 8  # bytes: the end, in microseconds since the epoch


def issue(secret: bytes, instance: str, now: float, seconds: int) -> str:
    """56 characters, as AWS's have."""
    moment = int((now + seconds) * 1_000_000).to_bytes(_MOMENT, "big")
    return urlsafe_b64encode(moment + _seal(secret, instance, moment)).decode()


def left(secret: bytes, instance: str, now: float, token: str) -> int | None:
    """The seconds for which it is still good; None if it is not, or is none of this instance's."""
    try:
        whole = urlsafe_b64decode(token.encode())
    except (NotBase64Error, ValueError):
        return None
    moment, seal = whole[:_MOMENT], whole[_MOMENT:]
    remaining = int.from_bytes(moment, "big") / 1_000_000 - now
    good = hmac.compare_digest(seal, _seal(secret, instance, moment))
    return int(remaining) if good and remaining > 0 else None


def _seal(secret: bytes, instance: str, moment: bytes) -> bytes:
    return hmac.digest(secret, b"token " + instance.encode() + b" " + moment, hashlib.sha256)
