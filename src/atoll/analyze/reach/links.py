"""What a link does to the flows of a beam."""

from collections.abc import Iterator
from typing import NamedTuple

from atoll.analyze.links import PRIVATE
from atoll.analyze.lookup import Plan
from atoll.analyze.reach.beam import Beam, Frame
from atoll.analyze.reach.flows import Box, Field, address, block, family, place, values, where
from atoll.analyze.reach.routes import FEW
from atoll.analyze.reach.spans import Span, each, either, joined, single, size, without
from atoll.packet import Reason
from atoll.plan.rows import Link, Mapping, Route, ToLink


class Crossed(NamedTuple):
    """Flows on the other side, in `domain`, where `table` routes them; or flows that the link refused."""

    beam: Beam
    domain: str
    table: str
    refusal: Reason | None = None


UNROUTED = joined(tuple(part for prefix in PRIVATE for part in block(prefix)))
"""Private and shared addresses: nobody on the internet has one."""

_Parts = Iterator[tuple[Beam, Reason | None]]


def cross(plan: Plan, link: Link, domain: str, beam: Beam, frames: tuple[Frame, ...]) -> Iterator[Crossed]:
    """The beam, coming from `domain`, goes over the link. `frames`: what its connection has crossed before."""
    outward = domain == link.a
    far, table = (link.b, link.arrive_b) if outward else (link.a, link.arrive_a)
    beam = beam.past(link.id)
    if link.from_a:
        parts = _one_way(link, beam, frames, outward=outward)
    elif not link.mapped or family(values(beam.box, beam.view.destination)[0][0]) != 4:
        parts = iter([(beam, None)])
    else:
        parts = _mapped_out(plan, link, beam) if outward else _mapped_in(plan, link, beam)
    for part, refusal in parts:
        yield Crossed(part, far, table, refusal)


def _one_way(link: Link, beam: Beam, frames: tuple[Frame, ...], *, outward: bool) -> _Parts:
    """A link that only its side a opens remembers who opened."""
    if outward:
        yield beam._replace(frames=(*beam.frames, Frame(link.id, beam.view.source))), None
        return
    known = {frame.inside for frame in frames if frame.link == link.id}
    destination = beam.view.destination
    if destination in known:
        yield beam, None
        return
    inside = joined(tuple((one, one) for one in known if isinstance(one, int)))
    yield from _either_way(beam, destination, inside, None, Reason.REFUSED_BY_LINK)


def _mapped_out(plan: Plan, link: Link, beam: Beam) -> _Parts:
    mappings = [(place(one.inside), place(one.outside)) for one in _inside(plan, link, beam)]
    for box, outside in _each(beam, beam.view.source, mappings):
        if outside is None:
            yield beam.of(box), Reason.NO_PUBLIC_ADDRESS
            continue
        public = beam.view._replace(source=outside)
        for part, refusal in _either_way(beam.of(box), beam.view.destination, UNROUTED, Reason.REFUSED_BY_LINK, None):
            yield (part, refusal) if refusal else (part._replace(view=public), None)


def _mapped_in(plan: Plan, link: Link, beam: Beam) -> _Parts:
    view = beam.view
    kept = (route for route in plan.by(Route, "table", link.arrive_a) if not isinstance(route.via, ToLink))
    impossible = either(UNROUTED, joined(tuple(part for route in kept for part in block(route.prefix))))
    for part, refusal in _either_way(beam, view.source, impossible, Reason.REFUSED_BY_LINK, None):
        if refusal:
            yield part, refusal
            continue
        for rest, why in _either_way(part, view.destination, UNROUTED, Reason.REFUSED_BY_LINK, None):
            if why:
                yield rest, why
                continue
            mappings = [(place(one.outside), place(one.inside)) for one in _outside(plan, link, rest)]
            for box, inside in _each(rest, view.destination, mappings):
                if inside is None:
                    yield rest.of(box), Reason.NO_PUBLIC_ADDRESS
                else:
                    yield rest.of(box)._replace(view=view._replace(destination=inside)), None


def _either_way(beam: Beam, field: Field, span: Span, within: Reason | None, beyond: Reason | None) -> _Parts:
    """The flows whose address at the field is in `span`, and the others, each with what it means for them."""
    inside = where(beam.box, field, span)
    outside = where(beam.box, field, without(values(beam.box, field), span))
    if inside is not None:
        yield beam.of(inside), within
    if outside is not None:
        yield beam.of(outside), beyond


def _each(beam: Beam, field: Field, mappings: list[tuple[int, int]]) -> Iterator[tuple[Box, int | None]]:
    """The flows of each mapped address with what it becomes, and the flows of addresses that are not mapped."""
    left = values(beam.box, field)
    for before, after in mappings:
        one = where(beam.box, field, single(before))
        if one is not None:
            left = without(left, single(before))
            yield one, after
    rest = where(beam.box, field, left)
    if rest is not None:
        yield rest, None


def _inside(plan: Plan, link: Link, beam: Beam) -> list[Mapping]:
    span = values(beam.box, beam.view.source)
    if size(span) > FEW:
        return plan.by(Mapping, "link", link.id)
    found = (plan.get(Mapping, link.id, address(number)) for number in each(span))
    return [one for one in found if one is not None]


def _outside(plan: Plan, link: Link, beam: Beam) -> list[Mapping]:
    span = values(beam.box, beam.view.destination)
    if size(span) > FEW:
        return plan.by(Mapping, "link", link.id)
    found = (one for number in each(span) for one in plan.by(Mapping, "outside", address(number)))
    return [one for one in found if one.link == link.id]
