"""Frozen records, tables of them, and what is derived from them.

The lowest package: it knows no network and no cloud. The model (entities), the plan (rows) and the kernel fabric
(kernel objects) are all tables of records; compile and the fabric are both derivations from one table to the next,
so that "what changed, and what follows from it" is written once.
"""

from atoll.records.delta import Delta, inverse
from atoll.records.derive import Derivation, Pass, Proposal
from atoll.records.record import IndexKey, Key, Record
from atoll.records.table import Overlay, Table, View

__all__ = [
    "Delta",
    "Derivation",
    "IndexKey",
    "Key",
    "Overlay",
    "Pass",
    "Proposal",
    "Record",
    "Table",
    "View",
    "inverse",
]
