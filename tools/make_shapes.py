"""Write src/atoll/protocol/data/ from the installed botocore: `python tools/make_shapes.py`.

One slim file a service (see `atoll.protocol.shapes`), `signing-names.json`, which says which service a SigV4
signing name means, and `rest-json.json`, which services that Atoll does not serve want their errors as JSON. A
trait of the model that the protocol code does not implement stops the tool: better here than a request silently
misread later.
"""

import gzip
import json
import sys
from pathlib import Path
from typing import Any, cast

import botocore
import botocore.session

from atoll.protocol.shapes import (
    Kind,
    ListOf,
    MapOf,
    Member,
    Meta,
    Operation,
    Protocol,
    Route,
    Scalar,
    Shape,
    Structure,
    pack,
)

SERVICES = ("arc-zonal-shift", "cloudformation", "ec2", "elbv2", "iam", "ssm", "sts")
DATA = Path(__file__).parents[1] / "src" / "atoll" / "protocol" / "data"

_SCALARS = {"string", "integer", "long", "boolean", "float", "double", "timestamp", "blob"}
_IGNORED = {
    "box", "deprecated", "deprecatedMessage", "deprecatedSince", "documentation", "error", "exception", "fault",
    "idempotencyToken", "pattern", "readonly", "sensitive", "union",
}  # fmt: skip
_SHAPE_TRAITS = _IGNORED | {
    "enum", "key", "locationName", "max", "member", "members", "min", "required", "type", "value",
}  # fmt: skip
_MEMBER_TRAITS = _IGNORED | {"location", "locationName", "queryName", "shape"}
_OPERATION_TRAITS = _IGNORED | {
    "auth", "authtype", "errors", "http", "idempotent", "input", "name", "output",
}  # fmt: skip

Model = dict[str, Any]


def read_model(service: str) -> Model:
    """Botocore's newest model of a service."""
    versions = sorted((Path(botocore.__file__).parent / "data" / service).glob("*/service-2.json*"))
    if not versions:
        raise SystemExit(f"botocore {botocore.__version__} has no model of {service!r}")
    data = versions[-1].read_bytes()
    return cast(Model, json.loads(gzip.decompress(data) if versions[-1].suffix == ".gz" else data))


def _known(where: str, traits: Model, allowed: set[str]) -> Model:
    unknown = set(traits) - allowed
    if unknown:
        raise SystemExit(f"{where}: the protocol code does not know {sorted(unknown)}")
    return traits


def _member(where: str, reference: Model, shapes: Model) -> Member:
    """A reference to a shape; a location name set on the shape holds where the reference sets none."""
    _known(where, reference, _MEMBER_TRAITS)
    target = reference["shape"]
    return Member(
        shape=target,
        location_name=reference.get("locationName", shapes[target].get("locationName")),
        query_name=reference.get("queryName"),
    )


def _shape(name: str, model: Model, shapes: Model) -> Shape:
    _known(name, model, _SHAPE_TRAITS)
    kind, low, high = model["type"], model.get("min"), model.get("max")
    if kind == "structure":
        members = {m: _member(f"{name}.{m}", ref, shapes) for m, ref in model["members"].items()}
        return Structure(members, tuple(model.get("required", ())))
    if kind == "list":
        return ListOf(_member(name, model["member"], shapes), low, high)
    if kind == "map":
        return MapOf(_member(name, model["key"], shapes), _member(name, model["value"], shapes), low, high)
    if kind not in _SCALARS:
        raise SystemExit(f"{name}: the protocol code does not know the type {kind!r}")
    return Scalar(cast(Kind, kind), tuple(model.get("enum", ())), low, high)


def _operation(name: str, model: Model) -> Operation:
    _known(name, model, _OPERATION_TRAITS)
    output = _known(name, model.get("output", {}), {"shape", "resultWrapper"})
    return Operation(model.get("input", {}).get("shape"), output.get("shape"), output.get("resultWrapper"))


def _errors(shapes: Model) -> dict[str, int]:
    """HTTP status by error code, for the codes that the model names."""
    named = ((name, shape.get("error", {})) for name, shape in shapes.items() if shape.get("exception"))
    return {error.get("code", name): error["httpStatusCode"] for name, error in named if "httpStatusCode" in error}


