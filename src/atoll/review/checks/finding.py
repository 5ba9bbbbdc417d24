"""What a check has found."""

from enum import StrEnum

import msgspec

from atoll.packet import Flow


class Severity(StrEnum):
    """How bad it is: somebody can get in, somebody cannot get through, or it is only untidy."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing about the design. `subject`: the id that it is about; `rules`: ids of what lets it pass or stops it.

    `packet`: one that shows it, leaving the port `sender`; `evidence`: its way, hop by hop, or other facts.
    """

    kind: str
    severity: Severity
    subject: str
    text: str
    change: str
    evidence: list[str] = []
    packet: Flow | None = None
    sender: str = ""
    rules: list[str] = []
