"""The file of intents: what shall be reachable and what shall not, in names that it declares.

    version: 1
    scope: {region: us-east-1, vpc: {tag: {Name: api}}}
    names:
      db: {tag: {Name: db}}
    expect:
      - deny: internet -> db

Words that name nothing are LookupError, a file that is none is ValueError; both say what to write instead.
"""

import re
from typing import Any, Literal

import msgspec

from atoll.analyze.lookup import Plan
from atoll.analyze.reach.flows import block
from atoll.model.entity import Entity
from atoll.model.kinds import Instance, NetworkInterface, SecurityGroup, Subnet, Vpc
from atoll.model.regions import known_region
from atoll.packet import Prefix
from atoll.plan.rows import INTERNET
from atoll.records import Table
from atoll.review.endpoints import BALANCER, Endpoint, find, interfaces, led_to
from atoll.review.hypotheses import Hypothesis, hypothesis
from atoll.review.question import Wanted, wanted

ANY = "any"
KINDS = ("allow", "deny", "allow-some")
Selector = str | dict[str, dict[str, str]]
"""An id, or {tag: {Name: x}}."""

HOLDERS: dict[str, type[Entity]] = {"subnet": Subnet, "group": SecurityGroup, "vpc": Vpc, "instance": Instance}
"""Whose ENIs a name can mean."""

UNBUILT = {"endpoint": "VPC endpoints", "peering": "peering connections"}
_SENTENCE = re.compile(r"\s*(?P<source>\S+)\s*->\s*(?P<destination>\S+?)(?:\s+via\s+(?P<via>\S+))?\s*")


class Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where names are looked for: everywhere, unless it says less."""

    account: str | None = None
    region: str | None = None
    vpc: Selector | None = None


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """What would be, and what shall hold then: all that the file expects, unless it says what."""

    az_down: str | list[str] = []
    stopped: Selector | None = None
    expect: list[dict[str, str]] | None = None


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file as it is written."""

    version: Literal[1]
    expect: list[dict[str, str]]
    scope: Scope = Scope()
    names: dict[str, dict[str, Any]] = {}
    when: list[When] = []


class Intent(msgspec.Struct, frozen=True):
    """One expectation. `source`, `destination`: None for an optional name that matches nothing. `via`: or ""."""

    kind: str
    text: str
    source: Endpoint | None
    destination: Endpoint | None
    asked: Wanted
    via: str = ""


def parse(written: object) -> File:
    """What is written in a file of intents. ValueError where it is none."""
    if isinstance(written, File):
        return written
    try:
        file = msgspec.convert(written, File)
    except msgspec.ValidationError as error:
        raise ValueError(f"This is no file of intents: {error}. See docs/analysis.md") from None
    if not file.expect and not any(one.expect for one in file.when):
        raise ValueError("`expect` is empty: a file without an intent proves nothing.")
    for one in file.when:
        if not one.az_down and one.stopped is None:
            raise ValueError("`when` says nothing. Example: {az-down: us-east-1a, expect: [...]}")
        if not (file.expect if one.expect is None else one.expect):
            raise ValueError("`when` expects nothing: a case without an intent proves nothing.")
    return file


def read(model: Table, plan: Plan, file: File, when: When | None = None) -> list[Intent]:
    """The intents of a file, with their names resolved. `plan`: see analyze/internet.py.

    `when`: those of that case, in which model and plan are. Who asks for a load balancer asks its name, which by then
    leads to the nodes that are left.
    """
    expect = file.expect if when is None or when.expect is None else when.expect
    names = _Names(model, plan, file, by_name=when is not None)
    return [_intent(names, one) for one in expect]


def supposed(model: Table, plan: Plan, file: File, when: When) -> Hypothesis:
    """What a case supposes, about the model as it is. LookupError where there is no such zone or instance."""
    names = _Names(model, plan, file)
    return hypothesis(when.az_down, names.instances(when.stopped) if when.stopped is not None else [])


def _intent(names: "_Names", written: dict[str, str]) -> Intent:
    if len(written) != 1 or (kind := next(iter(written))) not in KINDS:
        raise ValueError(f"{written}: an intent is one of {', '.join(KINDS)}. Example: deny: internet -> db")
    text = written[kind]
    found = _SENTENCE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no intent. Write: SRC -> DST[:PORTS][/tcp|udp|icmp|all] [via nat]")
    if found["via"] and kind == "deny":
        raise ValueError(f"{text!r}: via says which way is allowed; a denial is for every way.")
    asked = wanted(found["destination"])
    ends = names.end(found["source"]), names.end(asked.name)
    return Intent(kind, f"{kind}: {text.strip()}", *ends, asked, found["via"] or "")


