"""The ends of a question: from a user's words to ports of the plan and to addresses."""

import msgspec

from atoll.analyze.between import private, public
from atoll.analyze.internet import addresses as of_the_internet
from atoll.analyze.lookup import Plan
from atoll.analyze.reach.flows import block, place
from atoll.analyze.reach.spans import NOTHING, Span, both, either, single
from atoll.model.entity import Entity
from atoll.model.kinds import Instance, LoadBalancer, NetworkInterface, PrivateAddress
from atoll.packet import Prefix, ip_number
from atoll.plan.rows import INTERNET, Name, place_of
from atoll.records import Table

BALANCER = "lb:"
INDICES = {"subnet": "subnet", "sg": "groups", "vpc": "vpc"}
"""Of kinds whose ENIs are meant: the index of the ENIs, by the prefix of the id."""


class Endpoint(msgspec.Struct, frozen=True):
    """One end. `ports`: ENIs. `addresses`: a block whose every address is meant. `internet`: addresses out there."""

    name: str
    ports: tuple[str, ...] = ()
    addresses: Span = NOTHING
    internet: Span = NOTHING


def find(model: Table, plan: Plan, text: str, home: str | None = None) -> Endpoint:
    """The end that a user means: internet, internet:IP, i-, eni-, subnet-, sg-, vpc-, lb:NAME, tag:K=V, an address or a
    CIDR.

    `home`: only what is of that account and region. LookupError where there is none, ValueError for what is no name.
    """
    if text == INTERNET:
        return Endpoint(text, internet=of_the_internet(plan))
    if text.startswith(f"{INTERNET}:"):
        wanted = single(place(_address(text.removeprefix(f"{INTERNET}:"))))
        if not both(wanted, of_the_internet(plan)):
            raise ValueError(f"{text}: that is no address of the internet: it is private, or one of this cloud's own.")
        return Endpoint(text, internet=wanted)
    if text[:1].isdigit() or (text.count(":") > 1 and not text.startswith(("tag:", BALANCER))):
        return _block(model, plan, text)
    ports = tuple(sorted(one.id for one in interfaces(model, text) if home is None or one.home == home))
    if not ports:
        raise LookupError(
            f"There is no {text} with a network interface here. List what there is: aws ec2 describe-network-interfaces"
        )
    return Endpoint(text, ports)


def interfaces(model: Table, text: str) -> list[NetworkInterface]:
    """The ENIs that an id or a tag means: its own, those of its instances, or those in it.

    Those of NAT gateways and load balancers are meant by their own ids and by `lb:NAME` alone: nothing begins or ends
    there.
    """
    if text.startswith(BALANCER):
        named = {one.id for one in model.all(LoadBalancer) if one.name == text.removeprefix(BALANCER)}
        return [one for one in model.all(NetworkInterface) if one.load_balancer in named]
    found = _interfaces(model, text)
    return found if text.startswith(f"{NetworkInterface.PREFIX}-") else [one for one in found if not one.managed]


def _interfaces(model: Table, text: str) -> list[NetworkInterface]:
    if text.startswith("tag:"):
        key, _, value = text.removeprefix("tag:").partition("=")
        tagged = [one for one in model.all(NetworkInterface) if (key, value) in one.tags]
        instances = [one for one in model.all(Instance) if (key, value) in one.tags]
        held = [each for one in instances for each in model.by(NetworkInterface, "instance", one.id)]
        return list({one.id: one for one in (*tagged, *held)}.values())
    prefix = text.partition("-")[0]
    if prefix == NetworkInterface.PREFIX:
        found = model.get(NetworkInterface, text)
        return [found] if found is not None else []
    if prefix == Instance.PREFIX:
        return model.by(NetworkInterface, "instance", text)
    if prefix in INDICES:
        return model.by(NetworkInterface, INDICES[prefix], text)
    raise ValueError(
        f"{text!r} names nothing. Write internet, i-..., eni-..., subnet-..., sg-..., vpc-..., lb:NAME, tag:Name=x, "
        "an address or a CIDR."
    )


def led_to(model: Table, plan: Plan, interface: NetworkInterface) -> bool:
    """Whether names lead to it: not to a node that its load balancer's name has left."""
    balancer = model.get(LoadBalancer, interface.load_balancer) if interface.load_balancer else None
    if balancer is None:
        return True
    own = either(private(plan, interface.id), public(plan, interface.id))
    rows = plan.by(Name, "place", place_of(INTERNET, balancer.dns_name.lower()))
    return any(both(single(place(row.value)), own) for row in rows)


def label(model: Table, port: str) -> str:
    """An ENI's id with the name of it or of its instance, for people."""
    interface = model.get(NetworkInterface, port)
    if interface is None:
        return port
    instance = model.get(Instance, interface.instance) if interface.instance else None
    names = [_name(interface), _name(instance) if instance else ""]
    return f"{port} ({next(filter(None, names))})" if any(names) else port


def _name(entity: Entity) -> str:
    return dict(entity.tags).get("Name", "")


def _address(text: str) -> str:
    try:
        ip_number(text)
    except ValueError:
        raise ValueError(f"{text!r} is no address. Example: internet:203.0.113.10") from None
    return text


def _block(model: Table, plan: Plan, text: str) -> Endpoint:
    """Every address of a block; as a source, the ENIs and the part of the internet that have one of them."""
    try:
        span = block(Prefix.parse(text))
    except ValueError:
        raise ValueError(f"{text!r} is no address and no CIDR. Example: 10.0.0.0/16") from None
    rows = (row for row in model.all(PrivateAddress) if both(single(place(row.ip)), span))
    ports = tuple(sorted({row.interface for row in rows}))
    return Endpoint(text, ports, span, both(span, of_the_internet(plan)))
