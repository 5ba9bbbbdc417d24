"""Which handler serves which operation, and the rules that hold for all of them.

- A parameter that the handler does not name is refused, never ignored.
- DryRun: the handler decides as ever; instead of the answer comes DryRunOperation, and the draft is dropped (fact 247).
- ClientToken: the same token with the same parameters gets the same answer again (fact 250).
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from atoll.model.kinds import ClientToken
from atoll.model.regions import REGIONS
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError

Request = Mapping[str, Any]
Response = dict[str, Any]
Handler = Callable[[Tx, Request], Response]
Repeated = Callable[[Tx, Response], Response]
Prepare = Callable[[Request], Mapping[str, Any]]


class Operation(NamedTuple):
    """A built operation: its handler and the parameters that the handler understands."""

    service: str
    name: str
    handler: Handler
    takes: frozenset[str]
    repeated: Repeated | None = None  # what a repeated ClientToken gets, from the first answer; None: that answer
    prepare: Prepare | None = None  # slow work that needs the request alone; its result is the handler's `tx.prepared`


DAY = 86_400

OPERATIONS: dict[tuple[str, str], Operation] = {}


def operation(
    name: str,
    takes: str = "",
    *,
    service: str = "ec2",
    repeated: Repeated | None = None,
    prepare: Prepare | None = None,
) -> Callable[[Handler], Handler]:
    """Register a handler. `takes`: the top-level parameters that it understands, separated by spaces.

    DryRun is understood by all; a handler that takes ClientToken gets its idempotence from here.
    """

    def register(handler: Handler) -> Handler:
        OPERATIONS[service, name] = Operation(service, name, handler, frozenset(takes.split()), repeated, prepare)
        return handler

    return register


NO_REGION = ("iam", "sts")
GLOBAL, WHERE_GLOBAL = "aws-global", "us-east-1"
"""What SDKs may sign a global endpoint's calls with, and the region where AWS has those endpoints."""


def region_of(service: str, signed: str) -> str:
    """The region of a call."""
    return WHERE_GLOBAL if signed == GLOBAL and service in NO_REGION else signed


def check_region(region: str) -> None:
    """Refuse a region that is not here; AWS has no endpoint for it, so a client there finds no address at all."""
    if region not in REGIONS:
        raise AwsError(
            "InvalidParameterValue",
            f"Atoll has no region '{region}'. Choose one with --region, with AWS_REGION, or in the client's "
            f"configuration: {', '.join(REGIONS)}.",
        )


def answer(tx: Tx, service: str, name: str, request: Request, prepared: Mapping[str, Any] | None = None) -> Response:
    """Serve one call of a built operation in a draft; the caller commits the draft or drops it.

    `prepared`: what the operation's `prepare` made of the request beforehand, in another thread; without it, it is
    made here. Raises AwsError; then the draft must be dropped.
    """
    built = OPERATIONS[service, name]
    check_region(tx.region)
    refuse_unknown(built, request)
    if built.prepare is not None:
        tx.prepared = built.prepare(request) if prepared is None else prepared
    wanted = {key: value for key, value in request.items() if key != "DryRun"}
    token = wanted.get("ClientToken")
    repeated = _answered(tx, name, token, wanted) if token else None
    if repeated is not None:
        response = built.repeated(tx, repeated) if built.repeated else repeated
    else:
        response = built.handler(tx, wanted)
    if request.get("DryRun"):
        raise AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
    if token and repeated is None:
        _remember(tx, name, token, wanted, response)
    return response


def _remember(tx: Tx, name: str, token: str, request: Request, response: Response) -> None:
    """Keep the answer for a day or two, so that tokens do not pile up: clients send one a call.

    The first call of a day forgets what is older than yesterday. So a token is looked at twice at most, and none
    outlives a pause, however long.
    """
    today = int(tx.now // DAY)
    if not tx.count(ClientToken, "day", today):
        for old in tx.by(ClientToken, "every", True):
            if old.day < today - 1:
                tx.delete(old)
    answered = msgspec.msgpack.encode(response)
    tx.put(ClientToken(home=tx.home, day=today, operation=name, token=token, digest=_digest(request), answer=answered))


def refuse_unknown(built: Operation, request: Request) -> None:
    """Refuse what the handler would ignore."""
    for name in request:
        if name not in built.takes and name != "DryRun":
            raise AwsError(
                "UnsupportedOperation",
                f"The parameter {name} of {built.name} is not built in Atoll. "
                "Leave it out, or see docs/coverage.md for what is.",
            )


def _answered(tx: Tx, name: str, token: str, request: Request) -> Response | None:
    if len(token) > 64:
        raise AwsError("InvalidParameterValue", "Client token must be at most 64 ASCII characters.")
    known = tx.get(ClientToken, tx.home, name, token)
    if known is None:
        return None
    if known.digest != _digest(request):
        raise AwsError(
            "IdempotentParameterMismatch",
            "The client token you have provided is associated with a resource that has different parameters. "
            "Use another client token for this request.",
        )
    decoded: Response = msgspec.msgpack.decode(known.answer)
    return decoded


def _digest(request: Request) -> str:
    encoded = msgspec.msgpack.encode(request, order="deterministic")
    return hashlib.sha256(encoded).hexdigest()
