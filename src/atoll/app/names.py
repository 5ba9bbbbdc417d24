"""From what a user types to a thing: an id, tag:Name=x, an address, internet:IP."""

from typing import TypeVar

from atoll.compile.internet import host_id
from atoll.model.kinds import Entity, Instance, NetworkInterface
from atoll.plan.rows import INTERNET
from atoll.records import Table

E = TypeVar("E", bound=Entity)


def find_instance(model: Table, text: str) -> Instance:
    """The instance of that id or tag. LookupError says what to do when there is none, or more than one."""
    found = [one for one in _named(model, Instance, text) if one.state != "terminated"]
    if not found and any(("Name", text) in one.tags for one in model.all(Instance)):
        raise LookupError(f"There is no instance with the id {text}. By its name it is: tag:Name={text}")
    return _one(text, found)


def find_interface(model: Table, text: str) -> NetworkInterface:
    """The ENI of that id, or the primary ENI of that instance."""
    if text.startswith(f"{NetworkInterface.PREFIX}-"):
        return _one(text, _named(model, NetworkInterface, text))
    attached = model.by(NetworkInterface, "instance", find_instance(model, text).id)
    return _one(text, [one for one in attached if one.attachment is not None and one.attachment.index == 0])


def find_port(model: Table, text: str) -> str:
    """The plan's port for internet:IP, an ENI or an instance."""
    if text.startswith(f"{INTERNET}:"):
        return host_id(text.removeprefix(f"{INTERNET}:"))
    return find_interface(model, text).id


def _named(model: Table, kind: type[E], text: str) -> list[E]:
    if not text.startswith("tag:"):
        found = model.get(kind, text)
        return [found] if found is not None else []
    key, _, value = text.removeprefix("tag:").partition("=")
    return [one for one in model.all(kind) if (key, value) in one.tags]


def _one(text: str, found: list[E]) -> E:
    if not found:
        raise LookupError(f"There is no {text} here. List what there is: aws ec2 describe-instances")
    if len(found) > 1:
        raise LookupError(
            f"{text} names {len(found)} things: {', '.join(str(one.key[1]) for one in found)}. Use an id."
        )
    return found[0]
