"""What a request asks for, whichever protocol it came in."""

from typing import Any

import msgspec

Params = dict[str, Any]


class Call(msgspec.Struct, frozen=True):
    """An operation and its parameters, which have the model's member names."""

    operation: str
    params: Params
