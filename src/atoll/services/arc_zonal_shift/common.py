"""What the operations of zonal shift share: AWS's words, the load balancers that it manages, pages."""

import re
from collections.abc import Sequence
from typing import Any, TypeVar

from atoll.model.balancing import setting
from atoll.model.kinds import LoadBalancer, ZonalShift
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.constraints import JSON, check_number, check_pattern
from atoll.services.registry import Request

T = TypeVar("T")

SERVICE = "arc-zonal-shift"
MOST = 100
ANYTHING = re.compile(r"[\s\S]*")


def invalid(reason: str, message: str) -> AwsError:
    """ValidationException; `reason` is one of those that the model names."""
    return AwsError(JSON, message, details={"reason": reason})


def conflict(reason: str, message: str, shift: str) -> AwsError:
    """ConflictException, with the shift that is in the way."""
    return AwsError("ConflictException", message, details={"reason": reason, "zonalShiftId": shift})


def missing(what: str) -> AwsError:
    """ResourceNotFoundException."""
    return AwsError("ResourceNotFoundException", f"The {what} was not found.")


def managed(tx: Tx) -> list[LoadBalancer]:
    """The load balancers of this account and region that have zonal shift enabled."""
    return [one for one in tx.mine(LoadBalancer) if setting(one, "zonal_shift.config.enabled") == "true"]


def need_managed(tx: Tx, arn: str) -> LoadBalancer:
    """The one of that ARN."""
    check_pattern(JSON, "resourceIdentifier", arn, ANYTHING, 1024, least=8)
    found = next((one for one in managed(tx) if one.arn == arn), None)
    if found is None:
        raise missing(f"resource {arn}")
    return found


def active(tx: Tx, balancer: LoadBalancer) -> ZonalShift | None:
    """The shift that is going on: there is one at most."""
    return next((one for one in tx.by(ZonalShift, "balancer", balancer.id) if one.status == "ACTIVE"), None)


def check_comment(request: Request) -> str:
    """At most 128 characters."""
    return check_pattern(JSON, "comment", request["comment"], ANYTHING, 128, least=0)


def page(items: Sequence[T], request: Request) -> dict[str, Any]:
    """One page, as `items`, and the token of the next."""
    size = check_number(JSON, "maxResults", request.get("maxResults", MOST), 1, MOST)
    token, start = request.get("nextToken"), 0
    if token is not None:
        if not token.isascii() or not token.isdecimal() or len(token) > 9 or int(token) > len(items):
            raise invalid("InvalidToken", "The token is not valid.")
        start = int(token)
    end = start + size
    return {"items": list(items[start:end]), **({"nextToken": str(end)} if end < len(items) else {})}
