"""`atoll trace`: what the plan says of one packet, hop by hop, and what one real packet does."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from atoll.app.server import Server


def trace(server: "Server", request: dict[str, Any]) -> dict[str, Any]:
    """TRACE"""
    raise ValueError("later")
