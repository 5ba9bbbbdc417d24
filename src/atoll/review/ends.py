"""The ends of flows in two states: which network interface of one is which of the other."""

from collections import Counter

from atoll.analyze.internet import ANYONE
from atoll.model.entity import Entity
from atoll.model.kinds import Instance, NetworkInterface, Vpc
from atoll.plan.rows import INTERNET
from atoll.records import Table
from atoll.review.endpoints import label


class Ends:
    """What each port of both states is called: the same for what is the same.

    An ENI is itself by its id. Where two states were built apart and no id is in both, it is the one that has the same
    name, in a VPC of the same name, if there is one such on each side: its own Name tag, or its instance's with the
    device index.
    """

    def __init__(self, base: Table, head: Table) -> None:
        mine, theirs = _ids(base), _ids(head)
        apart = {**_names(base, mine - theirs)}, {**_names(head, theirs - mine)}
        same = set(apart[0].values()) & set(apart[1].values())
        self.base = {one: _called(one, apart[0], same) for one in mine} | {ANYONE: INTERNET}
        self.head = {one: _called(one, apart[1], same) for one in theirs} | {ANYONE: INTERNET}
        self._labels = {
            **{name: label(base, one) for one, name in self.base.items()},
            **{name: label(head, one) for one, name in self.head.items()},
            INTERNET: INTERNET,
        }

    def label(self, end: str) -> str:
        """An end in words."""
        return self._labels[end]


def _ids(model: Table) -> set[str]:
    return {one.id for one in model.all(NetworkInterface) if not one.managed}


def _called(one: str, names: dict[str, str], same: set[str]) -> str:
    return name if (name := names.get(one, "")) in same else one


def _names(model: Table, ids: set[str]) -> dict[str, str]:
    """The names that one of these alone has."""
    found = {one: name for one in ids if (name := _name(model, one))}
    counted = Counter(found.values())
    return {one: name for one, name in found.items() if counted[name] == 1}


def _name(model: Table, one: str) -> str:
    interface = model.get(NetworkInterface, one)
    assert interface is not None, f"{one} is no network interface"
    vpc, place = model.get(Vpc, interface.vpc), interface.attachment
    instance = model.get(Instance, place.instance) if place else None
    name = _tag(interface) or (f"{_tag(instance)}#{place.index}" if place and _tag(instance) else "")
    return f"{interface.region}/{_tag(vpc)}/{name}" if name else ""


def _tag(entity: Entity | None) -> str:
    return dict(entity.tags).get("Name", "") if entity is not None else ""