class _Names:
    """The names of a file, looked for in its scope."""

    def __init__(self, model: Table, plan: Plan, file: File, *, by_name: bool = False) -> None:
        self._by_name = by_name
        self._model = model
        self._plan = plan
        self._file = file
        self._scope = file.scope
        known_region(file.scope.region)
        self._vpcs = self._ids(Vpc, file.scope.vpc) if file.scope.vpc else None

    def end(self, name: str) -> Endpoint | None:
        """A declared name, `internet`, `any`, or an id or tag as `atoll reach` takes it."""
        declared = self._file.names.get(name)
        if declared is not None:
            return self._declared(name, declared)
        if name == ANY:
            everywhere = find(self._model, self._plan, INTERNET)
            every = (one for one in self._model.all(NetworkInterface) if not one.managed)
            return Endpoint(ANY, self._ports(every), internet=everywhere.internet)
        try:
            end = find(self._model, self._plan, name)
        except ValueError as error:
            raise ValueError(f"{name!r} is not among the names of this file. {error}") from None
        return end if not end.ports or end.addresses else self._some(name, interfaces(self._model, name))

    def instances(self, selector: Selector) -> list[Instance]:
        """The instances that a selector means."""
        return [one for one in self._entities(Instance, selector) if isinstance(one, Instance)]

    def _declared(self, name: str, written: dict[str, Any]) -> Endpoint | None:
        rest = dict(written)
        optional = rest.pop("optional", False)
        if not isinstance(optional, bool):
            raise ValueError(f"{name}: optional is true or false")
        try:
            return self._meant(name, rest)
        except LookupError:
            if optional:
                return None
            raise

    def _meant(self, name: str, written: dict[str, Any]) -> Endpoint:
        for key in written.keys() & UNBUILT.keys():
            raise ValueError(f"{name}: Atoll has not built {UNBUILT[key]} yet. Take the name and its intents out.")
        match written:
            case {"cidr": "of-subnet", "subnet": selector, **rest} if not rest:
                return self._block(name, [row.prefix for row in self._entities(Subnet, selector)])
            case {"cidr": str(cidr), **rest} if not rest:
                return self._block(name, [_prefix(name, cidr)])
            case {"tag": dict(tag), **rest} if not rest:
                return self._some(name, interfaces(self._model, _tag(name, {"tag": tag})))
            case {"load-balancer": str(balancer), **rest} if not rest:
                return self._some(name, interfaces(self._model, f"{BALANCER}{balancer}"))
            case {"interface": str(one), **rest} if not rest:
                return self._some(name, interfaces(self._model, one))
            case dict() if len(written) == 1 and (kind := next(iter(written))) in HOLDERS:
                ids = self._ids(HOLDERS[kind], written[kind])
                return self._some(name, [one for id_ in ids for one in interfaces(self._model, id_)])
        kinds = ", ".join(("tag", *HOLDERS, "load-balancer", "interface", "cidr"))
        raise ValueError(f"{name}: {written} names nothing. A name is one of {kinds}. Example: {{tag: {{Name: db}}}}")

    def _block(self, name: str, prefixes: list[Prefix]) -> Endpoint:
        (first, *more) = (find(self._model, self._plan, str(prefix)) for prefix in prefixes)
        if more:
            raise ValueError(f"{name}: that is {len(prefixes)} subnets, and a block is one. Name each of them.")
        return Endpoint(name, self._ports_of(first.ports), block(prefixes[0]), first.internet)

    def _some(self, name: str, found: list[NetworkInterface]) -> Endpoint:
        ports = self._ports(found)
        if not ports:
            raise LookupError(f"{name} matches no network interface in the scope of this file.")
        return Endpoint(name, ports)

    def _ports_of(self, ids: tuple[str, ...]) -> tuple[str, ...]:
        rows = (self._model.get(NetworkInterface, one) for one in ids)
        return self._ports(row for row in rows if row is not None)

    def _ports(self, found: Any) -> tuple[str, ...]:
        inside = (one for one in found if self._in_scope(one) and (self._vpcs is None or one.vpc in self._vpcs))
        asked = (one for one in inside if not self._by_name or led_to(self._model, self._plan, one))
        return tuple(sorted(one.id for one in asked))

    def _in_scope(self, one: Entity) -> bool:
        return self._scope.account in (None, one.account) and self._scope.region in (None, one.region)

    def _entities(self, kind: type[Entity], selector: Selector) -> list[Any]:
        if isinstance(selector, str):
            found = [one for one in [self._model.get(kind, selector)] if one is not None]
        else:
            key, value = _pair(kind.KIND, selector)
            found = [one for one in self._model.all(kind) if (key, value) in one.tags]
        inside = [one for one in found if self._in_scope(one)]
        if not inside:
            raise LookupError(f"{selector} matches no {kind.KIND} in the scope of this file.")
        return inside

    def _ids(self, kind: type[Entity], selector: Selector) -> list[str]:
        return [one.id for one in self._entities(kind, selector)]


def _pair(name: str, selector: object) -> tuple[str, str]:
    match selector:
        case {"tag": dict(tags), **rest} if not rest and len(tags) == 1:
            ((key, value),) = tags.items()
            return str(key), str(value)
    raise ValueError(f"{name}: {selector} names nothing. Write an id, or {{tag: {{Name: x}}}}")


def _tag(name: str, selector: object) -> str:
    key, value = _pair(name, selector)
    return f"tag:{key}={value}"


def _prefix(name: str, text: str) -> Prefix:
    try:
        return Prefix.parse(text)
    except ValueError:
        raise ValueError(f"{name}: {text!r} is no CIDR. Example: 10.0.0.0/16") from None
