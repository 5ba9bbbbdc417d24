"""A saved state: all entities of the model as JSON, and the plan that they lead to."""

from typing import Any, Literal, NamedTuple

import msgspec

from atoll.compile import compiler, constants
from atoll.model.kinds import BY_KIND
from atoll.model.regions import REGIONS
from atoll.records import Delta, Derivation, Record, Table

FORMAT = 1


class State(NamedTuple):
    """A model and its plan."""

    model: Table
    plan: Table


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """The file. `entities`: by kind, in order of their creation; of them each field by its name."""

    atoll: Literal["state"]
    format: int
    entities: dict[str, list[msgspec.Raw]]


def written(entities: list[Record]) -> bytes:
    """The file's content."""
    by_kind: dict[str, list[Any]] = {}
    for one in entities:
        by_kind.setdefault(one.KIND, []).append(one)
    return msgspec.json.format(msgspec.json.encode({"atoll": "state", "format": FORMAT, "entities": by_kind}), indent=1)


def read(text: bytes) -> State:
    """The state in such a file. ValueError says why there is none in it."""
    try:
        file = msgspec.json.decode(text, type=_File)
        if file.format != FORMAT:
            raise ValueError(f"it has format {file.format}, and this Atoll reads {FORMAT}")
        found = [msgspec.json.decode(raw, type=BY_KIND[kind]) for kind, rows in file.entities.items() for raw in rows]
    except KeyError as error:
        raise ValueError(f"it holds a kind of thing that this Atoll does not know: {error}") from None
    except msgspec.DecodeError as error:
        raise ValueError(f"it is no saved state: {error}") from None
    return state({one.key: (None, one) for one in found})


def state(model: Delta) -> State:
    """The state that has these entities."""
    table = Table()
    table.apply(model)
    return State(table, compiled(table).plan)


class Compiled(NamedTuple):
    """A plan, and the compiler that has made it and can tell what a change of the model makes of it."""

    plan: Table
    compiler: Derivation


def compiled(model: Table) -> Compiled:
    """The plan that a model leads to."""
    fixed = constants(zone.name for region in REGIONS.values() for zone in region.zones)
    plan, made = Table(fixed), compiler(fixed)
    proposal = made.propose(model, {key: (None, record) for key, record in model.records.items()})
    made.accept(proposal)
    plan.apply(proposal.delta)
    return Compiled(plan, made)
