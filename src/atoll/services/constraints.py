"""What services other than EC2 say of a value that is not allowed: one sentence for all of them.

The code is ValidationError in query services and ValidationException in JSON services.
"""

import re
from collections.abc import Iterable

from atoll.protocol.errors import AwsError

QUERY, JSON = "ValidationError", "ValidationException"


def violation(code: str, where: str, value: object, constraint: str) -> AwsError:
    """`where` is the member's name with a small first letter."""
    where_and_what = f"Value '{value}' at '{where}' failed to satisfy constraint: Member must {constraint}"
    return AwsError(code, f"1 validation error detected: {where_and_what}")


def check_pattern(code: str, where: str, value: str, pattern: re.Pattern[str], longest: int, *, least: int = 1) -> str:
    """The text, if it has an allowed length and form."""
    if len(value) < least:
        raise violation(code, where, value, f"have length greater than or equal to {least}")
    if len(value) > longest:
        raise violation(code, where, value[:longest] + "...", f"have length less than or equal to {longest}")
    if not pattern.fullmatch(value):
        raise violation(code, where, value, f"satisfy regular expression pattern: {pattern.pattern}")
    return value


def check_number(code: str, where: str, value: int, least: int, most: int) -> int:
    """The number, if it is within bounds."""
    if value < least:
        raise violation(code, where, value, f"have value greater than or equal to {least}")
    if value > most:
        raise violation(code, where, value, f"have value less than or equal to {most}")
    return value


def check_choice(code: str, where: str, value: str, allowed: Iterable[str]) -> str:
    """The text, if it is one of those that the model names."""
    known = list(allowed)
    if value not in known:
        raise violation(code, where, value, f"satisfy enum value set: [{', '.join(known)}]")
    return value