def _meta(service: str, model: Model) -> Meta:
    said = model["metadata"]
    if said["protocol"] not in ("ec2", "query", "json", "rest-json"):
        raise SystemExit(f"{service}: the protocol code does not know the protocol {said['protocol']!r}")
    return Meta(
        name=service,
        protocol=cast(Protocol, said["protocol"]),
        api_version=said["apiVersion"],
        namespace=said.get("xmlNamespace", ""),
        service_id=said["serviceId"],
        full_name=said["serviceFullName"],
        endpoint_prefix=said["endpointPrefix"],
        signing_name=said.get("signingName", said["endpointPrefix"]),
        source=f"botocore {botocore.__version__}",
        errors=_errors(model["shapes"]),
        target_prefix=said.get("targetPrefix", ""),
        json_version=said.get("jsonVersion", ""),
        routes=_routes(service, model) if said["protocol"] == "rest-json" else {},
    )


def _routes(service: str, model: Model) -> dict[str, Route]:
    return {
        name: _route(f"{service}.{name}", operation, model["shapes"]) for name, operation in model["operations"].items()
    }


def _route(where: str, operation: Model, shapes: Model) -> Route:
    http = _known(where, operation["http"], {"method", "requestUri", "responseCode"})
    if "?" in http["requestUri"] or "+}" in http["requestUri"]:
        raise SystemExit(f"{where}: the protocol code does not know the path {http['requestUri']!r}")
    given = shapes[operation["input"]["shape"]]["members"] if "input" in operation else {}
    places = {name: member["location"] for name, member in given.items() if "location" in member}
    for name in places:
        kind = shapes[given[name]["shape"]]["type"]
        if places[name] not in ("uri", "querystring") or kind not in ("string", "integer"):
            raise SystemExit(f"{where}.{name}: the protocol code does not know a {kind} in {places[name]!r}")
    told = shapes[operation["output"]["shape"]]["members"] if "output" in operation else {}
    for name, member in told.items():
        if "location" in member:
            raise SystemExit(f"{where}.{name}: the protocol code does not know {member['location']!r} in an answer")
    return Route(http["method"], http["requestUri"], http["responseCode"], places)


def _used(roots: list[str], shapes: dict[str, Shape], *, recursive: bool = False) -> dict[str, Shape]:
    """The shapes that the operations reach (exceptions and leftovers are not); whether one may hold itself."""
    used: dict[str, Shape] = {}

    def walk(name: str, above: tuple[str, ...]) -> None:
        if name in above and not recursive:
            raise SystemExit(f"{' > '.join((*above, name))}: the protocol code does not know recursive shapes")
        if name in used:
            return
        shape = used[name] = shapes[name]
        match shape:
            case Structure(members=members):
                below = list(members.values())
            case ListOf(member=member):
                below = [member]
            case MapOf(key=key, value=value):
                below = [key, value]
            case Scalar():
                below = []
        for member in below:
            walk(member.shape, (*above, name))

    for root in roots:
        walk(root, ())
    return used


def slim(service: str) -> tuple[Meta, dict[str, Operation], dict[str, Shape]]:
    """A service's model as the installed botocore has it, in our form."""
    model = read_model(service)
    operations = {name: _operation(name, op) for name, op in model["operations"].items()}
    shapes = {name: _shape(name, shape, model["shapes"]) for name, shape in model["shapes"].items()}
    if model["metadata"]["protocol"] == "ec2" and any(isinstance(shape, MapOf) for shape in shapes.values()):
        raise SystemExit(f"{service}: the protocol code does not know maps in the ec2 protocol")
    roots = [name for op in operations.values() for name in (op.input, op.output) if name]
    return _meta(service, model), operations, _used(roots, shapes, recursive=model["metadata"]["protocol"] == "json")


def rest_json() -> list[str]:
    """Signing names of the services that speak REST with JSON, whose reads name no content type."""
    session = botocore.session.Session()
    models = (session.get_service_model(name) for name in session.get_available_services())
    return sorted({model.signing_name for model in models if model.protocol == "rest-json"})


def main() -> int:
    """Write every data file and say how large each became."""
    DATA.mkdir(exist_ok=True)
    signing_names: dict[str, str] = {}
    for service in SERVICES:
        meta, operations, shapes = slim(service)
        data = pack(meta, operations, shapes)
        (DATA / f"{service}.msgpack").write_bytes(data)
        signing_names[meta.signing_name] = service
        print(f"{service}: {len(operations)} operations, {len(shapes)} shapes, {len(data):,} bytes")
    (DATA / "rest-json.json").write_text(json.dumps(rest_json(), indent=0) + "\n")
    (DATA / "signing-names.json").write_text(json.dumps(signing_names, indent=2, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
