"""A service's API as data: which operations there are, and what goes in and comes out."""

from functools import cache, cached_property
from pathlib import Path

import msgspec

from atoll.protocol.shapes import (
    ListOf,
    MapOf,
    Member,
    Meta,
    ModelFile,
    Operation,
    Protocol,
    Scalar,
    Shape,
    Structure,
    unpack,
)

_DATA = Path(__file__).with_name("data")
_READS = ("Describe", "Get", "List", "Search")
_NOTHING = Structure({})


class Service:
    """One service.  Opening it is cheap: operations and shapes are decoded when first asked for."""

    def __init__(self, model: ModelFile) -> None:
        self.meta: Meta = model.meta
        self.name: str = model.meta.name
        self.protocol: Protocol = model.meta.protocol
        self.operations: frozenset[str] = frozenset(model.operations)
        self._raw_operations = model.operations
        self._raw_shapes = model.shapes
        self._operations: dict[str, Operation] = {}
        self._shapes: dict[str, Shape] = {}

    def __repr__(self) -> str:
        return f"Service({self.name!r})"

    @cached_property
    def namespace(self) -> str:
        """The XML namespace of answers.  EC2's ends in a slash on the wire, though its model leaves it out."""
        return self.meta.namespace.rstrip("/") + "/"

    def operation(self, name: str) -> Operation:
        """What an operation takes and gives; KeyError if there is none of that name."""
        found = self._operations.get(name)
        if found is None:
            found = msgspec.msgpack.decode(self._raw_operations[name], type=Operation)
            self._operations[name] = found
        return found

    def shape(self, name: str) -> Shape:
        """The shape of that name; KeyError if there is none."""
        found = self._shapes.get(name)
        if found is None:
            found = msgspec.msgpack.decode(self._raw_shapes[name], type=Shape)
            self._shapes[name] = found
        return found

    def structure(self, name: str | None) -> Structure:
        """The structure of that name; without a name, the one that has no members."""
        shape = _NOTHING if name is None else self.shape(name)
        if not isinstance(shape, Structure):
            raise TypeError(f"{self.name}: {name} is not a structure")
        return shape

    def input(self, operation: str) -> Structure:
        """The structure that the operation takes."""
        return self.structure(self.operation(operation).input)

    def output(self, operation: str) -> Structure:
        """The structure that the operation answers with."""
        return self.structure(self.operation(operation).output)

    def input_members(self, operation: str) -> tuple[str, ...]:
        """The names of the parameters, as a boto3 user writes them."""
        return tuple(self.input(operation).members)

    def output_lists(self, operation: str) -> tuple[str, ...]:
        """The members of the answer that are lists: a true "there is none" has each of them empty."""
        members = self.output(operation).members
        return tuple(name for name, member in members.items() if isinstance(self.shape(member.shape), ListOf))

    def is_read(self, operation: str) -> bool:
        """Whether the operation only reads, by AWS's naming."""
        return operation.startswith(_READS)

    def request_name(self, name: str, member: Member) -> str:
        """What a member is called in a request [aws-behaviour 244]."""
        if self.protocol != "ec2":
            return member.location_name or name
        wire = member.location_name or name
        return member.query_name or wire[0].upper() + wire[1:]


def shape_of(service: Service, operation: str, path: str = "") -> Shape:
    """The shape of a parameter, by member names: `IpPermissions.IpProtocol` (lists and maps are seen through).

    The empty path is the whole input.  KeyError if there is no such member.
    """
    shape: Shape = service.input(operation)
    for name in path.split(".") if path else ():
        shape = _inner(service, shape)
        if not isinstance(shape, Structure):
            raise KeyError(path)
        shape = service.shape(shape.members[name].shape)
    return shape


def _inner(service: Service, shape: Shape) -> Shape:
    """What a list or map holds, however deep."""
    while isinstance(shape, ListOf | MapOf):
        shape = service.shape((shape.member if isinstance(shape, ListOf) else shape.value).shape)
    return shape


def enum_values(service: Service, operation: str, path: str) -> tuple[str, ...]:
    """The values that the model allows for a parameter, or for a list's elements; empty if it names none."""
    shape = _inner(service, shape_of(service, operation, path))
    return shape.enum if isinstance(shape, Scalar) else ()


def limits(service: Service, operation: str, path: str) -> tuple[float | None, float | None]:
    """Smallest and largest number, string length or list length that the model allows; None is no limit."""
    shape = shape_of(service, operation, path)
    return (None, None) if isinstance(shape, Structure) else (shape.minimum, shape.maximum)


@cache
def load(name: str) -> Service:
    """The service of that name (botocore's name: `elbv2`); KeyError if Atoll has no model of it."""
    if name not in _signing_names().values():
        raise KeyError(name)
    return Service(unpack((_DATA / f"{name}.msgpack").read_bytes()))


def by_signing_name(name: str) -> Service | None:
    """The service that a SigV4 signing name means (`elasticloadbalancing` is `elbv2`); None if we have none."""
    service = _signing_names().get(name)
    return None if service is None else load(service)


@cache
def _signing_names() -> dict[str, str]:
    return msgspec.json.decode((_DATA / "signing-names.json").read_bytes(), type=dict[str, str])
