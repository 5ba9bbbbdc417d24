"""Intents in Python: what pytest's tests say of a running Atoll. docs/analysis.md has examples."""

from atoll.testing.network import IntentError, Network

__all__ = ["IntentError", "Network"]
