"""The slim form of AWS's API models: what a service's data file holds, as values.

`tools/make_shapes.py` writes one file a service from botocore's model.  A file is zlib-compressed
msgpack of `ModelFile`; operations and shapes stay undecoded (`msgspec.Raw`) until somebody asks for one,
because a server uses a few dozen of EC2's thousands of shapes.

The words are the model's own.  A *member name* is what a boto3 user writes (`CidrBlock`); the *location
name* is what goes over the wire (`cidrBlock`); `query_name` overrides it in requests of the ec2 protocol.
"""

import zlib
from typing import Literal

import msgspec

Kind = Literal["string", "integer", "long", "boolean", "float", "double", "timestamp", "blob"]
Protocol = Literal["ec2", "query", "json", "rest-json"]
Place = Literal["uri", "querystring"]


class Member(msgspec.Struct, frozen=True, array_like=True):
    """A named place in a structure, or the element of a list or map."""

    shape: str
    location_name: str | None = None
    query_name: str | None = None


class Structure(msgspec.Struct, frozen=True, array_like=True, tag="structure"):
    """A structure; `required` holds member names."""

    members: dict[str, Member]
    required: tuple[str, ...] = ()


class ListOf(msgspec.Struct, frozen=True, array_like=True, tag="list"):
    """A list; `minimum` and `maximum` bound its length."""

    member: Member
    minimum: float | None = None
    maximum: float | None = None


class MapOf(msgspec.Struct, frozen=True, array_like=True, tag="map"):
    """A map; `minimum` and `maximum` bound its length."""

    key: Member
    value: Member
    minimum: float | None = None
    maximum: float | None = None


class Scalar(msgspec.Struct, frozen=True, array_like=True, tag="scalar"):
    """A single value; bounds are of the number, or of the string's length."""

    kind: Kind
    enum: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


Shape = Structure | ListOf | MapOf | Scalar


class Operation(msgspec.Struct, frozen=True, array_like=True):
    """An operation; `input` and `output` are names of structures."""

    input: str | None
    output: str | None
    result_wrapper: str | None = None


class Route(msgspec.Struct, frozen=True, array_like=True):
    """Method and path of an operation ("/zonalshifts/{zonalShiftId}"), the status of its answer, and the members that
    stand elsewhere than in the body."""

    method: str
    path: str
    status: int
    places: dict[str, Place]


class Meta(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a service says of itself."""

    name: str
    protocol: Protocol
    api_version: str
    namespace: str
    service_id: str
    full_name: str
    endpoint_prefix: str
    signing_name: str
    source: str
    """The library and version that the file was made from."""
    errors: dict[str, int]
    """HTTP status of the error codes that the model names."""
    target_prefix: str = ""
    """What stands before the operation in X-Amz-Target; JSON services alone."""
    json_version: str = ""
    """1.0 or 1.1, as the content type says it; JSON services alone."""
    routes: dict[str, Route] = msgspec.field(default_factory=dict)
    """How each operation is called; REST services alone."""


class ModelFile(msgspec.Struct, frozen=True):
    """A whole data file."""

    meta: Meta
    operations: dict[str, msgspec.Raw]
    shapes: dict[str, msgspec.Raw]


def pack(meta: Meta, operations: dict[str, Operation], shapes: dict[str, Shape]) -> bytes:
    """The bytes of a data file; the same model always gives the same bytes."""
    encode = msgspec.msgpack.encode
    model = ModelFile(
        meta=meta,
        operations={name: msgspec.Raw(encode(operations[name])) for name in sorted(operations)},
        shapes={name: msgspec.Raw(encode(shapes[name])) for name in sorted(shapes)},
    )
    return zlib.compress(encode(model), level=9)


def unpack(data: bytes) -> ModelFile:
    """Open a data file; its operations and shapes are decoded later, one by one."""
    return msgspec.msgpack.decode(zlib.decompress(data), type=ModelFile)
